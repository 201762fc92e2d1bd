/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_COLUMNS                                                                           \
	"id, name, product, profile, profile_path, columns, profile_sha256, devices_sha256,"    \
	" inputs_sha256, keys, targets, test, created, not_before, seal, seal_file, data_key, " \
	"resume"
#define UNIT_COLUMNS                                                                    \
	"id, batch, line, serial, endpoint, iccid, fields, state, done, sealed_sha256," \
	" payload_bytes, generation, file, file_bytes, file_sha256, reason, delivered"

static const char *const texts[IMP_SQL_COUNT] = {
	/* IMMEDIATE: the upgrade of a plain BEGIN fails without waiting. */
	[IMP_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[IMP_SQL_LOOK] = "BEGIN DEFERRED", /* reads only */
	[IMP_SQL_COMMIT] = "COMMIT",
	[IMP_SQL_ROLLBACK] = "ROLLBACK",
	[IMP_SQL_SAVE] = "SAVEPOINT one",
	[IMP_SQL_SAVED] = "RELEASE one",
	[IMP_SQL_BACK] = "ROLLBACK TO one",
	[IMP_SQL_HEAD] = "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1",
	[IMP_SQL_EVENT_ADD] =
		"INSERT INTO event (id, time, kind, batch, unit, state, digest, detail,"
		" prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IMP_SQL_EVENTS] = "SELECT id, time, kind, batch, unit, state, digest, detail, prev, hash"
			   " FROM event WHERE id > ? ORDER BY id",
	[IMP_SQL_BATCH_ADD] =
		"INSERT INTO batch (" BATCH_COLUMNS ", first, last) VALUES"
		" ((SELECT coalesce(max(id), 0) + 1 FROM batch), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		" ?, ?, ?, ?, ?, ?, x'', 0, 0) RETURNING id",
	[IMP_SQL_BATCH_UNITS] = "UPDATE batch SET first = ?2, last = ?3 WHERE id = ?1",
	[IMP_SQL_BATCH_RESUME] = "UPDATE batch SET resume = ?2 WHERE id = ?1",
	[IMP_SQL_BATCH_BY_ID] = "SELECT " BATCH_COLUMNS " FROM batch WHERE id = ?",
	[IMP_SQL_BATCH_BY_NAME] = "SELECT " BATCH_COLUMNS " FROM batch WHERE name = ?",
	[IMP_SQL_BATCH_NEXT] =
		"SELECT " BATCH_COLUMNS " FROM batch WHERE id > ? ORDER BY id LIMIT 1",
	[IMP_SQL_BATCH_COUNTS] = "SELECT u.state, count(*) FROM batch b JOIN unit u ON u.id BETWEEN"
				 " b.first AND b.last WHERE b.id = ? GROUP BY u.state",
	[IMP_SQL_BATCH_ROW] = "SELECT * FROM batch WHERE id = ?",
	[IMP_SQL_UNIT_ADD] = "INSERT INTO unit (id, batch, line, serial, endpoint, iccid, fields,"
			     " state) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
	[IMP_SQL_UNIT_BY_ID] = "SELECT " UNIT_COLUMNS " FROM unit WHERE id = ?",
	[IMP_SQL_UNIT_BY_CREDENTIAL] =
		"SELECT " UNIT_COLUMNS " FROM unit WHERE id ="
		" (SELECT unit FROM credential WHERE kind = ? AND value = ?)",
	[IMP_SQL_UNITS] = "SELECT " UNIT_COLUMNS " FROM unit WHERE id > max(?2,"
			  " (SELECT first - 1 FROM batch WHERE id = ?1)) AND id <="
			  " (SELECT last FROM batch WHERE id = ?1) AND (1 << state) & ?3"
			  " ORDER BY id LIMIT ?4",
	[IMP_SQL_UNIT_ROW] = "SELECT * FROM unit WHERE id = ?",
	[IMP_SQL_UNIT_MADE] = "UPDATE unit SET state = 1, sealed_sha256 = ?2, payload_bytes = ?3,"
			      " generation = ?4, reason = NULL WHERE id = ?1",
	[IMP_SQL_UNIT_FLASHED] = "UPDATE unit SET state = ?2, done = done | ?3, file = ?4,"
				 " file_bytes = ?5, file_sha256 = ?6, reason = NULL WHERE id = ?1",
	[IMP_SQL_UNIT_STATE] = "UPDATE unit SET state = ?2, done = ?3, reason = ?4 WHERE id = ?1",
	[IMP_SQL_UNIT_ICCID] = "UPDATE unit SET iccid = ?2 WHERE id = ?1",
	[IMP_SQL_UNIT_FORGET] = "UPDATE unit SET sealed_sha256 = NULL, delivery_sha256 = NULL"
				" WHERE id = ?1",
	[IMP_SQL_SEALED_ADD] = "INSERT INTO sealed (unit, payload) VALUES (?, ?)",
	[IMP_SQL_SEALED_GET] = "SELECT payload FROM sealed WHERE unit = ?",
	[IMP_SQL_SEALED_DROP] = "DELETE FROM sealed WHERE unit = ?",
	[IMP_SQL_DELIVERY_ADD] = "INSERT INTO delivery (unit, payload) VALUES (?, ?)",
	[IMP_SQL_DELIVERY_GET] = "SELECT payload FROM delivery WHERE unit = ?",
	[IMP_SQL_DELIVERY_DROP] = "DELETE FROM delivery WHERE unit = ?",
	[IMP_SQL_UNIT_DELIVERED] = "UPDATE unit SET delivered = 1 WHERE id = ?1",
	[IMP_SQL_UNIT_DELIVERY] = "UPDATE unit SET delivery_sha256 = ?2 WHERE id = ?1",
	[IMP_SQL_CREDENTIAL_ADD] = "INSERT OR IGNORE INTO credential (unit, kind, value, accounts,"
				   " body) VALUES (?, ?, ?, ?, ?)",
	[IMP_SQL_CREDENTIAL_MERGE] = "UPDATE credential SET accounts = accounts | ?4"
				     " WHERE unit = ?1 AND kind = ?2 AND value = ?3",
	[IMP_SQL_CREDENTIAL_HOLDER] =
		"SELECT c.unit, u.endpoint, b.name FROM credential c JOIN unit u ON u.id = c.unit"
		" JOIN batch b ON b.id = u.batch WHERE c.kind = ? AND c.value = ?",
	[IMP_SQL_CREDENTIAL_DROP_KEYS] = "DELETE FROM credential WHERE unit = ? AND kind >= ?",
	[IMP_SQL_CREDENTIALS] = "SELECT kind, value, accounts, body FROM credential WHERE unit = ?"
				" ORDER BY kind, value",
};

