/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard in front of a card's PIN (ref card.md A.8), for struct imr_card: asks the card which
 * PIN its file wants and how many tries are left, and never takes the last one.  A device whose
 * cards have no PIN, or that does not know it, leaves the member NULL and links none of this.
 */
#ifndef IMR_PIN_H
#define IMR_PIN_H

#include "reader/imr.h"

#include <stdbool.h>

/* For the reader itself to call: true when the file may be read now.  At most once in a load. */
bool imr_pin(struct imr_session *session);

#endif
