/* SPDX-License-Identifier: Apache-2.0 */
/* The base: status, spans, cursors, hexadecimal and base64 text, CRC-32, secrets, diagnosis, JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/secret.h"
#include "codec/json_enc.h"
#include "tests/fake/vec.h"

static uint8_t buf[4096];

static void assert_text(const struct imp_wr *wr, const char *text)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(wr->n, strlen(text));
	assert_memory_equal(wr->p, text, wr->n);
}

/* ---- status ---- */

static void status(void **state)
{
	static const struct {
		enum imp_status st;
		int value, exit;
	} rows[] = {
		{ IMP_OK, 0, 0 },
		{ IMP_E_INTERNAL, -1, 1 },
		{ IMP_E_USAGE, -2, 2 },
		{ IMP_E_TRUNC, -3, 3 },
		{ IMP_E_FORMAT, -4, 3 },
		{ IMP_E_SPACE, -5, 3 },
		{ IMP_E_IO, -6, 4 },
		{ IMP_E_ABSENT, -7, 4 },
		{ IMP_E_REFUSED, -8, 5 },
		{ IMP_E_MISMATCH, -9, 6 },
		{ IMP_E_DENIED, -10, 7 },
		{ IMP_E_PARTIAL, -11, 8 },
		{ IMP_E_UNSUPPORTED, -12, 3 },
		{ IMP_E_INCONSISTENT, -13, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].st, rows[i].value);
		assert_int_equal(imp_status_exit(rows[i].st), rows[i].exit);
		assert_true(strlen(imp_status_text(rows[i].st)) > 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
				imp_status_text(rows[i].st), imp_status_text(rows[j].st));
	}
	assert_string_equal(imp_status_text((enum imp_status) - 99), "unknown status");
	assert_string_equal(imp_status_text((enum imp_status)1), "unknown status");
	assert_int_equal(imp_status_exit((enum imp_status) - 99), 1);
}

static void diagnosis(void **state)
{
	struct imp_diag d;
	char long_text[1024];

	(void)state;
	memset(&d, 0xFF, sizeof(d));
	assert_int_equal(
		imp_diag(&d, IMP_E_FORMAT, "%s:%d: %s", "a.yaml", 12, "bad"), IMP_E_FORMAT);
	assert_int_equal(d.status, IMP_E_FORMAT);
	assert_int_equal(d.sw, 0);
	assert_string_equal(d.text, "a.yaml:12: bad");
	assert_string_equal(d.hint, "");
	imp_diag_hint(&d, "try %u", 3U);
	assert_string_equal(d.hint, "try 3");
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(imp_diag(&d, IMP_E_IO, "%s", long_text), IMP_E_IO);
	assert_int_equal(strlen(d.text), sizeof(d.text) - 1);
	assert_string_equal(d.hint, "");
	imp_diag_hint(&d, "%s", long_text);
	assert_int_equal(strlen(d.hint), sizeof(d.hint) - 1);
	assert_int_equal(imp_diag(NULL, IMP_E_IO, "x"), IMP_E_IO);
	imp_diag_hint(NULL, "x");
}

/* ---- spans ---- */

static void utf8(void **state)
{
	static const struct {
		const char *s;
		bool good;
	} rows[] = {
		{ "", true },
		{ "a\x7f", true },
		{ "\xc2\x80\xdf\xbf", true },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true },
		{ "\x80", false },
		{ "\xbf", false },
		{ "\xc0\xaf", false },
		{ "\xc1\xbf", false },
		{ "\xc2", false },
		{ "\xc2\x41", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xe1\x80", false },
		{ "\xe1\x80\xc0", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span s = vec_copy(imp_span_str(rows[i].s));

		assert_int_equal(imp_span_utf8(s), rows[i].good);
		vec_free(s);
	}
	assert_false(imp_span_utf8(imp_span("a\0b", 3)));
}

static void spans(void **state)
{
	struct imp_span none = { NULL, 0 }, abc = imp_span_str("abc");

	(void)state;
	assert_int_equal(abc.n, 3);
	assert_true(imp_span_eq(none, imp_span_str("")));
	assert_true(imp_span_eq(abc, imp_span("abcd", 3)));
	assert_false(imp_span_eq(abc, imp_span_str("abd")));
	assert_false(imp_span_eq(abc, imp_span_str("ab")));
	assert_true(imp_span_starts(abc, none));
	assert_true(imp_span_starts(abc, imp_span_str("ab")));
	assert_false(imp_span_starts(abc, imp_span_str("abcd")));
	assert_false(imp_span_starts(abc, imp_span_str("b")));
	assert_true(imp_span_all(none, 7));
	assert_true(imp_span_all(imp_span("\7\7", 2), 7));
	assert_false(imp_span_all(imp_span("\7\6", 2), 7));
}

/* ---- cursors ---- */

static void reading(void **state)
{
	static const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
		19, 20, 21, 22 };
	struct imp_rd rd = imp_rd(imp_span(in, sizeof(in)));

	(void)state;
	assert_int_equal(imp_rd_peek(&rd), 1);
	assert_int_equal(imp_rd_u8(&rd), 1);
	assert_int_equal(imp_rd_be16(&rd), 0x0203);
	assert_int_equal(imp_rd_be24(&rd), 0x040506);
	assert_int_equal(imp_rd_be32(&rd), 0x0708090A);
	assert_true(imp_rd_be64(&rd) == 0x0B0C0D0E0F101112);
	assert_int_equal(imp_rd_done(&rd), IMP_E_FORMAT);
	assert_int_equal(imp_rd_le32(&rd), 0x16151413);
	assert_int_equal(imp_rd_done(&rd), IMP_OK);
	assert_int_equal(imp_rd_peek(&rd), 0);
	assert_int_equal(rd.st, IMP_OK);
}

