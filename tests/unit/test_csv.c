/* SPDX-License-Identifier: Apache-2.0 */
#include "host/csv.h"
#include "tests/fake/findings.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What the walk said, as one text: "1:a|b 2:c|d 3!fault". */
struct heard {
	char text[512];
	enum imp_status answer; /* to every row */
};

static void say(struct heard *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct heard *h, const char *fmt, ...)
{
	size_t n = strlen(h->text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(h->text + n, sizeof h->text - n, fmt, ap);
	va_end(ap);
}

static enum imp_status hear(void *ctx, const struct imp_csv_row *row)
{
	struct heard *h = ctx;

	say(h, "%s%u", h->text[0] ? " " : "", row->line);
	if (row->fault)
		say(h, "!%s", row->fault);
	for (size_t i = 0; i < row->n && !row->fault; i++)
		say(h, "%s%.*s", i ? "|" : ":", (int)row->cells[i].n,
			(const char *)row->cells[i].p);
	return h->answer;
}

static enum imp_status parse(
	const char *text, size_t n, struct heard *h, struct imp_problems *problems)
{
	struct imp_csv_handler handler = { h, hear, hear };
	char *exact = malloc(n ? n : 1);
	enum imp_status st;

	memcpy(exact, text, n);
	st = imp_csv_parse(imp_span(exact, n), "t.csv", &handler, problems);
	free(exact);
	return st;
}

#define QUOTE_FAULT "a quote that is not closed, or stands inside a cell without quotes"

struct row {
	const char *text;
	size_t n; /* 0: up to the NUL */
	const char *heard;
};

static const struct row rows[] = {
	{ "a,b\n1,2\n", 0, "1:a|b 2:1|2" },
	{ "a,b\n1,2", 0, "1:a|b 2:1|2" },
	{ "a,b\r\n1,2\r\n", 0, "1:a|b 2:1|2" },
	{ "\xEF\xBB\xBF"
	  "a,b\n1,2\n",
		0, "1:a|b 2:1|2" },
	{ "a,b\n\"1\",\"2,3\"\n", 0, "1:a|b 2:1|2,3" },
	{ "a,b\n\"x \"\"y\"\"\",2\n", 0, "1:a|b 2:x \"y\"|2" },
	{ "a,b\n,\n", 0, "1:a|b 2:|" },
	{ "a\n\xC3\xA9\n", 0, "1:a 2:\xC3\xA9" },
	/* what the parser itself lets through */
	{ "a,b\n1\n3,4\n", 0, "1:a|b 2!fewer cells than the header 3:3|4" },
	{ "a,b\n1,2,3\n", 0, "1:a|b 2!more cells than the header" },
	{ "a,b\n1;2\n", 0, "1:a|b 2!fewer cells than the header" },
	{ "a,b\n\n3,4\n", 0, "1:a|b 2!a blank line 3:3|4" },
	{ "a,b\n1,2\n\n", 0, "1:a|b 2:1|2 3!a blank line" },
	{ "a,b\n\r\n", 0, "1:a|b 2!a blank line" },
	{ "a,b\n1,2\r3,4\n", 0, "1:a|b 2!a carriage return inside the line" },
	{ "a,b\n 1,2\n", 0, "1:a|b 2!a cell that begins or ends with a blank" },
	{ "a,b\n1,2 \n", 0, "1:a|b 2!a cell that begins or ends with a blank" },
	{ "a,b\n1,x\0y\n", 10, "1:a|b 2!a NUL octet" },
	{ "a,b\n1,x\ty\n", 0, "1:a|b 2!a control character" },
	{ "a,b\n1,x\x7F\n", 0, "1:a|b 2!a control character" },
	{ "a,b\n1,\xC2\x9B"
	  "31m\n",
		0, "1:a|b 2!a control character" },
	{ "a,b\n1,\xC2\x80\n", 0, "1:a|b 2!a control character" },
	{ "a,b\n1,\xC2\xA0\n", 0, "1:a|b 2:1|\xC2\xA0" },
	{ "a,b\n1,\xFF\n3,4\n", 0, "1:a|b 2!not UTF-8 3:3|4" },
	{ "a,b\n1,\xC0\xAF\n", 0, "1:a|b 2!not UTF-8" },
	{ "a,b\n\xEF\xBB\xBF"
	  "1,2\n",
		0,
		"1:a|b 2:\xEF\xBB\xBF"
		"1|2" },
	/* quotes */
	{ "a,b\n1,x\"y\n3,4\n", 0, "1:a|b 2!" QUOTE_FAULT " 3:3|4" },
	{ "a,b\n1,\"x\"y\n3,4\n", 0, "1:a|b 2!" QUOTE_FAULT " 3:3|4" },
	{ "a,b\n1,\"x\n3,4\n5,\"6\"\n", 0, "1:a|b 2!" QUOTE_FAULT " 3:3|4 4:5|6" },
	{ "a,b\n1,\"x", 0, "1:a|b 2!" QUOTE_FAULT },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct heard h = { "", IMP_OK };
		IMP_PROBLEMS problems = { 0 };
		size_t n = rows[i].n ? rows[i].n : strlen(rows[i].text);

		assert_int_equal(parse(rows[i].text, n, &h, &problems), IMP_OK);
		assert_string_equal(h.text, rows[i].heard);
		assert_int_equal(problems.errors, 0);
	}
}

