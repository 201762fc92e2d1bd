/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device lives: the real boot sequence, account store and reader, joined by the example of
 * src/reader/PORTING.md, over NOR flash that loses power, a scripted card and a factory slot.
 *
 * Each stage changes the world and runs the device until it rests.  Then the same stage is run once
 * for every flash operation in it and every way to be cut there, the device starts again, and must
 * come to the same end: never two bootstrap accounts, nothing that was given up left in flash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "codec/slot.h"
#include "crypto/sha256.h"
#include "reader/sequence.h"
#include "tests/fake/script_card.h"
#include "tests/fake/store_rig.h"

/* ---- what is watched, and spoilt for a control ------------------------------------------------
 */

static struct {
	char trace[400];
	bool in_place;	/* the record in force is the one that is written over */
	bool all_goes;	/* a card that is gone takes everything along */
	bool forgetful; /* a card that cannot be read counts as one that is empty */
} watch;

static const char *const words[] = { "", "wait", "refuse", "check", "apply", "disable", "delete",
	"factory", "register", "update", "bootstrap" };

static struct imr_action watched_sequence(struct imr_sequence *s, const struct imr_event *event)
{
	struct imr_action action = imr_sequence(s, event);
	size_t n = strlen(watch.trace);

	if (action.kind == IMR_REGISTER || action.kind == IMR_UPDATE)
		snprintf(watch.trace + n, sizeof(watch.trace) - n, "%s%u ", words[action.kind],
			action.ssid);
	else if (action.kind != IMR_NOTHING)
		snprintf(watch.trace + n, sizeof(watch.trace) - n, "%s ", words[action.kind]);
	return action;
}

static enum imr_status watched_apply(struct imr_store *s)
{
	if (watch.in_place && s->region < 2)
		s->region ^= 1;
	return imr_store_apply(s);
}

static enum imr_status watched_removed(struct imr_store *s)
{
	return watch.all_goes ? imr_store_reset(s, true) : imr_store_card_removed(s);
}

static enum imr_card_change watched_change(const struct imr_store_card *applied, bool present,
	enum imr_status status, const struct imr_store_card *now)
{
	if (watch.forgetful && status != IMR_OK)
		status = IMR_E_NONE;
	return imr_card_change(applied, present, status, now);
}

#define imr_sequence(...) watched_sequence(__VA_ARGS__)
#define imr_store_apply(...) watched_apply(__VA_ARGS__)
#define imr_store_card_removed(...) watched_removed(__VA_ARGS__)
#define imr_card_change(...) watched_change(__VA_ARGS__)
#include "tests/device/examples/life.c"
#undef imr_sequence
#undef imr_store_apply
#undef imr_store_card_removed
#undef imr_card_change

/* ---- the world --------------------------------------------------------------------------------
 */

#define FILE_MAX 400

static struct {
	struct rig rig;
	struct life life;
	uint8_t buffer[FILE_MAX + IMR_CARD_ROOM];
	struct imr_flash slots;

	struct script_card card;
	uint8_t file[FILE_MAX];
	uint8_t who; /* first octet of the ICCID; 0: no card */
	bool mute;   /* the card's memory fails */
	bool server; /* the bootstrap server answers */
} world;

static int iccid(void *ctx, uint8_t id[10])
{
	(void)ctx;
	if (!world.who)
		return -1;
	memset(id, 0x89, 10);
	id[0] = world.who;
	return 10;
}

static void sha256(const uint8_t *p, size_t n, uint8_t digest[32])
{
	assert_int_equal(imp_sha256(imp_span(p, n), digest), IMP_OK);
}

/* A file of one account: of a server (SSID 100 + instance) or, instance 0, a bootstrap account. */
static struct imp_span make_file(uint8_t *octets, uint16_t instance, const char *secret)
{
	struct imr_set set = { octets, FILE_MAX, 0, { 0 } };

	imr_set_clear(&set);
	if (instance)
		rig_put_server(&set, instance, secret, IMR_ORIGIN_CARD);
	else
		rig_put_bootstrap(&set, 0, secret, 3200, true, IMR_ORIGIN_CARD);
	return imp_span(set.p, set.n);
}

static void insert(uint8_t who, uint16_t instance, const char *secret)
{
	world.who = who;
	script_card(&world.card);
	script_card_standard(&world.card, make_file(world.file, instance, secret));
}

