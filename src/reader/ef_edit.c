/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/ef_edit.h"

#include <string.h>

#include "base/secret.h"
#include "codec/ef.h"
#include "codec/tlv.h"

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

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- look ------------------------------------------------------------------------------------ */

/* Go to the next object; its instances may be none. */
static bool next_object(const struct imr_set *set, struct imr_at *at)
{
	struct imp_rd rd = { at->end, (size_t)(set->p + set->n - at->end), IMP_OK };
	struct imp_ef_object object;

	if (imp_ef_next(&rd, &object) != IMP_OK)
		return false;
	at->frame = at->end;
	at->object = object.id;
	at->end += rd.p - at->end;
	at->first = at->end - object.instances.n;
	at->next = at->first;
	return true;
}

bool imr_set_next(const struct imr_set *set, struct imr_at *at)
{
	struct imp_rd rd;
	struct imp_tlv tlv;

	/* cppcheck-suppress ctuuninitvar ; of a cursor at the start only end is read */
	if (!at->end) {
		if (set->n < IMP_EF_HEADER)
			return false;
		at->next = at->end = set->p + IMP_EF_HEADER;
		at->index = 0;
	} else {
		at->index++;
	}
	while (at->next == at->end)
		if (!next_object(set, at))
			return false;
	rd.p = at->next;
	rd.n = (size_t)(at->end - at->next);
	rd.st = IMP_OK;
	if (at->index >= IMR_INSTANCES_MAX || imp_tlv_next(&rd, &tlv) != IMP_OK)
		return false;
	at->here = at->next;
	at->next += rd.p - at->next;
	at->instance = tlv.id;
	at->resources = tlv.value;
	return true;
}

