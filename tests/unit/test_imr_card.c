/* SPDX-License-Identifier: Apache-2.0 */
/* The device reader on cards of every habit: ref card.md A, by its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reader/imr.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/script_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define CARD VEC_SHARED "lwm2m/card/"

static uint8_t payload[32768], buffer[32768 + IMR_CARD_ROOM + 64];
static size_t payload_n;
static struct seen seen, plain;
static struct script_card card;
static struct imr_report report;

/* One bootstrap account whose public key makes the payload n octets long; FF behind up to file. */
static struct imp_span make_payload(size_t n, size_t file)
{
	struct imp_wr wr = imp_wr(payload, sizeof(payload));

	imp_wr_be16(&wr, 1);
	imp_wr_be16(&wr, (uint16_t)(n - 4));
	imp_wr_be16(&wr, 0);
	imp_wr_u8(&wr, 0);
	imp_wr_be16(&wr, (uint16_t)(n - 9));
	imp_wr_u8(&wr, 0x10);
	imp_wr_u8(&wr, 0);
	imp_wr_be16(&wr, (uint16_t)(n - 13));
	imp_wr_put(&wr, imp_span("\xC1\x01\x01\xC1\x02\x03\xD0\x03", 8));
	imp_wr_be16(&wr, (uint16_t)(n - 23));
	for (size_t i = 0; wr.n < n; i++)
		imp_wr_u8(&wr, (uint8_t)(i * 7 + i / 256));
	payload_n = n;
	imp_wr_fill(&wr, 0xFF, file - n);
	seen_init(&plain);
	assert_int_equal(imr_payload(payload, n, 0, seen_visit, &plain), IMR_OK);
	return imp_wr_span(&wr);
}

/* size: of the payload that may come. */
static enum imr_status load(size_t size, uint32_t options)
{
	size_t room = size + IMR_CARD_ROOM;
	struct imr_config config = { .card = &card.imr,
		.buffer = buffer,
		.size = room,
		.visit = seen_visit,
		.ctx = &seen,
		.options = options,
		.headerless = options & IMR_OPT_LENIENT ? imr_headerless : NULL };
	enum imr_status st;

	seen_init(&seen);
	memset(buffer, 0xAA, sizeof(buffer));
	st = imr_load(&config, &report);
	assert_true(imp_span_all(imp_span(buffer, room), 0x00));
	assert_true(imp_span_all(imp_span(buffer + room, sizeof(buffer) - room), 0xAA));
	assert_int_equal(report.apdus, card.apdus);
	assert_int_equal(report.card, st);
	assert_int_equal(card.faults, 0);
	assert_false(card.channel_open);
	return st;
}

static void standard(struct imp_span content)
{
	script_card(&card);
	script_card_standard(&card, content);
}

static void loads(uint32_t options, uint32_t quirks)
{
	enum imr_status st = load(32768, options);

	if (st != IMR_OK)
		fail_msg("%s, SW %04X", imr_status_text(st), report.card_sw);
	assert_true(seen_equal(&seen, &plain));
	assert_int_equal(report.source, IMR_FROM_CARD);
	assert_int_equal(report.length, payload_n);
	assert_int_equal(report.quirks, quirks);
	assert_int_equal(report.card_sw, 0);
}

/* ---- sizes and counts
 * ---------------------------------------------------------------------------- */

