/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/manifest.h"

#include <stdlib.h>
#include <string.h>

#define LINE_ROOM 16384 /* an endpoint of 128 octets and 48 credentials of 128, escaped */

void imp_manifest_part_free(struct imp_manifest_part *part)
{
	free(part->p);
	memset(part, 0, sizeof *part);
}

/* Room for one more line. */
static bool reserve(struct imp_manifest_part *part)
{
	uint8_t *p;

	if (part->cap - part->n >= LINE_ROOM)
		return true;
	p = realloc(part->p, part->cap * 2 + LINE_ROOM);
	if (!p)
		return false;
	part->p = p;
	part->cap = part->cap * 2 + LINE_ROOM;
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

static void put_head(struct imp_json *j, const struct imp_job *job, const struct imp_unit *u,
	enum imp_unit_state state, const struct imp_manifest_file *file)
{
	imp_json_object(j, NULL);
	imp_json_str(j, "serial", u->serial);
	imp_json_str(j, "endpoint", u->endpoint);
	if (u->iccid[0])
		imp_json_str(j, "iccid", u->iccid);
	imp_json_str(j, "state", imp_unit_state_name(state));
	imp_json_str(j, "file", file->name);
	imp_json_uint(j, "bytes", file->bytes);
	imp_json_hex(j, "sha256", imp_span(file->sha256, IMP_SHA256));
	imp_json_uint(j, "payload", file->payload);
	imp_json_str(j, "keys",
		job->batch.keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_json_uint(j, "generation", file->generation);
	imp_json_str(j, "layout", job->profile.flash.layout.name);
	if (job->batch.test)
		imp_json_bool(j, "test", true);
}

static enum imp_status end_line(struct imp_json *j, const struct imp_unit *u,
	struct imp_manifest_part *part, enum imp_status st, struct imp_diag *diag)
{
	imp_json_object_end(j);
	imp_wr_u8(j->wr, '\n');
	if (st == IMP_OK && j->wr->st != IMP_OK)
		st = imp_diag(diag, j->wr->st, "manifest: '%s' has no line", u->serial);
	if (st == IMP_OK)
		part->n += j->wr->n;
	return st;
}

/* As the ledger keeps and gives them: by kind and value. */
static int compare_credentials(const void *a, const void *b)
{
	const struct imp_cred *x = a, *y = b;
	size_t n = x->value.n < y->value.n ? x->value.n : y->value.n;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = n ? memcmp(x->value.p, y->value.p, n) : 0;
	if (order)
		return order;
	return x->value.n < y->value.n ? -1 : x->value.n > y->value.n;
}

/* Sorted, and equal ones as one. */
static size_t fold_credentials(struct imp_cred *v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof *v, compare_credentials);
	for (size_t i = 0; i < n; i++)
		if (kept && compare_credentials(&v[kept - 1], &v[i]) == 0)
			v[kept - 1].accounts |= v[i].accounts;
		else
			v[kept++] = v[i];
	return kept;
}

enum imp_status imp_manifest_line(const struct imp_job *job, const struct imp_unit *unit,
	const struct imp_manifest_file *file, struct imp_cred *credentials, size_t n,
	struct imp_manifest_part *part, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;
	struct imp_wr wr;
	struct imp_json j;

	if (!reserve(part))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(part->p + part->n, part->cap - part->n);
	j = imp_json(&wr);
	put_head(&j, job, unit, IMP_UNIT_RELEASED, file);
	imp_json_array(&j, "credentials");
	n = fold_credentials(credentials, n);
	for (size_t i = 0; st == IMP_OK && i < n; i++)
		st = put_credential(&j, &credentials[i]);
	imp_json_array_end(&j);
	if (part->units++ == 0)
		part->first = unit->id;
	return end_line(&j, unit, part, st, diag);
}

enum imp_status imp_manifest_ledger_line(const struct imp_job *job, const struct imp_unit *u,
	struct imp_manifest_part *part, struct imp_diag *diag)
{
	const struct imp_manifest_file file = { .name = u->file,
		.bytes = u->file_bytes,
		.sha256 = u->file_sha256,
		.payload = u->payload_bytes,
		.generation = u->generation };
	struct imp_wr wr;
	struct imp_json j;

	if (!reserve(part))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(part->p + part->n, part->cap - part->n);
	j = imp_json(&wr);
	put_head(&j, job, u, u->state, &file);
	return end_line(&j, u, part, imp_manifest_credentials(job->ledger, u->id, &j, diag), diag);
}
