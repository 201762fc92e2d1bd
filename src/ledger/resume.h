/* SPDX-License-Identifier: Apache-2.0 */
/* The resume key of a batch that is sealed to somebody else (see ledger.h). */
#ifndef IMP_LEDGER_RESUME_H
#define IMP_LEDGER_RESUME_H

#include "ledger/ledger.h"

/* The data key by the resume key beside the ledger; IMP_E_DENIED when that is gone. */
IMP_MUST_CHECK enum imp_status imp_resume_open(struct imp_ledger *ledger,
	const struct imp_batch *batch, struct imp_secret *out, struct imp_diag *diag);

/* Forget the key file of a batch that was never planned to its end. */
void imp_resume_drop(struct imp_ledger *ledger, int64_t batch);

#endif
