/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wr.h"
#include "host/text.h"
#include "host/yaml.h"
#include "tests/fake/findings.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct part {
	char *id, *note;
};

struct thing {
	char *name, *count;
	char **words;
	unsigned words_n;
	struct part *part;
	struct part *parts;
	unsigned parts_n;
};

#define TEXT(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, flags, struct type, member, 0, CYAML_UNLIMITED)
#define MAY (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t part_fields[] = {
	TEXT("id", CYAML_FLAG_POINTER, part, id),
	TEXT("note", MAY, part, note),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t part_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct part, part_fields) };
static const cyaml_schema_value_t word_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED) };
static const cyaml_schema_field_t thing_fields[] = {
	TEXT("name", CYAML_FLAG_POINTER, thing, name),
	TEXT("count", MAY, thing, count),
	CYAML_FIELD_SEQUENCE_COUNT("words", MAY, struct thing, words, words_n, &word_entry, 1, 3),
	CYAML_FIELD_MAPPING_PTR("part", MAY, struct thing, part, part_fields),
	CYAML_FIELD_SEQUENCE_COUNT("parts", MAY, struct thing, parts, parts_n, &part_entry, 0, 4),
	CYAML_FIELD_IGNORE("free", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t thing_schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct thing, thing_fields) };

static void test_good(void **state)
{
	static const char text[] = "# a comment\n"
				   "name: \"no\"\n"
				   "count: 010\n"
				   "words: [a, 'b c', \"\\u00e9\"]\n"
				   "part:\n"
				   "  id: x\n"
				   "parts:\n"
				   "  - id: 1\n"
				   "    note: one\n"
				   "  - id: 2\n"
				   "free: {101: RW, 0: R}\n";
	IMP_PROBLEMS problems = { 0 };
	IMP_YAML y = { 0 };
	const struct thing *t;

	(void)state;
	assert_int_equal(
		imp_yaml_load(imp_span_str(text), "t.yaml", &thing_schema, &y, &problems), IMP_OK);
	assert_int_equal(problems.errors, 0);
	t = y.data;
	assert_string_equal(t->name, "no");
	assert_string_equal(t->count, "010");
	assert_int_equal(t->words_n, 3);
	assert_string_equal(t->words[2], "\xC3\xA9");
	assert_string_equal(t->parts[1].id, "2");
	assert_null(t->parts[1].note);
	assert_int_equal(imp_yaml_line(&y, "name"), 2);
	assert_int_equal(imp_yaml_line(&y, "words[2]"), 4);
	assert_int_equal(imp_yaml_line(&y, "part.id"), 6);
	assert_int_equal(imp_yaml_line(&y, "parts[0].note"), 9);
	assert_int_equal(imp_yaml_line(&y, "parts[1].note"), 10); /* left out: its part */
	assert_int_equal(imp_yaml_line(&y, "partsx"), 2);	  /* no such: the document */
	assert_string_equal(imp_yaml_node(&y, "free.101")->value, "RW");
	assert_null(imp_yaml_node(&y, "free.102"));
}

struct bad {
	const char *text;
	size_t n; /* 0: up to the NUL */
	unsigned line;
	const char *part;
};

#define DEEP "[[[[[[[[[[[["

