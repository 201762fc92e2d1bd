/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

#include "codec/tlv.h"

int64_t imr_integer(const struct imr_resource *resource)
{
	int64_t v = 0;

	if (imp_tlv_integer(imp_span(resource->value, resource->length), &v) != IMP_OK)
		return 0;
	return v;
}
