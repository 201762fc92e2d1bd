/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that the device knows already: how many APDUs it takes (ref card.md E.3), and that nothing
 * that a device may have kept, and nothing that a card may have become, leads to anything else than
 * imr_load() finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "applet-tools/softcard.h"
#include "base/crc32.h"
#include "card/imr_adapter.h"
#include "reader/known.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/ready_card.h"
#include "tests/fake/script_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define SIZE 600
#define OTHER 0x6443

static uint8_t first[4096], second[4096], buffer[4096 + IMR_CARD_ROOM];
static struct seen seen, first_seen, second_seen;
static struct script_card card;
static struct imr_report report;

/* Two payloads of the same size. */
static int setup(void **state)
{
	(void)state;
	(void)ready_payload(first, SIZE);
	(void)ready_payload(second, SIZE);
	second[SIZE - 1] ^= 1;
	seen_init(&first_seen);
	seen_init(&second_seen);
	assert_int_equal(imr_payload(first, SIZE, 0, seen_visit, &first_seen), IMR_OK);
	assert_int_equal(imr_payload(second, SIZE, 0, seen_visit, &second_seen), IMR_OK);
	assert_false(seen_equal(&first_seen, &second_seen));
	return 0;
}

static enum imr_status load(const struct imr_card *from, struct imr_known *known)
{
	struct imr_config config = { .card = from,
		.buffer = buffer,
		.size = sizeof(buffer),
		.visit = seen_visit,
		.ctx = &seen };
	enum imr_status st;

	seen_init(&seen);
	memset(buffer, 0xAA, sizeof(buffer));
	st = known ? imr_load_known(&config, known, &report) : imr_load(&config, &report);
	assert_true(imp_span_all(imp_span(buffer, sizeof(buffer)), 0x00));
	assert_true(st == IMR_OK || seen.count == 0);
	assert_int_equal(report.card, st);
	return st;
}

/* The card is asked from its beginning, as after a reset. */
static void reset(void)
{
	card.apdus = 0;
	card.verifies = 0;
	card.pin_asked = 0;
	card.pin_verified = false;
	card.channel_open = false;
	card.at[0].file = card.at[1].file = -1;
	card.at[1].in_adf = false;
}

static void standard(const uint8_t *payload)
{
	script_card(&card);
	script_card_standard(&card, imp_span(payload, SIZE));
	card.sfi = SCRIPT_SFI;
}

/* Load once more: this payload, in at most so many APDUs. */
static void again(struct imr_known *known, const struct seen *expected, unsigned apdus)
{
	reset();
	if (load(&card.imr, known) != IMR_OK)
		fail_msg("%s, SW %04X", imr_status_text(report.card), report.card_sw);
	assert_true(seen_equal(&seen, expected));
	assert_int_equal(report.apdus, card.apdus);
	assert_int_equal(report.source, IMR_FROM_CARD);
	assert_int_equal(report.length, SIZE);
	assert_int_equal(card.faults, 0);
	assert_false(card.channel_open);
	assert_false(card.basic_touched);
	if (card.apdus > apdus)
		fail_msg("%u APDUs for %u", card.apdus, apdus);
}

/* What was learnt of a card with the first payload after so many loads. */
static struct imr_known learnt(unsigned loads)
{
	struct imr_known known = { 0 };

	standard(first);
	while (loads--)
		again(&known, &first_seen, 13);
	return known;
}

/* ---- counts ---- */

/* E.3: a cached file, 3 + ceil(600/256) = 6.  E.2: 13 by the plan with SELECT and FCP; on T=0 two
 * exchanges for each SELECT with an answer, and 6Cxx where a file is shorter than was asked. */
