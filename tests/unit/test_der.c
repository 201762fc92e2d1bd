/* SPDX-License-Identifier: Apache-2.0 */
/* Tag-length-value: forms that are read, forms that are refused, shortest forms written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/der.h"
#include "tests/fake/vec.h"

#define F(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static void next(void **state)
{
	static const struct {
		const char *what;
		struct imp_span in;
		enum imp_status st;
		uint16_t tag;
		size_t at, n;
	} rows[] = {
		{ "empty value", F("\x30\x00"), IMP_OK, 0x30, 2, 0 },
		{ "short length", F("\x04\x02\xAB\xCD\xEF"), IMP_OK, 0x04, 2, 2 },
		{ "81", F("\x04\x81\x02\xAB\xCD"), IMP_OK, 0x04, 3, 2 },
		{ "82", F("\x04\x82\x00\x02\xAB\xCD"), IMP_OK, 0x04, 4, 2 },
		{ "83", F("\x04\x83\x00\x00\x01\xAB"), IMP_OK, 0x04, 5, 1 },
		{ "tag of two octets", F("\x5F\x50\x01\xAB"), IMP_OK, 0x5F50, 3, 1 },
		{ "nothing", { NULL, 0 }, IMP_E_TRUNC, 0, 0, 0 },
		{ "tag alone", F("\x30"), IMP_E_TRUNC, 0, 0, 0 },
		{ "half a tag", F("\x5F"), IMP_E_TRUNC, 0, 0, 0 },
		{ "half a length", F("\x30\x82\x01"), IMP_E_TRUNC, 0, 0, 0 },
		{ "cut value", F("\x04\x03\xAB\xCD"), IMP_E_TRUNC, 0, 0, 0 },
		{ "indefinite", F("\x30\x80\x00\x00"), IMP_E_FORMAT, 0, 0, 0 },
		{ "length of four octets", F("\x30\x84\x00\x00\x00\x00"), IMP_E_FORMAT, 0, 0, 0 },
		{ "length FF", F("\x30\xFF\x00\x00\x00\x00"), IMP_E_FORMAT, 0, 0, 0 },
		{ "tag of three octets", F("\x5F\x81\x01\x01\xAB"), IMP_E_FORMAT, 0, 0, 0 },
		{ "largest length", F("\x30\x83\xFF\xFF\xFF\x00"), IMP_E_TRUNC, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span in = vec_copy(rows[i].in);
		struct imp_rd rd = imp_rd(in);
		struct imp_der der;
		enum imp_status st = imp_der_next(&rd, &der);

		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].what, imp_status_text(st));
		if (st == IMP_OK) {
			assert_int_equal(der.tag, rows[i].tag);
			assert_ptr_equal(der.value.p, in.p + rows[i].at);
			assert_int_equal(der.value.n, rows[i].n);
			assert_int_equal(rd.n, in.n - rows[i].at - rows[i].n);
		} else {
			assert_int_equal(rd.st, st);
		}
		vec_free(in);
	}
}

static void take_and_find(void **state)
{
	static const struct imp_span run = F("\x02\x01\x05\x30\x02\x06\x00\x04\x01\x07\xFF\xFF");
	struct imp_rd rd = imp_rd(run);
	struct imp_span v = { NULL, 0 };

	(void)state;
	assert_int_equal(imp_der_take(&rd, IMP_DER_INTEGER).p[0], 5);
	assert_int_equal(imp_der_take(&rd, IMP_DER_OCTETS).n, 0);
	assert_int_equal(rd.st, IMP_E_FORMAT);
	assert_int_equal(imp_der_take(&rd, IMP_DER_OCTETS).n, 0);
	assert_int_equal(rd.st, IMP_E_FORMAT); /* the first cause stays */

	assert_int_equal(imp_der_find(run, IMP_DER_OCTETS, &v), IMP_OK);
	assert_int_equal(v.p[0], 7);
	assert_int_equal(imp_der_find(run, IMP_DER_OID, &v), IMP_E_ABSENT); /* not inside others */
	assert_int_equal(imp_der_find(imp_span(run.p, 4), IMP_DER_SEQUENCE, &v), IMP_E_TRUNC);
	assert_int_equal(imp_der_find(imp_span(NULL, 0), IMP_DER_OID, &v), IMP_E_ABSENT);
	assert_int_equal(v.p[0], 7);
}

static void filling(void **state)
{
	static const struct {
		struct imp_span in;
		bool more;
	} rows[] = {
		{ F("\x30\x00"), true },
		{ F("\xFF\xFF"), false },
		{ F("\x00"), false },
		{ { NULL, 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_rd rd = imp_rd(rows[i].in);

		assert_int_equal(imp_der_more(&rd), rows[i].more);
		rd.st = IMP_E_FORMAT;
		assert_false(imp_der_more(&rd));
	}
}

static void unsigned_numbers(void **state)
{
	static const struct {
		struct imp_span in;
		enum imp_status st;
		uint32_t v;
	} rows[] = {
		{ F("\x00"), IMP_OK, 0 },
		{ F("\x7F"), IMP_OK, 127 },
		{ F("\x00\x80"), IMP_OK, 128 },
		{ F("\x01\x2C"), IMP_OK, 300 },
		{ F("\xFF\xFF\xFF\xFF"), IMP_OK, UINT32_MAX },
		{ F("\x80"), IMP_OK, 128 },
		{ F("\x00\x00\x00\x00\x01"), IMP_E_FORMAT, 9 },
		{ { NULL, 0 }, IMP_E_FORMAT, 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t v = 9;

		assert_int_equal(imp_der_unsigned(rows[i].in, &v), rows[i].st);
		assert_int_equal(v, rows[i].v);
	}
}

/* What is written is read back, and is never longer than it has to be. */
static void round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, 70000 };
	static const size_t headers[] = { 2, 2, 2, 3, 3, 4, 4, 5, 5 };
	static uint8_t value[70000], out[70016];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct imp_wr wr = imp_wr(out, sizeof(out));
		struct imp_rd rd;
		struct imp_der der;

		imp_der_put(&wr, 0x30, imp_span(value, sizes[i]));
		assert_int_equal(wr.n, headers[i] + sizes[i]);
		assert_int_equal(imp_der_size(0x30, sizes[i]), wr.n);
		rd = imp_rd(imp_wr_span(&wr));
		assert_int_equal(imp_der_next(&rd, &der), IMP_OK);
		assert_int_equal(der.tag, 0x30);
		assert_int_equal(der.value.n, sizes[i]);
		assert_int_equal(imp_rd_done(&rd), IMP_OK);
	}
	for (uint32_t v = 0; v < 70000; v += 13) {
		struct imp_wr wr = imp_wr(out, sizeof(out));
		struct imp_rd rd;
		uint32_t got = ~v;

		imp_der_put_unsigned(&wr, IMP_DER_INTEGER, v);
		rd = imp_rd(imp_wr_span(&wr));
		assert_int_equal(
			imp_der_unsigned(imp_der_take(&rd, IMP_DER_INTEGER), &got), IMP_OK);
		assert_int_equal(got, v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next),
		cmocka_unit_test(take_and_find),
		cmocka_unit_test(filling),
		cmocka_unit_test(unsigned_numbers),
		cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
