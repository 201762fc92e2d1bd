/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as Intel HEX: refused with the outputs untouched, or read, written and read again. */
#include "flash/ihex.h"

#include <stdlib.h>
#include <string.h>

#define CAP 65536

static uint8_t first[CAP], second[CAP], text[4 * CAP];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_wr wr = imp_wr(text, sizeof text);
	struct imp_ihex_start start = { 0, 0 };
	struct imp_diag diag;
	uint32_t base = 1, again = 1;
	size_t n = 1, m = 1;

	if (imp_ihex_starts(imp_span(data, size), &start) > 2 || start.type > 5)
		abort();
	if (imp_ihex_decode(imp_span(data, size), first, CAP, &base, &n, &diag) != IMP_OK) {
		if (base != 1 || n != 1)
			abort();
		return 0;
	}
	imp_ihex_encode(&wr, base, imp_span(first, n));
	if (wr.st != IMP_OK ||
		imp_ihex_decode(imp_wr_span(&wr), second, CAP, &again, &m, &diag) != IMP_OK)
		abort();
	if (m != n || (n && again != base) || memcmp(first, second, n) != 0)
		abort();
	return 0;
}
