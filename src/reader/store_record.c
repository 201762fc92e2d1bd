/* SPDX-License-Identifier: Apache-2.0 */
/* One record of the account store: found, read, written, cleaned up after.  flash-images/STORE.md.
 */
#include "reader/store_record.h"

#include <string.h>

#include "base/crc32.h"
#include "base/secret.h"
#include "codec/slot.h"
#include "reader/walk.h"

#define LINE IMP_SLOT_ALIGN /* what is read at a time; a multiple of every program unit */
#define MAGIC 0x53504D49U   /* "IMPS" */
#define FORM_AT 6

/* Trailer. */
#define STEP_AT 4
#define FLAGS_AT 8
#define CARD_AT 9
#define ORIGIN_AT 52
#define FLAGS_KNOWN (IMR_STORE_BOOTSTRAPPED | IMR_STORE_FROM_FACTORY | IMR_STORE_FACTORY_SPENT)

/* The second mark, as unlike the first one as can be. */
static const uint8_t in_force[IMP_SLOT_COMMIT] = { 0x3C, 0xA5, 0x69, 0x1E, 0xC3, 0x5A, 0x96, 0xE1 };

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- flash ----------------------------------------------------------------------------------- */

static bool get(const struct imr_store *s, uint32_t addr, void *to, size_t n)
{
	return s->flash->read(s->flash->ctx, addr, to, n) == 0;
}

/* Are the n octets at addr, once they are in the medium, those at `with`, or all FF when that is
 * NULL? */
static bool same(const struct imr_store *s, uint32_t addr, const uint8_t *with, size_t n)
{
	uint8_t line[LINE];
	bool good = !s->flash->sync || s->flash->sync(s->flash->ctx) == 0;

	for (size_t at = 0, k; good && at < n; at += k) {
		k = n - at < LINE ? n - at : LINE;
		good = get(s, addr + (uint32_t)at, line, k) &&
		       (with ? memcmp(line, with + at, k) == 0
			     : imp_span_all(imp_span(line, k), 0xFF));
	}
	imp_wipe(line, sizeof line);
	return good;
}

static bool program(const struct imr_store *s, uint32_t addr, const uint8_t *from, size_t n)
{
	return s->flash->prog(s->flash->ctx, addr, from, n) == 0 && same(s, addr, from, n);
}

/* A mark, in units of its own. */
static bool mark(const struct imr_store *s, uint32_t addr, const uint8_t *pattern)
{
	uint8_t line[LINE];

	memset(line, 0xFF, sizeof line);
	memcpy(line, pattern, IMP_SLOT_COMMIT);
	return program(
		s, addr, line, s->flash->unit > IMP_SLOT_COMMIT ? s->flash->unit : IMP_SLOT_COMMIT);
}

static bool erase(const struct imr_store *s, uint32_t addr, uint32_t n)
{
	for (uint32_t at = 0; at < n; at += s->flash->block)
		if (s->flash->erase(s->flash->ctx, addr + at) != 0)
			return false;
	return same(s, addr, NULL, n);
}

/* Make it blank, without wear when it is. */
static bool clear(const struct imr_store *s, uint32_t addr, uint32_t n)
{
	return same(s, addr, NULL, n) || erase(s, addr, n);
}

/* Erase what the record in force has superseded (R8). */
static enum imr_status clean(const struct imr_store *s)
{
	const struct imr_store_flash *flash = s->flash;
	bool gone = clear(s, flash->region[s->region ^ 1U], flash->size);

	if (s->flags & IMR_STORE_FACTORY_SPENT)
		gone &= clear(s, flash->factory, flash->factory_size);
	return gone ? IMR_OK : IMR_E_LEFT;
}

/* ---- read ------------------------------------------------------------------------------------ */

struct record {
	enum imr_status st;
	uint32_t crc; /* over the header, as far as it counts */
	struct imp_slot slot;
};

/* Judge a region by its first 64 octets. */
static void judge(const struct imr_store *s, unsigned region, struct record *record)
{
	uint8_t head[IMP_SLOT_PAYLOAD_AT];

	record->st = IMR_E_IO;
	if (!get(s, s->flash->region[region], head, sizeof head))
		return;
	record->crc = imp_crc32(0, imp_span(head, IMP_SLOT_CRC_AT));
	/* But for its form a record is judged like a slot of a factory area. */
	if (head[FORM_AT] == IMP_SLOT_FORM_STORE)
		head[FORM_AT] = IMP_SLOT_FORM_EF;
	else if (head[FORM_AT] == IMP_SLOT_FORM_EF)
		head[FORM_AT] = IMP_SLOT_FORM_STORE;
	record->st = IMR_E_DAMAGED;
	switch ((int)imp_slot_header(head, s->flash->size - LINE, &record->slot)) {
	case IMP_OK:
		if (record->slot.tag == IMP_SLOT_TAG_NONE &&
			record->slot.length >= IMR_STORE_TRAILER)
			record->st = IMR_GOOD;
		break;
	case IMP_E_ABSENT:
		record->st = IMR_E_NONE;
		break;
	case IMP_E_UNSUPPORTED:
		record->st = IMR_E_NEWER;
		break;
	default:
		break;
	}
}

