/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot sequence (Core TS 6.1.4) and the watch over the card (6.1.3.2) as a state machine
 * without I/O, heap or clock: the device tells an event, and is told what to do next.
 *
 *	card, else factory (C4, C5); trigger requests are refused before both were tried (C6);
 *	register with every server in the order of 1/x/13 (C7); when that fails with all of them,
 *	or there is none, bootstrap after the hold-off (C8, C14) if there is an account (C10)
 *
 * Before each Register and Update towards a server that came from the card, and no other, the card
 * is looked at again (S7).  Where the texts are silent:
 *
 * - Changed: another digest, or the file, the application or a valid content gone: what came from
 *   the card is disabled, what it holds now is applied (S5, D4).  Removed: no card, or another
 *   identity: deleted, then what the other card holds is applied (S6, D4).
 * - Transient: link errors, 6Fxx, more APDUs than are sane, a PIN that is wanted, an identity that
 *   cannot be read.  All is kept, nothing is sent to the card's servers, and the card is looked
 *   at again after a while.  Such servers have not failed: they do not lead to a bootstrap.
 * - A server whose registration is blocked by 1/x/15 of one before it counts as failed.
 * - 1/x/16 leads to a bootstrap before the other servers were tried only where it is there and
 *true; false does not lift C8.
 * - The hold-off holds for a requested bootstrap too: it is the same mode (C3).
 * - With neither server nor account card and factory are looked at again after a while.
 * - After a failed bootstrap the servers are tried again, after a wait that doubles each time.
 * - Registrations are kept while bootstrapping (C12); after it every server registers anew.
 *
 * Each action but NOTHING, WAIT and REFUSE is answered by one event: CARD for CHECK_CARD, DONE or
 * FAILED for the others.  Events that answer no action that is open are ignored.
 */
#ifndef IMR_SEQUENCE_H
#define IMR_SEQUENCE_H

#include "reader/imr.h"
#include "reader/store.h"

#include <stdbool.h>

#define IMR_SERVERS_MAX 8
#define IMR_RETRY 60U		      /* seconds, first wait after a failure; */
#define IMR_RETRY_MAX 86400U	      /* doubled up to this.  Jitter is the device's to add. */
#define IMR_PRIORITY_LAST 0xFFFFFFFFU /* priority of a server without 1/x/13: behind all others */

/* ---- what there is to register with ---- */

struct imr_server {
	uint16_t ssid, instance; /* 1/x/0, and x */
	uint32_t priority;	 /* 1/x/13 */
	bool from_card;
	bool blocks;	/* 1/x/15: when it fails, the ones behind it are not tried */
	bool bootstrap; /* 1/x/16 there, and true */

	uint8_t state; /* the sequence's */
};

struct imr_plan {
	bool from_card; /* what is visited next came from the card; set by the device */

	bool account; /* there is a bootstrap account */
	uint8_t n;
	uint32_t hold_off; /* 0/x/11 of the account */

	/* For the visitor. */
	uint32_t security_hold_off;
	uint16_t security, account_at;

	struct imr_server servers[IMR_SERVERS_MAX];
};

/* A visitor for imr_load(), imr_store_visit() and the like that fills a zeroed plan (ctx).  Stops
 * when there are more servers than IMR_SERVERS_MAX. */
int imr_plan_visit(void *plan, const struct imr_resource *resource);

/* ---- the card ---- */

enum imr_card_change {
	IMR_CARD_NONE, /* nothing was applied from a card, and there is nothing to apply */
	IMR_CARD_NEW,  /* nothing was applied before, now there is something */
	IMR_CARD_SAME,
	IMR_CARD_CHANGED,   /* the same card with something else, or nothing, in it */
	IMR_CARD_REMOVED,   /* no card, or another one */
	IMR_CARD_TRANSIENT, /* not known at the moment */
};

/*
 * What became of the card of which `applied` was taken (id_n 0: none), now that reading the file
 * ended with `status`.  present: a card is in the slot; now: its identity and, when status is
 * IMR_OK, the digest of its file.
 */
