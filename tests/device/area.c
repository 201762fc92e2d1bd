/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what the reader finds in files, each taken as one slot and then as two slots of half its
 * size.  use: area FILE... */
#include "imprint_reader.h"
#include "show.h"

#include <stdio.h>
#include <string.h>

static uint8_t area[1 << 20];
static size_t area_size;

static void put(const char *text)
{
	fputs(text, stdout);
}

static int read_area(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	if (addr > area_size || n > area_size - addr)
		return 1;
	memcpy(to, area + addr, n);
	return 0;
}

static void load(uint32_t size)
{
	static uint8_t buffer[32768];
	struct show show = { put };
	const struct imr_flash flash = {
		.read = read_area, .slot = { 0, (uint32_t)area_size - size }, .size = size
	};
	const struct imr_config config = { .flash = &flash,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = show_resource,
		.ctx = &show };
	struct imr_report report;

	put(imr_status_text(imr_load(&config, &report)));
	put("\n");
	show_report(&show, &report);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (!f)
			return 1;
		area_size = fread(area, 1, sizeof area, f);
		fclose(f);
		load((uint32_t)area_size);
		load((uint32_t)area_size / 2);
	}
	return 0;
}
