/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers through PCSC-lite.  Each open card has a context of its own, so that several may be used
 * from several threads; a card is held exclusively and reset when it is given back.
 */
#ifndef IMP_LINK_PCSC_H
#define IMP_LINK_PCSC_H

#include "card/card.h"

/* The readers of this machine; nothing to free. */
void imp_pcsc_readers(struct imp_readers *readers);

#endif
