/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

#include "reader/walk.h"

enum imr_status imr_payload(
	const uint8_t *payload, size_t n, uint32_t options, imr_visit *visit, void *ctx)
{
	struct imp_span file = imp_span(payload, n);
	enum imr_status st;

	if (options & IMR_OPT_LENIENT && imr_has_no_header(file))
		return imr_headerless(payload, n, visit, ctx);
	st = imr_padded(file, visit, ctx);
	return st == IMR_GOOD ? IMR_OK : st;
}
