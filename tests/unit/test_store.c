/* SPDX-License-Identifier: Apache-2.0 */
/* What the account store does, octet for octet and rule for rule, while power stays on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/slot.h"
#include "tests/fake/seen.h"
#include "tests/fake/store_rig.h"
#include "tests/fake/vec.h"

#define GOLDEN "tests/golden/store/"

static struct rig rig;
static struct imr_store *const s = &rig.store;

static void open_blank(void)
{
	rig_init(&rig, 8);
	assert_int_equal(rig_boot(&rig), IMR_E_NONE);
	assert_int_equal(s->set.n, 4);
}

/* Flash as given, by region; NULL: blank. */
static enum imr_status open_golden(const char *a, const char *b)
{
	const char *files[] = { a, b };

	rig_init(&rig, 8);
	for (unsigned i = 0; i < 2; i++) {
		struct imp_span octets;

		if (!files[i])
			continue;
		octets = vec_hex(files[i]);
		memcpy(rig.nor.state.mem + rig.nor.seam.region[i], octets.p, octets.n);
		vec_free(octets);
	}
	return rig_boot(&rig);
}

static unsigned accounts(const struct imr_set *set)
{
	struct imr_at at = { 0 };
	unsigned n = 0;

	while (imr_set_account(set, &at))
		n++;
	return n;
}

static bool has(uint16_t object, uint16_t instance)
{
	struct imr_at at;

	if (!s->set.n)
		assert_int_equal(imr_store_read(s), IMR_OK);
	return imr_set_find(&s->set, object, instance, &at);
}

/* ---- octets ---------------------------------------------------------------------------------- */

static void golden_read(void **state)
{
	(void)state;
	assert_int_equal(open_golden(GOLDEN "card.hex", NULL), IMR_OK);
	assert_int_equal(s->set.n, 101);
	assert_int_equal(s->set.origin[0], IMR_ORIGIN_CARD);
	assert_int_equal(s->generation, 7);
	assert_int_equal(s->keys, 0xA5);
	assert_int_equal(s->flags, IMR_STORE_BOOTSTRAPPED);
	assert_int_equal(s->remaining, 56);
	assert_int_equal(s->step, 4);
	assert_int_equal(s->card.id_n, 10);
	assert_int_equal(s->card.id[9], 0x81);
	assert_int_equal(s->card.digest[31], 31);
	assert_int_equal(open_golden(NULL, GOLDEN "empty.hex"), IMR_OK);
	assert_int_equal(s->set.n, 4);
	assert_int_equal(s->generation, UINT32_MAX);
	/* A slot of a factory area is no record, and the other way round. */
	assert_int_equal(open_golden("tests/golden/slot/nosec.hex", NULL), IMR_E_DAMAGED);
}

static void golden_write(void **state)
{
	struct imp_span want = vec_hex(GOLDEN "factory.hex");
	struct imr_flash flash;
	struct imr_config config = { .flash = &flash, .size = RIG_BUFFER, .buffer = rig.buffer };
	struct imr_report report = { 0 };

	(void)state;
	open_blank();
	memcpy(s->set.p, want.p + 64, 50);
	s->set.n = 50;
	s->set.origin[0] = IMR_ORIGIN_FACTORY;
	assert_int_equal(imr_store_apply(s), IMR_OK);
	assert_memory_equal(rig.nor.state.mem, want.p, want.n);
	assert_true(imp_span_all(imp_span(rig.buffer, sizeof(rig.buffer)), 0));
	memset(&flash, 0, sizeof(flash));
	flash.ctx = &rig.nor;
	flash.read = rig.nor.seam.read;
	flash.size = RIG_REGION;
	assert_int_equal(imr_load_flash(&config, &report), IMR_E_DAMAGED);
	vec_free(want);
}

