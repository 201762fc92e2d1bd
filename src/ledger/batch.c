/* SPDX-License-Identifier: Apache-2.0 */
/* Reading batches. */
#include "ledger/unit.h"

#include <stdlib.h>
#include <string.h>

void imp_batch_free(struct imp_batch *b)
{
	free(b->product);
	free(b->profile);
	free(b->profile_path);
	free(b->columns);
	free(b->seal_file);
	imp_blob_free(&b->data_key);
	imp_blob_free(&b->resume);
	memset(b, 0, sizeof *b);
}

enum imp_status imp_ledger_batch(
	struct imp_ledger *l, const char *name, struct imp_batch *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_BATCH_BY_NAME, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_text(stmt, 1, name);
	st = imp_db_row(l, stmt, diag);
	if (st == IMP_OK)
		return imp_batch_of_row(l, stmt, out, diag);
	if (st == IMP_E_ABSENT) {
		(void)imp_diag(diag, st, "%s: there is no batch '%s'", l->path, name);
		imp_diag_hint(diag, "'imprint batch status --ledger %s' lists them", l->path);
	}
	return st;
}

static enum imp_status by_number(struct imp_ledger *l, enum imp_sql sql, int64_t id,
	struct imp_batch *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, sql, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, id);
	st = imp_db_row(l, stmt, diag);
	return st == IMP_OK ? imp_batch_of_row(l, stmt, out, diag) : st;
}

enum imp_status imp_ledger_batch_next(
	struct imp_ledger *l, int64_t after, struct imp_batch *out, struct imp_diag *diag)
{
	return by_number(l, IMP_SQL_BATCH_NEXT, after, out, diag);
}

enum imp_status imp_ledger_batch_by_id(
	struct imp_ledger *l, int64_t id, struct imp_batch *out, struct imp_diag *diag)
{
	enum imp_status st = by_number(l, IMP_SQL_BATCH_BY_ID, id, out, diag);

	if (st == IMP_E_ABSENT)
		return imp_diag(
			diag, st, "%s: there is no batch number %lld", l->path, (long long)id);
	return st;
}

enum imp_status imp_ledger_batch_counts(
	struct imp_ledger *l, int64_t batch, struct imp_batch_counts *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	struct imp_batch_counts c = { 0 };
	enum imp_status st = imp_db_use(l, IMP_SQL_BATCH_COUNTS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, batch);
	while ((st = imp_db_row(l, stmt, diag)) == IMP_OK) {
		int64_t state = sqlite3_column_int64(stmt, 0);
		uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 1);

		if (state < 0 || state >= IMP_UNIT_STATES)
			return imp_diag(
				diag, IMP_E_MISMATCH, "%s: a unit is in no known state", l->path);
		c.state[state] = n;
		c.total += n;
	}
	if (st != IMP_E_ABSENT)
		return st;
	c.open = c.total - c.state[IMP_UNIT_RELEASED] - c.state[IMP_UNIT_SCRAPPED];
	*out = c;
	return IMP_OK;
}
