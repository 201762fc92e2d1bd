/* SPDX-License-Identifier: Apache-2.0 */
/* Which card it is: by its ICCID, or by its ATR where that cannot be read (ref lwm2m D4). */
#ifndef IMP_CARD_IDENTITY_H
#define IMP_CARD_IDENTITY_H

#include "card/uicc.h"

struct imp_card_identity {
	char iccid[IMP_ICCID_DIGITS + 1]; /* "": the card has none that can be read */
	uint8_t atr[IMP_ATR_MAX];	  /* asked for only without an ICCID */
	size_t atr_n;
	/* Behind the word card in a message: the ICCID, or "with ATR 3b..", or "without ICCID". */
	char name[16 + 2 * IMP_ATR_MAX];
};

/*
 * After a reset, on channel 0.  A card without EF(ICCID), or one that does not let it be read, or
 * that holds something else there, is known by its ATR.  Whatever may pass - the link, a technical
 * problem of the card - is a failure, not another identity.
 */
IMP_MUST_CHECK enum imp_status imp_card_identify(
	struct imp_session *session, struct imp_card_identity *out, struct imp_diag *diag);

/* An ATR says less: all cards of a kind have the same. */
bool imp_card_same(const struct imp_card_identity *a, const struct imp_card_identity *b);

#endif
