/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs and administrative keys, with the guard of ref card A.8 and B.6: the counter is asked first,
 * one of the last tries is never spent without force, a failed try is never repeated.
 */
#ifndef IMP_CARD_PIN_H
#define IMP_CARD_PIN_H

#include "base/secret.h"
#include "card/session.h"

#define IMP_PIN_MAX 8
#define IMP_PIN_FLOOR 1 /* tries left at which a PIN is not sent any more */
#define IMP_ADM_FLOOR 3 /* the same for an administrative key */
#define IMP_REF_PIN1 0x01
#define IMP_REF_ADM1 0x0A

struct imp_pin {
	uint8_t reference; /* 01..08, 81..88, 11: PIN; 0A..0E, 8A..8E: administrative */
	const struct imp_secret *value; /* 1..8 octets, padded with FF when sent; NULL: none */
	bool force;			/* the guard may be overridden */
};

/* ADM1..ADM10, else "PIN nn"; returns buf. */
const char *imp_pin_name(uint8_t reference, char buf[static 16]);
bool imp_pin_administrative(uint8_t reference);

static inline const char *imp_tries(int n)
{
	return n == 1 ? "try" : "tries";
}

/* What the card says of a reference before anything is tried. */
struct imp_pin_state {
	uint16_t sw;
	bool open;    /* 9000: verified already, or not needed */
	bool blocked; /* 6983, or no try left */
	int tries;    /* left; -1: the card does not say */
};

/* VERIFY without data; costs no try.  Only the link can fail. */
IMP_MUST_CHECK enum imp_status imp_pin_query(struct imp_session *session, uint8_t reference,
	struct imp_pin_state *state, struct imp_diag *diag);

/* May it be sent?  IMP_E_DENIED: blocked, at the floor or below it, or unknown, and no force (which
 * does not help against blocked).  IMP_E_FORMAT: not 1..8 octets. */
IMP_MUST_CHECK enum imp_status imp_pin_guard(
	const struct imp_pin *pin, const struct imp_pin_state *state, struct imp_diag *diag);

/* Send it, once.  IMP_E_REFUSED: wrong, diag says how many tries are left; IMP_E_DENIED: blocked
 * now. */
IMP_MUST_CHECK enum imp_status imp_pin_send(
	struct imp_session *session, const struct imp_pin *pin, struct imp_diag *diag);

/* All three; sends nothing when it is open already. */
IMP_MUST_CHECK enum imp_status imp_pin_verify(
	struct imp_session *session, const struct imp_pin *pin, struct imp_diag *diag);

#endif
