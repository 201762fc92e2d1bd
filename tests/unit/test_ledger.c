/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: what it opens, what it refuses, what becomes of units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake/ledger_rig.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "ledger/chain.h"
#include "ledger/db.h"

#define FLASH IMP_TARGET_FLASH
#define CARD IMP_TARGET_CARD

static struct ledger_rig rig;

static int setup(void **state)
{
	(void)state;
	ledger_rig_open(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_rig_close(&rig);
	return 0;
}

static void must_verify(void)
{
	struct imp_chain_head head;

	if (imp_ledger_verify(rig.ledger, NULL, &head, &rig.diag) != IMP_OK)
		fail_msg("%s", rig.diag.text);
}

/* Run SQL on a file with a connection of our own. */
static void raw(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *err = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s: %s", sql, err);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

static enum imp_status try_open(const char *name, bool create)
{
	struct imp_ledger *l = NULL;
	enum imp_status st = imp_ledger_open(
		ledger_rig_path(&rig, name), create, &ledger_rig_clock, &l, &rig.diag);

	imp_ledger_close(l);
	if (st != IMP_OK)
		assert_non_null(strstr(rig.diag.text, name));
	return st;
}

static void put_file(const char *name, const char *text)
{
	assert_int_equal(
		imp_file_write(ledger_rig_path(&rig, name), imp_span_str(text), true, &rig.diag),
		IMP_OK);
}

static void opens(void **state)
{
	struct stat sb;

	(void)state;
	assert_int_equal(try_open("none.db", false), IMP_E_ABSENT);
	assert_int_equal(try_open("none.db", true), IMP_OK);
	assert_int_equal(try_open("none.db", false), IMP_OK);
	assert_int_equal(stat(ledger_rig_path(&rig, "none.db"), &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);

	assert_int_equal(mkdir(ledger_rig_path(&rig, "folder"), 0700), 0);
	assert_int_equal(try_open("folder", true), IMP_E_FORMAT);
	put_file("text", "this is no database, only text that is long enough to be read as one");
	assert_int_equal(try_open("text", true), IMP_E_FORMAT);
	put_file("empty", "");
	assert_int_equal(try_open("empty", false), IMP_E_FORMAT);
	raw(ledger_rig_path(&rig, "other.db"), "CREATE TABLE t (a)");
	assert_int_equal(try_open("other.db", true), IMP_E_FORMAT);
	assert_int_equal(try_open("no-such-folder/l.db", true), IMP_E_IO);
}

/* Names that SQLite knows another meaning of. */
static void names_are_files(void **state)
{
	static const char *const names[] = { ":memory:", "file:x.db?mode=memory", "a%20b",
		"l\nd\"'" };
	char *was = getcwd(NULL, 0);

	(void)state;
	assert_int_equal(chdir(rig.dir), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct imp_ledger *l = NULL;

		assert_int_equal(
			imp_ledger_open(names[i], true, &ledger_rig_clock, &l, &rig.diag), IMP_OK);
		imp_ledger_close(l);
		l = NULL;
		assert_int_equal(
			imp_ledger_open(names[i], false, &ledger_rig_clock, &l, &rig.diag), IMP_OK);
		assert_string_equal(imp_ledger_path(l), names[i]);
		imp_ledger_close(l);
	}
	assert_int_equal(chdir(was), 0);
	free(was);
}

static void link_to_nothing(void **state)
{
	(void)state;
	assert_int_equal(symlink("nowhere", ledger_rig_path(&rig, "dangling")), 0);
	assert_int_equal(try_open("dangling", true), IMP_E_IO);
}

static void version_taken_away(void **state)
{
	(void)state;
	assert_int_equal(try_open("older.db", true), IMP_OK);
	raw(ledger_rig_path(&rig, "older.db"), "PRAGMA user_version = 0");
	assert_int_equal(try_open("older.db", false), IMP_E_MISMATCH);
}

/* A format number or a table that is not there any more is damage, not a fault of the program. */
static void damaged_schema(void **state)
{
	struct imp_ledger *l = NULL;
	char text[64];
	int fd;

	(void)state;
	assert_int_equal(try_open("format.db", true), IMP_OK);
	fd = open(ledger_rig_path(&rig, "format.db"), O_WRONLY);
	assert_int_equal(pwrite(fd, "\x09", 1, 47), 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(try_open("format.db", false), IMP_E_MISMATCH);

	assert_int_equal(try_open("table.db", true), IMP_OK);
	raw(ledger_rig_path(&rig, "table.db"), "DROP TABLE credential");
	assert_int_equal(imp_ledger_open(ledger_rig_path(&rig, "table.db"), false,
				 &ledger_rig_clock, &l, &rig.diag),
		IMP_OK);
	assert_int_equal(imp_ledger_holder(l, IMP_CRED_ENDPOINT, imp_span_str("ep"), text,
				 sizeof text, &rig.diag),
		IMP_E_MISMATCH);
	imp_ledger_close(l);
}

static void newer_version(void **state)
{
	(void)state;
	assert_int_equal(try_open("newer.db", true), IMP_OK);
	raw(ledger_rig_path(&rig, "newer.db"), "PRAGMA user_version = 7");
	assert_int_equal(try_open("newer.db", false), IMP_E_UNSUPPORTED);
	assert_non_null(strstr(rig.diag.text, "version 7"));
	assert_non_null(strstr(rig.diag.text, "version 1"));
	assert_int_equal(imp_status_exit(IMP_E_UNSUPPORTED), 3);
}

static void marks_of_the_file(void **state)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(rig.path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(stmt, 0), 0x494D504C);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "wal");
	sqlite3_finalize(stmt);
	/* events stay, whoever asks */
	assert_int_not_equal(sqlite3_exec(db, "DELETE FROM event", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(
		sqlite3_exec(db, "UPDATE event SET time = 0", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- planning ---------------------------------------------------------------------------------
 */

struct clash {
	const char *product, *serial, *endpoint, *iccid, *identity;
	enum imp_status want;
	const char *names; /* in the message */
};

static const struct clash clashes[] = {
	{ "meter", "N-9", "ep-9", "89", "id-9", IMP_OK, NULL },
	{ "meter", "A-0", "ep-9", "", "id-9", IMP_E_DENIED, "serial 'A-0'" },
	{ "pump", "A-0", "ep-9", "", "id-9", IMP_OK, NULL }, /* of another product */
	{ "meter", "N-9", "ep-A-0", "", "id-9", IMP_E_DENIED, "endpoint 'ep-A-0'" },
	{ "meter", "N-9", "ep-9", "", "id-A-1", IMP_E_DENIED, "psk-identity 'id-A-1'" },
	{ "meter", "N-9", "ep-9", "894607", "id-9", IMP_E_DENIED, "iccid '894607'" },
};

static void clash_row(const struct clash *row)
{
	IMP_BATCH b = { 0 };
	struct imp_batch_counts counts;
	enum imp_status st;

	ledger_rig_batch(&rig, "N", FLASH, &b);
	free(b.product);
	b.product = strdup(row->product);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_OK);
	st = ledger_rig_unit(&rig, &b, row->serial, row->endpoint, row->iccid, row->identity);
	if (st != row->want)
		fail_msg("%s %s: %d", row->serial, row->endpoint, st);
	if (row->names && !strstr(rig.diag.text, row->names))
		fail_msg("'%s' is not in: %s", row->names, rig.diag.text);
	if (row->names)
		assert_non_null(strstr(rig.diag.text, "of batch 'A'"));
	/* a refused unit leaves nothing, so that the next one goes on */
	assert_int_equal(ledger_rig_unit(&rig, &b, "free", "ep-free", "", ""), IMP_OK);
	assert_int_equal(imp_ledger_batch_counts(rig.ledger, b.id, &counts, &rig.diag), IMP_OK);
	imp_ledger_plan_abort(rig.ledger);
}

static void unique_over_batches(void **state)
{
	IMP_BATCH b = { 0 };

	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 2);
	ledger_rig_batch(&rig, "C", CARD, &b);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_unit(&rig, &b, "C-0", "ep-C-0", "894607", "id-C-0"), IMP_OK);
	assert_int_equal(imp_ledger_plan_end(rig.ledger, &rig.diag), IMP_OK);
	for (size_t i = 0; i < sizeof clashes / sizeof clashes[0]; i++)
		if (i != 5)
			clash_row(&clashes[i]);
	must_verify();
}

static void abort_leaves_nothing(void **state)
{
	IMP_BATCH b = { 0 };
	IMP_BATCH found = { 0 };

	(void)state;
	ledger_rig_batch(&rig, "gone", FLASH, &b);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_unit(&rig, &b, "1", "ep", "", "id"), IMP_OK);
	assert_int_equal(
		imp_resume_create(rig.ledger, imp_rng_openssl(), &rig.data_key, &b, &rig.diag),
		IMP_OK);
	assert_int_equal(access(ledger_rig_path(&rig, "ledger.db.resume/1.key"), F_OK), 0);
	imp_ledger_plan_abort(rig.ledger);
	assert_int_not_equal(access(ledger_rig_path(&rig, "ledger.db.resume/1.key"), F_OK), 0);
	assert_int_equal(imp_ledger_batch(rig.ledger, "gone", &found, &rig.diag), IMP_E_ABSENT);
	ledger_rig_plan(&rig, "gone", FLASH, 1);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "'gone'"));
	must_verify();
}

static enum imp_status count_accounts(void *ctx, const struct imp_cred *c)
{
	if (c->kind == IMP_CRED_PSK_IDENTITY)
		*(uint64_t *)ctx = c->accounts;
	return IMP_OK;
}

/* One unit may use one identity towards several servers. */
static void identity_of_two_accounts(void **state)
{
	IMP_BATCH b = { 0 };
	IMP_UNIT u = { .serial = "1", .endpoint = "ep" };
	uint64_t accounts = 0;
	struct imp_cred c[2] = {
		{ .kind = IMP_CRED_PSK_IDENTITY, .accounts = 1, .value = imp_span_str("id") },
		{ .kind = IMP_CRED_PSK_IDENTITY, .accounts = 4, .value = imp_span_str("id") },
	};

	(void)state;
	u.fields = strdup("1");
	ledger_rig_batch(&rig, "A", FLASH, &b);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_plan_unit(rig.ledger, &b, &u, c, 2, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_plan_end(rig.ledger, &rig.diag), IMP_OK);
	assert_int_equal(
		imp_ledger_credentials(rig.ledger, u.id, count_accounts, &accounts, &rig.diag),
		IMP_OK);
	assert_int_equal(accounts, 5);
	must_verify();
}

/* ---- what becomes of units --------------------------------------------------------------------
 */

static void flash_way(void **state)
{
	IMP_UNIT u = { 0 };
	struct imp_batch_counts counts;

	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 4);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "payload 0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "payload 1", 2), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-2", "payload 2", 3), IMP_OK);
	/* never a second key */
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "payload 9", 9), IMP_E_DENIED);
	assert_int_equal(ledger_rig_flash(&rig, "ep-A-0", NULL), IMP_OK);
	assert_int_equal(ledger_rig_flash(&rig, "ep-A-1", "read back differs"), IMP_OK);
	assert_int_equal(ledger_rig_flash(&rig, "ep-A-3", NULL), IMP_E_DENIED); /* no keys */
	assert_int_equal(ledger_rig_flash(&rig, "ep-A-0", NULL), IMP_E_DENIED); /* released */
	assert_int_equal(imp_ledger_batch_counts(rig.ledger, 1, &counts, &rig.diag), IMP_OK);
	assert_int_equal(counts.total, 4);
	assert_int_equal(counts.state[IMP_UNIT_RELEASED], 1);
	assert_int_equal(counts.state[IMP_UNIT_FAILED], 1);
	assert_int_equal(counts.state[IMP_UNIT_MADE], 1);
	assert_int_equal(counts.state[IMP_UNIT_PLANNED], 1);
	assert_int_equal(counts.open, 3);
	assert_int_equal(imp_ledger_unit_by_serial(rig.ledger, 1, "A-1", &u, &rig.diag), IMP_OK);
	assert_string_equal(u.reason, "read back differs");
	must_verify();
}

