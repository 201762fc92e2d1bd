/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card reader that sends what it likes: a class descriptor of 54 octets, then transfers, each
 * with its length in front (FF: nothing comes).  Everything is driven, and must end.
 */
#include "link/ccid_slot.h"

#include <stdlib.h>
#include <string.h>

#define TRANSFERS_MAX 20000 /* in and out, of all calls below together */

struct script {
	const uint8_t *p;
	size_t n;
	unsigned transfers;
};

static void count(struct script *s)
{
	if (++s->transfers > TRANSFERS_MAX)
		abort();
}

static enum imp_status out(void *ctx, struct imp_span octets)
{
	(void)octets;
	count((struct script *)ctx);
	return IMP_OK;
}

static enum imp_status in(void *ctx, uint8_t *to, size_t n, unsigned timeout_ms, size_t *got)
{
	struct script *s = (struct script *)ctx;
	size_t length;

	count(s);
	if (!timeout_ms)
		abort();
	if (s->n == 0)
		return IMP_E_ABSENT;
	length = s->p[0];
	s->p++;
	s->n--;
	if (length == 0xFF)
		return IMP_E_IO;
	length = length < n ? length : n;
	length = length < s->n ? length : s->n;
	if (length)
		memcpy(to, s->p, length);
	s->p += length;
	s->n -= length;
	*got = length;
	return IMP_OK;
}

static enum imp_status abort_request(void *ctx, uint8_t slot, uint8_t sequence)
{
	(void)slot;
	(void)sequence;
	count((struct script *)ctx);
	return IMP_OK;
}

static enum imp_status clear(void *ctx)
{
	count((struct script *)ctx);
	return IMP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t cmd[] = { 0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0xE2, 0x00 };
	size_t head = size < 54 ? size : 54;
	struct script script = { data + head, size - head, 0 };
	const struct imp_ccid_pipe pipe = { &script, out, in, abort_request, clear, 64, 0 };
	struct imp_ccid_info info;
	struct imp_ccid_slot slot;
	uint8_t rsp[IMP_RESPONSE_MAX];
	bool present;

	if (imp_ccid_info(&info, imp_span(data, head), "r", NULL) != IMP_OK)
		return 0;
	imp_ccid_slot(&slot, &pipe, &info, 0);
	(void)imp_ccid_present(&slot, &present);
	if (imp_ccid_power_on(&slot, "r", NULL) == IMP_OK &&
		(slot.atr_n < 2 || slot.atr_n > IMP_ATR_MAX))
		abort();
	for (unsigned i = 0; i < 3; i++) {
		struct imp_wr wr = imp_wr(rsp, sizeof rsp);
		enum imp_status st = imp_ccid_transceive(&slot, imp_span(cmd, sizeof cmd), &wr);

		if (st == IMP_OK ? wr.n < 2 : wr.n != 0)
			abort();
	}
	imp_ccid_power_off(&slot);
	return 0;
}