/* After the first failure nothing is read any more, and the first cause stays. */
static void reading_sticks(void **state)
{
	static const uint8_t in[] = { 1, 2, 3 };
	struct imp_rd rd = imp_rd(imp_span(in, sizeof(in)));

	(void)state;
	assert_int_equal(imp_rd_take(&rd, 4).n, 0);
	assert_int_equal(rd.st, IMP_E_TRUNC);
	assert_int_equal(imp_rd_u8(&rd), 0);
	assert_int_equal(imp_rd_be64(&rd), 0);
	imp_rd_fail(&rd, IMP_E_FORMAT);
	assert_int_equal(imp_rd_done(&rd), IMP_E_TRUNC);
	rd = imp_rd(imp_span(in, sizeof(in)));
	imp_rd_fail(&rd, IMP_E_FORMAT);
	assert_int_equal(imp_rd_take(&rd, 1).n, 0);
	assert_int_equal(imp_rd_done(&rd), IMP_E_FORMAT);
	rd = imp_rd(imp_span(NULL, 0));
	assert_int_equal(imp_rd_take(&rd, 0).n, 0);
	assert_int_equal(imp_rd_done(&rd), IMP_OK);
	assert_int_equal(imp_rd_take(&rd, SIZE_MAX).n, 0);
	assert_int_equal(rd.st, IMP_E_TRUNC);
}

/* Every width of number, cut at every place, from a block of exactly that size. */
static void reading_cut(void **state)
{
	static const uint8_t in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const size_t width[] = { 1, 2, 3, 4, 8, 4 };

	(void)state;
	for (size_t f = 0; f < sizeof(width) / sizeof(width[0]); f++) {
		for (size_t n = 0; n <= width[f]; n++) {
			struct imp_span s = vec_copy(imp_span(in, n));
			struct imp_rd rd = imp_rd(s);
			uint64_t v;

			switch (f) {
			case 0:
				v = imp_rd_u8(&rd);
				break;
			case 1:
				v = imp_rd_be16(&rd);
				break;
			case 2:
				v = imp_rd_be24(&rd);
				break;
			case 3:
				v = imp_rd_be32(&rd);
				break;
			case 4:
				v = imp_rd_be64(&rd);
				break;
			default:
				v = imp_rd_le32(&rd);
				break;
			}
			assert_int_equal(rd.st, n < width[f] ? IMP_E_TRUNC : IMP_OK);
			assert_int_equal(v != 0, n == width[f]);
			vec_free(s);
		}
	}
}

static void write_all(struct imp_wr *wr)
{
	imp_wr_u8(wr, 0x01);
	imp_wr_be16(wr, 0x0203);
	imp_wr_be24(wr, 0x040506);
	imp_wr_be32(wr, 0x0708090A);
	imp_wr_be64(wr, 0x0B0C0D0E0F101112);
	imp_wr_le32(wr, 0x16151413);
	imp_wr_fill(wr, 0x17, 2);
	imp_wr_put(wr, imp_span("\x18", 1));
	imp_wr_put(wr, imp_span(NULL, 0));
	imp_wr_text(wr, "\x19\x1a");
}

