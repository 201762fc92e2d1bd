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

static bool synced(const struct imr_store *s)
{
	return !s->flash->sync || s->flash->sync(s->flash->ctx) == 0;
}

/* Are the n octets at addr those at `with`, or all FF when that is NULL? */
static bool same(const struct imr_store *s, uint32_t addr, const uint8_t *with, size_t n)
{
	uint8_t line[LINE];
	bool good = true;

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
	return s->flash->prog(s->flash->ctx, addr, from, n) == 0 && synced(s) &&
	       same(s, addr, from, n);
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
	return synced(s) && same(s, addr, NULL, n);
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

	if (s->flags & IMR_STORE_FACTORY_SPENT && flash->factory_size) {
		gone &= clear(s, flash->factory[1], flash->factory_size);
		if (flash->factory[0] != flash->factory[1])
			gone &= clear(s, flash->factory[0], flash->factory_size);
	}
	return gone ? IMR_GOOD : IMR_E_LEFT;
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

/* Is the set well-formed, with one bootstrap account at most, an origin that is known for each
 * instance, and none behind them? */
static enum imr_status check(const struct imr_set *set)
{
	enum imr_status st = imr_ef(imp_span(set->p, set->n), NULL, NULL);
	struct imr_at at = { 0 };
	unsigned n = 0, accounts = 0;

	if (st != IMR_GOOD && st != IMR_E_NONE)
		return st;
	for (; imr_set_next(set, &at); n++) {
		accounts += imr_at_account(&at);
		if (set->origin[n] != IMR_ORIGIN_FACTORY && set->origin[n] != IMR_ORIGIN_CARD &&
			set->origin[n] != IMR_ORIGIN_SERVER &&
			set->origin[n] != IMR_ORIGIN_DISABLED)
			return IMR_E_RULE;
	}
	if (accounts > 1 || at.next != set->p + set->n ||
		!imp_span_all(imp_span(set->origin + n, IMR_INSTANCES_MAX - n), 0))
		return IMR_E_RULE;
	return IMR_GOOD;
}

/* Does flash hold what the sum in the header says?  For records that the buffer does not hold. */
static bool sum_good(const struct imr_store *s, uint32_t addr, const struct record *record)
{
	uint32_t crc = record->crc;
	uint8_t line[LINE];
	bool good = true;

	for (uint32_t at = 0, k; good && at < record->slot.length; at += k) {
		k = record->slot.length - at < LINE ? record->slot.length - at : LINE;
		good = get(s, addr + at, line, k);
		crc = imp_crc32(crc, imp_span(line, k));
	}
	imp_wipe(line, sizeof line);
	return good && crc == record->slot.crc;
}

/* Bring the record of a region into s. */
static enum imr_status load(struct imr_store *s, unsigned region, const struct record *record)
{
	uint32_t addr = s->flash->region[region] + IMP_SLOT_PAYLOAD_AT;
	uint32_t length = record->slot.length;
	const uint8_t *trailer;

	if (length > s->set.size)
		return sum_good(s, addr, record) ? IMR_E_SPACE : IMR_E_DAMAGED;
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
	s->generation = record->slot.generation;
	s->region = (uint8_t)region;
	if (s->flags & ~FLAGS_KNOWN || s->card.id_n > sizeof s->card.id ||
		check(&s->set) != IMR_GOOD)
		return IMR_E_DAMAGED;
	return IMR_GOOD;
}

/* The state of a store that was never written. */
static void nothing(struct imr_store *s)
{
	imr_set_clear(&s->set);
	memset(&s->card, 0, sizeof s->card);
	s->keys = IMP_SLOT_KEYS_PERSISTENT;
	s->flags = 0;
	s->remaining = 0;
	s->step = 0;
	s->generation = 0;
	s->region = IMR_STORE_NO_REGION;
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

/* Why neither region has a record: what forbids writing before what does not. */
static enum imr_status worst(enum imr_status a, enum imr_status b)
{
	static const uint8_t order[] = { IMR_E_NEWER, IMR_E_SPACE, IMR_E_IO, IMR_E_DAMAGED };

	for (size_t i = 0; i < sizeof order; i++)
		if ((int)a == order[i] || (int)b == order[i])
			return (enum imr_status)order[i];
	return IMR_E_NONE;
}

enum imr_status imr_store_open(struct imr_store *s)
{
	struct record r[2];
	enum imr_status st;
	unsigned which;

	s->closed = IMR_OK;
	s->unsaved = 0;
	judge(s, 0, &r[0]);
	judge(s, 1, &r[1]);
	which = first_of(s, r);
	for (unsigned tries = 0; tries < 2; tries++, which ^= 1U) {
		if (r[which].st == IMR_GOOD)
			r[which].st = load(s, which, &r[which]);
		if (r[which].st == IMR_GOOD)
			return clean(s) == IMR_GOOD ? IMR_OK : IMR_E_LEFT;
	}
	nothing(s);
	st = worst(r[0].st, r[1].st);
	if (st == IMR_E_NEWER || st == IMR_E_SPACE)
		s->closed = st;
	return st;
}

enum imr_status imr_store_read(struct imr_store *s)
{
	struct record record;
	unsigned region = s->region;

	if (s->closed != IMR_OK)
		return s->closed;
	if (region == IMR_STORE_NO_REGION) {
		nothing(s);
		return IMR_OK;
	}
	judge(s, region, &record);
	if (record.st == IMR_GOOD)
		record.st = load(s, region, &record);
	if (record.st == IMR_GOOD)
		return IMR_OK;
	imr_store_wipe(s);
	return record.st;
}

enum imr_status imr_store_need(struct imr_store *s)
{
	return s->set.n ? IMR_OK : imr_store_read(s);
}

void imr_store_wipe(struct imr_store *s)
{
	imp_wipe(s->set.p, s->set.size);
	s->set.n = 0;
}

/* ---- write ----------------------------------------------------------------------------------- */

/* A factory account that a server has replaced, or that is gone, must not come back: its keys are
 * erased with the slot.  A card's account only stands before it. */
static void note_factory(struct imr_store *s)
{
	struct imr_at at = { 0 };
	uint8_t origin = imr_set_account(&s->set, &at) ? s->set.origin[at.index] : 0;

	if (s->flags & IMR_STORE_FROM_FACTORY && (origin == 0 || origin == IMR_ORIGIN_SERVER))
		s->flags |= IMR_STORE_FACTORY_SPENT;
	s->flags &= (uint8_t)~IMR_STORE_FROM_FACTORY;
	if (origin == IMR_ORIGIN_FACTORY)
		s->flags |= IMR_STORE_FROM_FACTORY;
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
	memcpy(head, "IMPS", 4);
	head[4] = IMP_SLOT_VERSION;
	head[5] = s->keys;
	head[FORM_AT] = IMP_SLOT_FORM_STORE;
	put32(head + 8, s->generation + 1);
	put32(head + 12, (uint32_t)n);
	put32(head + IMP_SLOT_CRC_AT, imp_slot_crc(head, imp_span(s->set.p, n)));
}

static bool put_record(struct imr_store *s, uint32_t addr)
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

static enum imr_status replace(struct imr_store *s)
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
	note_factory(s);
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
	enum imr_status st = s->closed == IMR_OK ? replace(s) : s->closed;

	if (st != IMR_GOOD && st != IMR_E_LEFT)
		(void)imr_store_read(s);
	imr_store_wipe(s);
	return st == IMR_GOOD ? IMR_OK : st;
}
