/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of the account store are made of: the record in flash. */
#ifndef IMR_STORE_RECORD_H
#define IMR_STORE_RECORD_H

#include "reader/store.h"

/*
 * Write s->set and the rest as a new record into the region that is not in force, mark it, erase
 * the old one.  IMR_OK or IMR_E_LEFT: in force.  Otherwise the old one is, and s is as after
 * imr_store_read(), but for the set.  The set is wiped whatever the result.
 */
enum imr_status imr_store_write(struct imr_store *s);

/* imr_store_read(), but IMR_GOOD when all is well. */
enum imr_status imr_store_fetch(struct imr_store *s);

#endif