static void sizes(void **state)
{
	static const size_t sizes[] = { 40, 255, 256, 257, 258, 511, 512, 513, 600, 4096, 32767,
		32768 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (int t0 = 0; t0 < 2; t0++)
			for (size_t filling = 0; filling <= 32; filling += 16) {
				size_t file = sizes[i] + filling;

				if (file > 32768)
					continue;
				standard(make_payload(sizes[i], file));
				card.t0 = t0;
				loads(0, 0);
			}
}

/* ref card.md E.2: 13 APDUs for 600 octets, 26 for 4096; on T=0 more by GET RESPONSE and 6Cxx. */
static void counts(void **state)
{
	static const struct {
		size_t n;
		bool t0;
		unsigned most;
	} rows[] = {
		{ 600, false, 13 },
		{ 4096, false, 27 },
		{ 600, true, 18 },
		{ 4096, true, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		standard(make_payload(rows[i].n, rows[i].n));
		card.t0 = rows[i].t0;
		loads(0, 0);
		print_message("%zu octets, T=%d: %u APDUs\n", rows[i].n, !rows[i].t0, card.apdus);
		assert_true(card.apdus <= rows[i].most);
	}
}

/* The filling of a large file is not read. */
static void filling_is_left_alone(void **state)
{
	unsigned without;

	(void)state;
	standard(make_payload(600, 600));
	loads(0, 0);
	without = card.apdus;
	standard(make_payload(600, 8192));
	loads(0, 0);
	assert_int_equal(card.apdus, without);
}

/* ---- cards of the field
 * -------------------------------------------------------------------------- */

static void channels(void **state)
{
	static const uint8_t given[] = { 1, 2, 3, 4, 5, 19 };
	static const uint16_t none[] = { 0x6881, 0x6882, 0x6A81, 0x6A86, 0x6D00, 0x6E00 };

	(void)state;
	for (size_t i = 0; i < sizeof(given); i++) {
		standard(make_payload(600, 640));
		card.channel = given[i];
		loads(0, 0);
		assert_false(card.basic_touched);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		standard(make_payload(600, 640));
		card.sw_channel = none[i];
		assert_int_equal(load(1024, 0), IMR_E_REFUSED);
		assert_int_equal(report.card_sw, none[i]);
		standard(make_payload(600, 640));
		card.sw_channel = none[i];
		loads(IMR_OPT_BASIC_CHANNEL, IMR_QUIRK_BASIC_CHANNEL);
		assert_false(card.basic_touched); /* the MF is current again */
	}
	/* Numbers that no channel has. */
	standard(make_payload(600, 640));
	card.channel = 0;
	card.channel_open = false;
	assert_int_equal(
		imr_load(&(struct imr_config){ .card = &card.imr, .buffer = buffer, .size = 1024 },
			&report),
		IMR_E_DAMAGED);
	standard(make_payload(600, 640));
	card.channel = 20;
	assert_int_equal(
		imr_load(&(struct imr_config){ .card = &card.imr, .buffer = buffer, .size = 1024 },
			&report),
		IMR_E_DAMAGED);
}

struct habit {
	const char *what;
	void (*set)(void);
	uint32_t quirks;
};

static void no_dir_sfi(void)
{
	card.no_dir_sfi = true;
}

static void dir_binary(void)
{
	struct script_file *dir = script_card_file(&card, 0x2F00);

	dir->record = 0;
	dir->content = imp_span(dir->content.p + 38, 38); /* templates back to back, then filling */
}

static void no_path(void)
{
	card.no_path = true;
}

static void no_fcp(void)
{
	card.no_fcp = true;
}

static void no_size(void)
{
	card.no_size = true;
}

static void wrong_fid(void)
{
	card.fcp_wrong_fid = true;
}

static void le_128(void)
{
	card.le_max = 128;
}

static void le_100(void)
{
	card.le_max = 100;
}

static void le_16(void)
{
	card.le_max = 16;
}

static const struct habit habits[] = {
	{ "EF(DIR) without SFI", no_dir_sfi, 0 },
	{ "transparent EF(DIR)", dir_binary, IMR_QUIRK_DIR_BINARY },
	{ "no SELECT by path", no_path, 0 },
	{ "no FCP", no_fcp, 0 },
	{ "FCP without size", no_size, 0 },
	{ "FCP of another file", wrong_fid, IMR_QUIRK_FCP_FID },
	{ "READ BINARY of 128 at most", le_128, 0 },
	{ "READ BINARY of 100 at most", le_100, 0 },
	{ "READ BINARY of 16 at most", le_16, 0 },
};

static void field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++)
		for (int t0 = 0; t0 < 2; t0++) {
			standard(make_payload(600, 640));
			habits[i].set();
			card.t0 = t0;
			print_message("%s, T=%d\n", habits[i].what, !t0);
			loads(0, habits[i].quirks);
		}
}

