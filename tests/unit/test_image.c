/* SPDX-License-Identifier: Apache-2.0 */
/* Flash images: two slots, every flipped bit, every cut, and payloads at the edge of a slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flash/image.h"
#include "model/set_form.h"

#define SLOT 1024
#define AREA (2 * SLOT)

static const struct imp_layout layout = { "t", 0x8000, AREA, 512, 8, { 0, SLOT }, SLOT };
static uint8_t old_ef[SLOT], new_ef[SLOT], work[IMP_PAYLOAD_MAX];
static struct imp_span old_set, new_set;

/* A bootstrap account whose URI has n octets. */
static struct imp_span make_payload(uint8_t *buf, size_t cap, size_t n, int ssid)
{
	static struct imp_set set;
	char uri[300];
	struct imp_wr wr = imp_wr(buf, cap);

	memset(uri, 'a', sizeof uri);
	memcpy(uri, "coap://", 7);
	imp_set_init(&set);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 0, imp_span(uri, n)), IMP_OK);
	assert_int_equal(imp_set_put_bool(&set, 0, 0, 1, true), IMP_OK);
	assert_int_equal(imp_set_put_int(&set, 0, 0, 2, 3), IMP_OK);
	assert_int_equal(imp_set_put_int(&set, 0, 0, 11, ssid), IMP_OK);
	assert_int_equal(imp_set_to_ef(&set, &wr), IMP_OK);
	imp_set_free(&set);
	return imp_wr_span(&wr);
}

static int setup(void **state)
{
	(void)state;
	old_set = make_payload(old_ef, sizeof old_ef, 30, 5);
	new_set = make_payload(new_ef, sizeof new_ef, 41, 6);
	return 0;
}

static enum imp_status find(const uint8_t *area, struct imp_span *payload, struct imr_report *r)
{
	return imp_image_find(&layout, imp_span(area, AREA), NULL, payload, r, NULL);
}

static void render(uint8_t *area)
{
	assert_int_equal(
		imp_image_render(&layout, old_set, IMP_KEYS_PERSISTENT, 1, NULL, area, NULL),
		IMP_OK);
}

static void newer_slot_wins_also_across_the_wrap(void **state)
{
	static const uint32_t generations[][2] = {
		{ 1, 2 },
		{ 7, 8 },
		{ 0x7FFFFFFF, 0x80000000 },
		{ 0xFFFFFFFF, 0 },
		{ 0xFFFFFFFE, 3 },
	};
	uint8_t area[AREA];
	struct imp_span got;
	struct imr_report r;

	(void)state;
	for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
		assert_int_equal(imp_image_render(&layout, old_set, IMP_KEYS_PERSISTENT,
					 generations[i][0], NULL, area, NULL),
			IMP_OK);
		assert_int_equal(imp_image_put(&layout, 1, new_set, IMP_KEYS_NON_PERSISTENT,
					 generations[i][1], NULL, area, NULL),
			IMP_OK);
		assert_int_equal(find(area, &got, &r), IMP_OK);
		assert_int_equal(r.source, IMR_FROM_SLOT_B);
		assert_int_equal(r.keys, 0xA5);
		assert_true(imp_span_eq(got, new_set));
		/* and the other way round: A the newer one */
		assert_int_equal(imp_image_put(&layout, 0, old_set, IMP_KEYS_PERSISTENT,
					 generations[i][1] + 1, NULL, area, NULL),
			IMP_OK);
		assert_int_equal(find(area, &got, &r), IMP_OK);
		assert_int_equal(r.source, IMR_FROM_SLOT_A);
		assert_true(imp_span_eq(got, old_set));
	}
}

/* With both slots written, one flipped bit never brings up anything but one of the two payloads,
 * and the newer one only when the bit lies outside of it. */
