/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration of another server's form: what is taken comes out and in again as the same. */
#include "factory/leshan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum imp_status read_into(struct imp_set *set, struct imp_span text)
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;
	struct imp_leshan_fault fault;

	if (imp_json_next(&j, &token) != IMP_OK || token.kind != IMP_JSON_OBJECT)
		return IMP_E_FORMAT;
	return imp_leshan_get(&j, set, &fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct imp_set set, again;
	static bool ready;
	static uint8_t out[1 << 20];
	struct imp_wr wr = imp_wr(out, sizeof out);
	struct imp_json j = imp_json(&wr);

	if (!ready) {
		imp_set_init(&set);
		imp_set_init(&again);
		ready = true;
	}
	imp_set_wipe(&set);
	imp_set_wipe(&again);
	if (read_into(&set, imp_span(data, n)) != IMP_OK)
		return 0;
	imp_leshan_put(&j, NULL, &set, IMP_CLEAR_ACCOUNTS, true);
	if (wr.st != IMP_OK || read_into(&again, imp_wr_span(&wr)) != IMP_OK ||
		!imp_leshan_equal(&set, &again))
		abort();
	return 0;
}
