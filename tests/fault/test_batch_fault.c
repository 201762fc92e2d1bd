/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `batch run` on a disk that fails: the n-th write, sync or rename fails, for every n, once or from
 * then on.  Afterwards the ledger verifies, whatever file was finished by then holds the keys that
 * the ledger knows, and the same command on a good disk completes.
 *
 * The calls of this process are taken here, SQLite's too: this program's symbols come before those
 * of the C library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/env.h"
#include "crypto/keycheck.h"
#include "crypto/rng.h"
#include "factory/commands.h"
#include "host/system.h"
#include "ledger/chain.h"

#define UNITS 6

/* ---- the disk ---------------------------------------------------------------------------------
 */

static atomic_long calls; /* since the last reset */
static long fail_at;	  /* 0: never */
static bool fail_on;	  /* from then on */
static int fail_errno;

/* Tell whether this call fails. */
static bool fails(void)
{
	long n = atomic_fetch_add(&calls, 1) + 1;

	if (!fail_at || n < fail_at || (n > fail_at && !fail_on))
		return false;
	errno = fail_errno;
	return true;
}

/* The C library's declarations name other parameters, or none. */
ssize_t write(int fd, const void *p, size_t n)
{
	return fails() ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fails() ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails() ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

int fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_syncfs, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails() ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return fails() ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* ---- the commands -----------------------------------------------------------------------------
 */

static char dir[64];
static struct imp_env env = {
	.clock = &imp_clock_system,
	.quiet = true,
	.no_progress = true,
	.keycheck = &imp_keycheck_openssl,
};

static const char *at(const char *name)
{
	static char path[8][160];
	static unsigned next;
	char *p = path[next++ % 8];

	(void)snprintf(p, sizeof path[0], "%s/%s", dir, name);
	return p;
}

/* Run a verb with pairs of option and value, NULL at the end. */
static enum imp_status run(const char *verb, const char *const *pairs)
{
	const struct imp_cmd *cmd = imp_batch_cmds;
	const char *values[16] = { NULL };
	struct imp_args args = { .values = values };

	while (strcmp(cmd->verb, verb) != 0)
		cmd++;
	args.opts = cmd->opts;
	for (; *pairs; pairs += 2)
		for (size_t i = 0; cmd->opts[i].name; i++)
			if (strcmp(cmd->opts[i].name, pairs[0]) == 0)
				values[i] = pairs[1];
	memset(&env.diag, 0, sizeof env.diag);
	return cmd->run(&env, &args);
}

static enum imp_status run_batch(void)
{
	const char *const pairs[] = { "ledger", at("l.db"), "batch", "b", "out", at("out"), "jobs",
		"1", NULL };

	return run("run", pairs);
}

/* ---- what must hold ---------------------------------------------------------------------------
 */

struct note {
	char name[64];
	uint8_t sha256[IMP_SHA256];
};

/* The finished files of the folder. */
static size_t note_files(struct note notes[static UNITS])
{
	DIR *d = opendir(at("out"));
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)) != NULL) {
		IMP_BLOB file = { NULL, 0 };
		char path[512];

		if (strstr(e->d_name, ".bin") == NULL || e->d_name[0] == '.')
			continue;
		assert_true(n < UNITS);
		(void)snprintf(path, sizeof path, "%s/%s", at("out"), e->d_name);
		assert_int_equal(imp_file_read(path, (size_t)1 << 20, &file, &env.diag), IMP_OK);
		(void)snprintf(notes[n].name, sizeof notes[n].name, "%.63s", e->d_name);
		assert_int_equal(imp_sha256(imp_blob_span(&file), notes[n++].sha256), IMP_OK);
	}
	if (d)
		(void)closedir(d);
	return n;
}

static bool leftovers(void)
{
	DIR *d = opendir(at("out"));
	const struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)) != NULL)
		found = found || (e->d_name[0] == '.' && strstr(e->d_name, ".tmp"));
	if (d)
		(void)closedir(d);
	return found;
}

static uint64_t released(void)
{
	IMP_LEDGER *l = NULL;
	struct imp_chain_head head;
	struct imp_batch_counts counts;

	assert_int_equal(imp_ledger_open(at("l.db"), false, env.clock, &l, &env.diag), IMP_OK);
	if (imp_ledger_verify(l, NULL, &head, &env.diag) != IMP_OK)
		fail_msg("fault %ld: %s", fail_at, env.diag.text);
	assert_int_equal(imp_ledger_batch_counts(l, 1, &counts, &env.diag), IMP_OK);
	assert_int_equal(counts.state[IMP_UNIT_FAILED], 0);
	return counts.state[IMP_UNIT_RELEASED];
}

/* Files noted at the fault that hold other octets now. */
static size_t changed(const struct note *before, size_t n)
{
	struct note after[UNITS];
	size_t m = note_files(after), bad = 0;

	for (size_t i = 0; i < n; i++) {
		bool same = false;

		for (size_t k = 0; k < m; k++)
			same = same ||
			       (strcmp(before[i].name, after[k].name) == 0 &&
				       memcmp(before[i].sha256, after[k].sha256, IMP_SHA256) == 0);
		bad += !same;
	}
	return bad;
}

