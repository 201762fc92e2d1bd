/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/sequence.h"

#include "reader/walk.h" /* IMR_APART */

#include <string.h>

/* State of a server. */
#define REGISTERED 1U
#define DUE 2U /* for an Update */
#define TRIED 4U
#define HELD 8U /* nothing goes to it until the card has been looked at again */
#define ALL 15U
#define FAILED 16U

/* ---- the card (S10, D4) ---- */

/* The card was read, and there is nothing in it that could be applied. */
#define EMPTY (1U << IMR_E_NONE | 1U << IMR_E_DAMAGED | 1U << IMR_E_NEWER | 1U << IMR_E_SPACE)

enum imr_card_change imr_card_change(const struct imr_store_card *applied, bool present,
	enum imr_status status, const struct imr_store_card *now)
{
	bool known = applied->id_n != 0;

	if (!present)
		return known ? IMR_CARD_REMOVED : IMR_CARD_NONE;
	if (now->id_n == 0) /* what is applied without one is never recognized again */
		return IMR_CARD_TRANSIENT;
	if (known && (now->id_n != applied->id_n || now->id_n > sizeof now->id ||
			     memcmp(now->id, applied->id, now->id_n) != 0))
		return IMR_CARD_REMOVED;
	if (status == IMR_OK) {
		if (!known)
			return IMR_CARD_NEW;
		if (memcmp(now->digest, applied->digest, sizeof now->digest) == 0)
			return IMR_CARD_SAME;
	} else if ((unsigned)status > IMR_E_SPACE || !(EMPTY >> status & 1)) {
		return IMR_CARD_TRANSIENT;
	}
	return known ? IMR_CARD_CHANGED : IMR_CARD_NONE;
}

/* ---- the plan ---- */

/* The hold-off may come before the flag that says whose it is. */
static void security(struct imr_plan *p, const struct imr_resource *r, uint32_t v)
{
	if (p->security != r->instance)
		p->security_hold_off = 0;
	p->security = r->instance;
	if (r->resource == 11)
		p->security_hold_off = v;
	if (r->resource == 1 && v == 1) {
		p->account = true;
		p->account_at = r->instance;
	}
	if (p->account && p->account_at == r->instance)
		p->hold_off = p->security_hold_off;
}

static struct imr_server *server_of(struct imr_plan *p, uint16_t instance)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->servers[i].instance == instance)
			return &p->servers[i];
	if (p->n == IMR_SERVERS_MAX)
		return NULL;
	p->servers[p->n] = (struct imr_server){
		.instance = instance, .priority = IMR_PRIORITY_LAST, .from_card = p->from_card
	};
	return &p->servers[p->n++];
}

int imr_plan_visit(void *plan, const struct imr_resource *r)
{
	struct imr_plan *p = (struct imr_plan *)plan;
	struct imr_server *server;
	uint32_t v = imr_unsigned(r);

	if (r->object == 0)
		security(p, r, v);
	if (r->object != 1)
		return 0;
	server = server_of(p, r->instance);
	if (!server)
		return 1;
	if (r->resource == 0)
		server->ssid = v < IMR_NO_ID ? (uint16_t)v : 0;
	else if (r->resource == 13)
		server->priority = v;
	else if (r->resource == 15)
		server->blocks = v == 1;
	else if (r->resource == 16)
		server->bootstrap = v == 1;
	return 0;
}

static bool before(const struct imr_server *a, const struct imr_server *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->ssid < b->ssid;
}

static IMR_APART struct imr_server *find(struct imr_plan *p, uint16_t ssid)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->servers[i].ssid == ssid)
			return &p->servers[i];
	return NULL;
}

void imr_sequence_configure(struct imr_sequence *s, const struct imr_plan *plan)
{
	struct imr_plan next = *plan;
	const struct imr_server *from = plan->servers, *end = from + plan->n;

	next.n = 0;
	for (; from < end; from++) {
		const struct imr_server *old = find(&s->plan, from->ssid);
		struct imr_server *to = &next.servers[next.n];

		if (from->ssid == 0)
			continue;
		for (; to > next.servers && before(from, to - 1); to--)
			*to = to[-1];
		*to = *from;
		to->state = old ? old->state & (REGISTERED | DUE) : 0;
		next.n++;
	}
	s->plan = next;
}

/* Take these states from every server, or those of the card alone, and give them that one. */
static void mark(struct imr_sequence *s, bool of_card_only, unsigned without, unsigned with)
{
	for (unsigned i = 0; i < s->plan.n; i++) {
		struct imr_server *server = &s->plan.servers[i];

		if (server->from_card || !of_card_only)
			server->state = (uint8_t)((server->state & ~without) | with);
	}
}

/* States that some server has; FAILED: one is not registered. */
static IMR_APART unsigned states(const struct imr_sequence *s)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < s->plan.n; i++) {
		unsigned state = s->plan.servers[i].state;

		seen |= state & REGISTERED ? state : state | FAILED;
	}
	return seen;
}

