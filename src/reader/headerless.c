/* SPDX-License-Identifier: Apache-2.0 */
/* A card file without header, as some cards have it: D17, 8. */
#include "reader/imr.h"

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

/* Resource Instances without a resource are passed over. */
static enum imr_status pass(struct imp_span file, imr_visit *visit, void *ctx)
{
	struct imr_walk w = { .visit = visit, .ctx = ctx };
	struct imp_rd rd = imp_rd(file);
	struct imp_tlv tlv;
	enum imr_status st = IMR_GOOD;
	uint32_t above = 0; /* all ids so far */
	unsigned n = 0;

	while (st == IMR_GOOD && imp_rd_peek(&rd) != 0x00 && imp_rd_peek(&rd) != 0xFF) {
		const uint8_t *here = rd.p;

		if (imp_tlv_next(&rd, &tlv) != IMP_OK)
			return IMR_E_DAMAGED;
		n++;
		if (tlv.kind == IMP_TLV_RES_INSTANCE)
			continue;
		if (tlv.id >= above)
			above = tlv.id + 1U;
		else if (n > IMR_UNORDERED)
			return IMR_E_DAMAGED;
		else if (again(imp_span(file.p, (size_t)(here - file.p)), tlv.id))
			continue;
		st = imr_walk(&w, IMR_RESOURCE, imp_span(here, (size_t)(rd.p - here)));
	}
	return st == IMR_GOOD && !w.at.value ? IMR_E_DAMAGED : st;
}

enum imr_status imr_headerless(const uint8_t *file, size_t n, imr_visit *visit, void *ctx)
{
	enum imr_status st = pass(imp_span(file, n), NULL, NULL);

	if (st == IMR_GOOD && visit)
		st = pass(imp_span(file, n), visit, ctx);
	return st == IMR_GOOD ? IMR_OK : st;
}
