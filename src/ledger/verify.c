/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a whole ledger: the chain first, then every row against the last event that speaks of it.
 */
#include "ledger/digest.h"
#include "ledger/schema.h"

#include <stdlib.h>
#include <string.h>

/* The last digest of each unit and batch, by identifier (from 1 on without gaps). */
struct latest {
	uint8_t (*v)[IMP_SHA256];
	bool *seen;
	int64_t n;
};

struct walk {
	struct imp_ledger *l;
	struct imp_diag *diag;
	struct latest units, batches;
	const uint8_t *noted;
	bool found;
	int64_t events;
	uint8_t hash[IMP_SHA256];
};

static void latest_free(struct latest *t)
{
	free(t->v);
	free(t->seen);
}

static void walk_free(struct walk *w)
{
	latest_free(&w->units);
	latest_free(&w->batches);
}

static enum imp_status latest_alloc(struct latest *t, int64_t n)
{
	t->n = n;
	t->v = calloc((size_t)n + 1, sizeof *t->v);
	t->seen = calloc((size_t)n + 1, sizeof *t->seen);
	return t->v && t->seen ? IMP_OK : IMP_E_INTERNAL;
}

/* ---- statements that run once -----------------------------------------------------------------
 */

static void finalize(sqlite3_stmt **stmt)
{
	(void)sqlite3_finalize(*stmt);
}
#define ONCE __attribute__((cleanup(finalize))) sqlite3_stmt *

static enum imp_status query(struct walk *w, const char *sql, sqlite3_stmt **stmt)
{
	if (sqlite3_prepare_v2(w->l->db, sql, -1, stmt, NULL) != SQLITE_OK)
		return imp_db_error(w->l, w->diag);
	return IMP_OK;
}

static enum imp_status bad(struct walk *w, const char *what, int64_t id, const char *why)
{
	return imp_diag(
		w->diag, IMP_E_MISMATCH, "%s: %s %lld %s", w->l->path, what, (long long)id, why);
}

/* ---- the file itself ---------------------------------------------------------------------------
 */

static enum imp_status check_pages(struct walk *w)
{
	ONCE stmt = NULL;
	enum imp_status st = query(w, "PRAGMA integrity_check(1)", &stmt);

	if (st == IMP_OK)
		st = imp_db_row(w->l, stmt, w->diag);
	if (st != IMP_OK)
		return st == IMP_E_ABSENT ? IMP_OK : st;
	if (strcmp(imp_db_column_text(stmt, 0), "ok") == 0)
		return IMP_OK;
	return imp_diag(w->diag, IMP_E_MISMATCH, "%s: damaged: %s", w->l->path,
		imp_db_column_text(stmt, 0));
}

static bool known_part(sqlite3_stmt *stmt)
{
	for (size_t i = 0; i < imp_schema_n; i++)
		if (strcmp(imp_schema[i].type, imp_db_column_text(stmt, 0)) == 0 &&
			strcmp(imp_schema[i].name, imp_db_column_text(stmt, 1)) == 0)
			return strcmp(imp_schema[i].sql, imp_db_column_text(stmt, 2)) == 0;
	return false;
}

static enum imp_status check_schema(struct walk *w)
{
	ONCE stmt = NULL;
	size_t n = 0;
	enum imp_status st = query(w,
		"SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE"
		" '\\'",
		&stmt);

	while (st == IMP_OK && (st = imp_db_row(w->l, stmt, w->diag)) == IMP_OK) {
		if (!known_part(stmt))
			return imp_diag(w->diag, IMP_E_MISMATCH, "%s: %s '%s' was changed or added",
				w->l->path, imp_db_column_text(stmt, 0),
				imp_db_column_text(stmt, 1));
		n++;
	}
	if (st != IMP_E_ABSENT)
		return st;
	if (n != imp_schema_n)
		return imp_diag(w->diag, IMP_E_MISMATCH,
			"%s: a table or trigger of the ledger is missing", w->l->path);
	return IMP_OK;
}

/* ---- the chain ---------------------------------------------------------------------------------
 */

static enum imp_status note_latest(
	struct walk *w, struct latest *t, const char *what, int64_t id, const struct imp_event *e)
{
	if (id < 1 || id > t->n)
		return imp_diag(w->diag, IMP_E_MISMATCH, "%s: %s %lld of event %lld was removed",
			w->l->path, what, (long long)id, (long long)e->id);
	memcpy(t->v[id], e->digest.p, IMP_SHA256);
	t->seen[id] = true;
	return IMP_OK;
}

