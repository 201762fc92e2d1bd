/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a configuration: each function is one edit and one update. */
#include "reader/store.h"

#include <string.h>

#include "codec/slot.h"
#include "reader/store_record.h"
#include "reader/walk.h"

#define STEPS_SHIFT 4
#define STEPS (1U << STEPS_SHIFT)

/* Give another origin to what has this one; how many there were. */
static unsigned turn(struct imr_set *set, enum imr_origin from, uint8_t to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < IMR_INSTANCES_MAX; i++) {
		if (set->origin[i] == from) {
			set->origin[i] = to;
			n++;
		}
	}
	return n;
}

enum imr_status imr_store_visit(struct imr_store *s, imr_visit *visit, void *ctx)
{
	enum imr_status st = IMR_GOOD;

	if (s->set.n == 0)
		st = imr_store_fetch(s);
	if (st != IMR_GOOD)
		return st;
	(void)turn(&s->set, IMR_ORIGIN_DISABLED, 0);
	imr_set_sweep(&s->set);
	st = imr_ef(imp_span(s->set.p, s->set.n), visit, ctx);
	imr_store_wipe(s);
	return st == IMR_GOOD || st == IMR_E_NONE ? IMR_OK : st;
}

/* ---- Finish ---------------------------------------------------------------------------------- */

static void start_timer(struct imr_store *s, uint32_t seconds)
{
	s->remaining = seconds;
	s->step = (seconds >> STEPS_SHIFT) + ((seconds & (STEPS - 1)) != 0);
	s->unsaved = 0;
}

enum imr_status imr_store_finish(struct imr_store *s)
{
	uint32_t timeout = 1, fresh = 0; /* of the account that was there, and of a fresh one */
	uint16_t old = IMR_NO_ID;
	bool came = false;
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_account(&s->set, &at)) {
		if (at.origin == IMR_ORIGIN_FRESH) {
			came = true;
			fresh = at.timeout;
		} else {
			old = at.instance;
			timeout = at.timeout;
		}
	}
	if (came) {
		if (timeout == 0 && s->keys != IMP_SLOT_KEYS_NON_PERSISTENT)
			return IMR_E_RULE;
		s->keys = IMP_SLOT_KEYS_PERSISTENT;
		s->remaining = 0;
	}
	/* One second is what a set without a timeout of its own carries (D15): at once. */
	if (came || (timeout <= 1 && s->keys == IMP_SLOT_KEYS_NON_PERSISTENT))
		imr_set_divide(&s->set, old, false);
	if (s->remaining == 0)
		start_timer(s, came ? fresh : timeout);
	(void)turn(&s->set, IMR_ORIGIN_FRESH, IMR_ORIGIN_SERVER);
	s->flags |= IMR_STORE_BOOTSTRAPPED;
	return imr_store_apply(s);
}

/* ---- changes of what is in force ------------------------------------------------------------- */

enum change {
	PASS,	 /* seconds of the account's timeout; it is purged when that is over */
	CARD,	 /* what came from the card gets another origin; 0: it is deleted */
	RESTART, /* to the account alone */
	RESET,	 /* to nothing */
};

static enum imr_status update(struct imr_store *s, enum change change, uint32_t arg)
{
	enum imr_status st = imr_store_fetch(s);
	bool account;
	struct imr_at at;

	if (st != IMR_GOOD)
		return st;
	imr_set_start(&at);
	account = imr_set_account(&s->set, &at);
	switch (change) {
	case PASS:
		if (arg < s->remaining)
			s->remaining -= arg;
		else if (account)
			imr_set_divide(&s->set, at.instance, false);
		break;
	case RESET:
		imr_set_clear(&s->set);
		s->flags &= IMR_STORE_FACTORY_SPENT;
		__attribute__((fallthrough)); /* without the card's reference too */
	case CARD:
		if (turn(&s->set, IMR_ORIGIN_CARD, (uint8_t)arg) == 0 && arg) {
			st = IMR_OK; /* an empty card must not cost an update at each boot */
			break;
		}
		(void)turn(&s->set, IMR_ORIGIN_DISABLED, (uint8_t)arg);
		imr_set_sweep(&s->set);
		/* What is disabled is not the same when it comes back. */
		memset(s->card.digest, 0, sizeof s->card.digest);
		if (arg == 0)
			memset(&s->card, 0, sizeof s->card);
		break;
	case RESTART:
	default:
		if (!account || at.origin == IMR_ORIGIN_DISABLED) {
			st = IMR_E_LAST;
			break;
		}
		imr_set_divide(&s->set, at.instance, true);
		s->flags &= (uint8_t)~IMR_STORE_BOOTSTRAPPED;
		s->remaining = 0;
		break;
	}
	if (st == IMR_GOOD)
		return imr_store_apply(s);
	imr_store_wipe(s);
	return st;
}

enum imr_status imr_store_purge(struct imr_store *s)
{
	return update(s, PASS, UINT32_MAX);
}

enum imr_status imr_store_elapsed(struct imr_store *s, uint32_t seconds)
{
	uint32_t passed = s->unsaved;
	enum imr_status st;

	if (s->remaining == 0)
		return IMR_OK;
	passed += seconds;
	if (passed < seconds)
		passed = UINT32_MAX;
	s->unsaved = passed;
	if (passed < s->step && passed < s->remaining)
		return IMR_OK;
	st = update(s, PASS, passed);
	if (st == IMR_OK || st == IMR_E_LEFT)
		s->unsaved = 0;
	return st;
}

enum imr_status imr_store_card_removed(struct imr_store *s)
{
	return update(s, CARD, 0);
}

enum imr_status imr_store_card_disabled(struct imr_store *s)
{
	return update(s, CARD, IMR_ORIGIN_DISABLED);
}

enum imr_status imr_store_reset(struct imr_store *s, bool enough)
{
	return update(s, enough ? RESET : RESTART, 0);
}
