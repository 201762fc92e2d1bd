/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/sequence.h"

#include <string.h>

#define NO_SERVER IMR_SERVERS_MAX

/* ---- the card (S10, D4) ---- */

enum imr_card_change imr_card_change(const struct imr_store_card *applied, bool present,
	enum imr_status status, const struct imr_store_card *now)
{
	bool known = applied->id_n != 0;

	if (!present)
		return known ? IMR_CARD_REMOVED : IMR_CARD_NONE;
	if (known && now->id_n == 0)
		return IMR_CARD_TRANSIENT;
	if (known && (now->id_n != applied->id_n || now->id_n > sizeof now->id ||
			     memcmp(now->id, applied->id, now->id_n) != 0))
		return IMR_CARD_REMOVED;
	switch ((unsigned)status) {
	case IMR_OK:
		if (!known)
			return IMR_CARD_NEW;
		return memcmp(now->digest, applied->digest, sizeof now->digest) == 0
			       ? IMR_CARD_SAME
			       : IMR_CARD_CHANGED;
	case IMR_E_NONE:
	case IMR_E_DAMAGED:
	case IMR_E_NEWER:
	case IMR_E_SPACE:
		return known ? IMR_CARD_CHANGED : IMR_CARD_NONE;
	default:
		return IMR_CARD_TRANSIENT;
	}
}

/* ---- the plan ---- */

/* Big-endian, what does not fit as the largest.  No number of interest here is negative, and
 * Unsigned has no sign. */
static uint32_t natural(const struct imr_resource *r)
{
	uint32_t v = 0;

	for (size_t i = 0; i < r->length; i++) {
		if (v >> 24)
			return 0xFFFFFFFFU;
		v = v << 8 | r->value[i];
	}
	return v;
}

/* The hold-off may come before the flag that says whose it is. */
static void security(struct imr_plan *p, const struct imr_resource *r)
{
	if (p->security != r->instance)
		p->security_hold_off = 0;
	p->security = r->instance;
	if (r->resource == 11)
		p->security_hold_off = natural(r);
	if (r->resource == 1 && natural(r) == 1) {
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
	uint32_t v;

	if (r->object == 0)
		security(p, r);
	if (r->object != 1)
		return 0;
	server = server_of(p, r->instance);
	if (!server)
		return 1;
	v = natural(r);
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

/* Index of a server; NO_SERVER: there is none. */
static unsigned find(const struct imr_plan *p, uint16_t ssid)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->servers[i].ssid == ssid)
			return i;
	return NO_SERVER;
}

void imr_sequence_configure(struct imr_sequence *s, const struct imr_plan *plan)
{
	struct imr_plan next = *plan;

	next.n = 0;
	for (unsigned i = 0; i < plan->n; i++) {
		struct imr_server server = plan->servers[i];
		unsigned old = find(&s->plan, server.ssid), at = next.n;

		if (server.ssid == 0)
			continue;
		server.registered = old != NO_SERVER && s->plan.servers[old].registered;
		server.due = server.registered && s->plan.servers[old].due;
		server.tried = server.held = false;
		for (; at > 0 && before(&server, &next.servers[at - 1]); at--)
			next.servers[at] = next.servers[at - 1];
		next.servers[at] = server;
		next.n++;
	}
	s->plan = next;
}

/* Every server that fits is as new. */
static void renew(struct imr_sequence *s, bool of_card_only, bool registered_too)
{
	for (unsigned i = 0; i < s->plan.n; i++) {
		struct imr_server *server = &s->plan.servers[i];

		if (of_card_only && !server->from_card)
			continue;
		server->tried = server->held = false;
		if (registered_too)
			server->registered = server->due = false;
	}
}

/* Nothing goes to the card's servers until it has been looked at again. */
static void hold(struct imr_sequence *s)
{
	for (unsigned i = 0; i < s->plan.n; i++)
		if (s->plan.servers[i].from_card)
			s->plan.servers[i].held = true;
}

/* ---- what to do next ---- */

