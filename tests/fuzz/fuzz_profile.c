/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles by their text: refused with a problem, or whole. */
#include "factory/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct imp_profile_options options = { .text_only = true };
	IMP_PROFILE profile = { .path = NULL };
	IMP_PROBLEMS problems = { .n = 0 };
	enum imp_status st = imp_profile_parse(
		imp_span(data, size), "p.yaml", "dir", &options, &profile, &problems);

	if ((st == IMP_OK) != (problems.errors == 0))
		abort();
	if (st == IMP_OK && (!profile.product || !profile.endpoint.source || !profile.accounts_n))
		abort();
	return 0;
}
