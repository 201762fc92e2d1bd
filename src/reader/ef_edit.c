/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/ef_edit.h"

#include <string.h>

#include "base/secret.h"
#include "codec/ef.h"
#include "codec/tlv.h"
#include "reader/walk.h"

#define SECURITY 0
#define OSCORE 21 /* then 23 COSE */
#define MQTT 24

#define BOOTSTRAP_SERVER 1
#define ACCOUNT_TIMEOUT 12
#define OSCORE_LINK 17
#define MQTT_LINK 26
#define COSE_LINKS 27

#define SIZE_AT 2
#define FRAME 5	     /* octets of an object header without a version */
#define HEADER_MAX 5 /* of an Object Instance TLV: type, id, length */
#define WIDE_ID 0x20
#define WIDTH_1 0x08
#define WIDTH_2 0x10

/* Add to a number of two octets. */
static void add16(uint8_t *p, size_t v)
{
	v += (size_t)p[0] << 8 | p[1];
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- look ------------------------------------------------------------------------------------ */

bool imr_set_next(const struct imr_set *set, struct imr_at *at)
{
	struct imp_ef_object object;
	struct imp_tlv tlv;

	/* cppcheck-suppress ctuuninitvar ; of a cursor at the start only objects.p is read */
	if (!at->objects.p) {
		if (set->n < IMP_EF_HEADER)
			return false;
		at->objects = imp_rd(imp_span(set->p + IMP_EF_HEADER, set->n - IMP_EF_HEADER));
		at->instances.n = 0;
		at->index = 0;
	} else {
		at->index++;
	}
	while (at->instances.n == 0) {
		at->frame = set->p + (at->objects.p - set->p);
		if (imp_ef_next(&at->objects, &object) != IMP_OK)
			return false;
		at->object = object.id;
		at->instances = imp_rd(object.instances);
		at->first = set->p + (at->instances.p - set->p);
	}
	at->here = set->p + (at->instances.p - set->p);
	if (at->index >= IMR_INSTANCES_MAX || imp_tlv_next(&at->instances, &tlv) != IMP_OK)
		return false;
	at->origin = set->origin[at->index];
	at->instance = tlv.id;
	at->resources = tlv.value;
	return true;
}

bool imr_set_find(
	const struct imr_set *set, uint16_t object, uint16_t instance, struct imr_at *found)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object == object && at.instance == instance) {
			*found = at;
			return true;
		}
	}
	return false;
}

struct imp_span imr_at_resource(const struct imr_at *at, uint16_t resource)
{
	struct imp_rd rd = { at->resources.p, at->resources.n, IMP_OK };
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK)
		if (tlv.id == resource && tlv.kind >= IMP_TLV_MULTIPLE)
			return tlv.value;
	return imp_span(NULL, 0);
}

/* What makes an account of a Security instance. */
static int look(void *ctx, const struct imr_resource *r)
{
	struct imr_at *at = (struct imr_at *)ctx;
	uint32_t v = 0;

	for (size_t i = 0; i < r->length; i++)
		v = v >> 24 ? UINT32_MAX : v << 8 | r->value[i];
	if (r->resource == BOOTSTRAP_SERVER)
		at->account = v == 1;
	if (r->resource == ACCOUNT_TIMEOUT && r->length && !(r->value[0] & 0x80))
		at->timeout = v;
	return 0;
}

bool imr_at_account(struct imr_at *at)
{
	struct imr_walk walk;

	at->account = false;
	at->timeout = 0;
	walk.visit = look;
	walk.ctx = at;
	walk.at.object = at->object;
	if (at->object == SECURITY)
		(void)imr_walk(&walk, IMR_RESOURCE, at->resources);
	return at->account;
}

bool imr_set_account(const struct imr_set *set, struct imr_at *at)
{
	while (imr_set_next(set, at))
		if (imr_at_account(at))
			return true;
	return false;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* A visitor that stops at a link to what ctx names, be it a single one or one of several. */
static int at_link(void *link, const struct imr_resource *r)
{
	return (r->resource == OSCORE_LINK || r->resource == MQTT_LINK ||
		       r->resource == COSE_LINKS) &&
	       r->length == 4 && memcmp(r->value, link, 4) == 0;
}

/* Is it the account, or does the account link to it?  And no other one, unless shared. */
static bool belongs(
	const struct imr_set *set, uint16_t account, const struct imr_at *what, bool shared)
{
	uint8_t link[4];
	struct imr_walk walk;
	struct imr_at at;
	bool mine = false;

	if (what->object == SECURITY)
		return what->instance == account;
	if (what->object < OSCORE || what->object > MQTT || what->object == OSCORE + 1)
		return false;
	put16(link, what->object);
	put16(link + 2, what->instance);
	walk.visit = at_link;
	walk.ctx = link;
	walk.at.object = SECURITY;
	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object != SECURITY ||
			imr_walk(&walk, IMR_RESOURCE, at.resources) == IMR_GOOD)
			continue;
		if (at.instance == account)
			mine = true;
		else if (!shared)
			return false;
	}
	return mine;
}

/* ---- change ---------------------------------------------------------------------------------- */

void imr_set_clear(struct imr_set *set)
{
	imp_wipe(set->p, set->size);
	memset(set->origin, 0, sizeof set->origin);
	set->n = IMP_EF_HEADER;
}

