/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of EF(LwM2M_Bootstrap): header, objects, versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "codec/ef.h"
#include "tests/fake/vec.h"

static uint8_t buf[1 << 16];

static struct imp_span octets(const char *hex)
{
	static uint8_t b[256];
	struct imp_wr wr = imp_wr(b, sizeof(b));

	assert_int_equal(imp_hex_get(&wr, imp_span_str(hex)), IMP_OK);
	return imp_span(b, wr.n);
}

static void headers(void **state)
{
	static const struct {
		const char *hex;
		size_t extent;
		enum imp_status open;
		uint16_t count;
	} rows[] = {
		{ "", 0, IMP_E_TRUNC, 0 },
		{ "000000", 0, IMP_E_TRUNC, 0 },
		{ "00000000", 4, IMP_OK, 0 },
		{ "00000000ffff", 4, IMP_OK, 0 },
		{ "000000010000", 0, IMP_E_FORMAT, 0 },
		{ "00010000", 0, IMP_E_FORMAT, 0 },
		{ "0001000400000000", 0, IMP_E_FORMAT, 0 },
		{ "000100050000000000", 9, IMP_OK, 1 },
		{ "0001000500000000", 9, IMP_E_TRUNC, 0 },
		{ "00020009", 0, IMP_E_FORMAT, 0 },
		{ "0002000a00000000000001000000", 14, IMP_OK, 2 },
		{ "00017ffc", 32768, IMP_E_TRUNC, 0 },
		{ "00017ffd", 0, IMP_E_FORMAT, 0 },
		{ "ffffffff", 0, IMP_E_FORMAT, 0 },
		{ "c8000e62", 0, IMP_E_FORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_copy(octets(rows[i].hex));
		struct imp_ef ef = { .count = 4711 };

		assert_int_equal(imp_ef_extent(in), rows[i].extent);
		assert_int_equal(imp_ef_open(in, &ef), rows[i].open);
		if (rows[i].open) {
			assert_int_equal(ef.count, 4711);
		} else {
			assert_int_equal(ef.count, rows[i].count);
			assert_int_equal(ef.objects.n, rows[i].extent - 4);
		}
		vec_free(in);
	}
}

static void objects(void **state)
{
	static const struct {
		const char *hex;
		enum imp_status st;
		struct imp_ef_object want;
		size_t n;
	} rows[] = {
		{ "0000000000", IMP_OK, { 0, false, 0, 0, { NULL, 0 } }, 0 },
		{ "001500000255aa", IMP_OK, { 21, false, 0, 0, { NULL, 0 } }, 2 },
		{ "0000010000 00", IMP_OK, { 0, true, 1, 0, { NULL, 0 } }, 0 },
		{ "000002050001 77", IMP_OK, { 0, true, 2, 5, { NULL, 0 } }, 1 },
		{ "fffe ffff0000", IMP_OK, { 65534, true, 255, 255, { NULL, 0 } }, 0 },
		{ "ffff000000", IMP_E_FORMAT, { 0, false, 0, 0, { NULL, 0 } }, 0 },
		{ "00000000", IMP_E_TRUNC, { 0, false, 0, 0, { NULL, 0 } }, 0 },
		{ "000000000155", IMP_OK, { 0, false, 0, 0, { NULL, 0 } }, 1 },
		{ "0000000001", IMP_E_TRUNC, { 0, false, 0, 0, { NULL, 0 } }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char hex[64];
		size_t n = 0;
		struct imp_span in;
		struct imp_rd rd;
		struct imp_ef_object o = { .id = 4711 };

		for (const char *p = rows[i].hex; *p; p++)
			if (*p != ' ')
				hex[n++] = *p;
		hex[n] = '\0';
		in = vec_copy(octets(hex));
		rd = imp_rd(in);
		assert_int_equal(imp_ef_next(&rd, &o), rows[i].st);
		if (rows[i].st) {
			assert_int_equal(o.id, 4711);
		} else {
			struct imp_wr wr = imp_wr(buf, sizeof(buf));

			assert_int_equal(o.id, rows[i].want.id);
			assert_int_equal(o.explicit_version, rows[i].want.explicit_version);
			assert_int_equal(o.major, rows[i].want.major);
			assert_int_equal(o.minor, rows[i].want.minor);
			assert_int_equal(o.instances.n, rows[i].n);
			assert_int_equal(imp_rd_done(&rd), IMP_OK);
			imp_ef_put_object(&wr, &o);
			assert_true(imp_span_eq(imp_wr_span(&wr), in));
		}
		vec_free(in);
	}
}

/* The whole file: open, count times next, nothing left. */
static bool taken(void *ctx, struct imp_span input)
{
	struct imp_ef ef;
	struct imp_ef_object o;
	struct imp_rd rd;

	(void)ctx;
	if (imp_ef_open(input, &ef))
		return false;
	rd = imp_rd(ef.objects);
	for (uint16_t i = 0; i < ef.count; i++)
		if (imp_ef_next(&rd, &o))
			return false;
	return imp_rd_done(&rd) == IMP_OK;
}

static bool ignores_what_is_left(void *ctx, struct imp_span input)
{
	uint8_t padded[1024] = { 0 };

	if (input.n)
		memcpy(padded, input.p, input.n);
	return taken(ctx, imp_span(padded, sizeof(padded)));
}

static void sweep(void **state)
{
	struct imp_span in = vec_hex("tests/golden/ef/psk_three_accounts.hex");

	(void)state;
	assert_true(taken(NULL, in));
	assert_int_equal(vec_prefixes(in, taken, NULL), 0);
	assert_true(vec_prefixes(in, ignores_what_is_left, NULL) > 0);
	/* A flip of the count, of the size or of an object's length is always seen. */
	for (size_t bit = 0; bit < 32; bit++) {
		struct imp_span copy = vec_copy(in);
		uint8_t *p;

		memcpy(&p, &copy.p, sizeof(p));
		p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(taken(NULL, copy));
		vec_free(copy);
	}
	vec_free(in);
}

static void encoder_refuses(void **state)
{
	struct imp_ef_object zero = { 0, true, 0, 1, { NULL, 0 } };
	struct imp_ef_object long_object = { 0, false, 0, 0, { buf, 65536 } };
	struct imp_wr wr = imp_wr(buf, sizeof(buf));
	struct imp_wr count = imp_wr_count();

	(void)state;
	imp_ef_put_object(&wr, &zero);
	assert_int_equal(wr.st, IMP_E_FORMAT);
	imp_ef_put_object(&count, &long_object);
	assert_int_equal(count.st, IMP_E_SPACE);
	wr = imp_wr(buf, sizeof(buf));
	imp_ef_put_header(&wr, 3, 0x1234);
	assert_memory_equal(buf, "\x00\x03\x12\x34", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(objects),
		cmocka_unit_test(sweep),
		cmocka_unit_test(encoder_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
