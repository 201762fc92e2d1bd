/* SPDX-License-Identifier: Apache-2.0 */
/* Files: atomic, owner-only, nothing left behind when a write fails. */
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file.h"

static char dir[64];

/* The C library's call is taken here: a file system that cannot rename without replacing. */
static bool plain_rename_only;

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (!plain_rename_only || !flags)
		return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	errno = EINVAL;
	return -1;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/imprint-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

static const char *in_dir(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "w");

	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_dir(name), mode), 0);
}

static void written_files_are_whole_and_private(void **state)
{
	IMP_BLOB back = { NULL, 0 };
	struct stat sb;

	(void)state;
	assert_int_equal(imp_file_write(in_dir("a"), imp_span("hello", 5), false, NULL), IMP_OK);
	assert_int_equal(stat(in_dir("a"), &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(imp_file_read(in_dir("a"), 5, &back, NULL), IMP_OK);
	assert_memory_equal(back.p, "hello", 5);
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(in_dir("a")), 0);
}

static void existing_files_stay_unless_replaced(void **state)
{
	IMP_BLOB back = { NULL, 0 };
	struct imp_diag diag;

	(void)state;
	put("b", "old", 0644);
	assert_int_equal(
		imp_file_write(in_dir("b"), imp_span("new!", 4), false, &diag), IMP_E_DENIED);
	assert_non_null(strstr(diag.text, "exists already"));
	assert_int_equal(imp_file_read(in_dir("b"), 10, &back, NULL), IMP_OK);
	assert_int_equal(back.n, 3);
	imp_blob_free(&back);
	assert_int_equal(imp_file_write(in_dir("b"), imp_span("new!", 4), true, NULL), IMP_OK);
	assert_int_equal(imp_file_read(in_dir("b"), 10, &back, NULL), IMP_OK);
	assert_int_equal(back.n, 4);
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(in_dir("b")), 0);
}

static void file_systems_without_a_careful_rename(void **state)
{
	plain_rename_only = true;
	written_files_are_whole_and_private(state);
	existing_files_stay_unless_replaced(state);
	plain_rename_only = false;
}

/* What is not a file keeps its name, also from a process that may remove it: /dev/null. */
static void devices_and_pipes_are_not_replaced(void **state)
{
	struct imp_diag diag;
	struct stat sb;

	(void)state;
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	assert_int_equal(
		imp_file_write(in_dir("pipe"), imp_span("x", 1), false, &diag), IMP_E_DENIED);
	assert_int_equal(imp_file_write(in_dir("pipe"), imp_span("x", 1), true, &diag), IMP_E_IO);
	assert_non_null(strstr(diag.text, "pipe: a device or pipe"));
	assert_int_equal(lstat(in_dir("pipe"), &sb), 0);
	assert_true(S_ISFIFO(sb.st_mode));
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(in_dir("pipe")), 0);
}

/* A link is replaced by the file; what it points to stays. */
static void links_are_replaced_not_followed(void **state)
{
	IMP_BLOB back = { NULL, 0 };
	struct stat sb;

	(void)state;
	put("far", "old", 0644);
	assert_int_equal(symlink("far", in_dir("link")), 0);
	assert_int_equal(imp_file_write(in_dir("link"), imp_span("new!", 4), true, NULL), IMP_OK);
	assert_int_equal(lstat(in_dir("link"), &sb), 0);
	assert_true(S_ISREG(sb.st_mode));
	assert_int_equal(imp_file_read(in_dir("far"), 10, &back, NULL), IMP_OK);
	assert_int_equal(back.n, 3);
	imp_blob_free(&back);
	assert_int_equal(unlink(in_dir("link")), 0);
	assert_int_equal(unlink(in_dir("far")), 0);
}

/* "-" is standard input where files are read; as a result it would be a file of that name. */
static void a_dash_is_no_file(void **state)
{
	struct imp_diag diag;

	(void)state;
	assert_int_equal(imp_file_write("-", imp_span("x", 1), true, &diag), IMP_E_USAGE);
	assert_int_equal(access("-", F_OK), -1);
}

static void failures_name_the_file_and_leave_nothing(void **state)
{
	IMP_BLOB back = { NULL, 0 };
	struct imp_diag diag;

	(void)state;
	put("big", "0123456789", 0600);
	assert_int_equal(imp_file_read(in_dir("none"), 10, &back, &diag), IMP_E_ABSENT);
	assert_non_null(strstr(diag.text, "none"));
	assert_int_equal(imp_file_read(in_dir("big"), 9, &back, &diag), IMP_E_SPACE);
	assert_int_equal(imp_file_read(dir, 9, &back, &diag), IMP_E_IO);
	assert_null(back.p);
	assert_int_equal(imp_file_write(in_dir("no/such/file"), imp_span("x", 1), true, &diag),
		IMP_E_ABSENT);
	assert_int_equal(imp_file_write(in_dir(""), imp_span("x", 1), true, &diag), IMP_E_FORMAT);
	assert_int_equal(mkdir(in_dir("folder"), 0700), 0);
	assert_int_equal(imp_file_write(in_dir("folder"), imp_span("x", 1), true, &diag), IMP_E_IO);
	assert_int_equal(rmdir(in_dir("folder")), 0);
	assert_int_equal(unlink(in_dir("big")), 0);
	assert_int_equal(entries(), 0);
}

