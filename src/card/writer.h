/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a card, in four calls: begin (who is it), plan, run, verify.  Each may be the last one;
 * a call that fails has filled diag.  Repeating all of them on a card that was torn out or refused
 * in the middle completes it: whatever is there already is found and kept.
 */
#ifndef IMP_CARD_WRITER_H
#define IMP_CARD_WRITER_H

#include "card/identity.h"
#include "card/plan.h"
#include "model/set.h"
#include "reader/imr.h"

struct imp_writer {
	/* Set by the caller. */
	struct imp_session session;	    /* card; trace */
	const struct imp_secret *adm, *pin; /* NULL: none */
	bool force;			    /* override the guard of card/pin.h */
	uint32_t reader_options;	    /* IMR_OPT_*, for verifying */
	struct imp_wish wish; /* same, empty, old_extent, have_pin are filled in here */
	/* Asked once, before the first command that carries a part of the payload; what it refuses
	 * ends the run, with nothing of the payload on the card.  NULL: nobody asks. */
	enum imp_status (*before_payload)(void *ctx, struct imp_diag *diag);
	void *ctx;

	/* Results. */
	struct imp_card_identity card;
	struct imp_card_map map;
	struct imp_plan plan;
	struct imr_report reader; /* what the device's reader said */
	unsigned identify_apdus, discover_apdus, write_apdus, verify_apdus;
	unsigned retries; /* UPDATEs that the card did only after retries of its own: wear */
	uint8_t scratch[IMP_PAYLOAD_MAX]; /* what is read back; wiped when verify returns */
};

/* Reset the card and read its identity. */
IMP_MUST_CHECK enum imp_status imp_writer_begin(struct imp_writer *writer, struct imp_diag *diag);

/* See what the card has, compare, plan; ask how many tries the keys have left.  Nothing is written,
 * no key is sent but the PIN where reading wants it.  plan.n == 0: the card holds the set. */
IMP_MUST_CHECK enum imp_status imp_writer_plan(struct imp_writer *writer, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_writer_plan_wipe(
	struct imp_writer *writer, struct imp_diag *diag);

/* Carry the plan out.  diag names the step that failed. */
IMP_MUST_CHECK enum imp_status imp_writer_run(struct imp_writer *writer, struct imp_diag *diag);

/*
 * In a new card session: the same card (IMP_E_MISMATCH), the rule for reading is the one wanted,
 * and the device's reader finds exactly the payload (else IMP_E_MISMATCH).
 */
IMP_MUST_CHECK enum imp_status imp_writer_verify(struct imp_writer *writer, struct imp_diag *diag);

/* The same after a wipe: the device's reader finds nothing. */
IMP_MUST_CHECK enum imp_status imp_writer_verify_wiped(
	struct imp_writer *writer, struct imp_diag *diag);

#endif
