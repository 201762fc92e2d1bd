/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two parallel NOR chips of 16 bits side by side, CFI command set 1.  Each operation is four
 * stores: command, data or confirmation, read status, read array.
 */
#include "imprint_reader.h"
#include "nor.h"

#define BOTH(chip) ((chip)*0x00010001U)
#define PROGRAM BOTH(0x40U)
#define ERASE BOTH(0x20U)
#define CONFIRM BOTH(0xD0U)
#define STATUS BOTH(0x70U)
#define ARRAY BOTH(0xFFU)
#define READY BOTH(0x80U)

void *memcpy(void *to, const void *from, size_t n);

int nor_read(void *ctx, uint32_t addr, void *to, size_t n)
{
	uint32_t *word = (uint32_t *)to;

	(void)ctx;
	if ((addr | (uintptr_t)to | n) % sizeof(*word) != 0) {
		memcpy(to, (const void *)(uintptr_t)addr, n);
		return 0;
	}
	for (; n > 0; n -= sizeof(*word), addr += sizeof(*word))
		*word++ = *(const volatile uint32_t *)(uintptr_t)addr;
	return 0;
}

static void operation(uint32_t addr, uint32_t command, uint32_t then)
{
	volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)addr;

	*word = command;
	*word = then;
	*word = STATUS;
	while ((*word & READY) != READY)
		;
	*word = ARRAY;
}

static int program(void *ctx, uint32_t addr, const void *from, size_t n)
{
	const uint8_t *octets = (const uint8_t *)from;

	(void)ctx;
	for (size_t at = 0; at < n; at += sizeof(uint32_t)) {
		uint32_t word;

		memcpy(&word, octets + at, sizeof word);
		operation(addr + (uint32_t)at, PROGRAM, word);
	}
	return 0;
}

static int erase(void *ctx, uint32_t addr)
{
	(void)ctx;
	operation(addr, ERASE, CONFIRM);
	return 0;
}

const struct imr_store_flash nor = { .read = nor_read,
	.prog = program,
	.erase = erase,
	.region = { STORE_A, STORE_B },
	.size = REGION,
	.block = BLOCK,
	.unit = sizeof(uint32_t),
	.factory = FACTORY,
	.factory_size = FACTORY_SIZE };
