/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_life.h"

#include "codec/slot.h"
#include "crypto/sha256.h"

#include <string.h>

/* ---- from a file into the store's set ---------------------------------------------------------
 */

/* While the reader visits, its buffer holds the whole file, checked and not yet wiped: the first
 * call is the moment to take its digest, or all of it. */
static int note(void *ctx, const struct imr_resource *resource)
{
	struct imp_device_life *l = (struct imp_device_life *)ctx;

	(void)resource;
	if (l->seen)
		return 0;
	l->seen = true;
	return imp_sha256(imp_span(l->buffer, l->report.length), l->now.digest) != IMP_OK;
}

/* The bootstrap account of a new source takes the place of any other (K5), and its timeout has not
 * begun. */
static void make_room(struct imp_device_life *l, const struct imr_set *file)
{
	struct imr_store *store = l->store;
	struct imr_at at;

	imr_set_start(&at);
	if (!imr_set_account(file, &at))
		return;
	imr_set_start(&at);
	if (imr_set_account(&store->set, &at))
		imr_set_divide(&store->set, at.instance, false);
	store->keys = l->origin == IMR_ORIGIN_CARD ? IMP_SLOT_KEYS_PERSISTENT : l->report.keys;
	store->remaining = 0;
}

static int take(void *ctx, const struct imr_resource *resource)
{
	struct imp_device_life *l = (struct imp_device_life *)ctx;
	struct imr_set file = { .p = l->buffer, .size = l->size, .n = l->report.length };
	struct imr_at at;

	if (l->seen)
		return 0;
	if (note(ctx, resource) != 0)
		return 1;
	make_room(l, &file);
	imr_set_start(&at);
	while (l->taken == IMR_OK && imr_set_next(&file, &at))
		l->taken = imr_set_put(
			&l->store->set, at.object, at.instance, at.resources, l->origin);
	return 0;
}

static enum imr_status load(struct imp_device_life *l, const struct imr_card *card,
	const struct imr_flash *factory, imr_visit *visit)
{
	const struct imr_config config = { .card = card,
		.flash = factory,
		.buffer = l->buffer,
		.size = l->size,
		.visit = visit,
		.ctx = l,
		.options = IMR_OPT_BASIC_CHANNEL };

	l->seen = false;
	l->taken = IMR_OK;
	return imr_load(&config, &l->report);
}

/* ---- what there is to register with -----------------------------------------------------------
 */

struct planning {
	const struct imr_set *set;
	struct imr_plan plan;
};

static int plan_visit(void *ctx, const struct imr_resource *resource)
{
	struct planning *p = (struct planning *)ctx;
	struct imr_at at;

	p->plan.from_card = imr_set_find(p->set, resource->object, resource->instance, &at) &&
			    at.origin == IMR_ORIGIN_CARD;
	return imr_plan_visit(&p->plan, resource);
}

void imp_device_life_changed(struct imp_device_life *l)
{
	struct planning p = { .set = &l->store->set };

	/* What cannot be read leaves the plan empty: nothing to register with. */
	if (imr_store_read(l->store) == IMR_OK)
		(void)imr_store_visit(l->store, plan_visit, &p);
	imr_store_wipe(l->store);
	imr_sequence_configure(&l->sequence, &p.plan);
}

/* ---- what the sequence wants done -------------------------------------------------------------
 */

static bool in_force(enum imr_status st)
{
	return st == IMR_OK || st == IMR_E_LEFT;
}

static void check_card(struct imp_device_life *l, struct imr_event *event)
{
	enum imr_status st = IMR_E_NONE;
	struct imr_card card;
	bool present = false;

	memset(&l->now, 0, sizeof l->now);
	memset(&l->report, 0, sizeof l->report);
	if (l->slot) {
		present = l->slot->open(l->slot->ctx, &card, l->now.id, &l->now.id_n);
		if (present)
			st = load(l, &card, NULL, note);
		l->slot->close(l->slot->ctx);
	}
	l->change = imr_card_change(&l->store->card, present, st, &l->now);
	*event = (struct imr_event){ .kind = IMR_CARD, .card = l->change, .content = st == IMR_OK };
}

