/* SPDX-License-Identifier: Apache-2.0 */
/* Any file: decode strictly and leniently, check, encode, decode again; the set stays the same. */
#include <stdlib.h>

#include "model/check.h"
#include "model/set_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct imp_span file, bool lenient)
{
	static struct imp_set set, again;
	static struct imp_findings findings;
	static uint8_t out[IMP_PAYLOAD_MAX];
	struct imp_check_options options = { .final = true };
	struct imp_wr wr = imp_wr(out, sizeof(out));
	struct imp_ef_extent extent;

	if (imp_set_from_ef(&set, file, lenient, false, &extent)) {
		if (set.n || set.used || set.versions_n)
			abort();
		return;
	}
	if (extent.bytes + extent.padding != file.n || (extent.quirks && !lenient))
		abort();
	findings.n = 0;
	imp_check(&set, &options, &findings);
	if (imp_set_to_ef(&set, &wr) ||
		imp_set_from_ef(&again, imp_wr_span(&wr), false, true, NULL))
		abort();
	if (!imp_set_equal(&set, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_span file = imp_span(data, size);

	round_trip(file, false);
	round_trip(file, true);
	return 0;
}
