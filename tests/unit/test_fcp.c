/* SPDX-License-Identifier: Apache-2.0 */
/* File control parameters and access rules: answers of cards by rows, sweeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/fcp.h"
#include "tests/fake/vec.h"

#define F(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct imp_span adf = F("\x62\x25\x82\x02\x78\x21\x84\x0C\xA0\x00\x00\x00\x63PKCS-15"
				     "\x8A\x01\x05\x8B\x03\x2F\x06\x02"
				     "\xC6\x09\x90\x01\x80\x83\x01\x01\x83\x01\x81");
static const struct imp_span ef = F("\x62\x17\x82\x02\x41\x21\x83\x02\x64\x32\x8A\x01\x05"
				    "\x8B\x03\x6F\x06\x01\x80\x02\x90\x00\x88\x01\x90");
static const struct imp_span record_file = F("\x62\x13\x82\x05\x42\x21\x00\x26\x0A\x83\x02\x2F\x00"
					     "\x80\x02\x01\x7C\x88\x00\x8A\x00");

static void application(void **state)
{
	struct imp_fcp fcp;

	(void)state;
	assert_int_equal(imp_fcp_get(adf, &fcp), IMP_OK);
	assert_int_equal(fcp.kind, IMP_FCP_DF);
	assert_int_equal(fcp.aid.n, 12);
	assert_int_equal(fcp.life_cycle, 5);
	assert_false(imp_fcp_deactivated(&fcp));
	assert_int_equal(fcp.size, IMP_FCP_NO_SIZE);
	assert_false(fcp.has_fid);
	assert_int_equal(fcp.keys_n, 2);
	assert_int_equal(fcp.keys[0], 0x01);
	assert_int_equal(fcp.keys[1], 0x81);
	assert_true(imp_fcp_key_enabled(&fcp, 0));
	assert_false(imp_fcp_key_enabled(&fcp, 1));
	assert_false(imp_fcp_key_enabled(&fcp, 2));
}

static void file(void **state)
{
	struct imp_span v = ef;
	struct imp_fcp fcp;

	(void)state;
	assert_int_equal(imp_fcp_get(ef, &fcp), IMP_OK);
	assert_int_equal(fcp.kind, IMP_FCP_TRANSPARENT);
	assert_int_equal(fcp.size, 0x9000);
	assert_int_equal(fcp.fid, 0x6432);
	assert_int_equal(fcp.sfi, 0x12);
	assert_int_equal(imp_fcp_arr(fcp.referenced), 1);
	imp_fcp_enter(&v);
	assert_false(imp_der_get(&v, IMP_FCP_PIN_STATUS, &v));
	v = ef;
	imp_fcp_enter(&v);
	assert_true(imp_der_get(&v, IMP_FCP_FID, &v));
	assert_int_equal(v.n, 2);
}

static void forms(void **state)
{
	static const struct {
		const char *what;
		struct imp_span in;
		enum imp_status st;
		enum imp_fcp_kind kind;
		uint32_t size;
		uint8_t sfi;
	} rows[] = {
		{ "empty", F("\x62\x00"), IMP_OK, IMP_FCP_OTHER, IMP_FCP_NO_SIZE, 0xFF },
		{ "6F around 62", F("\x6F\x08\x62\x06\x80\x01\x20\x82\x01\x01"), IMP_OK,
			IMP_FCP_TRANSPARENT, 32, 0xFF },
		{ "6F alone", F("\x6F\x07\x80\x02\x01\x00\x82\x01\x41"), IMP_OK,
			IMP_FCP_TRANSPARENT, 256, 0xFF },
		{ "size of four octets", F("\x62\x06\x80\x04\x00\x01\x00\x00"), IMP_OK,
			IMP_FCP_OTHER, 65536, 0xFF },
		{ "no SFI", F("\x62\x02\x88\x00"), IMP_OK, IMP_FCP_OTHER, IMP_FCP_NO_SIZE,
			IMP_FCP_NO_SFI },
		{ "SFI 30", F("\x62\x03\x88\x01\xF0"), IMP_OK, IMP_FCP_OTHER, IMP_FCP_NO_SIZE, 30 },
		{ "unknown tags", F("\x62\x0A\xDF\x01\x01\xAA\xD0\x00\x80\x02\x00\x08"), IMP_OK,
			IMP_FCP_OTHER, 8, 0xFF },
		{ "not shareable", F("\x62\x04\x82\x02\x02\x21"), IMP_OK, IMP_FCP_LINEAR,
			IMP_FCP_NO_SIZE, 0xFF },
		{ "cyclic", F("\x62\x07\x82\x05\x46\x21\x00\x0A\x03"), IMP_OK, IMP_FCP_CYCLIC,
			IMP_FCP_NO_SIZE, 0xFF },
		{ "nothing", { NULL, 0 }, IMP_E_FORMAT, 0, 0, 0 },
		{ "another template", F("\x61\x00"), IMP_E_FORMAT, 0, 0, 0 },
		{ "size without octets", F("\x62\x02\x80\x00"), IMP_E_FORMAT, 0, 0, 0 },
		{ "size of five octets", F("\x62\x07\x80\x05\x00\x00\x00\x00\x01"), IMP_E_FORMAT, 0,
			0, 0 },
		{ "FID of three octets", F("\x62\x05\x83\x03\x01\x02\x03"), IMP_E_FORMAT, 0, 0, 0 },
		{ "descriptor without octets", F("\x62\x02\x82\x00"), IMP_E_TRUNC, 0, 0, 0 },
		{ "cut", F("\x62\x05\x80\x02\x01"), IMP_E_TRUNC, 0, 0, 0 },
		{ "cut inside", F("\x62\x03\x80\x02\x01"), IMP_E_TRUNC, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span in = vec_copy(rows[i].in);
		struct imp_fcp fcp = { .sfi = 77 };
		enum imp_status st = imp_fcp_get(in, &fcp);

		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].what, imp_status_text(st));
		if (st == IMP_OK) {
			assert_int_equal(fcp.kind, rows[i].kind);
			assert_int_equal(fcp.size, rows[i].size);
			assert_int_equal(fcp.sfi, rows[i].sfi);
		} else {
			assert_int_equal(fcp.sfi, 77);
		}
		vec_free(in);
	}
}

static void life_cycles(void **state)
{
	static const struct {
		uint8_t octet;
		bool deactivated;
	} rows[] = { { 0x00, false }, { 0x01, false }, { 0x03, false }, { 0x04, true },
		{ 0x05, false }, { 0x06, true }, { 0x07, false }, { 0x0C, true }, { 0x0F, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_fcp fcp = { .life_cycle = rows[i].octet };

		assert_int_equal(imp_fcp_deactivated(&fcp), rows[i].deactivated);
	}
}

/* What a device asks for: keys for reading, out of C6 and out of rules. */
static void keys(void **state)
{
	static const struct {
		const char *what;
		struct imp_span in;
		bool application;
		unsigned n;
		uint8_t first;
	} rows[] = {
		{ "both on", F("\x90\x01\xC0\x83\x01\x01\x83\x01\x81"), true, 2, 0x01 },
		{ "second one on", F("\x90\x01\x40\x83\x01\x01\x83\x01\x81"), true, 1, 0x81 },
		{ "all off", F("\x90\x01\x00\x83\x01\x01"), true, 0, 0 },
		{ "usage 08", F("\x90\x01\x80\x95\x01\x08\x83\x01\x11"), true, 1, 0x11 },
		{ "usage 00", F("\x90\x01\xC0\x95\x01\x00\x83\x01\x11\x83\x01\x01"), true, 1,
			0x01 },
		{ "none", { NULL, 0 }, true, 0, 0 },
		{ "more than fit",
			F("\x90\x01\xFF\x83\x01\x01\x83\x01\x02\x83\x01\x03\x83\x01\x04"
			  "\x83\x01\x05"),
			true, 4, 0x01 },
		{ "rule",
			F("\x80\x01\x02\xA4\x06\x83\x01\x0A\x95\x01\x08"
			  "\x80\x01\x01\xA4\x06\x83\x01\x01\x95\x01\x08\xFF\xFF"),
			false, 1, 0x01 },
		{ "rule for either",
			F("\x80\x01\x01\xA0\x10\xA4\x06\x83\x01\x01\x95\x01\x08\xA4\x06"
			  "\x83\x01\x11\x95\x01\x08\x80\x01\x02\xA4\x03\x83\x01\x0A"),
			false, 2, 0x01 },
		{ "rule for a command", F("\x80\x01\x01\x90\x00\x83\x01\xB0\xA4\x03\x83\x01\x0A"),
			false, 0, 0 },
		{ "cut", F("\x80\x01\x01\xA4\x06\x83\x01"), false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span in = vec_copy(rows[i].in);
		uint32_t keys = imp_fcp_read_keys(in, rows[i].application);
		unsigned n = 0;

		while (n < 4 && keys >> 8 * n)
			n++;
		if (n != rows[i].n || (keys & 0xFF) != rows[i].first)
			fail_msg("%s: %u keys, %02X", rows[i].what, n, keys & 0xFF);
		vec_free(in);
	}
}

static void references(void **state)
{
	static const struct {
		struct imp_span in;
		uint8_t record;
	} rows[] = {
		{ F("\x6F\x06\x02"), 2 },
		{ F("\x2F\x06\x00\x03\x01\x04"), 4 },
		{ F("\x2F\x06\x00\x03\x02\x05"), 3 },
		{ F("\x6F\x06"), 0 },
		{ F("\x6F\x06\x00"), 0 },
		{ F("\x6F\x06\x01\x02\x03"), 0 },
		{ F("\x6F"), 0 },
		{ { NULL, 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span in = vec_copy(rows[i].in);

		assert_int_equal(imp_fcp_arr(in), rows[i].record);
		vec_free(in);
	}
}

/* The rules of ref card.md B.2, and others. */
static void rules(void **state)
{
	static const struct {
		const char *what;
		struct imp_span in;
		uint8_t mode;
		enum imp_access access;
		uint8_t keys_n, key;
	} rows[] = {
		{ "read always",
			F("\x80\x01\x01\x90\x00\x80\x01\x02\xA4\x06\x83\x01\x0A\x95\x01\x08"),
			IMP_AM_READ, IMP_ACCESS_ALWAYS, 0, 0 },
		{ "update ADM",
			F("\x80\x01\x01\x90\x00\x80\x01\x02\xA4\x06\x83\x01\x0A\x95\x01\x08\xFF"
			  "\xFF"),
			IMP_AM_UPDATE, IMP_ACCESS_KEY, 1, 0x0A },
		{ "read PIN", F("\x80\x01\x01\xA4\x06\x83\x01\x01\x95\x01\x08\x80\x01\x02\x97\x00"),
			IMP_AM_READ, IMP_ACCESS_KEY, 1, 0x01 },
		{ "either PIN",
			F("\x80\x01\x01\xA0\x10\xA4\x06\x83\x01\x01\x95\x01\x08\xA4\x06\x83\x01\x11"
			  "\x95\x01\x08\x80\x01\x02\x97\x00"),
			IMP_AM_READ, IMP_ACCESS_KEY, 2, 0x01 },
		{ "never", F("\x80\x01\x03\x97\x00"), IMP_AM_UPDATE, IMP_ACCESS_NEVER, 0, 0 },
		{ "not named", F("\x80\x01\x01\x90\x00"), IMP_AM_UPDATE, IMP_ACCESS_NEVER, 0, 0 },
		{ "command masks", F("\x84\x01\xB0\x90\x00"), IMP_AM_READ, IMP_ACCESS_NEVER, 0, 0 },
		{ "proprietary upper modes", F("\x80\x01\xD1\x90\x00"), IMP_AM_READ,
			IMP_ACCESS_ALWAYS, 0, 0 },
		{ "not to be trusted for others", F("\x80\x01\xD1\x90\x00"), IMP_AM_DELETE,
			IMP_ACCESS_NEVER, 0, 0 },
		{ "condition octet", F("\x80\x01\x01\x9E\x01\x10"), IMP_AM_READ, IMP_ACCESS_OTHER,
			0, 0 },
		{ "two conditions", F("\x80\x01\x01\x9E\x01\x10\xA4\x03\x83\x01\x02"), IMP_AM_READ,
			IMP_ACCESS_KEY, 1, 0x02 },
		{ "free record", F("\xFF\xFF\xFF\xFF"), IMP_AM_READ, IMP_ACCESS_NEVER, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_access_rule rule;

		print_message("%s\n", rows[i].what);
		assert_int_equal(imp_access_get(rows[i].in, rows[i].mode, &rule), IMP_OK);
		assert_int_equal(rule.access, rows[i].access);
		assert_int_equal(rule.keys_n, rows[i].keys_n);
		if (rule.keys_n)
			assert_int_equal(rule.keys[0], rows[i].key);
	}
}

/* What CREATE FILE takes is what SELECT answers: written, then read. */
static void round_trip(void **state)
{
	struct imp_fcp in = { .kind = IMP_FCP_TRANSPARENT,
		.has_fid = true,
		.fid = 0x6432,
		.size = 1024,
		.total = IMP_FCP_NO_SIZE,
		.sfi = 0x12,
		.life_cycle = 5,
		.referenced = F("\x6F\x06\x01"),
		.proprietary = F("\xC2\x01\xFF") };
	struct imp_fcp out;
	uint8_t buf[64];
	struct imp_wr wr = imp_wr(buf, sizeof(buf));

	(void)state;
	imp_fcp_put_create(&wr, &in);
	assert_int_equal(imp_fcp_get(imp_wr_span(&wr), &out), IMP_OK);
	assert_int_equal(out.kind, in.kind);
	assert_int_equal(out.fid, in.fid);
	assert_int_equal(out.size, in.size);
	assert_int_equal(out.sfi, in.sfi);
	assert_int_equal(out.life_cycle, in.life_cycle);
	assert_true(imp_span_eq(out.referenced, in.referenced));
	assert_true(imp_span_eq(out.proprietary, in.proprietary));
}

/* ---- sweeps ------------------------------------------------------------------------------------
 */

static bool inside(struct imp_span s, struct imp_span in)
{
	return s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n);
}

static bool bad(void *ctx, struct imp_span in)
{
	unsigned *good = ctx;
	struct imp_fcp fcp;
	struct imp_access_rule rule;

	if (imp_access_get(in, IMP_AM_READ, &rule) == IMP_OK && rule.keys_n > IMP_FCP_KEYS_MAX)
		return true;
	if (imp_fcp_get(in, &fcp) != IMP_OK)
		return false;
	++*good;
	return !inside(fcp.aid, in) || !inside(fcp.referenced, in) || !inside(fcp.compact, in) ||
	       !inside(fcp.expanded, in) || !inside(fcp.proprietary, in) ||
	       fcp.keys_n > IMP_FCP_KEYS_MAX || (fcp.sfi > 30 && fcp.sfi != IMP_FCP_SFI_UNSTATED);
}

static void sweeps(void **state)
{
	const struct imp_span *const all[] = { &adf, &ef };
	unsigned good = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(vec_prefixes(*all[i], bad, &good), 0);
		assert_int_equal(good, 0);
		assert_int_equal(vec_flips(*all[i], bad, &good), 0);
		assert_true(good > 0);
		good = 0;
	}
	assert_int_equal(vec_flips(record_file, bad, &good), 0);
}

/* The sweep can fail: with the last octet taken away, as a reader without bounds would see it. */
static bool unbounded(void *ctx, struct imp_span in)
{
	struct imp_fcp fcp;

	(void)ctx;
	return imp_fcp_get(in, &fcp) == IMP_OK && !inside(fcp.referenced, imp_span(in.p, 10));
}

static void unbounded_reader_is_caught(void **state)
{
	(void)state;
	assert_true(vec_flips(ef, unbounded, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(application),
		cmocka_unit_test(file),
		cmocka_unit_test(forms),
		cmocka_unit_test(life_cycles),
		cmocka_unit_test(keys),
		cmocka_unit_test(references),
		cmocka_unit_test(rules),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(unbounded_reader_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
