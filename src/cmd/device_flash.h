/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash of a simulated device's account store as a file, by the rules of NOR flash: a unit is
 * programmed once after an erase, erasing is by blocks, sync is fdatasync.  One process at a time.
 */
#ifndef IMP_CMD_DEVICE_FLASH_H
#define IMP_CMD_DEVICE_FLASH_H

#include "base/diag.h"
#include "reader/store.h"

#define IMP_DEVICE_BLOCK 4096U
#define IMP_DEVICE_REGION (9U * IMP_DEVICE_BLOCK) /* for a payload of 32 KiB */

struct imp_device_flash {
	struct imr_store_flash
		flash; /* for the store; its ctx is this struct, which must not move */
	int fd;
	int error; /* errno of the latest failure, 0: none */
};

/*
 * A file that is not there is made, blank, for its owner alone.  copy: the file is left alone, and
 * a copy of it in memory is what changes.  IMP_E_FORMAT: something else than
 * an account store of this size; IMP_E_DENIED: another process has it; IMP_E_IO.
 */
IMP_MUST_CHECK enum imp_status imp_device_flash_open(
	const char *path, bool copy, struct imp_device_flash *out, struct imp_diag *diag);
void imp_device_flash_close(struct imp_device_flash *flash); /* takes one that was not opened */

#endif
