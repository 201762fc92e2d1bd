/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bootstrap server has to tell: JSON Lines on stdout (--json), lines for people on stderr,
 * and the ends of sessions into the ledger, several in one transaction.
 */
#ifndef IMP_FACTORY_BS_LOG_H
#define IMP_FACTORY_BS_LOG_H

#include "bootstrap/server.h"
#include "cmd/env.h"
#include "ledger/ledger.h"

struct imp_bs_log;

struct imp_bs_counts {
	uint64_t requested, finished, failed, refused, packed;
};

IMP_MUST_CHECK enum imp_status imp_bs_log_open(
	struct imp_env *env, struct imp_ledger *ledger, struct imp_bs_log **out);
/* Writes what is pending first; failures are warned about. */
void imp_bs_log_close(struct imp_bs_log *log); /* takes NULL */

/*
 * Endings of sessions go to the ledger, and refusals whose note names the unit whose identity was
 * proved, one for each unit in a minute.  who: the peer of the request at hand, for events whose
 * note has none; why: more than event->text says, or "".
 */
void imp_bs_log_event(
	struct imp_bs_log *log, const struct imp_bs_event *event, const char *who, const char *why);

/* Into the ledger with what waits for longer than 100 ms, or with all. */
IMP_MUST_CHECK enum imp_status imp_bs_log_flush(
	struct imp_bs_log *log, bool all, struct imp_diag *diag);

const struct imp_bs_counts *imp_bs_log_counts(const struct imp_bs_log *log);

#endif
