/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/template.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *const columns[] = { "serial", "lot", "owner name", "empty", "endpoint" };
static const char *const cells[] = { "SN1", "7", "A, B=C", "", "from list" };
static struct imp_device device = { 2, cells };
static const struct imp_devices devices = {
	.path = "d.csv",
	.columns = columns,
	.columns_n = 5,
	.serial = 0,
	.iccid = IMP_NO_COLUMN,
	.v = &device,
	.n = 1,
};

static void test_expand(void **state)
{
	static const struct {
		const char *text, *plain, *name;
	} rows[] = {
		{ "", "", "" },
		{ "x", "x", "x" },
		{ "{serial}", "SN1", "SN1" },
		{ "a-{serial}-{lot}", "a-SN1-7", "a-SN1-7" },
		{ "{{serial}}", "{serial}", "{serial}" },
		{ "{{{serial}}}", "{SN1}", "{SN1}" },
		{ "}}{{", "}{", "}{" },
		{ "{owner name}", "A, B=C", "A\\, B=C" },
		{ "CN={owner name},O=X", "CN=A, B=C,O=X", "CN=A\\, B=C,O=X" },
		{ "{endpoint}", "urn:x", "urn:x" },
	};
	struct imp_template_row row = { &devices, &device, imp_span_str("urn:x") };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		IMP_ARENA arena = { NULL };
		struct imp_template t = { NULL, NULL, 0 };
		struct imp_diag diag = { .text = "" };
		const char *blame = NULL;
		char text[64];
		struct imp_wr wr = imp_wr(text, sizeof text);

		assert_int_equal(imp_template_parse(rows[i].text, &arena, &t, &diag), IMP_OK);
		assert_string_equal(t.source, rows[i].text);
		assert_int_equal(
			imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_OK);
		assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(rows[i].plain)));
		wr = imp_wr(text, sizeof text);
		assert_int_equal(
			imp_template_expand(&t, &row, IMP_TEMPLATE_NAME, &wr, &blame), IMP_OK);
		assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(rows[i].name)));
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "{", "'{' at character 1 is not closed" },
		{ "a{serial", "'{' at character 2 is not closed" },
		{ "a{ser{ial}", "'{' at character 2 is not closed" },
		{ "a}", "'}' at character 2 closes nothing" },
		{ "{serial}}", "'}' at character 9 closes nothing" },
		{ "{}", "{} at character 1 names no column" },
		{ "{{{}", "{} at character 3 names no column" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		IMP_ARENA arena = { NULL };
		struct imp_template t = { NULL, NULL, 77 };
		struct imp_diag diag = { .text = "" };

		assert_int_equal(imp_template_parse(rows[i].text, &arena, &t, &diag), IMP_E_FORMAT);
		assert_non_null(strstr(diag.text, rows[i].part));
		assert_int_equal(t.n, 77); /* untouched */
	}
}

static void test_columns(void **state)
{
	IMP_ARENA arena = { NULL };
	struct imp_template t = { NULL, NULL, 0 };

	(void)state;
	assert_int_equal(
		imp_template_parse("{serial}{lost}{endpoint}{{lot}}", &arena, &t, NULL), IMP_OK);
	assert_true(imp_template_uses(&t, NULL));
	assert_true(imp_template_uses(&t, "lost"));
	assert_false(imp_template_uses(&t, "lot"));
	assert_string_equal(imp_template_unknown(&t, &devices, true), "lost");
	assert_int_equal(imp_template_parse("{endpoint}", &arena, &t, NULL), IMP_OK);
	assert_null(imp_template_unknown(&t, &devices, false));
	assert_int_equal(imp_template_parse("{{x}}", &arena, &t, NULL), IMP_OK);
	assert_false(imp_template_uses(&t, NULL));
}

/* Unknown and empty columns are named; what does not fit says so. */
static void test_refusals(void **state)
{
	IMP_ARENA arena = { NULL };
	struct imp_template t = { NULL, NULL, 0 };
	struct imp_template_row row = { &devices, &device, { NULL, 0 } };
	const char *blame = NULL;
	char text[6];
	struct imp_wr wr = imp_wr(text, sizeof text);

	(void)state;
	assert_int_equal(imp_template_parse("{lost}", &arena, &t, NULL), IMP_OK);
	assert_int_equal(
		imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_E_FORMAT);
	assert_string_equal(blame, "lost");
	assert_int_equal(imp_template_parse("x{empty}", &arena, &t, NULL), IMP_OK);
	assert_int_equal(
		imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_E_FORMAT);
	assert_string_equal(blame, "empty");
	wr = imp_wr(text, sizeof text);
	assert_int_equal(imp_template_parse("{serial}{serial}", &arena, &t, NULL), IMP_OK);
	assert_int_equal(imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_OK);
	wr = imp_wr(text, 5);
	assert_int_equal(
		imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_E_SPACE);
	/* in the endpoint's own template {endpoint} is a column */
	wr = imp_wr(text, sizeof text);
	assert_int_equal(imp_template_parse("{endpoint}", &arena, &t, NULL), IMP_OK);
	assert_int_equal(
		imp_template_expand(&t, &row, IMP_TEMPLATE_PLAIN, &wr, &blame), IMP_E_SPACE);
}

/* Rows are read both ways. */
static void test_may_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool may;
	} rows[] = {
		{ "id-{serial}", "id-{serial}", true },
		{ "id-{serial}", "id2-{serial}", false },
		{ "id-{serial}", "{serial}", false },
		{ "{serial}", "{serial}-2", false },
		{ "{serial}", "{lot}", true },
		{ "x{serial}", "{lot}", true },
		{ "x{serial}", "y{lot}", false },
		{ "{serial}x", "{lot}y", false },
		{ "{serial}{lot}", "{lot}{serial}", true },
		{ "{serial}-{lot}", "{lot}{serial}", false },
		{ "{serial}", "{serial}{lot}", false },
		{ "a{serial}b", "ab{serial}", true },
		{ "{endpoint}", "urn:{serial}", true },
		{ "{endpoint}", "bs-{serial}", false },
		{ "{endpoint}-2", "{endpoint}", false },
		{ "{endpoint}", "{endpoint}", true },
		{ "same", "same", true },
		{ "{{{serial}}}", "{serial}", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		IMP_ARENA arena = { NULL };
		struct imp_template a, b, e;
		struct imp_diag diag = { .text = "" };

		assert_int_equal(imp_template_parse(rows[i].a, &arena, &a, &diag), IMP_OK);
		assert_int_equal(imp_template_parse(rows[i].b, &arena, &b, &diag), IMP_OK);
		assert_int_equal(imp_template_parse("urn:{serial}", &arena, &e, &diag), IMP_OK);
		if (imp_template_may_equal(&a, &e, &b, &e) != rows[i].may ||
			imp_template_may_equal(&b, &e, &a, &e) != rows[i].may)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_may_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
