/* SPDX-License-Identifier: Apache-2.0 */
/* Slots that must prove themselves: every flipped bit, every forged tag, every older generation,
 * flash that changes its mind, and a guard whose every no is overheard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/secret.h"
#include "codec/slot.h"
#include "crypto/cmac.h"
#include "reader/authentic.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/script_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define SLOT 256
#define GOLDEN "tests/golden/slot/"
#define MARGIN (IMP_SLOT_PAYLOAD_AT - IMP_SLOT_COMMIT_AT - IMP_SLOT_COMMIT)

static struct imp_cmac *cmac;
static struct imp_span golden;	   /* the tagged slot, cut to SLOT octets */
static struct imp_span golden_set; /* its payload */
static uint32_t golden_tag;
static struct seen seen, plain;
static uint8_t buffer[1024];

/* ---- what the device gives
 * -----------------------------------------------------------------------
 */

/* How the function of the device behaves. */
struct device {
	unsigned calls;
	bool fails;		   /* returns non-zero */
	bool silent;		   /* returns zero and writes nothing */
	const uint8_t *first_only; /* the stored tag: as if only its first octet were compared */
};

static int compute(
	void *ctx, const uint8_t head[32], const uint8_t *data, size_t n, uint8_t tag[IMR_TAG])
{
	struct device *d = (struct device *)ctx;

	d->calls++;
	if (d->silent)
		return 0;
	assert_int_equal(imp_cmac(cmac, imp_span(head, 32), imp_span(data, n), tag), IMP_OK);
	if (d->first_only)
		memcpy(tag + 1, d->first_only + 1, IMR_TAG - 1);
	return d->fails ? -1 : 0;
}

typedef enum imr_status loader(
	const struct imr_config *, const struct imr_authority *, struct imr_report *);

static enum imr_status load_by(loader *with, const struct imr_flash *flash, struct device *device,
	const uint32_t *minimum, struct imr_report *report)
{
	const struct imr_authority authority = { device, compute, minimum };
	const struct imr_config config = { .flash = flash,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = seen_visit,
		.ctx = &seen };
	enum imr_status st;

	seen_init(&seen);
	memset(buffer, 0xAA, sizeof buffer);
	memset(report, 0, sizeof *report);
	st = with(&config, &authority, report);
	assert_true(imp_span_all(imp_span(buffer, sizeof buffer), 0x00));
	/* All of it or nothing, and nothing without success. */
	assert_true(st == IMR_OK ? seen.count > 0 : seen.count == 0);
	return st;
}

/* One or two slots from memory. */
static enum imr_status load_area(
	struct imp_span area, struct device *device, const uint32_t *minimum, struct imr_report *r)
{
	struct fake_flash flash;

	fake_flash(&flash, area, SLOT);
	return load_by(imr_load_flash_authentic, &flash.imr, device, minimum, r);
}

static enum imr_status load_plain(struct imp_span area, struct imr_report *report)
{
	struct fake_flash flash;
	struct imr_config config = { .flash = &flash.imr,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = seen_visit,
		.ctx = &seen };

	fake_flash(&flash, area, SLOT);
	seen_init(&seen);
	return imr_load(&config, report);
}

static int setup(void **state)
{
	const struct imp_secret key = { { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab,
						0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c },
		16 };
	struct imp_span file = vec_hex(GOLDEN "psk_tagged.hex");

	(void)state;
	golden = vec_copy(imp_span(file.p, SLOT));
	vec_free(file);
	golden_set = imp_span(golden.p + IMP_SLOT_PAYLOAD_AT, golden.p[12]);
	golden_tag = imp_slot_extent((uint32_t)golden_set.n, IMP_SLOT_TAG_NONE);
	assert_int_equal(imp_cmac_open(&key, &cmac), IMP_OK);
	seen_init(&plain);
	return imr_payload(golden_set.p, golden_set.n, 0, seen_visit, &plain) == IMR_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	imp_cmac_close(cmac);
	vec_free(golden);
	return 0;
}