struct imp_ledger *imp_db_hold(struct imp_ledger *l)
{
	(void)pthread_mutex_lock(&l->mutex);
	return l;
}

void imp_db_release(struct imp_ledger **l)
{
	(void)pthread_mutex_unlock(&(*l)->mutex);
}

static enum imp_status refused(struct imp_ledger *l, int code, struct imp_diag *diag)
{
	if (code == SQLITE_NOTADB)
		return imp_diag(diag, IMP_E_FORMAT, "%s: not a ledger", l->path);
	/* The statements are good, so SQLITE_ERROR means a table or the format of the file. */
	if (code == SQLITE_CORRUPT || code == SQLITE_ERROR || code == SQLITE_SCHEMA)
		return imp_diag(
			diag, IMP_E_MISMATCH, "%s: damaged: %s", l->path, sqlite3_errmsg(l->db));
	if (code == SQLITE_NOMEM)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (code == SQLITE_CONSTRAINT)
		return imp_diag(
			diag, IMP_E_DENIED, "%s: refused: %s", l->path, sqlite3_errmsg(l->db));
	return imp_diag(diag, IMP_E_INTERNAL, "%s: %s", l->path, sqlite3_errmsg(l->db));
}

enum imp_status imp_db_error(struct imp_ledger *l, struct imp_diag *diag)
{
	int code = sqlite3_errcode(l->db) & 0xFF;
	enum imp_status st;

	if (code == SQLITE_IOERR && sqlite3_system_errno(l->db) == ENOSPC)
		code = SQLITE_FULL; /* no room even for what stands beside the database */
	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		st = imp_diag(diag, IMP_E_DENIED,
			"%s: locked by another process for more than %d s", l->path,
			IMP_LEDGER_BUSY_MS / 1000);
		imp_diag_hint(diag, "wait until it has finished, then run the same command again");
		return st;
	case SQLITE_FULL:
		st = imp_diag(diag, IMP_E_IO, "%s: disk full", l->path);
		imp_diag_hint(diag, "make room, then run the same command again: it continues");
		return st;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		st = imp_diag(diag, IMP_E_IO, "%s: %s", l->path, sqlite3_errmsg(l->db));
		imp_diag_hint(diag, "file and folder must be writable for that");
		return st;
	case SQLITE_IOERR:
		return imp_diag(diag, IMP_E_IO, "%s: %s", l->path, sqlite3_errmsg(l->db));
	default:
		return refused(l, code, diag);
	}
}

enum imp_status imp_db_use(
	struct imp_ledger *l, enum imp_sql id, sqlite3_stmt **stmt, struct imp_diag *diag)
{
	if (!l->stmts[id] && sqlite3_prepare_v3(l->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT,
				     &l->stmts[id], NULL) != SQLITE_OK)
		return imp_db_error(l, diag);
	*stmt = l->stmts[id];
	return IMP_OK;
}

void imp_db_stmt_done(sqlite3_stmt **stmt)
{
	if (*stmt)
		(void)sqlite3_reset(*stmt);
}

