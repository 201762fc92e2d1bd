/* SPDX-License-Identifier: Apache-2.0 */
/* One batch out of a row of the database. */
#include "ledger/unit.h"

#include <stdlib.h>
#include <string.h>

static bool take_text(sqlite3_stmt *stmt, int at, char **out)
{
	*out = strdup(imp_db_column_text(stmt, at));
	return *out != NULL;
}

static bool take_blob(sqlite3_stmt *stmt, int at, struct imp_blob *out)
{
	struct imp_span s = imp_db_column_blob(stmt, at);

	out->p = malloc(s.n ? s.n : 1);
	if (!out->p)
		return false;
	if (s.n)
		memcpy(out->p, s.p, s.n);
	out->n = s.n;
	return true;
}

static bool take_sha(sqlite3_stmt *stmt, int at, uint8_t out[static IMP_SHA256])
{
	struct imp_span s = imp_db_column_blob(stmt, at);

	if (s.n != IMP_SHA256)
		return false;
	memcpy(out, s.p, IMP_SHA256);
	return true;
}

/* Columns as BATCH_COLUMNS of db.c; what was taken stays in b, also on failure. */
static enum imp_status fill(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_batch *b, struct imp_diag *diag)
{
	b->id = sqlite3_column_int64(stmt, 0);
	b->keys = (enum imp_keys)sqlite3_column_int(stmt, 9);
	b->targets = (unsigned)sqlite3_column_int(stmt, 10);
	b->test = sqlite3_column_int(stmt, 11) != 0;
	b->created = sqlite3_column_int64(stmt, 12);
	b->not_before = sqlite3_column_int64(stmt, 13);
	b->seal = (enum imp_batch_seal)sqlite3_column_int(stmt, 14);
	if (imp_db_copy_text(stmt, 1, b->name, sizeof b->name) != IMP_OK ||
		!take_sha(stmt, 6, b->profile_sha256) || !take_sha(stmt, 7, b->devices_sha256) ||
		!take_sha(stmt, 8, b->inputs_sha256))
		return imp_diag(diag, IMP_E_MISMATCH,
			"%s: batch %lld is damaged; 'imprint ledger verify' says more", l->path,
			(long long)b->id);
	if (!take_text(stmt, 2, &b->product) || !take_text(stmt, 3, &b->profile) ||
		!take_text(stmt, 4, &b->profile_path) || !take_text(stmt, 5, &b->columns) ||
		!take_text(stmt, 15, &b->seal_file) || !take_blob(stmt, 16, &b->data_key))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	return IMP_OK;
}

enum imp_status imp_batch_of_row(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_batch *out, struct imp_diag *diag)
{
	struct imp_batch b = { 0 };
	struct imp_blob resume;
	enum imp_status st = fill(l, stmt, &b, diag);

	if (st == IMP_OK && !take_blob(stmt, 17, &resume))
		st = imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (st != IMP_OK) {
		imp_batch_free(&b);
		return st;
	}
	*out = b;
	out->resume = resume;
	return IMP_OK;
}
