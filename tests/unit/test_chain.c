/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ledger verify` finds every change: each column of each row of each table is edited with a
 * connection of its own, each row removed, doubled and exchanged.  The control: edits that change
 * nothing are not found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "../fake/ledger_rig.h"
#include "ledger/chain.h"
#include "ledger/schema.h"

static struct ledger_rig rig;
static struct imp_blob original; /* the ledger as the program left it */

static void must(enum imp_status st)
{
	if (st != IMP_OK)
		fail_msg("%s", rig.diag.text);
}

/* Units in every state, several batches, a resume key that came and went. */
static void populate(void)
{
	IMP_BATCH b = { 0 };
	IMP_UNIT u = { 0 };

	ledger_rig_plan(&rig, "A", IMP_TARGET_FLASH, 4);
	ledger_rig_plan(&rig, "C", IMP_TARGET_CARD, 2);
	must(ledger_rig_make(&rig, "ep-A-0", "payload 0", 1));
	must(ledger_rig_make(&rig, "ep-A-1", "payload 1", 2));
	must(ledger_rig_make(&rig, "ep-A-2", "payload 2", 3));
	must(ledger_rig_make(&rig, "ep-C-0", "payload 3", 4));
	must(ledger_rig_flash(&rig, "ep-A-0", NULL));
	must(ledger_rig_flash(&rig, "ep-A-1", "torn"));
	must(ledger_rig_deliver(&rig, "ep-A-0", "payload 4", 5, "id-over-the-air"));
	must(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag));
	must(imp_ledger_scrap(rig.ledger, &b, "A-2", "dropped", &rig.diag));
	must(imp_ledger_unit_by_endpoint(rig.ledger, "ep-C-0", &u, &rig.diag));
	must(imp_ledger_card_bind(rig.ledger, u.id, "894607", &rig.diag));
	must(imp_ledger_card_written(rig.ledger, u.id, "894607", &rig.diag));
}

static int setup(void **state)
{
	(void)state;
	ledger_rig_open(&rig);
	populate();
	imp_ledger_close(rig.ledger); /* folds the WAL into the file */
	rig.ledger = NULL;
	must(imp_file_read(rig.path, (size_t)1 << 24, &original, &rig.diag));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	imp_blob_free(&original);
	ledger_rig_close(&rig);
	return 0;
}

/* ---- a changed copy ---------------------------------------------------------------------------
 */

static void restore(void)
{
	FILE *f = fopen(rig.path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(original.p, 1, original.n, f), original.n);
	assert_int_equal(fclose(f), 0);
}

/* A connection to a fresh copy.  Triggers are no obstacle to whoever can write the file: they are
 * taken away here and put back by raw_close(). */
static sqlite3 *raw_open(void)
{
	sqlite3 *db = NULL;

	restore();
	assert_int_equal(sqlite3_open(rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < imp_schema_n; i++) {
		char sql[64];

		if (strcmp(imp_schema[i].type, "trigger") != 0)
			continue;
		(void)snprintf(sql, sizeof sql, "DROP TRIGGER %s", imp_schema[i].name);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	return db;
}

static void raw_close(sqlite3 *db)
{
	for (size_t i = 0; i < imp_schema_n; i++)
		if (strcmp(imp_schema[i].type, "trigger") == 0)
			assert_int_equal(
				sqlite3_exec(db, imp_schema[i].sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum imp_status verify(const uint8_t *noted, struct imp_chain_head *head)
{
	struct imp_chain_head here;
	struct imp_ledger *l = NULL;
	enum imp_status st = imp_ledger_open(rig.path, false, &ledger_rig_clock, &l, &rig.diag);

	if (st == IMP_OK)
		st = imp_ledger_verify(l, noted, head ? head : &here, &rig.diag);
	imp_ledger_close(l);
	return st;
}

static void must_be_found(const char *what)
{
	rig.diag.text[0] = '\0';
	if (verify(NULL, NULL) != IMP_E_MISMATCH)
		fail_msg("not found: %s", what);
	assert_true(rig.diag.text[0] != '\0');
}

static void must_be_fine(const char *what)
{
	if (verify(NULL, NULL) != IMP_OK)
		fail_msg("%s: %s", what, rig.diag.text);
}

/* One statement on a fresh copy; how many rows it changed, -1 when SQLite refused it. */
static int tamper(const char *sql)
{
	sqlite3 *db = raw_open();
	int r = sqlite3_exec(db, sql, NULL, NULL, NULL), n = sqlite3_changes(db);

	raw_close(db);
	return r == SQLITE_OK ? n : -1;
}

/* ---- every column of every row ----------------------------------------------------------------
 */

static const char *const tables[] = { "batch", "unit", "sealed", "credential", "event" };
#define TABLES (sizeof tables / sizeof tables[0])

/* Names a row by its place; credential has no rowid. */
static const char *place(const char *table)
{
	if (strcmp(table, "credential") == 0)
		return "(unit, kind, value) = (SELECT unit, kind, value FROM credential ORDER BY"
		       " unit, kind, value LIMIT 1 OFFSET ?1)";
	if (strcmp(table, "sealed") == 0)
		return "unit = (SELECT unit FROM sealed ORDER BY unit LIMIT 1 OFFSET ?1)";
	return "id = (SELECT id FROM main ORDER BY id LIMIT 1 OFFSET ?1)";
}

static sqlite3_stmt *prepare_at(sqlite3 *db, const char *head, const char *table, int row)
{
	char sql[512];
	const char *where = place(table);
	const char *main_at = strstr(where, "main");
	sqlite3_stmt *stmt = NULL;

	if (main_at)
		(void)snprintf(sql, sizeof sql, "%s WHERE %.*s%s%s", head, (int)(main_at - where),
			where, table, main_at + 4);
	else
		(void)snprintf(sql, sizeof sql, "%s WHERE %s", head, where);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_bind_int(stmt, 1, row), SQLITE_OK);
	return stmt;
}

/* Bind to ?2 the k-th value that differs from the one in column 0 of was; false when there are no
 * more. */
static bool bind_other(sqlite3_stmt *stmt, sqlite3_stmt *was, int k)
{
	static uint8_t buf[8192];
	int type = sqlite3_column_type(was, 0), n = sqlite3_column_bytes(was, 0);

	assert_true(n < (int)sizeof buf - 1);
	if (type != SQLITE_INTEGER && n)
		memcpy(buf, sqlite3_column_blob(was, 0), (size_t)n);
	if (k == 0 && type != SQLITE_NULL)
		return sqlite3_bind_null(stmt, 2) == SQLITE_OK;
	if (type == SQLITE_INTEGER) {
		static const int64_t by[] = { 0, 1, -1, 1000 };

		return k < 4 && sqlite3_bind_int64(stmt, 2, sqlite3_column_int64(was, 0) + by[k]) ==
					SQLITE_OK;
	}
	if (type == SQLITE_TEXT) {
		buf[n] = k == 1 ? 'x' : '\0'; /* also one that only its length shows */
		if (k == 3 && n)
			buf[0] ^= 1;
		return k < (n ? 4 : 3) &&
		       sqlite3_bind_text(stmt, 2, (const char *)buf, k == 3 ? n : n + 1,
			       SQLITE_TRANSIENT) == SQLITE_OK;
	}
	if (type == SQLITE_BLOB) {
		buf[n] = 0;
		if (k == 2 && n)
			buf[n / 2] ^= 0x10;
		return k < 3 && sqlite3_bind_blob(stmt, 2, buf, k == 2 && n ? n : n + 1,
					SQLITE_TRANSIENT) == SQLITE_OK;
	}
	switch (k) {
	case 0:
		return sqlite3_bind_int(stmt, 2, 7) == SQLITE_OK;
	case 1:
		return sqlite3_bind_text(stmt, 2, "", 0, SQLITE_STATIC) == SQLITE_OK;
	case 2:
		return sqlite3_bind_zeroblob(stmt, 2, 0) == SQLITE_OK;
	default:
		return false;
	}
}

/* Try the k-th edit; 1 when SQLite took it (and it was found), 0 when it refused, -1 at the end. */
static int edit(const char *table, const char *column, int row, int k)
{
	sqlite3 *db = raw_open();
	char head[128], what[128];
	sqlite3_stmt *was, *stmt;
	bool more, taken = false;

	(void)snprintf(head, sizeof head, "SELECT %.31s FROM %s", column, table);
	was = prepare_at(db, head, table, row);
	assert_int_equal(sqlite3_step(was), SQLITE_ROW);
	(void)snprintf(head, sizeof head, "UPDATE %s SET %.31s = ?2", table, column);
	stmt = prepare_at(db, head, table, row);
	more = bind_other(stmt, was, k);
	sqlite3_finalize(was);
	if (more)
		taken = sqlite3_step(stmt) == SQLITE_DONE && sqlite3_changes(db) == 1;
	sqlite3_finalize(stmt);
	raw_close(db);
	if (!more)
		return -1;
	(void)snprintf(what, sizeof what, "%s.%.31s of row %d, edit %d", table, column, row, k);
	if (taken)
		must_be_found(what);
	else
		must_be_fine(what);
	return taken;
}

static int count(const char *sql)
{
	sqlite3 *db = raw_open();
	sqlite3_stmt *stmt = NULL;
	int n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	raw_close(db);
	return n;
}

static int rows_of(const char *table)
{
	char sql[64];

	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	return count(sql);
}

static int edit_column(const char *table, const char *column)
{
	int rows = rows_of(table), taken = 0;

	for (int row = 0; row < rows; row++)
		for (int k = 0, r; (r = edit(table, column, row, k)) >= 0; k++)
			taken += r;
	return taken;
}

static void every_column(void **state)
{
	int total = 0;

	(void)state;
	for (size_t i = 0; i < TABLES; i++) {
		char sql[128], columns[32][32];
		int n = 0;
		sqlite3 *db = raw_open();
		sqlite3_stmt *stmt = NULL;

		(void)snprintf(
			sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", tables[i]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		for (; sqlite3_step(stmt) == SQLITE_ROW && n < 32; n++)
			(void)snprintf(columns[n], sizeof columns[n], "%s",
				(const char *)sqlite3_column_text(stmt, 0));
		sqlite3_finalize(stmt);
		raw_close(db);
		for (int c = 0; c < n; c++) {
			int taken = edit_column(tables[i], columns[c]);

			if (taken == 0)
				fail_msg("%s.%s was never edited", tables[i], columns[c]);
			total += taken;
		}
	}
	print_message("%d edits, each found\n", total);
}

/* ---- rows removed, added, exchanged -----------------------------------------------------------
 */

static void every_row_removed(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLES; i++) {
		int rows = rows_of(tables[i]);

		for (int row = 0; row < rows; row++) {
			sqlite3 *db = raw_open();
			char what[64];
			sqlite3_stmt *stmt;

			(void)snprintf(what, sizeof what, "DELETE FROM %s", tables[i]);
			stmt = prepare_at(db, what, tables[i], row);
			assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
			assert_int_equal(sqlite3_changes(db), 1);
			sqlite3_finalize(stmt);
			raw_close(db);
			(void)snprintf(what, sizeof what, "row %d of %s removed", row, tables[i]);
			must_be_found(what);
		}
	}
}

static const char *const frauds[] = {
	/* rows of nobody */
	"INSERT INTO unit (id, batch, line, serial, endpoint, iccid, fields, state) SELECT"
	" max(id) + 1, 1, 9, 'new', 'ep-new', '', '', 4 FROM unit",
	"INSERT INTO unit (id, batch, line, serial, endpoint, iccid, fields, state) VALUES"
	" (0, 1, 9, 'new', 'ep-new', '', '', 4)",
	"INSERT INTO batch SELECT 3, 'B', product, profile, profile_path, columns,"
	" profile_sha256, devices_sha256, inputs_sha256, keys, targets, test, created, not_before,"
	" seal, seal_file, data_key, resume, first, last FROM batch WHERE id = 1",
	"INSERT INTO credential (unit, kind, value, accounts, body) VALUES (1, 5, x'99', 1, x'')",
	"INSERT INTO credential (unit, kind, value, accounts, body) VALUES (99, 5, x'99', 1, x'')",
	"INSERT INTO sealed (unit, payload) VALUES (4, x'00')",
	"INSERT INTO sealed (unit, payload) VALUES (99, x'00')",
	"INSERT INTO event SELECT max(id) + 1, time, kind, batch, unit, state, digest, detail,"
	" prev, hash FROM event",
	"INSERT INTO event SELECT max(id) + 1, time, kind, batch, unit, state, digest, detail,"
	" hash, hash FROM event",
	"INSERT INTO event SELECT 0, time, kind, batch, unit, state, digest, detail, prev, hash"
	" FROM event WHERE id = 1",
	/* exchanged */
	"UPDATE unit SET id = -id; UPDATE unit SET id = CASE id WHEN -1 THEN 2 WHEN -2 THEN 1 ELSE"
	" -id END",
	"UPDATE event SET id = -id; UPDATE event SET id = CASE id WHEN -5 THEN 6 WHEN -6 THEN 5"
	" ELSE -id END",
	"UPDATE sealed SET payload = (SELECT payload FROM sealed WHERE unit = 2) WHERE unit = 1",
	"UPDATE credential SET unit = 3 - unit WHERE unit IN (1, 2) AND kind = 5",
	/* the record itself */
	"CREATE TABLE more (a)",
	"CREATE TRIGGER quiet AFTER INSERT ON event BEGIN SELECT 1; END",
	"CREATE INDEX faster ON event (unit)",
	"CREATE VIEW unit_view AS SELECT * FROM unit",
	"DELETE FROM event WHERE id > 3",
	"DELETE FROM event",
};

static void frauds_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof frauds / sizeof frauds[0]; i++) {
		if (tamper(frauds[i]) < 0)
			fail_msg("refused by SQLite: %s", frauds[i]);
		must_be_found(frauds[i]);
	}
}

static void missing_trigger(void **state)
{
	sqlite3 *db = raw_open();

	(void)state;
	raw_close(db);
	assert_int_equal(sqlite3_open(rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TRIGGER event_stays", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	must_be_found("a trigger removed");
}

/* The control: what changes nothing is not found, so that a verify that always cries would fail. */
static void harmless(void **state)
{
	static const char *const same[] = { "UPDATE unit SET state = state",
		"UPDATE credential SET body = body, value = value", "UPDATE event SET hash = hash",
		"UPDATE unit SET state = 5 WHERE id = 1; UPDATE unit SET state = 4 WHERE id = 1",
		"VACUUM", "ANALYZE" };

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		assert_true(tamper(same[i]) >= 0);
		must_be_fine(same[i]);
	}
}

/* The first bad row is named. */
static void names_the_row(void **state)
{
	(void)state;
	assert_true(tamper("UPDATE unit SET serial = 'Z' WHERE id = 3") == 1);
	must_be_found("serial");
	assert_non_null(strstr(rig.diag.text, "unit 3"));
	assert_true(tamper("UPDATE event SET time = 5 WHERE id IN (4, 7)") == 2);
	must_be_found("time");
	assert_non_null(strstr(rig.diag.text, "event 4"));
	assert_true(tamper("UPDATE batch SET name = 'Z' WHERE id = 2") == 1);
	must_be_found("name");
	assert_non_null(strstr(rig.diag.text, "batch 2"));
}

/* ---- heads noted earlier ----------------------------------------------------------------------
 */

static void heads(void **state)
{
	struct imp_chain_head early, late;
	struct imp_batch b = { 0 };
	uint64_t n;

	(void)state;
	restore();
	must(verify(NULL, &early));
	must(imp_ledger_open(rig.path, false, &ledger_rig_clock, &rig.ledger, &rig.diag));
	must(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag));
	must(imp_ledger_retry(rig.ledger, &b, "A-1", &n, &rig.diag));
	imp_batch_free(&b);
	imp_ledger_close(rig.ledger);
	rig.ledger = NULL;
	must(verify(early.hash, &late));
	assert_int_equal(late.events, early.events + 1);
	must(verify(late.hash, NULL));

	/* the whole file taken back: sound in itself, and only the noted head tells */
	restore();
	must(verify(NULL, NULL));
	assert_int_equal(verify(late.hash, NULL), IMP_E_MISMATCH);
	assert_non_null(strstr(rig.diag.text, "noted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless),
		cmocka_unit_test(every_column),
		cmocka_unit_test(every_row_removed),
		cmocka_unit_test(frauds_found),
		cmocka_unit_test(missing_trigger),
		cmocka_unit_test(names_the_row),
		cmocka_unit_test(heads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
