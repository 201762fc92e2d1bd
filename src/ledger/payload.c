/* SPDX-License-Identifier: Apache-2.0 */
/* Opening sealed payloads. */
#include "ledger/resume.h"
#include "ledger/unit.h"

#include "base/plural.h"
#include "base/wr.h"
#include "crypto/rng.h"
#include "crypto/seal.h"

#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 65536

size_t imp_unit_aad(const struct imp_unit *unit, uint8_t out[static IMP_UNIT_AAD_MAX])
{
	struct imp_wr wr = imp_wr(out, IMP_UNIT_AAD_MAX);

	imp_wr_text(&wr, "imprint1");
	imp_wr_be64(&wr, (uint64_t)unit->batch);
	imp_wr_be64(&wr, (uint64_t)unit->id);
	imp_wr_text(&wr, unit->endpoint);
	return wr.n;
}

static enum imp_status open_station(const struct imp_batch *batch, const char *path,
	struct imp_secret *out, struct imp_diag *diag)
{
	IMP_SECRET station = { { 0 }, 0 };
	enum imp_status st = imp_file_secret(path, &station, NULL, diag);

	if (st != IMP_OK)
		return st;
	if (station.n != IMP_STATION_KEY)
		return imp_diag(diag, IMP_E_FORMAT, "%s: holds %zu octet%s, a station key has %d",
			path, station.n, imp_s(station.n), IMP_STATION_KEY);
	st = imp_data_key_open_station(imp_blob_span(&batch->data_key), &station, out, diag);
	if (st == IMP_E_MISMATCH)
		return imp_diag(diag, IMP_E_REFUSED,
			"%s: not the station key that batch '%s' was planned with", path,
			batch->name);
	return st;
}

static enum imp_status open_cms(const struct imp_batch *batch, const char *path,
	struct imp_secret *out, struct imp_diag *diag)
{
	IMP_BLOB pem = { NULL, 0 };
	enum imp_status st = imp_file_read(path, KEY_FILE_MAX, &pem, diag);

	if (st != IMP_OK)
		return st;
	st = imp_data_key_open_cms(
		imp_blob_span(&batch->data_key), imp_blob_span(&pem), path, out, diag);
	if (st == IMP_E_MISMATCH)
		return imp_diag(diag, IMP_E_REFUSED,
			"%s: not the private key of the certificate that batch '%s' is sealed to",
			path, batch->name);
	return st;
}

enum imp_status imp_ledger_data_key(struct imp_ledger *l, const struct imp_batch *batch,
	const char *key_file, struct imp_secret *out, struct imp_diag *diag)
{
	if (batch->seal == IMP_BATCH_SEAL_STATION)
		return open_station(batch, key_file ? key_file : batch->seal_file, out, diag);
	if (key_file)
		return open_cms(batch, key_file, out, diag);
	return imp_resume_open(l, batch, out, diag);
}

enum imp_status imp_unit_open_sealed(const struct imp_unit *unit, struct imp_sealer *sealer,
	struct imp_span aad, struct imp_span sealed, struct imp_blob *out, struct imp_diag *diag)
{
	IMP_BLOB plain = { NULL, 0 };
	size_t n = 0;
	enum imp_status st;

	plain.p = malloc(sealed.n ? sealed.n : 1);
	if (!plain.p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = imp_unseal(sealer, aad, sealed, plain.p, sealed.n, &n);
	if (st != IMP_OK)
		return imp_diag(diag, st == IMP_E_INTERNAL ? st : IMP_E_MISMATCH,
			"'%s': the sealed payload does not open: changed, or another key",
			unit->endpoint);
	plain.n = n;
	*out = plain;
	plain.p = NULL;
	return IMP_OK;
}

enum imp_status imp_ledger_unseal_with(struct imp_ledger *l, const struct imp_unit *unit,
	struct imp_sealer *sealer, struct imp_blob *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	uint8_t aad[IMP_UNIT_AAD_MAX];
	size_t aad_n = imp_unit_aad(unit, aad);
	enum imp_status st = imp_db_use(l, IMP_SQL_SEALED_GET, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit->id);
	st = imp_db_row(l, stmt, diag);
	if (st == IMP_E_ABSENT && unit->made)
		return imp_diag(diag, IMP_E_MISMATCH,
			"'%s': its sealed keys are gone; 'imprint ledger verify' says more",
			unit->endpoint);
	if (st == IMP_E_ABSENT)
		return imp_diag(diag, IMP_E_DENIED, "'%s' is %s: there is no payload to open",
			unit->endpoint, imp_unit_state_name(unit->state));
	if (st != IMP_OK)
		return st;
	return imp_unit_open_sealed(
		unit, sealer, imp_span(aad, aad_n), imp_db_column_blob(stmt, 0), out, diag);
}

enum imp_status imp_ledger_unseal(struct imp_ledger *l, const struct imp_unit *unit,
	const struct imp_secret *data_key, struct imp_blob *out, struct imp_diag *diag)
{
	struct imp_sealer *sealer = NULL;
	enum imp_status st = imp_sealer_open(data_key, imp_rng_openssl(), &sealer);

	if (st != IMP_OK)
		return imp_diag(diag, st, "cannot use the data key");
	st = imp_ledger_unseal_with(l, unit, sealer, out, diag);
	imp_sealer_close(sealer);
	return st;
}

enum imp_status imp_ledger_open_unit(struct imp_ledger *l, const char *endpoint,
	const char *key_file, struct imp_unit *unit, struct imp_batch *batch,
	struct imp_blob *payload, struct imp_diag *diag)
{
	IMP_UNIT u = { 0 };
	IMP_BATCH b = { 0 };
	IMP_SECRET key = { { 0 }, 0 };
	enum imp_status st = imp_ledger_unit_by_endpoint(l, endpoint, &u, diag);

	if (st == IMP_OK)
		st = imp_ledger_batch_by_id(l, u.batch, &b, diag);
	if (st == IMP_OK && !u.made) {
		st = imp_diag(diag, IMP_E_DENIED, "'%s' is %s: there is no payload to open",
			endpoint, imp_unit_state_name(u.state));
		if (u.state != IMP_UNIT_SCRAPPED)
			imp_diag_hint(
				diag, "'imprint batch run' for batch '%s' makes the keys", b.name);
	}
	if (st == IMP_OK)
		st = imp_ledger_data_key(l, &b, key_file, &key, diag);
	if (st == IMP_OK)
		st = imp_ledger_unseal(l, &u, &key, payload, diag);
	if (st != IMP_OK)
		return st;
	if (unit) {
		*unit = u;
		memset(&u, 0, sizeof u);
	}
	if (batch) {
		*batch = b;
		memset(&b, 0, sizeof b);
	}
	return IMP_OK;
}
