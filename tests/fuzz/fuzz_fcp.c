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
	uint16_t fid;
	uint8_t record, keys[4];

	if (imp_access_get(in, IMP_AM_READ, &rule) == IMP_OK)
		if (rule.keys_n > IMP_FCP_KEYS_MAX ||
			(rule.access == IMP_ACCESS_KEY && !rule.keys_n))
			abort();
	if (imp_fcp_arr(in, &fid, &record) == IMP_OK && record == 0)
		abort();
	if (imp_fcp_read_keys(in, true, keys, 4) > 4 || imp_fcp_read_keys(in, false, keys, 4) > 4)
		abort();
	if (imp_fcp_get(in, &fcp) != IMP_OK)
		return 0;
	inside(fcp.aid, in);
	inside(fcp.referenced, in);
	inside(fcp.compact, in);
	inside(fcp.expanded, in);
	inside(fcp.proprietary, in);
	if (imp_fcp_find(in, IMP_FCP_SIZE, &v) == IMP_OK && fcp.size == IMP_FCP_NO_SIZE && v.n < 4)
		abort();
	return 0;
}
