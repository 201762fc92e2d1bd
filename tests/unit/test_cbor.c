/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include "base/hex.h"
#include "tests/fake/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct imp_span unhex(const char *hex, uint8_t *buf, size_t cap)
{
	struct imp_wr wr = imp_wr(buf, cap);

	assert_int_equal(imp_hex_get(&wr, imp_span_str(hex)), IMP_OK);
	return imp_wr_span(&wr);
}

/* Numbers of RFC 8949, appendix A; shortest: what the writer makes of the value. */
static const struct {
	const char *hex;
	int64_t value;
	const char *shortest;
} integers[] = {
	{ "00", 0, "00" },
	{ "17", 23, "17" },
	{ "1818", 24, "1818" },
	{ "1864", 100, "1864" },
	{ "1903e8", 1000, "1903e8" },
	{ "1a000f4240", 1000000, "1a000f4240" },
	{ "1b000000e8d4a51000", 1000000000000, "1b000000e8d4a51000" },
	{ "1b7fffffffffffffff", INT64_MAX, "1b7fffffffffffffff" },
	{ "20", -1, "20" },
	{ "3863", -100, "3863" },
	{ "3903e7", -1000, "3903e7" },
	{ "3b7fffffffffffffff", INT64_MIN, "3b7fffffffffffffff" },
	{ "1800", 0, "00" },
	{ "190017", 23, "17" },
	{ "1a00000018", 24, "1818" },
	{ "1b00000000000000ff", 255, "18ff" },
	{ "3b0000000000000000", -1, "20" },
};

static void test_integers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		uint8_t in[16], out[16], want[16];
		struct imp_rd rd = imp_rd(unhex(integers[i].hex, in, sizeof in));
		struct imp_wr wr = imp_wr(out, sizeof out);
		struct imp_cbor item;
		int64_t v = 0;

		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		assert_int_equal(imp_rd_done(&rd), IMP_OK);
		assert_int_equal(imp_cbor_integer(&item, &v), IMP_OK);
		assert_true(v == integers[i].value);
		imp_cbor_put_integer(&wr, v);
		assert_true(imp_span_eq(
			imp_wr_span(&wr), unhex(integers[i].shortest, want, sizeof want)));
	}
}

static void test_beyond_int64(void **state)
{
	uint8_t in[16];
	struct imp_rd rd = imp_rd(unhex("1bffffffffffffffff", in, sizeof in));
	struct imp_cbor item;
	int64_t v = 7;

	(void)state;
	assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
	assert_true(item.n == UINT64_MAX);
	assert_int_equal(imp_cbor_integer(&item, &v), IMP_E_FORMAT);
	rd = imp_rd(unhex("3b8000000000000000", in, sizeof in));
	assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
	assert_int_equal(imp_cbor_integer(&item, &v), IMP_E_FORMAT);
	assert_true(v == 7);
}

static const struct {
	const char *hex;
	double value;
	const char *shortest;
} floats[] = {
	{ "f90000", 0.0, "f90000" },
	{ "f98000", -0.0, "f98000" },
	{ "f93c00", 1.0, "f93c00" },
	{ "fb3ff199999999999a", 1.1, "fb3ff199999999999a" },
	{ "f93e00", 1.5, "f93e00" },
	{ "f97bff", 65504.0, "f97bff" },
	{ "fa47c35000", 100000.0, "fa47c35000" },
	{ "fa7f7fffff", 3.4028234663852886e+38, "fa7f7fffff" },
	{ "fb7e37e43c8800759c", 1.0e+300, "fb7e37e43c8800759c" },
	{ "f90001", 5.960464477539063e-8, "f90001" },
	{ "f90400", 0.00006103515625, "f90400" },
	{ "f983ff", -0.00006097555160522461, "f983ff" },
	{ "f9c400", -4.0, "f9c400" },
	{ "fbc010666666666666", -4.1, "fbc010666666666666" },
	{ "f97c00", INFINITY, "f97c00" },
	{ "f9fc00", -INFINITY, "f9fc00" },
	{ "fa7f800000", INFINITY, "f97c00" },
	{ "fbfff0000000000000", -INFINITY, "f9fc00" },
	{ "fa3f800000", 1.0, "f93c00" },
	{ "fb3ff0000000000000", 1.0, "f93c00" },
	{ "fa33000000", 2.98023223876953125e-8, "fa33000000" },
	{ "fb0000000000000001", 4.9406564584124654e-324, "fb0000000000000001" },
};