/* ---- what to do next ---- */

static enum imr_action_kind act(
	struct imr_sequence *s, enum imr_sequence_state state, enum imr_action_kind kind)
{
	s->state = state;
	return kind;
}

static enum imr_action_kind wait(struct imr_sequence *s, enum imr_sequence_state state)
{
	s->state = state;
	if (s->waiting) /* the earlier one goes on, or frequent Updates would put it off */
		return IMR_NOTHING;
	s->waiting = true;
	s->seconds = s->retry;
	s->retry *= 2;
	if (s->retry > IMR_RETRY_MAX)
		s->retry = IMR_RETRY_MAX;
	return IMR_WAIT;
}

static enum imr_action_kind bootstrap(struct imr_sequence *s)
{
	s->triggered = s->fresh = false;
	s->seconds = s->plan.hold_off;
	s->waiting = s->seconds != 0;
	if (!s->waiting)
		return act(s, IMR_SEQ_BOOTSTRAP, IMR_BOOTSTRAP);
	return act(s, IMR_SEQ_HOLD, IMR_WAIT);
}

static bool wanted(const struct imr_server *server)
{
	unsigned state = server->state;

	return !(state & HELD) && (state & REGISTERED ? state & DUE : !(state & TRIED));
}

/* Register or Update; for a server of the card after a look at it (S7). */
static enum imr_action_kind message(struct imr_sequence *s, const struct imr_server *server)
{
	s->ssid = server->ssid;
	if (server->from_card && !s->fresh)
		return act(s, IMR_SEQ_CHECK, IMR_CHECK_CARD);
	s->fresh = false;
	if (server->state & REGISTERED)
		return act(s, IMR_SEQ_UPDATE, IMR_UPDATE);
	return act(s, IMR_SEQ_REGISTER, IMR_REGISTER);
}

/* With nothing open: what the sequence comes to now. */
static enum imr_action_kind settle(struct imr_sequence *s)
{
	unsigned seen = states(s);

	if (s->triggered && s->plan.account)
		return bootstrap(s);
	s->triggered = false;
	for (unsigned i = 0; i < s->plan.n; i++)
		if (wanted(&s->plan.servers[i]))
			return message(s, &s->plan.servers[i]);
	s->fresh = false;
	if ((seen & (REGISTERED | HELD | FAILED)) == REGISTERED) {
		s->retry = IMR_RETRY;
		return act(s, IMR_SEQ_ONLINE, IMR_NOTHING);
	}
	if (seen & REGISTERED)
		return wait(s, IMR_SEQ_ONLINE);
	if (seen & HELD || !s->plan.account)
		return wait(s, IMR_SEQ_RETRY);
	return bootstrap(s);
}

/* Steps 1 and 2 of the sequence are over. */
static enum imr_action_kind sources_tried(struct imr_sequence *s)
{
	s->sources_tried = true;
	return settle(s);
}

static enum imr_action_kind factory(struct imr_sequence *s)
{
	return act(s, IMR_SEQ_FACTORY, IMR_LOAD_FACTORY);
}

/* Nothing came of the card; at boot the factory is next (C5). */
static enum imr_action_kind without_card(struct imr_sequence *s)
{
	return s->sources_tried ? settle(s) : factory(s);
}

/* ---- events ---- */

static enum imr_action_kind start(struct imr_sequence *s)
{
	s->sources_tried = s->triggered = s->waiting = s->fresh = s->apply = false;
	s->retry = IMR_RETRY;
	mark(s, false, ALL, 0);
	return act(s, IMR_SEQ_CARD, IMR_CHECK_CARD);
}

static enum imr_action_kind card(struct imr_sequence *s, const struct imr_event *e)
{
	s->apply = e->content;
	switch (e->card) {
	case IMR_CARD_SAME:
		s->fresh = true;
		return sources_tried(s);
	case IMR_CARD_CHANGED:
		return act(s, IMR_SEQ_CLEAN, IMR_DISABLE_CARD);
	case IMR_CARD_REMOVED:
		return act(s, IMR_SEQ_CLEAN, IMR_DELETE_CARD);
	case IMR_CARD_NEW:
		if (e->content)
			return act(s, IMR_SEQ_APPLY, IMR_APPLY_CARD);
		break;
	case IMR_CARD_TRANSIENT:
	case IMR_CARD_NONE:
	default:
		break;
	}
	mark(s, true, 0, HELD);
	return without_card(s);
}

/* What came from the card is out of use, or could not be put out of it.  Until something is applied
 * nothing goes to its servers, should there still be any. */
static enum imr_action_kind cleaned(struct imr_sequence *s, bool done)
{
	bool apply = s->apply && done;

	s->apply = false;
	mark(s, true, ALL, HELD);
	return apply ? act(s, IMR_SEQ_APPLY, IMR_APPLY_CARD) : without_card(s);
}

