/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M TLV: headers, values of every type and width, the table of peers' values, sweeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/hex.h"
#include "codec/tlv.h"
#include "tests/fake/vec.h"

#define VALUES VEC_SHARED "peers/tlv_values.json"

static uint8_t buf[1 << 17];

/* The octets that hex spells, in buf. */
static struct imp_span octets(const char *hex)
{
	static uint8_t b[256];
	struct imp_wr wr = imp_wr(b, sizeof(b));

	assert_int_equal(imp_hex_get(&wr, imp_span_str(hex)), IMP_OK);
	return imp_span(b, wr.n);
}

static void assert_hex(const struct imp_wr *wr, const char *hex)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(wr->n, strlen(hex) / 2);
	assert_memory_equal(wr->p, octets(hex).p, wr->n);
}

/* ---- headers ---- */

static void headers(void **state)
{
	static const struct {
		const char *hex;
		enum imp_tlv_kind kind;
		uint16_t id;
		size_t n, head;
		bool shortest;
	} rows[] = {
		{ "c000", IMP_TLV_RESOURCE, 0, 0, 2, true },
		{ "c10155", IMP_TLV_RESOURCE, 1, 1, 2, true },
		{ "070011111111111111", IMP_TLV_INSTANCE, 0, 7, 2, true },
		{ "0800082222222222222222", IMP_TLV_INSTANCE, 0, 8, 3, true },
		{ "41ff00", IMP_TLV_RES_INSTANCE, 255, 1, 2, true },
		{ "61010000", IMP_TLV_RES_INSTANCE, 256, 1, 3, true },
		{ "a0ffff", IMP_TLV_MULTIPLE, 65535, 0, 3, true },
		/* Longer than needed: T9. */
		{ "e0000a", IMP_TLV_RESOURCE, 10, 0, 3, false },
		{ "c80a0100", IMP_TLV_RESOURCE, 10, 1, 3, false },
		{ "d00a000100", IMP_TLV_RESOURCE, 10, 1, 4, false },
		{ "d80a00000100", IMP_TLV_RESOURCE, 10, 1, 5, false },
		{ "f8000a00000100", IMP_TLV_RESOURCE, 10, 1, 6, false },
		/* Bits 2-0 say nothing where a length field follows. */
		{ "cf0a0100", IMP_TLV_RESOURCE, 10, 1, 3, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_copy(octets(rows[i].hex));
		struct imp_rd rd = imp_rd(in);
		struct imp_wr wr = imp_wr(buf, sizeof(buf));
		struct imp_tlv tlv;

		assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
		assert_int_equal(imp_rd_done(&rd), IMP_OK);
		assert_int_equal(tlv.kind, rows[i].kind);
		assert_int_equal(tlv.id, rows[i].id);
		assert_int_equal(tlv.value.n, rows[i].n);
		assert_ptr_equal(tlv.value.p, in.p + rows[i].head);
		imp_tlv_put(&wr, tlv.kind, tlv.id, tlv.value);
		assert_int_equal(imp_span_eq(imp_wr_span(&wr), in), rows[i].shortest);
		vec_free(in);
	}
}

static bool taken(void *ctx, struct imp_span input)
{
	struct imp_rd rd = imp_rd(input);
	struct imp_tlv tlv = { .id = 4711 };
	bool ok = imp_tlv_next(&rd, &tlv) == IMP_OK;

	(void)ctx;
	if (!ok)
		assert_int_equal(tlv.id, 4711);
	return ok;
}

/* Either refused, or within the input and written again with the same meaning. */
static bool harmful(void *ctx, struct imp_span input)
{
	struct imp_rd rd = imp_rd(input);
	struct imp_wr wr = imp_wr(buf, sizeof(buf));
	struct imp_tlv a, b;

	(void)ctx;
	if (imp_tlv_next(&rd, &a))
		return false;
	imp_tlv_put(&wr, a.kind, a.id, a.value);
	rd = imp_rd(imp_wr_span(&wr));
	return imp_tlv_next(&rd, &b) || imp_rd_done(&rd) || a.kind != b.kind || a.id != b.id ||
	       !imp_span_eq(a.value, b.value) || a.value.p < input.p ||
	       a.value.p + a.value.n > input.p + input.n;
}

/* A decoder that reads on into what is not there would do this. */
static bool pads(void *ctx, struct imp_span input)
{
	uint8_t padded[512] = { 0 };

	if (input.n)
		memcpy(padded, input.p, input.n);
	return taken(ctx, imp_span(padded, sizeof(padded)));
}

static void sweeps(void **state)
{
	static const char *const rows[] = { "c10155", "0800082222222222222222", "61010000",
		"f8000a00000100", "d00a000100" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_copy(octets(rows[i]));

		assert_int_equal(vec_prefixes(in, taken, NULL), 0);
		assert_int_equal(vec_flips(in, harmful, NULL), 0);
		assert_true(vec_prefixes(in, pads, NULL) > 0);
		vec_free(in);
	}
}

/* Lengths around each border of the length field; one more than 24 bits hold is refused. */
static void lengths(void **state)
{
	static const struct {
		size_t n, head;
	} rows[] = { { 7, 2 }, { 8, 3 }, { 255, 3 }, { 256, 4 }, { 65535, 4 }, { 65536, 5 } };
	struct imp_wr count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_wr wr = imp_wr(buf, sizeof(buf));
		struct imp_rd rd;
		struct imp_tlv tlv;

		imp_tlv_put_header(&wr, IMP_TLV_RESOURCE, 9, rows[i].n);
		assert_int_equal(wr.n, rows[i].head);
		imp_wr_fill(&wr, 0xEE, rows[i].n);
		rd = imp_rd(imp_wr_span(&wr));
		assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
		assert_int_equal(tlv.value.n, rows[i].n);
		assert_true(imp_span_all(tlv.value, 0xEE));
		assert_int_equal(imp_rd_done(&rd), IMP_OK);
	}
	count = imp_wr_count();
	imp_tlv_put_header(&count, IMP_TLV_RESOURCE, 9, 0xFFFFFF);
	assert_int_equal(count.st, IMP_OK);
	imp_tlv_put_header(&count, IMP_TLV_RESOURCE, 9, 0x1000000);
	assert_int_equal(count.st, IMP_E_SPACE);
}

