/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_card.h"

#include "card/identity.h"
#include "card/pick.h"
#include "crypto/sha256.h"

#include <string.h>

#define ID 10

/* Digits as EF.ICCID holds them: two in an octet, the first one in the low half, F behind them. */
static void from_digits(const char *digits, uint8_t id[static ID])
{
	memset(id, 0xFF, ID);
	for (size_t i = 0; i < 2 * (size_t)ID && digits[i]; i++) {
		unsigned digit = (unsigned)(digits[i] - '0') & 15U, shift = i % 2 ? 4 : 0;

		id[i / 2] = (uint8_t)((id[i / 2] & ~(15U << shift)) | digit << shift);
	}
}

static bool identify(const struct imp_card *card, uint8_t id[static ID])
{
	struct imp_session session = { .card = card };
	struct imp_card_identity who;
	struct imp_diag diag = { .status = IMP_OK };
	uint8_t digest[IMP_SHA256];

	if (imp_card_identify(&session, &who, &diag) != IMP_OK)
		return false;
	if (who.iccid[0]) {
		from_digits(who.iccid, id);
		return true;
	}
	if (!who.atr_n || imp_sha256(imp_span(who.atr, who.atr_n), digest) != IMP_OK)
		return false;
	memcpy(id, digest, ID);
	return true;
}

/* Is it the slot that is empty, and not the way to it that fails? */
static bool is_empty(const struct imp_device_card *c)
{
	struct imp_reader_info readers[IMP_READERS_MAX];
	struct imp_diag diag = { .status = IMP_OK };
	size_t n = 0;

	if (c->readers->list(c->readers->ctx, readers, IMP_READERS_MAX, &n, &diag) != IMP_OK)
		return false;
	for (size_t i = 0; i < n && i < IMP_READERS_MAX; i++)
		if (strcmp(readers[i].name, c->name) == 0)
			return !readers[i].card_present;
	return true;
}

/* A card that cannot be spoken to now: there, without identity, and nothing can be read. */
static int no_answer(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	(void)ctx;
	(void)cmd;
	(void)n;
	(void)rsp;
	*got = 0;
	return -1;
}

static bool open_slot(void *ctx, struct imr_card *card, uint8_t id[static ID], uint8_t *id_n)
{
	struct imp_device_card *c = (struct imp_device_card *)ctx;
	struct imp_diag diag = { .status = IMP_OK };

	*card = (struct imr_card){ .transceive = no_answer };
	*id_n = 0;
	memset(id, 0, ID);
	if (c->readers->open(c->readers->ctx, c->name, &c->card, &diag) != IMP_OK) {
		memset(&c->card, 0, sizeof c->card);
		return !is_empty(c);
	}
	if (identify(&c->card, id))
		*id_n = ID;
	if (c->card.reset)
		(void)c->card.reset(c->card.ctx);
	imp_imr_adapt(&c->adapter, &c->card, c->pin.n ? &c->pin : NULL);
	*card = c->adapter.imr;
	return true;
}

static void close_slot(void *ctx)
{
	struct imp_device_card *c = (struct imp_device_card *)ctx;

	imp_card_close(&c->card);
	memset(&c->card, 0, sizeof c->card);
}

enum imp_status imp_device_card_open(const struct imp_readers *readers, const char *spec,
	struct imp_device_card *out, struct imp_diag *diag)
{
	enum imp_status st;

	out->readers = readers;
	out->slot = (struct imp_device_slot){ out, open_slot, close_slot };
	st = imp_reader_pick(readers, spec, out->name, diag);
	return st;
}

void imp_device_card_close(struct imp_device_card *c)
{
	imp_card_close(&c->card);
	imp_secret_wipe(&c->pin);
	memset(c, 0, sizeof *c);
}