static struct imr_action act(
	struct imr_sequence *s, enum imr_sequence_state state, enum imr_action_kind kind)
{
	s->state = state;
	return (struct imr_action){ kind, 0, 0 };
}

static struct imr_action wait(struct imr_sequence *s, enum imr_sequence_state state)
{
	struct imr_action a;

	if (s->waiting) /* the earlier one goes on, or frequent Updates would put it off */
		return act(s, state, IMR_NOTHING);
	s->waiting = true;
	a = act(s, state, IMR_WAIT);
	a.seconds = s->retry;
	s->retry = s->retry < IMR_RETRY_MAX / 2 ? 2 * s->retry : IMR_RETRY_MAX;
	return a;
}

static struct imr_action bootstrap(struct imr_sequence *s)
{
	struct imr_action a;

	s->triggered = s->fresh = s->waiting = false;
	if (s->plan.hold_off == 0)
		return act(s, IMR_SEQ_BOOTSTRAP, IMR_BOOTSTRAP);
	a = act(s, IMR_SEQ_HOLD, IMR_WAIT);
	s->waiting = true;
	a.seconds = s->plan.hold_off;
	return a;
}

static bool wanted(const struct imr_server *server)
{
	return !server->held && (server->registered ? server->due : !server->tried);
}

/* Register or Update; for a server of the card after a look at it (S7). */
static struct imr_action message(struct imr_sequence *s, unsigned i)
{
	const struct imr_server *server = &s->plan.servers[i];
	struct imr_action a;

	s->ssid = server->ssid;
	if (server->from_card && !s->fresh)
		return act(s, IMR_SEQ_CHECK, IMR_CHECK_CARD);
	s->fresh = false;
	if (server->registered)
		a = act(s, IMR_SEQ_UPDATE, IMR_UPDATE);
	else
		a = act(s, IMR_SEQ_REGISTER, IMR_REGISTER);
	a.ssid = server->ssid;
	return a;
}

/* With nothing open: what the sequence comes to now. */
static struct imr_action settle(struct imr_sequence *s)
{
	bool registered = false, held = false, failed = false;

	if (s->triggered && s->plan.account)
		return bootstrap(s);
	s->triggered = false;
	for (unsigned i = 0; i < s->plan.n; i++) {
		const struct imr_server *server = &s->plan.servers[i];

		if (wanted(server))
			return message(s, i);
		registered = registered || server->registered;
		held = held || server->held;
		failed = failed || !server->registered;
	}
	s->fresh = false;
	if (registered && !held && !failed) {
		s->retry = IMR_RETRY;
		return act(s, IMR_SEQ_ONLINE, IMR_NOTHING);
	}
	if (registered)
		return wait(s, IMR_SEQ_ONLINE);
	if (held || !s->plan.account)
		return wait(s, IMR_SEQ_RETRY);
	return bootstrap(s);
}

/* Steps 1 and 2 of the sequence are over. */
static struct imr_action sources_tried(struct imr_sequence *s)
{
	s->sources_tried = true;
	return settle(s);
}

static struct imr_action factory(struct imr_sequence *s)
{
	return act(s, IMR_SEQ_FACTORY, IMR_LOAD_FACTORY);
}

/* Nothing came of the card; at boot the factory is next (C5). */
static struct imr_action without_card(struct imr_sequence *s)
{
	return s->sources_tried ? settle(s) : factory(s);
}

/* ---- events ---- */

static struct imr_action start(struct imr_sequence *s)
{
	s->sources_tried = s->triggered = s->waiting = s->fresh = s->apply = false;
	s->retry = IMR_RETRY;
	renew(s, false, true);
	return act(s, IMR_SEQ_CARD, IMR_CHECK_CARD);
}

static struct imr_action card(struct imr_sequence *s, const struct imr_event *e)
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
	hold(s);
	return without_card(s);
}

/* What came from the card is out of use, or could not be put out of it.  Until something is applied
 * nothing goes to its servers, should there still be any. */
static struct imr_action cleaned(struct imr_sequence *s, bool done)
{
	bool apply = s->apply && done;

	s->apply = false;
	renew(s, true, true);
	hold(s);
	return apply ? act(s, IMR_SEQ_APPLY, IMR_APPLY_CARD) : without_card(s);
}

