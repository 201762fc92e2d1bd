/* SPDX-License-Identifier: Apache-2.0 */
/* The card seam of the host: one card in one reader, APDUs in, answers out. */
#ifndef IMP_CARD_CARD_H
#define IMP_CARD_CARD_H

#include "base/diag.h"
#include "base/span.h"
#include "base/wr.h"

#define IMP_APDU_MAX 261     /* short command: header, Lc, 255 octets, Le */
#define IMP_RESPONSE_MAX 258 /* 256 octets and SW1 SW2 */
#define IMP_ATR_MAX 33

struct imp_card {
	void *ctx;
	/*
	 * Send one command APDU and append the whole answer, SW1 SW2 included, to rsp.
	 * One thread at a time.  Never retries, never follows 61xx or 6Cxx.
	 * IMP_E_ABSENT: card or reader gone.  IMP_E_IO: the link failed, also an answer of fewer
	 * than two octets.  On failure nothing was appended and the card's state is unknown until
	 * reset().
	 */
	enum imp_status (*transceive)(void *ctx, struct imp_span cmd, struct imp_wr *rsp);
	/* Bring the card to its power-on state.  NULL where the link cannot. */
	enum imp_status (*reset)(void *ctx);
	/* Append the ATR.  NULL where the link has none. */
	enum imp_status (*atr)(void *ctx, struct imp_wr *out);
	/* End of use: reset the card, give the reader back.  NULL when there is nothing to do. */
	void (*close)(void *ctx);
	/* After a failure: when it was not the card's but that of something on the way to it (the
	 * service, the reader), say so in diag, with the next step, under status st, and be true.
	 * NULL where the link cannot tell. */
	bool (*blame)(void *ctx, enum imp_status st, struct imp_diag *diag);
};

static inline bool imp_card_blame(
	const struct imp_card *card, enum imp_status st, struct imp_diag *diag)
{
	return card->blame && card->blame(card->ctx, st, diag);
}

struct imp_reader_info {
	char name[128];
	bool card_present;
	uint8_t atr[IMP_ATR_MAX];
	size_t atr_n;
};

/* The readers of this machine.  src/link/pcsc.c has the product's. */
struct imp_readers {
	void *ctx;
	/* Up to cap readers, the number there are in *n (may exceed cap), in the order of their
	 * indexes.  IMP_E_ABSENT: no reader service; zero readers is IMP_OK. */
	enum imp_status (*list)(void *ctx, struct imp_reader_info *out, size_t cap, size_t *n,
		struct imp_diag *diag);
	/* Connect exclusively to the reader with this exact name.  IMP_E_ABSENT: no such reader or
	 * no card in it; IMP_E_DENIED: someone else holds it.  *card is filled only on IMP_OK and
	 * must be closed. */
	enum imp_status (*open)(
		void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag);
	const char *option; /* by which a person chooses among them, for messages */
};

#endif
