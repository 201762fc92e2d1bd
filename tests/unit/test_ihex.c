/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/ihex.h"

#include "tests/fake/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define END ":00000001FF\n"
#define CAP 4096

/* The 40 octets 01..28 at 1FFF0, over a border of 64 KiB. */
static const char golden[] = ":020000040001F9\r\n"
			     ":10FFF0000102030405060708090A0B0C0D0E0F1079\r\n"
			     ":020000040002F8\r\n"
			     ":100000001112131415161718191A1B1C1D1E1F2068\r\n"
			     ":080010002122232425262728C4\r\n"
			     ":00000001FF\r\n";

static void test_golden(void **state)
{
	uint8_t data[40], text[512], back[CAP];
	struct imp_wr wr = imp_wr(text, sizeof text);
	struct imp_diag diag;
	uint32_t base = 0;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i + 1);
	imp_ihex_encode(&wr, 0x1FFF0, imp_span(data, sizeof data));
	assert_true(imp_span_eq(imp_wr_span(&wr), imp_span_str(golden)));
	assert_int_equal(
		imp_ihex_decode(imp_wr_span(&wr), back, sizeof back, &base, &n, &diag), IMP_OK);
	assert_int_equal(base, 0x1FFF0);
	assert_int_equal(n, sizeof data);
	assert_memory_equal(back, data, n);
}

/* want: first octets in hex order of addresses from base; NULL: refused with text in the message.
 */
static const struct {
	const char *why, *text;
	uint32_t base;
	const char *want;
	size_t n;
	const char *message;
} rows[] = {
	{ "LF, lower case", ":02000000aabb99\n:00000001ff", 0, "\xaa\xbb", 2, NULL },
	{ "segment", ":020000021000EC\n:01000000AA55\n" END, 0x10000, "\xaa", 1, NULL },
	{ "linear", ":020000040800F2\n:01000000AA55\n" END, 0x08000000, "\xaa", 1, NULL },
	{ "start addresses", ":0400000300000000F9\n:0400000500000000F7\n:01000000AA55\n" END, 0,
		"\xaa", 1, NULL },
	{ "a gap is FF", ":01000000AA55\n:01000300BB41\n" END, 0, "\xaa\xff\xff\xbb", 4, NULL },
	{ "descending", ":01000100BB43\n:01000000AA55\n" END, 0, "\xaa\xbb", 2, NULL },
	{ "last octet there is", ":02000004FFFFFC\n:01FFFF00AA57\n" END, UINT32_MAX, "\xaa", 1,
		NULL },
	{ "blank lines at the end", ":01000000AA55\n" END "\n\r\n", 0, "\xaa", 1, NULL },
	{ "no end record", ":01000000AA55\n", 0, NULL, 0, "no end record" },
	{ "nothing", "", 0, NULL, 0, "no end record" },
	{ "wrong sum", ":01000000AA56\n" END, 0, NULL, 0, "input:1: Intel HEX: checksum" },
	{ "wrong sum of the end", ":01000000AA55\n:00000001FE\n", 0, NULL, 0, "input:2:" },
	{ "no colon", "01000000AA55\n" END, 0, NULL, 0, "':'" },
	{ "blank line within", ":01000000AA55\n\n" END, 0, NULL, 0, "input:2:" },
	{ "odd digits", ":01000000AA555\n" END, 0, NULL, 0, "hexadecimal" },
	{ "no digit", ":01000000AG55\n" END, 0, NULL, 0, "hexadecimal" },
	{ "blank in a record", ":0100000 0AA55\n" END, 0, NULL, 0, "hexadecimal" },
	{ "count too high", ":02000000AA54\n" END, 0, NULL, 0, "count" },
	{ "count too low", ":00000000AA56\n" END, 0, NULL, 0, "count" },
	{ "record cut", ":0100\n" END, 0, NULL, 0, "count" },
	{ "unknown type", ":00000006FA\n" END, 0, NULL, 0, "type" },
	{ "type 04 of one octet", ":0100000400FB\n" END, 0, NULL, 0, "length" },
	{ "type 01 with data", ":0100000100FE\n", 0, NULL, 0, "length" },
	{ "type 05 of two octets", ":020000050000F9\n" END, 0, NULL, 0, "length" },
	{ "text behind the end", ":01000000AA55\n" END "x\n", 0, NULL, 0, "behind the end" },
	{ "second end", ":01000000AA55\n" END END, 0, NULL, 0, "behind the end" },
	{ "octet twice", ":01000000AA55\n:01000000AA55\n" END, 0, NULL, 0,
		"0x00000000 is given twice" },
	{ "overlap", ":02000000AABB99\n:01000100BB43\n" END, 0, NULL, 0, "twice" },
	{ "overlap from below", ":01000100BB43\n:02000000AABB99\n" END, 0, NULL, 0, "twice" },
	{ "past the address space", ":02000004FFFFFC\n:02FFFF00AABB9B\n" END, 0, NULL, 0,
		"address space" },
	{ "too far apart", ":01000000AA55\n:01100000BB34\n" END, 0, NULL, 0, "4097" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span text = vec_copy(imp_span_str(rows[i].text));
		uint8_t buf[CAP];
		struct imp_diag diag = { IMP_OK, 0, "", "" };
		uint32_t base = 77;
		size_t n = 88;
		enum imp_status st = imp_ihex_decode(text, buf, sizeof buf, &base, &n, &diag);

		vec_free(text);
		if ((st == IMP_OK) != (rows[i].want != NULL))
			fail_msg("%s: %d %s", rows[i].why, st, diag.text);
		if (st != IMP_OK) {
			assert_true(base == 77 && n == 88);
			if (!strstr(diag.text, rows[i].message))
				fail_msg("%s: %s", rows[i].why, diag.text);
			continue;
		}
		assert_int_equal(base, rows[i].base);
		assert_int_equal(n, rows[i].n);
		assert_memory_equal(buf, rows[i].want, n);
	}
}

