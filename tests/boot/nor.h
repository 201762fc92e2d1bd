/* SPDX-License-Identifier: Apache-2.0 */
/* The flash of an emulated device behind the seam of the account store. */
#ifndef NOR_H
#define NOR_H

#include <stddef.h>
#include <stdint.h>

struct imr_store_flash;

/* Built with STORE_A, STORE_B, REGION, BLOCK, FACTORY, FACTORY_SIZE. */
extern const struct imr_store_flash nor;

int nor_read(void *ctx, uint32_t addr, void *to, size_t n);

#endif
