/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux device with its factory area in an MTD partition, or in any other file: lists what is
 * there, without values.
 *
 * use:  linux_mtd /dev/mtd3 SLOT_SIZE        slots A and B one behind the other; 0 loaded
 */
#define _POSIX_C_SOURCE 200809L

#include "imprint_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int read_mtd(void *ctx, uint32_t addr, void *to, size_t n)
{
	uint8_t *octet = (uint8_t *)to;

	while (n > 0) {
		ssize_t got = pread(*(const int *)ctx, octet, n, (off_t)addr);

		if (got <= 0)
			return 1;
		octet += got;
		addr += (uint32_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int list(void *ctx, const struct imr_resource *r)
{
	(void)ctx;
	printf("/%u/%u/%u %zu octets\n", r->object, r->instance, r->resource, r->length);
	return 0;
}

int main(int argc, char **argv)
{
	static uint8_t buffer[32768];
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	uint32_t size = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
	const struct imr_flash flash = {
		.ctx = &fd, .read = read_mtd, .slot = { 0, size }, .size = size
	};
	const struct imr_config config = {
		.flash = &flash, .buffer = buffer, .size = sizeof buffer, .visit = list
	};
	struct imr_report report = { .card = IMR_E_NONE };
	enum imr_status st;

	if (fd < 0 || size == 0) {
		fprintf(stderr, "use: linux_mtd DEVICE SLOT_SIZE\n");
		return 2;
	}
	st = imr_load_flash(&config, &report);
	close(fd);
	printf("%s; slot A: %s; slot B: %s\n", imr_status_text(st), imr_status_text(report.slot[0]),
		imr_status_text(report.slot[1]));
	return st == IMR_OK ? 0 : 1;
}
