/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as FCP and access rule: fields lie inside, single fields and the whole agree. */
#include <stdlib.h>

#include "codec/fcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct imp_span s, struct imp_span in)
{
	if (s.n && (s.p < in.p || s.p + s.n > in.p + in.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_span in = imp_span(data, size), v;
	struct imp_access_rule rule;
	struct imp_fcp fcp;

	if (imp_access_get(in, IMP_AM_READ, &rule) == IMP_OK)
		if (rule.keys_n > IMP_FCP_KEYS_MAX ||
			(rule.access == IMP_ACCESS_KEY && !rule.keys_n))
			abort();
	if (imp_fcp_arr(in) && in.n < 3)
		abort();
	(void)imp_fcp_read_keys(in, true);
	(void)imp_fcp_read_keys(in, false);
	if (imp_fcp_get(in, &fcp) != IMP_OK)
		return 0;
	inside(fcp.aid, in);
	inside(fcp.referenced, in);
	inside(fcp.compact, in);
	inside(fcp.expanded, in);
	inside(fcp.proprietary, in);
	v = in;
	imp_fcp_enter(&v);
	inside(v, in);
	if (imp_der_get(&v, IMP_FCP_SIZE, &v) && fcp.size == IMP_FCP_NO_SIZE && v.n < 4)
		abort();
	return 0;
}
