/* SPDX-License-Identifier: Apache-2.0 */
/* What a payload may hold: ref lwm2m 5.2, 5.3, 7.1; D17, D20. */
#include "reader/walk.h"

#include "codec/ef.h"
#include "codec/tlv.h"
#include "reader/types.h"

/* The next TLV: of a kind that may stand at this level, and no other behind it with its id (T11).
 */
static bool next(struct imp_rd *rd, unsigned level, struct imp_tlv *tlv)
{
	static const uint8_t kinds[IMR_LEVELS] = { 1U << IMP_TLV_INSTANCE,
		1U << IMP_TLV_MULTIPLE | 1U << IMP_TLV_RESOURCE, 1U << IMP_TLV_RES_INSTANCE };
	struct imp_tlv other;
	struct imp_rd rest;

	if (imp_tlv_next(rd, tlv) != IMP_OK || tlv->id == IMR_NO_ID ||
		!(kinds[level] >> tlv->kind & 1))
		return false;
	rest = *rd;
	while (rest.n && imp_tlv_next(&rest, &other) == IMP_OK)
		if (other.id == tlv->id)
			return false;
	return true;
}

static enum imr_status value(struct imr_walk *w, char type, struct imp_span octets)
{
	if (!imr_type_fits(type, octets))
		return IMR_E_DAMAGED;
	w->any = true;
	w->at.value = octets.p;
	w->at.length = octets.n;
	return w->visit && w->visit(w->ctx, &w->at) ? IMR_E_STOPPED : IMR_OK;
}

enum imr_status imr_walk(struct imr_walk *w, enum imr_level top, struct imp_span run)
{
	struct imp_rd rd = imp_rd(run);
	const uint8_t *end[IMR_LEVELS];
	unsigned level = top;
	char type = '?';

	end[level] = run.p + run.n;
	for (;;) {
		enum imr_status st = IMR_OK;
		struct imp_tlv tlv;

		rd.n = (size_t)(end[level] - rd.p);
		if (rd.n == 0) {
			if (level-- == top)
				return IMR_OK;
			continue;
		}
		if (!next(&rd, level, &tlv))
			return IMR_E_DAMAGED;
		if (level == IMR_INSTANCE) {
			w->at.instance = tlv.id;
		} else if (level == IMR_RESOURCE) {
			w->at.resource = tlv.id;
			w->at.res_instance = IMR_NO_ID;
			type = imr_type(w->at.object, tlv.id);
			if (!imr_type_counts(type, tlv.kind == IMP_TLV_MULTIPLE))
				return IMR_E_DAMAGED;
		} else {
			w->at.res_instance = tlv.id;
		}
		if (tlv.kind & IMP_TLV_RES_INSTANCE) { /* and RESOURCE: these hold a value */
			st = value(w, type, tlv.value);
		} else {
			end[++level] = rd.p;
			rd.p = tlv.value.p;
		}
		if (st != IMR_OK)
			return st;
	}
}

static enum imr_status pass(struct imr_walk *w, const struct imp_ef *ef)
{
	struct imp_rd rd = imp_rd(ef->objects);

	for (unsigned left = ef->count; left > 0; left--) {
		struct imp_ef_object object, other;
		struct imp_rd rest;
		enum imr_status st;

		if (imp_ef_next(&rd, &object) != IMP_OK)
			return IMR_E_DAMAGED;
		rest = rd;
		while (rest.n && imp_ef_next(&rest, &other) == IMP_OK)
			if (other.id == object.id)
				return IMR_E_DAMAGED;
		w->at.object = object.id;
		st = imr_walk(w, IMR_INSTANCE, object.instances);
		if (st != IMR_OK)
			return st;
	}
	return rd.n ? IMR_E_DAMAGED : IMR_OK;
}

enum imr_status imr_ef(struct imp_span file, imr_visit *visit, void *ctx)
{
	struct imr_walk w;
	struct imp_ef ef;
	enum imr_status st;

	if (imp_ef_open(file, &ef) != IMP_OK)
		return IMR_E_DAMAGED;
	w.visit = NULL;
	w.any = false;
	st = pass(&w, &ef);
	if (st == IMR_OK && !w.any)
		return IMR_E_NONE;
	w.visit = visit;
	w.ctx = ctx;
	return st == IMR_OK && visit ? pass(&w, &ef) : st;
}
