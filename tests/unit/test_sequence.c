/* SPDX-License-Identifier: Apache-2.0 */
/* Boot sequence and card watch: every state meets every event, the ways of the specification as
 * dialogues, and long random walks under a monitor of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reader/sequence.h"

/* ---- words ---- */

static const char *const actions[] = { "nothing", "wait", "refuse", "check", "apply", "disable",
	"delete", "factory", "register", "update", "bootstrap" };
static const char *const states[] = { "rest", "card", "clean", "apply", "factory", "check",
	"register", "update", "hold", "bootstrap", "online", "retry" };

static const struct {
	const char *word;
	struct imr_event event;
} events[] = {
	{ "start", { .kind = IMR_START } },
	{ "same", { IMR_CARD, IMR_CARD_SAME, true, 0 } },
	{ "new", { IMR_CARD, IMR_CARD_NEW, true, 0 } },
	{ "changed", { IMR_CARD, IMR_CARD_CHANGED, true, 0 } },
	{ "emptied", { IMR_CARD, IMR_CARD_CHANGED, false, 0 } },
	{ "swapped", { IMR_CARD, IMR_CARD_REMOVED, true, 0 } },
	{ "removed", { IMR_CARD, IMR_CARD_REMOVED, false, 0 } },
	{ "transient", { IMR_CARD, IMR_CARD_TRANSIENT, false, 0 } },
	{ "none", { IMR_CARD, IMR_CARD_NONE, false, 0 } },
	{ "done", { .kind = IMR_DONE } },
	{ "failed", { .kind = IMR_FAILED } },
	{ "timer", { .kind = IMR_TIMER } },
	{ "trigger", { .kind = IMR_TRIGGER } },
	{ "due", { .kind = IMR_DUE, .ssid = 1 } },
	{ "due2", { .kind = IMR_DUE, .ssid = 2 } },
	{ "due9", { .kind = IMR_DUE, .ssid = 9 } },
	{ "lost", { .kind = IMR_LOST, .ssid = 1 } },
	{ "lost2", { .kind = IMR_LOST, .ssid = 2 } },
};
#define EVENTS (sizeof events / sizeof *events)

/* ---- plans: c server 1 of the card, o server 2 of its own, b account, h hold-off ---- */

static struct imr_plan plan_of(const char *what)
{
	struct imr_plan plan = { .n = 0 };

	for (; *what && *what != ' '; what++) {
		struct imr_server server = { .priority = IMR_PRIORITY_LAST };

		switch (*what) {
		case 'b':
			plan.account = true;
			break;
		case 'h':
			plan.hold_off = 7;
			break;
		case 'c':
			server.ssid = 1;
			server.from_card = true;
			plan.servers[plan.n++] = server;
			break;
		case 'o':
			server.ssid = 2;
			plan.servers[plan.n++] = server;
			break;
		case 'B': /* 2, first, blocks the others */
			server.ssid = 2;
			server.priority = 0;
			server.blocks = true;
			plan.servers[plan.n++] = server;
			break;
		case 'E': /* 2, first, bootstraps when it fails */
			server.ssid = 2;
			server.priority = 0;
			server.bootstrap = true;
			plan.servers[plan.n++] = server;
			break;
		default:
			break;
		}
	}
	return plan;
}

static void describe(const struct imr_action *a, char text[40])
{
	snprintf(text, 40, "%s", actions[a->kind]);
	if (a->kind == IMR_REGISTER || a->kind == IMR_UPDATE)
		snprintf(text, 40, "%s%u", actions[a->kind], a->ssid);
	if (a->kind == IMR_WAIT)
		snprintf(text, 40, "wait%u", a->seconds);
}

/*
 * A dialogue: words are events; "plan=..." takes another plan; ">..." is what the word before it
 * must have led to.
 */