static void every_flipped_bit_falls_back(void **state)
{
	uint8_t area[AREA];
	size_t fell_back = 0;

	(void)state;
	render(area);
	assert_int_equal(
		imp_image_put(&layout, 1, new_set, IMP_KEYS_PERSISTENT, 2, NULL, area, NULL),
		IMP_OK);
	for (size_t bit = 0; bit < AREA * 8; bit++) {
		struct imp_span got = { NULL, 0 };
		struct imr_report r;
		bool in_new = bit / 8 >= SLOT &&
			      (bit / 8 < SLOT + 40 ||
				      (bit / 8 >= SLOT + 64 && bit / 8 < SLOT + 64 + new_set.n));

		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(find(area, &got, &r), IMP_OK);
		if (in_new) {
			assert_true(imp_span_eq(got, old_set));
			assert_int_not_equal(r.slot[1], IMR_OK);
			fell_back++;
		} else {
			assert_true(imp_span_eq(got, new_set));
		}
		/* the strict check of a fresh image finds every one of them */
		assert_int_not_equal(imp_image_verify(&layout, imp_span(area, AREA), new_set,
					     IMP_KEYS_PERSISTENT, true, NULL, work, NULL),
			IMP_OK);
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(fell_back, (40 + new_set.n) * 8);
}

static void every_cut_is_refused(void **state)
{
	uint8_t area[AREA];

	(void)state;
	render(area);
	for (size_t n = 0; n < AREA; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		struct imp_span got;
		struct imr_report r;

		assert_non_null(cut);
		memcpy(cut, area, n);
		assert_int_equal(imp_image_find(&layout, imp_span(cut, n), NULL, &got, &r, NULL),
			IMP_E_MISMATCH);
		free(cut);
	}
}

/* What a torn write leaves: the slot programmed up to octet n, the rest erased. */
static void torn_writes_keep_the_old_set(void **state)
{
	uint8_t area[AREA], whole[AREA];

	(void)state;
	render(area);
	memcpy(whole, area, AREA);
	assert_int_equal(
		imp_image_put(&layout, 1, new_set, IMP_KEYS_PERSISTENT, 2, NULL, whole, NULL),
		IMP_OK);
	for (size_t n = 0; n <= SLOT; n += 8) {
		struct imp_span got;
		struct imr_report r;

		/* payload and header are programmed before the mark: everything but the mark */
		memcpy(area + SLOT, whole + SLOT, n);
		memset(area + SLOT + 32, 0xFF, 8);
		assert_int_equal(find(area, &got, &r), IMP_OK);
		assert_true(imp_span_eq(got, old_set));
	}
	memcpy(area + SLOT + 32, whole + SLOT + 32, 8);
	{
		struct imp_span got;
		struct imr_report r;

		assert_int_equal(find(area, &got, &r), IMP_OK);
		assert_true(imp_span_eq(got, new_set)); /* the control: the mark is what commits */
	}
}

static void blank_and_foreign_areas(void **state)
{
	uint8_t area[AREA];
	struct imp_span got;
	struct imr_report r;

	(void)state;
	memset(area, 0xFF, AREA);
	assert_int_equal(find(area, &got, &r), IMP_E_ABSENT);
	memset(area, 0x00, AREA);
	assert_int_equal(find(area, &got, &r), IMP_E_ABSENT);
	memset(area, 0x5A, AREA);
	assert_int_equal(find(area, &got, &r), IMP_E_MISMATCH);
	render(area);
	area[4] = 2; /* format version */
	assert_int_equal(find(area, &got, &r), IMP_E_UNSUPPORTED);
}

static void payloads_at_the_edge_of_a_slot(void **state)
{
	static const struct imp_layout tight = { "tight", 0, 512, 256, 1, { 0, 256 }, 256 };
	uint8_t area[512], ef[512];

	(void)state;
	for (size_t uri = 8; uri <= 255; uri++) {
		struct imp_span payload = make_payload(ef, sizeof ef, uri, 5), got;
		struct imr_report r;
		struct imp_diag diag = { 0 };
		enum imp_status st;

		memset(area, 0x77, sizeof area);
		st = imp_image_render(&tight, payload, IMP_KEYS_PERSISTENT, 1, NULL, area, &diag);
		if (payload.n > 256 - 64) {
			assert_int_equal(st, IMP_E_SPACE);
			assert_non_null(strstr(diag.text, "tight"));
			assert_true(imp_span_all(imp_span(area, sizeof area), 0x77));
			continue;
		}
		assert_int_equal(st, IMP_OK);
		assert_int_equal(
			imp_image_find(&tight, imp_span(area, 512), NULL, &got, &r, NULL), IMP_OK);
		assert_true(imp_span_eq(got, payload));
		assert_int_equal(imp_image_verify(&tight, imp_span(area, 512), payload,
					 IMP_KEYS_PERSISTENT, true, NULL, work, NULL),
			IMP_OK);
	}
}

static void verify_tells_other_payload_and_other_keys(void **state)
{
	uint8_t area[AREA];

	(void)state;
	render(area);
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
				 IMP_KEYS_PERSISTENT, true, NULL, work, NULL),
		IMP_OK);
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), new_set,
				 IMP_KEYS_PERSISTENT, true, NULL, work, NULL),
		IMP_E_MISMATCH);
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
				 IMP_KEYS_NON_PERSISTENT, true, NULL, work, NULL),
		IMP_E_MISMATCH);
}

