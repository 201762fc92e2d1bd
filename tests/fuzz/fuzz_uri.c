/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a URI: its parts lie inside, in order, and fit some mode. */
#include <stdlib.h>

#include "model/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_uri u;

	if (imp_uri(imp_span(data, size), &u))
		return 0;
	if (size > IMP_URI_MAX || u.scheme.p != data || u.scheme.n == 0 || u.host.n == 0)
		abort();
	if (u.host.p < data + u.scheme.n + 3 || u.host.p + u.host.n > data + size)
		abort();
	if (!imp_uri_fits_mode(&u, 0) && !imp_uri_fits_mode(&u, 3))
		abort();
	return 0;
}
