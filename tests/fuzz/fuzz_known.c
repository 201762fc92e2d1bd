/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile card, and whatever a device may have kept of it: loaded three times.  Octet 0: bit 0
 * lenient, bit 1 basic channel, bit 2 PIN, bit 3 what was kept comes from the input; octet 1: size
 * of the buffer; with bit 3 then so many octets as struct imr_known has.  The card answers from the
 * rest: a length, then so many; FF ends a load.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "reader/known.h"
#include "reader/pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct imp_span card;
	unsigned apdus, visits;
	bool stopped;
} in;

static int transceive(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	size_t len;

	(void)ctx;
	in.apdus++;
	if (n < 4 || n > 20 || cmd[0] & 0x80)
		abort(); /* no command that a reader should send */
	if (in.card.n == 0 || in.card.p[0] == 0xFF)
		return -1;
	len = in.card.p[0] == 0xFE ? IMR_CARD_ROOM : in.card.p[0];
	in.card.p++;
	in.card.n--;
	if (len > in.card.n)
		len = in.card.n;
	memcpy(rsp, in.card.p, len);
	in.card.p += len;
	in.card.n -= len;
	*got = len;
	return 0;
}

static size_t give_pin(void *ctx, uint8_t reference, uint8_t pin[8])
{
	(void)ctx;
	memset(pin, reference, 8);
	return reference % 10;
}

static int visit(void *ctx, const struct imr_resource *resource)
{
	uint8_t sum = 0;

	(void)ctx;
	for (size_t i = 0; i < resource->length; i++)
		sum ^= resource->value[i];
	in.visits++;
	in.stopped = sum == 0x42 && resource->length > 1;
	return in.stopped;
}

static void load(const struct imr_config *config, struct imr_known *known, size_t room)
{
	const struct imr_known before = *known;
	struct imr_report report;
	enum imr_status st;

	memset(config->buffer, 0xAA, room);
	in.apdus = in.visits = 0;
	in.stopped = false;
	st = imr_load_known(config, known, &report);
	if (st != IMR_OK && (st < IMR_E_NONE || st > IMR_E_LIMIT))
		abort(); /* no such status */
	if (!imp_span_all(imp_span(config->buffer, config->size), 0x00))
		abort(); /* not wiped */
	if (!imp_span_all(imp_span(config->buffer + config->size, room - config->size), 0xAA))
		abort(); /* written beyond the buffer */
	if ((st == IMR_OK || st == IMR_E_STOPPED) != (in.visits > 0))
		abort(); /* visited before all was checked, or nothing at all */
	if ((st == IMR_E_STOPPED) != in.stopped)
		abort(); /* or visited again */
	if (in.apdus != report.apdus || in.apdus > 1025)
		abort();
	if (st != IMR_OK && memcmp(known, &before, sizeof(before)) != 0)
		abort(); /* nothing is learnt from a failure */
	if (known->path_n > IMR_PATH_MAX && memcmp(known, &before, sizeof(before)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[4096];
	const struct imr_card card = { NULL, transceive, size && data[0] & 4 ? give_pin : NULL,
		imr_pin };
	struct imr_config config = { .card = &card, .buffer = buffer, .visit = visit };
	struct imr_known known = { 0 };

	if (size < 2)
		return 0;
	config.options = data[0] & IMR_OPT_BASIC_CHANNEL;
	config.headerless = data[0] & 1 ? imr_headerless : NULL;
	config.size = 16 * (size_t)data[1];
	in.card = imp_span(data + 2, size - 2);
	if (data[0] & 8 && in.card.n >= sizeof(known)) {
		memcpy(&known, in.card.p, sizeof(known));
		in.card = imp_span(in.card.p + sizeof(known), in.card.n - sizeof(known));
	}
	for (unsigned i = 0; i < 3; i++) {
		load(&config, &known, sizeof(buffer));
		if (in.card.n && in.card.p[0] == 0xFF)
			in.card = imp_span(in.card.p + 1, in.card.n - 1);
	}
	return 0;
}
