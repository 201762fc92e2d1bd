/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two slots a device loads, and what it says of the other one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/slot.h"
#include "reader/imr.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define SLOT 2048
#define GOLDEN "tests/golden/slot/"

static uint8_t area[2 * SLOT];
static uint8_t buffer[1024];
static struct seen seen, plain;
static struct imp_span payload; /* of the golden slot */

static int setup(void **state)
{
	struct imp_span slot = vec_hex(GOLDEN "nosec.hex");

	(void)state;
	payload = vec_copy(imp_span(slot.p + IMP_SLOT_PAYLOAD_AT, slot.p[12]));
	seen_init(&plain);
	assert_int_equal(imr_payload(payload.p, payload.n, 0, seen_visit, &plain), IMR_OK);
	vec_free(slot);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vec_free(payload);
	return 0;
}

static void write_slot(int which, struct imp_span content, uint32_t generation, uint8_t keys)
{
	uint8_t *at = area + which * SLOT;
	struct imp_slot slot = { .keys = keys,
		.form = IMP_SLOT_FORM_EF,
		.generation = generation,
		.length = (uint32_t)content.n };

	memset(at, 0xFF, SLOT);
	memcpy(at + IMP_SLOT_PAYLOAD_AT, content.p, content.n);
	imp_slot_put_header(&slot, content, at);
	memcpy(at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
}

static enum imr_status load(struct fake_flash *flash, size_t size, struct imr_report *report)
{
	struct imr_config config = { .flash = &flash->imr,
		.buffer = buffer,
		.size = size,
		.visit = seen_visit,
		.ctx = &seen };
	enum imr_status st;

	seen_init(&seen);
	memset(buffer, 0xAA, sizeof(buffer));
	st = imr_load(&config, report);
	assert_true(imp_span_all(imp_span(buffer, size), 0x00));
	assert_true(imp_span_all(imp_span(buffer + size, sizeof(buffer) - size), 0xAA));
	return st;
}

/* ---- golden ------------------------------------------------------------------------------------
 */

static void golden(void **state)
{
	static const struct {
		const char *file;
		uint8_t keys;
		uint32_t generation;
		size_t length;
	} rows[] = {
		{ GOLDEN "nosec.hex", 0x5A, 1, 50 },
		{ GOLDEN "psk_non_persistent.hex", 0xA5, 2, 101 },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct imp_span slot = vec_hex(rows[i].file);
		struct imr_report report;
		struct fake_flash flash;

		fake_flash(&flash, slot, SLOT);
		assert_int_equal(load(&flash, sizeof(buffer), &report), IMR_OK);
		assert_int_equal(report.source, IMR_FROM_SLOT_A);
		assert_int_equal(report.keys, rows[i].keys);
		assert_int_equal(report.generation, rows[i].generation);
		assert_int_equal(report.length, rows[i].length);
		assert_int_equal(report.slot[1], IMR_E_NONE);
		assert_int_equal(report.card, IMR_E_NONE);
		assert_int_equal(flash.reads, 3); /* head, head again, payload once */
		vec_free(slot);
	}
}

/* ---- which slot --------------------------------------------------------------------------------
 */

enum content {
	GOOD,
	BLANK_FF,
	BLANK_00,
	NO_COMMIT,
	BAD_CRC,
	NEWER,
	FOREIGN,
	BAD_PAYLOAD,
	EMPTY,
	TRAILING
};

static void make(int which, enum content content, uint32_t generation)
{
	static const uint8_t none[] = { 0, 0, 0, 0 };
	uint8_t longer[128], *at = area + which * SLOT;

	write_slot(which, payload, generation, IMP_SLOT_KEYS_PERSISTENT);
	switch (content) {
	case GOOD:
		break;
	case BLANK_FF:
	case BLANK_00:
		memset(at, content == BLANK_FF ? 0xFF : 0x00, SLOT);
		break;
	case NO_COMMIT:
		memset(at + IMP_SLOT_COMMIT_AT, 0xFF, IMP_SLOT_COMMIT);
		break;
	case BAD_CRC:
		at[IMP_SLOT_PAYLOAD_AT + 20] ^= 0x20;
		break;
	case NEWER:
		at[4] = 2;
		break;
	case FOREIGN:
		memcpy(at, "MCUB", 4);
		break;
	case BAD_PAYLOAD:
		memcpy(longer, payload.p, payload.n);
		longer[payload.n - 7] = 2; /* Bootstrap-Server: neither true nor false */
		write_slot(which, imp_span(longer, payload.n), generation, 0x5A);
		break;
	case EMPTY:
		write_slot(which, imp_span(none, sizeof(none)), generation, 0x5A);
		break;
	case TRAILING:
		memcpy(longer, payload.p, payload.n);
		longer[payload.n] = 0xFF;
		write_slot(which, imp_span(longer, payload.n + 1), generation, 0x5A);
		break;
	}
}

static const struct {
	const char *what;
	enum content a;
	uint32_t generation_a;
	enum content b;
	uint32_t generation_b;
	enum imr_status st, slot_a, slot_b;
	enum imr_source source;
} rows[] = {
	{ "A alone", GOOD, 1, BLANK_FF, 0, IMR_OK, IMR_OK, IMR_E_NONE, IMR_FROM_SLOT_A },
	{ "B alone", BLANK_FF, 0, GOOD, 1, IMR_OK, IMR_E_NONE, IMR_OK, IMR_FROM_SLOT_B },
	{ "cleared is blank too", BLANK_00, 0, GOOD, 1, IMR_OK, IMR_E_NONE, IMR_OK,
		IMR_FROM_SLOT_B },
	{ "nothing", BLANK_FF, 0, BLANK_00, 0, IMR_E_NONE, IMR_E_NONE, IMR_E_NONE,
		IMR_FROM_NOTHING },
	{ "A newer", GOOD, 2, GOOD, 1, IMR_OK, IMR_OK, IMR_E_OLDER, IMR_FROM_SLOT_A },
	{ "B newer", GOOD, 1, GOOD, 2, IMR_OK, IMR_E_OLDER, IMR_OK, IMR_FROM_SLOT_B },
	{ "same age", GOOD, 7, GOOD, 7, IMR_OK, IMR_OK, IMR_E_OLDER, IMR_FROM_SLOT_A },
	{ "wrapped", GOOD, 0xFFFFFFFF, GOOD, 0, IMR_OK, IMR_E_OLDER, IMR_OK, IMR_FROM_SLOT_B },
	{ "wrapped back", GOOD, 0, GOOD, 0xFFFFFFFF, IMR_OK, IMR_OK, IMR_E_OLDER, IMR_FROM_SLOT_A },
	{ "newer one unfinished", GOOD, 1, NO_COMMIT, 2, IMR_OK, IMR_OK, IMR_E_DAMAGED,
		IMR_FROM_SLOT_A },
	{ "newer one corrupt", GOOD, 1, BAD_CRC, 2, IMR_OK, IMR_OK, IMR_E_DAMAGED,
		IMR_FROM_SLOT_A },
	{ "newer one malformed", BAD_PAYLOAD, 9, GOOD, 8, IMR_OK, IMR_E_DAMAGED, IMR_OK,
		IMR_FROM_SLOT_B },
	{ "newer one with more behind", TRAILING, 9, GOOD, 8, IMR_OK, IMR_E_DAMAGED, IMR_OK,
		IMR_FROM_SLOT_B },
	{ "newer one empty", EMPTY, 9, GOOD, 8, IMR_OK, IMR_E_NONE, IMR_OK, IMR_FROM_SLOT_B },
	{ "newer format beside", NEWER, 9, GOOD, 8, IMR_OK, IMR_E_NEWER, IMR_OK, IMR_FROM_SLOT_B },
	{ "newer format alone", NEWER, 9, BLANK_FF, 0, IMR_E_NEWER, IMR_E_NEWER, IMR_E_NONE,
		IMR_FROM_NOTHING },
	{ "foreign", FOREIGN, 0, BLANK_FF, 0, IMR_E_DAMAGED, IMR_E_DAMAGED, IMR_E_NONE,
		IMR_FROM_NOTHING },
	{ "both corrupt", BAD_CRC, 1, BAD_CRC, 2, IMR_E_DAMAGED, IMR_E_DAMAGED, IMR_E_DAMAGED,
		IMR_FROM_NOTHING },
	{ "blank and corrupt", BLANK_FF, 1, BAD_CRC, 2, IMR_E_DAMAGED, IMR_E_NONE, IMR_E_DAMAGED,
		IMR_FROM_NOTHING },
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imr_report report;
		struct fake_flash flash;
		enum imr_status st;

		make(0, rows[i].a, rows[i].generation_a);
		make(1, rows[i].b, rows[i].generation_b);
		fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
		st = load(&flash, sizeof(buffer), &report);
		if (st != rows[i].st || report.slot[0] != rows[i].slot_a ||
			report.slot[1] != rows[i].slot_b || report.source != rows[i].source)
			fail_msg("%s: %s (A: %s, B: %s)", rows[i].what, imr_status_text(st),
				imr_status_text(report.slot[0]), imr_status_text(report.slot[1]));
		assert_true(st == IMR_OK ? seen_equal(&seen, &plain) : seen.count == 0);
		assert_true(flash.reads <= 6);
	}
}