/* ---- values ---- */

static void integers(void **state)
{
	static const struct {
		int64_t v;
		const char *hex;
	} rows[] = {
		{ 0, "c10500" },
		{ 127, "c1057f" },
		{ 128, "c2050080" },
		{ -1, "c105ff" },
		{ -128, "c10580" },
		{ -129, "c205ff7f" },
		{ 32767, "c2057fff" },
		{ 32768, "c40500008000" },
		{ 40000, "c40500009c40" },
		{ 65535, "c4050000ffff" },
		{ INT32_MAX, "c4057fffffff" },
		{ (int64_t)INT32_MAX + 1, "c805080000000080000000" },
		{ INT64_MAX, "c805087fffffffffffffff" },
		{ INT64_MIN, "c805088000000000000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_wr wr = imp_wr(buf, sizeof(buf));
		struct imp_rd rd;
		struct imp_tlv tlv;
		int64_t back = 0;

		imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 5, rows[i].v);
		assert_hex(&wr, rows[i].hex);
		rd = imp_rd(imp_wr_span(&wr));
		assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
		assert_int_equal(imp_tlv_integer(tlv.value, &back), IMP_OK);
		assert_true(back == rows[i].v);
	}
}

static void other_types(void **state)
{
	struct imp_wr wr = imp_wr(buf, sizeof(buf));

	(void)state;
	imp_tlv_put_unsigned(&wr, IMP_TLV_RES_INSTANCE, 0, 0xC0A8);
	imp_tlv_put_unsigned(&wr, IMP_TLV_RES_INSTANCE, 1, UINT64_MAX);
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 1, true);
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 1, false);
	imp_tlv_put_link(&wr, IMP_TLV_RESOURCE, 17, 21, 3);
	imp_tlv_put_float(&wr, IMP_TLV_RESOURCE, 6, 0.5);
	imp_tlv_put_float(&wr, IMP_TLV_RESOURCE, 6, 0.1);
	imp_tlv_put_float(&wr, IMP_TLV_RESOURCE, 6, 1e300);
	assert_hex(&wr, "4200c0a8480108ffffffffffffffffc10101c10100c41100150003c4063f000000c806083f"
			"b999999999999ac806087e37e43c8800759c");
}

