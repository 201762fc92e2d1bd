/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that boots: loads from two slots in memory-mapped flash, shows what it found, and ends
 * with 0, or with the status of the reader.
 *
 * Built with SLOT_A, SLOT_B, SLOT_SIZE; ODD puts the buffer at an odd address.  For the controls of
 * the tests: STRAY writes a word into slot A; TWICE loads twice where it is counted; KEEP leaves a
 * copy of a key in RAM; WORD reads a word from the buffer.
 */
#include "board.h"
#include "imprint_reader.h"
#include "show.h"

#define EXIT_UNSTEADY 98
#define EXIT_KEY_LEFT 96

#define KEY_MIN 16
#ifdef ODD
#define BUFFER_FROM 1
#else
#define BUFFER_FROM 0
#endif

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

static uint8_t buffer[4096 + BUFFER_FROM];

/* What the counted load met: resources, and where in the payload the last secret key (0/x/5) is. */
struct met {
	unsigned resources;
	uint32_t key_at;
};

#ifdef KEEP
extern uint8_t kept_key[KEY_MIN];
uint8_t kept_key[KEY_MIN];
#endif

static int count_resource(void *ctx, const struct imr_resource *resource)
{
	struct met *met = (struct met *)ctx;

	met->resources++;
	if (resource->object == 0 && resource->resource == 5 && resource->length >= KEY_MIN)
		met->key_at = (uint32_t)(resource->value - buffer - BUFFER_FROM);
#ifdef KEEP
	if (met->key_at)
		for (unsigned i = 0; i < KEY_MIN; i++)
			kept_key[i] = buffer[BUFFER_FROM + met->key_at + i];
#endif
	return 0;
}

/* Is the key that lies at this place in flash anywhere in RAM? */
static bool in_ram(const volatile uint8_t *key)
{
	const volatile uint8_t *from, *to;

	for (board_ram(&from, &to); to - from >= KEY_MIN; from++) {
		unsigned same = 0;

		while (same < KEY_MIN && from[same] == key[same])
			same++;
		if (same == KEY_MIN)
			return true;
	}
	return false;
}

int main(void)
{
	static const struct imr_flash flash = {
		.read = read_flash, .slot = { SLOT_A, SLOT_B }, .size = SLOT_SIZE
	};
	struct imr_config config = { .flash = &flash,
		.buffer = buffer + BUFFER_FROM,
		.size = sizeof buffer - BUFFER_FROM,
		.visit = count_resource };
	struct show show = { board_put };
	struct imr_report report;
	enum imr_status counted, shown;
	struct met met = { 0, 0 };
	uint32_t slot;

	config.ctx = &met;
	measure_begin();
	counted = imr_load(&config, &report);
#ifdef TWICE
	counted = imr_load(&config, &report);
#endif
	measure_end();
	slot = report.source == IMR_FROM_SLOT_B ? SLOT_B : SLOT_A;
	if (met.key_at && in_ram((const volatile uint8_t *)(uintptr_t)(slot + 64 + met.key_at)))
		return EXIT_KEY_LEFT;
#ifdef WORD
	volatile uintptr_t at = (uintptr_t)config.buffer; /* known too late for loads of octets */

	(void)*(const volatile uint32_t *)at;
#endif
#ifdef STRAY
	*(volatile uint32_t *)(uintptr_t)SLOT_A = 0;
#endif
	config.visit = show_resource;
	config.ctx = &show;
	shown = imr_load(&config, &report);
	show_report(&show, &report);
	if (shown != counted || (shown == IMR_OK && met.resources == 0))
		return EXIT_UNSTEADY;
	return shown == IMR_OK ? 0 : (int)shown;
}