static enum imp_status stop(void *ctx, uint32_t addr, struct imp_span data)
{
	(void)addr;
	(void)data;
	++*(int *)ctx;
	return IMP_E_DENIED;
}

static void test_visitor(void **state)
{
	struct imp_diag diag;
	int calls = 0;

	(void)state;
	assert_int_equal(
		imp_ihex_each(imp_span_str(golden), stop, &calls, "f", &diag), IMP_E_DENIED);
	assert_int_equal(calls, 1);
	calls = 0;
	assert_int_equal(
		imp_ihex_each(imp_span_str(":01000000AA55\n"), stop, &calls, "f.hex", &diag),
		IMP_E_TRUNC);
	assert_int_equal(calls, 0); /* checked as a whole first */
	assert_non_null(strstr(diag.text, "f.hex"));
}

static void test_starts(void **state)
{
	static const struct {
		const char *text;
		unsigned n;
		struct imp_ihex_start first;
	} starts[] = {
		{ END, 0, { 0, 0 } },
		{ ":0400000508000101ED\n" END, 1, { 5, 0x08000101 } },
		{ ":0400000300010000F8\n:01000000AA55\n" END, 1, { 3, 0x00010000 } },
		{ ":0400000508000101ED\n:0400000508000101ED\n" END, 1, { 5, 0x08000101 } },
		{ ":0400000508000101ED\n:0400000508000201EC\n" END, 2, { 5, 0x08000101 } },
		{ ":0400000508000101ED\n:0400000308000101EF\n" END, 2, { 5, 0x08000101 } },
		{ ":0400000508000101ED\n:0400000508000201EC\n:0400000508000101ED\n" END, 2,
			{ 5, 0x08000101 } },
		{ ":020000050800F1\n" END, 0, { 0, 0 } },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		struct imp_span copy = vec_copy(imp_span_str(starts[i].text));
		struct imp_ihex_start start = { 0, 0 };

		assert_int_equal(imp_ihex_starts(copy, &start), starts[i].n);
		assert_int_equal(start.type, starts[i].first.type);
		assert_int_equal(start.address, starts[i].first.address);
		vec_free(copy);
		/* What is written is what is read. */
		if (start.type) {
			struct imp_wr wr = imp_wr(text, sizeof text);
			struct imp_ihex_start again = { 0, 0 };

			imp_ihex_put_end(&wr, &start);
			assert_int_equal(imp_ihex_starts(imp_wr_span(&wr), &again), 1);
			assert_true(again.type == start.type && again.address == start.address);
		}
	}
}

/* Every start within a record and around a border, every small size: what is read was written. */
static void test_round_trips(void **state)
{
	uint8_t data[70], text[1024], back[CAP];
	struct imp_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7 + 3);
	for (uint32_t at = 0xFFE0; at < 0x10010; at++)
		for (size_t size = 1; size <= sizeof data; size++) {
			struct imp_wr wr = imp_wr(text, sizeof text);
			uint32_t base = 0;
			size_t n = 0;

			imp_ihex_encode(&wr, at, imp_span(data, size));
			assert_int_equal(imp_ihex_decode(imp_wr_span(&wr), back, sizeof back, &base,
						 &n, &diag),
				IMP_OK);
			assert_true(base == at && n == size && memcmp(back, data, n) == 0);
		}
}

/* Read as something else than was written; with ctx (the control) a refusal counts too. */
static bool wrong(void *ctx, struct imp_span in)
{
	uint8_t buf[CAP];
	struct imp_diag diag;
	uint32_t base = 0;
	size_t n = 0;

	if (imp_ihex_decode(in, buf, sizeof buf, &base, &n, &diag) != IMP_OK)
		return ctx != NULL;
	for (size_t i = 0; i < n; i++)
		if (buf[i] != i + 1)
			return true;
	return base != 0x1FFF0 || n != 40;
}

static bool read_at_all(void *ctx, struct imp_span in)
{
	uint8_t buf[CAP];
	struct imp_diag diag;
	uint32_t base = 0;
	size_t n = 0;

	(void)ctx;
	return imp_ihex_decode(in, buf, sizeof buf, &base, &n, &diag) == IMP_OK;
}

static void test_sweeps(void **state)
{
	struct imp_span text = imp_span_str(golden);

	(void)state;
	/* The end of the last line may be missing. */
	assert_int_equal(vec_prefixes(text, read_at_all, NULL), 2);
	assert_int_equal(vec_flips(text, wrong, NULL), 0);
	/* Flips of a letter's case are read, and rightly; all others are refused. */
	assert_true(vec_flips(text, read_at_all, NULL) > 0);
	assert_int_equal(
		vec_flips(text, wrong, &text) + vec_flips(text, read_at_all, NULL), 8 * text.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_visitor),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_sweeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
