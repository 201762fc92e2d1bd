/* SPDX-License-Identifier: Apache-2.0 */
/* What a payload may hold: ref lwm2m 5.2, 5.3, 7.1; D17, D20. */
#include "reader/walk.h"

#include "codec/ef.h"
#include "codec/tlv.h"
#include "reader/types.h"

/* May a TLV of this kind stand at this level?  Four bits for each level, one for each kind. */
static bool belongs(unsigned level, enum imp_tlv_kind kind)
{
	const unsigned may = 1U << IMP_TLV_INSTANCE |
			     (1U << IMP_TLV_MULTIPLE | 1U << IMP_TLV_RESOURCE) << 4 * IMR_RESOURCE |
			     1U << IMP_TLV_RES_INSTANCE << 4 * IMR_RES_INSTANCE;

	return may >> (4 * level + kind) & 1;
}

/* The next TLV, and no other behind it with its id (T11).  *rising: levels where ids rise from here
 * on, so that nobody has to look any more. */
static bool next(struct imp_rd *rd, unsigned level, unsigned *rising, struct imp_tlv *tlv)
{
	unsigned bit = 1U << level, left = IMR_UNORDERED, last;
	struct imp_tlv other;
	struct imp_rd rest;

	if (imp_tlv_next(rd, tlv) != IMP_OK || tlv->id == IMR_NO_ID || !belongs(level, tlv->kind))
		return false;
	if (*rising & bit)
		return true;
	*rising |= bit;
	last = tlv->id;
	rest = *rd;
	while (imp_tlv_next(&rest, &other) == IMP_OK) {
		if (other.id == tlv->id)
			return false;
		if (other.id <= last)
			*rising &= ~bit;
		last = other.id;
		if (left)
			left--;
		else if (!(*rising & bit))
			return false;
	}
	return true;
}

/* Hand a value over; false: the visitor wants no more. */
static bool value(struct imr_walk *w, const struct imp_tlv *tlv)
{
	w->at.value = tlv->value.p;
	w->at.length = tlv->value.n;
	return !w->visit || w->visit(w->ctx, &w->at) == 0;
}

enum imr_status imr_walk(struct imr_walk *w, enum imr_level top, struct imp_span run)
{
	struct imp_rd rd = { run.p, run.n, IMP_OK };
	const uint8_t *end[IMR_LEVELS];
	unsigned level = top, rising = 0;

	end[level] = run.p + run.n;
	for (;;) {
		struct imp_tlv tlv;

		rd.n = (size_t)(end[level] - rd.p);
		if (rd.n == 0) {
			if (level-- == top)
				return IMR_GOOD;
			continue;
		}
		if (!next(&rd, level, &rising, &tlv))
			return IMR_E_DAMAGED;
		w->at.res_instance = IMR_NO_ID;
		if (level == IMR_INSTANCE)
			w->at.instance = tlv.id;
		else if (level == IMR_RESOURCE)
			w->at.resource = tlv.id;
		else
			w->at.res_instance = tlv.id;
		if (level != IMR_INSTANCE && !imr_type_fits(w->at.object, w->at.resource, &tlv))
			return IMR_E_DAMAGED;
		if (tlv.kind & IMP_TLV_RES_INSTANCE) { /* it and RESOURCE hold a value */
			if (!value(w, &tlv))
				return IMR_E_STOPPED;
		} else {
			end[++level] = rd.p;
			rising &= ~(1U << level);
			rd.p = tlv.value.p;
		}
	}
}

/* Is there an object with this id in the rest? */
static IMR_APART bool object_in(struct imp_rd rest, uint16_t id)
{
	struct imp_ef_object object;

	while (imp_ef_next(&rest, &object) == IMP_OK)
		if (object.id == id)
			return true;
	return false;
}

static enum imr_status objects(struct imr_walk *w, struct imp_span file)
{
	struct imp_rd rd = { file.p + IMP_EF_HEADER, file.n - IMP_EF_HEADER, IMP_OK };
	unsigned left = file.p[1];
	enum imr_status st = IMR_GOOD;

	for (; left > 0 && st == IMR_GOOD; left--) {
		struct imp_ef_object object;

		if (imp_ef_next(&rd, &object) != IMP_OK || object_in(rd, object.id))
			return IMR_E_DAMAGED;
		w->at.object = object.id;
		st = imr_walk(w, IMR_INSTANCE, object.instances);
	}
	return st == IMR_GOOD && rd.n ? IMR_E_DAMAGED : st;
}

enum imr_status imr_ef(struct imp_span file, imr_visit *visit, void *ctx)
{
	struct imr_walk w;

	/* Each object is compared with those behind it: not for thousands. */
	if (file.n == 0 || imp_ef_extent(file) != file.n || file.p[0])
		return IMR_E_DAMAGED;
	w.visit = NULL;
	w.ctx = ctx;
	w.at.value = NULL;
	for (;;) {
		enum imr_status st = objects(&w, file);

		if (st != IMR_GOOD)
			return st;
		if (!w.at.value)
			return IMR_E_NONE;
		if (w.visit == visit)
			return IMR_GOOD;
		w.visit = visit; /* all of it is good: once more, to hand it over */
	}
}