struct secret_row {
	const char *text;
	enum imp_status st;
	const char *octets;
	size_t n;
};

static void secrets_in_every_spelling(void **state)
{
	static const struct secret_row rows[] = {
		{ "1234", IMP_OK, "1234", 4 },
		{ "1234\n", IMP_OK, "1234", 4 },
		{ "1234\r\n", IMP_OK, "1234", 4 },
		{ "1234\n\n", IMP_E_FORMAT, NULL, 0 },
		{ "1234\r", IMP_E_FORMAT, NULL, 0 },
		{ "12\t34", IMP_E_FORMAT, NULL, 0 },
		{ "hex:3132330a\r\n", IMP_OK, "123\n", 4 },
		{ "a station key may end in this: \n", IMP_OK, "a station key may end in this: \n",
			32 },
		{ "one of 32 octets and a newline: \n", IMP_OK,
			"one of 32 octets and a newline: ", 32 },
		{ "sixteen octets\x01\n", IMP_OK, "sixteen octets\x01\n", 16 },
		{ "seventeen octets\n", IMP_OK, "seventeen octets", 16 },
		{ "twenty-four octets\x01\x02\x03\r\n\n", IMP_OK,
			"twenty-four octets\x01\x02\x03\r\n\n", 24 },
		{ "hex:313233343536\n", IMP_OK, "123456", 6 },
		{ "hex:31323334353\n", IMP_E_FORMAT, NULL, 0 },
		{ "hex:3132333435\r\n", IMP_OK, "12345", 5 },
		{ "hex:31323334FFFFffff", IMP_OK, "1234\xff\xff\xff\xff", 8 },
		{ "hex:3132\n", IMP_OK, "12", 2 },
		{ "hex:313", IMP_E_FORMAT, NULL, 0 },
		{ "hex:3g", IMP_E_FORMAT, NULL, 0 },
		{ "hex:", IMP_E_FORMAT, NULL, 0 },
		{ "", IMP_E_FORMAT, NULL, 0 },
		{ "\n", IMP_E_FORMAT, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		IMP_SECRET got = { { 0 }, 0 };
		bool loose = true;

		put("pin", rows[i].text, 0600);
		assert_int_equal(imp_file_secret(in_dir("pin"), &got, &loose, NULL), rows[i].st);
		assert_int_equal(got.n, rows[i].n);
		if (rows[i].st == IMP_OK) {
			assert_memory_equal(got.b, rows[i].octets, rows[i].n);
			assert_false(loose);
		}
	}
	put("pin", "1234", 0640);
	{
		IMP_SECRET got = { { 0 }, 0 };
		bool loose = false;

		assert_int_equal(imp_file_secret(in_dir("pin"), &got, &loose, NULL), IMP_OK);
		assert_true(loose);
	}
	assert_int_equal(unlink(in_dir("pin")), 0);
}

static void groups_of_files(void **state)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	char name[16];

	(void)state;
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof name, "f%d", i);
		assert_int_equal(
			imp_file_write_unsynced(fd, dir, name, imp_span(name, 2), false, NULL),
			IMP_OK);
	}
	assert_int_equal(imp_file_sync_all(fd, dir, NULL), IMP_OK);
	assert_int_equal(entries(), 50);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof name, "f%d", i);
		assert_int_equal(unlinkat(fd, name, 0), 0);
	}
	assert_int_equal(close(fd), 0);
}

static void temporary_file_of_a_killed_process_is_no_obstacle(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof name, ".c.%ld.tmp", (long)getpid());
	put(name, "half", 0600);
	assert_int_equal(imp_file_write(in_dir("c"), imp_span("whole", 5), false, NULL), IMP_OK);
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(in_dir("c")), 0);
}

static void paths_join(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(imp_path_join("/a", "b/c", out, sizeof out), IMP_OK);
	assert_string_equal(out, "/a/b/c");
	assert_int_equal(imp_path_join("/a", "/b", out, sizeof out), IMP_OK);
	assert_string_equal(out, "/b");
	assert_int_equal(imp_path_join(NULL, "b", out, sizeof out), IMP_OK);
	assert_string_equal(out, "b");
	assert_int_equal(imp_path_join("/0123456789", "abcdef", out, sizeof out), IMP_E_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_files_are_whole_and_private),
		cmocka_unit_test(existing_files_stay_unless_replaced),
		cmocka_unit_test(file_systems_without_a_careful_rename),
		cmocka_unit_test(devices_and_pipes_are_not_replaced),
		cmocka_unit_test(links_are_replaced_not_followed),
		cmocka_unit_test(a_dash_is_no_file),
		cmocka_unit_test(failures_name_the_file_and_leave_nothing),
		cmocka_unit_test(secrets_in_every_spelling),
		cmocka_unit_test(groups_of_files),
		cmocka_unit_test(temporary_file_of_a_killed_process_is_no_obstacle),
		cmocka_unit_test(paths_join),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
