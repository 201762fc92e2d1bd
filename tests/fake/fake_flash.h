/* SPDX-License-Identifier: Apache-2.0 */
/* Flash in memory for the device reader, whose n-th read fails. */
#ifndef FAKE_FLASH_H
#define FAKE_FLASH_H

#include "base/span.h"
#include "reader/imr.h"

struct fake_flash {
	struct imp_span area;
	unsigned reads;	      /* so far */
	unsigned fails_at;    /* this read fails, from 1 on; 0: none */
	struct imr_flash imr; /* hand this to the reader */
};

/* slot B lies behind slot A; only one slot when the area holds no more. */
void fake_flash(struct fake_flash *flash, struct imp_span area, uint32_t slot_size);

#endif
