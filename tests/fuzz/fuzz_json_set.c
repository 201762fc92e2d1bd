/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the JSON of inspect: refused, or read, written and read again as the same. */
#include "model/set_form.h"

#include <stdlib.h>

static uint8_t text[8 * IMP_PAYLOAD_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_wr wr = imp_wr(text, sizeof text);
	static struct imp_set set, again;

	imp_set_init(&set);
	imp_set_init(&again);
	if (imp_set_from_json(&set, imp_span(data, size)) != IMP_OK) {
		if (set.n || set.used)
			abort();
	} else {
		imp_wr_text(&wr, "{\"objects\":");
		imp_wr_fail(&wr, imp_set_to_json_objects(&set, true, &wr));
		imp_wr_u8(&wr, '}');
		if (wr.st == IMP_OK && (imp_set_from_json(&again, imp_wr_span(&wr)) != IMP_OK ||
					       !imp_set_equal(&set, &again)))
			abort();
		if (wr.st != IMP_OK && wr.st != IMP_E_SPACE)
			abort();
	}
	imp_set_free(&set);
	imp_set_free(&again);
	return 0;
}