bool imr_set_find(
	const struct imr_set *set, uint16_t object, uint16_t instance, struct imr_at *found)
{
	struct imr_at at;

	at.end = NULL;
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

bool imr_at_account(const struct imr_at *at)
{
	struct imp_span flag;

	if (at->object != SECURITY)
		return false;
	flag = imr_at_resource(at, BOOTSTRAP_SERVER);
	return flag.n == 1 && flag.p[0] == 1;
}

bool imr_set_account(const struct imr_set *set, struct imr_at *at)
{
	while (imr_set_next(set, at))
		if (imr_at_account(at))
			return true;
	return false;
}

uint32_t imr_at_timeout(const struct imr_at *at)
{
	struct imp_span v = imr_at_resource(at, ACCOUNT_TIMEOUT);
	uint32_t seconds = 0;

	if (v.n && v.p[0] & 0x80)
		return 0;
	for (size_t i = 0; i < v.n; i++) {
		if (seconds >> 24)
			return UINT32_MAX;
		seconds = seconds << 8 | v.p[i];
	}
	return seconds;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Does the Security instance link to it, by a single link or by one of several? */
static bool links_to(const struct imr_at *security, const uint8_t link[4])
{
	struct imp_rd rd = { security->resources.p, security->resources.n, IMP_OK };
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK) {
		if (tlv.id == COSE_LINKS && tlv.kind == IMP_TLV_MULTIPLE) {
			/* Its instances come next, and then what follows it. */
			rd.p -= tlv.value.n;
			rd.n += tlv.value.n;
		} else if ((tlv.kind == IMP_TLV_RES_INSTANCE || tlv.id == OSCORE_LINK ||
				   tlv.id == MQTT_LINK) &&
			   tlv.value.n == 4 && memcmp(tlv.value.p, link, 4) == 0) {
			return true;
		}
	}
	return false;
}

bool imr_set_owned(const struct imr_set *set, uint16_t account, uint16_t object, uint16_t instance)
{
	uint8_t link[4];
	struct imr_at at;
	bool mine = false;

	if (object < OSCORE || object > MQTT || object == OSCORE + 1)
		return false;
	put16(link, object);
	put16(link + 2, instance);
	at.end = NULL;
	while (imr_set_next(set, &at)) {
		if (at.object != SECURITY || !links_to(&at, link))
			continue;
		if (at.instance != account)
			return false;
		mine = true;
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

/* Take k octets at `from` out of the set. */
static void cut(struct imr_set *set, uint8_t *from, size_t k)
{
	uint8_t *end = set->p + set->n;

	for (uint8_t *p = from; p + k < end; p++)
		*p = p[k];
	imp_wipe(end - k, k);
	set->n -= k;
	put16(set->p + SIZE_AT, set->n - IMP_EF_HEADER);
}

void imr_set_remove(struct imr_set *set, struct imr_at *at)
{
	uint8_t *from = at->here, *length = at->first - 2;
	size_t k = (size_t)(at->next - from);

	if (from == at->first && at->next == at->end) {
		from = at->frame;
		k = (size_t)(at->end - from);
		at->end = from;
		put16(set->p, be16(set->p) - 1);
	} else {
		put16(length, be16(length) - k);
		at->end -= k;
	}
	at->next = from;
	cut(set, from, k);
	for (unsigned i = at->index; i < IMR_INSTANCES_MAX; i++)
		set->origin[i] = i + 1 < IMR_INSTANCES_MAX ? set->origin[i + 1] : 0;
	at->index--; /* the next one takes this place */
}

void imr_set_purge(struct imr_set *set, uint16_t account)
{
	struct imr_at at;

	at.end = NULL;
	while (imr_set_next(set, &at))
		if (imr_set_owned(set, account, at.object, at.instance))
			imr_set_remove(set, &at);
	if (imr_set_find(set, SECURITY, account, &at))
		imr_set_remove(set, &at);
}

/* Make room for k octets at offset `to`. */
static uint8_t *open_gap(struct imr_set *set, size_t to, size_t k)
{
	for (size_t i = set->n; i-- > to;)
		set->p[i + k] = set->p[i];
	set->n += k;
	put16(set->p + SIZE_AT, set->n - IMP_EF_HEADER);
	return set->p + to;
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

/* Make room for one more origin. */
static void shift_origins(struct imr_set *set, unsigned index)
{
	for (unsigned i = IMR_INSTANCES_MAX - 1; i > index; i--)
		set->origin[i] = set->origin[i - 1];
}

/* Where an instance goes: in its old place, else behind the last one of its object, else behind
 * everything in an object of its own. */
struct place {
	size_t to;
	size_t old;	  /* octets that it replaces */
	size_t length_at; /* of the object; 0 when that is new */
	unsigned index;
};

static void object_end(const struct imr_set *set, uint16_t id, struct place *place)
{
	struct imp_rd rd = { set->p + IMP_EF_HEADER, set->n - IMP_EF_HEADER, IMP_OK };
	struct imp_ef_object object;

	place->to = set->n;
	while (imp_ef_next(&rd, &object) == IMP_OK) {
		if (object.id == id) {
			place->to = (size_t)(rd.p - set->p);
			place->length_at = place->to - object.instances.n - 2;
			return;
		}
	}
}

/* False when there are instances enough. */
static bool find_place(
	const struct imr_set *set, uint16_t object, uint16_t instance, struct place *place)
{
	struct imr_at at;
	unsigned count = 0;

	if (imr_set_find(set, object, instance, &at)) {
		place->to = (size_t)(at.here - set->p);
		place->old = (size_t)(at.next - at.here);
		place->length_at = (size_t)(at.first - set->p) - 2;
		place->index = at.index;
		return true;
	}
	object_end(set, object, place);
	at.end = NULL;
	while (imr_set_next(set, &at)) {
		count++;
		if (at.here < set->p + place->to)
			place->index = count;
	}
	return count < IMR_INSTANCES_MAX;
}

enum imr_status imr_set_put(struct imr_set *set, uint16_t object, uint16_t instance,
	struct imp_span resources, enum imr_origin origin)
{
	struct place place = { 0 };
	uint8_t head[HEADER_MAX], *p;
	size_t n = resources.n, k;

	if (n > IMP_EF_COLLECTION_MAX || !find_place(set, object, instance, &place))
		return IMR_E_SPACE;
	k = instance_header(head, instance, n);
	n += k + (place.length_at ? 0 : FRAME);
	if (set->n - place.old + n > set->size ||
		set->n - place.old + n > IMP_EF_HEADER + IMP_EF_COLLECTION_MAX)
		return IMR_E_SPACE;
	if (place.old)
		cut(set, set->p + place.to, place.old);
	else
		shift_origins(set, place.index);
	p = open_gap(set, place.to, n);
	if (place.length_at) {
		uint8_t *length = set->p + place.length_at;

		put16(length, be16(length) - place.old + n);
	} else {
		put16(set->p, be16(set->p) + 1);
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
