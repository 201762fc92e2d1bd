/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ledger_rig.h"

#include "crypto/rng.h"
#include "crypto/seal.h"
#include "ledger/delivery.h"

static int64_t wall(void *ctx)
{
	static int64_t now = 1800000000;

	(void)ctx;
	return __atomic_fetch_add(&now, 1, __ATOMIC_RELAXED);
}

static uint64_t mono(void *ctx)
{
	(void)ctx;
	return 0;
}

const struct imp_clock ledger_rig_clock = { NULL, mono, wall };

const char *ledger_rig_path(const struct ledger_rig *rig, const char *name)
{
	static char path[160];

	(void)snprintf(path, sizeof path, "%s/%s", rig->dir, name);
	return path;
}

static void write_station_key(struct ledger_rig *rig)
{
	rig->station.n = IMP_STATION_KEY;
	memset(rig->station.b, 0x5A, rig->station.n);
	(void)snprintf(rig->station_file, sizeof rig->station_file, "%s/station.key", rig->dir);
	assert_int_equal(imp_file_write(rig->station_file, imp_span(rig->station.b, rig->station.n),
				 true, &rig->diag),
		IMP_OK);
}

void ledger_rig_open(struct ledger_rig *rig)
{
	memset(rig, 0, sizeof *rig);
	(void)snprintf(rig->dir, sizeof rig->dir, "/tmp/imprint-ledger-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	(void)snprintf(rig->path, sizeof rig->path, "%s/ledger.db", rig->dir);
	write_station_key(rig);
	rig->data_key.n = IMP_DATA_KEY;
	memset(rig->data_key.b, 0xD1, rig->data_key.n);
	assert_int_equal(
		imp_ledger_open(rig->path, true, &ledger_rig_clock, &rig->ledger, &rig->diag),
		IMP_OK);
}

void ledger_rig_reopen(struct ledger_rig *rig)
{
	imp_ledger_close(rig->ledger);
	rig->ledger = NULL;
	assert_int_equal(
		imp_ledger_open(rig->path, false, &ledger_rig_clock, &rig->ledger, &rig->diag),
		IMP_OK);
}

void ledger_rig_close(struct ledger_rig *rig)
{
	char cmd[96];

	imp_ledger_close(rig->ledger);
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", rig->dir);
	assert_int_equal(system(cmd), 0);
}

void ledger_rig_batch(
	struct ledger_rig *rig, const char *name, unsigned targets, struct imp_batch *out)
{
	struct imp_wr wr;

	memset(out, 0, sizeof *out);
	(void)snprintf(out->name, sizeof out->name, "%s", name);
	out->product = strdup("meter");
	out->profile = strdup("product: meter\n");
	out->profile_path = strdup("/nowhere/profile.yaml");
	out->columns = strdup("serial");
	out->seal_file = strdup(rig->station_file);
	out->keys = IMP_KEYS_PERSISTENT;
	out->targets = targets;
	out->created = out->not_before = 1800000000;
	out->seal = IMP_BATCH_SEAL_STATION;
	out->data_key = (struct imp_blob){ malloc(IMP_SEAL_STATION), IMP_SEAL_STATION };
	wr = imp_wr(out->data_key.p, out->data_key.n);
	assert_int_equal(imp_data_key_seal_station(
				 &rig->data_key, &rig->station, imp_rng_openssl(), &wr, &rig->diag),
		IMP_OK);
}

enum imp_status ledger_rig_unit(struct ledger_rig *rig, const struct imp_batch *batch,
	const char *serial, const char *endpoint, const char *iccid, const char *identity)
{
	IMP_UNIT u = { .line = 2 };
	struct imp_cred c = {
		.kind = IMP_CRED_PSK_IDENTITY, .accounts = 1, .value = imp_span_str(identity)
	};

	(void)snprintf(u.serial, sizeof u.serial, "%s", serial);
	(void)snprintf(u.endpoint, sizeof u.endpoint, "%s", endpoint);
	(void)snprintf(u.iccid, sizeof u.iccid, "%s", iccid);
	u.fields = strdup(serial);
	return imp_ledger_plan_unit(rig->ledger, batch, &u, &c, identity[0] != '\0', &rig->diag);
}

void ledger_rig_plan(struct ledger_rig *rig, const char *name, unsigned targets, size_t n)
{
	IMP_BATCH b = { 0 };

	ledger_rig_batch(rig, name, targets, &b);
	assert_int_equal(imp_ledger_plan_begin(rig->ledger, &b, &rig->diag), IMP_OK);
	for (size_t i = 0; i < n; i++) {
		char serial[48], endpoint[48], identity[48];

		(void)snprintf(serial, sizeof serial, "%s-%zu", name, i);
		(void)snprintf(endpoint, sizeof endpoint, "ep-%s-%zu", name, i);
		(void)snprintf(identity, sizeof identity, "id-%s-%zu", name, i);
		assert_int_equal(ledger_rig_unit(rig, &b, serial, endpoint, "", identity), IMP_OK);
	}
	assert_int_equal(imp_ledger_plan_end(rig->ledger, &rig->diag), IMP_OK);
}

enum imp_status ledger_rig_make(
	struct ledger_rig *rig, const char *endpoint, const char *payload, uint8_t key)
{
	IMP_UNIT u = { 0 };
	uint8_t fingerprint[32], aad[IMP_UNIT_AAD_MAX], sealed[1024];
	struct imp_wr wr = imp_wr(sealed, sizeof sealed);
	struct imp_cred c = { .kind = IMP_CRED_PSK, .accounts = 1 };
	struct imp_unit_made made = { .credentials = &c, .credentials_n = 1 };
	struct imp_sealer *sealer = NULL;
	enum imp_status st;

	assert_int_equal(
		imp_ledger_unit_by_endpoint(rig->ledger, endpoint, &u, &rig->diag), IMP_OK);
	assert_int_equal(imp_sealer_open(&rig->data_key, imp_rng_openssl(), &sealer), IMP_OK);
	assert_int_equal(
		imp_seal(sealer, imp_span(aad, imp_unit_aad(&u, aad)), imp_span_str(payload), &wr),
		IMP_OK);
	imp_sealer_close(sealer);
	memset(fingerprint, key, sizeof fingerprint);
	c.value = imp_span(fingerprint, sizeof fingerprint);
	made.unit = u.id;
	made.sealed = imp_wr_span(&wr);
	made.payload_bytes = (uint32_t)strlen(payload);
	made.generation = 1;
	st = imp_ledger_made(rig->ledger, u.batch, &made, 1, &rig->diag);
	return st == IMP_OK ? made.status : st;
}

enum imp_status ledger_rig_deliver(struct ledger_rig *rig, const char *endpoint,
	const char *payload, uint8_t key, const char *identity)
{
	IMP_UNIT u = { 0 };
	uint8_t fingerprint[32], aad[IMP_DELIVERY_AAD_MAX], sealed[1024];
	struct imp_wr wr = imp_wr(sealed, sizeof sealed);
	struct imp_cred c[2] = { { .kind = IMP_CRED_PSK }, { .kind = IMP_CRED_PSK_IDENTITY } };
	struct imp_unit_made made = { .credentials = c, .credentials_n = identity ? 2 : 1 };
	struct imp_sealer *sealer = NULL;

	assert_int_equal(
		imp_ledger_unit_by_endpoint(rig->ledger, endpoint, &u, &rig->diag), IMP_OK);
	assert_int_equal(imp_sealer_open(&rig->data_key, imp_rng_openssl(), &sealer), IMP_OK);
	assert_int_equal(imp_seal(sealer, imp_span(aad, imp_delivery_aad(&u, aad)),
				 imp_span_str(payload), &wr),
		IMP_OK);
	imp_sealer_close(sealer);
	memset(fingerprint, key, sizeof fingerprint);
	c[0].value = imp_span(fingerprint, sizeof fingerprint);
	if (identity)
		c[1].value = imp_span_str(identity);
	made.unit = u.id;
	made.sealed = imp_wr_span(&wr);
	return imp_ledger_deliver(rig->ledger, &made, &rig->diag);
}

enum imp_status ledger_rig_flash(struct ledger_rig *rig, const char *endpoint, const char *failure)
{
	IMP_UNIT u = { 0 };
	IMP_BATCH b = { 0 };
	struct imp_unit_flashed f = { .file = "x.bin",
		.file_bytes = 4096,
		.evidence = "{\"reader\":\"ok\"}",
		.failure = failure };

	assert_int_equal(
		imp_ledger_unit_by_endpoint(rig->ledger, endpoint, &u, &rig->diag), IMP_OK);
	assert_int_equal(imp_ledger_batch_by_id(rig->ledger, u.batch, &b, &rig->diag), IMP_OK);
	f.unit = u.id;
	return imp_ledger_flashed(rig->ledger, &b, &f, 1, &rig->diag);
}

enum imp_unit_state ledger_rig_state(struct ledger_rig *rig, const char *endpoint)
{
	IMP_UNIT u = { 0 };

	assert_int_equal(
		imp_ledger_unit_by_endpoint(rig->ledger, endpoint, &u, &rig->diag), IMP_OK);
	return u.state;
}
