/* SPDX-License-Identifier: Apache-2.0 */
/* One record of the account store: found, read, written, cleaned up after.  flash-images/STORE.md.
 */
#include "reader/store_record.h"

#include <string.h>

#include "base/crc32.h"
#include "base/secret.h"
#include "codec/slot.h"
#include "reader/walk.h"

#define LINE 8		  /* what is compared at a time; blocks are multiples of it */
#define MAGIC 0x53504D49U /* "IMPS" */
#define FORM_AT 6
#define SECOND_MARK 32U /* octets that it takes at most, with its filling */

/* Trailer. */
#define STEP_AT 4
#define FLAGS_AT 8
#define CARD_AT 9
#define ORIGIN_AT 52
#define FLAGS_KNOWN (IMR_STORE_BOOTSTRAPPED | IMR_STORE_FROM_FACTORY | IMR_STORE_FACTORY_SPENT)

/* The second mark, as unlike the first one as can be. */
static const uint8_t in_force[IMP_SLOT_COMMIT] = { 0x3C, 0xA5, 0x69, 0x1E, 0xC3, 0x5A, 0x96, 0xE1 };

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		*p++ = (uint8_t)v;
	return p;
}

static __attribute__((noinline)) uint32_t get32(const uint8_t *p)
{
	uint32_t v = 0;

	for (int i = 4; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* n octets with their filling: whole program units of any size. */
static uint32_t whole(uint32_t n)
{
	return (n + IMP_SLOT_ALIGN - 1) & ~(IMP_SLOT_ALIGN - 1U);
}

/* ---- flash: 0, or non-zero when it failed -----------------------------------------------------
 */

typedef const struct imr_store_flash flash;

static int get(flash *f, uint32_t addr, void *to, size_t n)
{
	return f->read(f->ctx, addr, to, n);
}

/* Are the n octets at addr, once they are in the medium, others than those at `with`, or not all
 * FF when that is NULL? */
static int differ(flash *f, uint32_t addr, const uint8_t *with, size_t n)
{
	uint8_t line[LINE];
	int bad = f->sync ? f->sync(f->ctx) : 0;

	for (uint32_t end = addr + (uint32_t)n; !bad && addr != end; addr += LINE) {
		bad = get(f, addr, line, LINE);
		for (unsigned i = 0; i < LINE; i++)
			bad |= line[i] ^ (with ? *with++ : 0xFF);
	}
	imp_wipe(line, sizeof line);
	return bad;
}

static int program(flash *f, uint32_t addr, const uint8_t *from, size_t n)
{
	int bad = f->prog(f->ctx, addr, from, n);

	return bad ? bad : differ(f, addr, from, n);
}

/* A mark, in units of its own. */
static int mark(flash *f, uint32_t addr, const uint8_t *pattern)
{
	uint8_t line[IMP_SLOT_ALIGN];

	memset(line, 0xFF, sizeof line);
	memcpy(line, pattern, IMP_SLOT_COMMIT);
	return program(f, addr, line, f->unit > IMP_SLOT_COMMIT ? f->unit : IMP_SLOT_COMMIT);
}

/* Make it blank, and see that it is; unless `anyway` without wear when it reads so already. */
static int erase(flash *f, uint32_t addr, uint32_t n, bool anyway)
{
	int bad = 0;

	if (!anyway && !differ(f, addr, NULL, n))
		return 0;
	for (uint32_t at = addr; at != addr + n; at += f->block)
		bad |= f->erase(f->ctx, at);
	return bad | differ(f, addr, NULL, n);
}

/* Erase what the record in force has superseded (R8). */
static enum imr_status clean(const struct imr_store *s)
{
	flash *f = s->flash;
	int left = erase(f, f->region[s->region ^ 1U], f->size, false);

	if (s->flags & IMR_STORE_FACTORY_SPENT)
		left |= erase(f, f->factory, f->factory_size, false);
	return left ? IMR_E_LEFT : IMR_OK;
}

/* ---- read ------------------------------------------------------------------------------------ */

/* A record by the first 64 octets of its region. */
struct record {
	uint32_t addr; /* of the payload */
	uint32_t crc;  /* over the header, as far as it counts */
	struct imp_slot slot;
};

static enum imr_status judge(const struct imr_store *s, unsigned region, struct record *record)
{
	uint8_t head[IMP_SLOT_PAYLOAD_AT];
	enum imp_status judged;

	record->addr = s->flash->region[region];
	if (get(s->flash, record->addr, head, sizeof head))
		return IMR_E_IO;
	record->addr += IMP_SLOT_PAYLOAD_AT;
	record->crc = imp_crc32(0, imp_span(head, IMP_SLOT_CRC_AT));
	/* But for its form a record is judged like a slot of a factory area. */
	if (head[FORM_AT] == IMP_SLOT_FORM_EF || head[FORM_AT] == IMP_SLOT_FORM_STORE)
		head[FORM_AT] ^= IMP_SLOT_FORM_EF ^ IMP_SLOT_FORM_STORE;
	judged = imp_slot_header(head, s->flash->size - SECOND_MARK, &record->slot);
	if (judged == IMP_E_ABSENT)
		return IMR_E_NONE;
	if (judged == IMP_E_UNSUPPORTED)
		return IMR_E_NEWER;
	if (judged != IMP_OK || record->slot.tag != IMP_SLOT_TAG_NONE ||
		record->slot.length < IMR_STORE_TRAILER)
		return IMR_E_DAMAGED;
	return IMR_GOOD;
}

/* Is the set well-formed, with one bootstrap account at most, an origin for each instance, and none
 * behind them?  *account becomes the account's origin, 0 without one. */
static enum imr_status check(const struct imr_set *set, uint8_t *account)
{
	enum imr_status st = imr_ef(imp_span(set->p, set->n), NULL, NULL);
	unsigned n = 0;
	struct imr_at at;

	if (st != IMR_GOOD && st != IMR_E_NONE)
		return st;
	*account = 0;
	imr_set_start(&at);
	for (; imr_set_next(set, &at); n++) {
		if (at.origin == 0 || at.origin == IMR_ORIGIN_FRESH)
			return IMR_E_RULE;
		if (!imr_at_account(&at))
			continue;
		if (*account)
			return IMR_E_RULE;
		*account = (uint8_t)at.origin;
	}
	if (at.instances.n || !imp_span_all(imp_span(set->origin + n, IMR_INSTANCES_MAX - n), 0))
		return IMR_E_RULE;
	return IMR_GOOD;
}

/* Bring the record of a region into s. */
static __attribute__((noinline)) enum imr_status load(struct imr_store *s, unsigned region)
{
	struct record record;
	enum imr_status st = judge(s, region, &record);
	const uint8_t *trailer;
	uint8_t account;

	if (st != IMR_GOOD)
		return st;
	if (record.slot.length > s->set.size)
		return IMR_E_SPACE;
	if (get(s->flash, record.addr, s->set.p, record.slot.length))
		return IMR_E_IO;
	if (imp_crc32(record.crc, imp_span(s->set.p, record.slot.length)) != record.slot.crc)
		return IMR_E_DAMAGED;
	s->set.n = record.slot.length - IMR_STORE_TRAILER;
	trailer = s->set.p + s->set.n;
	s->remaining = get32(trailer);
	s->step = get32(trailer + STEP_AT);
	s->flags = trailer[FLAGS_AT];
	memcpy(&s->card, trailer + CARD_AT, sizeof s->card);
	memcpy(s->set.origin, trailer + ORIGIN_AT, sizeof s->set.origin);
	s->keys = record.slot.keys;
	if (s->flags & ~FLAGS_KNOWN || s->card.id_n > sizeof s->card.id ||
		check(&s->set, &account) != IMR_GOOD)
		return IMR_E_DAMAGED;
	s->generation = record.slot.generation;
	s->region = (uint8_t)region;
	return IMR_GOOD;
}

/* What a store holds that was never written. */
static __attribute__((noinline)) void nothing(struct imr_store *s)
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
 * change from boot to boot.  Not inlined: its frame is gone before a record is read.
 */
static __attribute__((noinline)) unsigned first_of(const struct imr_store *s)
{
	struct record r[2], *newer = r;
	unsigned first = 0;

	if (judge(s, 1, &r[1]) != IMR_GOOD)
		return 0;
	if (judge(s, 0, &r[0]) != IMR_GOOD)
		return 1;
	if (imp_slot_newer(r[1].slot.generation, r[0].slot.generation)) {
		newer++;
		first = 1;
	}
	if (differ(s->flash, newer->addr + whole(newer->slot.length), in_force, sizeof in_force))
		first ^= 1;
	return first;
}

/* Bring the record in force into s.  Region and generation stay as they were when there is none;
 * the store is closed when there is one that must not be overwritten. */
static enum imr_status find(struct imr_store *s)
{
	unsigned which = first_of(s);
	enum imr_status st = load(s, which), other;

	if (st == IMR_GOOD)
		return st;
	other = load(s, which ^ 1U);
	if (other == IMR_GOOD)
		return other;
	if (st == IMR_E_NONE || other == IMR_E_NEWER || other == IMR_E_SPACE)
		st = other;
	if (st == IMR_E_NEWER || st == IMR_E_SPACE)
		s->closed = st;
	return st;
}

enum imr_status imr_store_open(struct imr_store *s)
{
	enum imr_status st;

	s->closed = IMR_GOOD;
	s->unsaved = 0;
	s->generation = 0;
	s->region = IMR_STORE_NO_REGION;
	st = find(s);
	if (st == IMR_GOOD)
		return clean(s);
	nothing(s);
	return st;
}

enum imr_status imr_store_fetch(struct imr_store *s)
{
	enum imr_status st = s->closed;

	if (st != IMR_GOOD)
		return st;
	if (s->region == IMR_STORE_NO_REGION)
		nothing(s);
	else
		st = find(s);
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
static void note_account(struct imr_store *s, uint8_t origin)
{
	if (origin == 0) {
		s->keys = IMP_SLOT_KEYS_PERSISTENT;
		s->remaining = 0;
	}
	if (origin == IMR_ORIGIN_FACTORY) {
		s->flags |= IMR_STORE_FROM_FACTORY;
		return;
	}
	if (s->flags & IMR_STORE_FROM_FACTORY && (origin == 0 || origin == IMR_ORIGIN_SERVER))
		s->flags |= IMR_STORE_FACTORY_SPENT;
	s->flags &= (uint8_t)~IMR_STORE_FROM_FACTORY;
}

/* The trailer behind the set, and filling. */
static void put_trailer(struct imr_store *s)
{
	uint8_t *p = s->set.p + s->set.n;

	memset(p, 0xFF, IMR_STORE_BUFFER_EXTRA);
	p = put32(p, s->remaining);
	p = put32(p, s->step);
	*p++ = s->flags;
	memcpy(p, &s->card, sizeof s->card);
	p += sizeof s->card;
	memcpy(p, s->set.origin, sizeof s->set.origin);
}

static void put_header(const struct imr_store *s, uint8_t head[IMP_SLOT_HEADER])
{
	size_t n = s->set.n + IMR_STORE_TRAILER;
	uint8_t *p = head;
	uint32_t crc;

	memset(head, 0, IMP_SLOT_HEADER);
	p = put32(p, MAGIC);
	p = put32(p, IMP_SLOT_VERSION | (uint32_t)s->keys << 8 |
			     (uint32_t)IMP_SLOT_FORM_STORE << 8 * (FORM_AT - 4));
	p = put32(p, s->generation + 1);
	(void)put32(p, (uint32_t)n);
	crc = imp_crc32(0, imp_span(head, IMP_SLOT_CRC_AT));
	(void)put32(head + IMP_SLOT_CRC_AT, imp_crc32(crc, imp_span(s->set.p, n)));
}

/* Not inlined, like the next one: its frame is gone when the old record is read again. */
static __attribute__((noinline)) enum imr_status put_record(struct imr_store *s, uint32_t addr)
{
	uint8_t head[IMP_SLOT_HEADER];
	uint32_t n = whole((uint32_t)s->set.n + IMR_STORE_TRAILER);
	flash *f = s->flash;

	put_trailer(s);
	put_header(s, head);
	if (erase(f, addr, f->size, true) || program(f, addr + IMP_SLOT_PAYLOAD_AT, s->set.p, n) ||
		program(f, addr, head, sizeof head) ||
		mark(f, addr + IMP_SLOT_COMMIT_AT, imp_slot_commit) ||
		mark(f, addr + IMP_SLOT_PAYLOAD_AT + n, in_force)) {
		/* Its keys shall not lie about until the next boot. */
		(void)erase(f, addr, f->size, true);
		return IMR_E_IO;
	}
	return IMR_GOOD;
}

static __attribute__((noinline)) enum imr_status replace(struct imr_store *s)
{
	unsigned target = ~s->region & 1U; /* A when there is none */
	uint8_t flags = s->flags;
	uint8_t account;
	enum imr_status st = check(&s->set, &account);

	if (st != IMR_GOOD)
		return st;
	if (s->keys != IMP_SLOT_KEYS_PERSISTENT && s->keys != IMP_SLOT_KEYS_NON_PERSISTENT)
		return IMR_E_RULE;
	if (s->set.n + IMR_STORE_BUFFER_EXTRA > s->set.size ||
		s->set.n + IMR_STORE_TRAILER > IMP_SLOT_PAYLOAD_MAX ||
		s->set.n + IMR_STORE_BUFFER_EXTRA + IMR_STORE_REGION_EXTRA > s->flash->size)
		return IMR_E_SPACE;
	note_account(s, account);
	st = put_record(s, s->flash->region[target]);
	if (st != IMR_GOOD)
		return st;
	s->region = (uint8_t)target;
	s->generation++;
	st = clean(s);
	if ((s->flags & ~flags) & IMR_STORE_FACTORY_SPENT && !s->flash->factory_size)
		st = IMR_E_LEFT;
	return st;
}

enum imr_status imr_store_apply(struct imr_store *s)
{
	enum imr_status st = s->closed == IMR_GOOD ? replace(s) : s->closed;

	if (st != IMR_OK && st != IMR_E_LEFT)
		(void)imr_store_fetch(s);
	imr_store_wipe(s);
	return st;
}