static bool read_card(struct imp_device_life *l)
{
	struct imr_store_card seen = l->now;
	struct imr_card card;
	bool good;

	l->origin = IMR_ORIGIN_CARD;
	good = l->slot && l->slot->open(l->slot->ctx, &card, l->now.id, &l->now.id_n) &&
	       load(l, &card, NULL, take) == IMR_OK && l->taken == IMR_OK;
	if (l->slot)
		l->slot->close(l->slot->ctx);
	/* It may have been exchanged since it was looked at. */
	return good && memcmp(&seen, &l->now, sizeof seen) == 0;
}

/* Out with what came from a card, in with what this one holds: one update. */
static bool apply_card(struct imp_device_life *l)
{
	struct imr_store *store = l->store;
	struct imr_at at;

	if (imr_store_read(store) != IMR_OK)
		return false;
	imr_set_start(&at);
	while (imr_set_next(&store->set, &at))
		if (at.origin == IMR_ORIGIN_CARD || at.origin == IMR_ORIGIN_DISABLED)
			imr_set_remove(&store->set, &at);
	if (!read_card(l)) {
		(void)imr_store_read(store); /* keys and timeout as they were */
		imr_store_wipe(store);
		return false;
	}
	store->card = l->now;
	return in_force(imr_store_apply(store));
}

static bool load_factory(struct imp_device_life *l)
{
	struct imr_store *store = l->store;

	if (!l->factory || store->flags & IMR_STORE_FACTORY_SPENT ||
		imr_store_read(store) != IMR_OK)
		return false;
	l->origin = IMR_ORIGIN_FACTORY;
	if (load(l, NULL, l->factory, take) != IMR_OK || l->taken != IMR_OK) {
		(void)imr_store_read(store);
		imr_store_wipe(store);
		return false;
	}
	return in_force(imr_store_apply(store));
}

/* Do what is not the caller's; *event becomes how it went. */
static bool carry_out(
	struct imp_device_life *l, const struct imr_action *action, struct imr_event *event)
{
	const struct imr_plan *plan = &l->sequence.plan;
	bool done;

	if (action->kind == IMR_CHECK_CARD) {
		check_card(l, event);
		if (l->done)
			l->done(l->done_ctx, action, true);
		return true;
	}
	if (action->kind == IMR_LOAD_FACTORY && (plan->n || plan->account)) {
		*event = (struct imr_event){ .kind = IMR_DONE }; /* in force from earlier */
		return true;
	}
	if (action->kind == IMR_APPLY_CARD)
		done = apply_card(l);
	else if (action->kind == IMR_DISABLE_CARD)
		done = in_force(imr_store_card_disabled(l->store));
	else if (action->kind == IMR_DELETE_CARD)
		done = in_force(imr_store_card_removed(l->store));
	else if (action->kind == IMR_LOAD_FACTORY)
		done = load_factory(l);
	else
		return false;
	*event = (struct imr_event){ .kind = done ? IMR_DONE : IMR_FAILED };
	if (done)
		imp_device_life_changed(l);
	if (l->done)
		l->done(l->done_ctx, action, done);
	return true;
}

struct imr_action imp_device_life_event(struct imp_device_life *l, const struct imr_event *event)
{
	struct imr_event own = *event;
	struct imr_action action;

	do
		action = imr_sequence(&l->sequence, &own);
	while (carry_out(l, &action, &own));
	return action;
}

struct imr_action imp_device_life_start(struct imp_device_life *l)
{
	const struct imr_event start = { .kind = IMR_START };

	memset(&l->sequence, 0, sizeof l->sequence);
	l->opened = imr_store_open(l->store);
	imp_device_life_changed(l);
	return imp_device_life_event(l, &start);
}

bool imp_device_life_elapsed(struct imp_device_life *l, uint32_t seconds)
{
	bool running = l->store->remaining != 0;

	(void)imr_store_elapsed(l->store, seconds); /* a failure is tried again with the next */
	if (!running || l->store->remaining != 0)
		return false;
	imp_device_life_changed(l);
	return !l->sequence.plan.account;
}

enum imr_status imp_device_life_reset(struct imp_device_life *l)
{
	bool spent = l->store->flags & IMR_STORE_FACTORY_SPENT;
	const struct imr_flash *factory = spent ? NULL : l->factory;
	struct imr_card card;
	bool present = l->slot && l->slot->open(l->slot->ctx, &card, l->now.id, &l->now.id_n);
	bool enough = load(l, present ? &card : NULL, factory, NULL) == IMR_OK;

	if (l->slot)
		l->slot->close(l->slot->ctx);
	return imr_store_reset(l->store, enough);
}
