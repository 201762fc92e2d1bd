/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that boots: loads from two slots in memory-mapped flash, shows what it found, and ends
 * with 0, or with the status of the reader.
 *
 * Built with SLOT_A, SLOT_B, SLOT_SIZE.  For the controls of the tests: STRAY writes a word into
 * slot A; TWICE loads twice where it is counted.
 */
#include "board.h"
#include "imprint_reader.h"
#include "show.h"

#define EXIT_UNSTEADY 98

void measure_begin(void);
void measure_end(void);

/* Where counting begins and ends: the emulator looks for their addresses. */
__attribute__((noipa)) void measure_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noipa)) void measure_end(void)
{
	__asm__ volatile("" : : : "memory");
}

static int read_flash(void *ctx, uint32_t addr, void *to, size_t n)
{
	const volatile uint8_t *from = (const volatile uint8_t *)(uintptr_t)addr;
	uint8_t *octet = (uint8_t *)to;

	(void)ctx;
	while (n-- > 0)
		*octet++ = *from++;
	return 0;
}

static int count_resource(void *ctx, const struct imr_resource *resource)
{
	(void)resource;
	++*(unsigned *)ctx;
	return 0;
}

static uint8_t buffer[4096];

int main(void)
{
	static const struct imr_flash flash = {
		.read = read_flash, .slot = { SLOT_A, SLOT_B }, .size = SLOT_SIZE
	};
	struct imr_config config = {
		.flash = &flash, .buffer = buffer, .size = sizeof buffer, .visit = count_resource
	};
	struct show show = { board_put };
	struct imr_report report;
	enum imr_status counted, shown;
	unsigned resources = 0;

	config.ctx = &resources;
	measure_begin();
	counted = imr_load(&config, &report);
#ifdef TWICE
	counted = imr_load(&config, &report);
#endif
	measure_end();
#ifdef STRAY
	*(volatile uint32_t *)(uintptr_t)SLOT_A = 0;
#endif
	config.visit = show_resource;
	config.ctx = &show;
	shown = imr_load(&config, &report);
	show_report(&show, &report);
	if (shown != counted || (shown == IMR_OK && resources == 0))
		return EXIT_UNSTEADY;
	return shown == IMR_OK ? 0 : (int)shown;
}