/* Every single bit: refused, or without consequence because it lies in the filling. */
static void bits(void **state)
{
	struct rig_view good, view;
	unsigned refused = 0, harmless = 0;

	(void)state;
	assert_int_equal(open_golden(GOLDEN "card.hex", NULL), IMR_OK);
	rig_look(&rig, &good);
	for (unsigned bit = 0; bit < RIG_REGION * 8; bit++) {
		rig.nor.state.mem[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (bit / 8 == 4) { /* the version: another format forbids writing */
			assert_int_not_equal(rig_boot(&rig), IMR_OK);
			refused++;
		} else if (bit / 8 >= 12 && bit / 8 < 16) { /* length: may exceed the buffer */
			assert_int_not_equal(rig_boot(&rig), IMR_OK);
			refused++;
		} else {
			rig_look(&rig, &view);
			if (view.st != IMR_OK)
				refused++;
			else if (rig_same(&view, &good))
				harmless++;
			else
				fail_msg("bit %u changes what is read", bit);
		}
		rig.nor.state.mem[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(refused, (32 + 8 + 101 + 96) * 8);
	printf("%u bits refused, %u in the filling\n", refused, harmless);
}

/* Each prefix of a record, the rest erased: refused before the second mark, good from there. */
static void prefixes(void **state)
{
	struct imp_span record = vec_hex(GOLDEN "card.hex");

	(void)state;
	for (size_t n = 0; n < record.n; n++) {
		enum imr_status st;

		rig_init(&rig, 8);
		memcpy(rig.nor.state.mem, record.p, n);
		st = rig_boot(&rig);
		if ((st == IMR_OK) != (n >= 64 + 101 + 96))
			fail_msg("%zu octets: %s", n, imr_status_text(st));
	}
	vec_free(record);
}

/* ---- which record ---------------------------------------------------------------------------- */

static void newer_format(void **state)
{
	(void)state;
	assert_int_equal(open_golden(GOLDEN "card.hex", NULL), IMR_OK);
	rig.nor.state.mem[4] = 2;
	assert_int_equal(rig_boot(&rig), IMR_E_NEWER);
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_read(s), IMR_E_NEWER);
	assert_int_equal(imr_store_purge(s), IMR_E_NEWER);
	assert_int_equal(imr_store_apply(s), IMR_E_NEWER);
	assert_int_equal(rig.nor.operations, 0);
}

static void small_buffer(void **state)
{
	(void)state;
	assert_int_equal(open_golden(GOLDEN "card.hex", NULL), IMR_OK);
	s->set.size = 101 + 95;
	assert_int_equal(imr_store_open(s), IMR_E_SPACE);
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_reset(s, true), IMR_E_SPACE);
	assert_int_equal(rig.nor.operations, 0);
	s->set.size++;
	assert_int_equal(imr_store_open(s), IMR_OK);
}

/* The counter wraps, and the older record is never taken for the newer one. */
static void wrap(void **state)
{
	(void)state;
	assert_int_equal(open_golden(GOLDEN "empty.hex", NULL), IMR_OK);
	rig_put_server(&s->set, 1, "SERVER", IMR_ORIGIN_SERVER);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	assert_int_equal(s->generation, 0);
	assert_int_equal(s->region, 1);
	assert_int_equal(rig_boot(&rig), IMR_OK);
	assert_int_equal(s->generation, 0);
	assert_true(has(1, 1));
}

/* Both records whole: the newer one counts when its second mark is there. */
static void second_mark(void **state)
{
	(void)state;
	for (int marked = 0; marked < 2; marked++) {
		struct imp_span card = vec_hex(GOLDEN "card.hex");
		uint8_t *b = rig.nor.state.mem + RIG_REGION;

		assert_int_equal(open_golden(GOLDEN "factory.hex", NULL), IMR_OK);
		memcpy(b, card.p, card.n);
		if (!marked)
			memset(b + 0x120, 0xFF, 8);
		assert_int_equal(rig_boot(&rig), IMR_OK);
		assert_int_equal(s->generation, marked ? 7 : 1);
		/* And the other one is erased. */
		assert_true(
			imp_span_all(imp_span(marked ? rig.nor.state.mem : b, RIG_REGION), 0xFF));
		vec_free(card);
	}
}

/* The old record cannot be erased: the new one is in force and stays so, the result says that keys
 * are left, and each boot tries again. */
static void left(void **state)
{
	enum imr_status st = IMR_E_IO;

	(void)state;
	for (unsigned at = 1; st == IMR_E_IO; at++) {
		open_blank();
		rig_put_bootstrap(&s->set, 0, "OLD", 60, true, IMR_ORIGIN_SERVER);
		assert_int_equal(imr_store_apply(s), IMR_OK);
		assert_int_equal(imr_store_read(s), IMR_OK);
		rig_put_bootstrap(&s->set, 9, "NEW", 0, true, IMR_ORIGIN_FRESH);
		nor_counts(&rig.nor);
		rig.nor.fails_at = at;
		rig.nor.fails_to = UINT32_MAX;
		st = imr_store_finish(s);
	}
	assert_int_equal(st, IMR_E_LEFT);
	for (unsigned boots = 0; boots < 3; boots++) {
		assert_int_equal(rig_boot(&rig), IMR_E_LEFT);
		assert_true(has(0, 9));
		assert_false(has(0, 0));
		assert_true(rig_holds(&rig, "OLD"));
	}
	nor_counts(&rig.nor);
	assert_int_equal(rig_boot(&rig), IMR_OK);
	assert_true(has(0, 9));
	assert_false(rig_holds(&rig, "OLD"));
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refusals(void **state)
{
	struct rig_view before, after;

	(void)state;
	assert_int_equal(open_golden(GOLDEN "card.hex", NULL), IMR_OK);
	rig_look(&rig, &before);
	nor_counts(&rig.nor);
	rig_put_bootstrap(&s->set, 5, "SECOND", 0, false, IMR_ORIGIN_SERVER);
	assert_int_equal(imr_store_apply(s), IMR_E_RULE);
	assert_int_equal(imr_store_read(s), IMR_OK);
	s->set.origin[0] = IMR_ORIGIN_FRESH;
	assert_int_equal(imr_store_apply(s), IMR_E_RULE);
	assert_int_equal(imr_store_read(s), IMR_OK);
	s->set.p[s->set.n - 1] = 0xFF; /* still a payload; a length that is none */
	s->set.p[3]++;
	assert_int_equal(imr_store_apply(s), IMR_E_DAMAGED);
	assert_int_equal(imr_store_read(s), IMR_OK);
	for (uint16_t i = 10; i < 13; i++)
		rig_put_server(&s->set, i, "FILLING", IMR_ORIGIN_SERVER);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	assert_int_equal(imr_store_read(s), IMR_OK);
	s->set.size = s->set.n + IMR_STORE_BUFFER_EXTRA - 1;
	assert_int_equal(imr_store_apply(s), IMR_E_SPACE);
	s->set.size = sizeof(rig.buffer);
	nor_counts(&rig.nor);
	rig_look(&rig, &after);
	assert_int_equal(rig.nor.operations, 0);
	assert_true(after.n > before.n);
	assert_true(has(1, 12));
}

/* ---- faults of the flash --------------------------------------------------------------------- */

/* One operation fails, or every one from there on, told or untold: the old or the new one, and the
 * result says which. */
static void faults(void **state)
{
	unsigned failed = 0, left = 0;

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		for (unsigned at = 1;; at++) {
			struct rig_view old, found;
			enum imr_status st;
			unsigned n;

			open_blank();
			rig_put_bootstrap(&s->set, 0, "OLD", 0, true, IMR_ORIGIN_CARD);
			assert_int_equal(imr_store_apply(s), IMR_OK);
			rig_look(&rig, &old);
			nor_counts(&rig.nor);
			rig.nor.fails_at = at;
			rig.nor.fails_to = kind & 1 ? UINT32_MAX : at;
			rig.nor.fault = kind & 2 ? NOR_SILENT : NOR_REPORTED;
			imr_set_clear(&s->set);
			rig_put_bootstrap(&s->set, 0, "NEW", 0, true, IMR_ORIGIN_CARD);
			st = imr_store_apply(s);
			n = rig.nor.operations;
			assert_true(imp_span_all(imp_span(rig.buffer, sizeof(rig.buffer)), 0));
			nor_counts(&rig.nor);
			rig_look(&rig, &found);
			if (n < at) {
				assert_int_equal(st, IMR_OK);
				break;
			}
			if (st == IMR_E_IO) {
				failed++;
				assert_true(rig_same(&found, &old));
				assert_false(rig_holds(&rig, "NEW"));
			} else if (st == IMR_E_LEFT) {
				left++;
				assert_false(rig_same(&found, &old));
				assert_false(rig_holds(&rig, "OLD")); /* the boot has erased it */
			} else {
				/* The erase of a block that was blank may fail untold. */
				assert_int_equal(st, IMR_OK);
				assert_int_equal(rig.nor.fault, NOR_SILENT);
				assert_false(rig_same(&found, &old));
			}
		}
	}
	printf("%u failing operations: old one in force; %u: keys left, erased by the next boot\n",
		failed, left);
	assert_true(failed > 100 && left >= 8);
}

/* ---- cost ------------------------------------------------------------------------------------ */

static void cost(void **state)
{
	const unsigned blocks = RIG_REGION / RIG_BLOCK, factory = 2;

	(void)state;
	open_blank();
	rig_put_bootstrap(&s->set, 0, "FACTORY", 60, true, IMR_ORIGIN_FACTORY);
	rig_put_server(&s->set, 1, "SERVER", IMR_ORIGIN_FACTORY);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	rig_fill_factory(&rig, "FACTORY");
	assert_int_equal(rig_boot(&rig), IMR_OK);
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_purge(s), IMR_OK);
	assert_int_equal(rig.nor.calls, 4);
	assert_int_equal(rig.nor.erases, 2 * blocks + factory);
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_reset(s, true), IMR_OK);
	assert_int_equal(rig.nor.calls, 4);
	assert_int_equal(rig.nor.erases, 2 * blocks);
	nor_counts(&rig.nor);
	assert_int_equal(rig_boot(&rig), IMR_OK);
	assert_int_equal(rig.nor.operations, 0);
}