/* Widths that no type has: refused, the output untouched. */
static void widths(void **state)
{
	static const uint8_t ones[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	(void)state;
	for (size_t n = 0; n <= sizeof(ones); n++) {
		struct imp_span v = vec_copy(imp_span(ones, n));
		bool number = n == 1 || n == 2 || n == 4 || n == 8;
		int64_t i = -77;
		uint64_t u = 77;
		double f = 77;
		bool b = false;
		uint16_t o = 77, oi = 77;

		assert_int_equal(imp_tlv_integer(v, &i), number ? IMP_OK : IMP_E_FORMAT);
		assert_int_equal(imp_tlv_unsigned(v, &u), number ? IMP_OK : IMP_E_FORMAT);
		assert_int_equal(imp_tlv_float(v, &f), n == 4 || n == 8 ? IMP_OK : IMP_E_FORMAT);
		assert_int_equal(imp_tlv_boolean(v, &b), n == 1 ? IMP_OK : IMP_E_FORMAT);
		assert_int_equal(imp_tlv_link(v, &o, &oi), n == 4 ? IMP_OK : IMP_E_FORMAT);
		assert_int_equal(i == -77, !number);
		assert_int_equal(u == 77, !number);
		assert_int_equal(b, n == 1);
		assert_int_equal(o, n == 4 ? 0x0101 : 77);
		assert_int_equal(oi, n == 4 ? 0x0101 : 77);
		vec_free(v);
	}
}

/* ---- values that peers agree on ---- */

static struct imp_span value_of(const char *hex)
{
	return vec_copy(octets(hex));
}

/* True when the value of this type decodes; *same: and equals the JSON value. */
static bool decodes(const char *type, struct imp_span v, const json_t *value, bool *same)
{
	char text[32];
	int64_t i;
	uint64_t u;
	double f;
	bool b;
	uint16_t o, oi;

	*same = true;
	if (strcmp(type, "integer") == 0 || strcmp(type, "time") == 0) {
		if (imp_tlv_integer(v, &i))
			return false;
		*same = json_is_integer(value) && json_integer_value(value) == i;
	} else if (strcmp(type, "unsigned") == 0) {
		if (imp_tlv_unsigned(v, &u))
			return false;
		*same = (uint64_t)json_integer_value(value) == u;
	} else if (strcmp(type, "float") == 0) {
		if (imp_tlv_float(v, &f))
			return false;
		*same = fabs(json_number_value(value) - f) == 0;
	} else if (strcmp(type, "boolean") == 0) {
		if (imp_tlv_boolean(v, &b))
			return false;
		*same = json_is_true(value) == b;
	} else if (strcmp(type, "objlnk") == 0) {
		if (imp_tlv_link(v, &o, &oi))
			return false;
		snprintf(text, sizeof(text), "%u:%u", o, oi);
		*same = strcmp(text, json_string_value(value)) == 0;
	} else if (strcmp(type, "string") == 0) {
		return imp_span_utf8(v);
	} else {
		assert_string_equal(type, "opaque");
	}
	return true;
}

/* JSON integers are signed here: the one row above INT64_MAX becomes its two's complement. */
static json_t *load_values(void)
{
	static const char most[] = "18446744073709551615";
	FILE *f = fopen(VALUES, "r");
	json_error_t error;
	char *at;

	assert_non_null(f);
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = 0;
	fclose(f);
	at = strstr((char *)buf, most);
	assert_non_null(at);
	snprintf(at, sizeof(most), "%-20d", -1);
	at[sizeof(most) - 1] = ',';
	return json_loads((char *)buf, 0, &error);
}

static void peers_values(void **state)
{
	json_t *doc, *row;
	size_t i;

	(void)state;
	if (!vec_there(VALUES))
		return;
	doc = load_values();
	assert_non_null(doc);
	assert_true(json_array_size(json_object_get(doc, "rows")) > 80);
	json_array_foreach(json_object_get(doc, "rows"), i, row)
	{
		const char *type = json_string_value(json_object_get(row, "type"));
		const char *hex = json_string_value(json_object_get(row, "hex"));
		bool valid = json_is_true(json_object_get(row, "valid")), same;
		struct imp_span v = value_of(hex);

		if (decodes(type, v, json_object_get(row, "value"), &same) != valid)
			fail_msg("%s %s is %s", type, hex, valid ? "refused" : "taken");
		if (valid && !same)
			fail_msg("%s %s has another value", type, hex);
		vec_free(v);
	}
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(lengths),
		cmocka_unit_test(integers),
		cmocka_unit_test(other_types),
		cmocka_unit_test(widths),
		cmocka_unit_test(peers_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
