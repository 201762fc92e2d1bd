/* SPDX-License-Identifier: Apache-2.0 */
/* As much of the flash map as the example calls, so that it compiles without Zephyr. */
#ifndef FLASH_MAP_H
#define FLASH_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FIXED_PARTITION_ID(label) 1

struct flash_area {
	off_t fa_off;
	size_t fa_size;
};

int flash_area_open(uint8_t id, const struct flash_area **area);
int flash_area_read(const struct flash_area *area, off_t offset, void *to, size_t n);
void flash_area_close(const struct flash_area *area);

#endif