/* ---- account --------------------------------------------------------------------------------- */

static void timeout(void **state)
{
	unsigned before, writes;

	(void)state;
	open_blank();
	rig_put_bootstrap(&s->set, 0, "FACTORY", 1000, true, IMR_ORIGIN_CARD);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	/* Before a Finish it does not run (D11). */
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_elapsed(s, 5000), IMR_OK);
	assert_int_equal(rig.nor.operations, 0);
	assert_int_equal(imr_store_read(s), IMR_OK);
	assert_int_equal(imr_store_finish(s), IMR_OK);
	assert_int_equal(s->remaining, 1000);
	assert_int_equal(s->step, 63);
	/* A second Finish does not make it longer. */
	assert_int_equal(imr_store_elapsed(s, 100), IMR_OK);
	assert_int_equal(imr_store_read(s), IMR_OK);
	assert_int_equal(imr_store_finish(s), IMR_OK);
	assert_int_equal(s->remaining, 900);
	/* A reset loses less than a step; a device that keeps unsaved loses nothing. */
	assert_int_equal(imr_store_elapsed(s, 62), IMR_OK);
	before = s->unsaved;
	assert_int_equal(before, 62);
	assert_int_equal(rig_boot(&rig), IMR_OK);
	assert_int_equal(s->remaining, 900);
	assert_int_equal(imr_store_elapsed(s, before), IMR_OK);
	/* Second by second to the end. */
	before = rig.nor.worn[0] + rig.nor.worn[RIG_REGION / RIG_BLOCK];
	for (unsigned t = 900 - 62; t > 1; t--)
		assert_int_equal(imr_store_elapsed(s, 1), IMR_OK);
	writes = (rig.nor.worn[0] + rig.nor.worn[RIG_REGION / RIG_BLOCK] - before) / 2;
	assert_true(writes >= 10 && writes <= 16);
	assert_true(has(0, 0));
	imr_store_wipe(s);
	assert_int_equal(imr_store_elapsed(s, 1), IMR_OK);
	assert_false(has(0, 0));
	assert_false(has(21, 0));
	assert_false(rig_holds(&rig, "FACTORY"));
	assert_int_equal(s->remaining, 0);
}

