/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is taken for, and where the slots of an area are found. */
#include "cmd/detect.h"

#include "tests/fake/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *why;
	const char *octets;
	size_t n;
	enum imp_format format;
} rows[] = {
	{ "nothing", "", 0, IMP_FORMAT_UNKNOWN },
	{ "JSON array", "[{}]", 4, IMP_FORMAT_SENML_JSON },
	{ "JSON array behind white space", "\n\n[{\"bn\":1}]", 11, IMP_FORMAT_SENML_JSON },
	{ "JSON object", " {\"objects\":[]}", 15, IMP_FORMAT_JSON },
	{ "Intel HEX", ":00000001FF\r\n", 13, IMP_FORMAT_IHEX },
	{ "empty payload", "\0\0\0\0", 4, IMP_FORMAT_EF },
	{ "payload", "\0\1\0\5\0\0\0\0\0", 9, IMP_FORMAT_EF },
	{ "payload cut short", "\0\1\0\11\0\0\0\0\0", 9, IMP_FORMAT_EF },
	{ "empty payload and padding", "\0\0\0\0\0\0\0\0", 8, IMP_FORMAT_EF },
	{ "SenML CBOR", "\x81\xa2\0\x61/\2\1", 7, IMP_FORMAT_SENML_CBOR },
	{ "empty pack", "\x80", 1, IMP_FORMAT_SENML_CBOR },
	{ "indefinite pack", "\x9f\xff", 2, IMP_FORMAT_SENML_CBOR },
	{ "blank area", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, IMP_FORMAT_BIN },
	{ "DER", "\x30\x81\1\0", 4, IMP_FORMAT_CERTIFICATE },
	{ "DER cut", "\x30\x81\2\0", 4, IMP_FORMAT_UNKNOWN },
	{ "text", "hello, world\n", 13, IMP_FORMAT_UNKNOWN },
	{ "NUL", "\0", 1, IMP_FORMAT_UNKNOWN },
	{ "white space", " \n", 2, IMP_FORMAT_UNKNOWN },
	{ "count beyond size", "\0\2\0\5\0\0\0\0\0", 9, IMP_FORMAT_UNKNOWN },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span file = vec_copy(imp_span(rows[i].octets, rows[i].n));
		enum imp_format format = imp_detect(file);

		vec_free(file);
		if (format != rows[i].format)
			fail_msg("%s: %s", rows[i].why, imp_format_name(format));
	}
}

static void test_ledger(void **state)
{
	uint8_t head[100] = "SQLite format 3";

	(void)state;
	assert_int_equal(imp_detect(imp_span(head, sizeof head)), IMP_FORMAT_UNKNOWN);
	memcpy(head + 68, "IMPL", 4);
	assert_int_equal(imp_detect(imp_span(head, sizeof head)), IMP_FORMAT_LEDGER);
	assert_int_equal(imp_detect(imp_span(head, sizeof head - 1)), IMP_FORMAT_UNKNOWN);
}

static void test_names(void **state)
{
	(void)state;
	for (enum imp_format f = IMP_FORMAT_EF; f <= IMP_FORMAT_LEDGER; f++)
		assert_int_equal(imp_format_named(imp_format_name(f)), f);
	assert_int_equal(imp_format_named("ef"), IMP_FORMAT_EF);
	assert_int_equal(imp_format_named("unknown"), IMP_FORMAT_UNKNOWN);
	assert_int_equal(imp_format_named("yaml"), IMP_FORMAT_UNKNOWN);
}

#define AREA 4096
#define PAYLOAD 9

static const uint8_t payload[PAYLOAD] = { 0, 1, 0, 5, 0, 1, 0, 0, 0 };

