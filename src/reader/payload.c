/* SPDX-License-Identifier: Apache-2.0 */
/* A payload as cards hold it: with filling behind it, never written, or without a header. */
#include "reader/imr.h"

#include "codec/ef.h"
#include "codec/tlv.h"
#include "reader/walk.h"

/* Was the resource that ends before the rest of the file there before?  Other kinds do not count.
 */
static __attribute__((noinline)) bool again(struct imp_span before, uint16_t id)
{
	struct imp_rd rd = imp_rd(before);
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK)
		if (tlv.id == id && tlv.kind & IMP_TLV_MULTIPLE)
			return true;
	return false;
}

/* Resources of /0/0 from the first octet to the filling; the first of each id counts, Resource
 * Instances without a resource do not (D17, 8). */
static enum imr_status headerless(struct imp_span file, imr_visit *visit, void *ctx)
{
	struct imr_walk w = { .visit = visit, .ctx = ctx };
	struct imp_rd rd = imp_rd(file);
	struct imp_tlv tlv;
	enum imr_status st = IMR_GOOD;

	while (st == IMR_GOOD && imp_rd_peek(&rd) != 0x00 && imp_rd_peek(&rd) != 0xFF) {
		const uint8_t *here = rd.p;

		if (imp_tlv_next(&rd, &tlv) != IMP_OK)
			return IMR_E_DAMAGED;
		if (tlv.kind != IMP_TLV_RES_INSTANCE &&
			!again(imp_span(file.p, (size_t)(here - file.p)), tlv.id))
			st = imr_walk(&w, IMR_RESOURCE, imp_span(here, (size_t)(rd.p - here)));
	}
	return st == IMR_GOOD && !w.at.value ? IMR_E_DAMAGED : st;
}

static enum imr_status check(struct imp_span file, uint32_t options, imr_visit *visit, void *ctx)
{
	size_t extent = imp_ef_extent(file);
	enum imr_status st;

	if (file.n && imp_span_all(file, 0xFF))
		return IMR_E_NONE; /* never written */
	if (!(options & IMR_OPT_LENIENT) || file.n == 0 || file.p[0] >> 6 != IMP_TLV_RESOURCE) {
		if (extent && extent < file.n)
			file.n = extent;
		return imr_ef(file, visit, ctx);
	}
	/* Such a first octet would be a count of 49152 objects: no header. */
	st = headerless(file, NULL, NULL);
	return st == IMR_GOOD && visit ? headerless(file, visit, ctx) : st;
}

enum imr_status imr_payload(
	const uint8_t *payload, size_t n, uint32_t options, imr_visit *visit, void *ctx)
{
	enum imr_status st = check(imp_span(payload, n), options, visit, ctx);

	return st == IMR_GOOD ? IMR_OK : st;
}
