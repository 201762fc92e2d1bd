/* SPDX-License-Identifier: Apache-2.0 */
/* One unit out of a row of the database. */
#include "ledger/unit.h"

#include <string.h>

static enum imp_status copy_texts(sqlite3_stmt *stmt, struct imp_unit *u)
{
	if (imp_db_copy_text(stmt, 3, u->serial, sizeof u->serial) != IMP_OK ||
		imp_db_copy_text(stmt, 4, u->endpoint, sizeof u->endpoint) != IMP_OK ||
		imp_db_copy_text(stmt, 5, u->iccid, sizeof u->iccid) != IMP_OK ||
		imp_db_copy_text(stmt, 12, u->file, sizeof u->file) != IMP_OK ||
		imp_db_copy_text(stmt, 15, u->reason, sizeof u->reason) != IMP_OK)
		return IMP_E_FORMAT;
	return IMP_OK;
}

/* Columns as UNIT_COLUMNS of db.c. */
enum imp_status imp_unit_of_row(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_unit *out, struct imp_diag *diag)
{
	struct imp_unit u = { 0 };
	char *fields;
	struct imp_span sha = imp_db_column_blob(stmt, 14);
	int64_t state = sqlite3_column_int64(stmt, 7);

	u.id = sqlite3_column_int64(stmt, 0);
	u.batch = sqlite3_column_int64(stmt, 1);
	u.line = (uint32_t)sqlite3_column_int64(stmt, 2);
	u.done = (unsigned)sqlite3_column_int64(stmt, 8);
	u.made = sqlite3_column_type(stmt, 9) != SQLITE_NULL;
	u.delivered = sqlite3_column_int64(stmt, 16) != 0;
	u.payload_bytes = (uint32_t)sqlite3_column_int64(stmt, 10);
	u.generation = (uint32_t)sqlite3_column_int64(stmt, 11);
	u.file_bytes = (uint64_t)sqlite3_column_int64(stmt, 13);
	if (copy_texts(stmt, &u) != IMP_OK || state < 0 || state >= IMP_UNIT_STATES ||
		(sha.n && sha.n != IMP_SHA256))
		return imp_diag(diag, IMP_E_MISMATCH,
			"%s: unit %lld is damaged; 'imprint ledger verify' says more", l->path,
			(long long)u.id);
	u.state = (enum imp_unit_state)state;
	if (sha.n)
		memcpy(u.file_sha256, sha.p, IMP_SHA256);
	fields = strdup(imp_db_column_text(stmt, 6));
	if (!fields)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	*out = u;
	out->fields = fields;
	return IMP_OK;
}