enum imr_card_change imr_card_change(const struct imr_store_card *applied, bool present,
	enum imr_status status, const struct imr_store_card *now);

/* ---- events and actions ---- */

enum imr_event_kind {
	IMR_START,   /* after a reset, or a factory reset */
	IMR_CARD,    /* the card was looked at: card, content */
	IMR_DONE,    /* the action was carried out */
	IMR_FAILED,  /* it was not */
	IMR_TIMER,   /* the wait is over */
	IMR_TRIGGER, /* a server executed 1/x/9 */
	IMR_DUE,     /* time for an Update to server ssid */
	IMR_LOST,    /* server ssid no longer knows us: the registration is over */
};

struct imr_event {
	enum imr_event_kind kind;
	enum imr_card_change card; /* IMR_CARD */
	bool content;		   /* IMR_CARD: it holds something good to apply */
	uint16_t ssid;		   /* IMR_DUE, IMR_LOST */
};

enum imr_action_kind {
	IMR_NOTHING,	  /* until the next event */
	IMR_WAIT,	  /* `seconds` from now tell IMR_TIMER, in place of any earlier wait */
	IMR_REFUSE,	  /* answer the trigger with 4.05; go on with what is open */
	IMR_CHECK_CARD,	  /* read the card, compare: imr_card_change(), tell IMR_CARD */
	IMR_APPLY_CARD,	  /* put what it holds into the configuration, its reference with it */
	IMR_DISABLE_CARD, /* end sessions of what came from it, use it no more */
	IMR_DELETE_CARD,  /* end sessions of what came from it, delete it */
	IMR_LOAD_FACTORY, /* if nothing is in force from earlier: the factory slot */
	IMR_REGISTER,	  /* with server ssid */
	IMR_UPDATE,	  /* the registration at server ssid */
	IMR_BOOTSTRAP,	  /* Bootstrap-Request; DONE after a successful Finish, or FAILED */
};

struct imr_action {
	enum imr_action_kind kind;
	uint16_t ssid;	  /* of REGISTER and UPDATE */
	uint32_t seconds; /* of WAIT */
};

enum imr_sequence_state {
	IMR_SEQ_REST,  /* not started */
	IMR_SEQ_CARD,  /* first look at the card */
	IMR_SEQ_CLEAN, /* disabling or deleting */
	IMR_SEQ_APPLY,
	IMR_SEQ_FACTORY,
	IMR_SEQ_CHECK, /* a look at the card before a Register or Update */
	IMR_SEQ_REGISTER,
	IMR_SEQ_UPDATE,
	IMR_SEQ_HOLD, /* hold-off */
	IMR_SEQ_BOOTSTRAP,
	IMR_SEQ_ONLINE, /* registered somewhere, nothing to do */
	IMR_SEQ_RETRY,	/* registered nowhere, waiting to try again */
};

struct imr_sequence {
	enum imr_sequence_state state;
	bool sources_tried; /* steps 1 and 2 are over */
	bool triggered;	    /* a bootstrap was asked for */
	bool apply;	    /* what the card holds is to be applied when it is clean */
	bool fresh;	    /* the card was looked at for this very message */
	bool waiting;	    /* IMR_TIMER is to come */
	uint16_t ssid;	    /* of the open action */
	uint32_t seconds;   /* of the open wait */
	uint32_t retry;	    /* the next one */
	struct imr_plan plan;
};

/*
 * The configuration has changed, or was loaded: take its servers and its account, without what is
 * disabled.  To be called before the event that says so is told, and before IMR_START for what is
 * in force from earlier.  Registrations at servers that stay are kept; a server without a legal
 * SSID is left out.
 */
void imr_sequence_configure(struct imr_sequence *s, const struct imr_plan *plan);

/*
 * What to do next.  Zero *s first; the first event is IMR_START.  A trigger that is not answered
 * with IMR_REFUSE is answered with 2.04.
 */
struct imr_action imr_sequence(struct imr_sequence *s, const struct imr_event *event);

#endif