static void longest_timeout(void **state)
{
	(void)state;
	open_blank();
	rig_put_bootstrap(&s->set, 0, "ACCOUNT", INT32_MAX, false, IMR_ORIGIN_FRESH);
	assert_int_equal(imr_store_finish(s), IMR_OK);
	assert_int_equal(s->remaining, INT32_MAX);
	assert_int_equal(s->step, 0x8000000);
	assert_int_equal(imr_store_elapsed(s, UINT32_MAX), IMR_OK);
	assert_false(has(0, 0));
}

/* D10, D15: what a successful sequence makes of the account that was there. */
static void finish_rules(void **state)
{
	static const struct {
		const char *what;
		uint8_t keys;
		uint32_t old_timeout;
		bool fresh;
		uint32_t new_timeout;
		enum imr_status st;
		bool keeps_old;
		uint32_t remaining;
	} rows[] = {
		{ "persistent, none came", 0x5A, 0, false, 0, IMR_OK, true, 0 },
		{ "with a timeout, none came", 0x5A, 9, false, 0, IMR_OK, true, 9 },
		{ "non-persistent, at once", 0xA5, 1, false, 0, IMR_OK, false, 0 },
		{ "non-persistent, later", 0xA5, 9, false, 0, IMR_OK, true, 9 },
		{ "persistent of one second", 0x5A, 1, false, 0, IMR_OK, true, 1 },
		{ "persistent, another came", 0x5A, 0, true, 0, IMR_E_RULE, true, 0 },
		{ "with a timeout, another came", 0x5A, 9, true, 0, IMR_OK, false, 0 },
		{ "non-persistent, another came", 0xA5, 1, true, 0, IMR_OK, false, 0 },
		{ "another came with a timeout", 0xA5, 1, true, 7, IMR_OK, false, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum imr_status st;

		open_blank();
		rig_put_bootstrap(&s->set, 4, "OLD", rows[i].old_timeout, true, IMR_ORIGIN_SERVER);
		s->keys = rows[i].keys;
		assert_int_equal(imr_store_apply(s), IMR_OK);
		assert_int_equal(imr_store_read(s), IMR_OK);
		if (rows[i].fresh)
			rig_put_bootstrap(
				&s->set, 5, "NEW", rows[i].new_timeout, true, IMR_ORIGIN_FRESH);
		st = imr_store_finish(s);
		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].what, imr_status_text(st));
		if (st == IMR_E_RULE)
			assert_int_equal(accounts(&s->set), 2); /* the sequence may go on (F5) */
		assert_int_equal(rig_boot(&rig), IMR_OK);
		if (s->remaining != rows[i].remaining || has(0, 4) != rows[i].keeps_old ||
			has(21, 4) != rows[i].keeps_old ||
			rig_holds(&rig, "OLD") != rows[i].keeps_old ||
			has(0, 5) != (rows[i].fresh && st == IMR_OK))
			fail_msg("%s: not so", rows[i].what);
		assert_true(accounts(&s->set) <= 1);
	}
}

