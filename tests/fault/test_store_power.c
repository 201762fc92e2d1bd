/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power lost at every operation of every update of the account store, in every way, and again while
 * the next boot cleans up, and once more while the boot after that does: each boot finds the old or
 * the new configuration, the same one from then on, and what was given up is nowhere in flash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/store_rig.h"

static struct rig rig;
static void (*medium)(void); /* what the part is like, if not as usual */
static const uint8_t units[] = { 1, 2, 4, 8, 16, 32 };

/* ---- what is swept --------------------------------------------------------------------------- */

static void factory_set(struct imr_set *set)
{
	imr_set_clear(set);
	rig_put_bootstrap(set, 0, "FACTORY", 3200, true, IMR_ORIGIN_FACTORY);
}

static void nothing(struct imr_store *s)
{
	(void)s;
}

/* A factory account, and a server from elsewhere. */
static void factory(struct imr_store *s)
{
	factory_set(&s->set);
	rig_put_server(&s->set, 7, "SERVER", IMR_ORIGIN_SERVER);
	rig_fill_factory(&rig, "FACTORY");
	assert_int_equal(imr_store_apply(s), IMR_OK);
}

static void at_once(struct imr_store *s)
{
	imr_set_clear(&s->set);
	rig_put_bootstrap(&s->set, 0, "FACTORY", 1, true, IMR_ORIGIN_FACTORY);
	rig_fill_factory(&rig, "FACTORY");
	s->keys = 0xA5;
	assert_int_equal(imr_store_apply(s), IMR_OK);
}

/* The same with its timeout running. */
static void finished(struct imr_store *s)
{
	factory(s);
	assert_int_equal(imr_store_read(s), IMR_OK);
	assert_int_equal(imr_store_finish(s), IMR_OK);
}

static void card(struct imr_store *s)
{
	imr_set_clear(&s->set);
	rig_put_bootstrap(&s->set, 3, "CARD", 0, false, IMR_ORIGIN_CARD);
	rig_put_server(&s->set, 7, "SERVER", IMR_ORIGIN_SERVER);
	memset(&s->card, 0x98, sizeof(s->card));
	s->card.id_n = 10;
	assert_int_equal(imr_store_apply(s), IMR_OK);
}

static enum imr_status apply(struct imr_store *s)
{
	imr_set_clear(&s->set);
	rig_put_bootstrap(&s->set, 1, "APPLIED", 0, true, IMR_ORIGIN_SERVER);
	rig_put_server(&s->set, 2, "SECOND", IMR_ORIGIN_SERVER);
	return imr_store_apply(s);
}

static enum imr_status next(struct imr_store *s)
{
	imr_set_clear(&s->set);
	rig_put_bootstrap(&s->set, 0, "LATER", 0, false, IMR_ORIGIN_SERVER);
	return imr_store_apply(s);
}

static enum imr_status replace(struct imr_store *s)
{
	enum imr_status st = imr_store_read(s);

