/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device's registration at one server (Core TS 6.2) as a state machine without I/O, heap or
 * clock: Register, Update, De-register, and the attempts of 1/x/14 and 1/x/17 to 20 (A2, A3).
 *
 * Where the texts are silent:
 * - A server that answers Register with 4.xx has refused: the same request is not sent again, the
 *   registration has failed.  No answer, no handshake and 5.xx are worth another attempt.
 * - An Update is due 93 seconds (MAX_TRANSMIT_WAIT) before the lifetime is over, or at half of a
 *   lifetime that is shorter than twice that.  A failed one is not repeated: a Register follows.
 * - A lifetime of 0 never ends (1.2).
 */
#ifndef IMP_BOOTSTRAP_REGISTRATION_H
#define IMP_BOOTSTRAP_REGISTRATION_H

#include "base/wr.h"
#include "bootstrap/message.h"
#include "reader/ef_edit.h"

/* What a Server instance says, defaults filled in. */
struct imp_registration_terms {
	uint16_t ssid, instance;	   /* 1/x/0, x */
	uint16_t security;		   /* instance of /0 with that SSID; IMR_NO_ID: none */
	uint32_t lifetime;		   /* 1/x/1 */
	uint32_t disable_timeout;	   /* 1/x/5 */
	uint32_t initial_delay;		   /* 1/x/14 */
	uint32_t retry_count, retry_timer; /* 1/x/17, 18 */
	uint32_t sequence_delay, sequence_count; /* 1/x/19, 20 */
};

#define IMP_REGISTRATION_LIST 800 /* octets: for 44 instances */
#define IMP_REGISTRATION_LOCATION 128
#define IMP_MAX_TRANSMIT_WAIT 93U

enum imp_registration_state {
	IMP_REG_REST,	     /* not registered; zeroed counts as this */
	IMP_REG_DELAYED,     /* until the next attempt */
	IMP_REG_REGISTERING, /* the answer is awaited, here and below */
	IMP_REG_REGISTERED,
	IMP_REG_UPDATING,
	IMP_REG_LEAVING,   /* De-register */
	IMP_REG_DISABLING, /* the same because of 1/x/4 */
	IMP_REG_DISABLED,  /* until 1/x/5 is over */
};

enum imp_registration_next {
	IMP_REG_WAIT,
	IMP_REG_SEND,	/* r->send, on a session with the server; by a new one after a failure */
	IMP_REG_DONE,	/* registered, updated, or de-registered */
	IMP_REG_FAILED, /* it is not registered, or no longer: r->code, 0 without an answer */
	IMP_REG_DUE,	/* time for an Update */
	IMP_REG_LOST,	/* the registration is over: time to register again */
};

struct imp_registration {
	/* Set by the device. */
	struct imp_span endpoint;
	uint8_t version; /* of the enabler: 1.version */

	/* To look at. */
	enum imp_registration_state state;
	struct imp_registration_terms terms;
	struct imp_request send;		  /* good until the next call */
	uint8_t code;				  /* of the latest answer; 0: there was none */
	char location[IMP_REGISTRATION_LOCATION]; /* path, without a leading '/' */
	size_t location_n;

	/* The machine's own. */
	uint32_t deadline, attempts, sequences, told_lifetime;
	char texts[IMP_ENDPOINT_MAX + 48];
	char path[256];
	size_t path_n;
	struct imp_span query[4];
	char list[IMP_REGISTRATION_LIST];
	size_t list_n, told_n;
};

/* The live Server instance with this SSID; false: there is none. */
bool imp_registration_terms(
	const struct imr_set *set, uint16_t ssid, struct imp_registration_terms *out);

/* The list of a registration: every live instance but those of /0, /21 and /23 (A1), and </3/0>. */
void imp_registration_list(const struct imr_set *set, struct imp_wr *out);

/*
 * Register at the server: terms and list are taken from the set.  first: the first time since a
 * bootstrap, so that 1/x/14 counts.  FAILED when there is no such account.
 */
enum imp_registration_next imp_registration_register(struct imp_registration *r,
	const struct imr_set *set, uint16_t ssid, bool first, uint32_t now);

/* Update, with the lifetime and the list when they have changed.  FAILED when not registered. */
enum imp_registration_next imp_registration_update(
	struct imp_registration *r, const struct imr_set *set, uint32_t now);

/* De-register; DONE at once when there is nothing to say. */
enum imp_registration_next imp_registration_leave(struct imp_registration *r);

/* De-register and stay away (1/x/4); LOST comes when 1/x/5 is over. */
enum imp_registration_next imp_registration_disable(struct imp_registration *r, uint32_t now);

/* The answer to what was sent; NULL: none came. */
enum imp_registration_next imp_registration_answer(
	struct imp_registration *r, const struct imp_response *in, uint32_t now);

/* Time has passed. */
enum imp_registration_next imp_registration_tick(struct imp_registration *r, uint32_t now);

/* Seconds until imp_registration_tick() has something to say; UINT32_MAX: nothing. */
uint32_t imp_registration_due(const struct imp_registration *r, uint32_t now);

#endif
