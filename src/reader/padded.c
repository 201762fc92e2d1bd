/* SPDX-License-Identifier: Apache-2.0 */
/* A payload in the file of a card: with filling behind it, or never written. */
#include "reader/walk.h"

#include "codec/ef.h"
#include "codec/tlv.h"

enum imr_status imr_padded(struct imp_span file, imr_visit *visit, void *ctx)
{
	size_t extent = imp_ef_extent(file);

	if (file.n && imp_span_all(file, 0xFF))
		return IMR_E_NONE;
	if (extent && extent < file.n)
		file.n = extent;
	return imr_ef(file, visit, ctx);
}

bool imr_has_no_header(struct imp_span file)
{
	return file.n && file.p[0] >> 6 == IMP_TLV_RESOURCE && !imp_span_all(file, 0xFF);
}