static void collision_fails_one(void **state)
{
	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 2);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "payload 0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "payload 1", 1), IMP_E_DENIED);
	assert_int_equal(ledger_rig_state(&rig, "ep-A-1"), IMP_UNIT_FAILED);
	must_verify();
	{
		IMP_BATCH b = { 0 };
		uint64_t n = 0;

		assert_int_equal(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag), IMP_OK);
		assert_int_equal(imp_ledger_retry(rig.ledger, &b, NULL, &n, &rig.diag), IMP_OK);
		assert_int_equal(n, 1);
	}
	/* the keys went nowhere, so it is planned again and gets others */
	assert_int_equal(ledger_rig_state(&rig, "ep-A-1"), IMP_UNIT_PLANNED);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "payload 1", 2), IMP_OK);
	must_verify();
}

static void retry_and_scrap(void **state)
{
	IMP_BATCH b = { 0 };
	IMP_BLOB payload = { NULL, 0 };
	IMP_UNIT u = { 0 };
	uint64_t n = 0;

	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 2);
	assert_int_equal(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "payload 0", 1), IMP_OK);
	assert_int_equal(imp_ledger_retry(rig.ledger, &b, "A-0", &n, &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_retry(rig.ledger, &b, "no", &n, &rig.diag), IMP_E_ABSENT);
	assert_int_equal(ledger_rig_flash(&rig, "ep-A-0", "torn"), IMP_OK);
	assert_int_equal(imp_ledger_retry(rig.ledger, &b, "A-0", &n, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-A-0"), IMP_UNIT_MADE);
	/* the same keys */
	assert_int_equal(
		imp_ledger_open_unit(rig.ledger, "ep-A-0", NULL, &u, NULL, &payload, &rig.diag),
		IMP_OK);
	assert_true(imp_span_eq(imp_blob_span(&payload), imp_span_str("payload 0")));

	assert_int_equal(imp_ledger_scrap(rig.ledger, &b, "A-0", "dropped", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_scrap(rig.ledger, &b, "A-0", "again", &rig.diag), IMP_E_DENIED);
	imp_blob_free(&payload);
	imp_unit_free(&u);
	assert_int_equal(
		imp_ledger_open_unit(rig.ledger, "ep-A-0", NULL, &u, NULL, &payload, &rig.diag),
		IMP_E_DENIED);
	/* its key and its name stay taken */
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "payload 1", 1), IMP_E_DENIED);
	{
		IMP_BATCH next = { 0 };

		ledger_rig_batch(&rig, "B", FLASH, &next);
		assert_int_equal(imp_ledger_plan_begin(rig.ledger, &next, &rig.diag), IMP_OK);
		assert_int_equal(
			ledger_rig_unit(&rig, &next, "B-0", "ep-A-0", "", ""), IMP_E_DENIED);
		imp_ledger_plan_abort(rig.ledger);
	}
	must_verify();
}

/* ---- where nothing can be written -------------------------------------------------------------
 */

/* A frozen ledger is held by no lock: what changed under the walk is not taken for fraud. */
static void frozen_changes(void **state)
{
	struct imp_chain_head head;

	(void)state;
	ledger_rig_plan(&rig, "Z", FLASH, 2);
	assert_int_equal(imp_ledger_verify(rig.ledger, NULL, &head, &rig.diag), IMP_OK);
	rig.ledger->frozen = true;
	assert_int_equal(stat(rig.ledger->file, &rig.ledger->lay), 0);
	assert_int_equal(imp_ledger_verify(rig.ledger, NULL, &head, &rig.diag), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "while it was read"));
	rig.ledger->frozen = false;
	assert_int_equal(imp_ledger_verify(rig.ledger, NULL, &head, &rig.diag), IMP_OK);
}