static void dialogue(const char *text)
{
	struct imr_sequence s;
	char copy[600], got[40] = "", *word, *rest = copy;

	memset(&s, 0, sizeof s);
	snprintf(copy, sizeof copy, "%s", text);
	while ((word = strtok_r(NULL == rest ? NULL : rest, " \n\t", &rest))) {
		size_t i;

		if (*word == '>') {
			if (strcmp(word + 1, got) != 0)
				fail_msg("%s: at %s: %s", text, word, got);
			continue;
		}
		if (strncmp(word, "plan=", 5) == 0) {
			const struct imr_plan plan = plan_of(word + 5);

			imr_sequence_configure(&s, &plan);
			continue;
		}
		for (i = 0; i < EVENTS && strcmp(events[i].word, word) != 0; i++)
			;
		if (i == EVENTS)
			fail_msg("%s: %s?", text, word);
		else {
			const struct imr_action a = imr_sequence(&s, &events[i].event);

			describe(&a, got);
		}
	}
}

static void dialogues(void **state)
{
	static const char *const rows[] = {
		/* C4, C5, N4: the card, and the factory only without it. */
		"start >check new >apply plan=cb done >register1 done >nothing",
		"start >check none >factory plan=ob done >register2 done >nothing",
		"start >check new >apply failed >factory plan=o done >register2",
		"plan=co start >check same >register1",
		"plan=co start >check transient >factory failed >register2",
		"plan=cb start >check transient >factory plan=cb failed >check transient >wait60",
		"plan=c start >check changed >disable plan= done >apply plan=c done >register1",
		"plan=co start >check emptied >disable plan=o done >factory done >register2",
		"plan=co start >check removed >delete plan=o done >factory done >register2",
		"plan=co start >check swapped >delete plan=o done >apply plan=co done >register1",
		/* C6: a request before that is refused; C9: without an account too. */
		"plan=b start >check trigger >refuse none >factory trigger >refuse done >bootstrap",
		"plan=o start none >factory done >register2 done >nothing trigger >refuse",
		"plan=ob start none done >register2 trigger >nothing done >bootstrap",
		"plan=ob start none done >register2 done >nothing trigger >bootstrap trigger "
		">nothing",
		"plan=obh start none done >register2 done trigger >wait7 trigger >nothing timer "
		">bootstrap",
		/* C7, C8, C14: all servers, then the bootstrap after its hold-off. */
		"plan=obh start none done >register2 failed >wait7 timer >bootstrap",
		"plan=bh start none done >wait7 timer >bootstrap plan=obh done >register2 done "
		">nothing",
		"plan=cob start same >register1 failed >register2 failed >bootstrap",
		"plan=cob start same >register1 failed >register2 done >wait60 timer >check",
		"plan=cob start same >register1 done >register2 failed >wait60 timer >register2",
		/* Registration priority, 1/x/15 and 1/x/16. */
		"plan=cB start same >register2 failed >wait60",
		"plan=cBb start same >register2 failed >bootstrap",
		"plan=cB start same >register2 done >check same >register1",
		"plan=cEb start same >register2 failed >bootstrap failed >wait60 timer >register2",
		"plan=cE start same >register2 failed >check same >register1",
		/* N5, S5-S7: Updates towards the card's servers only. */
		"plan=co start same >register1 done >register2 done >nothing due2 >update2 done "
		">nothing"
		" due >check same >update1 done >nothing due9 >nothing",
		"plan=co start same done done due >check changed >disable plan=o done >apply "
		"plan=co done"
		" >register1 done >nothing",
		"plan=co start same done done due >check emptied >disable plan=o done >nothing",
		"plan=co start same done done due >check removed >delete plan=o done >nothing due2"
		" >update2",
		"plan=co start same done done due >check transient >wait60 due2 >update2 done "
		">nothing"
		" timer >check same >update1 done >nothing",
		"plan=cob start same done done due >check removed >delete failed >wait60 timer "
		">check"
		" removed >delete plan=ob done >nothing",
		"plan=co start same done done due >check same >update1 failed >check same "
		">register1",
		"plan=co start same done done lost2 >register2 failed >wait60 timer >register2",
		"plan=co start same done done due >check lost >nothing same >register1 done "
		">nothing",
		"plan=co start same done done due >check same >update1 lost >nothing failed >check",
		/* What a device forgot to take out of the plan is not spoken to. */
		"plan=co start same done done due >check removed >delete done >wait60 timer >check "
		"none"
		" >wait120",
		/* Waits double, start over after success, and nothing puts them off. */
		"plan=ob start none done failed >bootstrap failed >wait60 timer >register2 failed"
		" >bootstrap failed >wait120 timer >register2 done >nothing lost2 >register2 failed"
		" >bootstrap failed >wait60",
		"plan=ob start none done done >nothing trigger >bootstrap failed >wait60 due2 "
		">update2"
		" done >nothing",
		"plan=co start same done failed >wait60 due >check timer >nothing same >update1 "
		"done"
		" >register2",
		/* Nothing anywhere: from the beginning again, a card may have been put in. */
		"start >check none >factory failed >wait60 timer >check none >factory failed "
		">wait120"
		" timer >check new >apply plan=cb done >register1",
		/* Registrations are kept while bootstrapping, and renewed after it. */
		"plan=ob start none done done >nothing trigger >bootstrap due2 >nothing failed "
		">wait60",
		"plan=ob start none done done trigger >bootstrap plan=ob done >register2",
		/* A factory reset starts from the beginning. */
		"plan=co start same done done plan= start >check none >factory plan=b done "
		">bootstrap",
		/* The server goes while it is spoken to. */
		"plan=ob start none done >register2 plan=b failed >bootstrap",
		"plan=ob start none done >register2 plan=b done >bootstrap",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		dialogue(rows[i]);
	printf("%zu dialogues\n", sizeof rows / sizeof *rows);
}

/* ---- every state, every event ---- */

/* The way into each state, with one server of the card and one of its own. */
static const char *const ways[] = {
	"",
	"start",
	"start removed",
	"start new",
	"start none",
	"start same done done due",
	"start same",
	"start same done done due2",
	"start same failed failed",
	"start same failed failed timer",
	"start same done done",
	"start transient done failed",
};

/* Rows as states, columns as events; "." is nothing, and no other state. */
static const char *const table[] = {
	/* rest */
	"check>card . . . . . . . . . . . refuse>rest . . . . .",
	/* card */
	"check>card register1>register apply>apply disable>clean disable>clean delete>clean "
	"delete>clean factory>factory factory>factory . . . refuse>card . . . . .",
	/* clean */
	"check>card . . . . . . . . factory>factory factory>factory . refuse>clean . . . . .",
	/* apply */
	"check>card . . . . . . . . register1>register factory>factory . refuse>apply . . . . .",
	/* factory */
	"check>card . . . . . . . . register2>register register2>register . refuse>factory . . . . "
	".",
	/* check */
	"check>card update1>update apply>apply disable>clean disable>clean delete>clean "
	"delete>clean wait60>online wait60>online . . . . . . . . .",
	/* register */
	"check>card . . . . . . . . register2>register register2>register . . . . . . .",
	/* update */
	"check>card . . . . . . . . nothing>online register2>register . . . . . . .",
	/* hold */
	"check>card . . . . . . . . . . bootstrap>bootstrap . . . . . .",
	/* bootstrap */
	"check>card . . . . . . . . check>check wait60>retry . . . . . . .",
	/* online */
	"check>card . . . . . . . . . . . wait7>hold check>check update2>update . check>check "
	"register2>register",
	/* retry */
	"check>card . . . . . . . . . . check>check wait7>hold . . . . .",
};

static void matrix(void **state)
{
	bool wrong = false;

	(void)state;
	assert_int_equal(sizeof table / sizeof *table, sizeof states / sizeof *states);
	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
		char row[1000] = "";

		for (size_t e = 0; e < EVENTS; e++) {
			const struct imr_plan plan = plan_of("cobh");
			struct imr_sequence s;
			struct imr_action a;
			char way[100], got[40], cell[100], *word, *rest = way;

			memset(&s, 0, sizeof s);
			imr_sequence_configure(&s, &plan);
			snprintf(way, sizeof way, "%s", ways[w]);
			while ((word = strtok_r(rest, " ", &rest)))
				for (size_t i = 0; i < EVENTS; i++)
					if (strcmp(events[i].word, word) == 0)
						(void)imr_sequence(&s, &events[i].event);
			if (s.state != (enum imr_sequence_state)w)
				fail_msg("%s leads to %s", ways[w], states[s.state]);
			a = imr_sequence(&s, &events[e].event);
			describe(&a, got);
			if (a.kind == IMR_NOTHING && s.state == (enum imr_sequence_state)w)
				snprintf(cell, sizeof cell, "%s.", e ? " " : "");
			else
				snprintf(cell, sizeof cell, "%s%s>%s", e ? " " : "", got,
					states[s.state]);
			strcat(row, cell);
		}
		if (strcmp(row, table[w]) != 0) {
			printf("\t\"%s\", /* %s */\n", row, states[w]);
			wrong = true;
		}
	}
	assert_false(wrong);
}

