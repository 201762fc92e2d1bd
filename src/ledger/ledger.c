/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and making a ledger. */
#include "ledger/chain.h"
#include "ledger/db.h"
#include "ledger/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_nsec / 1000U;
}

/*
 * Waits of 0.2 to 1 ms by chance.  SQLite's own handler waits longer each time, up to 100 ms, and
 * starves one process while the others pass.
 */
static int wait_a_little(void *ctx, int count)
{
	struct imp_ledger *l = ctx;
	struct timespec t = { 0, 0 };

	if (count == 0)
		l->waiting_since_us = now_us();
	else if (now_us() - l->waiting_since_us > (uint64_t)IMP_LEDGER_BUSY_MS * 1000U)
		return 0;
	l->jitter = l->jitter * 6364136223846793005U + 1442695040888963407U;
	t.tv_nsec = 200000 + (long)((l->jitter >> 33) % 800000U);
	(void)nanosleep(&t, NULL);
	return 1;
}

/* The file as such, before SQLite sees it: mode 0600 from the first moment, and one clear message
 * for what is not a file. */
static enum imp_status make_file(const char *path, bool create, struct imp_diag *diag)
{
	struct stat sb;
	int fd;

	if (stat(path, &sb) == 0) {
		if (!S_ISREG(sb.st_mode))
			return imp_diag(diag, IMP_E_FORMAT, "%s: not a ledger: not a file", path);
		/* SQLite would open it for reading, and leave files beside it. */
		if (create && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
			return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
		return IMP_OK;
	}
	if (errno != ENOENT)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	if (!create) {
		(void)imp_diag(diag, IMP_E_ABSENT, "%s: there is no ledger here", path);
		imp_diag_hint(diag, "'imprint batch new' makes one");
		return IMP_E_ABSENT;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && (errno != EEXIST || access(path, F_OK) != 0))
		return imp_diag(
			diag, IMP_E_IO, "%s: cannot make a ledger: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return IMP_OK;
}

static enum imp_status exec(struct imp_ledger *l, const char *sql, struct imp_diag *diag)
{
	if (sqlite3_exec(l->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return imp_db_error(l, diag);
	return IMP_OK;
}

static enum imp_status read_int(
	struct imp_ledger *l, const char *sql, int64_t *out, struct imp_diag *diag)
{
	sqlite3_stmt *stmt = NULL;
	enum imp_status st = IMP_OK;

	if (sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return imp_db_error(l, diag);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		st = imp_db_error(l, diag);
	(void)sqlite3_finalize(stmt);
	return st;
}

static enum imp_status create_schema(struct imp_ledger *l, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	char pragma[128];
	enum imp_status st = exec(l, "BEGIN IMMEDIATE", diag);
	int64_t version = 0;

	if (st != IMP_OK)
		return st;
	txn.l = imp_db_hold(l);
	st = read_int(l, "PRAGMA user_version", &version, diag);
	if (st != IMP_OK || version != 0) /* another process was faster */
		return st;
	for (size_t i = 0; i < imp_schema_n && st == IMP_OK; i++)
		st = exec(l, imp_schema[i].sql, diag);
	(void)snprintf(pragma, sizeof pragma,
		"PRAGMA application_id = %d; PRAGMA user_version = %d", IMP_LEDGER_APPLICATION,
		IMP_LEDGER_SCHEMA);
	if (st == IMP_OK)
		st = exec(l, pragma, diag);
	if (st == IMP_OK)
		st = imp_event_add(l,
			&(struct imp_event_new){ .kind = IMP_EVENT_CREATED, .detail = "{}" }, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

static enum imp_status check_kind(struct imp_ledger *l, bool *empty, struct imp_diag *diag)
{
	int64_t application = 0, version = 0, tables = 0;
	enum imp_status st = read_int(l, "PRAGMA application_id", &application, diag);

	if (st == IMP_OK)
		st = read_int(l, "PRAGMA user_version", &version, diag);
	if (st == IMP_OK)
		st = read_int(l, "SELECT count(*) FROM sqlite_schema", &tables, diag);
	if (st != IMP_OK)
		return st;
	*empty = application == 0 && version == 0 && tables == 0;
	if (!*empty && application != IMP_LEDGER_APPLICATION)
		return imp_diag(diag, IMP_E_FORMAT, "%s: a database, but not a ledger", l->path);
	if (version > IMP_LEDGER_SCHEMA) {
		(void)imp_diag(diag, IMP_E_UNSUPPORTED,
			"%s: ledger version %lld, this program knows version %d", l->path,
			(long long)version, IMP_LEDGER_SCHEMA);
		imp_diag_hint(diag, "use the imprint that wrote it, or a newer one");
		return IMP_E_UNSUPPORTED;
	}
	if (!*empty && version < 1)
		return imp_diag(diag, IMP_E_MISMATCH, "%s: its version was changed to %lld",
			l->path, (long long)version);
	return IMP_OK;
}

static enum imp_status prepare(struct imp_ledger *l, bool create, struct imp_diag *diag)
{
	bool empty = false;
	enum imp_status st = check_kind(l, &empty, diag);

	if (st != IMP_OK)
		return st;
	if (empty && !create)
		return imp_diag(diag, IMP_E_FORMAT, "%s: an empty file, not a ledger", l->path);
	st = exec(l,
		"PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
		"PRAGMA cache_size = -65536",
		diag);
	if (st == IMP_OK && !l->frozen)
		st = exec(l,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 8000",
			diag);
	return st == IMP_OK && empty ? create_schema(l, diag) : st;
}

static enum imp_status init_mutex(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	int err;

	if (pthread_mutexattr_init(&attr) != 0)
		return IMP_E_INTERNAL;
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	err = pthread_mutex_init(mutex, &attr);
	(void)pthread_mutexattr_destroy(&attr);
	return err ? IMP_E_INTERNAL : IMP_OK;
}

static struct imp_ledger *new_handle(const char *path, const struct imp_clock *clock)
{
	struct imp_ledger *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->clock = clock;
	l->jitter = now_us() ^ ((uint64_t)getpid() << 32);
	l->path = strdup(path);
	if (!l->path || imp_sha256_open(&l->sha) != IMP_OK || init_mutex(&l->mutex) != IMP_OK) {
		imp_sha256_close(l->sha);
		free(l->path);
		free(l);
		return NULL;
	}
	return l;
}

static enum imp_status connect_to(struct imp_ledger *l, struct imp_diag *diag)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	char *uri = l->frozen ? imp_frozen_uri(l) : NULL;
	int code = SQLITE_NOMEM;

	/* From the root, ":memory:" and "file:..." are names like others. */
	if (!l->frozen)
		code = sqlite3_open_v2(l->file, &l->db, flags | SQLITE_OPEN_READWRITE, NULL);
	else if (uri)
		code = sqlite3_open_v2(
			uri, &l->db, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	free(uri);
	if (code == SQLITE_OK)
		return IMP_OK;
	return l->db ? imp_db_error(l, diag) : imp_diag(diag, IMP_E_INTERNAL, "out of memory");
}

enum imp_status imp_ledger_open(const char *path, bool create, const struct imp_clock *clock,
	struct imp_ledger **out, struct imp_diag *diag)
{
	IMP_LEDGER *l = NULL;
	enum imp_status st = make_file(path, create, diag);

	if (st != IMP_OK)
		return st;
	l = new_handle(path, clock);
	if (!l)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	l->file = realpath(path, NULL);
	if (!l->file)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	st = imp_frozen_look(l, diag);
	if (st == IMP_OK)
		st = connect_to(l, diag);
	if (st != IMP_OK)
		return st;
	(void)sqlite3_busy_handler(l->db, wait_a_little, l);
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	st = prepare(l, create, diag);
	if (st == IMP_E_IO)
		imp_frozen_explain(l, diag);
	if (st != IMP_OK)
		return st;
	*out = l;
	l = NULL;
	return IMP_OK;
}

void imp_ledger_close(struct imp_ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < IMP_SQL_COUNT; i++)
		(void)sqlite3_finalize(l->stmts[i]);
	(void)sqlite3_close(l->db);
	imp_sha256_close(l->sha);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l->path);
	free(l->file);
	free(l);
}

void imp_ledger_closep(struct imp_ledger **ledger)
{
	imp_ledger_close(*ledger);
}

const char *imp_ledger_path(const struct imp_ledger *l)
{
	return l->path;
}
