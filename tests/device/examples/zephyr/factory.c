/* SPDX-License-Identifier: Apache-2.0 */
/* The factory area as a fixed partition of Zephyr's flash map: two slots, each half of it. */
#include "imprint_reader.h"

#include <zephyr/storage/flash_map.h>

enum imr_status factory_load(imr_visit *visit, void *ctx, struct imr_report *report);

static int read_area(void *ctx, uint32_t addr, void *to, size_t n)
{
	return flash_area_read((const struct flash_area *)ctx, (off_t)addr, to, n);
}

enum imr_status factory_load(imr_visit *visit, void *ctx, struct imr_report *report)
{
	static uint8_t buffer[CONFIG_IMPRINT_BUFFER];
	const struct flash_area *area;
	struct imr_flash flash = { .read = read_area };
	struct imr_config config = {
		.flash = &flash, .buffer = buffer, .size = sizeof buffer, .visit = visit, .ctx = ctx
	};
	enum imr_status st;

	*report = (struct imr_report){ .card = IMR_E_NONE };
	if (flash_area_open(FIXED_PARTITION_ID(factory_partition), &area) != 0)
		return IMR_E_IO;
	flash.ctx = (void *)(uintptr_t)area;
	flash.size = (uint32_t)area->fa_size / 2;
	flash.slot[1] = flash.size;
	st = imr_load_flash(&config, report);
	flash_area_close(area);
	return st;
}