/* ---- setting up -------------------------------------------------------------------------------
 */

static struct imp_blob planned; /* the ledger with the batch planned, no keys yet */

static void put_file(const char *name, const char *text)
{
	assert_int_equal(imp_file_write(at(name), imp_span_str(text), true, &env.diag), IMP_OK);
}

static void put_profile(void)
{
	char text[1024], *layout = realpath("flash-images/layouts/nor-4k.yaml", NULL);

	assert_non_null(layout);
	(void)snprintf(text, sizeof text,
		"product: meter\nendpoint: \"ep-{serial}\"\nkeys: persistent\naccounts:\n"
		"  - role: bootstrap\n    uri: coaps://bs.example.com:5684\n    security: psk\n"
		"    psk:\n      identity: \"id-{serial}\"\n      length: 16\n"
		"targets:\n  flash:\n    layout: %s\nseal:\n  station-key: station.key\n",
		layout);
	free(layout);
	put_file("p.yaml", text);
	put_file("station.key", "0123456789abcdef0123456789abcdef");
	put_file("d.csv", "serial\nS0\nS1\nS2\nS3\nS4\nS5\n");
}

static int setup(void **state)
{
	const char *pairs[9] = { "ledger", NULL, "profile", NULL, "devices", NULL, "name", "b" };

	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/imprint-fault-XXXXXX");
	assert_non_null(mkdtemp(dir));
	env.out = env.err = tmpfile();
	env.rng = imp_rng_openssl();
	put_profile();
	pairs[1] = at("l.db");
	pairs[3] = at("p.yaml");
	pairs[5] = at("d.csv");
	if (run("new", pairs) != IMP_OK)
		fail_msg("%s", env.diag.text);
	assert_int_equal(imp_file_read(at("l.db"), (size_t)1 << 24, &planned, &env.diag), IMP_OK);
	return 0;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	imp_blob_free(&planned);
	(void)fclose(env.out);
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

/* Back to the plan, with an empty folder. */
static void again(void)
{
	char cmd[400];

	fail_at = 0;
	(void)snprintf(
		cmd, sizeof cmd, "rm -rf %s %s-wal %s-shm", at("out"), at("l.db"), at("l.db"));
	assert_int_equal(system(cmd), 0);
	assert_int_equal(
		imp_file_write(at("l.db"), imp_blob_span(&planned), true, &env.diag), IMP_OK);
}

/* ---- the sweep --------------------------------------------------------------------------------
 */

/* Fail the n-th call; false when the run had fewer. */
static bool one_fault(long n, bool on, int number)
{
	struct note notes[UNITS];
	size_t finished;
	enum imp_status st;
	bool reached;

	again();
	fail_on = on;
	fail_errno = number;
	fail_at = n;
	atomic_store(&calls, 0);
	st = run_batch();
	reached = atomic_load(&calls) >= n;
	fail_at = 0;
	finished = note_files(notes);
	/* said to be done only when it is */
	if (st == IMP_OK)
		assert_int_equal(released(), UNITS);
	else
		assert_true(env.diag.text[0] != '\0');
	/* at the very end only SQLite tidies up, which may fail in silence */
	if (on && n <= 2 * UNITS)
		assert_int_not_equal(st, IMP_OK);
	assert_true(released() <= finished);
	st = run_batch();
	if (st != IMP_OK)
		fail_msg("rerun after fault %ld: %s", n, env.diag.text);
	assert_int_equal(released(), UNITS);
	assert_int_equal(changed(notes, finished), 0);
	assert_false(leftovers());
	return reached;
}

static void sweep(bool on, int number)
{
	long n = 1;

	while (one_fault(n, on, number))
		n++;
	print_message("%ld faults\n", n - 1);
	assert_true(n > 3 * UNITS); /* the calls were taken, SQLite's as well */
}

static void one_failure(void **state)
{
	(void)state;
	sweep(false, EIO);
}

static void disk_full(void **state)
{
	(void)state;
	sweep(true, ENOSPC);
}

/* The control: a ledger that forgets its keys while the files stay is noticed. */
static void forgetful(void **state)
{
	struct note notes[UNITS];
	char cmd[256];

	(void)state;
	again();
	assert_int_equal(run_batch(), IMP_OK);
	assert_int_equal(note_files(notes), UNITS);
	assert_int_equal(changed(notes, UNITS), 0);
	again();
	assert_int_equal(run_batch(), IMP_OK);
	assert_int_equal(changed(notes, UNITS), UNITS);
	(void)snprintf(cmd, sizeof cmd, "rm -f %s/out/S3.bin", dir);
	assert_int_equal(note_files(notes), UNITS);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(changed(notes, UNITS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forgetful),
		cmocka_unit_test(one_failure),
		cmocka_unit_test(disk_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
