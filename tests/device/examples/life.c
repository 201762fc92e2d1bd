/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a device: the boot sequence decides, the account store remembers, the reader fetches
 * from card and factory slot.  What the sequence wants done to flash and card is done here; what it
 * wants of the network is handed to the caller, who tells how it went.
 *
 *	life_start()			after each reset
 *	life_event()			IMR_DONE, IMR_FAILED, IMR_TIMER, IMR_DUE, ...
 *	life_changed()			after imr_store_finish(), before its IMR_DONE
 *	life_elapsed()			now and then
 *	life_factory_reset()		3/0/5
 */
#ifndef IMR_STORE_H /* a program that has the single headers included them */
#include "imprint_reader.h"
#endif

struct life {
	/* The device's. */
	const struct imr_card *card;   /* NULL: no slot for one */
	const struct imr_flash *slots; /* the factory area */
	/* Octets of EF.ICCID, or of the ATR's for a card without one (10 at most); 0: there is a
	 * card, but they cannot be read; negative: no card. */
	int (*iccid)(void *ctx, uint8_t id[10]);
	void (*sha256)(const uint8_t *p, size_t n, uint8_t digest[32]);
	void *ctx;	 /* for iccid */
	uint8_t *buffer; /* for the file of card or slot; not the store's */
	size_t size;
	struct imr_store *store; /* its flash, set.p and set.size are set */

	/* The rest is life's; zero it. */
	struct imr_sequence sequence;
	struct imr_report report;
	struct imr_store_card now; /* the card in the slot, digest of its file included */
	enum imr_origin origin;	   /* of what is being taken */
	enum imr_status taken;
	bool seen;
};

struct imr_action life_start(struct life *life);
struct imr_action life_event(struct life *life, const struct imr_event *event);
void life_changed(struct life *life);
enum imr_status life_elapsed(struct life *life, uint32_t seconds);
enum imr_status life_factory_reset(struct life *life);

/* ---- from the file of a card or a slot into the store's set ---------------------------------- */

/*
 * While the visitor is called, the buffer of the configuration holds the whole file, length octets:
 * everything has been checked, nothing is wiped yet.  So the first call is the place to take the
 * digest, and to take over the file instance by instance.
 */
static int note(void *ctx, const struct imr_resource *resource)
{
	struct life *life = (struct life *)ctx;

	(void)resource;
	if (!life->seen)
		life->sha256(life->buffer, life->report.length, life->now.digest);
	life->seen = true;
	return 0;
}

/* The bootstrap account of a new source takes the place of any other (K5); its timeout starts with
 * its own Finish.  Of a card's account 0/x/12 alone counts. */
static void make_room(struct life *life, const struct imr_set *file)
{
	struct imr_store *store = life->store;
	struct imr_at at;

	imr_set_start(&at);
	if (!imr_set_account(file, &at))
		return;
	imr_set_start(&at);
	if (imr_set_account(&store->set, &at))
		imr_set_divide(&store->set, at.instance, false);
	store->keys = life->origin == IMR_ORIGIN_CARD ? 0x5A : life->report.keys;
	store->remaining = 0;
}

static int take(void *ctx, const struct imr_resource *resource)
{
	struct life *life = (struct life *)ctx;
	struct imr_set file = { life->buffer, life->size, life->report.length, { 0 } };
	struct imr_at at;

	if (life->seen)
		return 0;
	(void)note(ctx, resource);
	make_room(life, &file);
	imr_set_start(&at);
	while (life->taken == IMR_OK && imr_set_next(&file, &at))
		life->taken = imr_set_put(
			&life->store->set, at.object, at.instance, at.resources, life->origin);
	return 0;
}

static enum imr_status load(struct life *life, const struct imr_card *card,
	const struct imr_flash *slots, imr_visit *visit)
{
	const struct imr_config config = { .card = card,
		.flash = slots,
		.buffer = life->buffer,
		.size = life->size,
		.visit = visit,
		.ctx = life };

	life->seen = false;
	life->taken = IMR_OK;
	return imr_load(&config, &life->report);
}

/* ---- what there is to register with ---------------------------------------------------------- */

struct planning {
	const struct imr_set *set;
	struct imr_plan plan;
};

static int note_server(void *ctx, const struct imr_resource *resource)
{
	struct planning *p = (struct planning *)ctx;
	struct imr_at at;

	p->plan.from_card = imr_set_find(p->set, resource->object, resource->instance, &at) &&
			    at.origin == IMR_ORIGIN_CARD;
	return imr_plan_visit(&p->plan, resource);
}