/* ---- the rules, watched over long walks ---- */

struct monitor {
	bool sources;  /* both tried */
	bool fresh;    /* the card is the one, and nothing was sent since */
	bool held_off; /* the hold-off has passed */
	bool registered[10];
	unsigned without_wait;
	const char *broken;
};

static bool of_card(const struct imr_plan *plan, uint16_t ssid)
{
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->servers[i].ssid == ssid)
			return plan->servers[i].from_card;
	return false;
}

static void watch(struct monitor *m, const struct imr_plan *plan, enum imr_action_kind before,
	const struct imr_event *e, const struct imr_action *a)
{
	bool answered = before == IMR_CHECK_CARD && e->kind == IMR_CARD;

	if (answered)
		m->fresh = e->card == IMR_CARD_SAME;
	if (before == IMR_APPLY_CARD && e->kind == IMR_DONE)
		m->fresh = true;
	if (before == IMR_LOAD_FACTORY || (answered && e->card == IMR_CARD_SAME) ||
		(before == IMR_APPLY_CARD && e->kind == IMR_DONE))
		m->sources = true;
	if (e->kind == IMR_START)
		m->sources = false;
	if (e->kind == IMR_TRIGGER && !m->sources && a->kind != IMR_REFUSE)
		m->broken = "C6: a trigger before the sources were tried";
	if (a->kind == IMR_REGISTER || a->kind == IMR_UPDATE) {
		if (!m->sources)
			m->broken = "C4: a message before the sources were tried";
		if (of_card(plan, a->ssid) && !m->fresh)
			m->broken = "S7: a message without a look at the card";
		m->fresh = false;
	}
	if (a->kind == IMR_BOOTSTRAP) {
		if (!plan->account)
			m->broken = "C10: a bootstrap without an account";
		if (plan->hold_off && e->kind != IMR_TIMER)
			m->broken = "C14: a bootstrap without hold-off";
	}
	m->without_wait = e->kind == IMR_TIMER || e->kind >= IMR_TRIGGER || e->kind == IMR_START
				  ? 0
				  : m->without_wait + 1;
	if (m->without_wait > 40)
		m->broken = "it never waits";
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* An event that may follow: mostly the answer to what is open. */
static struct imr_event some_event(uint32_t *seed, enum imr_action_kind open)
{
	uint32_t r = next_random(seed) % 16;

	if (r < 2)
		return events[next_random(seed) % EVENTS].event;
	if (open == IMR_CHECK_CARD)
		return events[1 + next_random(seed) % 8].event;
	if (open == IMR_NOTHING || open == IMR_WAIT)
		return events[r < 8 ? 11 : 12 + next_random(seed) % 6].event;
	return events[r < 9 ? 9 : 10].event;
}

/* meddle: pretend that the card was looked at; the monitor must see it. */
static const char *walk(uint32_t seed, bool meddle, unsigned *messages)
{
	static const char *const plans[] = { "", "b", "bh", "o", "ob", "obh", "c", "cb", "co",
		"cob", "cobh", "cBb", "cEb" };
	struct imr_plan plan = plan_of(plans[seed % (sizeof plans / sizeof *plans)]);
	struct imr_sequence s;
	struct monitor m;
	enum imr_action_kind open = IMR_NOTHING;
	struct imr_event e = { .kind = IMR_START };

	memset(&s, 0, sizeof s);
	memset(&m, 0, sizeof m);
	imr_sequence_configure(&s, &plan);
	for (unsigned i = 0; i < 400 && !m.broken; i++) {
		struct imr_action a;

		if (next_random(&seed) % 32 == 0) {
			plan = plan_of(plans[next_random(&seed) % (sizeof plans / sizeof *plans)]);
			imr_sequence_configure(&s, &plan);
		}
		if (meddle && next_random(&seed) % 8 == 0)
			s.fresh = true;
		a = imr_sequence(&s, &e);
		watch(&m, &s.plan, open, &e, &a);
		assert_true((unsigned)s.state <= IMR_SEQ_RETRY);
		assert_true(a.kind != IMR_WAIT || (a.seconds > 0 && a.seconds <= IMR_RETRY_MAX));
		*messages += a.kind == IMR_REGISTER || a.kind == IMR_UPDATE;
		/* What is open stays open until it is answered. */
		if (a.kind != IMR_NOTHING && a.kind != IMR_REFUSE)
			open = a.kind;
		else if (s.state == IMR_SEQ_ONLINE || s.state == IMR_SEQ_RETRY)
			open = IMR_NOTHING;
		e = some_event(&seed, open);
	}
	return m.broken;
}

static void walks(void **state)
{
	unsigned messages = 0, caught = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 3000; seed++) {
		const char *broken = walk(seed, false, &messages);

		if (broken)
			fail_msg("walk %u: %s", seed, broken);
	}
	assert_true(messages > 10000);
	for (uint32_t seed = 1; seed <= 300; seed++)
		caught += walk(seed, true, &(unsigned){ 0 }) != NULL;
	printf("3000 walks of 400 events, %u messages; tampered with, %u of 300 are caught\n",
		messages, caught);
	assert_true(caught > 100);
}

