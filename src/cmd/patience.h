/* SPDX-License-Identifier: Apache-2.0 */
/* A card that does not answer is waited for, because the link has no limit of its own that fits
 * every card; but the person at the keyboard is told.  Readers as they are, each card with a clock.
 */
#ifndef IMP_CMD_PATIENCE_H
#define IMP_CMD_PATIENCE_H

#include "card/card.h"
#include "cmd/env.h"

#define IMP_PATIENCE_MS 5000

struct imp_patience {
	struct imp_env *env;
	const struct imp_readers *inner; /* the real ones */
	unsigned after_ms;		 /* silence before the first note */
};

/* out behaves as inner.  patience and its members must outlive every card. */
void imp_patience_readers(struct imp_patience *patience, struct imp_readers *out);

#endif
