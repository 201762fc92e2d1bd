/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of the account store are made of: the record in flash. */
#ifndef IMR_STORE_RECORD_H
#define IMR_STORE_RECORD_H

#include "reader/store.h"

/* imr_store_read(), but IMR_GOOD when all is well. */
enum imr_status imr_store_fetch(struct imr_store *s);

#endif