/* ---- directory files
 * ----------------------------------------------------------------------------- */

static void directory_file(const char *name, uint16_t fid, enum imr_status st, uint32_t quirks)
{
	char path[256];
	struct imp_span content;
	bool record = fid == 0x2F00;

	snprintf(path, sizeof(path), CARD "%s.hex", name);
	content = vec_hex(path);
	standard(make_payload(100, 400));
	script_card_file(&card, fid)->content = content;
	if (record)
		script_card_file(&card, fid)->record = (uint8_t)content.n;
	if (st == IMR_OK) {
		loads(0, quirks);
	} else {
		assert_int_equal(load(1024, 0), st);
		assert_int_equal(seen.count, 0);
	}
	vec_free(content);
}

static void directory_files(void **state)
{
	static const struct {
		const char *name;
		uint16_t fid;
		enum imr_status st;
		uint32_t quirks;
	} rows[] = {
		{ "dir_min", 0x2F00, IMR_OK, 0 },
		{ "dir_label_3f00", 0x2F00, IMR_OK, 0 },
		{ "dir_label_7fff", 0x2F00, IMR_OK, 0 },
		{ "dir_record38", 0x2F00, IMR_OK, 0 },
		{ "dir_record38_empty", 0x2F00, IMR_E_NONE, 0 },
		{ "dir_other_app", 0x2F00, IMR_E_NONE, 0 },
		{ "odf_fid", 0x5031, IMR_OK, 0 },
		{ "odf_mixed_pad_ff", 0x5031, IMR_OK, 0 },
		{ "odf_pad_00", 0x5031, IMR_OK, 0 },
		{ "odf_path_7fff", 0x5031, IMR_OK, 0 },
		{ "odf_two_dodf", 0x5031, IMR_OK, 0 },
		{ "odf_no_data_objects", 0x5031, IMR_E_NONE, 0 },
		{ "dodf_oid", 0x6440, IMR_OK, 0 },
		{ "dodf_opaque", 0x6440, IMR_OK, 0 },
		{ "dodf_opaque_then_oid", 0x6440, IMR_OK, 0 },
		{ "dodf_foreign_first", 0x6440, IMR_OK, 0 },
		{ "dodf_path_7fff", 0x6440, IMR_OK, 0 },
		{ "dodf_label_private", 0x6440, IMR_OK, 0 },
		{ "dodf_private_modifiable", 0x6440, IMR_OK, 0 },
		{ "dodf_oid_wrapped_twice", 0x6440, IMR_OK, IMR_QUIRK_OID_TWICE },
		{ "dodf_foreign_only", 0x6440, IMR_E_NONE, 0 },
		{ "dodf_empty_ff", 0x6440, IMR_E_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; vec_there(CARD) && i < sizeof(rows) / sizeof(*rows); i++) {
		print_message("%s\n", rows[i].name);
		directory_file(rows[i].name, rows[i].fid, rows[i].st, rows[i].quirks);
	}
}

/* dodf_path_part: the payload is octets 16 to 315 of its file. */
static void part_of_a_file(void **state)
{
	static uint8_t file[400];
	struct imp_span content;

	(void)state;
	if (!vec_there(CARD))
		return;
	content = vec_hex(CARD "dodf_path_part.hex");
	memset(file, 0x55, sizeof(file));
	make_payload(300, 300);
	memcpy(file + 16, payload, 300);
	standard(imp_span(file, sizeof(file)));
	script_card_file(&card, 0x6440)->content = content;
	loads(0, 0);
	make_payload(301, 301); /* one octet beyond the part */
	memcpy(file + 16, payload, 301);
	standard(imp_span(file, sizeof(file)));
	script_card_file(&card, 0x6440)->content = content;
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(imp_span(file, 10)); /* the file ends before the part */
	script_card_file(&card, 0x6440)->content = content;
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	vec_free(content);
}

/* Two DODF: when the first leads to nothing, the second one counts (S12). */
static void next_dodf(void **state)
{
	static const uint8_t odf[] = { 0xA7, 0x06, 0x30, 0x04, 0x04, 0x02, 0x64, 0x50, 0xA7, 0x06,
		0x30, 0x04, 0x04, 0x02, 0x64, 0x40 };
	static const uint8_t to_6444[] = { 0xA1, 0x14, 0x30, 0x00, 0x30, 0x00, 0xA1, 0x0E, 0x30,
		0x0C, 0x06, 0x04, 0x67, 0x2B, 0x09, 0x01, 0x30, 0x04, 0x04, 0x02, 0x64, 0x44 };
	static const uint8_t blank[32] = { 0 }, nothing[64] = { 0xFF };
	static const uint8_t inline_odf[] = { 0xA7, 0x18, 0xA0, 0x16, 0xA1, 0x14, 0x30, 0x00, 0x30,
		0x00, 0xA1, 0x0E, 0x30, 0x0C, 0x06, 0x04, 0x67, 0x2B, 0x09, 0x01, 0x30, 0x04, 0x04,
		0x02, 0x64, 0x42 };

	(void)state;
	/* the first DODF is not there */
	standard(make_payload(100, 400));
	script_card_file(&card, 0x5031)->content = imp_span(odf, sizeof(odf));
	loads(0, 0);
	/* it is filled with zeros */
	script_card(&card);
	script_card_standard(&card, make_payload(100, 400));
	script_card_file(&card, 0x5031)->content = imp_span(odf, sizeof(odf));
	script_file(&card, 0x7FFF, 0x6450, imp_span(blank, sizeof(blank)), 0, SCRIPT_ALWAYS);
	loads(0, 0);
	/* it leads to a file that is not configured, then to a damaged one */
	for (int damaged = 0; damaged < 2; damaged++) {
		standard(make_payload(100, 400));
		script_card_file(&card, 0x5031)->content = imp_span(odf, sizeof(odf));
		script_file(&card, 0x7FFF, 0x6450, imp_span(to_6444, sizeof(to_6444)), 0,
			SCRIPT_ALWAYS);
		script_file(&card, 0x7FFF, 0x6444,
			damaged ? imp_span(nothing, sizeof(nothing))
				: imp_span(blank, sizeof(blank)),
			0, SCRIPT_ALWAYS);
		loads(0, 0);
	}
	/* objects inline */
	standard(make_payload(100, 400));
	script_card_file(&card, 0x5031)->content = imp_span(inline_odf, sizeof(inline_odf));
	loads(0, 0);
}

/* ---- what is not there, or wrong
 * ----------------------------------------------------------------- */

static void without(uint16_t fid)
{
	standard(make_payload(100, 400));
	script_card_file(&card, fid)->fid = 0x6FF0;
}

static void absent(void **state)
{
	static const uint16_t fids[] = { 0x2F00, 0x5031, 0x6440, 0x6442 };
	static const uint8_t zeros[64] = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		without(fids[i]);
		assert_int_equal(load(1024, 0), IMR_E_NONE);
		assert_int_equal(report.card_sw, 0x6A82);
		/* Channel 0 stands in for a channel, not for what is missing. */
		without(fids[i]);
		assert_int_equal(load(1024, IMR_OPT_BASIC_CHANNEL), IMR_E_NONE);
		assert_int_equal(report.quirks, 0);
	}
	standard(make_payload(100, 400));
	card.sw_select = 0x6A82;
	assert_int_equal(load(1024, 0), IMR_E_NONE);
	standard(imp_span(zeros, sizeof(zeros)));
	assert_int_equal(load(1024, 0), IMR_E_NONE);
	make_payload(100, 400);
	memset(payload, 0xFF, 400);
	standard(imp_span(payload, 400));
	assert_int_equal(load(1024, 0), IMR_E_NONE);
}

