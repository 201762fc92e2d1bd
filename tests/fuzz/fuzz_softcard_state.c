/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the softcard's state file: refused, or a card that saves, loads again the same, and
 * answers. */
#include "applet-tools/softcard.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static char *save(const struct imp_softcard *card, size_t *n)
{
	struct imp_wr count = imp_wr_count(), wr;
	char *text;

	imp_softcard_save(card, &count);
	text = malloc(count.n);
	must(text != NULL);
	wr = imp_wr(text, count.n);
	imp_softcard_save(card, &wr);
	must(wr.st == IMP_OK);
	*n = wr.n;
	return text;
}

/* READ of EF.DIR by SFI, SELECT of the application with FCP, READ BINARY of what is current. */
static void ask(struct imp_softcard *card)
{
	static const uint8_t commands[][17] = {
		{ 0x00, 0xB2, 0x01, 0xF4, 0x00 },
		{ 0x00, 0xA4, 0x04, 0x04, 0x0C, 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S',
			'-', '1', '5' },
		{ 0x00, 0xB0, 0x92, 0x00, 0x00 },
	};
	struct imp_card seam;

	imp_softcard_clear_faults(card);
	imp_softcard_as_card(card, &seam);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		uint8_t answer[IMP_RESPONSE_MAX];
		struct imp_wr rsp = imp_wr(answer, sizeof answer);
		size_t n = commands[i][1] == 0xA4 ? 17 : 5;

		must(seam.transceive(seam.ctx, imp_span(commands[i], n), &rsp) == IMP_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_diag diag;
	struct imp_softcard *card = imp_softcard_load(imp_span(data, size), "state", &diag);
	struct imp_softcard *again;
	char *first, *second;
	size_t n, m;

	if (!card)
		return 0;
	first = save(card, &n);
	again = imp_softcard_load(imp_span(first, n), "state", &diag);
	must(again != NULL);
	second = save(again, &m);
	must(n == m && memcmp(first, second, n) == 0);
	ask(again);
	free(second);
	free(first);
	imp_softcard_free(again);
	imp_softcard_free(card);
	return 0;
}
