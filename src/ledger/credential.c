/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/unit.h"

#include "base/hex.h"
#include "codec/json_enc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[IMP_CRED_KINDS] = {
	[IMP_CRED_ENDPOINT] = "endpoint",
	[IMP_CRED_SERIAL] = "serial",
	[IMP_CRED_ICCID] = "iccid",
	[IMP_CRED_PSK_IDENTITY] = "psk-identity",
	[IMP_CRED_PSK] = "psk",
	[IMP_CRED_PUBLIC_KEY] = "public-key",
	[IMP_CRED_CERTIFICATE] = "certificate-serial",
	[IMP_CRED_OSCORE] = "oscore-secret",
};

const char *imp_cred_kind_name(enum imp_cred_kind kind)
{
	if ((unsigned)kind >= IMP_CRED_KINDS || !names[kind])
		return "unknown";
	return names[kind];
}

enum imp_status imp_serial_value(
	const char *product, const char *serial, struct imp_blob *out, struct imp_diag *diag)
{
	size_t n = strlen(product) + 1 + strlen(serial);
	struct imp_wr wr = imp_wr(malloc(n), n);

	if (!wr.p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	imp_wr_text(&wr, product);
	imp_wr_u8(&wr, 0x1F);
	imp_wr_text(&wr, serial);
	out->p = wr.p;
	out->n = n;
	return IMP_OK;
}

const char *imp_detail_text(const char *key, const char *value, char out[static IMP_DETAIL_MAX])
{
	struct imp_wr wr = imp_wr(out, IMP_DETAIL_MAX - 1);
	struct imp_json j = imp_json(&wr);

	imp_json_object(&j, NULL);
	imp_json_str(&j, key, value);
	imp_json_object_end(&j);
	if (wr.st != IMP_OK)
		return "{}";
	out[wr.n] = '\0';
	return out;
}

/* The value for a message: text as it is, octets as the first eight in hex. */
static void value_text(const struct imp_cred *c, char *out, size_t cap)
{
	struct imp_wr wr = imp_wr(out, cap - 1);

	if (c->kind == IMP_CRED_SERIAL) {
		const uint8_t *at = memchr(c->value.p, 0x1F, c->value.n);

		imp_wr_put(&wr, at ? imp_span(at + 1, c->value.n - (size_t)(at + 1 - c->value.p))
				   : c->value);
	} else if (c->kind <= IMP_CRED_PSK_IDENTITY && imp_span_utf8(c->value)) {
		imp_wr_put(&wr, c->value);
	} else {
		imp_hex_put(&wr, imp_span(c->value.p, c->value.n < 8 ? c->value.n : 8));
	}
	out[wr.st == IMP_OK ? wr.n : 0] = '\0';
}

/* Who holds it; IMP_E_ABSENT without a diagnosis when nobody does. */
static enum imp_status holder(struct imp_ledger *l, enum imp_cred_kind kind, struct imp_span value,
	int64_t *unit, char *text, size_t cap, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIAL_HOLDER, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, kind);
	imp_db_blob(stmt, 2, value);
	st = imp_db_row(l, stmt, diag);
	if (st != IMP_OK)
		return st;
	*unit = sqlite3_column_int64(stmt, 0);
	(void)snprintf(text, cap, "'%s' of batch '%s'", imp_db_column_text(stmt, 1),
		imp_db_column_text(stmt, 2));
	return IMP_OK;
}

enum imp_status imp_ledger_holder(struct imp_ledger *l, enum imp_cred_kind kind,
	struct imp_span value, char *text, size_t cap, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	int64_t unit;

	return holder(l, kind, value, &unit, text, cap, diag);
}

static enum imp_status merge(
	struct imp_ledger *l, int64_t unit, const struct imp_cred *c, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIAL_MERGE, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	imp_db_int(stmt, 2, c->kind);
	imp_db_blob(stmt, 3, c->value);
	imp_db_int(stmt, 4, (int64_t)c->accounts);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status not_added(struct imp_ledger *l, int64_t unit, const char *endpoint,
	const struct imp_cred *c, struct imp_diag *diag)
{
	char who[IMP_UNIT_ENDPOINT_MAX + IMP_BATCH_NAME_MAX + 32] = "", what[160];
	int64_t other = 0;
	enum imp_status st = holder(l, c->kind, c->value, &other, who, sizeof who, diag);

	if (st == IMP_OK && other == unit)
		return merge(l, unit, c, diag);
	if (st != IMP_OK && st != IMP_E_ABSENT)
		return st;
	value_text(c, what, sizeof what);
	(void)imp_diag(diag, IMP_E_DENIED, "'%s': %s '%s' belongs to %s already", endpoint,
		imp_cred_kind_name(c->kind), what, st == IMP_OK ? who : "a row without unit");
	imp_diag_hint(diag, "nothing may be issued twice, not even in another batch");
	return IMP_E_DENIED;
}

enum imp_status imp_credential_add(struct imp_ledger *l, int64_t unit, const char *endpoint,
	const struct imp_cred *c, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIAL_ADD, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	imp_db_int(stmt, 2, c->kind);
	imp_db_blob(stmt, 3, c->value);
	imp_db_int(stmt, 4, (int64_t)c->accounts);
	imp_db_blob(stmt, 5, c->body);
	st = imp_db_run(l, stmt, diag);
	if (st != IMP_OK || sqlite3_changes(l->db) == 1)
		return st;
	return not_added(l, unit, endpoint, c, diag);
}

enum imp_status imp_ledger_credentials(struct imp_ledger *l, int64_t unit,
	enum imp_status (*visit)(void *ctx, const struct imp_cred *credential), void *ctx,
	struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIALS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	while ((st = imp_db_row(l, stmt, diag)) == IMP_OK) {
		struct imp_cred c = {
			.kind = (enum imp_cred_kind)sqlite3_column_int(stmt, 0),
			.value = imp_db_column_blob(stmt, 1),
			.accounts = (uint64_t)sqlite3_column_int64(stmt, 2),
			.body = imp_db_column_blob(stmt, 3),
		};

		st = visit(ctx, &c);
		if (st != IMP_OK)
			return st;
	}
	return st == IMP_E_ABSENT ? IMP_OK : st;
}