static void make_factory(void)
{
	struct nor *nor = &world.rig.nor;
	uint8_t payload[FILE_MAX], *to = nor->state.mem + RIG_FACTORY;
	struct imp_span file = make_file(payload, 0, "FACTORY");
	struct imp_slot slot = { .keys = IMP_SLOT_KEYS_NON_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.generation = 1,
		.length = (uint32_t)file.n };

	imp_slot_put_header(&slot, file, to);
	memcpy(to + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	memcpy(to + IMP_SLOT_PAYLOAD_AT, file.p, file.n);
	memset(nor->state.used + RIG_FACTORY / nor->unit, 1, (NOR_SIZE - RIG_FACTORY) / nor->unit);
}

static void new_world(uint32_t unit)
{
	memset(&world, 0, sizeof(world));
	memset(&watch, 0, sizeof(watch));
	rig_init(&world.rig, unit);
	script_card(&world.card);
	make_factory();
	world.slots.ctx = &world.rig.nor;
	world.slots.read = world.rig.nor.seam.read;
	world.slots.slot[0] = world.slots.slot[1] = RIG_FACTORY;
	world.slots.size = NOR_SIZE - RIG_FACTORY;
}

/* ---- the device -------------------------------------------------------------------------------
 */

/* What a bootstrap server does: a server account, and another bootstrap account than the
 * factory's. */
static bool bootstrap(void)
{
	struct imr_store *store = world.life.store;
	enum imr_status st;

	if (!world.server || imr_store_read(store) != IMR_OK)
		return false;
	rig_put_server(&store->set, 1, "SERVER", IMR_ORIGIN_FRESH);
	rig_put_bootstrap(&store->set, 9, "LATER", 3200, true, IMR_ORIGIN_FRESH);
	st = imr_store_finish(store);
	life_changed(&world.life);
	return st == IMR_OK || st == IMR_E_LEFT;
}

/* Until there is nothing to do; every server answers. */
static void run(struct imr_action action)
{
	for (unsigned steps = 0; action.kind != IMR_NOTHING && action.kind != IMR_WAIT; steps++) {
		struct imr_event event = { .kind = IMR_DONE };

		assert_true(steps < 20);
		if (action.kind == IMR_BOOTSTRAP && !bootstrap())
			event.kind = IMR_FAILED;
		action = life_event(&world.life, &event);
	}
}

/* At most one bootstrap account, whatever came before. */
static bool sane(void)
{
	struct imr_store *store = &world.rig.store;
	struct imr_at at;
	unsigned n = 0;

	if (imr_store_read(store) != IMR_OK)
		return true;
	imr_set_start(&at);
	while (imr_set_account(&store->set, &at))
		n++;
	imr_store_wipe(store);
	return n <= 1;
}

/* The card as the world has it: it answers, falls silent, or is not there. */
static void answer(void)
{
	world.card.apdus = 0;
	world.card.gone_at = !world.who ? 1 : world.mute ? 3 : 0;
}

/* All of RAM is lost. */
static void reset(void)
{
	struct rig *rig = &world.rig;

	rig->nor.boot++;
	memset(&rig->store, 0xA7, sizeof(rig->store));
	memset(rig->buffer, 0xA7, sizeof(rig->buffer));
	rig->store.flash = &rig->nor.seam;
	rig->store.set.p = rig->buffer;
	rig->store.set.size = sizeof(rig->buffer);
	memset(&world.life, 0, sizeof(world.life));
	world.life.card = &world.card.imr;
	world.life.slots = &world.slots;
	world.life.iccid = iccid;
	world.life.sha256 = sha256;
	world.life.buffer = world.buffer;
	world.life.size = sizeof(world.buffer);
	world.life.store = &rig->store;
	answer();
}

static void boot(void)
{
	reset();
	run(life_start(&world.life));
}

static void tell(enum imr_event_kind kind, uint16_t ssid)
{
	const struct imr_event event = { .kind = kind, .ssid = ssid };

	run(life_event(&world.life, &event));
}

/* ---- stages -----------------------------------------------------------------------------------
 */

static void server_comes(void)
{
	world.server = true;
}

static void server_goes(void)
{
	world.server = false;
}

static void card_comes(void)
{
	insert(1, 3, "CARD");
}

static void card_is_mute(void)
{
	world.mute = true;
}

static void card_changes(void)
{
	world.mute = false;
	insert(1, 4, "SECOND");
}

static void card_is_emptied(void)
{
	static const uint8_t nothing[] = { 0, 0, 0, 0 };

	script_card_file(&world.card, 0x6442)->content = imp_span(nothing, sizeof(nothing));
}

static void card_stays(void)
{
}

static void other_card(void)
{
	insert(2, 5, "OTHER");
}

static void card_of_operator(void)
{
	insert(3, 0, "OPERATOR");
}

static void pull(void)
{
	insert(1, 4, "SECOND");
	boot();
	world.who = 0;
	answer();
	tell(IMR_DUE, 104);
}

static void three_resets(void)
{
	for (unsigned i = 0; i < 3; i++) {
		boot();
		(void)life_elapsed(&world.life, 199);
		(void)life_elapsed(&world.life, 1);
	}
}

static void time_is_over(void)
{
	boot();
	(void)life_elapsed(&world.life, 3200);
	tell(IMR_TRIGGER, 0);
}

static void start_over(void)
{
	boot();
	(void)life_factory_reset(&world.life);
	boot();
}

static const struct stage {
	const char *name;
	void (*world)(void);
	void (*act)(void);
	bool again; /* somebody has to do it again when power was lost */
	unsigned updates;
	const char *trace;
	const char *gone, *kept[3];
} stages[] = {
	{ "first boot", card_stays, boot, false, 1, "check factory bootstrap wait ", NULL,
		{ "FACTORY" } },
	{ "bootstrap", server_comes, boot, false, 1, "check factory bootstrap register101 ",
		"FACTORY", { "SERVER", "LATER" } },
	{ "time passes", card_stays, three_resets, true, 3,
		"check factory register101 check factory register101 check factory register101 ",
		NULL, { "SERVER", "LATER" } },
	{ "card comes", card_comes, boot, false, 1, "check apply register101 check register103 ",
		NULL, { "SERVER", "LATER", "CARD" } },
	{ "card cannot be read", card_is_mute, boot, false, 0, "check factory register101 wait ",
		NULL, { "SERVER", "LATER", "CARD" } },
	{ "card changes", card_changes, boot, false, 2,
		"check disable apply register101 check register104 ", "CARD",
		{ "SERVER", "LATER", "SECOND" } },
	{ "card is emptied", card_is_emptied, boot, false, 1, "check disable factory register101 ",
		NULL, { "SERVER", "LATER", "SECOND" } },
	{ "card stays empty", card_stays, boot, false, 0, "check disable factory register101 ",
		NULL, { "SERVER", "LATER", "SECOND" } },
	{ "what it held is back", card_changes, boot, false, 1,
		"check disable apply register101 check register104 ", NULL,
		{ "SERVER", "LATER", "SECOND" } },
	{ "card is pulled", card_stays, pull, false, 1,
		"check register101 check register104 check delete ", "SECOND",
		{ "SERVER", "LATER" } },
	{ "another card", other_card, boot, false, 1, "check apply register101 check register105 ",
		NULL, { "SERVER", "LATER", "OTHER" } },
	{ "time is over", card_stays, time_is_over, true, 1,
		"check register101 check register105 refuse ", "LATER", { "SERVER", "OTHER" } },
	{ "and another, with a bootstrap account", card_of_operator, boot, false, 2,
		"check delete apply register101 ", "OTHER", { "SERVER", "OPERATOR" } },
	{ "factory reset", server_goes, start_over, true, 2,
		"check register101 check apply bootstrap wait ", "SERVER", { "OPERATOR" } },
};

/* ---- each stage, uncut and cut ----------------------------------------------------------------
 */

#define STAGES (sizeof(stages) / sizeof(*stages))

static const enum nor_way ways[] = { NOR_BEFORE, NOR_AFTER, NOR_HALF, NOR_ONE_BIT, NOR_RANDOM_1,
	NOR_UNREADABLE };
#define WAYS (sizeof(ways) / sizeof(*ways))

/* What must be the same in the end; time goes on with every attempt. */
static void look(struct rig_view *view)
{
	nor_counts(&world.rig.nor);
	rig_look(&world.rig, view);
	view->remaining = view->remaining != 0;
}

static const char *wrong(const struct stage *stage, const struct rig_view *want)
{
	struct rig_view view;

	look(&view);
	if (!rig_same(&view, want))
		return "it comes to another end";
	if (stage->gone && rig_holds(&world.rig, stage->gone))
		return "what was given up is still there";
	for (unsigned i = 0; i < 3 && stage->kept[i]; i++)
		if (!rig_holds(&world.rig, stage->kept[i]))
			return "something is gone that was to stay";
	return NULL;
}

/* The stage with power lost at an operation; false when it has fewer. */
static bool cut(const struct stage *stage, unsigned at, enum nor_way way)
{
	jmp_buf out;

	nor_counts(&world.rig.nor);
	world.rig.nor.out = &out;
	world.rig.nor.cut_at = at;
	world.rig.nor.way = way;
	if (setjmp(out))
		return true;
	stage->act();
	return false;
}

struct count {
	unsigned operations, cuts, failures;
};

/* Every cut of the stage from this state of the flash on. */
static void sweep(const struct stage *stage, const struct nor_state *before,
	const struct rig_view *want, bool quiet, struct count *count)
{
	for (unsigned at = 1;; at++) {
		for (size_t way = 0; way < WAYS; way++) {
			const char *what;

			world.rig.nor.state = *before;
			stage->world();
			if (!cut(stage, at, ways[way])) {
				count->operations += at - 1;
				return;
			}
			nor_counts(&world.rig.nor);
			reset();
			(void)imr_store_open(&world.rig.store);
			what = sane() ? NULL : "two bootstrap accounts";
			boot();
			if (stage->again)
				stage->act();
			if (!what)
				what = wrong(stage, want);
			count->cuts++;
			count->failures += what != NULL;
			if (what && !quiet)
				fail_msg("%s, cut %u/%zu: %s", stage->name, at, way, what);
		}
	}
}

/* Uncut, from where the device is; what it has come to. */
static const char *live(const struct stage *stage, struct rig_view *view)
{
	stage->world();
	watch.trace[0] = 0;
	nor_counts(&world.rig.nor);
	stage->act();
	if (strcmp(watch.trace, stage->trace) != 0)
		return watch.trace;
	if (world.rig.nor.calls != 4 * stage->updates)
		return "another number of updates";
	look(view);
	return wrong(stage, view);
}

static void life(void **state)
{
	static const uint8_t units[] = { 1, 8, 32 };

	(void)state;
	for (size_t u = 0; u < sizeof(units); u++) {
		struct count count = { 0, 0, 0 };

		new_world(units[u]);
		for (size_t i = 0; i < STAGES; i++) {
			const struct nor_state before = world.rig.nor.state;
			struct nor_state after;
			struct rig_view view;
			const char *what = live(&stages[i], &view);
			unsigned operations = count.operations;

			if (what)
				fail_msg("%s: %s", stages[i].name, what);
			after = world.rig.nor.state;
			sweep(&stages[i], &before, &view, false, &count);
			assert_true(count.operations - operations >= 8 * stages[i].updates);
			world.rig.nor.state = after;
		}
		assert_true(count.cuts >= count.operations * WAYS);
		printf("unit %2u: %zu stages, %u operations, %u cuts: it comes to the same end\n",
			units[u], STAGES, count.operations, count.cuts);
	}
}

/* ---- what is spoilt is seen -------------------------------------------------------------------
 */

static void spoilt(void **state)
{
	static const struct {
		const char *name;
		bool *how;
	} rows[] = { { "update in place", &watch.in_place },
		{ "all goes with the card", &watch.all_goes },
		{ "unreadable counts as empty", &watch.forgetful } };

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct count count = { 0, 0, 0 };
		unsigned seen = 0;

		new_world(8);
		for (size_t i = 0; i < STAGES; i++) {
			const struct nor_state before = world.rig.nor.state;
			struct rig_view view;
			struct nor_state after;

			assert_null(live(&stages[i], &view));
			after = world.rig.nor.state;
			*rows[r].how = true;
			if (rows[r].how == &watch.in_place) {
				sweep(&stages[i], &before, &view, true, &count);
			} else {
				struct rig_view other;

				world.rig.nor.state = before;
				seen += live(&stages[i], &other) != NULL ||
					wrong(&stages[i], &view) != NULL;
			}
			*rows[r].how = false;
			world.rig.nor.state = after;
		}
		printf("%s: %u stages, %u of %u cuts go wrong\n", rows[r].name, seen,
			count.failures, count.cuts);
		assert_true(seen > 0 || count.failures > count.operations / 4);
	}
}

/* A device without a card whose factory account is spent keeps its account when it is reset; one
 * without an account is not reset. */
static void last(void **state)
{
	struct rig_view view;

	(void)state;
	new_world(8);
	boot();
	server_comes();
	boot();
	assert_int_equal(life_factory_reset(&world.life), IMR_OK);
	assert_true(rig_holds(&world.rig, "LATER"));
	assert_false(rig_holds(&world.rig, "SERVER"));
	boot();
	(void)life_elapsed(&world.life, 3200);
	assert_false(rig_holds(&world.rig, "LATER"));
	nor_counts(&world.rig.nor);
	assert_int_equal(life_factory_reset(&world.life), IMR_E_LAST);
	assert_int_equal(world.rig.nor.operations, 0);
	look(&view);
	assert_true(rig_holds(&world.rig, "SERVER"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life),
		cmocka_unit_test(spoilt),
		cmocka_unit_test(last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