/* ---- cards ------------------------------------------------------------------------------------
 */

static int64_t id_of(const char *endpoint)
{
	IMP_UNIT u = { 0 };

	assert_int_equal(imp_ledger_unit_by_endpoint(rig.ledger, endpoint, &u, &rig.diag), IMP_OK);
	return u.id;
}

static void card_way(void **state)
{
	int64_t a, b, f;

	(void)state;
	ledger_rig_plan(&rig, "C", CARD, 2);
	ledger_rig_plan(&rig, "F", FLASH, 1);
	a = id_of("ep-C-0");
	b = id_of("ep-C-1");
	f = id_of("ep-F-0");
	assert_int_equal(imp_ledger_card_bind(rig.ledger, a, "8946", &rig.diag), IMP_E_DENIED);
	assert_int_equal(ledger_rig_make(&rig, "ep-C-0", "p0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-C-1", "p1", 2), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-F-0", "p2", 3), IMP_OK);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, f, "8946", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_written(rig.ledger, a, "8946", &rig.diag), IMP_E_DENIED);
	/* Asking binds nothing. */
	assert_int_equal(imp_ledger_card_may_bind(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_may_bind(rig.ledger, a, "8947", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_written(rig.ledger, a, "8947", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_may_bind(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_may_bind(rig.ledger, a, "8947", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_may_bind(rig.ledger, b, "8946", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, a, "8947", &rig.diag), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "8946"));
	assert_int_equal(imp_ledger_card_bind(rig.ledger, b, "8946", &rig.diag), IMP_E_DENIED);
	assert_int_equal(ledger_rig_state(&rig, "ep-C-0"), IMP_UNIT_MADE);
	assert_int_equal(imp_ledger_card_written(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-C-0"), IMP_UNIT_WRITTEN);
	assert_int_equal(
		imp_ledger_card_may_rewrite(rig.ledger, a, "8946", &rig.diag), IMP_E_DENIED);
	assert_int_equal(
		imp_ledger_card_rewritten(rig.ledger, a, "8946", "{}", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_verified(rig.ledger, a, "8946", "{}", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_card_may_rewrite(rig.ledger, a, "8946", &rig.diag), IMP_OK);
	assert_int_equal(
		imp_ledger_card_may_rewrite(rig.ledger, a, "8947", &rig.diag), IMP_E_DENIED);
	assert_int_equal(
		imp_ledger_card_rewritten(rig.ledger, a, "8947", "{}", &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_card_rewritten(rig.ledger, a, "8946", "{}", &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-C-0"), IMP_UNIT_RELEASED);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, a, "8946", &rig.diag), IMP_E_DENIED);
	must_verify();
}

/* Both targets, in either order: released when the second is done. */
static void both_targets(void **state)
{
	IMP_BATCH b = { 0 };
	uint64_t n = 0;

	(void)state;
	ledger_rig_plan(&rig, "B", FLASH | CARD, 2);
	assert_int_equal(ledger_rig_make(&rig, "ep-B-0", "p0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-B-1", "p1", 2), IMP_OK);

	assert_int_equal(ledger_rig_flash(&rig, "ep-B-0", NULL), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-B-0"), IMP_UNIT_VERIFIED);
	assert_int_equal(imp_ledger_fail(rig.ledger, id_of("ep-B-0"), "torn", &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_batch(rig.ledger, "B", &b, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_retry(rig.ledger, &b, "B-0", &n, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-B-0"), IMP_UNIT_VERIFIED);
	assert_int_equal(imp_ledger_card_bind(rig.ledger, id_of("ep-B-0"), "1", &rig.diag), IMP_OK);
	assert_int_equal(
		imp_ledger_card_verified(rig.ledger, id_of("ep-B-0"), "1", "{}", &rig.diag),
		IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-B-0"), IMP_UNIT_RELEASED);

	assert_int_equal(imp_ledger_card_bind(rig.ledger, id_of("ep-B-1"), "2", &rig.diag), IMP_OK);
	assert_int_equal(
		imp_ledger_card_verified(rig.ledger, id_of("ep-B-1"), "2", "{}", &rig.diag),
		IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-B-1"), IMP_UNIT_VERIFIED);
	assert_int_equal(ledger_rig_flash(&rig, "ep-B-1", NULL), IMP_OK);
	assert_int_equal(ledger_rig_state(&rig, "ep-B-1"), IMP_UNIT_RELEASED);
	must_verify();
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static void wrong_keys(void **state)
{
	IMP_UNIT u = { 0 };
	IMP_BATCH b = { 0 };
	IMP_BLOB payload = { NULL, 0 };
	IMP_SECRET key = { { 0 }, 0 };

	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 2);
	assert_int_equal(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "p0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "p1", 2), IMP_OK);
	put_file("other.key", "0123456789abcdef0123456789abcdef");
	assert_int_equal(imp_ledger_data_key(rig.ledger, &b, ledger_rig_path(&rig, "other.key"),
				 &key, &rig.diag),
		IMP_E_REFUSED);
	assert_int_equal(imp_ledger_data_key(
				 rig.ledger, &b, ledger_rig_path(&rig, "no.key"), &key, &rig.diag),
		IMP_E_ABSENT);
	key = rig.data_key;
	key.b[0] ^= 1;
	assert_int_equal(imp_ledger_unit_by_endpoint(rig.ledger, "ep-A-0", &u, &rig.diag), IMP_OK);
	assert_int_equal(
		imp_ledger_unseal(rig.ledger, &u, &key, &payload, &rig.diag), IMP_E_MISMATCH);
	/* a payload is bound to its unit: not even an exchange between two of them opens */
	raw(rig.path, "UPDATE sealed SET payload = (SELECT payload FROM sealed WHERE unit = 2)"
		      " WHERE unit = 1");
	assert_int_equal(imp_ledger_unseal(rig.ledger, &u, &rig.data_key, &payload, &rig.diag),
		IMP_E_MISMATCH);
	assert_null(payload.p);
	raw(rig.path, "DELETE FROM sealed WHERE unit = 1");
	assert_int_equal(imp_ledger_unseal(rig.ledger, &u, &rig.data_key, &payload, &rig.diag),
		IMP_E_MISMATCH);
	assert_non_null(strstr(rig.diag.text, "gone"));
}

static void plan_with_resume(struct imp_batch *b)
{
	ledger_rig_batch(&rig, "R", FLASH, b);
	b->seal = IMP_BATCH_SEAL_CMS;
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_unit(&rig, b, "1", "ep-R", "", ""), IMP_OK);
	assert_int_equal(
		imp_resume_create(rig.ledger, imp_rng_openssl(), &rig.data_key, b, &rig.diag),
		IMP_OK);
	assert_int_equal(imp_ledger_plan_end(rig.ledger, &rig.diag), IMP_OK);
	imp_batch_free(b);
	assert_int_equal(imp_ledger_batch(rig.ledger, "R", b, &rig.diag), IMP_OK);
}

static void resume_key(void **state)
{
	IMP_BATCH b = { 0 };
	IMP_SECRET key = { { 0 }, 0 };
	struct stat sb;
	const char *file = "ledger.db.resume/1.key";

	(void)state;
	plan_with_resume(&b);
	assert_int_equal(stat(ledger_rig_path(&rig, file), &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(stat(ledger_rig_path(&rig, "ledger.db.resume"), &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0700);
	ledger_rig_reopen(&rig);
	assert_int_equal(imp_ledger_data_key(rig.ledger, &b, NULL, &key, &rig.diag), IMP_OK);
	assert_memory_equal(key.b, rig.data_key.b, IMP_DATA_KEY);

	/* kept while a unit is open */
	assert_int_equal(imp_resume_settle(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_equal(access(ledger_rig_path(&rig, file), F_OK), 0);
	assert_int_equal(imp_ledger_scrap(rig.ledger, &b, "1", "end of test", &rig.diag), IMP_OK);
	assert_int_equal(imp_resume_settle(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_not_equal(access(ledger_rig_path(&rig, file), F_OK), 0);
	imp_batch_free(&b);
	assert_int_equal(imp_ledger_batch(rig.ledger, "R", &b, &rig.diag), IMP_OK);
	assert_int_equal(b.resume.n, 0);
	assert_int_equal(imp_ledger_data_key(rig.ledger, &b, NULL, &key, &rig.diag), IMP_E_DENIED);
	must_verify();
}

/* Half a key file of a process that was killed goes with the next key; one of a live process stays.
 */
static void resume_key_half_made(void **state)
{
	IMP_BATCH b = { 0 };
	char dead[64], alive[64];
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)snprintf(dead, sizeof dead, "ledger.db.resume/.1.key.%ld.tmp", (long)pid);
	(void)snprintf(alive, sizeof alive, "ledger.db.resume/.1.key.%ld.tmp", (long)getppid());
	assert_int_equal(mkdir(ledger_rig_path(&rig, "ledger.db.resume"), 0700), 0);
	assert_int_equal(close(creat(ledger_rig_path(&rig, dead), 0600)), 0);
	assert_int_equal(close(creat(ledger_rig_path(&rig, alive), 0600)), 0);
	plan_with_resume(&b);
	assert_int_not_equal(access(ledger_rig_path(&rig, dead), F_OK), 0);
	assert_int_equal(access(ledger_rig_path(&rig, alive), F_OK), 0);

	assert_int_equal(unlink(ledger_rig_path(&rig, alive)), 0);
	assert_int_equal(close(creat(ledger_rig_path(&rig, dead), 0600)), 0);
	assert_int_equal(imp_ledger_scrap(rig.ledger, &b, "1", "end of test", &rig.diag), IMP_OK);
	assert_int_equal(imp_resume_settle(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_not_equal(access(ledger_rig_path(&rig, "ledger.db.resume"), F_OK), 0);
}

static void resume_key_missing(void **state)
{
	IMP_BATCH b = { 0 };
	IMP_SECRET key = { { 0 }, 0 };

	(void)state;
	plan_with_resume(&b);
	assert_int_equal(unlink(ledger_rig_path(&rig, "ledger.db.resume/1.key")), 0);
	assert_int_equal(imp_ledger_data_key(rig.ledger, &b, NULL, &key, &rig.diag), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "missing"));
}

/* ---- several at once --------------------------------------------------------------------------
 */

static void one_worker_per_batch(void **state)
{
	IMP_LEDGER *linked = NULL;
	IMP_BATCH a = { 0 };
	IMP_BATCH b = { 0 };
	int fd = -1, other = -1;

	(void)state;
	ledger_rig_plan(&rig, "A", FLASH, 1);
	ledger_rig_plan(&rig, "B", FLASH, 1);
	assert_int_equal(imp_ledger_batch(rig.ledger, "A", &a, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_batch(rig.ledger, "B", &b, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_lock(rig.ledger, &a, &fd, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_lock(rig.ledger, &a, &other, &rig.diag), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "'A'"));
	/* the same ledger by another name */
	assert_int_equal(symlink(rig.path, ledger_rig_path(&rig, "link")), 0);
	assert_int_equal(imp_ledger_open(ledger_rig_path(&rig, "link"), false, &ledger_rig_clock,
				 &linked, &rig.diag),
		IMP_OK);
	assert_int_equal(imp_ledger_lock(linked, &a, &other, &rig.diag), IMP_E_DENIED);
	assert_int_equal(imp_ledger_lock(rig.ledger, &b, &other, &rig.diag), IMP_OK);
	(void)close(other);
	(void)close(fd);
	assert_int_equal(imp_ledger_lock(rig.ledger, &a, &fd, &rig.diag), IMP_OK);
	(void)close(fd);
}

#define WORKERS 4
#define EACH 25

static void *make_some(void *arg)
{
	struct ledger_rig own = rig; /* the same ledger, a diagnosis of its own */
	size_t worker = *(size_t *)arg;

	for (size_t i = 0; i < EACH; i++) {
		char endpoint[32];
		size_t k = worker * EACH + i;

		(void)snprintf(endpoint, sizeof endpoint, "ep-T-%zu", k);
		if (ledger_rig_make(&own, endpoint, "p", (uint8_t)(k + 1)) != IMP_OK ||
			ledger_rig_flash(&own, endpoint, NULL) != IMP_OK)
			return (void *)1;
	}
	return NULL;
}

static void many_threads(void **state)
{
	pthread_t threads[WORKERS];
	size_t number[WORKERS];
	struct imp_batch_counts counts;

	(void)state;
	ledger_rig_plan(&rig, "T", FLASH, WORKERS * EACH);
	for (size_t i = 0; i < WORKERS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, make_some, &number[i]), 0);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		void *failed = NULL;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(imp_ledger_batch_counts(rig.ledger, 1, &counts, &rig.diag), IMP_OK);
	assert_int_equal(counts.state[IMP_UNIT_RELEASED], WORKERS * EACH);
	must_verify();
}

static void iccid_of_another_unit(void **state)
{
	IMP_BATCH b = { 0 };

	(void)state;
	ledger_rig_batch(&rig, "A", CARD, &b);
	assert_int_equal(imp_ledger_plan_begin(rig.ledger, &b, &rig.diag), IMP_OK);
	assert_int_equal(ledger_rig_unit(&rig, &b, "A-7", "ep-A-7", "894607", ""), IMP_OK);
	assert_int_equal(imp_ledger_plan_end(rig.ledger, &rig.diag), IMP_OK);
	clash_row(&clashes[5]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(opens),
		T(names_are_files),
		T(link_to_nothing),
		T(version_taken_away),
		T(damaged_schema),
		T(newer_version),
		T(marks_of_the_file),
		T(unique_over_batches),
		T(iccid_of_another_unit),
		T(abort_leaves_nothing),
		T(identity_of_two_accounts),
		T(flash_way),
		T(collision_fails_one),
		T(retry_and_scrap),
		T(frozen_changes),
		T(card_way),
		T(both_targets),
		T(wrong_keys),
		T(resume_key),
		T(resume_key_half_made),
		T(resume_key_missing),
		T(one_worker_per_batch),
		T(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