static void counts(void **state)
{
	static const struct {
		enum script_sfi sfi;
		bool t0;
		unsigned most[4];
	} rows[] = {
		{ SCRIPT_SFI, false, { 13, 7, 6, 6 } },
		{ SCRIPT_SFI, true, { 18, 8, 6, 6 } },
		{ SCRIPT_NO_SFI, false, { 13, 7, 7, 7 } },
		{ SCRIPT_NO_SFI, true, { 18, 8, 8, 8 } },
		{ SCRIPT_SFI_UNKEPT, false, { 13, 7, 8, 7 } },
		{ SCRIPT_SFI_UNKEPT, true, { 18, 8, 9, 8 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imr_known known = { 0 };

		standard(first);
		card.sfi = rows[i].sfi;
		card.t0 = rows[i].t0;
		for (size_t n = 0; n < 4; n++) {
			again(&known, &first_seen, rows[i].most[n]);
			if (card.apdus != rows[i].most[n])
				fail_msg("row %zu, load %zu: %u APDUs", i, n, card.apdus);
		}
	}
	print_message("T=1: 13, 7, 6 APDUs; T=0: 18, 8, 6\n");
}

/* The same on the softcard, which other tools read too. */
static void counts_on_the_softcard(void **state)
{
	static const unsigned most[2][3] = { { 18, 8, 6 }, { 13, 7, 6 } };

	(void)state;
	for (unsigned protocol = 0; protocol < 2; protocol++) {
		struct imp_softcard *softcard = ready_card(protocol, imp_span(first, SIZE));
		struct imr_known known = { 0 };
		struct imp_imr_card adapter;
		struct imp_card host;

		assert_non_null(softcard);
		imp_softcard_as_card(softcard, &host);
		imp_imr_adapt(&adapter, &host, NULL);
		for (size_t n = 0; n < 3; n++) {
			assert_int_equal(load(&adapter.imr, &known), IMR_OK);
			assert_true(seen_equal(&seen, &first_seen));
			print_message("softcard, T=%u, load %zu: %u APDUs\n", protocol, n + 1,
				report.apdus);
			assert_true(report.apdus <= most[protocol][n]);
		}
		imp_softcard_free(softcard);
	}
}

/* ---- what has become of the card ---- */

static void renamed(void)
{
	script_card_file(&card, 0x6442)->fid = OTHER;
}

static void empty(void)
{
	static const uint8_t zeros[SIZE];

	script_card_file(&card, 0x6442)->content = imp_span(zeros, sizeof(zeros));
}

static void shorter(void)
{
	script_card_file(&card, 0x6442)->content.n = SIZE - 1;
}

static void without_application(void)
{
	card.sw_select = 0x6A82;
}

static void without_directory(void)
{
	script_card_file(&card, 0x2F00)->fid = OTHER;
}

static void gone(void)
{
	card.gone_at = 1;
}

static void without_channel(void)
{
	card.sw_channel = 0x6881;
}

/* Whatever it is, the answer is that of a reader that knows nothing. */
static void changed(void **state)
{
	static const struct {
		const char *what;
		void (*become)(void);
	} rows[] = {
		{ "the file is gone", renamed },
		{ "the file is empty", empty },
		{ "the file is cut", shorter },
		{ "no application", without_application },
		{ "no link", gone },
		{ "no channel", without_channel },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned loads = 1; loads <= 3; loads++) {
			struct imr_known known = learnt(loads), before = known;
			enum imr_status st;

			print_message("%s, known for %u loads\n", rows[i].what, loads);
			reset();
			rows[i].become();
			st = load(&card.imr, &known);
			assert_memory_equal(&known, &before, sizeof(known));
			assert_false(card.channel_open);
			reset();
			assert_int_equal(st, load(&card.imr, NULL));
			assert_int_not_equal(st, IMR_OK);
		}
	/* The directory is not looked at while the file is what it was: that is what is saved. */
	{
		struct imr_known known = learnt(3);

		without_directory();
		again(&known, &first_seen, 6);
	}
}

/* Another payload, at the same place or elsewhere: it is what a reader that knows nothing finds,
 * and what is known from then on. */
static void other_content(void **state)
{
	(void)state;
	for (unsigned loads = 1; loads <= 3; loads++) {
		struct imr_known known = learnt(loads);

		script_card_file(&card, 0x6442)->content.p = second;
		again(&known, &second_seen, 7 + 13);
		again(&known, &second_seen, 7);
		again(&known, &second_seen, 6);
		/* The former file is there, with something else; the directory leads to 6444. */
		known = learnt(loads);
		script_card_file(&card, 0x6442)->fid = 0x6444;
		script_file(&card, 0x7FFF, 0x6442, imp_span(second, SIZE), 0, SCRIPT_ALWAYS);
		{
			static uint8_t dodf[128];
			struct script_file *f = script_card_file(&card, 0x6440);

			memcpy(dodf, f->content.p, f->content.n);
			dodf[38] = 0x44;
			f->content.p = dodf;
		}
		again(&known, &first_seen, 7 + 13);
		again(&known, &first_seen, 7);
		again(&known, &first_seen, 6);
	}
}

/* Every octet of what was kept may have become any other. */
static void spoilt(void **state)
{
	const struct imr_known good = learnt(3);
	unsigned quick = 0, slow = 0;

	(void)state;
	for (size_t at = 0; at < sizeof(good); at++)
		for (unsigned v = 0; v < 256; v++) {
			struct imr_known known = good;

			((uint8_t *)&known)[at] = (uint8_t)v;
			standard(first);
			again(&known, &first_seen, 8 + 13);
			if (card.apdus <= 8)
				quick++;
			else
				slow++;
			/* And that is over with the next load. */
			again(&known, &first_seen, 8);
		}
	print_message("%u of %u loads were as quick as ever\n", quick, quick + slow);
	assert_true(slow > 4 * 255); /* the sum matters */
}

/* A reader that believes what it is told would hand over the wrong payload: the sweep above would
 * notice.  Here a sum that fits stands for such a reader. */
static void blind_belief_is_seen(void **state)
{
	struct imr_known known = learnt(3);

	(void)state;
	script_card_file(&card, 0x6442)->content.p = second;
	known.crc = imp_crc32(0, imp_span(second, SIZE));
	reset();
	without_directory();
	assert_int_equal(load(&card.imr, &known), IMR_OK);
	assert_true(seen_equal(&seen, &second_seen));
	reset();
	assert_int_equal(load(&card.imr, NULL), IMR_E_NONE);
}

/* ---- faults ---- */

/* The n-th APDU is lost, answers a status word, or is the last one: never a wrong payload, and the
 * channel is closed while the card answers. */
static void nth_apdu(void **state)
{
	static const uint16_t words[] = { 0, 1, 0x6281, 0x6283, 0x6400, 0x6581, 0x6700, 0x6982,
		0x6983, 0x6A82, 0x6A86, 0x6B00, 0x6F00, 0x9300, 0x0000 };
	unsigned loaded = 0, cases = 0;

	(void)state;
	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
		for (unsigned t0 = 0; t0 < 2; t0++)
			for (unsigned loads = 1; loads <= 3; loads++)
				for (unsigned n = 1;; n++) {
					struct imr_known known = learnt(loads);
					enum imr_status st;

					reset();
					card.t0 = t0;
					card.gone_at = w == 0 ? n : 0;
					card.lost_at = w == 1 ? n : 0;
					card.sw_at = w > 1 ? n : 0;
					card.sw = words[w];
					st = load(&card.imr, &known);
					if (card.apdus < n)
						break;
					cases++;
					loaded += st == IMR_OK;
					assert_true(st == IMR_OK ||
						    (st >= IMR_E_NONE && st <= IMR_E_LIMIT));
					assert_true(st != IMR_OK || seen_equal(&seen, &first_seen));
					/* Lost was the very closing, or the answer to opening. */
					if (w > 1 && n < card.apdus)
						assert_true(!card.channel_open);
					/* The card is well again, and so is the reader. */
					card.gone_at = card.lost_at = card.sw_at = 0;
					again(&known, &first_seen, 21);
				}
	print_message("%u cases, %u loaded all the same\n", cases, loaded);
	assert_true(cases > 300);
}

/* ---- PIN, flash, and what is not learnt ---- */

static void pin(void **state)
{
	static const enum script_rule rules[] = { SCRIPT_PIN_IN_ADF, SCRIPT_PIN_IN_FCP,
		SCRIPT_PIN_IN_ARR };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct imr_known known = { 0 };

		standard(first);
		script_card_file(&card, 0x6442)->rule = rules[i];
		card.pin = "1234";
		for (unsigned n = 0; n < 5; n++) {
			again(&known, &first_seen, 26);
			assert_int_equal(card.verifies, 1);
			assert_int_equal(card.pin_asked, 1);
			assert_int_equal(card.tries, 3);
		}
		/* Verified by somebody else before: not asked for. */
		reset();
		card.pin_verified = true;
		assert_int_equal(load(&card.imr, &known), IMR_OK);
		assert_int_equal(card.pin_asked, 0);
		assert_true(card.apdus <= 7);
		/* A wrong PIN is given once, however often the file is looked for. */
		reset();
		card.pin = "9999";
		assert_int_equal(load(&card.imr, &known), IMR_E_REFUSED);
		assert_int_equal(card.verifies, 1);
		assert_int_equal(card.tries, 2);
	}
}

static void then_flash(void **state)
{
	struct imp_span slot = vec_hex("tests/golden/slot/nosec.hex");
	struct imr_known known = learnt(3), before = known;
	struct fake_flash flash;
	struct imr_config config = { .card = &card.imr,
		.flash = &flash.imr,
		.buffer = buffer,
		.size = sizeof(buffer),
		.visit = seen_visit,
		.ctx = &seen };

	(void)state;
	fake_flash(&flash, slot, (uint32_t)slot.n);
	reset();
	seen_init(&seen);
	assert_int_equal(imr_load_known(&config, &known, &report), IMR_OK);
	assert_int_equal(report.source, IMR_FROM_CARD);
	assert_int_equal(flash.reads, 0);
	reset();
	seen_init(&seen);
	seen.stop_at = 1;
	assert_int_equal(imr_load_known(&config, &known, &report), IMR_E_STOPPED);
	assert_int_equal(seen.count, 1);
	assert_int_equal(card.apdus, 6); /* and it is not handed over again */
	reset();
	seen_init(&seen);
	card.gone_at = 1;
	assert_int_equal(imr_load_known(&config, &known, &report), IMR_OK);
	assert_int_equal(report.source, IMR_FROM_SLOT_A);
	assert_int_equal(report.card, IMR_E_IO);
	config.card = NULL;
	seen_init(&seen);
	assert_int_equal(imr_load_known(&config, &known, &report), IMR_OK);
	assert_int_equal(report.source, IMR_FROM_SLOT_A);
	assert_memory_equal(&known, &before, sizeof(known));
	/* A buffer too small for the card's answers. */
	for (config.size = 0; config.size < SIZE + IMR_CARD_ROOM; config.size += 7) {
		enum imr_status st;

		config.card = &card.imr;
		config.flash = NULL;
		standard(first);
		seen_init(&seen);
		memset(buffer, 0xAA, sizeof(buffer));
		st = imr_load_known(&config, &known, &report);
		assert_int_not_equal(st, IMR_OK);
		assert_true(imp_span_all(
			imp_span(buffer + config.size, sizeof(buffer) - config.size), 0xAA));
		assert_int_equal(seen.count, 0);
		reset();
		assert_int_equal(imr_load(&config, &report), st);
		if (config.size >= 2 * IMR_CARD_ROOM || config.size < IMR_CARD_ROOM)
			assert_int_equal(report.card, IMR_E_SPACE);
	}
	vec_free(slot);
}

static void not_learnt(void **state)
{
	static const uint8_t part[] = { 0xA1, 0x1B, 0x30, 0x00, 0x30, 0x00, 0xA1, 0x15, 0x30, 0x13,
		0x06, 0x04, 0x67, 0x2B, 0x09, 0x01, 0x30, 0x0B, 0x04, 0x02, 0x64, 0x42, 0x02, 0x01,
		0x10, 0x80, 0x02, 0x02, 0x58 };
	static uint8_t file[16 + SIZE];
	struct imr_known known = { 0 }, nothing = { 0 };
	struct imr_config config = { .card = &card.imr,
		.buffer = buffer,
		.size = sizeof(buffer),
		.visit = seen_visit,
		.ctx = &seen,
		.options = IMR_OPT_BASIC_CHANNEL };

	(void)state;
	/* 600 octets from the 16th on */
	memcpy(file + 16, first, SIZE);
	standard(first);
	script_card_file(&card, 0x6440)->content = imp_span(part, sizeof(part));
	script_card_file(&card, 0x6442)->content = imp_span(file, sizeof(file));
	for (unsigned n = 0; n < 3; n++)
		again(&known, &first_seen, 13);
	assert_memory_equal(&known, &nothing, sizeof(known));
	/* read on channel 0 */
	standard(first);
	card.sw_channel = 0x6881;
	seen_init(&seen);
	assert_int_equal(imr_load_known(&config, &known, &report), IMR_OK);
	assert_memory_equal(&known, &nothing, sizeof(known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(counts_on_the_softcard),
		cmocka_unit_test(changed),
		cmocka_unit_test(other_content),
		cmocka_unit_test(spoilt),
		cmocka_unit_test(blind_belief_is_seen),
		cmocka_unit_test(nth_apdu),
		cmocka_unit_test(pin),
		cmocka_unit_test(then_flash),
		cmocka_unit_test(not_learnt),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