/* Is the set well-formed, with one bootstrap account at most, an origin for each instance, and none
 * behind them? */
static enum imr_status check(const struct imr_set *set)
{
	enum imr_status st = imr_ef(imp_span(set->p, set->n), NULL, NULL);
	unsigned n = 0, accounts = 0;
	struct imr_at at;

	if (st != IMR_GOOD && st != IMR_E_NONE)
		return st;
	at.end = NULL;
	for (; imr_set_next(set, &at); n++) {
		accounts += imr_at_account(&at);
		if (set->origin[n] == 0 || set->origin[n] == IMR_ORIGIN_FRESH)
			return IMR_E_RULE;
	}
	if (accounts > 1 || at.next != set->p + set->n ||
		!imp_span_all(imp_span(set->origin + n, IMR_INSTANCES_MAX - n), 0))
		return IMR_E_RULE;
	return IMR_GOOD;
}

/* Bring the record of a region into s. */
static enum imr_status load(struct imr_store *s, unsigned region, const struct record *record)
{
	uint32_t addr = s->flash->region[region] + IMP_SLOT_PAYLOAD_AT;
	uint32_t length = record->slot.length;
	const uint8_t *trailer;

	if (length > s->set.size)
		return IMR_E_SPACE;
	if (!get(s, addr, s->set.p, length))
		return IMR_E_IO;
	if (imp_crc32(record->crc, imp_span(s->set.p, length)) != record->slot.crc)
		return IMR_E_DAMAGED;
	s->set.n = length - IMR_STORE_TRAILER;
	trailer = s->set.p + s->set.n;
	s->remaining = get32(trailer);
	s->step = get32(trailer + STEP_AT);
	s->flags = trailer[FLAGS_AT];
	memcpy(&s->card, trailer + CARD_AT, sizeof s->card);
	memcpy(s->set.origin, trailer + ORIGIN_AT, sizeof s->set.origin);
	s->keys = record->slot.keys;
	if (s->flags & ~FLAGS_KNOWN || s->card.id_n > sizeof s->card.id ||
		check(&s->set) != IMR_GOOD)
		return IMR_E_DAMAGED;
	s->generation = record->slot.generation;
	s->region = (uint8_t)region;
	return IMR_GOOD;
}

/* The configuration of a store that was never written. */
static void nothing(struct imr_store *s)
{
	imr_set_clear(&s->set);
	memset(&s->card, 0, sizeof s->card);
	s->keys = IMP_SLOT_KEYS_PERSISTENT;
	s->flags = 0;
	s->remaining = 0;
	s->step = 0;
}

/*
 * The region to try first.  Of two records the newer counts only when its second mark is there: as
 * long as that one was not begun the older record is whole, and what a torn first mark reads as may
 * change from boot to boot.
 */
static unsigned first_of(const struct imr_store *s, const struct record r[2])
{
	unsigned first =
		r[1].st == IMR_GOOD &&
		(r[0].st != IMR_GOOD || imp_slot_newer(r[1].slot.generation, r[0].slot.generation));
	uint32_t extent;

	if (r[first ^ 1U].st != IMR_GOOD)
		return first;
	extent = imp_slot_extent(r[first].slot.length, IMP_SLOT_TAG_NONE);
	return same(s, s->flash->region[first] + extent, in_force, sizeof in_force) ? first
										    : first ^ 1U;
}

/* Bring the record in force into s.  Region and generation stay as they were when there is none. */
static enum imr_status find(struct imr_store *s, struct record r[2])
{
	unsigned which;

	judge(s, 0, &r[0]);
	judge(s, 1, &r[1]);
	which = first_of(s, r);
	for (unsigned tries = 0; tries < 2; tries++, which ^= 1U) {
		if (r[which].st == IMR_GOOD)
			r[which].st = load(s, which, &r[which]);
		if (r[which].st == IMR_GOOD)
			return IMR_GOOD;
	}
	return r[r[0].st == IMR_E_NONE].st;
}

enum imr_status imr_store_open(struct imr_store *s)
{
	struct record r[2];
	enum imr_status st;

	s->closed = IMR_GOOD;
	s->unsaved = 0;
	s->generation = 0;
	s->region = IMR_STORE_NO_REGION;
	st = find(s, r);
	if (st == IMR_GOOD)
		return clean(s);
	nothing(s);
	for (unsigned i = 0; i < 2; i++)
		if (r[i].st == IMR_E_NEWER || r[i].st == IMR_E_SPACE)
			st = s->closed = r[i].st;
	return st;
}

enum imr_status imr_store_fetch(struct imr_store *s)
{
	struct record r[2];
	enum imr_status st = IMR_GOOD;

	if (s->closed != IMR_GOOD)
		return s->closed;
	if (s->region == IMR_STORE_NO_REGION)
		nothing(s);
	else
		st = find(s, r);
	if (st != IMR_GOOD)
		imr_store_wipe(s);
	return st;
}

