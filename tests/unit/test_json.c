/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_dec.h"

#include "codec/json_enc.h"
#include "tests/fake/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Read all of it. */
static enum imp_status read_all(struct imp_span text)
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;
	enum imp_status st = imp_json_next(&j, &token);

	if (!st)
		st = imp_json_skip(&j, &token);
	return st ? st : imp_json_next(&j, &token);
}

static const struct {
	const char *text;
	enum imp_status st;
} texts[] = {
	{ "{}", IMP_OK },
	{ "[]", IMP_OK },
	{ " \t\r\n[ 1 , 2 ]\n ", IMP_OK },
	{ "{\"a\":{\"b\":[true,false,null,\"x\"]},\"c\":-0.5e+10}", IMP_OK },
	{ "\"\"", IMP_OK },
	{ "0", IMP_OK },
	{ "-0", IMP_OK },
	{ "1E5", IMP_OK },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"", IMP_OK },
	{ "\"\\ud83d\\ude00\"", IMP_OK },
	{ "\"\xc3\xa4\xf0\x9f\x98\x80\x7f\"", IMP_OK },
	{ "", IMP_E_TRUNC },
	{ "  ", IMP_E_TRUNC },
	{ "[", IMP_E_TRUNC },
	{ "[1", IMP_E_TRUNC },
	{ "[1,", IMP_E_TRUNC },
	{ "{\"a\"", IMP_E_TRUNC },
	{ "{\"a\":", IMP_E_TRUNC },
	{ "\"abc", IMP_E_TRUNC },
	{ "\"\\u00", IMP_E_TRUNC },
	{ "tru", IMP_E_TRUNC },
	{ "-", IMP_E_TRUNC },
	{ "1.", IMP_E_TRUNC },
	{ "1e", IMP_E_TRUNC },
	{ "[1,]", IMP_E_FORMAT },
	{ "[,1]", IMP_E_FORMAT },
	{ "[1 2]", IMP_E_FORMAT },
	{ "{\"a\":1,}", IMP_E_FORMAT },
	{ "{a:1}", IMP_E_FORMAT },
	{ "{\"a\" 1}", IMP_E_FORMAT },
	{ "{1:2}", IMP_E_FORMAT },
	{ "[1}", IMP_E_FORMAT },
	{ "{]", IMP_E_FORMAT },
	{ "[] []", IMP_E_FORMAT },
	{ "[]x", IMP_E_FORMAT },
	{ "01", IMP_E_FORMAT },
	{ "+1", IMP_E_FORMAT },
	{ ".5", IMP_E_FORMAT },
	{ "1.e5", IMP_E_FORMAT },
	{ "0x10", IMP_E_FORMAT },
	{ "NaN", IMP_E_FORMAT },
	{ "Infinity", IMP_E_FORMAT },
	{ "True", IMP_E_FORMAT },
	{ "truex", IMP_E_FORMAT },
	{ "'a'", IMP_E_FORMAT },
	{ "\"a\nb\"", IMP_E_FORMAT },
	{ "\"\\x41\"", IMP_E_FORMAT },
	{ "\"\\u12g4\"", IMP_E_FORMAT },
	{ "\"\\ud83d\"", IMP_E_FORMAT },
	{ "\"\\ud83d\\u0041\"", IMP_E_FORMAT },
	{ "\"\\ude00\\ud83d\"", IMP_E_FORMAT },
	{ "\"\xff\"", IMP_E_FORMAT },
	{ "\"\xed\xa0\x80\"", IMP_E_FORMAT },
	{ "\xef\xbb\xbf[]", IMP_E_FORMAT },
	{ "/* */[]", IMP_E_FORMAT },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", IMP_OK }, /* 32 */
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", IMP_E_FORMAT },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct imp_span s = vec_copy(imp_span_str(texts[i].text));
		enum imp_status st = read_all(s);

		vec_free(s);
		if (st != texts[i].st)
			fail_msg("%s: %d, not %d", texts[i].text, st, texts[i].st);
	}
}

static void test_tokens(void **state)
{
	static const struct {
		enum imp_json_kind kind;
		const char *key, *text;
	} want[] = {
		{ IMP_JSON_OBJECT, "", "" },
		{ IMP_JSON_STRING, "a", "x\\n" },
		{ IMP_JSON_ARRAY, "b", "" },
		{ IMP_JSON_NUMBER, "", "-1.50e3" },
		{ IMP_JSON_OBJECT, "", "" },
		{ IMP_JSON_END, "", "" },
		{ IMP_JSON_TRUE, "", "" },
		{ IMP_JSON_END, "", "" },
		{ IMP_JSON_NULL, "c", "" },
		{ IMP_JSON_FALSE, "d", "" },
		{ IMP_JSON_END, "", "" },
		{ IMP_JSON_END, "", "" },
	};
	struct imp_json_rd j = imp_json_rd(
		imp_span_str("{\"a\":\"x\\n\",\"b\":[-1.50e3,{},true],\"c\":null,\"d\":false}"));

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct imp_json_token t;

		assert_int_equal(imp_json_next(&j, &t), IMP_OK);
		assert_int_equal(t.kind, want[i].kind);
		assert_true(imp_span_eq(t.key, imp_span_str(want[i].key)));
		assert_true(imp_span_eq(t.text, imp_span_str(want[i].text)));
	}
}