static void damaged(void **state)
{
	struct imp_span file;

	(void)state;
	file = make_payload(600, 640);
	standard(imp_span(file.p, 599)); /* shorter than 4 + size */
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(imp_span(file.p, 599));
	card.no_size = true;
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(imp_span(file.p, 3));
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(make_payload(600, 640));
	payload[1] = 2; /* count */
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(make_payload(600, 640));
	assert_int_equal(load(599, 0), IMR_E_SPACE);
	standard(make_payload(600, 640));
	assert_int_equal(load(600, 0), IMR_OK);
	standard(make_payload(600, 640));
	card.fcp_of_file = true;
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
}

/* Each status word at each APDU: a named end, nothing visited or all of it, the channel closed. */
static void status_words(void **state)
{
	static const struct {
		uint16_t sw;
		enum imr_status st;
	} rows[] = {
		{ 0x6281, IMR_E_DAMAGED },
		{ 0x6283, IMR_E_REFUSED },
		{ 0x6400, IMR_E_IO },
		{ 0x6581, IMR_E_IO },
		{ 0x6982, IMR_E_REFUSED },
		{ 0x6983, IMR_E_REFUSED },
		{ 0x6A82, IMR_E_NONE },
		{ 0x6F00, IMR_E_IO },
		{ 0x9300, IMR_E_REFUSED },
		{ 0x0000, IMR_E_REFUSED },
	};
	unsigned all;

	(void)state;
	standard(make_payload(600, 640));
	loads(0, 0);
	all = card.apdus;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned at = 1; at <= all; at++) {
			enum imr_status st;

			standard(make_payload(600, 640));
			card.sw_at = at;
			card.sw = rows[i].sw;
			card.imr.pin = NULL;
			seen_init(&seen);
			st = imr_load(&(struct imr_config){ .card = &card.imr,
					      .buffer = buffer,
					      .size = 1024,
					      .visit = seen_visit,
					      .ctx = &seen },
				&report);
			assert_true(st == IMR_OK ? seen_equal(&seen, &plain) : seen.count == 0);
			assert_true(!card.channel_open || at == all);
			if (at == 3 || at == 4) { /* MANAGE CHANNEL, SELECT of the application */
				assert_int_equal(st, rows[i].st);
				assert_int_equal(report.card_sw, rows[i].sw);
			}
		}
}

