/* SPDX-License-Identifier: Apache-2.0 */
/* Reading units. */
#include "ledger/unit.h"

#include <stdlib.h>
#include <string.h>

const char *imp_unit_state_name(enum imp_unit_state state)
{
	static const char *const names[IMP_UNIT_STATES] = { "planned", "made", "written",
		"verified", "released", "failed", "scrapped" };

	return (unsigned)state < IMP_UNIT_STATES ? names[state] : "unknown";
}

void imp_unit_free(struct imp_unit *unit)
{
	free(unit->fields);
	memset(unit, 0, sizeof *unit);
}

enum imp_status imp_unit_by_id(
	struct imp_ledger *l, int64_t id, struct imp_unit *out, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_BY_ID, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, id);
	st = imp_db_row(l, stmt, diag);
	if (st == IMP_E_ABSENT)
		return imp_diag(diag, st, "%s: there is no unit %lld", l->path, (long long)id);
	return st == IMP_OK ? imp_unit_of_row(l, stmt, out, diag) : st;
}

static enum imp_status by_credential(struct imp_ledger *l, enum imp_cred_kind kind,
	struct imp_span value, struct imp_unit *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_BY_CREDENTIAL, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, kind);
	imp_db_blob(stmt, 2, value);
	st = imp_db_row(l, stmt, diag);
	return st == IMP_OK ? imp_unit_of_row(l, stmt, out, diag) : st;
}

enum imp_status imp_ledger_unit_by_endpoint(
	struct imp_ledger *l, const char *endpoint, struct imp_unit *out, struct imp_diag *diag)
{
	enum imp_status st = by_credential(l, IMP_CRED_ENDPOINT, imp_span_str(endpoint), out, diag);

	if (st == IMP_E_ABSENT)
		return imp_diag(
			diag, st, "%s: there is no unit with endpoint '%s'", l->path, endpoint);
	return st;
}

enum imp_status imp_ledger_unit_by_serial(struct imp_ledger *l, int64_t batch, const char *serial,
	struct imp_unit *out, struct imp_diag *diag)
{
	IMP_BATCH b = { 0 };
	IMP_UNIT u = { 0 };
	IMP_BLOB value = { NULL, 0 };
	enum imp_status st = imp_ledger_batch_by_id(l, batch, &b, diag);

	if (st == IMP_OK)
		st = imp_serial_value(b.product, serial, &value, diag);
	if (st == IMP_OK)
		st = by_credential(l, IMP_CRED_SERIAL, imp_blob_span(&value), &u, diag);
	if (st == IMP_E_ABSENT || (st == IMP_OK && u.batch != batch))
		return imp_diag(diag, IMP_E_ABSENT, "batch '%s' has no unit with serial '%s'",
			b.name, serial);
	if (st != IMP_OK)
		return st;
	*out = u;
	u.fields = NULL;
	return IMP_OK;
}

enum imp_status imp_ledger_units(struct imp_ledger *l, int64_t batch, unsigned states,
	int64_t after, struct imp_unit *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	size_t got = 0;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNITS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, batch);
	imp_db_int(stmt, 2, after);
	imp_db_int(stmt, 3, states);
	imp_db_int(stmt, 4, (int64_t)cap);
	while (got < cap && (st = imp_db_row(l, stmt, diag)) == IMP_OK) {
		st = imp_unit_of_row(l, stmt, &out[got], diag);
		if (st != IMP_OK)
			break;
		got++;
	}
	if (st != IMP_OK && st != IMP_E_ABSENT) {
		while (got)
			imp_unit_free(&out[--got]);
		return st;
	}
	*n = got;
	return IMP_OK;
}