static enum imp_status check_event(struct walk *w, const struct imp_event *e)
{
	uint8_t hash[IMP_SHA256];
	enum imp_status st;

	if (e->id != w->events + 1)
		return bad(w, "event", w->events + 1, "was removed");
	if (e->digest.n != IMP_SHA256 || e->prev.n != IMP_SHA256 || e->hash.n != IMP_SHA256)
		return bad(w, "event", e->id, "was changed");
	if (memcmp(e->prev.p, w->hash, IMP_SHA256) != 0)
		return bad(w, "event", e->id, "does not follow the one before it");
	st = imp_digest_event(w->l, e, hash, w->diag);
	if (st != IMP_OK)
		return st;
	if (memcmp(e->hash.p, hash, IMP_SHA256) != 0)
		return bad(w, "event", e->id, "was changed");
	w->events = e->id;
	memcpy(w->hash, hash, sizeof hash);
	if (w->noted && memcmp(hash, w->noted, sizeof hash) == 0)
		w->found = true;
	if (e->unit)
		return note_latest(w, &w->units, "unit", e->unit, e);
	return e->batch ? note_latest(w, &w->batches, "batch", e->batch, e) : IMP_OK;
}

static enum imp_status check_events(struct walk *w)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(w->l, IMP_SQL_EVENTS, &stmt, w->diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, INT64_MIN);
	while ((st = imp_db_row(w->l, stmt, w->diag)) == IMP_OK) {
		struct imp_event e = imp_event_of_row(stmt);

		st = check_event(w, &e);
		if (st != IMP_OK)
			return st;
	}
	if (st != IMP_E_ABSENT)
		return st;
	return w->events ? IMP_OK : bad(w, "event", 1, "was removed");
}

/* ---- rows against the chain -------------------------------------------------------------------
 */

static enum imp_status check_row(struct walk *w, const struct latest *t, const char *what,
	int64_t id, const uint8_t digest[static IMP_SHA256])
{
	if (!t->seen[id])
		return bad(w, what, id, "was added: no event speaks of it");
	if (memcmp(t->v[id], digest, IMP_SHA256) != 0)
		return bad(w, what, id, "or one of its credentials was changed, added or removed");
	return IMP_OK;
}

static enum imp_status check_batches(struct walk *w)
{
	uint8_t digest[IMP_SHA256];
	enum imp_status st = IMP_OK;

	for (int64_t id = 1; id <= w->batches.n && st == IMP_OK; id++) {
		st = imp_digest_batch(w->l, id, digest, w->diag);
		if (st == IMP_OK)
			st = check_row(w, &w->batches, "batch", id, digest);
		else if (st == IMP_E_ABSENT)
			st = bad(w, "batch", id, "was removed");
	}
	return st;
}

static enum imp_status check_units(struct walk *w)
{
	uint8_t digest[IMP_SHA256];
	enum imp_status st = IMP_OK;

	for (int64_t id = 1; id <= w->units.n && st == IMP_OK; id++) {
		st = imp_digest_unit(w->l, id, digest, NULL, w->diag);
		if (st == IMP_OK)
			st = check_row(w, &w->units, "unit", id, digest);
		else if (st == IMP_E_ABSENT)
			st = bad(w, "unit", id, "was removed");
	}
	return st;
}

/* Sealed payloads are not part of a unit's digest, their hashes are. */
static enum imp_status check_sealed(struct walk *w, const char *sql, const char *what)
{
	ONCE stmt = NULL;
	uint8_t hash[IMP_SHA256];
	enum imp_status st = query(w, sql, &stmt);

	while (st == IMP_OK && (st = imp_db_row(w->l, stmt, w->diag)) == IMP_OK) {
		struct imp_span noted = imp_db_column_blob(stmt, 1);

		st = imp_sha256(imp_db_column_blob(stmt, 2), hash);
		if (st == IMP_OK && !imp_span_eq(noted, imp_span(hash, sizeof hash)))
			return bad(w, what, sqlite3_column_int64(stmt, 0),
				"was changed, added or removed");
	}
	return st == IMP_E_ABSENT ? IMP_OK : st;
}

/* Rows that no unit owns. */
static enum imp_status check_orphans(struct walk *w, const char *sql, const char *what)
{
	ONCE stmt = NULL;
	enum imp_status st = query(w, sql, &stmt);

	if (st == IMP_OK)
		st = imp_db_row(w->l, stmt, w->diag);
	if (st == IMP_OK)
		return bad(
			w, what, sqlite3_column_int64(stmt, 0), "was added: there is no such unit");
	return st == IMP_E_ABSENT ? IMP_OK : st;
}

