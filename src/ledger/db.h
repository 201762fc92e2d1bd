/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection behind a ledger: prepared statements, transactions, SQLite's errors as
 * diagnoses.  Only files of this folder include it.
 */
#ifndef IMP_LEDGER_DB_H
#define IMP_LEDGER_DB_H

#include "ledger/ledger.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* Every statement that runs more than once; the texts are in db.c. */
enum imp_sql {
	IMP_SQL_BEGIN,
	IMP_SQL_LOOK,
	IMP_SQL_COMMIT,
	IMP_SQL_ROLLBACK,
	IMP_SQL_SAVE,
	IMP_SQL_SAVED,
	IMP_SQL_BACK,
	IMP_SQL_HEAD,
	IMP_SQL_EVENT_ADD,
	IMP_SQL_EVENTS,
	IMP_SQL_BATCH_ADD,
	IMP_SQL_BATCH_UNITS,
	IMP_SQL_BATCH_RESUME,
	IMP_SQL_BATCH_BY_ID,
	IMP_SQL_BATCH_BY_NAME,
	IMP_SQL_BATCH_NEXT,
	IMP_SQL_BATCH_COUNTS,
	IMP_SQL_BATCH_ROW,
	IMP_SQL_UNIT_ADD,
	IMP_SQL_UNIT_BY_ID,
	IMP_SQL_UNIT_BY_CREDENTIAL,
	IMP_SQL_UNITS,
	IMP_SQL_UNIT_ROW,
	IMP_SQL_UNIT_MADE,
	IMP_SQL_UNIT_FLASHED,
	IMP_SQL_UNIT_STATE,
	IMP_SQL_UNIT_ICCID,
	IMP_SQL_UNIT_FORGET,
	IMP_SQL_SEALED_ADD,
	IMP_SQL_SEALED_GET,
	IMP_SQL_SEALED_DROP,
	IMP_SQL_DELIVERY_ADD,
	IMP_SQL_DELIVERY_GET,
	IMP_SQL_DELIVERY_DROP,
	IMP_SQL_UNIT_DELIVERY,
	IMP_SQL_UNIT_DELIVERED,
	IMP_SQL_CREDENTIAL_ADD,
	IMP_SQL_CREDENTIAL_MERGE,
	IMP_SQL_CREDENTIAL_HOLDER,
	IMP_SQL_CREDENTIAL_DROP_KEYS,
	IMP_SQL_CREDENTIALS,
	IMP_SQL_COUNT
};

struct imp_ledger {
	sqlite3 *db;
	pthread_mutex_t mutex; /* recursive; held for each call, and from plan_begin to its end */
	char *path;	       /* as it was given, for messages */
	char *file;	 /* the same from the root and without links: one ledger has one lock */
	bool frozen;	 /* read as it lies, because nothing can be written there */
	struct stat lay; /* when it was opened so */
	const struct imp_clock *clock;
	struct imp_sha256 *sha;
	sqlite3_stmt *stmts[IMP_SQL_COUNT];
	uint64_t waiting_since_us, jitter; /* busy handler */
	/* The end of the chain, as this transaction sees it. */
	int64_t head;
	uint8_t head_hash[IMP_SHA256];
	/* Between plan_begin and plan_end. */
	int64_t plan_batch, plan_first, plan_last;
};

/* frozen.c: a ledger in a place that cannot be written, with the write-ahead log empty. */

/* Look whether it is one; IMP_E_IO when that cannot be told. */
IMP_MUST_CHECK enum imp_status imp_frozen_look(struct imp_ledger *l, struct imp_diag *diag);
/* The name by which SQLite reads it without a file beside it; freed by the caller, NULL: no memory.
 */
char *imp_frozen_uri(const struct imp_ledger *l);
/* IMP_E_DENIED when somebody who may write has changed it meanwhile. */
IMP_MUST_CHECK enum imp_status imp_frozen_still(const struct imp_ledger *l, struct imp_diag *diag);
/* It could not be opened: when that is for want of leave to write, say what lies there. */
void imp_frozen_explain(const struct imp_ledger *l, struct imp_diag *diag);

/* Hold the mutex until the end of the scope. */
struct imp_ledger *imp_db_hold(struct imp_ledger *l);
void imp_db_release(struct imp_ledger **l);
#define IMP_DB_HOLD(l) \
	__attribute__((cleanup(imp_db_release), unused)) struct imp_ledger *held_ = imp_db_hold(l)

/* Diagnose SQLite's last error. */
enum imp_status imp_db_error(struct imp_ledger *l, struct imp_diag *diag);

/* A statement ready for binding; reset at the end of the scope. */
void imp_db_stmt_done(sqlite3_stmt **stmt);
#define IMP_STMT __attribute__((cleanup(imp_db_stmt_done))) sqlite3_stmt *
IMP_MUST_CHECK enum imp_status imp_db_use(
	struct imp_ledger *l, enum imp_sql id, sqlite3_stmt **stmt, struct imp_diag *diag);

/* The next row: IMP_OK; IMP_E_ABSENT without a diagnosis at the end. */
IMP_MUST_CHECK enum imp_status imp_db_row(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_diag *diag);

/* Run a statement that gives no row. */
IMP_MUST_CHECK enum imp_status imp_db_run(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_diag *diag);

/* The same for a statement without parameters. */
IMP_MUST_CHECK enum imp_status imp_db_run_plain(
	struct imp_ledger *l, enum imp_sql id, struct imp_diag *diag);

/* Bindings by reference: what is bound outlives the run.  An empty blob is not NULL. */
void imp_db_int(sqlite3_stmt *stmt, int at, int64_t v);
void imp_db_text(sqlite3_stmt *stmt, int at, const char *text);
void imp_db_blob(sqlite3_stmt *stmt, int at, struct imp_span s);

/* Columns. */
struct imp_span imp_db_column_blob(sqlite3_stmt *stmt, int at);
const char *imp_db_column_text(sqlite3_stmt *stmt, int at);	  /* "" for NULL */
struct imp_span imp_db_column_octets(sqlite3_stmt *stmt, int at); /* text, NULs inside too */
/* Copy a text column; IMP_E_FORMAT when it does not fit. */
IMP_MUST_CHECK enum imp_status imp_db_copy_text(sqlite3_stmt *stmt, int at, char *out, size_t cap);

/* One transaction: begin takes the mutex and SQLite's write lock and reads the end of the chain;
 * without a commit the end of the scope rolls back. */
struct imp_txn {
	struct imp_ledger *l; /* NULL: none is open */
};
void imp_txn_end(struct imp_txn *txn);
#define IMP_TXN __attribute__((cleanup(imp_txn_end))) struct imp_txn
IMP_MUST_CHECK enum imp_status imp_txn_begin(
	struct imp_txn *txn, struct imp_ledger *l, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_txn_commit(struct imp_txn *txn, struct imp_diag *diag);

#endif
