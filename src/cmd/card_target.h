/* SPDX-License-Identifier: Apache-2.0 */
/* What the profile of a batch says of its cards (targets.card), for whoever writes them later. */
#ifndef IMP_CMD_CARD_TARGET_H
#define IMP_CMD_CARD_TARGET_H

#include "ledger/ledger.h"

struct imp_card_target {
	bool read_pin; /* read-rule: pin */
	bool opensc;   /* opensc-compatible, true unless it says otherwise */
};

/* From the profile's text that the ledger keeps, which was judged when the batch was made.
 * IMP_E_FORMAT when it cannot be read any more. */
IMP_MUST_CHECK enum imp_status imp_card_target(
	const struct imp_batch *batch, struct imp_card_target *out, struct imp_diag *diag);

#endif
