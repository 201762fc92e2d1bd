/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout: where the two slots of a factory area lie in a device's flash, and by which rules that
 * flash is erased and programmed.  The files in flash-images/layouts describe them;
 * src/cmd/layout_file.h loads one.
 */
#ifndef IMP_FLASH_LAYOUT_H
#define IMP_FLASH_LAYOUT_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_layout {
	char name[64];
	uint32_t base;	    /* address of the area in the device; used by Intel HEX */
	uint32_t size;	    /* octets of the area, a multiple of erase */
	uint32_t erase;	    /* octets of an erase block */
	uint32_t program;   /* octets of a program unit: 1, 2, 4, 8, 16 or 32 */
	uint32_t slot[2];   /* offsets from base, on erase blocks; equal: one slot only */
	uint32_t slot_size; /* octets of each, a multiple of erase */
};

#define IMP_AREA_MAX (16U << 20)

/* Every rule of the fields above, slots inside the area and not overlapping.  IMP_E_FORMAT with a
 * diagnosis that starts with the layout's name. */
IMP_MUST_CHECK enum imp_status imp_layout_check(
	const struct imp_layout *layout, struct imp_diag *diag);

/* Largest payload that a slot of this layout takes, with an authentication tag behind it or not. */
uint32_t imp_layout_payload_max(const struct imp_layout *layout, bool tagged);

#endif