/* Identifiers are 1..n; anything else in the table is found here. */
static enum imp_status count_rows(
	struct walk *w, const char *sql, const char *what, struct latest *t)
{
	ONCE stmt = NULL;
	enum imp_status st = query(w, sql, &stmt);
	int64_t n, min, max;

	if (st == IMP_OK)
		st = imp_db_row(w->l, stmt, w->diag);
	if (st != IMP_OK)
		return st;
	n = sqlite3_column_int64(stmt, 0);
	min = sqlite3_column_int64(stmt, 1);
	max = sqlite3_column_int64(stmt, 2);
	if (n && (min != 1 || max != n))
		return imp_diag(w->diag, IMP_E_MISMATCH,
			"%s: %s numbers run from %lld to %lld for %lld rows: one was added or "
			"removed",
			w->l->path, what, (long long)min, (long long)max, (long long)n);
	if (latest_alloc(t, n) != IMP_OK)
		return imp_diag(w->diag, IMP_E_INTERNAL, "out of memory");
	return IMP_OK;
}

static enum imp_status walk(struct walk *w)
{
	enum imp_status st = check_pages(w);

	if (st == IMP_OK)
		st = check_schema(w);
	if (st == IMP_OK)
		st = count_rows(
			w, "SELECT count(*), min(id), max(id) FROM batch", "batch", &w->batches);
	if (st == IMP_OK)
		st = count_rows(
			w, "SELECT count(*), min(id), max(id) FROM unit", "unit", &w->units);
	if (st == IMP_OK)
		st = check_events(w);
	if (st == IMP_OK)
		st = check_batches(w);
	if (st == IMP_OK)
		st = check_units(w);
	if (st == IMP_OK)
		st = check_sealed(w,
			"SELECT id, sealed_sha256, payload FROM unit LEFT JOIN sealed ON unit = id"
			" WHERE sealed_sha256 IS NOT NULL OR payload IS NOT NULL ORDER BY id",
			"sealed payload of unit");
	if (st == IMP_OK)
		st = check_sealed(w,
			"SELECT id, delivery_sha256, payload FROM unit LEFT JOIN delivery ON unit "
			"= id"
			" WHERE delivery_sha256 IS NOT NULL OR payload IS NOT NULL ORDER BY id",
			"delivery of unit");
	if (st == IMP_OK)
		st = check_orphans(w,
			"SELECT unit FROM credential WHERE unit NOT IN (SELECT id FROM unit) LIMIT "
			"1",
			"credential of unit");
	if (st == IMP_OK)
		st = check_orphans(w,
			"SELECT unit FROM sealed WHERE unit NOT IN (SELECT id FROM unit) LIMIT 1",
			"sealed payload of unit");
	if (st == IMP_OK)
		st = check_orphans(w,
			"SELECT unit FROM delivery WHERE unit NOT IN (SELECT id FROM unit) LIMIT 1",
			"delivery of unit");
	if (st == IMP_OK && w->noted && !w->found)
		st = imp_diag(w->diag, IMP_E_MISMATCH,
			"%s: the head noted earlier is not in the chain: events were taken back",
			w->l->path);
	return st;
}

/* All of it against one state of the file, whoever writes meanwhile. */
static enum imp_status walk_snapshot(struct walk *w)
{
	enum imp_status st;

	if (sqlite3_exec(w->l->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return imp_db_error(w->l, w->diag);
	st = walk(w);
	(void)sqlite3_exec(w->l->db, "ROLLBACK", NULL, NULL, NULL);
	return st;
}

enum imp_status imp_ledger_verify(struct imp_ledger *l, const uint8_t noted[IMP_SHA256],
	struct imp_chain_head *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	struct walk w = { .l = l, .diag = diag, .noted = noted };
	enum imp_status st = walk_snapshot(&w), still;

	walk_free(&w);
	/* Where nothing holds a writer off, a ledger in the middle of a change is no forged one. */
	still = imp_frozen_still(l, st == IMP_OK || st == IMP_E_MISMATCH ? diag : NULL);
	if (still != IMP_OK && (st == IMP_OK || st == IMP_E_MISMATCH))
		return still;
	if (st != IMP_OK)
		return st;
	out->events = w.events;
	out->batches = w.batches.n;
	out->units = w.units.n;
	memcpy(out->hash, w.hash, sizeof out->hash);
	return IMP_OK;
}