static void test_copy_reads_again(void **state)
{
	struct imp_json_rd j = imp_json_rd(imp_span_str("[[1,2],3]")), again;
	struct imp_json_token t;

	(void)state;
	assert_int_equal(imp_json_next(&j, &t), IMP_OK);
	assert_int_equal(imp_json_next(&j, &t), IMP_OK);
	again = j;
	assert_int_equal(imp_json_skip(&j, &t), IMP_OK);
	assert_int_equal(imp_json_next(&j, &t), IMP_OK);
	assert_true(imp_span_eq(t.text, imp_span_str("3")));
	assert_int_equal(imp_json_next(&again, &t), IMP_OK);
	assert_true(imp_span_eq(t.text, imp_span_str("1")));
}

static void test_chars(void **state)
{
	static const char text[] =
		"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20ac\\ud83d\\ude00\xc3\xa4";
	static const char want[] = "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4";
	uint8_t buf[64];
	struct imp_wr wr = imp_wr(buf, sizeof buf);

	(void)state;
	imp_json_chars(&wr, imp_span_str(text));
	assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(want)));
	assert_true(imp_json_is(imp_span_str("b\\u006e"), "bn"));
	assert_false(imp_json_is(imp_span_str("b"), "bn"));
	assert_false(imp_json_is(imp_span_str("bnn"), "bn"));
}

static const struct {
	const char *text;
	bool ok, negative;
	uint64_t magnitude;
} wholes[] = {
	{ "0", true, false, 0 },
	{ "-0", true, false, 0 },
	{ "49320", true, false, 49320 },
	{ "-1", true, true, 1 },
	{ "9007199254740993", true, false, 9007199254740993U }, /* not a double */
	{ "18446744073709551615", true, false, UINT64_MAX },
	{ "18446744073709551616", false, false, 0 },
	{ "184467440737095516150", false, false, 0 },
	{ "-9223372036854775808", true, true, 1ULL << 63 },
	{ "1e3", true, false, 1000 },
	{ "1E+3", true, false, 1000 },
	{ "1.5e1", true, false, 15 },
	{ "1.50", false, false, 0 },
	{ "10.0", true, false, 10 },
	{ "1000e-3", true, false, 1 },
	{ "1001e-3", false, false, 0 },
	{ "0.001e3", true, false, 1 },
	{ "0e99999999999", true, false, 0 },
	{ "1e99999999999", false, false, 0 },
	{ "1e-99999999999", false, false, 0 },
	{ "0.0", true, false, 0 },
	{ "1e19", true, false, 10000000000000000000U },
	{ "1e20", false, false, 0 },
	{ "0.1", false, false, 0 },
	{ "", false, false, 0 },
	{ "-", false, false, 0 },
	{ "1x", false, false, 0 },
};

static void test_whole_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		bool negative = true;
		uint64_t magnitude = 99;
		enum imp_status st =
			imp_json_whole(imp_span_str(wholes[i].text), &negative, &magnitude);

		if ((st == IMP_OK) != wholes[i].ok)
			fail_msg("%s: %d", wholes[i].text, st);
		if (st != IMP_OK)
			continue;
		assert_int_equal(negative, wholes[i].negative);
		assert_true(magnitude == wholes[i].magnitude);
	}
}

static void test_integers(void **state)
{
	int64_t v = 5;

	(void)state;
	assert_int_equal(imp_json_integer(imp_span_str("-9223372036854775808"), &v), IMP_OK);
	assert_true(v == INT64_MIN);
	assert_int_equal(imp_json_integer(imp_span_str("9223372036854775807"), &v), IMP_OK);
	assert_true(v == INT64_MAX);
	assert_int_equal(imp_json_integer(imp_span_str("9223372036854775808"), &v), IMP_E_FORMAT);
	assert_int_equal(imp_json_integer(imp_span_str("-9223372036854775809"), &v), IMP_E_FORMAT);
	assert_true(v == INT64_MAX);
}

static void test_floats(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0.1, "[0.1]" },
		{ 1.5, "[1.5]" },
		{ 1e300, "[1e+300]" },
		{ 1.0 / 3, "[0.3333333333333333]" },
		{ -0.0, "[-0.0]" },
		{ 2.0, "[2.0]" },
		{ 5e-324, "[5e-324]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[64];
		struct imp_wr wr = imp_wr(buf, sizeof buf);
		struct imp_json j = imp_json(&wr);

		imp_json_array(&j, NULL);
		imp_json_float(&j, NULL, rows[i].v);
		imp_json_array_end(&j);
		assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(rows[i].text)));
		assert_int_equal(read_all(imp_wr_span(&wr)), IMP_OK);
	}
	{
		uint8_t buf[64];
		struct imp_wr wr = imp_wr(buf, sizeof buf);
		struct imp_json j = imp_json(&wr);

		imp_json_float(&j, NULL, (double)NAN);
		assert_int_equal(wr.st, IMP_E_FORMAT);
	}
}

static bool accepted(void *ctx, struct imp_span in)
{
	(void)ctx;
	return read_all(in) == IMP_OK;
}

static bool anything(void *ctx, struct imp_span in)
{
	(void)ctx;
	(void)in;
	return true;
}

static void test_prefixes(void **state)
{
	struct imp_span s = imp_span_str(
		"{\"a\":[1,-2.5e3,\"\\ud83d\\ude00\xc3\xa4\",{\"b\":null}],\"c\":true}");

	(void)state;
	assert_true(accepted(NULL, s));
	assert_int_equal(vec_prefixes(s, accepted, NULL), 0);
	assert_int_equal(vec_prefixes(s, anything, NULL), s.n);
	(void)vec_flips(s, accepted, NULL); /* harmless: the sanitizers are the judge */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_copy_reads_again),
		cmocka_unit_test(test_chars),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