/* Keys of a factory account that is replaced go from the factory area too, or the store says so. */
static void factory_area(void **state)
{
	(void)state;
	for (int erasable = 0; erasable < 2; erasable++) {
		open_blank();
		rig_fill_factory(&rig, "FACTORY");
		if (!erasable)
			rig.nor.seam.factory_size = 0;
		rig_put_bootstrap(&s->set, 0, "FACTORY", 0, false, IMR_ORIGIN_FACTORY);
		assert_int_equal(imr_store_apply(s), IMR_OK);
		assert_int_equal(s->flags, IMR_STORE_FROM_FACTORY);
		assert_int_equal(imr_store_read(s), IMR_OK);
		rig_put_bootstrap(&s->set, 0, "NEW", 0, false, IMR_ORIGIN_FRESH);
		assert_int_equal(imr_store_finish(s), erasable ? IMR_OK : IMR_E_LEFT);
		assert_int_equal(s->flags, IMR_STORE_BOOTSTRAPPED | IMR_STORE_FACTORY_SPENT);
		assert_int_equal(rig_holds(&rig, "FACTORY"), !erasable);
		/* A reset later on returns to the account that is there. */
		assert_int_equal(imr_store_reset(s, false), IMR_OK);
		assert_true(has(0, 0));
		assert_int_equal(s->flags, IMR_STORE_FACTORY_SPENT);
	}
}

/* A card in front of the factory account does not use that up. */
static void card_before_factory(void **state)
{
	(void)state;
	open_blank();
	rig_fill_factory(&rig, "FACTORY");
	rig_put_bootstrap(&s->set, 0, "FACTORY", 0, false, IMR_ORIGIN_FACTORY);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	assert_int_equal(imr_store_read(s), IMR_OK);
	rig_put_bootstrap(&s->set, 0, "CARD", 0, false, IMR_ORIGIN_CARD);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	assert_int_equal(imr_store_card_removed(s), IMR_OK);
	assert_int_equal(s->flags, 0);
	assert_true(rig_holds(&rig, "FACTORY"));
	assert_false(rig_holds(&rig, "CARD"));
}

