/* SPDX-License-Identifier: Apache-2.0 */
/* Flash controller of the nRF51: words, pages of 1 KiB, nothing without write enable. */
#include "imprint_reader.h"
#include "nor.h"

#define REGISTER(at) (*(volatile uint32_t *)(uintptr_t)(at))
#define READY REGISTER(0x4001E400U)
#define CONFIG REGISTER(0x4001E504U)
#define ERASE_PAGE REGISTER(0x4001E508U)

enum { READ_ONLY, WRITE_ENABLE, ERASE_ENABLE };

void *memcpy(void *to, const void *from, size_t n);

static void settle(void)
{
	while (!READY)
		;
}

int nor_read(void *ctx, uint32_t addr, void *to, size_t n)
{
	const volatile uint8_t *from = (const volatile uint8_t *)(uintptr_t)addr;
	uint8_t *octet = (uint8_t *)to;

	(void)ctx;
	while (n-- > 0)
		*octet++ = *from++;
	return 0;
}

static int program(void *ctx, uint32_t addr, const void *from, size_t n)
{
	const uint8_t *octets = (const uint8_t *)from;

	(void)ctx;
	CONFIG = WRITE_ENABLE;
	for (size_t at = 0; at < n; at += sizeof(uint32_t)) {
		uint32_t word;

		memcpy(&word, octets + at, sizeof word);
		REGISTER(addr + at) = word;
		settle();
	}
	CONFIG = READ_ONLY;
	return 0;
}

static int erase(void *ctx, uint32_t addr)
{
	(void)ctx;
	CONFIG = ERASE_ENABLE;
	ERASE_PAGE = addr;
	settle();
	CONFIG = READ_ONLY;
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
