/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of commands to a softcard of 4 KiB.  Octet 0: bit 0 protocol, bits 1 to 3 contents, bits
 * 4 to 7 habits.  Then commands behind an octet of length; length FF resets.  ADM1 and PIN1 are the
 * documented ones, so a stream can open everything.  Afterwards the state must survive its file.
 */
#include "applet-tools/softcard.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void converse(struct imp_softcard *card, struct imp_span in)
{
	struct imp_card seam;

	imp_softcard_as_card(card, &seam);
	while (in.n) {
		uint8_t answer[IMP_RESPONSE_MAX];
		struct imp_wr rsp = imp_wr(answer, sizeof answer);
		size_t n = in.p[0];

		in = imp_span(in.p + 1, in.n - 1);
		if (n == 0xFF) {
			must(seam.reset(seam.ctx) == IMP_OK);
			continue;
		}
		n = n < in.n ? n : in.n;
		must(seam.transceive(seam.ctx, imp_span(in.p, n), &rsp) == IMP_OK && rsp.n >= 2);
		must(answer[rsp.n - 2] >> 4 == 6 || answer[rsp.n - 2] >> 4 == 9);
		in = imp_span(in.p + n, in.n - n);
	}
}

static void survive(const struct imp_softcard *card)
{
	static char before[65536], after[65536];
	struct imp_wr a = imp_wr(before, sizeof before), b = imp_wr(after, sizeof after);
	struct imp_softcard *again;

	imp_softcard_save(card, &a);
	must(a.st == IMP_OK);
	again = imp_softcard_load(imp_wr_span(&a), "state", NULL);
	must(again != NULL);
	imp_softcard_save(again, &b);
	must(imp_span_eq(imp_wr_span(&a), imp_wr_span(&b)));
	imp_softcard_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_softcard_config config = { .memory = 4096, .ef_size = 256 };
	struct imp_softcard *card;

	if (size == 0)
		return 0;
	config.protocol = data[0] & 1;
	config.flags = (data[0] >> 1 & 7U) | (data[0] & 0xF0U) << 4;
	card = imp_softcard_new(&config, NULL);
	must(card != NULL);
	converse(card, imp_span(data + 1, size - 1));
	survive(card);
	imp_softcard_free(card);
	return 0;
}