static void reset(void **state)
{
	(void)state;
	open_blank();
	rig_put_server(&s->set, 1, "SERVER", IMR_ORIGIN_SERVER);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	nor_counts(&rig.nor);
	assert_int_equal(imr_store_reset(s, false), IMR_E_LAST);
	assert_int_equal(rig.nor.operations, 0);
	assert_true(has(0, 1));
	assert_int_equal(imr_store_reset(s, true), IMR_OK);
	assert_false(has(0, 1));
	assert_int_equal(rig_boot(&rig), IMR_OK);
	assert_int_equal(s->set.n, 4);
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void visit(void **state)
{
	struct seen seen;

	(void)state;
	open_blank();
	rig_put_bootstrap(&s->set, 0, "CARD", 0, false, IMR_ORIGIN_CARD);
	rig_put_server(&s->set, 1, "SERVER", IMR_ORIGIN_SERVER);
	assert_int_equal(imr_store_apply(s), IMR_OK);
	seen_init(&seen);
	assert_int_equal(imr_store_visit(s, seen_visit, &seen), IMR_OK);
	assert_int_equal(seen.count, 5 + 6 + 2);
	assert_true(imp_span_all(imp_span(rig.buffer, sizeof(rig.buffer)), 0));
	assert_int_equal(imr_store_card_disabled(s), IMR_OK);
	seen_init(&seen);
	assert_int_equal(imr_store_visit(s, seen_visit, &seen), IMR_OK);
	assert_int_equal(seen.count, 6 + 2);
	seen_init(&seen);
	seen.stop_at = 3;
	assert_int_equal(imr_store_visit(s, seen_visit, &seen), IMR_E_STOPPED);
	assert_int_equal(imr_store_card_removed(s), IMR_OK);
	assert_false(rig_holds(&rig, "CARD"));
	assert_true(has(1, 1));
}

/* ---- editor ---------------------------------------------------------------------------------- */

static void edit(void **state)
{
	static const uint8_t resource[] = { 0xC1, 0, 7 };
	struct imp_span content = imp_span(resource, sizeof(resource));
	static const struct {
		unsigned strike, n;
		uint16_t instance[2];
		uint8_t origin[2];
	} left[] = { { 0, 2, { 1, 0x1234 }, { 0x5A, 0x3C } }, { 0, 1, { 0x1234 }, { 0x3C } },
		{ 0, 0, { 0 }, { 0 } } };
	uint8_t big[310] = { 0xD0, 5, 0x01, 0x32 }; /* Opaque of 306 octets */
	struct imr_at at;

	(void)state;
	open_blank();
	assert_int_equal(imr_set_put(&s->set, 9, 0, content, IMR_ORIGIN_CARD), IMR_OK);
	assert_int_equal(imr_set_put(&s->set, 3, 0x1234, content, IMR_ORIGIN_SERVER), IMR_OK);
	assert_int_equal(imr_set_put(&s->set, 9, 1, imp_span(NULL, 0), IMR_ORIGIN_FACTORY), IMR_OK);
	assert_int_equal(imr_payload(s->set.p, s->set.n, 0, NULL, NULL), IMR_OK);
	assert_true(imr_set_find(&s->set, 9, 1, &at));
	assert_int_equal(at.index, 1);
	assert_memory_equal(s->set.origin, ((uint8_t[]){ 0xC3, 0x5A, 0x3C, 0 }), 4);
	/* Written again, larger: it keeps its place. */
	assert_int_equal(
		imr_set_put(&s->set, 9, 0, imp_span(big, sizeof(big)), IMR_ORIGIN_FRESH), IMR_OK);
	assert_int_equal(imr_payload(s->set.p, s->set.n, 0, NULL, NULL), IMR_OK);
	assert_memory_equal(s->set.origin, ((uint8_t[]){ 0x69, 0x5A, 0x3C, 0 }), 4);
	assert_true(imr_set_find(&s->set, 3, 0x1234, &at));
	assert_memory_equal(at.resources.p, resource, sizeof(resource));
	/* No room: unchanged. */
	assert_int_equal(imr_set_put(&s->set, 4, 0, imp_span(big, sizeof(big)), IMR_ORIGIN_FRESH),
		IMR_E_SPACE);
	assert_int_equal(imr_payload(s->set.p, s->set.n, 0, NULL, NULL), IMR_OK);
	/* Out again, one after the other, to nothing. */
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
		assert_int_equal(imr_payload(s->set.p, s->set.n, 0, NULL, NULL), IMR_OK);
		s->set.origin[left[i].strike] = 0;
		imr_set_sweep(&s->set);
		imr_set_start(&at);
		for (unsigned n = 0; n < left[i].n; n++) {
			assert_true(imr_set_next(&s->set, &at));
			assert_int_equal(at.index, n);
			assert_int_equal(at.instance, left[i].instance[n]);
			assert_int_equal(s->set.origin[n], left[i].origin[n]);
		}
		assert_false(imr_set_next(&s->set, &at));
		assert_int_equal(s->set.origin[left[i].n], 0);
	}
	assert_int_equal(s->set.n, 4);
	assert_true(imp_span_all(imp_span(rig.buffer, sizeof(rig.buffer)), 0));
	/* As many instances as there may be, and one more. */
	for (uint16_t i = 0; i < IMR_INSTANCES_MAX; i++)
		assert_int_equal(imr_set_put(&s->set, 9, i, content, IMR_ORIGIN_CARD), IMR_OK);
	assert_int_equal(imr_set_put(&s->set, 9, 99, content, IMR_ORIGIN_CARD), IMR_E_SPACE);
	assert_int_equal(imr_set_put(&s->set, 9, 0, content, IMR_ORIGIN_CARD), IMR_OK);
	assert_int_equal(imr_store_apply(s), IMR_OK);
}