static enum imr_action_kind applied(struct imr_sequence *s, bool done)
{
	if (!done)
		return without_card(s);
	mark(s, true, ALL, 0);
	s->fresh = true;
	return sources_tried(s);
}

static enum imr_action_kind answered(struct imr_sequence *s, bool done)
{
	struct imr_server *server = find(&s->plan, s->ssid);

	if (!server) /* it went while it was spoken to */
		return settle(s);
	if (done) {
		server->state = (server->state & HELD) | TRIED | REGISTERED;
	} else if (s->state == IMR_SEQ_UPDATE) {
		/* An Update that failed leads to a new registration (6.2.2), one that failed to
		 * waiting. */
		server->state &= HELD;
	} else {
		server->state |= TRIED;
		s->triggered |= server->bootstrap;
		if (server->blocks)
			while (server++ != &s->plan.servers[s->plan.n - 1])
				server->state |= TRIED;
	}
	return settle(s);
}

/* Done: all register anew.  Failed: again later, the servers first. */
static enum imr_action_kind bootstrapped(struct imr_sequence *s, bool done)
{
	s->triggered = false;
	if (done) {
		s->retry = IMR_RETRY;
		mark(s, false, ALL, 0);
		return settle(s);
	}
	return wait(s, states(s) & REGISTERED ? IMR_SEQ_ONLINE : IMR_SEQ_RETRY);
}

static enum imr_action_kind result(struct imr_sequence *s, bool done)
{
	switch (s->state) {
	case IMR_SEQ_CLEAN:
		return cleaned(s, done);
	case IMR_SEQ_APPLY:
		return applied(s, done);
	case IMR_SEQ_FACTORY:
		return sources_tried(s);
	case IMR_SEQ_REGISTER:
	case IMR_SEQ_UPDATE:
		return answered(s, done);
	case IMR_SEQ_BOOTSTRAP:
		return bootstrapped(s, done);
	case IMR_SEQ_REST:
	case IMR_SEQ_CARD:
	case IMR_SEQ_CHECK:
	case IMR_SEQ_HOLD:
	case IMR_SEQ_ONLINE:
	case IMR_SEQ_RETRY:
	default:
		return IMR_NOTHING;
	}
}

/* What has changed is looked at now if nothing is open, else when that is answered. */
static IMR_APART enum imr_action_kind idle(struct imr_sequence *s)
{
	return s->state >= IMR_SEQ_ONLINE ? settle(s) : IMR_NOTHING;
}

static enum imr_action_kind timer(struct imr_sequence *s)
{
	if (!s->waiting)
		return IMR_NOTHING;
	s->waiting = false;
	if (s->state == IMR_SEQ_HOLD && s->plan.account)
		return act(s, IMR_SEQ_BOOTSTRAP, IMR_BOOTSTRAP);
	if (s->state == IMR_SEQ_RETRY && s->plan.n == 0 && !s->plan.account) {
		s->sources_tried = false;
		return act(s, IMR_SEQ_CARD, IMR_CHECK_CARD);
	}
	mark(s, false, TRIED | HELD, 0);
	if (s->state == IMR_SEQ_HOLD)
		s->state = IMR_SEQ_RETRY;
	return idle(s);
}

/* C6, C9: refused before the sources were tried, and without an account. */
static enum imr_action_kind trigger(struct imr_sequence *s)
{
	if (!s->sources_tried || !s->plan.account)
		return IMR_REFUSE;
	if (s->state == IMR_SEQ_HOLD || s->state == IMR_SEQ_BOOTSTRAP)
		return IMR_NOTHING;
	s->triggered = true;
	return idle(s);
}

static enum imr_action_kind of_server(struct imr_sequence *s, const struct imr_event *e)
{
	struct imr_server *server = find(&s->plan, e->ssid);

	if (!server || !(server->state & REGISTERED))
		return IMR_NOTHING;
	if (e->kind == IMR_DUE)
		server->state |= DUE;
	else
		server->state &= HELD;
	return idle(s);
}

static enum imr_action_kind next(struct imr_sequence *s, const struct imr_event *event)
{
	switch (event->kind) {
	case IMR_START:
		return start(s);
	case IMR_CARD:
		if (s->state == IMR_SEQ_CARD || s->state == IMR_SEQ_CHECK)
			return card(s, event);
		return IMR_NOTHING;
	case IMR_DONE:
	case IMR_FAILED:
		return result(s, event->kind == IMR_DONE);
	case IMR_TIMER:
		return timer(s);
	case IMR_TRIGGER:
		return trigger(s);
	case IMR_DUE:
	case IMR_LOST:
		return of_server(s, event);
	default:
		return IMR_NOTHING;
	}
}

struct imr_action imr_sequence(struct imr_sequence *s, const struct imr_event *event)
{
	struct imr_action action;

	action.kind = next(s, event);
	action.ssid = s->ssid;
	action.seconds = s->seconds;
	return action;
}
