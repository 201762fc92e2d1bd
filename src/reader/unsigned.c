/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

uint32_t imr_unsigned(const struct imr_resource *resource)
{
	uint32_t v = 0;

	for (size_t i = 0; i < resource->length; i++) {
		if (v >> 24)
			return UINT32_MAX;
		v = v << 8 | resource->value[i];
	}
	return v;
}
