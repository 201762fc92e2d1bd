/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_AT_ONCE 256
#define LINE_ROOM 16384 /* an endpoint of 128 octets and 48 credentials of 128, escaped */

struct text {
	uint8_t *p;
	size_t n, cap;
};

static void text_free(struct text *t)
{
	free(t->p);
}

/* Room for one more line. */
static bool reserve(struct text *t)
{
	uint8_t *p;

	if (t->cap - t->n >= LINE_ROOM)
		return true;
	p = realloc(t->p, t->cap * 2 + LINE_ROOM);
	if (!p)
		return false;
	t->p = p;
	t->cap = t->cap * 2 + LINE_ROOM;
	return true;
}

static void put_accounts(struct imp_json *j, uint64_t accounts)
{
	imp_json_array(j, "accounts");
	for (unsigned i = 0; i < 64; i++)
		if (accounts >> i & 1)
			imp_json_uint(j, NULL, i);
	imp_json_array_end(j);
}

static enum imp_status put_credential(void *ctx, const struct imp_cred *c)
{
	struct imp_json *j = ctx;

	if (c->kind < IMP_CRED_PSK_IDENTITY) /* names stand in the line already */
		return IMP_OK;
	imp_json_object(j, NULL);
	imp_json_str(j, "kind", imp_cred_kind_name(c->kind));
	put_accounts(j, c->accounts);
	if (c->kind == IMP_CRED_PSK_IDENTITY && imp_span_utf8(c->value))
		imp_json_span(j, "value", c->value);
	else
		imp_json_hex(j, "hex", c->value);
	imp_json_object_end(j);
	return IMP_OK;
}

enum imp_status imp_manifest_credentials(
	struct imp_ledger *ledger, int64_t unit, struct imp_json *j, struct imp_diag *diag)
{
	enum imp_status st;

	imp_json_array(j, "credentials");
	st = imp_ledger_credentials(ledger, unit, put_credential, j, diag);
	imp_json_array_end(j);
	return st;
}

static enum imp_status put_line(
	const struct imp_job *job, const struct imp_unit *u, struct text *t, struct imp_diag *diag)
{
	struct imp_wr wr;
	struct imp_json j;
	enum imp_status st;

	if (!reserve(t))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(t->p + t->n, t->cap - t->n);
	j = imp_json(&wr);
	imp_json_object(&j, NULL);
	imp_json_str(&j, "serial", u->serial);
	imp_json_str(&j, "endpoint", u->endpoint);
	if (u->iccid[0])
		imp_json_str(&j, "iccid", u->iccid);
	imp_json_str(&j, "state", imp_unit_state_name(u->state));
	imp_json_str(&j, "file", u->file);
	imp_json_uint(&j, "bytes", u->file_bytes);
	imp_json_hex(&j, "sha256", imp_span(u->file_sha256, IMP_SHA256));
	imp_json_uint(&j, "payload", u->payload_bytes);
	imp_json_str(&j, "keys",
		job->batch.keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_json_uint(&j, "generation", u->generation);
	imp_json_str(&j, "layout", job->profile.flash.layout.name);
	if (job->batch.test)
		imp_json_bool(&j, "test", true);
	st = imp_manifest_credentials(job->ledger, u->id, &j, diag);
	imp_json_object_end(&j);
	imp_wr_u8(&wr, '\n');
	if (st == IMP_OK && wr.st != IMP_OK)
		st = imp_diag(diag, wr.st, "manifest: '%s' has no line", u->serial);
	t->n += wr.n;
	return st;
}

static enum imp_status put_all(
	const struct imp_job *job, struct imp_unit *units, struct text *t, struct imp_diag *diag)
{
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = IMP_OK;

	while (n && st == IMP_OK) {
		st = imp_ledger_units(job->ledger, job->batch.id, ~(1U << IMP_UNIT_SCRAPPED), after,
			units, READ_AT_ONCE, &n, diag);
		for (size_t i = 0; i < n; i++) {
			if (st == IMP_OK && (units[i].done & IMP_TARGET_FLASH))
				st = put_line(job, &units[i], t, diag);
			after = units[i].id;
			imp_unit_free(&units[i]);
		}
	}
	return st;
}

enum imp_status imp_manifest_write(
	const struct imp_job *job, const char *dir, struct imp_diag *diag)
{
	__attribute__((cleanup(text_free))) struct text t = { NULL, 0, 0 };
	struct imp_unit *units = calloc(READ_AT_ONCE, sizeof *units);
	char path[4096];
	enum imp_status st;

	if (!units)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = imp_path_join(dir, "manifest.jsonl", path, sizeof path);
	if (st == IMP_OK)
		st = imp_ledger_look(job->ledger, diag);
	if (st == IMP_OK) {
		st = put_all(job, units, &t, diag);
		imp_ledger_look_end(job->ledger);
	}
	free(units);
	if (st != IMP_OK)
		return st;
	return imp_file_write(path, imp_span(t.p, t.n), true, diag);
}
