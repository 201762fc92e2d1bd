/* SPDX-License-Identifier: Apache-2.0 */
#include "card/imr_adapter.h"

#include "card/pin.h"
#include "codec/ef.h"
#include "codec/sw.h"
#include "model/set.h"
#include "reader/pin.h"

#include <stdlib.h>
#include <string.h>

#define PIN_MAX 8
#define BUFFER (IMP_PAYLOAD_MAX + IMR_CARD_ROOM)

static int transceive(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	struct imp_imr_card *a = (struct imp_imr_card *)ctx;
	struct imp_wr wr = imp_wr(rsp, IMP_RESPONSE_MAX);

	a->link = a->card->transceive(a->card->ctx, imp_span(cmd, n), &wr);
	*got = wr.st == IMP_OK ? wr.n : 0;
	return a->link != IMP_OK;
}

static size_t pin(void *ctx, uint8_t reference, uint8_t out[8])
{
	struct imp_imr_card *a = (struct imp_imr_card *)ctx;

	a->pin_asked = reference;
	if (!a->pin || a->pin->n > PIN_MAX)
		return 0;
	memcpy(out, a->pin->b, a->pin->n);
	return a->pin->n;
}

void imp_imr_adapt(
	struct imp_imr_card *adapter, const struct imp_card *card, const struct imp_secret *secret)
{
	*adapter = (struct imp_imr_card){
		.imr = { .ctx = adapter, .transceive = transceive, .pin = pin, .guard = imr_pin },
		.card = card,
		.pin = secret,
		.link = IMP_OK,
	};
}

/* ---- the payload as the reader had it ---- */

struct capture {
	uint8_t *buffer; /* the reader's */
	uint8_t *copy;	 /* of the same size */
	bool taken;
};

/* The reader has checked everything before it visits, and wipes its buffer afterwards. */
static int take(void *ctx, const struct imr_resource *resource)
{
	struct capture *c = (struct capture *)ctx;

	(void)resource;
	if (!c->taken)
		memcpy(c->copy, c->buffer, IMP_PAYLOAD_MAX);
	c->taken = true;
	return 0;
}

static void capture_free(struct capture *c)
{
	if (c->buffer)
		imp_wipe(c->buffer, 2 * (size_t)BUFFER);
	free(c->buffer);
}

/* The reader asks for the PIN only when it is going to send it. */
enum imp_status imp_imr_refused(
	const struct imp_imr_card *adapter, uint16_t sw, struct imp_diag *diag)
{
	int tries = imp_sw_tries(sw);

	if (imp_sw_class(sw) == IMP_SW_BLOCKED || tries == 0) {
		imp_diag_hint(
			diag, "the PIN is blocked: only the issuer of the card can unblock it");
		return IMP_E_DENIED;
	}
	if (tries == 1 && !adapter->pin_asked) {
		imp_diag_hint(diag, "the last try is kept back: imprint card read --pin-file FILE "
				    "--force sends it, and the right PIN gives the tries back");
		return IMP_E_DENIED;
	}
	if (adapter->pin_asked && !adapter->pin)
		imp_diag_hint(diag, "it wants PIN %02X: --pin-file", adapter->pin_asked);
	else if (tries > 0)
		imp_diag_hint(diag, "the PIN is wrong, %d %s left: do not repeat it", tries,
			imp_tries(tries));
	else
		imp_diag_hint(diag, "%s", imp_sw(sw)->hint);
	return IMP_E_REFUSED;
}

static enum imp_status failed(enum imr_status status, const struct imr_report *report,
	const struct imp_imr_card *adapter, struct imp_diag *diag)
{
	static const struct {
		enum imr_status from;
		enum imp_status to;
	} map[] = {
		{ IMR_E_NONE, IMP_E_ABSENT },
		{ IMR_E_DAMAGED, IMP_E_FORMAT },
		{ IMR_E_NEWER, IMP_E_UNSUPPORTED },
		{ IMR_E_IO, IMP_E_IO },
		{ IMR_E_SPACE, IMP_E_SPACE },
		{ IMR_E_REFUSED, IMP_E_REFUSED },
		{ IMR_E_LIMIT, IMP_E_IO },
	};
	enum imp_status st = IMP_E_INTERNAL;

	for (size_t i = 0; i < sizeof map / sizeof *map; i++)
		if (map[i].from == status)
			st = map[i].to;
	if (adapter->link != IMP_OK && imp_card_blame(adapter->card, adapter->link, diag))
		return adapter->link;
	if (adapter->link != IMP_OK) {
		imp_diag(diag, adapter->link,
			adapter->link == IMP_E_ABSENT
				? "the card is gone while the device's reader reads it"
				: "no proper answer from the card to the device's reader");
		imp_diag_hint(diag, "put the card back and repeat the same command");
		return adapter->link;
	}
	if (report->card_sw)
		imp_diag(diag, st, "the device's reader finds on the card: %s (SW %04X)",
			imr_status_text(status), report->card_sw);
	else
		imp_diag(diag, st, "the device's reader finds on the card: %s",
			imr_status_text(status));
	if (status == IMR_E_REFUSED)
		st = imp_imr_refused(adapter, report->card_sw, diag);
	if (diag) {
		diag->status = st;
		diag->sw = report->card_sw;
	}
	return st;
}

enum imp_status imp_imr_read(const struct imp_card *card, const struct imp_secret *secret,
	uint32_t options, struct imp_wr *payload, struct imr_report *report, struct imp_diag *diag)
{
	__attribute__((cleanup(capture_free))) struct capture c = { .taken = false };
	struct imp_imr_card adapter;
	struct imr_report own = { .apdus = 0 };
	struct imr_config config = { .card = &adapter.imr,
		.size = BUFFER,
		.visit = take,
		.ctx = &c,
		.options = options,
		.headerless = options & IMR_OPT_LENIENT ? imr_headerless : NULL };
	enum imr_status status;

	report = report ? report : &own;
	memset(report, 0, sizeof *report);
	c.buffer = (uint8_t *)calloc(2, BUFFER);
	if (!c.buffer)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	c.copy = c.buffer + BUFFER;
	config.buffer = c.buffer;
	imp_imr_adapt(&adapter, card, secret);
	status = imr_load(&config, report);
	if (status != IMR_OK)
		return failed(
			report->card != IMR_OK ? report->card : status, report, &adapter, diag);
	if (!c.taken || report->length > IMP_PAYLOAD_MAX)
		return imp_diag(diag, IMP_E_FORMAT, "the card holds no resource");
	imp_wr_put(payload, imp_span(c.copy, report->length));
	return payload->st == IMP_OK ? IMP_OK
				     : imp_diag(diag, payload->st, "the payload does not fit");
}