static void header_fields(void **state)
{
	static const struct {
		const char *what;
		uint32_t at;
		uint8_t value;
	} bad[] = {
		{ "version 0", 4, 0x00 },
		{ "keys", 5, 0x00 },
		{ "keys, one bit off", 5, 0x5B },
		{ "form 0", 6, 0x00 },
		{ "form 2", 6, 0x02 },
		{ "tag 2", 7, 0x02 },
		{ "length 0", 12, 0x00 },
		{ "length beyond the slot", 13, 0x08 },
		{ "length beyond 32 KiB", 15, 0x01 },
		{ "reserved", 16, 0x01 },
		{ "reserved, last", 27, 0x80 },
		{ "commit mark", 39, 0x1F },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct imr_report report;
		struct fake_flash flash;

		make(0, GOOD, 1);
		make(1, BLANK_FF, 0);
		area[bad[i].at] = bad[i].value;
		fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
		if (load(&flash, sizeof(buffer), &report) != IMR_E_DAMAGED)
			fail_msg("%s: not refused", bad[i].what);
		assert_int_equal(report.slot[0], IMR_E_DAMAGED);
		assert_int_equal(flash.reads, 2); /* the payload was not even looked at */
	}
}

/* ---- bounds ------------------------------------------------------------------------------------
 */