static struct imp_cmac *key_of(uint8_t v)
{
	const struct imp_secret key = { { v }, 32 };
	struct imp_cmac *cmac = NULL;

	assert_int_equal(imp_cmac_open(&key, &cmac), IMP_OK);
	return cmac;
}

/* With a key no bit of a fresh image may differ: tag, filling and the other slot included. */
static void tagged_images(void **state)
{
	struct imp_cmac *cmac = key_of(1), *other = key_of(2);
	uint8_t area[AREA];
	struct imp_span got;
	struct imr_report r;

	(void)state;
	assert_int_equal(
		imp_image_render(&layout, old_set, IMP_KEYS_PERSISTENT, 1, cmac, area, NULL),
		IMP_OK);
	assert_int_equal(
		imp_image_find(&layout, imp_span(area, AREA), cmac, &got, &r, NULL), IMP_OK);
	assert_true(imp_span_eq(got, old_set));
	assert_true(imp_image_tagged(&layout, imp_span(area, AREA), &r));
	assert_int_equal(imp_image_find(&layout, imp_span(area, AREA), other, &got, &r, NULL),
		IMP_E_MISMATCH);
	assert_true(imp_image_forged(&r));
	assert_int_equal(find(area, &got, &r), IMP_OK);
	for (size_t bit = 0; bit < AREA * 8; bit++) {
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
					     IMP_KEYS_PERSISTENT, true, cmac, work, NULL),
			IMP_OK);
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
				 IMP_KEYS_PERSISTENT, true, cmac, work, NULL),
		IMP_OK);
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
				 IMP_KEYS_PERSISTENT, true, NULL, work, NULL),
		IMP_OK);
	/* An image without tag is none of a station that makes tags. */
	render(area);
	assert_int_equal(imp_image_verify(&layout, imp_span(area, AREA), old_set,
				 IMP_KEYS_PERSISTENT, true, cmac, work, NULL),
		IMP_E_MISMATCH);
	imp_cmac_close(cmac);
	imp_cmac_close(other);
}

/* The tag takes 32 octets of the slot. */
static void tags_at_the_edge_of_a_slot(void **state)
{
	static const struct imp_layout tight = { "tight", 0, 512, 256, 1, { 0, 256 }, 256 };
	struct imp_cmac *cmac = key_of(1);
	uint8_t area[512], ef[512];

	(void)state;
	for (size_t uri = 8; uri <= 255; uri++) {
		struct imp_span payload = make_payload(ef, sizeof ef, uri, 5);
		bool fits = payload.n <= 256 - 96;

		memset(area, 0x77, sizeof area);
		assert_int_equal(
			imp_image_render(&tight, payload, IMP_KEYS_PERSISTENT, 1, cmac, area, NULL),
			fits ? IMP_OK : IMP_E_SPACE);
		assert_true(fits || imp_span_all(imp_span(area, sizeof area), 0x77));
		if (fits)
			assert_int_equal(imp_image_verify(&tight, imp_span(area, 512), payload,
						 IMP_KEYS_PERSISTENT, true, cmac, work, NULL),
				IMP_OK);
	}
	imp_cmac_close(cmac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_slot_wins_also_across_the_wrap),
		cmocka_unit_test(every_flipped_bit_falls_back),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(torn_writes_keep_the_old_set),
		cmocka_unit_test(blank_and_foreign_areas),
		cmocka_unit_test(payloads_at_the_edge_of_a_slot),
		cmocka_unit_test(verify_tells_other_payload_and_other_keys),
		cmocka_unit_test(tagged_images),
		cmocka_unit_test(tags_at_the_edge_of_a_slot),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
