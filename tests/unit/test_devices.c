/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/devices.h"
#include "tests/fake/findings.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static enum imp_status parse(const char *text, size_t n, bool skip_bad, struct imp_devices *out,
	struct imp_problems *problems)
{
	char *exact = malloc(n ? n : 1);
	enum imp_status st;

	memcpy(exact, text, n);
	st = imp_devices_parse(imp_span(exact, n), "d.csv", skip_bad, out, problems);
	free(exact);
	return st;
}

#define S64 "0123456789012345678901234567890123456789012345678901234567890123"

static void test_good(void **state)
{
	static const char text[] = "lot,serial,iccid,note\r\n"
				   "7,SN1,8946071200000042107,\"a, b\"\r\n"
				   "7,\xC3\xA9,,\r\n"
				   "7," S64 ",894607120000004210,x\r\n";
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, false, &list, &problems), IMP_OK);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.columns_n, 4);
	assert_int_equal(list.v[0].line, 2);
	assert_string_equal(imp_device_serial(&list, &list.v[0]), "SN1");
	assert_string_equal(imp_device_iccid(&list, &list.v[0]), "8946071200000042107");
	assert_string_equal(list.v[0].cells[imp_devices_column(&list, "note")], "a, b");
	assert_string_equal(imp_device_iccid(&list, &list.v[1]), "");
	assert_int_equal(imp_devices_column(&list, "Note"), IMP_NO_COLUMN);
	/* 18 digits come without the check digit or with another's */
	assert_int_equal(problems.warnings, 1);
	assert_true(findings_have(&problems, IMP_PROBLEM_WARNING, 4, "", "check digit"));
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t n; /* 0: up to the NUL */
		unsigned line;
		const char *part;
	} rows[] = {
		{ "", 0, 0, "empty" },
		{ "serial\n", 0, 0, "a header only" },
		{ "Serial\nA\n", 0, 1, "no column 'serial'" },
		{ "serial;lot\nA;1\n", 0, 1, "no column 'serial'" },
		{ "lot\nA\n", 0, 1, "no column 'serial'" },
		{ "serial,serial\nA,B\n", 0, 1, "both named 'serial'" },
		{ "serial,\nA,B\n", 0, 1, "column 2 has no name" },
		{ "serial,x\nA\n", 0, 2, "fewer cells" },
		{ "serial,x\nA,1,2\n", 0, 2, "more cells" },
		{ "serial\nA\n\nB\n", 0, 3, "a blank line" },
		{ "serial,x\n,1\n", 0, 2, "no serial" },
		{ "serial\n" S64 "x\n", 0, 2, "serial longer than 64 octets" },
		{ "serial\na/b\n", 0, 2, "'/'" },
		{ "serial\n../x\n", 0, 2, "begins with '.'" },
		{ "serial\n.x\n", 0, 2, "begins with '.'" },
		{ "serial\n..\n", 0, 2, "begins with '.'" },
		{ "serial\na\0b\n", 11, 2, "NUL" },
		{ "serial\na\tb\n", 0, 2, "control character" },
		{ "serial\na\x1B[1m\n", 0, 2, "control character" },
		{ "serial\n\xFF\n", 0, 2, "not UTF-8" },
		{ "serial\n A\n", 0, 2, "blank" },
		{ "serial\nA\nB\nA\n", 0, 4, "serial 'A' is in line 2 already" },
		{ "serial,iccid\nA,89460712000000421\n", 0, 2, "18 to 20 digits" },
		{ "serial,iccid\nA,894607120000004210712\n", 0, 2, "18 to 20 digits" },
		{ "serial,iccid\nA,8946071200000042l07\n", 0, 2, "something else than digits" },
		{ "serial,iccid\nA,894607120000004210F\n", 0, 2, "something else than digits" },
		{ "serial,iccid\nA,8946071200000042107\nB,8946071200000042107\n", 0, 3,
			"iccid '8946071200000042107' is in line 2 already" },
		{ "serial,x\nA,\"b\nB,c\n", 0, 2, "a quote that is not closed" },
		{ "serial,x\nA,b\"c\n", 0, 2, "a quote" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		IMP_DEVICES list = { 0 };
		IMP_PROBLEMS problems = { 0 };
		size_t n = rows[i].n ? rows[i].n : strlen(rows[i].text);

		if (parse(rows[i].text, n, false, &list, &problems) != IMP_E_FORMAT ||
			!findings_have(
				&problems, IMP_PROBLEM_ERROR, rows[i].line, "", rows[i].part) ||
			problems.errors != 1) {
			findings_print(rows[i].text, &problems);
			fail_msg("row %zu: not just an error in line %u with '%s'", i, rows[i].line,
				rows[i].part);
		}
		assert_null(list.v);
		assert_int_equal(list.n, 0);
	}
}

static const char mixed[] = "serial,x\n"
			    "A,1\n"
			    "/,2\n"
			    "B\n"
			    "A,4\n"
			    "C,5\n"
			    "D,\"6\n";

static void test_all_at_once(void **state)
{
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse(mixed, sizeof mixed - 1, false, &list, &problems), IMP_E_FORMAT);
	assert_int_equal(problems.errors, 4);
	for (unsigned line = 3; line <= 7; line++)
		assert_int_equal(
			findings_have(&problems, IMP_PROBLEM_ERROR, line, "", ""), line != 6);
}

static void test_skip_bad(void **state)
{
	static const char none[] = "serial\n/\n";
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse(mixed, sizeof mixed - 1, true, &list, &problems), IMP_OK);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 4);
	assert_true(findings_have(&problems, IMP_PROBLEM_WARNING, 4, "", "row left out: fewer"));
	assert_int_equal(list.n, 2);
	assert_string_equal(imp_device_serial(&list, &list.v[1]), "C");
	imp_devices_free(&list);
	assert_int_equal(parse(none, sizeof none - 1, true, &list, &problems), IMP_E_FORMAT);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 0, "", "no good row is left"));
	/* a file without header stays refused */
	assert_int_equal(parse("x\n1\n", 4, true, &list, &problems), IMP_E_FORMAT);
}

static void test_absent(void **state)
{
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };
	struct imp_diag diag = { .text = "" };

	(void)state;
	assert_int_equal(imp_devices_load("/nowhere/d.csv", false, &list, &problems), IMP_E_ABSENT);
	assert_int_equal(imp_problems_diag(&problems, &diag), IMP_E_ABSENT);
	assert_string_equal(diag.text, "/nowhere/d.csv: No such file or directory");
}

/* A million rows are nothing unusual; what is quadratic shows here. */
static void test_large(void **state)
{
	const size_t rows = 1000000;
	size_t n = 0, cap = rows * 40;
	char *text = malloc(cap);
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };
	clock_t start;

	(void)state;
	n += (size_t)snprintf(text, cap, "serial,iccid,lot\n");
	for (size_t i = 0; i < rows; i++)
		n += (size_t)snprintf(
			text + n, cap - n, "M%08zu,8946071%012zu,L%zu\n", i, i, i / 1000);
	start = clock();
	assert_int_equal(
		imp_devices_parse(imp_span(text, n), "d.csv", false, &list, &problems), IMP_OK);
	print_message("1000000 rows: %.1f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
	assert_int_equal(list.n, rows);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 30);
	/* warnings are counted, not kept without bound */
	assert_true(problems.warnings > 800000);
	assert_int_equal(problems.n, IMP_PROBLEMS_KEPT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_skip_bad),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
