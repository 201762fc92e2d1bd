/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device reader when things fail: the n-th read, the n-th APDU, every bit and every prefix of a
 * slot.  Always a named status, the buffer wiped, the channel closed while the card answers, and
 * never a wrong payload.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32.h"
#include "codec/slot.h"
#include "reader/imr.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/script_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define SLOT 2048
#define GOLDEN "tests/golden/slot/"

static uint8_t area[2 * SLOT], buffer[2048 + IMR_CARD_ROOM];
static struct seen seen, a_plain, b_plain, card_plain;
static struct script_card card;
static uint8_t file[640];

static void see(const uint8_t *payload, size_t n, struct seen *into)
{
	seen_init(into);
	assert_int_equal(imr_payload(payload, n, 0, seen_visit, into), IMR_OK);
}

/* Slot A: generation 1, slot B: generation 2; another payload in each, a third one on the card. */
static int setup(void **state)
{
	struct imp_span a = vec_hex(GOLDEN "nosec.hex"),
			b = vec_hex(GOLDEN "psk_non_persistent.hex");
	struct imp_wr wr = imp_wr(file, sizeof(file));

	(void)state;
	memcpy(area, a.p, SLOT);
	memcpy(area + SLOT, b.p, SLOT);
	see(area + IMP_SLOT_PAYLOAD_AT, a.p[12], &a_plain);
	see(area + SLOT + IMP_SLOT_PAYLOAD_AT, b.p[12], &b_plain);
	imp_wr_put(&wr, imp_span("\x00\x01\x02\x54\x00\x00\x00\x02\x4F\x10\x00\x02\x4B", 13));
	imp_wr_put(&wr, imp_span("\xC1\x01\x01\xC1\x02\x03\xD0\x03\x02\x41", 10));
	imp_wr_fill(&wr, 0x5C, 577);
	imp_wr_fill(&wr, 0xFF, sizeof(file) - wr.n);
	see(file, 600, &card_plain);
	vec_free(a);
	vec_free(b);
	return 0;
}

static enum imr_status load(
	struct fake_flash *flash, struct script_card *with_card, struct imr_report *report)
{
	struct imr_config config = { .card = with_card ? &with_card->imr : NULL,
		.flash = flash ? &flash->imr : NULL,
		.buffer = buffer,
		.size = sizeof(buffer),
		.visit = seen_visit,
		.ctx = &seen };
	enum imr_status st;

	seen_init(&seen);
	memset(buffer, 0xAA, sizeof(buffer));
	st = imr_load(&config, report);
	assert_true(imp_span_all(imp_span(buffer, sizeof(buffer)), 0x00));
	assert_true(st == IMR_OK || (st >= IMR_E_NONE && st <= IMR_E_LIMIT));
	assert_true(st == IMR_OK || seen.count == 0);
	assert_true((st == IMR_OK) == (report->source != IMR_FROM_NOTHING));
	return st;
}

static void script(void)
{
	script_card(&card);
	script_card_standard(&card, imp_span(file, sizeof(file)));
}

/* ---- the n-th call fails
 * ------------------------------------------------------------------------- */

static void nth_read(void **state)
{
	struct imr_report report;
	struct fake_flash flash;
	unsigned n;

	(void)state;
	for (n = 1;; n++) {
		enum imr_status st;

		fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
		flash.fails_at = n;
		st = load(&flash, NULL, &report);
		if (flash.reads < n)
			break;
		assert_int_equal(st, IMR_OK); /* the other slot is good */
		if (report.source == IMR_FROM_SLOT_A) {
			assert_true(seen_equal(&seen, &a_plain));
			assert_int_equal(report.slot[1], IMR_E_IO);
		} else {
			assert_true(seen_equal(&seen, &b_plain));
			assert_int_equal(report.slot[0], IMR_E_IO);
		}
	}
	assert_int_equal(n, 5); /* two heads, the newer one again, its payload */
	assert_true(seen_equal(&seen, &b_plain));
	/* A single slot: nothing is left. */
	for (n = 1; n <= 3; n++) {
		fake_flash(&flash, imp_span(area, SLOT), SLOT);
		flash.fails_at = n;
		assert_int_equal(load(&flash, NULL, &report), IMR_E_IO);
		assert_int_equal(report.slot[0], IMR_E_IO);
	}
}

/* lost: this APDU only; else the card is gone from there on. */
static void nth_apdu(bool lost, bool t0, bool with_pin)
{
	unsigned n;

	for (n = 1;; n++) {
		struct imr_report report;
		struct fake_flash flash;
		enum imr_status st;

		script();
		card.t0 = t0;
		if (with_pin) {
			script_card_file(&card, 0x6442)->rule = SCRIPT_PIN_IN_ARR;
			card.pin = "1234";
		}
		card.lost_at = lost ? n : 0;
		card.gone_at = lost ? 0 : n;
		fake_flash(&flash, imp_span(area, sizeof(area)), SLOT);
		st = load(&flash, &card, &report);
		if (card.apdus < n)
			break;
		assert_int_equal(st, IMR_OK);
		assert_true(card.verifies <= 1);
		if (report.source == IMR_FROM_CARD) { /* only the answer to closing was missed */
			assert_true(seen_equal(&seen, &card_plain));
			assert_int_equal(n, card.apdus);
		} else {
			assert_int_equal(report.card, IMR_E_IO);
			assert_int_equal(report.source, IMR_FROM_SLOT_B);
			assert_true(seen_equal(&seen, &b_plain));
		}
		/* Closed, unless the card was gone by then or the very close was lost. */
		assert_true(!card.channel_open || !lost || n == card.apdus);
	}
	assert_true(n > 13);
	assert_false(card.channel_open);
}