static void test_floats(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		uint8_t in[16], out[16], want[16];
		struct imp_rd rd = imp_rd(unhex(floats[i].hex, in, sizeof in));
		struct imp_wr wr = imp_wr(out, sizeof out);
		struct imp_cbor item;

		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		assert_int_equal(item.kind, IMP_CBOR_FLOAT);
		assert_memory_equal(&item.f, &floats[i].value, sizeof(double));
		imp_cbor_put_float(&wr, item.f);
		assert_true(imp_span_eq(
			imp_wr_span(&wr), unhex(floats[i].shortest, want, sizeof want)));
	}
}

/* Every half there is: read, write, the same two octets (NaNs become one). */
static void test_all_halves(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 0xFFFF; bits++) {
		uint8_t in[3] = { 0xF9, (uint8_t)(bits >> 8), (uint8_t)bits }, out[9];
		struct imp_rd rd = imp_rd(imp_span(in, sizeof in));
		struct imp_wr wr = imp_wr(out, sizeof out);
		struct imp_cbor item;

		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		imp_cbor_put_float(&wr, item.f);
		if (isnan(item.f))
			assert_memory_equal(out, "\xf9\x7e\x00", 3);
		else
			assert_memory_equal(out, in, 3);
		assert_int_equal(wr.n, 3);
	}
}

static const struct {
	const char *hex;
	enum imp_cbor_kind kind;
	const char *octets;
} strings[] = {
	{ "40", IMP_CBOR_BYTES, "" },
	{ "4401020304", IMP_CBOR_BYTES, "\1\2\3\4" },
	{ "60", IMP_CBOR_TEXT, "" },
	{ "6449455446", IMP_CBOR_TEXT, "IETF" },
	{ "7f657374726561646d696e67ff", IMP_CBOR_TEXT, "streaming" },
	{ "5f42010243030405ff", IMP_CBOR_BYTES, "\1\2\3\4\5" },
	{ "5fff", IMP_CBOR_BYTES, "" },
	{ "5f40405800ff", IMP_CBOR_BYTES, "" },
};

static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		uint8_t in[32], out[32];
		struct imp_rd rd = imp_rd(unhex(strings[i].hex, in, sizeof in));
		struct imp_wr wr = imp_wr(out, sizeof out);
		struct imp_cbor item;

		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		assert_int_equal(item.kind, strings[i].kind);
		assert_int_equal(imp_rd_done(&rd), IMP_OK);
		imp_cbor_octets(&wr, &item);
		assert_int_equal(item.n, strlen(strings[i].octets));
		assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(strings[i].octets)));
	}
}