static struct imr_action applied(struct imr_sequence *s, bool done)
{
	if (!done)
		return without_card(s);
	renew(s, true, true);
	s->fresh = true;
	return sources_tried(s);
}

static struct imr_action answered(struct imr_sequence *s, bool done)
{
	bool update = s->state == IMR_SEQ_UPDATE;
	unsigned i = find(&s->plan, s->ssid);
	struct imr_server *server;

	if (i == NO_SERVER) /* it went while it was spoken to */
		return settle(s);
	server = &s->plan.servers[i];
	server->tried = true;
	server->due = false;
	if (done) {
		server->registered = true;
		return settle(s);
	}
	/* An Update that failed leads to a new registration (6.2.2), one that failed to waiting. */
	if (update) {
		server->registered = server->tried = false;
		return settle(s);
	}
	if (server->bootstrap)
		s->triggered = true;
	while (server->blocks && ++i < s->plan.n)
		s->plan.servers[i].tried = true;
	return settle(s);
}

/* Done: all register anew.  Failed: again later, the servers first. */
static struct imr_action bootstrapped(struct imr_sequence *s, bool done)
{
	bool registered = false;

	s->triggered = false;
	if (done) {
		s->retry = IMR_RETRY;
		renew(s, false, true);
		return settle(s);
	}
	for (unsigned i = 0; i < s->plan.n; i++)
		registered = registered || s->plan.servers[i].registered;
	return wait(s, registered ? IMR_SEQ_ONLINE : IMR_SEQ_RETRY);
}

static struct imr_action result(struct imr_sequence *s, bool done)
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
		return act(s, s->state, IMR_NOTHING);
	}
}

static bool idle(const struct imr_sequence *s)
{
	return s->state == IMR_SEQ_ONLINE || s->state == IMR_SEQ_RETRY;
}

static struct imr_action timer(struct imr_sequence *s)
{
	if (!s->waiting)
		return act(s, s->state, IMR_NOTHING);
	s->waiting = false;
	if (s->state == IMR_SEQ_HOLD && s->plan.account)
		return act(s, IMR_SEQ_BOOTSTRAP, IMR_BOOTSTRAP);
	if (s->state == IMR_SEQ_RETRY && s->plan.n == 0 && !s->plan.account) {
		s->sources_tried = false;
		return act(s, IMR_SEQ_CARD, IMR_CHECK_CARD);
	}
	renew(s, false, false);
	return idle(s) || s->state == IMR_SEQ_HOLD ? settle(s) : act(s, s->state, IMR_NOTHING);
}

/* C6, C9: refused before the sources were tried, and without an account. */
static struct imr_action trigger(struct imr_sequence *s)
{
	if (!s->sources_tried || !s->plan.account)
		return act(s, s->state, IMR_REFUSE);
	if (s->state == IMR_SEQ_HOLD || s->state == IMR_SEQ_BOOTSTRAP)
		return act(s, s->state, IMR_NOTHING);
	s->triggered = true;
	return idle(s) ? settle(s) : act(s, s->state, IMR_NOTHING);
}

static struct imr_action of_server(struct imr_sequence *s, const struct imr_event *e)
{
	unsigned i = find(&s->plan, e->ssid);

	if (i != NO_SERVER && s->plan.servers[i].registered) {
		if (e->kind == IMR_DUE) {
			s->plan.servers[i].due = true;
		} else {
			s->plan.servers[i].registered = s->plan.servers[i].due = false;
			s->plan.servers[i].tried = false;
		}
		if (idle(s))
			return settle(s);
	}
	return act(s, s->state, IMR_NOTHING);
}

struct imr_action imr_sequence(struct imr_sequence *s, const struct imr_event *event)
{
	switch (event->kind) {
	case IMR_START:
		return start(s);
	case IMR_CARD:
		if (s->state == IMR_SEQ_CARD || s->state == IMR_SEQ_CHECK)
			return card(s, event);
		break;
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
		break;
	}
	return act(s, s->state, IMR_NOTHING);
}