static void nth_apdu_lost(void **state)
{
	(void)state;
	nth_apdu(true, false, false);
	nth_apdu(true, true, false);
	nth_apdu(true, true, true);
}

static void nth_apdu_card_gone(void **state)
{
	(void)state;
	nth_apdu(false, false, false);
	nth_apdu(false, true, true);
}

/* ---- every bit, every prefix
 * ----------------------------------------------------------------------- */

struct flipped {
	unsigned wrong, fell_back, unnoticed;
};

/* Slot B flipped: it loads as it was, or slot A does, and nothing else ever. */
static bool wrong_payload(void *ctx, struct imp_span b)
{
	struct flipped *f = ctx;
	struct imr_report report;
	struct fake_flash flash;
	uint8_t both[2 * SLOT];
	enum imr_status st;

	memcpy(both, area, SLOT);
	memset(both + SLOT, 0xFF, SLOT);
	if (b.n)
		memcpy(both + SLOT, b.p, b.n);
	fake_flash(&flash, imp_span(both, sizeof(both)), SLOT);
	st = load(&flash, NULL, &report);
	f->fell_back += report.source == IMR_FROM_SLOT_A;
	f->unnoticed += report.source == IMR_FROM_SLOT_B;
	if (st != IMR_OK)
		return true;
	if (report.source == IMR_FROM_SLOT_A)
		return !seen_equal(&seen, &a_plain);
	return !seen_equal(&seen, &b_plain) || report.keys != 0xA5 || report.generation != 2;
}

static void every_bit(void **state)
{
	struct flipped f = { 0 };
	size_t payload = area[SLOT + 12];

	(void)state;
	assert_int_equal(vec_flips(imp_span(area + SLOT, SLOT), wrong_payload, &f), 0);
	/* What counts is all of header, mark and payload, and nothing else. */
	assert_int_equal(f.fell_back, 8 * (IMP_SLOT_HEADER + IMP_SLOT_COMMIT + payload));
}

/* A write that stopped after n octets, mark or not. */
static void every_prefix(void **state)
{
	struct flipped f = { 0 };
	size_t payload = area[SLOT + 12];

	(void)state;
	assert_int_equal(vec_prefixes(imp_span(area + SLOT, SLOT), wrong_payload, &f), 0);
	assert_int_equal(f.fell_back, IMP_SLOT_PAYLOAD_AT + payload);
}

/*
 * The sweep notices: a slot whose CRC was made to fit after the flip, which is what a reader
 * without CRC would see, loads wrong payloads and wrong attributes.
 */
static bool wrong_without_crc(void *ctx, struct imp_span b)
{
	uint8_t fitted[SLOT];
	uint32_t crc;

	memcpy(fitted, b.p, SLOT);
	crc = imp_slot_crc(fitted, imp_span(fitted + IMP_SLOT_PAYLOAD_AT, area[SLOT + 12]));
	for (int i = 0; i < 4; i++)
		fitted[IMP_SLOT_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
	return wrong_payload(ctx, imp_span(fitted, SLOT));
}

static void reader_without_crc_is_caught(void **state)
{
	struct flipped f = { 0 };

	(void)state;
	assert_true(vec_flips(imp_span(area + SLOT, SLOT), wrong_without_crc, &f) > 100);
}

/* A card file torn at each octet, with the header of zeros that a careful writer leaves, or
 * without. */
static void torn_card(void **state)
{
	struct imr_report report;

	(void)state;
	for (size_t n = 0; n < 600; n++) {
		uint8_t torn[640] = { 0 };

		memset(torn + 4, 0xFF, sizeof(torn) - 4);
		if (n > 4)
			memcpy(torn + 4, file + 4, n - 4);
		script();
		script_card_file(&card, 0x6442)->content = imp_span(torn, sizeof(torn));
		assert_int_equal(load(NULL, &card, &report), IMR_E_NONE);
		/* The true header first, as no one should write it: found out too, here by the
		 * grammar, but not when only the octets of a value are missing. */
		memcpy(torn, file, 4);
		script();
		script_card_file(&card, 0x6442)->content = imp_span(torn, sizeof(torn));
		if (load(NULL, &card, &report) == IMR_OK)
			assert_true(n >= 23 && !seen_equal(&seen, &card_plain));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nth_read),
		cmocka_unit_test(nth_apdu_lost),
		cmocka_unit_test(nth_apdu_card_gone),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(reader_without_crc_is_caught),
		cmocka_unit_test(torn_card),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