static void test_headers(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *part;
	} bad[] = {
		{ "", 0, "empty" },
		{ "\xEF\xBB\xBF", 0, "empty" },
		{ "\na,b\n", 1, "the header line: a blank line" },
		{ "a,,c\n", 1, "column 2 has no name" },
		{ "a,b,a\n1,2,3\n", 1, "columns 1 and 3 are both named 'a'" },
		{ "a, b\n", 1, "the name of column 2 begins or ends with a blank" },
		{ "a,\"b\n", 1, "the header line: a quote" },
		{ "a,\xFF\n", 1, "the header line: not UTF-8" },
		{ "a,b\tc\n", 1, "the header line: a control character" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct heard h = { "", IMP_OK };
		IMP_PROBLEMS problems = { 0 };

		assert_int_equal(
			parse(bad[i].text, strlen(bad[i].text), &h, &problems), IMP_E_FORMAT);
		if (!findings_have(&problems, IMP_PROBLEM_ERROR, bad[i].line, "", bad[i].part)) {
			findings_print(bad[i].text, &problems);
			fail();
		}
		assert_string_equal(h.text, "");
	}
}

static void test_many_columns(void **state)
{
	char text[2 * 65 + 1] = "";
	struct heard h = { "", IMP_OK };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	for (size_t i = 0; i < 65; i++) {
		text[2 * i] = (char)('0' + i);
		text[2 * i + 1] = ',';
	}
	text[2 * 65 - 1] = '\n';
	assert_int_equal(parse(text, 2 * 65, &h, &problems), IMP_E_FORMAT);
	assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, 1, "", "more than 64 columns"));
}

static void test_stop(void **state)
{
	struct heard h = { "", IMP_E_DENIED };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse("a\n1\n2\n", 6, &h, &problems), IMP_E_DENIED);
	assert_string_equal(h.text, "1:a");
}

/* A long line is one fault, not the end of the walk. */
static void test_long_line(void **state)
{
	size_t n = 70000;
	char *text = malloc(n);
	struct heard h = { "", IMP_OK };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	memset(text, 'x', n);
	memcpy(text, "a\n", 2);
	memcpy(text + n - 3, "\n7\n", 3);
	assert_int_equal(parse(text, n, &h, &problems), IMP_OK);
	assert_string_equal(h.text, "1:a 2!longer than 65536 octets 3:7");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_many_columns),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
