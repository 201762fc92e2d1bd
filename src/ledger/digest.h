/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of rows and hashes of events (see chain.h).  Only files of this folder include it. */
#ifndef IMP_LEDGER_DIGEST_H
#define IMP_LEDGER_DIGEST_H

#include "ledger/chain.h"
#include "ledger/db.h"

/* IMP_E_ABSENT without a diagnosis when there is no such row.  state (may be NULL): of the unit. */
IMP_MUST_CHECK enum imp_status imp_digest_unit(struct imp_ledger *l, int64_t unit,
	uint8_t out[static IMP_SHA256], int64_t *state, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_digest_batch(
	struct imp_ledger *l, int64_t batch, uint8_t out[static IMP_SHA256], struct imp_diag *diag);

IMP_MUST_CHECK enum imp_status imp_digest_event(struct imp_ledger *l, const struct imp_event *event,
	uint8_t out[static IMP_SHA256], struct imp_diag *diag);

/* The event in the row of an IMP_SQL_EVENTS statement; valid until its next step. */
struct imp_event imp_event_of_row(sqlite3_stmt *stmt);

#endif
