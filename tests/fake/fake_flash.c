/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/fake_flash.h"

#include <string.h>

static int read_area(void *ctx, uint32_t addr, void *to, size_t n)
{
	struct fake_flash *flash = ctx;

	if (++flash->reads == flash->fails_at)
		return -1;
	if (addr > flash->area.n || n > flash->area.n - addr)
		return -1;
	memcpy(to, flash->area.p + addr, n);
	return 0;
}

void fake_flash(struct fake_flash *flash, struct imp_span area, uint32_t slot_size)
{
	memset(flash, 0, sizeof(*flash));
	flash->area = area;
	flash->imr.ctx = flash;
	flash->imr.read = read_area;
	flash->imr.slot[1] = area.n >= 2 * (size_t)slot_size ? slot_size : 0;
	flash->imr.size = slot_size;
}
