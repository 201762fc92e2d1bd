/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation with one card: puts the channel into CLA, follows 61xx and 6Cxx, counts, and
 * traces with everything hidden that is not marked open (codec/apdu.h).
 */
#ifndef IMP_CARD_SESSION_H
#define IMP_CARD_SESSION_H

#include "card/card.h"
#include "codec/apdu.h"

struct imp_session {
	const struct imp_card *card;
	unsigned channel; /* 0: the basic one */
	unsigned apdus;	  /* commands sent */
	unsigned tpdus;	  /* the same, with GET RESPONSE and repetitions */
	bool blamed;	  /* the last failure was not the card's: diag says whose */
	/* One line of text per command and per answer; NULL: none. */
	void (*trace)(void *ctx, const char *line);
	void *trace_ctx;
};

/*
 * Send one command on the session's channel, append the answer's data to out (NULL: it is dropped)
 * and give its last status word, whatever that is.  IMP_E_ABSENT: card gone; IMP_E_IO: link failed
 * or an answer that breaks the protocol; IMP_E_SPACE: out is full.  Then *sw is 0 and diag says
 * what happened during which command.
 */
IMP_MUST_CHECK enum imp_status imp_session_send(struct imp_session *session,
	const struct imp_apdu *apdu, struct imp_wr *out, uint16_t *sw, struct imp_diag *diag);

/* The same, and a status word that is not "done" is an error: see imp_session_refused(). */
IMP_MUST_CHECK enum imp_status imp_session_expect(struct imp_session *session,
	const struct imp_apdu *apdu, struct imp_wr *out, const char *what, struct imp_diag *diag);

/*
 * The session's card for someone who speaks to it directly (the device's reader), in the same
 * trace: only what leads to a file is shown, what it holds is not.  Uncounted.  session must
 * outlive *out.
 */
void imp_session_tap(struct imp_session *session, struct imp_card *out);

/* imp_sw_status(sw), with "WHAT: SW 6982, security status not satisfied" and the next step. */
enum imp_status imp_session_refused(struct imp_diag *diag, uint16_t sw, const char *fmt, ...)
	IMP_PRINTF(3, 4);

/* Power-on state: channel 0, MF current, nothing verified.  Does nothing where the link cannot. */
IMP_MUST_CHECK enum imp_status imp_session_reset(
	struct imp_session *session, struct imp_diag *diag);

#endif