/* Every row of the parser's table that it lets through is among them. */
static const struct bad bads[] = {
	{ "", 0, 0, "empty" },
	{ "# only a comment\n", 0, 0, "empty" },
	{ "--- \n...\n", 0, 2, "the file has no value" },
	{ "~\n", 0, 1, "no value" },
	{ "- a\n", 0, 1, "must be a mapping, not a list" },
	{ "word\n", 0, 1, "must be a mapping, not a single value" },
	{ "name: a\nname: b\n", 0, 2, "'name' is in line 1 already" },
	{ "name: a\nnmae: b\n", 0, 2, "unknown key 'nmae' in the file" },
	{ "Name: a\n", 0, 1, "unknown key 'Name'" },
	{ "count: 1\n", 0, 1, "key 'name' is missing" },
	{ "name: a\npart:\n  note: b\n", 0, 2, "key 'id' is missing in part" },
	{ "name: a\nparts:\n  - id: 1\n  - idd: 2\n", 0, 4, "unknown key 'idd' in parts[1]" },
	{ "name:\n", 0, 1, "name has no value" },
	{ "name: ~\n", 0, 1, "name has no value" },
	{ "name: null\n", 0, 1, "name has no value" },
	{ "name: \"\"\n", 0, 1, "name has no value" },
	{ "name: a\nwords: [a, , b]\n", 0, 2, "not YAML" },
	{ "name: a\nwords: [a, ~]\n", 0, 2, "an entry of the list has no value" },
	{ "name: a\nwords: []\n", 0, 2, "has 0 entries, it takes 1 to 3" },
	{ "name: a\nwords: [a, b, c, d]\n", 0, 2, "has 4 entries" },
	{ "name: a\nwords: a\n", 0, 2, "words must be a list" },
	{ "name: [a]\n", 0, 1, "name must be a single value, not a list" },
	{ "name: a\npart: a\n", 0, 2, "part must be a mapping" },
	{ "name: a\npart: [a]\n", 0, 2, "part must be a mapping" },
	{ "name: a\n---\nname: b\n", 0, 2, "second document" },
	{ "name: a\n--- {}\n", 0, 2, "second document" },
	{ "name: a\n...\nz\n", 0, 3, "not YAML" },
	{ "name: &x a\n", 0, 1, "anchor '&x'" },
	{ "name: &x a\ncount: *x\n", 0, 2, "alias '*x'" },
	{ "name: a\npart: &p {id: x}\n", 0, 2, "anchor '&p'" },
	{ "name: a\nwords: &w [x]\n", 0, 2, "anchor '&w'" },
	{ "name: !!str 1\n", 0, 1, "tag 'tag:yaml.org,2002:str'" },
	{ "name: !own 1\n", 0, 1, "tag '!own'" },
	{ "name: a\npart: !m {id: x}\n", 0, 2, "tag '!m'" },
	{ "name: a\nwords: !l [x]\n", 0, 2, "tag '!l'" },
	{ "name: \"a\\0b\"\n", 0, 1, "a value holds a control character" },
	{ "name: \"a\\nb\"\n", 0, 1, "a value holds a control character" },
	{ "name: |\n  a\n  b\n", 0, 1, "a value holds a control character or a line break" },
	{ "\"na\\0me\": a\n", 0, 1, "a key holds a control character" },
	{ "\"\": a\nname: b\n", 0, 1, "a key is empty" },
	{ "? [a]\n: b\n", 0, 1, "a key is text" },
	{ "? {a: b}\n: b\n", 0, 1, "a key is text" },
	{ "name: a\0b\n", 10, 1, "not UTF-8" },
	{ "name: a\ncount: \xFF\n", 0, 2, "not UTF-8" },
	{ "name: a\ncount: \xC0\x80\n", 0, 2, "not UTF-8" },
	{ "name: a\ncount: \xED\xA0\x80\n", 0, 2, "not UTF-8" },
	{ "name: a\npart:\n\tid: b\n", 0, 3, "not YAML" },
	{ "name: 'a\n", 0, 2, "not YAML" },
	{ "name: a\nfree: {a: {b: {c: {d: {e: {f: {g: {h: i}}}}}}}}\n", 0, 2, "nested deeper" },
	{ "name: a\nfree: " DEEP "\n", 0, 2, "nested deeper" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
		const struct bad *b = &bads[i];
		size_t n = b->n ? b->n : strlen(b->text);
		IMP_PROBLEMS problems = { 0 };
		IMP_YAML y = { 0 };
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b->text, n);
		if (imp_yaml_load(imp_span(exact, n), "t.yaml", &thing_schema, &y, &problems) !=
			IMP_OK)
			assert_null(y.v);
		if (!problems.errors ||
			!findings_have(&problems, IMP_PROBLEM_ERROR, b->line, "", b->part)) {
			findings_print(b->text, &problems);
			fail_msg("row %zu: no error in line %u with '%s'", i, b->line, b->part);
		}
		free(exact);
	}
}