enum imp_status imp_db_row(struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_diag *diag)
{
	int r = sqlite3_step(stmt);

	if (r == SQLITE_ROW)
		return IMP_OK;
	return r == SQLITE_DONE ? IMP_E_ABSENT : imp_db_error(l, diag);
}

enum imp_status imp_db_run(struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_diag *diag)
{
	enum imp_status st = imp_db_row(l, stmt, diag);

	(void)sqlite3_reset(stmt);
	return st == IMP_E_ABSENT ? IMP_OK : st;
}

void imp_db_int(sqlite3_stmt *stmt, int at, int64_t v)
{
	(void)sqlite3_bind_int64(stmt, at, v);
}

void imp_db_text(sqlite3_stmt *stmt, int at, const char *text)
{
	(void)sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

void imp_db_blob(sqlite3_stmt *stmt, int at, struct imp_span s)
{
	if (s.n)
		(void)sqlite3_bind_blob64(stmt, at, s.p, s.n, SQLITE_STATIC);
	else
		(void)sqlite3_bind_zeroblob(stmt, at, 0);
}

struct imp_span imp_db_column_blob(sqlite3_stmt *stmt, int at)
{
	const void *p = sqlite3_column_blob(stmt, at);

	return imp_span(p, p ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

const char *imp_db_column_text(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return text ? text : "";
}

struct imp_span imp_db_column_octets(sqlite3_stmt *stmt, int at)
{
	const void *p = sqlite3_column_text(stmt, at);

	return imp_span(p, p ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

enum imp_status imp_db_copy_text(sqlite3_stmt *stmt, int at, char *out, size_t cap)
{
	const char *text = imp_db_column_text(stmt, at);
	size_t n = strlen(text);

	if (n >= cap)
		return IMP_E_FORMAT;
	memcpy(out, text, n + 1);
	return IMP_OK;
}

static enum imp_status read_head(struct imp_ledger *l, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_HEAD, &stmt, diag);
	struct imp_span hash;

	if (st != IMP_OK)
		return st;
	st = imp_db_row(l, stmt, diag);
	l->head = 0;
	memset(l->head_hash, 0, sizeof l->head_hash);
	if (st == IMP_E_ABSENT)
		return IMP_OK;
	if (st != IMP_OK)
		return st;
	hash = imp_db_column_blob(stmt, 1);
	if (hash.n != IMP_SHA256)
		return imp_diag(diag, IMP_E_MISMATCH, "%s: the last event is damaged", l->path);
	l->head = sqlite3_column_int64(stmt, 0);
	memcpy(l->head_hash, hash.p, IMP_SHA256);
	return IMP_OK;
}

enum imp_status imp_db_run_plain(struct imp_ledger *l, enum imp_sql id, struct imp_diag *diag)
{
	sqlite3_stmt *stmt = NULL;
	enum imp_status st = imp_db_use(l, id, &stmt, diag);

	return st == IMP_OK ? imp_db_run(l, stmt, diag) : st;
}

/* Best effort: closing the connection rolls back as well. */
static void rollback(struct imp_ledger *l)
{
	enum imp_status st = imp_db_run_plain(l, IMP_SQL_ROLLBACK, NULL);

	(void)st;
}

void imp_txn_end(struct imp_txn *txn)
{
	struct imp_ledger *l = txn->l;

	if (!l)
		return;
	txn->l = NULL;
	if (!sqlite3_get_autocommit(l->db)) /* some errors have rolled back already */
		rollback(l);
	imp_db_release(&l);
}

enum imp_status imp_txn_begin(struct imp_txn *txn, struct imp_ledger *l, struct imp_diag *diag)
{
	enum imp_status st;

	txn->l = imp_db_hold(l);
	st = imp_db_run_plain(l, IMP_SQL_BEGIN, diag);
	if (st == IMP_OK)
		st = read_head(l, diag);
	if (st != IMP_OK)
		imp_txn_end(txn);
	return st;
}

enum imp_status imp_ledger_look(struct imp_ledger *l, struct imp_diag *diag)
{
	enum imp_status st;

	(void)imp_db_hold(l);
	st = imp_db_run_plain(l, IMP_SQL_LOOK, diag);
	if (st != IMP_OK)
		imp_db_release(&l);
	return st;
}

void imp_ledger_look_end(struct imp_ledger *l)
{
	enum imp_status st = imp_db_run_plain(l, IMP_SQL_ROLLBACK, NULL);

	(void)st; /* nothing was written: there is nothing that could be lost */
	imp_db_release(&l);
}

enum imp_status imp_txn_commit(struct imp_txn *txn, struct imp_diag *diag)
{
	enum imp_status st = imp_db_run_plain(txn->l, IMP_SQL_COMMIT, diag);

	imp_txn_end(txn);
	return st;
}