static void buffer_sizes(void **state)
{
	struct imr_report report;
	struct fake_flash flash;
	uint8_t longer[IMR_BUFFER_MIN + 8] = { 0 };

	(void)state;
	memcpy(longer, payload.p, payload.n);
	make(0, GOOD, 1);
	make(1, BLANK_FF, 0);
	for (size_t size = 0; size <= IMR_BUFFER_MIN; size++) {
		fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
		assert_int_equal(
			load(&flash, size, &report), size < IMR_BUFFER_MIN ? IMR_E_SPACE : IMR_OK);
	}
	write_slot(0, imp_span(longer, sizeof(longer)), 1, 0x5A);
	fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
	assert_int_equal(load(&flash, sizeof(longer) - 1, &report), IMR_E_SPACE);
	assert_int_equal(flash.reads, 3);
}

static void visitor_stops(void **state)
{
	struct imr_report report;
	struct fake_flash flash;
	struct imr_config config = { .flash = &flash.imr,
		.buffer = buffer,
		.size = sizeof(buffer),
		.visit = seen_visit,
		.ctx = &seen };

	(void)state;
	make(0, GOOD, 2);
	make(1, GOOD, 1);
	fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
	seen_init(&seen);
	seen.stop_at = 2;
	assert_int_equal(imr_load(&config, &report), IMR_E_STOPPED);
	assert_int_equal(seen.count, 2); /* and slot B is not handed over behind it */
	assert_int_equal(report.source, IMR_FROM_NOTHING);
	assert_true(imp_span_all(imp_span(buffer, sizeof(buffer)), 0x00));
}

static void no_sources(void **state)
{
	struct imr_config config = { .buffer = buffer, .size = sizeof(buffer) };
	struct imr_report report;

	(void)state;
	assert_int_equal(imr_load(&config, &report), IMR_E_NONE);
	assert_int_equal(report.source, IMR_FROM_NOTHING);
}

static void check_only(void **state)
{
	struct fake_flash flash;
	struct imr_config config = {
		.flash = &flash.imr, .buffer = buffer, .size = sizeof(buffer)
	};
	struct imr_report report = { 0 };

	(void)state;
	make(0, GOOD, 1);
	make(1, BLANK_FF, 0);
	fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
	assert_int_equal(imr_load_flash(&config, &report), IMR_OK);
	assert_int_equal(report.length, payload.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(table),
		cmocka_unit_test(header_fields),
		cmocka_unit_test(buffer_sizes),
		cmocka_unit_test(visitor_stops),
		cmocka_unit_test(no_sources),
		cmocka_unit_test(check_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
