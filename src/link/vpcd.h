/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card in a virtual reader: client of the vpcd driver of pcscd (package vsmartcard-vpcd).
 *
 * The driver listens on port 35963 for its first slot and 35964 for its second.  Messages both ways
 * are a length of two octets, high one first, and that many octets: one octet is control (00 off,
 * 01 on, 02 reset, unanswered; 04 asks for the ATR), more are a command APDU.
 */
#ifndef IMP_LINK_VPCD_H
#define IMP_LINK_VPCD_H

#include "card/card.h"

/*
 * Connect, trying for five seconds, and serve card until the driver closes the connection, SIGTERM
 * or SIGINT comes, or the card is gone (the connection is closed then: the reader is empty); all of
 * these are IMP_OK.  IMP_E_IO of the card: it is mute, the command stays unanswered.  Any other
 * failure of the card ends it and is returned.  IMP_E_ABSENT: nobody listens there.  For serve_card
 * of struct imp_env; ctx is not used.  Signal handlers are the caller's again on return.
 */
enum imp_status imp_vpcd_serve(void *ctx, const char *host, unsigned port,
	const struct imp_card *card, struct imp_diag *diag);

#endif