void life_changed(struct life *life)
{
	struct planning p = { &life->store->set, { .n = 0 } };

	/* A set that cannot be read leaves the plan empty: nothing to register with. */
	(void)imr_store_visit(life->store, note_server, &p);
	imr_sequence_configure(&life->sequence, &p.plan);
}

/* ---- what the sequence wants done -------------------------------------------------------------
 */

static bool in_force(enum imr_status st)
{
	return st == IMR_OK || st == IMR_E_LEFT;
}

static struct imr_event check_card(struct life *life)
{
	struct imr_event event = { .kind = IMR_CARD };
	enum imr_status st = IMR_E_NONE;
	int n = life->card ? life->iccid(life->ctx, life->now.id) : -1;

	life->now.id_n = n > 0 ? (uint8_t)n : 0;
	if (n >= 0)
		st = load(life, life->card, NULL, note);
	event.content = st == IMR_OK;
	event.card = imr_card_change(&life->store->card, n >= 0, st, &life->now);
	return event;
}

/* Out with what came from a card, in with what this one holds: one update. */
static bool apply_card(struct life *life)
{
	struct imr_store *store = life->store;
	struct imr_at at;

	if (imr_store_read(store) != IMR_OK)
		return false;
	imr_set_start(&at);
	while (imr_set_next(&store->set, &at))
		if (at.origin == IMR_ORIGIN_CARD || at.origin == IMR_ORIGIN_DISABLED)
			imr_set_remove(&store->set, &at);
	life->origin = IMR_ORIGIN_CARD;
	if (load(life, life->card, NULL, take) != IMR_OK || life->taken != IMR_OK) {
		(void)imr_store_read(store); /* as it was */
		imr_store_wipe(store);
		return false;
	}
	store->card = life->now;
	return in_force(imr_store_apply(store));
}

/* What the factory gave, unless it was used up. */
static bool load_factory(struct life *life)
{
	struct imr_store *store = life->store;

	if (!life->slots || store->flags & IMR_STORE_FACTORY_SPENT ||
		imr_store_read(store) != IMR_OK)
		return false;
	life->origin = IMR_ORIGIN_FACTORY;
	if (load(life, NULL, life->slots, take) != IMR_OK || life->taken != IMR_OK) {
		imr_store_wipe(store);
		return false;
	}
	return in_force(imr_store_apply(store));
}

/* Do what is not the caller's; *event becomes how it went. */
static bool carry_out(struct life *life, enum imr_action_kind kind, struct imr_event *event)
{
	const struct imr_plan *plan = &life->sequence.plan;
	bool done;

	if (kind == IMR_CHECK_CARD) {
		*event = check_card(life);
		return true;
	}
	if (kind == IMR_LOAD_FACTORY && (plan->n || plan->account)) {
		event->kind = IMR_DONE; /* something is in force from earlier */
		return true;
	}
	if (kind == IMR_APPLY_CARD)
		done = apply_card(life);
	else if (kind == IMR_DISABLE_CARD)
		done = in_force(imr_store_card_disabled(life->store));
	else if (kind == IMR_DELETE_CARD)
		done = in_force(imr_store_card_removed(life->store));
	else if (kind == IMR_LOAD_FACTORY)
		done = load_factory(life);
	else
		return false;
	event->kind = done ? IMR_DONE : IMR_FAILED;
	if (done)
		life_changed(life);
	return true;
}

struct imr_action life_event(struct life *life, const struct imr_event *event)
{
	struct imr_event own = *event;
	struct imr_action action;

	do
		action = imr_sequence(&life->sequence, &own);
	while (carry_out(life, action.kind, &own));
	return action;
}

struct imr_action life_start(struct life *life)
{
	const struct imr_event start = { .kind = IMR_START };

	(void)imr_store_open(life->store);
	life_changed(life);
	return life_event(life, &start);
}

enum imr_status life_elapsed(struct life *life, uint32_t seconds)
{
	bool account = life->sequence.plan.account;
	enum imr_status st = imr_store_elapsed(life->store, seconds);

	if (account && life->store->remaining == 0)
		life_changed(life); /* it may be purged */
	return st;
}

enum imr_status life_factory_reset(struct life *life)
{
	bool spent = life->store->flags & IMR_STORE_FACTORY_SPENT;
	bool enough = load(life, life->card, spent ? NULL : life->slots, NULL) == IMR_OK;

	return imr_store_reset(life->store, enough); /* then reset the device: life_start() */
}