/* Links of the account go with it; what another account links to as well stays. */
static void links(void **state)
{
	static const uint8_t account[] = { 0xC1, 1, 1, 0xC4, 17, 0, 21, 0, 1, /* OSCORE */
		0xC4, 26, 0, 24, 0, 2,					      /* MQTT */
		0x88, 27, 12, 0x44, 0, 0, 23, 0, 3, 0x44, 1, 0, 23, 0, 4 };   /* COSE, two */
	static const uint8_t other[] = { 0xC1, 1, 0, 0xC4, 17, 0, 21, 0, 9, 0x86, 27, 0x44, 0, 0,
		23, 0, 4 };
	static const uint8_t key[] = { 0xC1, 0, 7 };
	static const struct {
		uint16_t object, instance;
		bool stays;
	} rows[] = { { 0, 0, false }, { 0, 1, true }, { 21, 1, false }, { 21, 9, true },
		{ 24, 2, false }, { 23, 3, false }, { 23, 4, true }, { 1, 2, true } };

	(void)state;
	open_blank();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span content = imp_span(key, sizeof(key));

		if (rows[i].object == 0)
			content = rows[i].instance ? imp_span(other, sizeof(other))
						   : imp_span(account, sizeof(account));
		assert_int_equal(imr_set_put(&s->set, rows[i].object, rows[i].instance, content,
					 IMR_ORIGIN_CARD),
			IMR_OK);
	}
	imr_set_divide(&s->set, 0, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (has(rows[i].object, rows[i].instance) != rows[i].stays)
			fail_msg("/%u/%u", rows[i].object, rows[i].instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_read),
		cmocka_unit_test(golden_write),
		cmocka_unit_test(bits),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(newer_format),
		cmocka_unit_test(small_buffer),
		cmocka_unit_test(wrap),
		cmocka_unit_test(second_mark),
		cmocka_unit_test(left),
		cmocka_unit_test(refusals),
		cmocka_unit_test(faults),
		cmocka_unit_test(cost),
		cmocka_unit_test(timeout),
		cmocka_unit_test(longest_timeout),
		cmocka_unit_test(finish_rules),
		cmocka_unit_test(factory_area),
		cmocka_unit_test(card_before_factory),
		cmocka_unit_test(reset),
		cmocka_unit_test(visit),
		cmocka_unit_test(edit),
		cmocka_unit_test(links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