static void headerless(void **state)
{
	static const uint8_t file[64] = { 0xC1, 0x01, 0x01, 0xC1, 0x02, 0x03, 0xFF };

	(void)state;
	standard(imp_span(file, sizeof(file)));
	assert_int_equal(load(1024, 0), IMR_E_DAMAGED);
	standard(imp_span(file, sizeof(file)));
	assert_int_equal(load(1024, IMR_OPT_LENIENT), IMR_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(report.quirks, IMR_QUIRK_NO_HEADER);
	standard(make_payload(600, 640)); /* a header stays a header */
	loads(IMR_OPT_LENIENT, 0);
}

static void dir_without_path(void **state)
{
	static const uint8_t record[] = { 0x61, 0x0E, 0x4F, 0x0C, 0xA0, 0, 0, 0, 0x63, 'P', 'K',
		'C', 'S', '-', '1', '5' };

	(void)state;
	standard(make_payload(100, 400));
	script_card_file(&card, 0x2F00)->content = imp_span(record, sizeof(record));
	script_card_file(&card, 0x2F00)->record = sizeof(record);
	loads(0, IMR_QUIRK_DIR_NO_PATH);
}

/* ---- PIN
 * ------------------------------------------------------------------------------------------- */

static void protect(enum script_rule rule, bool dodf_too)
{
	standard(make_payload(600, 640));
	script_card_file(&card, 0x6442)->rule = rule;
	if (dodf_too)
		script_card_file(&card, 0x6440)->rule = rule;
	card.pin = "1234";
}

static void pin(void **state)
{
	static const enum script_rule rules[] = { SCRIPT_PIN_IN_ADF, SCRIPT_PIN_IN_FCP,
		SCRIPT_PIN_IN_ARR };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (int variant = 0; variant < 4; variant++) {
			protect(rules[i], variant & 1);
			card.t0 = variant & 2;
			loads(0, 0);
			assert_int_equal(card.verifies, 1);
			assert_int_equal(card.pin_asked, 1);
			assert_int_equal(card.tries, 3);
		}
	protect(SCRIPT_PIN_IN_ADF, false); /* not asked for where it is not needed */
	script_card_file(&card, 0x6442)->rule = SCRIPT_ALWAYS;
	loads(0, 0);
	assert_int_equal(card.pin_asked, 0);
	protect(SCRIPT_PIN_IN_FCP, false); /* switched off */
	card.pin_off = true;
	loads(0, 0);
	assert_int_equal(card.pin_asked, 0);
}

static void pin_guard(void **state)
{
	static const struct {
		const char *what, *pin;
		uint8_t tries;
		unsigned verifies, asked;
		uint16_t sw;
	} rows[] = {
		{ "wrong, and not again", "9999", 3, 1, 1, 0x63C2 },
		{ "the last try is not taken", "1234", 1, 0, 0, 0x63C1 },
		{ "blocked", "1234", 0, 0, 0, 0x6983 },
		{ "none known", NULL, 3, 0, 1, 0x63C3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		protect(SCRIPT_PIN_IN_ARR, true);
		card.pin = rows[i].pin;
		card.tries = rows[i].tries;
		print_message("%s\n", rows[i].what);
		assert_int_equal(load(1024, 0), IMR_E_REFUSED);
		assert_int_equal(report.card_sw, rows[i].sw);
		assert_int_equal(card.verifies, rows[i].verifies);
		assert_int_equal(card.pin_asked, rows[i].asked);
		assert_int_equal(seen.count, 0);
	}
	protect(SCRIPT_PIN_IN_FCP, false);
	card.imr.pin = NULL;
	assert_int_equal(load(1024, 0), IMR_E_REFUSED);
	assert_int_equal(report.card_sw, 0x6982);
	/* Without the guard nothing is presented, though the PIN is known. */
	protect(SCRIPT_PIN_IN_FCP, false);
	card.pin = "1234";
	card.imr.guard = NULL;
	assert_int_equal(load(1024, 0), IMR_E_REFUSED);
	assert_int_equal(report.card_sw, 0x6982);
	assert_int_equal(card.verifies + card.pin_asked, 0);
}

/* ---- card first, then flash
 * ------------------------------------------------------------------------ */

static void then_flash(void **state)
{
	struct imp_span slot = vec_hex("tests/golden/slot/nosec.hex");
	struct fake_flash flash;
	struct imr_config config = { .card = &card.imr,
		.flash = &flash.imr,
		.buffer = buffer,
		.size = 1024,
		.visit = seen_visit,
		.ctx = &seen };

	(void)state;
	fake_flash(&flash, slot, (uint32_t)slot.n);
	standard(make_payload(600, 640));
	seen_init(&seen);
	assert_int_equal(imr_load(&config, &report), IMR_OK);
	assert_int_equal(report.source, IMR_FROM_CARD);
	assert_int_equal(flash.reads, 0);

	standard(make_payload(600, 640));
	card.sw_select = 0x6A82;
	seen_init(&seen);
	assert_int_equal(imr_load(&config, &report), IMR_OK);
	assert_int_equal(report.source, IMR_FROM_SLOT_A);
	assert_int_equal(report.card, IMR_E_NONE);
	assert_int_equal(report.card_sw, 0x6A82);
	assert_true(seen.count > 0);

	/* A visitor that stops ends it all: nothing of the flash comes behind. */
	standard(make_payload(600, 640));
	seen_init(&seen);
	seen.stop_at = 1;
	assert_int_equal(imr_load(&config, &report), IMR_E_STOPPED);
	assert_int_equal(seen.count, 1);
	assert_false(card.channel_open);
	vec_free(slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(counts),
		cmocka_unit_test(filling_is_left_alone),
		cmocka_unit_test(channels),
		cmocka_unit_test(field),
		cmocka_unit_test(directory_files),
		cmocka_unit_test(part_of_a_file),
		cmocka_unit_test(next_dodf),
		cmocka_unit_test(absent),
		cmocka_unit_test(damaged),
		cmocka_unit_test(status_words),
		cmocka_unit_test(headerless),
		cmocka_unit_test(dir_without_path),
		cmocka_unit_test(pin),
		cmocka_unit_test(pin_guard),
		cmocka_unit_test(then_flash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
