/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a configuration: each function is one edit and one update. */
#include "reader/store.h"

#include <string.h>

#include "codec/slot.h"
#include "reader/store_record.h"
#include "reader/walk.h"

#define STEPS_SHIFT 4
#define STEPS (1U << STEPS_SHIFT)

enum imr_status imr_store_apply(struct imr_store *s)
{
	return imr_store_write(s);
}

enum imr_status imr_store_visit(struct imr_store *s, imr_visit *visit, void *ctx)
{
	enum imr_status st = s->set.n ? IMR_GOOD : imr_store_fetch(s);
	struct imr_walk walk;
	struct imr_at at;

	if (st != IMR_GOOD)
		return st;
	walk.visit = visit;
	walk.ctx = ctx;
	at.end = NULL;
	while (st == IMR_GOOD && imr_set_next(&s->set, &at)) {
		if (s->set.origin[at.index] == IMR_ORIGIN_DISABLED)
			continue;
		walk.at.object = at.object;
		walk.at.instance = at.instance;
		st = imr_walk(&walk, IMR_RESOURCE, at.resources);
	}
	imr_store_wipe(s);
	return st == IMR_GOOD ? IMR_OK : st;
}

/* ---- bootstrap account ----------------------------------------------------------------------- */

static void start_timer(struct imr_store *s, uint32_t seconds)
{
	s->remaining = seconds;
	s->step = (seconds >> STEPS_SHIFT) + ((seconds & (STEPS - 1)) != 0);
	s->unsaved = 0;
}

static bool fresh(const struct imr_store *s, const struct imr_at *at)
{
	return s->set.origin[at->index] == IMR_ORIGIN_FRESH;
}

/* A fresh bootstrap account takes the place of an older one.  False when that one is to stay. */
static bool succeed(struct imr_store *s)
{
	struct imr_at at, old;
	bool came = false, had = false;

	at.end = NULL;
	while (imr_set_account(&s->set, &at)) {
		if (fresh(s, &at)) {
			came = true;
		} else {
			had = true;
			old = at;
		}
	}
	if (!came)
		return true;
	if (had && s->keys != IMP_SLOT_KEYS_NON_PERSISTENT && imr_at_timeout(&old) == 0)
		return false;
	if (had)
		imr_set_purge(&s->set, old.instance);
	s->keys = IMP_SLOT_KEYS_PERSISTENT;
	s->remaining = 0;
	return true;
}

enum imr_status imr_store_finish(struct imr_store *s)
{
	struct imr_at at;

	if (!succeed(s))
		return IMR_E_RULE;
	at.end = NULL;
	if (imr_set_account(&s->set, &at)) {
		uint32_t timeout = imr_at_timeout(&at);

		/* One second is what a set without a timeout of its own carries (D15): at once. */
		if (s->keys == IMP_SLOT_KEYS_NON_PERSISTENT && timeout <= 1)
			imr_set_purge(&s->set, at.instance);
		else if (s->remaining == 0)
			start_timer(s, timeout);
	}
	for (unsigned i = 0; i < IMR_INSTANCES_MAX; i++)
		if (s->set.origin[i] == IMR_ORIGIN_FRESH)
			s->set.origin[i] = IMR_ORIGIN_SERVER;
	s->flags |= IMR_STORE_BOOTSTRAPPED;
	return imr_store_write(s);
}

enum imr_status imr_store_purge(struct imr_store *s)
{
	enum imr_status st = imr_store_fetch(s);
	struct imr_at at;

	if (st != IMR_GOOD)
		return st;
	at.end = NULL;
	if (imr_set_account(&s->set, &at))
		imr_set_purge(&s->set, at.instance);
	return imr_store_write(s);
}

/* Write down how much of the timeout is left after these seconds. */
static enum imr_status save_timer(struct imr_store *s, uint32_t passed)
{
	enum imr_status st = imr_store_fetch(s);

	if (st != IMR_GOOD)
		return st;
	s->remaining -= passed;
	return imr_store_write(s);
}

enum imr_status imr_store_elapsed(struct imr_store *s, uint32_t seconds)
{
	uint32_t passed = s->unsaved;
	enum imr_status st;

	if (s->remaining == 0)
		return IMR_OK;
	passed = seconds > UINT32_MAX - passed ? UINT32_MAX : passed + seconds;
	s->unsaved = passed;
	if (passed < s->step && passed < s->remaining)
		return IMR_OK;
	st = passed < s->remaining ? save_timer(s, passed) : imr_store_purge(s);
	s->unsaved = st == IMR_OK || st == IMR_E_LEFT ? 0 : passed;
	return st;
}

/* ---- card ------------------------------------------------------------------------------------ */

enum imr_status imr_store_card_removed(struct imr_store *s)
{
	enum imr_status st = imr_store_fetch(s);
	struct imr_at at;

	if (st != IMR_GOOD)
		return st;
	at.end = NULL;
	while (imr_set_next(&s->set, &at)) {
		uint8_t origin = s->set.origin[at.index];

		if (origin == IMR_ORIGIN_CARD || origin == IMR_ORIGIN_DISABLED)
			imr_set_remove(&s->set, &at);
	}
	memset(&s->card, 0, sizeof s->card);
	return imr_store_write(s);
}

enum imr_status imr_store_card_disabled(struct imr_store *s)
{
	enum imr_status st = imr_store_fetch(s);

	if (st != IMR_GOOD)
		return st;
	for (unsigned i = 0; i < IMR_INSTANCES_MAX; i++)
		if (s->set.origin[i] == IMR_ORIGIN_CARD)
			s->set.origin[i] = IMR_ORIGIN_DISABLED;
	return imr_store_write(s);
}

/* ---- factory reset --------------------------------------------------------------------------- */

/* Keep /0/account and what it alone links to. */
static void keep_account(struct imr_set *set, uint16_t account)
{
	struct imr_at at;

	at.end = NULL;
	while (imr_set_next(set, &at))
		if (!(at.object == 0 && at.instance == account) &&
			!imr_set_owned(set, account, at.object, at.instance))
			imr_set_remove(set, &at);
}

enum imr_status imr_store_reset(struct imr_store *s, bool enough)
{
	enum imr_status st = imr_store_fetch(s);
	struct imr_at at;

	if (st != IMR_GOOD)
		return st;
	at.end = NULL;
	if (enough) {
		imr_set_clear(&s->set);
		memset(&s->card, 0, sizeof s->card);
		s->flags &= IMR_STORE_FACTORY_SPENT;
	} else if (imr_set_account(&s->set, &at) &&
		   s->set.origin[at.index] != IMR_ORIGIN_DISABLED) {
		keep_account(&s->set, at.instance);
		s->flags &= (uint8_t)~IMR_STORE_BOOTSTRAPPED;
	} else {
		imr_store_wipe(s);
		return IMR_E_LAST;
	}
	s->remaining = 0;
	return imr_store_write(s);
}