/* One whole item, or why not. */
static const struct {
	const char *hex;
	enum imp_status st;
} items[] = {
	{ "80", IMP_OK },
	{ "8301820203820405", IMP_OK },
	{ "9fff", IMP_OK },
	{ "9f018202039f0405ffff", IMP_OK },
	{ "bf61610161629f0203ffff", IMP_OK },
	{ "a26161016162820203", IMP_OK },
	{ "c074323031332d30332d32315432303a30343a30305a", IMP_OK },
	{ "d818456449455446", IMP_OK },
	{ "f4", IMP_OK },
	{ "f7", IMP_OK },
	{ "f820", IMP_OK },
	{ "f8ff", IMP_OK },
	{ "", IMP_E_TRUNC },
	{ "18", IMP_E_TRUNC },
	{ "81", IMP_E_TRUNC },
	{ "a100", IMP_E_TRUNC },
	{ "4201", IMP_E_TRUNC },
	{ "5bffffffffffffffff00", IMP_E_TRUNC },
	{ "9bffffffffffffffff00", IMP_E_TRUNC },
	{ "9f", IMP_E_TRUNC },
	{ "9f00", IMP_E_TRUNC },
	{ "7f6161", IMP_E_TRUNC },
	{ "c0", IMP_E_TRUNC },
	{ "1c", IMP_E_FORMAT },	  /* reserved */
	{ "1f", IMP_E_FORMAT },	  /* no indefinite integers */
	{ "df00", IMP_E_FORMAT }, /* nor tags */
	{ "ff", IMP_E_FORMAT },	  /* break outside */
	{ "81ff", IMP_E_FORMAT },
	{ "bf00ff", IMP_E_FORMAT }, /* break in place of a value */
	{ "f800", IMP_E_FORMAT },   /* simple values below 32 in two octets */
	{ "f818", IMP_E_FORMAT },
	{ "fc", IMP_E_FORMAT },
	{ "5f6161ff", IMP_E_FORMAT },	  /* chunk of another kind */
	{ "5f5f4100ffff", IMP_E_FORMAT }, /* chunk in chunks */
	{ "7f01ff", IMP_E_FORMAT },
	{ "818181818181818181818181818181818100", IMP_E_FORMAT }, /* 17 deep */
	{ "8181818181818181818181818181818100", IMP_OK },
};

static void test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		uint8_t in[64];
		struct imp_rd rd = imp_rd(unhex(items[i].hex, in, sizeof in));

		if (imp_cbor_skip(&rd) != items[i].st)
			fail_msg("%s: %d, not %d", items[i].hex, rd.st, items[i].st);
		if (items[i].st == IMP_OK)
			assert_int_equal(imp_rd_done(&rd), IMP_OK);
	}
}

static void test_walk(void **state)
{
	uint8_t in[32];
	struct imp_rd rd = imp_rd(unhex("bf01020304ff8100", in, sizeof in));
	struct imp_cbor map, array, item;
	int pairs = 0;

	(void)state;
	assert_int_equal(imp_cbor_next(&rd, &map), IMP_OK);
	while (imp_cbor_more(&rd, &map)) {
		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		assert_int_equal(imp_cbor_next(&rd, &item), IMP_OK);
		pairs++;
	}
	assert_int_equal(pairs, 2);
	assert_int_equal(imp_cbor_next(&rd, &array), IMP_OK);
	assert_true(imp_cbor_more(&rd, &array));
	assert_int_equal(imp_cbor_skip(&rd), IMP_OK);
	assert_false(imp_cbor_more(&rd, &array));
	assert_int_equal(imp_rd_done(&rd), IMP_OK);
}

static bool skipped_whole(void *ctx, struct imp_span in)
{
	struct imp_rd rd = imp_rd(in);

	(void)ctx;
	return imp_cbor_skip(&rd) == IMP_OK;
}

/* Takes anything that ends: must be caught by the sweep. */
static bool ends_anyhow(void *ctx, struct imp_span in)
{
	(void)ctx;
	(void)in;
	return true;
}

static void test_prefixes(void **state)
{
	uint8_t in[64];
	struct imp_span s = unhex(
		"bf61619f01fb3ff199999999999a7f6161ffff62626244010203041903e8f6ff", in, sizeof in);

	(void)state;
	assert_true(skipped_whole(NULL, s));
	assert_int_equal(vec_prefixes(s, skipped_whole, NULL), 0);
	assert_int_equal(vec_prefixes(s, ends_anyhow, NULL), s.n);
	(void)vec_flips(s, skipped_whole, NULL); /* harmless: the sanitizers are the judge */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_beyond_int64),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_all_halves),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