static void writing(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
		18, 19, 20, 21, 22, 0x17, 0x17, 0x18, 0x19, 0x1A };
	struct imp_wr wr = imp_wr(buf, sizeof(buf)), count = imp_wr_count();

	(void)state;
	write_all(&wr);
	assert_int_equal(wr.st, IMP_OK);
	assert_true(imp_span_eq(imp_wr_span(&wr), imp_span(want, sizeof(want))));
	write_all(&count);
	assert_int_equal(count.n, sizeof(want));
	assert_int_equal(imp_wr_span(&count).n, 0);
	for (size_t cap = 0; cap < sizeof(want); cap++) {
		uint8_t *exact = malloc(cap ? cap : 1);

		wr = imp_wr(exact, cap);
		write_all(&wr);
		assert_int_equal(wr.st, IMP_E_SPACE);
		assert_int_equal(imp_wr_span(&wr).n, 0);
		assert_memory_equal(exact, want, wr.n);
		free(exact);
	}
}

static void patching(void **state)
{
	struct imp_wr wr = imp_wr(buf, sizeof(buf)), count = imp_wr_count();

	(void)state;
	imp_wr_be32(&wr, 0);
	imp_wr_patch_be16(&wr, 2, 0xABCD);
	assert_memory_equal(buf, "\0\0\xab\xcd", 4);
	imp_wr_patch_be16(&wr, 3, 0);
	assert_int_equal(wr.st, IMP_E_INTERNAL);
	wr = imp_wr(buf, sizeof(buf));
	imp_wr_u8(&wr, 0);
	imp_wr_patch_be16(&wr, 0, 0);
	assert_int_equal(wr.st, IMP_E_INTERNAL);
	imp_wr_patch_be16(&count, 0, 7);
	assert_int_equal(count.st, IMP_OK);
	imp_wr_fail(&count, IMP_E_FORMAT);
	imp_wr_fail(&count, IMP_E_SPACE);
	assert_int_equal(count.st, IMP_E_FORMAT);
}

/* ---- text forms ---- */

static void hex(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	uint8_t all[256], back[256];
	struct imp_wr wr = imp_wr(buf, sizeof(buf)), out = imp_wr(back, sizeof(back));

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	imp_hex_put(&wr, imp_span(all, 256));
	assert_memory_equal(buf + 2 * 0xA9, "a9", 2);
	assert_int_equal(imp_hex_get(&out, imp_wr_span(&wr)), IMP_OK);
	assert_memory_equal(back, all, 256);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t text[2] = { (uint8_t)c, '0' }, other[2] = { '0', (uint8_t)c };
		bool digit = c && strchr(digits, (int)c);

		out = imp_wr(back, sizeof(back));
		assert_int_equal(
			imp_hex_get(&out, imp_span(text, 2)), digit ? IMP_OK : IMP_E_FORMAT);
		out = imp_wr(back, sizeof(back));
		assert_int_equal(
			imp_hex_get(&out, imp_span(other, 2)), digit ? IMP_OK : IMP_E_FORMAT);
		if (digit)
			assert_int_equal(back[0], strtol((char[]){ (char)c, '\0' }, NULL, 16));
	}
	out = imp_wr(back, sizeof(back));
	assert_int_equal(imp_hex_get(&out, imp_span_str("abc")), IMP_E_FORMAT);
	out = imp_wr(back, 1);
	assert_int_equal(imp_hex_get(&out, imp_span_str("abcd")), IMP_E_SPACE);
}

static void base64(void **state)
{
	/* RFC 4648, section 10, and both alphabets. */
	static const struct {
		const char *octets, *text;
	} rows[] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "-_-_" } };
	static const struct {
		const char *text;
		enum imp_status st;
	} reads[] = { { "Zg==", IMP_OK }, { "Zm8=", IMP_OK }, { "-_-_", IMP_OK },
		{ "+/+/", IMP_OK }, { "+_-/", IMP_OK }, { "Z", IMP_E_FORMAT },
		{ "Zg=", IMP_E_FORMAT }, { "Z===", IMP_E_FORMAT }, { "====", IMP_E_FORMAT },
		{ "Zh", IMP_E_FORMAT }, { "Zm9", IMP_E_FORMAT }, { "Zm9v=", IMP_E_FORMAT },
		{ "Zg==Zg==", IMP_E_FORMAT }, { "Z g=", IMP_E_FORMAT }, { "Zm9v\n", IMP_E_FORMAT },
		{ "Zm\x80v", IMP_E_FORMAT }, { "Zm9vZm9vZm9v", IMP_OK } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_wr wr = imp_wr(buf, sizeof(buf));

		imp_b64url_put(&wr, imp_span_str(rows[i].octets));
		assert_text(&wr, rows[i].text);
		wr = imp_wr(buf, sizeof(buf));
		assert_int_equal(imp_b64_get(&wr, imp_span_str(rows[i].text)), IMP_OK);
		assert_text(&wr, rows[i].octets);
	}
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		struct imp_span s = vec_copy(imp_span_str(reads[i].text));
		struct imp_wr wr = imp_wr(buf, sizeof(buf));

		if (imp_b64_get(&wr, s) != reads[i].st)
			fail_msg("base64 '%s'", reads[i].text);
		vec_free(s);
	}
}

