/* SPDX-License-Identifier: Apache-2.0 */
/* Slot headers: golden ones, one field wrong at a time, the generation counter, CRC-32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32.h"
#include "codec/slot.h"
#include "tests/fake/vec.h"

#define GOLDEN "tests/golden/slot/"
#define SIZE 2048

/* The same text compiled the way a device may have it. */
#define IMP_SMALL
#define imp_crc32 crc32_small
uint32_t crc32_small(uint32_t crc, struct imp_span s);
#include "base/crc32.c"
#undef imp_crc32

static struct imp_span golden;

static int setup(void **state)
{
	(void)state;
	golden = vec_hex(GOLDEN "nosec.hex");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vec_free(golden);
	return 0;
}

static void good(void **state)
{
	struct imp_slot slot;
	uint8_t head[IMP_SLOT_HEADER];
	struct imp_span payload = imp_span(golden.p + IMP_SLOT_PAYLOAD_AT, 50);

	(void)state;
	assert_int_equal(imp_slot_header(golden.p, SIZE, &slot), IMP_OK);
	assert_int_equal(slot.keys, IMP_SLOT_KEYS_PERSISTENT);
	assert_int_equal(slot.form, IMP_SLOT_FORM_EF);
	assert_int_equal(slot.tag, IMP_SLOT_TAG_NONE);
	assert_int_equal(slot.generation, 1);
	assert_int_equal(slot.length, 50);
	assert_int_equal(imp_slot_crc(golden.p, payload), slot.crc);
	slot.crc = 0;
	imp_slot_put_header(&slot, payload, head);
	assert_memory_equal(head, golden.p, sizeof(head));
}

static void wrong(void **state)
{
	static const struct {
		const char *what;
		size_t at, n;
		uint8_t v;
		enum imp_status st;
	} rows[] = {
		{ "erased", 0, 64, 0xFF, IMP_E_ABSENT },
		{ "cleared", 0, 64, 0x00, IMP_E_ABSENT },
		{ "nearly erased", 0, 63, 0xFF, IMP_E_ABSENT }, /* octet 63 is FF in a good one */
		{ "magic", 3, 1, 'T', IMP_E_FORMAT },
		{ "version 0", 4, 1, 0, IMP_E_FORMAT },
		{ "version 2", 4, 1, 2, IMP_E_UNSUPPORTED },
		{ "keys", 5, 1, 0x5B, IMP_E_FORMAT },
		{ "form", 6, 1, 2, IMP_E_FORMAT },
		{ "tag", 7, 1, 2, IMP_E_FORMAT },
		{ "length 0", 12, 1, 0, IMP_E_FORMAT },
		{ "length beyond the slot", 13, 1, 8, IMP_E_FORMAT },
		{ "length beyond everything", 15, 1, 0xFF, IMP_E_FORMAT },
		{ "reserved", 20, 1, 1, IMP_E_FORMAT },
		{ "no commit mark", 32, 8, 0xFF, IMP_E_TRUNC },
		{ "half a commit mark", 36, 4, 0xFF, IMP_E_TRUNC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t head[IMP_SLOT_PAYLOAD_AT];
		struct imp_slot slot = { .length = 77 };
		enum imp_status st;

		memcpy(head, golden.p, sizeof(head));
		memset(head + rows[i].at, rows[i].v, rows[i].n);
		st = imp_slot_header(head, SIZE, &slot);
		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].what, imp_status_text(st));
		assert_int_equal(slot.length, 77);
	}
}

/* The payload must fit, the tag too. */
static void room(void **state)
{
	struct imp_slot slot = { .keys = IMP_SLOT_KEYS_PERSISTENT, .form = IMP_SLOT_FORM_EF };
	uint8_t head[IMP_SLOT_PAYLOAD_AT];

	(void)state;
	assert_int_equal(imp_slot_extent(1, IMP_SLOT_TAG_NONE), 96);
	assert_int_equal(imp_slot_extent(32, IMP_SLOT_TAG_NONE), 96);
	assert_int_equal(imp_slot_extent(33, IMP_SLOT_TAG_NONE), 128);
	assert_int_equal(imp_slot_extent(33, IMP_SLOT_TAG_CMAC), 160);
	for (slot.length = 1; slot.length <= IMP_SLOT_PAYLOAD_MAX; slot.length += 31)
		for (slot.tag = 0; slot.tag < 2; slot.tag++) {
			uint32_t extent = imp_slot_extent(slot.length, slot.tag);
			struct imp_slot got;

			imp_slot_put_header(&slot, imp_span(NULL, 0), head);
			memcpy(head + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
			assert_int_equal(imp_slot_header(head, extent, &got), IMP_OK);
			assert_int_equal(imp_slot_header(head, extent - 1, &got), IMP_E_FORMAT);
		}
}

static void generations(void **state)
{
	static const struct {
		uint32_t a, b;
		bool newer;
	} rows[] = {
		{ 2, 1, true },
		{ 1, 2, false },
		{ 1, 1, false },
		{ 0, 0xFFFFFFFF, true },
		{ 0xFFFFFFFF, 0, false },
		{ 0x80000000, 1, true },
		{ 1, 0x80000000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(imp_slot_newer(rows[i].a, rows[i].b), rows[i].newer);
}

/* Every single bit of a header: refused, or seen by the CRC. */
static bool passes(void *ctx, struct imp_span in)
{
	struct imp_slot slot;
	struct imp_span payload = imp_span(golden.p + IMP_SLOT_PAYLOAD_AT, 50);

	(void)ctx;
	return imp_slot_header(in.p, SIZE, &slot) == IMP_OK &&
	       imp_slot_crc(in.p, payload) == slot.crc;
}

static void flips(void **state)
{
	(void)state;
	/* The 24 octets behind the commit mark are not looked at. */
	assert_int_equal(vec_flips(imp_span(golden.p, IMP_SLOT_PAYLOAD_AT), passes, NULL), 24 * 8);
	assert_true(passes(NULL, golden));
}

/* Without the CRC the generation could change unnoticed. */
static bool passes_without_crc(void *ctx, struct imp_span in)
{
	struct imp_slot slot;

	(void)ctx;
	return imp_slot_header(in.p, SIZE, &slot) == IMP_OK;
}

static void crc_is_needed(void **state)
{
	(void)state;
	assert_true(vec_flips(imp_span(golden.p, IMP_SLOT_PAYLOAD_AT), passes_without_crc, NULL) >
		    24 * 8 + 32);
}

static void small_crc_is_the_same(void **state)
{
	(void)state;
	assert_int_equal(crc32_small(0, imp_span("123456789", 9)), 0xCBF43926);
	for (size_t n = 0; n <= golden.n; n += 97)
		assert_int_equal(crc32_small((uint32_t)n, imp_span(golden.p, n)),
			imp_crc32((uint32_t)n, imp_span(golden.p, n)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(wrong),
		cmocka_unit_test(room),
		cmocka_unit_test(generations),
		cmocka_unit_test(flips),
		cmocka_unit_test(crc_is_needed),
		cmocka_unit_test(small_crc_is_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