enum imr_status imr_store_read(struct imr_store *s)
{
	enum imr_status st = imr_store_fetch(s);

	return st == IMR_GOOD ? IMR_OK : st;
}

void imr_store_wipe(struct imr_store *s)
{
	imp_wipe(s->set.p, s->set.size);
	s->set.n = 0;
}

/* ---- write ----------------------------------------------------------------------------------- */

/*
 * What the set makes of the account's marks.  A factory account that a server has replaced, or that
 * is gone, must not come back: its keys are erased with the slot.  A card's account only stands
 * before it.
 */
static void note_account(struct imr_store *s)
{
	struct imr_at at;
	uint8_t origin = IMR_ORIGIN_SERVER;
	bool was_factory = s->flags & IMR_STORE_FROM_FACTORY;

	at.end = NULL;
	if (imr_set_account(&s->set, &at)) {
		origin = s->set.origin[at.index];
	} else {
		s->keys = IMP_SLOT_KEYS_PERSISTENT;
		s->remaining = 0;
	}
	s->flags &= (uint8_t)~IMR_STORE_FROM_FACTORY;
	if (origin == IMR_ORIGIN_FACTORY)
		s->flags |= IMR_STORE_FROM_FACTORY;
	else if (was_factory && origin == IMR_ORIGIN_SERVER)
		s->flags |= IMR_STORE_FACTORY_SPENT;
}

/* The trailer behind the set, filling behind that; octets of both and the set. */
static size_t put_trailer(struct imr_store *s)
{
	uint8_t *trailer = s->set.p + s->set.n;
	size_t n = s->set.n + IMR_STORE_TRAILER, whole = (n + LINE - 1) & ~(size_t)(LINE - 1);

	put32(trailer, s->remaining);
	put32(trailer + STEP_AT, s->step);
	trailer[FLAGS_AT] = s->flags;
	memcpy(trailer + CARD_AT, &s->card, sizeof s->card);
	memcpy(trailer + ORIGIN_AT, s->set.origin, sizeof s->set.origin);
	memset(s->set.p + n, 0xFF, whole - n);
	return whole;
}

static void put_header(const struct imr_store *s, uint8_t head[IMP_SLOT_HEADER])
{
	size_t n = s->set.n + IMR_STORE_TRAILER;

	memset(head, 0, IMP_SLOT_HEADER);
	put32(head, MAGIC);
	put32(head + 4, IMP_SLOT_VERSION | (uint32_t)s->keys << 8 |
				(uint32_t)IMP_SLOT_FORM_STORE << 8 * (FORM_AT - 4));
	put32(head + 8, s->generation + 1);
	put32(head + 12, (uint32_t)n);
	put32(head + IMP_SLOT_CRC_AT, imp_slot_crc(head, imp_span(s->set.p, n)));
}

/* Not inlined, like the next one: its frame is gone when the old record is read again. */
static __attribute__((noinline)) bool put_record(struct imr_store *s, uint32_t addr)
{
	uint8_t head[IMP_SLOT_HEADER];
	size_t whole = put_trailer(s);

	put_header(s, head);
	return erase(s, addr, s->flash->size) &&
	       program(s, addr + IMP_SLOT_PAYLOAD_AT, s->set.p, whole) &&
	       program(s, addr, head, sizeof head) &&
	       mark(s, addr + IMP_SLOT_COMMIT_AT, imp_slot_commit) &&
	       mark(s, addr + IMP_SLOT_PAYLOAD_AT + (uint32_t)whole, in_force);
}

static __attribute__((noinline)) enum imr_status replace(struct imr_store *s)
{
	unsigned target = s->region == 0;
	uint8_t flags = s->flags;
	enum imr_status st = check(&s->set);

	if (st != IMR_GOOD)
		return st;
	if (s->keys != IMP_SLOT_KEYS_PERSISTENT && s->keys != IMP_SLOT_KEYS_NON_PERSISTENT)
		return IMR_E_RULE;
	if (s->set.n + IMR_STORE_BUFFER_EXTRA > s->set.size ||
		s->set.n + IMR_STORE_TRAILER > IMP_SLOT_PAYLOAD_MAX ||
		s->set.n + IMR_STORE_BUFFER_EXTRA + IMR_STORE_REGION_EXTRA > s->flash->size)
		return IMR_E_SPACE;
	note_account(s);
	if (!put_record(s, s->flash->region[target])) {
		/* Its keys shall not lie about until the next boot. */
		(void)erase(s, s->flash->region[target], s->flash->size);
		return IMR_E_IO;
	}
	s->region = (uint8_t)target;
	s->generation++;
	st = clean(s);
	if ((s->flags & ~flags) & IMR_STORE_FACTORY_SPENT && !s->flash->factory_size)
		st = IMR_E_LEFT;
	return st;
}

enum imr_status imr_store_write(struct imr_store *s)
{
	enum imr_status st = s->closed == IMR_GOOD ? replace(s) : s->closed;

	if (st != IMR_OK && st != IMR_E_LEFT)
		(void)imr_store_fetch(s);
	imr_store_wipe(s);
	return st;
}
