/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/layout_file.h"
#include "tests/fake/findings.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char good[] = "description: for tests\n"
			   "base: 0x0803E000\n"
			   "size: 8192\n"
			   "erase: 0x800\n"
			   "program: 8\n"
			   "slots: [0, 0x1000]\n"
			   "slot-size: 4096\n";

static void test_good(void **state)
{
	struct imp_layout l = { .base = 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(
		imp_layout_parse(imp_span_str(good), "some/where/my-board.yaml", &l, &problems),
		IMP_OK);
	assert_string_equal(l.name, "my-board");
	assert_int_equal(l.base, 0x0803E000);
	assert_int_equal(l.size, 8192);
	assert_int_equal(l.erase, 2048);
	assert_int_equal(l.program, 8);
	assert_int_equal(l.slot[0], 0);
	assert_int_equal(l.slot[1], 4096);
	assert_int_equal(l.slot_size, 4096);
}

/* good with one line replaced by another. */
struct change {
	const char *line, *by;
	unsigned at;
	const char *part;
};

static const struct change changes[] = {
	{ "size: 8192\n", "", 1, "key 'size' is missing" },
	{ "size: 8192\n", "size: 8192\nsize: 8192\n", 4, "'size' is in line 3 already" },
	{ "size: 8192\n", "size: 8192\nslot: 1\n", 4, "unknown key 'slot'" },
	{ "size: 8192\n", "size: 8k\n", 3, "size: '8k' is no number" },
	{ "size: 8192\n", "size: -1\n", 3, "size: '-1' is no number" },
	{ "size: 8192\n", "size: 0x100000000\n", 3, "is no number in 0..0xFFFFFFFF" },
	{ "size: 8192\n", "size: 08192\n", 3, "is no number" },
	{ "erase: 0x800\n", "erase: 0x\n", 4, "is no number" },
	{ "erase: 0x800\n", "erase: 0x801\n", 0, "erase block" },
	{ "program: 8\n", "program: 3\n", 0, "program unit" },
	{ "slots: [0, 0x1000]\n", "slots: [0, 0x800]\n", 0, "slots overlap" },
	{ "slots: [0, 0x1000]\n", "slots: [0, 0x2000]\n", 0, "beyond the area" },
	{ "slots: [0, 0x1000]\n", "slots: [0, 0x100]\n", 0, "erase block" },
	{ "slots: [0, 0x1000]\n", "slots: [0, one]\n", 6, "slots[1]: 'one' is no number" },
	{ "slots: [0, 0x1000]\n", "slots: [0, 4096, 8192]\n", 6, "has 3 entries" },
	{ "slots: [0, 0x1000]\n", "slots: 0\n", 6, "slots must be a list" },
	{ "slot-size: 4096\n", "slot-size: 4000\n", 0, "slot is not a whole number" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const struct change *c = &changes[i];
		const char *at = strstr(good, c->line);
		struct imp_layout l = { .base = 77 };
		IMP_PROBLEMS problems = { 0 };
		char text[sizeof good + 64];

		assert_non_null(at);
		(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, c->by,
			at + strlen(c->line));
		(void)!imp_layout_parse(imp_span_str(text), "t.yaml", &l, &problems);
		if (!findings_have(&problems, IMP_PROBLEM_ERROR, c->at, "", c->part)) {
			findings_print(text, &problems);
			fail_msg("row %zu: no error in line %u with '%s'", i, c->at, c->part);
		}
		assert_int_equal(l.base, 77);
	}
}

/* One slot only is both slots. */
static void test_one_slot(void **state)
{
	static const char text[] = "base: 0\nsize: 4096\nerase: 4096\nprogram: 1\n"
				   "slots: [0]\nslot-size: 4096\n";
	struct imp_layout l = { .base = 1 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(imp_layout_parse(imp_span_str(text), "t.yaml", &l, &problems), IMP_OK);
	assert_int_equal(l.slot[0], l.slot[1]);
}

/* The layouts that ship, by name (tests run in the folder of the tree). */
static void test_shipped(void **state)
{
	static const char *const names[] = { "generic-64k", "stm32-2k", "nor-4k", "nrf-4k" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct imp_layout l = { .base = 0 };
		IMP_PROBLEMS problems = { 0 };
		char path[128];

		(void)snprintf(path, sizeof path, "layouts/%s.yaml", names[i]);
		assert_int_equal(
			imp_layout_load(names[i], NULL, "p.yaml", 3, &l, &problems), IMP_OK);
		assert_string_equal(l.name, names[i]);
		assert_int_equal(
			imp_layout_load(path, "flash-images", "p.yaml", 3, &l, &problems), IMP_OK);
		assert_string_equal(l.name, names[i]);
	}
}

static void test_absent(void **state)
{
	struct imp_layout l = { .base = 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(
		imp_layout_load("no-such", NULL, "p.yaml", 3, &l, &problems), IMP_E_FORMAT);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 3, "",
		"layout 'no-such': there is none of this name"));
	assert_int_equal(
		imp_layout_load("own.yaml", "/nowhere", "p.yaml", 4, &l, &problems), IMP_E_FORMAT);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 4, "", "/nowhere/own.yaml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_one_slot),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
