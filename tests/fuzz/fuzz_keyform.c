/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a key: a point that is found lies inside. */
#include <stdlib.h>

#include "codec/keyform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_keyform k;

	if (imp_keyform(imp_span(data, size), &k))
		return 0;
	if (k.point.n && (k.point.p < data || k.point.p + k.point.n > data + size))
		abort();
	if (k.p256 && k.curve_bits != 256)
		abort();
	return 0;
}