/* All faults at once, and what libcyaml can still read. */
static void test_all_at_once(void **state)
{
	static const char text[] = "nam: a\n"
				   "name: b\n"
				   "wrods: [a]\n"
				   "parts:\n"
				   "  - id: 1\n"
				   "    nte: x\n";
	IMP_PROBLEMS problems = { 0 };
	IMP_YAML y = { 0 };

	(void)state;
	assert_int_equal(
		imp_yaml_load(imp_span_str(text), "t.yaml", &thing_schema, &y, &problems), IMP_OK);
	assert_int_equal(problems.errors, 3);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 1, "", "'nam'"));
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 3, "", "'wrods'"));
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 6, "", "'nte' in parts[0]"));
	assert_string_equal(((struct thing *)y.data)->name, "b");
}

static void test_limits(void **state)
{
	IMP_PROBLEMS problems = { 0 };
	IMP_YAML y = { 0 };
	size_t n = 3 * 2100 + 20;
	char *text = malloc(n);
	struct imp_wr wr = imp_wr(text, n);

	(void)state;
	imp_wr_text(&wr, "name: ");
	imp_wr_fill(&wr, 'x', 1025);
	imp_wr_text(&wr, "\n");
	assert_int_not_equal(
		imp_yaml_load(imp_wr_span(&wr), "t.yaml", &thing_schema, &y, &problems), IMP_OK);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 1, "", "longer than 1024"));
	wr = imp_wr(text, n);
	imp_wr_text(&wr, "name: a\nfree: [");
	for (size_t i = 0; i < 2100; i++)
		imp_wr_text(&wr, "a, ");
	imp_wr_text(&wr, "]");
	assert_int_not_equal(
		imp_yaml_load(imp_wr_span(&wr), "t.yaml", &thing_schema, &y, &problems), IMP_OK);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 2, "", "more than 2048"));
	free(text);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t v;
	} rows[] = {
		{ "0", true, 0 },
		{ "7", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "1.5", false, 0 },
		{ "1e3", false, 0 },
		{ "1_000", false, 0 },
		{ "5684abc", false, 0 },
		{ "0b1", false, 0 },
		{ "010", false, 0 },
		{ "0o10", false, 0 },
		{ "0x10", false, 0 },
		{ "+5", false, 0 },
		{ "-1", false, 0 },
		{ " 5", false, 0 },
		{ "5 ", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t v = 42;

		assert_int_equal(imp_text_number(rows[i].text, &v) == IMP_OK, rows[i].good);
		assert_true(v == (rows[i].good ? rows[i].v : 42));
	}
}

static void test_addresses(void **state)
{
	uint64_t v = 42;

	(void)state;
	assert_int_equal(imp_text_address("0x0803E000", &v), IMP_OK);
	assert_true(v == 0x0803E000);
	assert_int_equal(imp_text_address("0xfFfFfFfFfFfFfFfF", &v), IMP_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(imp_text_address("4096", &v), IMP_OK);
	assert_true(v == 4096);
	assert_int_not_equal(imp_text_address("0x", &v), IMP_OK);
	assert_int_not_equal(imp_text_address("0x10000000000000000", &v), IMP_OK);
	assert_int_not_equal(imp_text_address("0x1g", &v), IMP_OK);
	assert_int_not_equal(imp_text_address("1f", &v), IMP_OK);
	assert_true(v == 4096);
}

static void test_bools(void **state)
{
	static const char *const bad[] = { "", "maybe", "n", "yes", "no", "on", "off", "1", "0",
		"True", "TRUE", "true ", "~" };
	bool v = false;

	(void)state;
	assert_int_equal(imp_text_bool("true", &v), IMP_OK);
	assert_true(v);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(imp_text_bool(bad[i], &v), IMP_E_FORMAT);
	assert_true(v);
	assert_int_equal(imp_text_bool("false", &v), IMP_OK);
	assert_false(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