/* The octets from there up to end move k octets down. */
static void close_gap(uint8_t *to, size_t k, const uint8_t *end)
{
	for (; to + k < end; to++)
		*to = to[k];
}

/* Take k octets at `from` out of the set. */
static void cut(struct imr_set *set, uint8_t *from, size_t k)
{
	uint8_t *end = set->p + set->n;

	close_gap(from, k, end);
	imp_wipe(end - k, k);
	set->n -= k;
	add16(set->p + SIZE_AT, 0 - k);
}

void imr_set_remove(struct imr_set *set, struct imr_at *at)
{
	uint8_t *from = at->here;
	size_t k = (size_t)(at->instances.p - from);

	if (from == at->first && at->instances.n == 0) {
		from = at->frame;
		k = (size_t)(at->instances.p - from);
		add16(set->p, (size_t)-1);
	} else {
		add16(at->first - 2, 0 - k);
	}
	at->objects.p -= k;
	at->instances.p = from;
	cut(set, from, k);
	close_gap(set->origin + at->index, 1, set->origin + IMR_INSTANCES_MAX);
	set->origin[IMR_INSTANCES_MAX - 1] = 0;
	at->index--; /* the next one takes this place */
}

void imr_set_sweep(struct imr_set *set)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (at.origin == 0)
			imr_set_remove(set, &at);
}

void imr_set_divide(struct imr_set *set, uint16_t account, bool keep)
{
	struct imr_at at;

	/* Links are judged while all of them are there. */
	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (belongs(set, account, &at, keep) != keep)
			set->origin[at.index] = 0;
	imr_set_sweep(set);
}

/* The octets from there up to end move k octets up. */
static void open_gap(uint8_t *from, size_t k, uint8_t *end)
{
	while (end-- > from)
		end[k] = *end;
}

/* Header of an Object Instance TLV with n octets; its length. */
static size_t instance_header(uint8_t head[HEADER_MAX], uint16_t id, size_t n)
{
	size_t at = 1;

	head[0] = (uint8_t)(n < 8 ? n : n < 256 ? WIDTH_1 : WIDTH_2);
	if (id > 0xFF) {
		head[0] |= WIDE_ID;
		head[at++] = (uint8_t)(id >> 8);
	}
	head[at++] = (uint8_t)id;
	if (n > 0xFF)
		head[at++] = (uint8_t)(n >> 8);
	if (n > 7)
		head[at++] = (uint8_t)n;
	return at;
}

/* Where an instance goes: in its old place, else behind the last one of its object, else behind
 * everything in an object of its own. */
struct place {
	uint8_t *to;
	uint8_t *length; /* of the object; NULL when that is new */
	size_t old;	 /* octets that it replaces */
	unsigned index, count;
};

static void find_place(
	const struct imr_set *set, uint16_t id, uint16_t instance, struct place *place)
{
	struct imp_rd objects = { set->p + IMP_EF_HEADER, set->n - IMP_EF_HEADER, IMP_OK };
	struct imp_ef_object object;
	unsigned count = 0;

	place->length = NULL;
	place->old = 0;
	while (imp_ef_next(&objects, &object) == IMP_OK) {
		struct imp_rd rd = imp_rd(object.instances);
		const uint8_t *here = rd.p;
		struct imp_tlv tlv;

		if (object.id == id)
			place->length = set->p + (here - set->p) - 2;
		for (; rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK; here = rd.p, count++) {
			if (object.id != id || tlv.id != instance)
				continue;
			place->to = set->p + (here - set->p);
			place->old = (size_t)(rd.p - here);
			place->index = count;
		}
		if (object.id == id && !place->old) {
			place->to = set->p + (here - set->p);
			place->index = count;
		}
	}
	if (!place->length) {
		place->to = set->p + set->n;
		place->index = count;
	}
	place->count = count;
}

enum imr_status imr_set_put(struct imr_set *set, uint16_t object, uint16_t instance,
	struct imp_span resources, enum imr_origin origin)
{
	struct place place;
	uint8_t head[HEADER_MAX], *p;
	size_t n = resources.n, k;

	if (set->n < IMP_EF_HEADER)
		return IMR_E_SPACE;
	find_place(set, object, instance, &place);
	k = instance_header(head, instance, n);
	n += k + (place.length ? 0 : FRAME);
	if (resources.n > IMP_EF_COLLECTION_MAX || set->n - place.old + n > set->size ||
		set->n - place.old + n > IMP_EF_HEADER + IMP_EF_COLLECTION_MAX ||
		(!place.old && place.count >= IMR_INSTANCES_MAX))
		return IMR_E_SPACE;
	p = place.to;
	if (place.old)
		cut(set, p, place.old);
	else
		open_gap(set->origin + place.index, 1, set->origin + IMR_INSTANCES_MAX - 1);
	open_gap(p, n, set->p + set->n);
	set->n += n;
	add16(set->p + SIZE_AT, n);
	if (place.length) {
		add16(place.length, n - place.old);
	} else {
		add16(set->p, 1);
		put16(p, object);
		p[2] = 0;
		put16(p + 3, n - FRAME);
		p += FRAME;
	}
	memcpy(p, head, k);
	if (resources.n)
		memcpy(p + k, resources.p, resources.n);
	set->origin[place.index] = (uint8_t)origin;
	return IMR_OK;
}