	if (st != IMR_OK)
		return st;
	rig_put_bootstrap(&s->set, 9, "APPLIED", 0, false, IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status overwrite(struct imr_store *s)
{
	enum imr_status st = imr_store_read(s);

	if (st != IMR_OK)
		return st;
	rig_put_bootstrap(&s->set, 0, "APPLIED", 60, true, IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status finish(struct imr_store *s)
{
	enum imr_status st = imr_store_read(s);

	if (st != IMR_OK)
		return st;
	rig_put_server(&s->set, 8, "APPLIED", IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status tick(struct imr_store *s)
{
	return imr_store_elapsed(s, 200);
}

static enum imr_status expire(struct imr_store *s)
{
	return imr_store_elapsed(s, 3200);
}

static enum imr_status reset_all(struct imr_store *s)
{
	return imr_store_reset(s, true);
}

static enum imr_status reset_to_account(struct imr_store *s)
{
	return imr_store_reset(s, false);
}

/* Wrong on purpose: the record in force is the one that is erased and written again. */
static enum imr_status in_place(struct imr_store *s)
{
	s->region ^= 1;
	return apply(s);
}

static const struct operation {
	const char *name;
	void (*before)(struct imr_store *s);
	enum imr_status (*run)(struct imr_store *s);
	const char *gone[2]; /* secrets that it erases */
} operations[] = {
	{ "first apply", nothing, apply, { NULL } },
	{ "apply", factory, apply, { "FACTORY", "SERVER" } },
	{ "replace by another instance", factory, replace, { "FACTORY" } },
	{ "replace by overwriting", factory, overwrite, { "FACTORY" } },
	{ "finish", factory, finish, { NULL } },
	{ "finish and purge at once", at_once, finish, { "FACTORY" } },
	{ "purge", factory, imr_store_purge, { "FACTORY" } },
	{ "time passes", finished, tick, { NULL } },
	{ "time is over", finished, expire, { "FACTORY" } },
	{ "card removed", card, imr_store_card_removed, { "CARD" } },
	{ "card disabled", card, imr_store_card_disabled, { NULL } },
	{ "reset", card, reset_all, { "CARD", "SERVER" } },
	{ "reset to the account", card, reset_to_account, { "SERVER" } },
};

/* ---- sweep ----------------------------------------------------------------------------------- */

/* Flash contents after a cut, each once. */
struct states {
	struct nor_state *of;
	uint64_t *sum;
	size_t n, cap;
};

struct sweep {
	const struct operation *operation;
	bool quiet; /* count failures instead of failing: a control */
	unsigned unit, cases, failures, operations;
	struct rig_view old, new, later;
};

static char where[160]; /* the case, to run it again alone */

static void wrong(struct sweep *sweep, const char *what)
{
	sweep->failures++;
	if (!sweep->quiet)
		fail_msg("%s, unit %u, %s: %s", sweep->operation->name, sweep->unit, where, what);
}

static void add(struct states *states, const struct nor_state *state)
{
	const uint8_t *octets = (const uint8_t *)state;
	uint64_t sum = 0;

	for (size_t at = 0; at < sizeof(*state); at++)
		sum = (sum ^ octets[at]) * 0x100000001B3U;

	for (size_t i = 0; i < states->n; i++)
		if (states->sum[i] == sum)
			return;
	if (states->n == states->cap) {
		states->cap = states->cap ? 2 * states->cap : 64;
		states->of = realloc(states->of, states->cap * sizeof(*states->of));
		states->sum = realloc(states->sum, states->cap * sizeof(*states->sum));
		assert_true(states->of && states->sum);
	}
	states->sum[states->n] = sum;
	states->of[states->n++] = *state;
}

/* From the state, boot and run (unless NULL) with a cut; false when it ended before. */
static bool cut(const struct nor_state *state, enum imr_status (*run)(struct imr_store *s),
	unsigned at, enum nor_way way)
{
	jmp_buf out;

	rig.nor.state = *state;
	nor_counts(&rig.nor);
	rig.nor.out = &out;
	if (!run)
		rig.nor.cut_at = at;
	rig.nor.way = way;
	if (setjmp(out))
		return true;
	(void)rig_boot(&rig);
	if (run) {
		nor_counts(&rig.nor);
		rig.nor.cut_at = at;
		(void)run(&rig.store);
	}
	return false;
}

static const struct rig_view *look(
	struct sweep *sweep, const struct rig_view *a, const struct rig_view *b)
{
	static struct rig_view view;

	nor_counts(&rig.nor);
	rig_look(&rig, &view);
	sweep->cases++;
	if (rig_same(&view, a))
		return a;
	if (rig_same(&view, b))
		return b;
	wrong(sweep, view.st == IMR_OK ? "accepted, but neither" : "nothing usable");
	return NULL;
}

/* The boot is over, the new configuration in force: nothing given up may be left. */
static void search(struct sweep *sweep, const struct rig_view *found)
{
	if (found != &sweep->new)
		return;
	for (size_t i = 0; i < 2 && sweep->operation->gone[i]; i++)
		if (rig_holds(&rig, sweep->operation->gone[i]))
			wrong(sweep, "a key that was given up is still there");
}

/*
 * Cut the boot itself at each of its operations; whatever happens, it stays with what it found.
 * The boots after that are cut too when there is depth, in one way for each operation.
 */
static void cut_boot(struct sweep *sweep, const struct nor_state *state,
	const struct rig_view *found, unsigned depth, bool all_ways)
{
	size_t length = strlen(where);

	for (unsigned at = 1;; at++) {
		for (unsigned way = 0; way < NOR_WAYS; way++) {
			struct nor_state after;

			if (!all_ways && way != (sweep->cases + at) % NOR_WAYS)
				continue;
			snprintf(where + length, sizeof(where) - length, ", boot %u/%u", at, way);
			if (!cut(state, NULL, at, (enum nor_way)way)) {
				where[length] = 0;
				return;
			}
			after = rig.nor.state;
			search(sweep, look(sweep, found, found));
			if (depth > 1)
				cut_boot(sweep, &after, found, depth - 1, false);
		}
	}
}

/* What can be done from here on must work, and leave nothing behind. */
static void go_on(struct sweep *sweep)
{
	static struct rig_view view;

	if (next(&rig.store) != IMR_OK)
		wrong(sweep, "the next update fails");
	rig_look(&rig, &view);
	if (!rig_same(&view, &sweep->later) && view.n != sweep->later.n)
		wrong(sweep, "the next update is not found");
	if (rig_holds(&rig, "SERVER") || rig_holds(&rig, "CARD") || rig_holds(&rig, "APPLIED"))
		wrong(sweep, "the next update leaves keys");
}

/* Every cut of an update from the state, which holds `old`; the states after boot are collected. */
static void cut_update(struct sweep *sweep, const struct nor_state *state,
	enum imr_status (*run)(struct imr_store *s), const struct rig_view *old,
	const struct rig_view *new, unsigned depth, struct states *booted)
{
	for (unsigned at = 1;; at++) {
		for (unsigned way = 0; way < NOR_WAYS; way++) {
			const struct rig_view *found;
			struct nor_state after;

			snprintf(where, sizeof(where), "cut %u/%u", at, way);
			if (!cut(state, run, at, (enum nor_way)way)) {
				if (at - 1 > sweep->operations)
					sweep->operations = at - 1;
				return;
			}
			after = rig.nor.state;
			found = look(sweep, old, new);
			if (!found)
				continue;
			search(sweep, found);
			if (booted)
				add(booted, &rig.nor.state);
			if (depth)
				cut_boot(sweep, &after, found, depth, true);
		}
	}
}

static void prepare(struct sweep *sweep, const struct operation *operation, unsigned unit,
	struct nor_state *state)
{
	memset(sweep, 0, sizeof(*sweep));
	sweep->operation = operation;
	sweep->unit = unit;
	rig_init(&rig, unit);
	if (medium)
		medium();
	(void)rig_boot(&rig);
	operation->before(&rig.store);
	rig_look(&rig, &sweep->old);
	*state = rig.nor.state;
	if (operation->run(&rig.store) != IMR_OK)
		fail_msg("%s fails", operation->name);
	rig_look(&rig, &sweep->new);
	assert_false(rig_same(&sweep->old, &sweep->new));
	assert_int_equal(next(&rig.store), IMR_OK);
	rig_look(&rig, &sweep->later);
}

#define SWEPT_AGAIN 4 /* states after boot from which the next update is cut as well */

/* From each state that a boot has left: the next update works, and may be cut too. */
static void again(struct sweep *sweep, const struct states *booted)
{
	size_t stride = (booted->n + SWEPT_AGAIN - 1) / SWEPT_AGAIN;

	for (size_t i = 0; i < booted->n; i++) {
		struct rig_view here;

		strcpy(where, "the update after a cut");
		rig.nor.state = booted->of[i];
		nor_counts(&rig.nor);
		rig_look(&rig, &here);
		go_on(sweep);
		rig_look(&rig, &sweep->later);
		sweep->cases++;
		if (i % stride == 0)
			cut_update(sweep, &booted->of[i], next, &here, &sweep->later, 0, NULL);
	}
}

static void everywhere(void **state)
{
	unsigned cases = 0, operations_n = 0;

	(void)state;
	for (size_t u = 0; u < sizeof(units); u++) {
		unsigned before = cases;

		for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
			struct states booted = { 0 };
			struct sweep sweep;
			struct nor_state first;
			unsigned n;

			prepare(&sweep, &operations[i], units[u], &first);
			cut_update(&sweep, &first, operations[i].run, &sweep.old, &sweep.new,
				units[u] < 32 ? 1 : 2, &booted);
			n = sweep.operations;
			assert_true(n > 8 && sweep.cases >= n * NOR_WAYS);
			assert_true(booted.n >= 2); /* old ones and new ones */
			again(&sweep, &booted);
			free(booted.of);
			free(booted.sum);
			cases += sweep.cases;
			operations_n += n;
		}
		printf("unit %2u: %u boots after cuts\n", units[u], cases - before);
	}
	printf("%zu updates, %u operations, %u boots after cuts: old or new in all of them\n",
		sizeof(operations) / sizeof(*operations) * sizeof(units), operations_n, cases);
}

/* Torn bits that read differently at each boot: once a boot has found a record, all later ones do.
 */
static void unstable(void **state)
{
	unsigned cases = 0;

	(void)state;
	for (size_t u = 0; u < sizeof(units); u++) {
		for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
			struct sweep sweep;
			struct nor_state first;

			prepare(&sweep, &operations[i], units[u], &first);
			for (unsigned at = 1; cut(&first, operations[i].run, at, NOR_UNSTABLE);
				at++) {
				const struct nor_state after = rig.nor.state;

				for (unsigned draw = 0; draw < 4; draw++) {
					const struct rig_view *found;

					snprintf(where, sizeof(where), "unstable %u, draw %u", at,
						draw);
					rig.nor.state = after;
					rig.nor.boot = draw * 1000;
					found = look(&sweep, &sweep.old, &sweep.new);
					search(&sweep, found);
					for (unsigned boot = 0; boot < 3; boot++)
						look(&sweep, found, found);
				}
			}
			cases += sweep.cases;
		}
	}
	printf("%u boots over bits that are not stable\n", cases);
}

/* The sweep sees what is wrong. */
static void controls(void **state)
{
	static const struct operation bad[] = {
		{ "in place", factory, in_place, { NULL } },
		/* Wrong on purpose: says that it erases what it keeps. */
		{ "key kept", factory, finish, { "SERVER" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(units) * 2; i++) {
		const struct operation *operation = &bad[i % 2];
		struct sweep sweep;
		struct nor_state first;

		prepare(&sweep, operation, units[i / 2], &first);
		sweep.quiet = true;
		cut_update(&sweep, &first, operation->run, &sweep.old, &sweep.new, 1, NULL);
		printf("%s, unit %2u: %u of %u boots go wrong\n", operation->name, units[i / 2],
			sweep.failures, sweep.cases);
		assert_true(sweep.failures > sweep.operations);
	}
}

/* ---- other media ------------------------------------------------------------------------------
 */

#define OPERATIONS (sizeof(operations) / sizeof(*operations))

static void erased_00(void)
{
	nor_erased(&rig.nor, 0x00, true);
}

static void write_cache(void)
{
	nor_cache(&rig.nor, true);
}

static void write_cache_unsynced(void)
{
	nor_cache(&rig.nor, false);
}

/* Every operation on this medium, with one more cut in the boot after. */
static unsigned on(void (*what)(void), const char *name, const uint8_t *some, size_t n, bool quiet)
{
	unsigned cases = 0, failures = 0, lost = 0, operations_n = 0;

	medium = what;
	for (size_t u = 0; u < n; u++) {
		for (size_t i = 0; i < OPERATIONS; i++) {
			struct sweep sweep;
			struct nor_state first;

			prepare(&sweep, &operations[i], some[u], &first);
			sweep.quiet = quiet;
			cut_update(&sweep, &first, operations[i].run, &sweep.old, &sweep.new,
				quiet ? 0 : 1, NULL);
			assert_true(
				sweep.operations > 8 && sweep.cases >= sweep.operations * NOR_WAYS);
			cases += sweep.cases;
			failures += sweep.failures;
			operations_n += sweep.operations;
			lost += rig.nor.lost;
		}
	}
	medium = NULL;
	printf("%s: %zu updates, %u operations, %u boots after cuts", name, OPERATIONS * n,
		operations_n, cases);
	if (lost)
		printf(", %u with an operation lost", lost);
	if (quiet)
		printf(": %u go wrong", failures);
	printf("\n");
	if (what != erased_00)
		assert_true(lost > cases / 8);
	return failures;
}

/* A part whose erased value is 00: its port inverts what it reads and programs. */
static void other_erased_value(void **state)
{
	static const uint8_t some[] = { 8, 32 };

	(void)state;
	on(erased_00, "erased value 00", some, sizeof(some), false);
}

/* A port that does not: the first update is refused, and nothing is in force. */
static void other_erased_value_as_it_is(void **state)
{
	struct rig_view view;

	(void)state;
	rig_init(&rig, 8);
	nor_erased(&rig.nor, 0x00, false);
	assert_int_equal(rig_boot(&rig), IMR_E_NONE);
	nor_counts(&rig.nor);
	assert_int_equal(apply(&rig.store), IMR_E_IO);
	assert_int_equal(rig.nor.programs, 0);
	rig_look(&rig, &view);
	assert_int_equal(view.st, IMR_E_NONE);
	assert_false(rig_holds(&rig, "APPLIED"));
}

/* A medium with a write cache: what is done between two syncs may be done out of order. */
static void reordered(void **state)
{
	static const uint8_t some[] = { 8, 32 };

	(void)state;
	on(write_cache, "write cache", some, sizeof(some), false);
	/* A port that never syncs comes to harm. */
	assert_true(on(write_cache_unsynced, "never synced", some, sizeof(some), true) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everywhere),
		cmocka_unit_test(unstable),
		cmocka_unit_test(controls),
		cmocka_unit_test(other_erased_value),
		cmocka_unit_test(other_erased_value_as_it_is),
		cmocka_unit_test(reordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