static void crc32(void **state)
{
	struct imp_span nine = imp_span_str("123456789");

	(void)state;
	assert_int_equal(imp_crc32(0, nine), 0xCBF43926);
	assert_int_equal(imp_crc32(0, imp_span(NULL, 0)), 0);
	assert_int_equal(imp_crc32(0, imp_span("\0\0\0\0", 4)), 0x2144DF1C);
	for (size_t cut = 0; cut <= nine.n; cut++)
		assert_int_equal(imp_crc32(imp_crc32(0, imp_span(nine.p, cut)),
					 imp_span(nine.p + cut, nine.n - cut)),
			0xCBF43926);
}

/* ---- secrets ---- */

static void secrets(void **state)
{
	struct imp_secret s = { .n = 3, .b = "abc" };

	(void)state;
	assert_true(imp_secret_eq("abc", "abc", 3));
	assert_false(imp_secret_eq("abc", "abd", 3));
	assert_false(imp_secret_eq("xbc", "abc", 3));
	assert_true(imp_secret_eq("abc", "xyz", 0));
	imp_secret_wipe(&s);
	assert_true(imp_span_all(imp_span(&s, sizeof(s)), 0));
	memset(buf, 0xFF, 8);
	imp_wipe(buf + 1, 6);
	assert_memory_equal(buf, "\xff\0\0\0\0\0\0\xff", 8);
	imp_wipe(NULL, 0);
}

/* ---- JSON ---- */

static void json(void **state)
{
	struct imp_wr wr = imp_wr(buf, sizeof(buf));
	struct imp_json j = imp_json(&wr);

	(void)state;
	imp_json_object(&j, NULL);
	imp_json_str(&j, "s", "a\"\\\n\x7f\xc3\xa9");
	imp_json_str(&j, "none", NULL);
	imp_json_array(&j, "a");
	imp_json_int(&j, NULL, -1);
	imp_json_int(&j, NULL, INT64_MIN);
	imp_json_int(&j, NULL, INT64_MAX);
	imp_json_uint(&j, NULL, UINT64_MAX);
	imp_json_int(&j, NULL, 0);
	imp_json_array_end(&j);
	imp_json_array(&j, "empty");
	imp_json_array_end(&j);
	imp_json_object(&j, "o");
	imp_json_object_end(&j);
	imp_json_hex(&j, "h", imp_span("\x0a\xff", 2));
	imp_json_bool(&j, "t", true);
	imp_json_bool(&j, "f", false);
	imp_json_null(&j, "n");
	imp_json_raw(&j, "r", imp_span_str("[1]"));
	imp_json_object_end(&j);
	assert_text(&wr,
		"{\"s\":\"a\\\"\\\\\\u000a\\u007f\xc3\xa9\",\"none\":null,"
		"\"a\":[-1,-9223372036854775808,9223372036854775807,18446744073709551615,0],"
		"\"empty\":[],\"o\":{},\"h\":\"0aff\",\"t\":true,\"f\":false,\"n\":null,\"r\":[1]"
		"}");
}

static void json_refuses(void **state)
{
	struct imp_wr wr = imp_wr(buf, sizeof(buf));
	struct imp_json j = imp_json(&wr);

	(void)state;
	imp_json_span(&j, "k", imp_span("\xff", 1));
	assert_int_equal(wr.st, IMP_E_FORMAT);
	wr = imp_wr(buf, 5);
	j = imp_json(&wr);
	imp_json_str(&j, "k", "v");
	assert_int_equal(wr.st, IMP_E_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status),
		cmocka_unit_test(diagnosis),
		cmocka_unit_test(utf8),
		cmocka_unit_test(spans),
		cmocka_unit_test(reading),
		cmocka_unit_test(reading_sticks),
		cmocka_unit_test(reading_cut),
		cmocka_unit_test(writing),
		cmocka_unit_test(patching),
		cmocka_unit_test(hex),
		cmocka_unit_test(base64),
		cmocka_unit_test(crc32),
		cmocka_unit_test(secrets),
		cmocka_unit_test(json),
		cmocka_unit_test(json_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