static void put_slot(uint8_t *area, size_t at, uint32_t generation)
{
	const struct imp_slot slot = { IMP_SLOT_KEYS_PERSISTENT, IMP_SLOT_FORM_EF,
		IMP_SLOT_TAG_NONE, generation, PAYLOAD, 0 };

	memcpy(area + at + IMP_SLOT_PAYLOAD_AT, payload, PAYLOAD);
	imp_slot_put_header(&slot, imp_span(payload, PAYLOAD), area + at);
	memcpy(area + at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
}

static void test_slots(void **state)
{
	uint8_t area[AREA];
	struct imp_slots slots;

	(void)state;
	memset(area, 0xFF, sizeof area);
	put_slot(area, 256, UINT32_MAX); /* the counter wraps: 1 is newer */
	put_slot(area, 2048, 1);
	put_slot(area, 3072 + 64, 9); /* not where an erase block begins */
	imp_slots_find(imp_span(area, sizeof area), &slots);
	assert_int_equal(slots.n, 2);
	assert_int_equal(slots.v[0].at, 256);
	assert_int_equal(slots.v[1].at, 2048);
	assert_ptr_equal(slots.newest, &slots.v[1]);
	assert_int_equal(imp_detect(imp_span(area, sizeof area)), IMP_FORMAT_BIN);

	area[2048 + IMP_SLOT_PAYLOAD_AT] ^= 1;
	imp_slots_find(imp_span(area, sizeof area), &slots);
	assert_int_equal(slots.v[1].state, IMP_E_MISMATCH);
	assert_ptr_equal(slots.newest, &slots.v[0]);

	memset(area + 256 + IMP_SLOT_COMMIT_AT, 0xFF, IMP_SLOT_COMMIT);
	imp_slots_find(imp_span(area, sizeof area), &slots);
	assert_int_equal(slots.v[0].state, IMP_E_TRUNC);
	assert_null(slots.newest);
	assert_int_equal(imp_detect(imp_span(area, sizeof area)), IMP_FORMAT_BIN);

	area[256 + 4] = 2;
	memcpy(area + 256 + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	imp_slots_find(imp_span(area, sizeof area), &slots);
	assert_int_equal(slots.v[0].state, IMP_E_UNSUPPORTED);
}

static void test_one_slot(void **state)
{
	uint8_t area[AREA];
	size_t extent = imp_slot_extent(PAYLOAD, IMP_SLOT_TAG_NONE);
	struct imp_span exact;

	(void)state;
	memset(area, 0xFF, sizeof area);
	put_slot(area, 0, 1);
	exact = vec_copy(imp_span(area, extent));
	assert_int_equal(imp_detect(exact), IMP_FORMAT_SLOT);
	vec_free(exact);
	assert_int_equal(imp_detect(imp_span(area, extent + 1)), IMP_FORMAT_BIN);
	exact = vec_copy(imp_span(area, extent - 1));
	assert_int_equal(imp_detect(exact), IMP_FORMAT_BIN); /* damaged: does not fit */
	vec_free(exact);
}

static bool found_good(void *ctx, struct imp_span in)
{
	struct imp_slots slots;

	(void)ctx;
	imp_slots_find(in, &slots);
	return slots.newest != NULL;
}

/* A finder without the checksum: the control. */
static bool found_any(void *ctx, struct imp_span in)
{
	struct imp_slots slots;

	(void)ctx;
	imp_slots_find(in, &slots);
	return slots.n && (slots.v[0].state == IMP_OK || slots.v[0].state == IMP_E_MISMATCH);
}

static void test_flips(void **state)
{
	uint8_t area[96 + 128];
	size_t used = IMP_SLOT_PAYLOAD_AT + PAYLOAD;
	struct imp_span checked;

	(void)state;
	memset(area, 0xFF, sizeof area);
	put_slot(area, 0, 1);
	checked = imp_span(area, used);
	/* 24 octets of the commit unit are not read. */
	assert_int_equal(vec_prefixes(checked, found_good, NULL), 0);
	assert_int_equal(vec_flips(imp_span(area, sizeof area), found_good, NULL),
		8 * (sizeof area - IMP_SLOT_HEADER - IMP_SLOT_COMMIT - PAYLOAD));
	assert_true(vec_flips(imp_span(area, sizeof area), found_any, NULL) >
		    8 * (sizeof area - IMP_SLOT_HEADER - IMP_SLOT_COMMIT - PAYLOAD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_one_slot),
		cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
