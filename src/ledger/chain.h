/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of events.  Nothing happens to a batch or unit without an event; each event holds the
 * hash of the one before and a digest of the whole row it speaks of, so that a row that was
 * changed, added, removed or moved, in any table, no longer fits.
 *
 *	hash   = SHA-256(prev, id, time, kind, batch, unit, state, digest, detail)
 *	digest = SHA-256(all columns of the unit and of its credentials by kind and value), or
 *		 SHA-256(all columns of the batch)
 *
 * Integers as 'I' and 8 octets, text as 'T', octets as 'B', each with a length of 8 octets in
 *front, no value as 'N'; numbers big-endian.  A sealed payload enters by its SHA-256, a column of
 *the unit.
 */
#ifndef IMP_LEDGER_CHAIN_H
#define IMP_LEDGER_CHAIN_H

#include "ledger/ledger.h"

enum imp_event_kind {
	IMP_EVENT_CREATED = 1, /* the ledger itself: no batch, no unit */
	IMP_EVENT_BATCH,       /* a batch was planned; digest of its row */
	IMP_EVENT_RESUME_GONE, /* resume key wiped; digest of the batch's row */
	IMP_EVENT_PLANNED,
	IMP_EVENT_MADE,
	IMP_EVENT_FLASHED, /* file written and verified */
	IMP_EVENT_CARD_BOUND,
	IMP_EVENT_CARD_WRITTEN,
	IMP_EVENT_CARD_VERIFIED,
	IMP_EVENT_FAILED,
	IMP_EVENT_RETRIED,
	IMP_EVENT_SCRAPPED,
	IMP_EVENT_DELIVERY_MADE, /* keys that a bootstrap server gives, before they are sent */
	IMP_EVENT_BOOTSTRAP,	 /* a device asked, and what came of it */
	IMP_EVENT_PROVED,	 /* end-of-line proof */
	IMP_EVENT_KINDS
};

const char *imp_event_name(enum imp_event_kind kind); /* "made", ...; never NULL */

struct imp_event {
	int64_t id, time, kind, batch, unit, state;
	struct imp_span digest, prev, hash;
	struct imp_span detail; /* JSON */
};

/* Call visit for each event behind id after; stops at a failure of it. */
IMP_MUST_CHECK enum imp_status imp_ledger_events(struct imp_ledger *ledger, int64_t after,
	enum imp_status (*visit)(void *ctx, const struct imp_event *event), void *ctx,
	struct imp_diag *diag);

/* An event to be added within the open transaction: the digest is made of the row as it stands. */
struct imp_event_new {
	enum imp_event_kind kind;
	int64_t batch, unit; /* unit 0: of the batch; both 0: of the ledger */
	const char *detail;  /* JSON */
};

IMP_MUST_CHECK enum imp_status imp_event_add(
	struct imp_ledger *ledger, const struct imp_event_new *event, struct imp_diag *diag);

struct imp_chain_head {
	int64_t events, batches, units;
	uint8_t hash[IMP_SHA256];
};

/*
 * Walk everything.  noted: a head hash written down earlier, which must still be in the chain;
 * NULL: none.  IMP_E_MISMATCH: a diagnosis names the first row that does not fit.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_verify(struct imp_ledger *ledger,
	const uint8_t noted[IMP_SHA256], struct imp_chain_head *out, struct imp_diag *diag);

#endif