/* A slot with a CRC that fits; with a tag that fits when genuine. */
static void put_slot(
	uint8_t *at, struct imp_span content, uint32_t generation, uint8_t tag, bool genuine)
{
	const struct imp_slot slot = { .keys = IMP_SLOT_KEYS_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.tag = tag,
		.generation = generation,
		.length = (uint32_t)content.n };
	uint8_t *made = at + imp_slot_extent(slot.length, IMP_SLOT_TAG_NONE);

	memset(at, 0xFF, SLOT);
	memcpy(at + IMP_SLOT_PAYLOAD_AT, content.p, content.n);
	imp_slot_put_header(&slot, content, at);
	memcpy(at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	if (genuine)
		assert_int_equal(
			imp_cmac(cmac, imp_span(at, IMP_SLOT_HEADER), content, made), IMP_OK);
}

/* ---- golden
 * --------------------------------------------------------------------------------------
 */

static void the_tag_of_an_independent_writer(void **state)
{
	struct device device = { 0 };
	struct imr_report r;

	(void)state;
	assert_int_equal(load_area(golden, &device, NULL, &r), IMR_OK);
	assert_true(seen_equal(&seen, &plain));
	assert_int_equal(r.source, IMR_FROM_SLOT_A);
	assert_int_equal(r.slot[0], IMR_OK);
	assert_int_equal(r.generation, 3);
	assert_int_equal(r.length, golden_set.n);
	assert_int_equal(device.calls, 1);
}

static void another_key(void **state)
{
	struct imp_cmac *right = cmac;
	const struct imp_secret key = { { 1 }, 16 };
	struct device device = { 0 };
	struct imr_report r;

	(void)state;
	assert_int_equal(imp_cmac_open(&key, &cmac), IMP_OK);
	assert_int_equal(load_area(golden, &device, NULL, &r), IMR_E_FORGED);
	assert_int_equal(r.slot[0], IMR_E_FORGED);
	assert_int_equal(r.source, IMR_FROM_NOTHING);
	imp_cmac_close(cmac);
	cmac = right;
}

/* A reader that has no key takes a tagged slot like an untagged one; one that has a key takes no
 * untagged slot. */
static void tags_and_readers(void **state)
{
	uint8_t area[SLOT];
	struct device device = { 0 };
	struct imr_report r;

	(void)state;
	assert_int_equal(load_plain(golden, &r), IMR_OK);
	assert_true(seen_equal(&seen, &plain));
	put_slot(area, golden_set, 3, IMP_SLOT_TAG_NONE, false);
	assert_int_equal(load_plain(imp_span(area, SLOT), &r), IMR_OK);
	assert_int_equal(load_area(imp_span(area, SLOT), &device, NULL, &r), IMR_E_FORGED);
	assert_int_equal(device.calls, 0);
	/* The right tag behind a header that says there is none. */
	put_slot(area, golden_set, 3, IMP_SLOT_TAG_NONE, true);
	assert_int_equal(load_area(imp_span(area, SLOT), &device, NULL, &r), IMR_E_FORGED);
}

/* ---- sweeps
 * --------------------------------------------------------------------------------------
 */

/* Octets that no reader looks at: behind the mark, and filling. */
static bool unread(size_t at)
{
	return (at >= IMP_SLOT_PAYLOAD_AT - MARGIN && at < IMP_SLOT_PAYLOAD_AT) ||
	       (at >= IMP_SLOT_PAYLOAD_AT + golden_set.n && at < golden_tag) ||
	       at >= golden_tag + IMR_TAG;
}

static void every_flipped_bit(void **state)
{
	struct device device = { 0 };
	struct imr_report r;
	size_t refused = 0, harmless = 0;
	uint8_t area[SLOT];

	(void)state;
	memcpy(area, golden.p, SLOT);
	for (size_t bit = 0; bit < 8 * SLOT; bit++) {
		enum imr_status st;

		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
		st = load_area(imp_span(area, SLOT), &device, NULL, &r);
		if (unread(bit / 8)) {
			assert_int_equal(st, IMR_OK);
			assert_true(seen_equal(&seen, &plain));
			harmless++;
		} else {
			bool in_tag = bit / 8 >= golden_tag;
			bool version = bit / 8 == 4 && bit % 8 > 0;

			assert_int_equal(st, in_tag    ? IMR_E_FORGED
					     : version ? IMR_E_NEWER
						       : IMR_E_DAMAGED);
			refused++;
		}
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(refused, 8 * (IMP_SLOT_HEADER + IMP_SLOT_COMMIT + golden_set.n + IMR_TAG));
	printf("%zu flipped bits refused, %zu in filling harmless\n", refused, harmless);
}

/* Give a changed slot the CRC that it wants. */
static void mend(uint8_t *slot)
{
	uint32_t crc = imp_slot_crc(slot, imp_span(slot + IMP_SLOT_PAYLOAD_AT, slot[12]));

	for (unsigned i = 0; i < 4; i++)
		slot[IMP_SLOT_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
}

/* A forger knows the format.  Each flip of what the tag covers, CRC mended; the control is the
 * reader without a key, which takes many of them. */
static void every_forged_bit(void **state)
{
	struct device device = { 0 };
	struct imr_report r;
	size_t forged = 0, illegal = 0, taken_without_key = 0;
	uint8_t area[SLOT];

	(void)state;
	for (size_t at = 4; at < IMP_SLOT_PAYLOAD_AT + golden_set.n; at++) {
		if (at == IMP_SLOT_CRC_AT)
			at = IMP_SLOT_PAYLOAD_AT;
		for (unsigned bit = 0; bit < 8; bit++) {
			enum imr_status st;

			memcpy(area, golden.p, SLOT);
			area[at] ^= (uint8_t)(1U << bit);
			if (at != 12 && at != 13)
				mend(area);
			st = load_area(imp_span(area, SLOT), &device, NULL, &r);
			assert_int_not_equal(st, IMR_OK);
			forged += st == IMR_E_FORGED;
			illegal += st != IMR_E_FORGED;
			taken_without_key += load_plain(imp_span(area, SLOT), &r) == IMR_OK;
		}
	}
	/* Generation and payload at least. */
	assert_true(forged >= 8 * (4 + golden_set.n));
	assert_true(taken_without_key > 300);
	printf("%zu forged bits refused, %zu of no slot at all; %zu taken without a key\n", forged,
		illegal, taken_without_key);
}

/* Every value of every octet of the tag; how many are taken. */
static size_t forged_tags(bool first_only)
{
	struct imr_report r;
	uint8_t area[SLOT];
	size_t taken = 0;

	memcpy(area, golden.p, SLOT);
	for (size_t i = 0; i < IMR_TAG; i++)
		for (unsigned v = 1; v < 256; v++) {
			struct device device = { .first_only =
							 first_only ? area + golden_tag : NULL };

			area[golden_tag + i] ^= (uint8_t)v;
			taken += load_area(imp_span(area, SLOT), &device, NULL, &r) == IMR_OK;
			area[golden_tag + i] ^= (uint8_t)v;
		}
	return taken;
}

static void every_forged_tag(void **state)
{
	(void)state;
	assert_int_equal(forged_tags(false), 0);
	/* The control: were only the first octet compared, all but its own would pass. */
	assert_int_equal(forged_tags(true), 15 * 255);
	printf("%d forged tags refused\n", 16 * 255);
}

/* Two octets off by the same difference, in each pair of places: no sum that they vanish in. */
static void differences_do_not_cancel(void **state)
{
	struct device device = { 0 };
	struct imr_report r;
	uint8_t area[SLOT];

	(void)state;
	memcpy(area, golden.p, SLOT);
	for (size_t i = 0; i < IMR_TAG; i++)
		for (size_t k = 0; k < i; k++)
			for (unsigned v = 1; v < 256; v <<= 1) {
				area[golden_tag + i] ^= (uint8_t)v;
				area[golden_tag + k] ^= (uint8_t)v;
				assert_int_equal(load_area(imp_span(area, SLOT), &device, NULL, &r),
					IMR_E_FORGED);
				area[golden_tag + i] ^= (uint8_t)v;
				area[golden_tag + k] ^= (uint8_t)v;
			}
}

/* Flash that ends early: its reads fail. */
static void every_prefix(void **state)
{
	struct device device = { 0 };
	struct imr_report r;

	(void)state;
	for (size_t n = 0; n <= golden_tag + IMR_TAG; n++) {
		struct imp_span cut = vec_copy(imp_span(golden.p, n));
		enum imr_status st = load_area(cut, &device, NULL, &r);

		assert_int_equal(st, n == golden_tag + IMR_TAG ? IMR_OK : IMR_E_IO);
		vec_free(cut);
	}
	/* A slot that is too small for its tag. */
	for (uint32_t size = 0; size < golden_tag + IMP_SLOT_ALIGN; size++) {
		struct fake_flash flash;

		fake_flash(&flash, golden, SLOT);
		flash.imr.size = size;
		assert_int_equal(load_by(imr_load_flash_authentic, &flash.imr, &device, NULL, &r),
			IMR_E_DAMAGED);
	}
}

/* ---- older ones
 * ------------------------------------------------------------------------------------
 */

static void minimum_of_one_slot(void **state)
{
	static const struct {
		uint32_t generation, minimum;
		bool taken;
	} rows[] = {
		{ 3, 3, true },
		{ 3, 2, true },
		{ 3, 4, false },
		{ 3, 0, true },
		{ 0, 0, true },
		{ 0, 1, false },
		{ 0, 0xFFFFFFFF, true }, /* wrapped */
		{ 7, 0xFFFFFFF0, true },
		{ 0xFFFFFFFF, 0, false },
		{ 0xFFFFFFFF, 0xFFFFFFFF, true },
		{ 0xFFFFFFFE, 0xFFFFFFFF, false },
		{ 0x7FFFFFFF, 0x80000000, false },
		{ 0x80000000, 0x7FFFFFFF, true },
		{ 0x80000000, 1, true }, /* the furthest that still counts as ahead */
		{ 1, 0x80000000, false },
	};
	struct device device = { 0 };
	struct imr_report r;
	uint8_t area[SLOT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_slot(area, golden_set, rows[i].generation, IMP_SLOT_TAG_CMAC, true);
		if (load_area(imp_span(area, SLOT), &device, &rows[i].minimum, &r) !=
			(rows[i].taken ? IMR_OK : IMR_E_ROLLBACK))
			fail_msg("row %zu", i);
		assert_int_equal(load_area(imp_span(area, SLOT), &device, NULL, &r), IMR_OK);
		/* A forged one is called forged, whatever its generation. */
		area[golden_tag] ^= 1;
		assert_int_equal(load_area(imp_span(area, SLOT), &device, &rows[i].minimum, &r),
			IMR_E_FORGED);
	}
}

enum content { BLANK, GENUINE, FORGED, UNTAGGED, DAMAGED, EMPTY };

static void make(uint8_t *at, enum content content, uint32_t generation)
{
	static const uint8_t nothing[] = { 0, 0, 0, 0 };

	put_slot(at, golden_set, generation,
		content == UNTAGGED ? IMP_SLOT_TAG_NONE : IMP_SLOT_TAG_CMAC, content != UNTAGGED);
	if (content == EMPTY)
		put_slot(
			at, imp_span(nothing, sizeof nothing), generation, IMP_SLOT_TAG_CMAC, true);
	if (content == BLANK)
		memset(at, 0xFF, SLOT);
	if (content == FORGED)
		at[golden_tag + 15] ^= 0x80;
	if (content == DAMAGED)
		at[IMP_SLOT_PAYLOAD_AT] ^= 1;
}

static void which_slot(void **state)
{
	static const struct {
		const char *what;
		enum content a;
		uint32_t generation_a;
		enum content b;
		uint32_t generation_b, minimum;
		enum imr_status st, slot_a, slot_b;
	} rows[] = {
		{ "newer one forged", GENUINE, 4, FORGED, 5, 0, IMR_OK, IMR_OK, IMR_E_FORGED },
		{ "newer one untagged", UNTAGGED, 5, GENUINE, 4, 0, IMR_OK, IMR_E_FORGED, IMR_OK },
		{ "older one forged", FORGED, 4, GENUINE, 5, 0, IMR_OK, IMR_E_OLDER, IMR_OK },
		{ "both genuine", GENUINE, 4, GENUINE, 5, 5, IMR_OK, IMR_E_OLDER, IMR_OK },
		{ "both forged", FORGED, 4, FORGED, 5, 0, IMR_E_FORGED, IMR_E_FORGED,
			IMR_E_FORGED },
		{ "both too old", GENUINE, 4, GENUINE, 5, 6, IMR_E_ROLLBACK, IMR_E_ROLLBACK,
			IMR_E_ROLLBACK },
		{ "forged, and too old", GENUINE, 4, FORGED, 9, 6, IMR_E_FORGED, IMR_E_ROLLBACK,
			IMR_E_FORGED },
		{ "too old, and forged", FORGED, 4, GENUINE, 5, 6, IMR_E_ROLLBACK, IMR_E_FORGED,
			IMR_E_ROLLBACK },
		{ "damaged, and forged", FORGED, 4, DAMAGED, 5, 0, IMR_E_FORGED, IMR_E_FORGED,
			IMR_E_DAMAGED },
		{ "damaged, and genuine", GENUINE, 4, DAMAGED, 5, 0, IMR_OK, IMR_OK,
			IMR_E_DAMAGED },
		{ "genuine, but empty, and untagged", UNTAGGED, 4, EMPTY, 5, 0, IMR_E_FORGED,
			IMR_E_FORGED, IMR_E_NONE },
		{ "genuine, but empty, and genuine", GENUINE, 4, EMPTY, 5, 0, IMR_OK, IMR_OK,
			IMR_E_NONE },
		{ "forged alone", BLANK, 0, FORGED, 5, 0, IMR_E_FORGED, IMR_E_NONE, IMR_E_FORGED },
		{ "nothing", BLANK, 0, BLANK, 0, 0, IMR_E_NONE, IMR_E_NONE, IMR_E_NONE },
		{ "damaged both", DAMAGED, 1, DAMAGED, 2, 0, IMR_E_DAMAGED, IMR_E_DAMAGED,
			IMR_E_DAMAGED },
	};
	uint8_t area[2 * SLOT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device device = { 0 };
		struct imr_report r;
		enum imr_status st;

		make(area, rows[i].a, rows[i].generation_a);
		make(area + SLOT, rows[i].b, rows[i].generation_b);
		st = load_area(imp_span(area, sizeof area), &device, &rows[i].minimum, &r);
		if (st != rows[i].st || r.slot[0] != rows[i].slot_a || r.slot[1] != rows[i].slot_b)
			fail_msg("%s: %s (A: %s, B: %s)", rows[i].what, imr_status_text(st),
				imr_status_text(r.slot[0]), imr_status_text(r.slot[1]));
		assert_true(st != IMR_OK || seen_equal(&seen, &plain));
		assert_true(device.calls <= 2);
	}
}

/* ---- flash that changes its mind
 * ------------------------------------------------------------------
 */

struct liar {
	struct imp_span face[2];    /* what it shows before and from read `turn` on */
	unsigned reads, turn, back; /* and the first again from read `back` on; 0: never */
	uint8_t times[2 * SLOT];    /* how often each octet was read */
	struct imr_flash imr;
};

static int read_liar(void *ctx, uint32_t addr, void *to, size_t n)
{
	struct liar *l = (struct liar *)ctx;
	bool second = ++l->reads >= l->turn && l->turn && !(l->back && l->reads >= l->back);

	assert_true(addr <= l->face[0].n && n <= l->face[0].n - addr);
	for (size_t i = 0; i < n; i++)
		l->times[addr + i]++;
	memcpy(to, l->face[second].p + addr, n);
	return 0;
}

static void liar(struct liar *l, const uint8_t *first, const uint8_t *second)
{
	memset(l, 0, sizeof *l);
	l->face[0] = imp_span(first, 2 * SLOT);
	l->face[1] = imp_span(second, 2 * SLOT);
	l->imr = (struct imr_flash){ l, read_liar, { 0, SLOT }, SLOT };
}

/* No octet but those of headers is read twice, so no octet is judged that is not used. */
static void octets_are_read_once(void **state)
{
	uint8_t area[2 * SLOT];
	struct device device = { 0 };
	struct imr_report r;
	struct liar l;

	(void)state;
	make(area, GENUINE, 4);
	make(area + SLOT, FORGED, 5); /* so that both payloads are looked at */
	liar(&l, area, area);
	assert_int_equal(load_by(imr_load_flash_authentic, &l.imr, &device, NULL, &r), IMR_OK);
	for (size_t i = 0; i < sizeof area; i++)
		assert_true(l.times[i] <= (i % SLOT < IMP_SLOT_PAYLOAD_AT ? 2 : 1));
	assert_int_equal(l.times[IMP_SLOT_PAYLOAD_AT], 1);
	assert_int_equal(l.times[golden_tag], 1);
	assert_int_equal(l.reads, 8);
}

/* From each read on, and back again at each later one, it shows another area.  Only a genuine set
 * comes out of it, and none below the minimum. */
static void flash_that_lies(void **state)
{
	static const uint32_t minimum = 4;
	static const struct {
		enum content content;
		uint32_t generation;
	} faces[] = { { GENUINE, 4 }, { GENUINE, 3 }, { FORGED, 9 }, { UNTAGGED, 9 },
		{ DAMAGED, 9 }, { BLANK, 0 } };
	enum { FACES = sizeof faces / sizeof *faces };
	static uint8_t area[FACES][2 * SLOT];
	size_t taken = 0, refused = 0;
	uint8_t other[128];

	(void)state;
	memcpy(other, golden_set.p, golden_set.n);
	other[30] ^= 1; /* in the URI: good grammar, another server */
	for (size_t i = 0; i < FACES; i++) {
		make(area[i], faces[i].content, faces[i].generation);
		if (i > 1 && faces[i].content != BLANK)
			put_slot(area[i], imp_span(other, golden_set.n), faces[i].generation,
				area[i][7], false);
		memset(area[i] + SLOT, 0xFF, SLOT);
		if (i > 1)
			memcpy(area[i] + SLOT, area[i], SLOT);
	}
	for (size_t i = 0; i < (size_t)FACES * FACES; i++)
		for (unsigned turn = 1; turn <= 9; turn++)
			for (unsigned back = turn; back <= 9; back++) {
				struct device device = { 0 };
				struct imr_report r;
				struct liar l;
				enum imr_status st;

				liar(&l, area[i / FACES], area[i % FACES]);
				l.turn = turn;
				l.back = back > turn ? back : 0;
				st = load_by(
					imr_load_flash_authentic, &l.imr, &device, &minimum, &r);
				if (st == IMR_OK) {
					assert_true(seen_equal(&seen, &plain));
					assert_int_equal(r.generation, 4);
				}
				taken += st == IMR_OK;
				refused += st != IMR_OK;
				assert_true(l.reads <= 8);
			}
	assert_true(taken > 45 && refused > 500);
	printf("lying flash: %zu times the genuine set, %zu times nothing\n", taken, refused);
}

/* ---- the guard's no, overheard
 * -------------------------------------------------------------------
 */

/* The same guard over a reader in which each refusal of a read is lost, as a single upset in the
 * processor could do it. */
enum imr_status deaf_authentic(const struct imr_config *config,
	const struct imr_authority *authority, struct imr_report *report);

static const struct imr_flash *heard;

static int deaf_read(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	(void)heard->read(heard->ctx, addr, to, n);
	return 0;
}

static enum imr_status deaf_load_flash(const struct imr_config *config, struct imr_report *report)
{
	struct imr_flash flash = *config->flash;
	struct imr_config deaf = *config;

	heard = config->flash;
	flash.read = deaf_read;
	deaf.flash = &flash;
	return imr_load_flash(&deaf, report);
}

#define imr_load_flash deaf_load_flash
#define imr_load_flash_authentic deaf_authentic
#include "reader/authentic.c"
#undef imr_load_flash
#undef imr_load_flash_authentic

static void a_no_that_is_overheard(void **state)
{
	static const uint32_t minimum = 4;
	struct device device = { 0 };
	struct imr_report r;
	struct fake_flash flash;
	uint8_t area[SLOT];

	(void)state;
	fake_flash(&flash, imp_span(area, SLOT), SLOT);
	make(area, GENUINE, 4);
	assert_int_equal(load_by(deaf_authentic, &flash.imr, &device, &minimum, &r), IMR_OK);
	assert_true(seen_equal(&seen, &plain));
	make(area, GENUINE, 3);
	assert_int_equal(
		load_by(deaf_authentic, &flash.imr, &device, &minimum, &r), IMR_E_ROLLBACK);
	make(area, UNTAGGED, 4);
	assert_int_equal(load_by(deaf_authentic, &flash.imr, &device, &minimum, &r), IMR_E_FORGED);
	for (unsigned bit = 0; bit < 8 * IMR_TAG; bit++) {
		make(area, GENUINE, 4);
		area[golden_tag + bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(
			load_by(deaf_authentic, &flash.imr, &device, &minimum, &r), IMR_E_FORGED);
	}
	make(area, GENUINE, 4);
	device.fails = true;
	assert_int_not_equal(load_by(deaf_authentic, &flash.imr, &device, &minimum, &r), IMR_OK);
}

/* ---- the rest
 * ------------------------------------------------------------------------------------
 */

static void functions_that_fail(void **state)
{
	struct device fails = { .fails = true }, silent = { .silent = true };
	struct imr_report r;

	(void)state;
	assert_int_equal(load_area(golden, &fails, NULL, &r), IMR_E_IO);
	assert_int_equal(r.slot[0], IMR_E_IO);
	assert_int_equal(load_area(golden, &silent, NULL, &r), IMR_E_FORGED);
	for (unsigned at = 1; at <= 4; at++) {
		struct device device = { 0 };
		struct fake_flash flash;

		fake_flash(&flash, golden, SLOT);
		flash.fails_at = at;
		assert_int_equal(
			load_by(imr_load_flash_authentic, &flash.imr, &device, NULL, &r), IMR_E_IO);
	}
}

static void visitors_and_buffers(void **state)
{
	struct device device = { 0 };
	const struct imr_authority authority = { &device, compute, NULL };
	struct fake_flash flash;
	struct imr_config config = { .flash = &flash.imr, .buffer = buffer, .size = sizeof buffer };
	struct imr_report r = { 0 };

	(void)state;
	fake_flash(&flash, golden, SLOT);
	assert_int_equal(imr_load_flash_authentic(&config, &authority, &r), IMR_OK);
	config.visit = seen_visit;
	config.ctx = &seen;
	seen_init(&seen);
	seen.stop_at = 2;
	assert_int_equal(imr_load_flash_authentic(&config, &authority, &r), IMR_E_STOPPED);
	assert_int_equal(seen.count, 2);
	assert_true(imp_span_all(imp_span(buffer, sizeof buffer), 0x00));
	seen_init(&seen);
	config.size = golden_set.n - 1;
	assert_int_equal(imr_load_flash_authentic(&config, &authority, &r), IMR_E_SPACE);
	config.size = golden_set.n;
	assert_int_equal(imr_load_flash_authentic(&config, &authority, &r), IMR_OK);
}

/* The card needs no tag; where it has nothing, the slot does. */
static void card_first(void **state)
{
	struct device device = { 0 };
	const struct imr_authority authority = { &device, compute, NULL };
	struct script_card card;
	struct fake_flash flash;
	struct imr_config config = { .card = &card.imr,
		.flash = &flash.imr,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = seen_visit,
		.ctx = &seen };
	struct imr_report r;
	uint8_t area[SLOT];

	(void)state;
	script_card(&card);
	script_card_standard(&card, golden_set);
	make(area, FORGED, 4);
	fake_flash(&flash, imp_span(area, SLOT), SLOT);
	seen_init(&seen);
	assert_int_equal(imr_load_authentic(&config, &authority, &r), IMR_OK);
	assert_int_equal(r.source, IMR_FROM_CARD);
	assert_true(seen_equal(&seen, &plain));
	assert_int_equal(flash.reads, 0);

	script_card(&card); /* without files */
	seen_init(&seen);
	assert_int_equal(imr_load_authentic(&config, &authority, &r), IMR_E_FORGED);
	assert_int_equal(seen.count, 0);
	make(area, GENUINE, 4);
	assert_int_equal(imr_load_authentic(&config, &authority, &r), IMR_OK);
	assert_int_equal(r.source, IMR_FROM_SLOT_A);
	assert_int_not_equal(r.card, IMR_OK);
	make(area, BLANK, 0);
	assert_int_equal(imr_load_authentic(&config, &authority, &r), r.card);
	config.flash = NULL;
	assert_int_equal(imr_load_authentic(&config, &authority, &r), r.card);
	config.card = NULL;
	assert_int_equal(imr_load_authentic(&config, &authority, &r), IMR_E_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tag_of_an_independent_writer),
		cmocka_unit_test(another_key),
		cmocka_unit_test(tags_and_readers),
		cmocka_unit_test(every_flipped_bit),
		cmocka_unit_test(every_forged_bit),
		cmocka_unit_test(every_forged_tag),
		cmocka_unit_test(differences_do_not_cancel),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(minimum_of_one_slot),
		cmocka_unit_test(which_slot),
		cmocka_unit_test(octets_are_read_once),
		cmocka_unit_test(flash_that_lies),
		cmocka_unit_test(a_no_that_is_overheard),
		cmocka_unit_test(functions_that_fail),
		cmocka_unit_test(visitors_and_buffers),
		cmocka_unit_test(card_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
