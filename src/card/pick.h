/* SPDX-License-Identifier: Apache-2.0 */
/* Which reader is meant: by index, exact name or unique part of a name (in any case), never "the
 * first one". */
#ifndef IMP_CARD_PICK_H
#define IMP_CARD_PICK_H

#include "card/card.h"

#define IMP_READERS_MAX 32

/*
 * The exact name of the reader that spec means.  spec NULL: the only reader there is, or the only
 * one with a card in it.  IMP_E_ABSENT: no reader service, no reader, none that fits;
 * IMP_E_USAGE: several fit, all of them named in the diagnosis.
 */
IMP_MUST_CHECK enum imp_status imp_reader_pick(const struct imp_readers *readers, const char *spec,
	char name[static 128], struct imp_diag *diag);

/* imp_reader_pick() and open. */
IMP_MUST_CHECK enum imp_status imp_reader_open(const struct imp_readers *readers, const char *spec,
	char name[static 128], struct imp_card *card, struct imp_diag *diag);

/* card->close() when there is one; takes an empty card.  For __attribute__((cleanup)). */
void imp_card_close(struct imp_card *card);
#define IMP_CARD __attribute__((cleanup(imp_card_close))) struct imp_card

#endif