/* ---- the card ---- */

static void card_changes(void **state)
{
	const struct imr_store_card none = { .id_n = 0 }, a = { 10, { 0x98, 0x88 }, { 1, 2 } };
	const struct imr_store_card other = { 10, { 0x98, 0x89 }, { 1, 2 } };
	const struct imr_store_card shorter = { 9, { 0x98, 0x88 }, { 1, 2 } };
	const struct imr_store_card edited = { 10, { 0x98, 0x88 }, { 1, 3 } };
	const struct imr_store_card too_long = { 11, { 0x98, 0x88 }, { 1, 2 } };
	const struct {
		const struct imr_store_card *applied;
		bool present;
		enum imr_status status;
		const struct imr_store_card *now;
		enum imr_card_change change;
	} rows[] = {
		{ &none, false, IMR_E_IO, &none, IMR_CARD_NONE },
		{ &none, true, IMR_OK, &a, IMR_CARD_NEW },
		{ &none, true, IMR_OK, &none, IMR_CARD_TRANSIENT },
		{ &none, true, IMR_E_NONE, &a, IMR_CARD_NONE },
		{ &none, true, IMR_E_DAMAGED, &a, IMR_CARD_NONE },
		{ &none, true, IMR_E_IO, &a, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_OK, &a, IMR_CARD_SAME },
		{ &a, true, IMR_OK, &edited, IMR_CARD_CHANGED },
		{ &a, true, IMR_E_NONE, &a, IMR_CARD_CHANGED },
		{ &a, true, IMR_E_DAMAGED, &a, IMR_CARD_CHANGED },
		{ &a, true, IMR_E_SPACE, &a, IMR_CARD_CHANGED },
		{ &a, true, IMR_E_IO, &a, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_E_LIMIT, &a, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_E_REFUSED, &a, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_E_STOPPED, &a, IMR_CARD_TRANSIENT },
		{ &a, true, (enum imr_status)(IMR_OK ^ 1), &a, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_OK, &none, IMR_CARD_TRANSIENT },
		{ &a, true, IMR_OK, &other, IMR_CARD_REMOVED },
		{ &a, true, IMR_E_IO, &other, IMR_CARD_REMOVED },
		{ &a, true, IMR_OK, &shorter, IMR_CARD_REMOVED },
		{ &a, true, IMR_OK, &too_long, IMR_CARD_REMOVED },
		{ &too_long, true, IMR_OK, &too_long, IMR_CARD_REMOVED },
		{ &a, false, IMR_OK, &a, IMR_CARD_REMOVED },
		{ &a, false, IMR_E_IO, &none, IMR_CARD_REMOVED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (imr_card_change(rows[i].applied, rows[i].present, rows[i].status,
			    rows[i].now) != rows[i].change)
			fail_msg("row %zu", i);
	/* Each octet of identity and digest counts. */
	for (size_t i = 0; i < 42; i++) {
		struct imr_store_card now = a;

		if (i < 10)
			now.id[i] ^= 0x80;
		else
			now.digest[i - 10] ^= 0x01;
		assert_int_equal(imr_card_change(&a, true, IMR_OK, &now),
			i < 10 ? IMR_CARD_REMOVED : IMR_CARD_CHANGED);
	}
}

/* ---- the plan out of resources ---- */

static void visit(struct imr_plan *plan, uint16_t object, uint16_t instance, uint16_t resource,
	const char *value, size_t n)
{
	const struct imr_resource r = { object, instance, resource, IMR_NO_ID,
		(const uint8_t *)value, n };

	assert_int_equal(imr_plan_visit(plan, &r), 0);
}

static void plans(void **state)
{
	struct imr_plan plan = { .n = 0 };
	struct imr_sequence s;
	const struct imr_resource ninth = { 1, 99, 0, IMR_NO_ID, (const uint8_t *)"\1", 1 };

	(void)state;
	visit(&plan, 0, 0, 11, "\x00\x20", 2); /* hold-off before the flag */
	visit(&plan, 0, 0, 1, "\1", 1);
	visit(&plan, 0, 1, 1, "\0", 1);
	visit(&plan, 0, 1, 11, "\x7F", 1); /* of a server account: means nothing */
	assert_true(plan.account);
	assert_int_equal(plan.hold_off, 0x20);
	visit(&plan, 1, 0, 0, "\x01\x00", 2);
	visit(&plan, 1, 1, 13, "\xC8", 1); /* 200, not -56 */
	visit(&plan, 1, 1, 0, "\x07", 1);
	plan.from_card = true;
	visit(&plan, 1, 2, 0, "\x03", 1);
	visit(&plan, 1, 2, 13, "\x64", 1);
	visit(&plan, 1, 2, 15, "\1", 1);
	visit(&plan, 1, 3, 0, "\x00\x01\x00\x07", 4); /* no SSID, however it is cut */
	visit(&plan, 1, 3, 16, "\1", 1);
	visit(&plan, 1, 4, 0, "\x00\x00\xFF\xFF", 4);
	visit(&plan, 1, 5, 0, "\x05", 1);
	visit(&plan, 1, 5, 13, "\x01\x00\x00\x00\x00", 5); /* beyond 32 bits */
	visit(&plan, 3, 0, 0, "x", 1);
	assert_int_equal(plan.n, 6);

	memset(&s, 0, sizeof s);
	imr_sequence_configure(&s, &plan);
	assert_int_equal(s.plan.n, 4);
	assert_int_equal(s.plan.servers[0].ssid, 3);
	assert_true(s.plan.servers[0].from_card && s.plan.servers[0].blocks);
	assert_int_equal(s.plan.servers[1].ssid, 7);
	assert_int_equal(s.plan.servers[1].priority, 200);
	assert_int_equal(s.plan.servers[2].ssid, 5);
	assert_int_equal(s.plan.servers[3].ssid, 256);
	assert_false(s.plan.servers[3].from_card);

	visit(&plan, 1, 6, 0, "\x06", 1);
	visit(&plan, 1, 7, 0, "\x08", 1);
	assert_int_not_equal(imr_plan_visit(&plan, &ninth), 0);
	assert_int_equal(plan.n, IMR_SERVERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues),
		cmocka_unit_test(matrix),
		cmocka_unit_test(walks),
		cmocka_unit_test(card_changes),
		cmocka_unit_test(plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
