/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot loader that takes only genuine slots: AES-CMAC out of a peripheral that encrypts single
 * blocks with a key it does not give out, and a counter that nobody can set back.
 */
#include "imprint_reader.h"

/* What the board has. */
int board_aes(const uint8_t in[16], uint8_t out[16]); /* one block; 0, or non-zero */
int board_flash(void *ctx, uint32_t addr, void *to, size_t n);
uint32_t board_counter(void);
void board_counter_raise(uint32_t to);

enum imr_status genuine_load(imr_visit *visit, void *ctx, struct imr_report *report);

#define FACTORY_AT 0x0803E000U /* the layout's base: stm32-2k */
#define SLOT_SIZE 0x1000U

struct mac {
	uint8_t key[16], block[16];
	size_t n; /* octets in block */
};

/* Times x in GF(2^128): RFC 4493, 2.3. */
static void twice(uint8_t k[16])
{
	unsigned carry = k[0] >> 7;

	for (int i = 0; i < 15; i++)
		k[i] = (uint8_t)(k[i] << 1 | k[i + 1] >> 7);
	k[15] = (uint8_t)(k[15] << 1 ^ (int)(0x87 * carry));
}

/* A full block is encrypted when more comes: the last one is not done here. */
static int add(struct mac *m, const uint8_t *p, size_t n)
{
	int failed = 0;

	for (; n > 0; n--) {
		if (m->n == 16) {
			failed |= board_aes(m->block, m->block);
			m->n = 0;
		}
		m->block[m->n++] ^= *p++;
	}
	return failed;
}

static void forget(volatile uint8_t *p, size_t n)
{
	while (n-- > 0)
		*p++ = 0;
}

static int aes_cmac(
	void *ctx, const uint8_t head[32], const uint8_t *payload, size_t n, uint8_t tag[IMR_TAG])
{
	struct mac m = { { 0 }, { 0 }, 0 };
	int failed = board_aes(m.key, m.key);

	(void)ctx;
	failed |= add(&m, head, 32);
	failed |= add(&m, payload, n);
	twice(m.key);
	if (m.n < 16) {
		m.block[m.n] ^= 0x80;
		twice(m.key);
	}
	for (int i = 0; i < 16; i++)
		m.block[i] ^= m.key[i];
	failed |= board_aes(m.block, tag);
	forget((uint8_t *)&m, sizeof m);
	return failed;
}

enum imr_status genuine_load(imr_visit *visit, void *ctx, struct imr_report *report)
{
	static uint8_t buffer[1024]; /* the largest payload of this product */
	static const struct imr_flash flash = { .read = board_flash,
		.slot = { FACTORY_AT, FACTORY_AT + SLOT_SIZE },
		.size = SLOT_SIZE };
	const struct imr_config config = {
		.flash = &flash, .buffer = buffer, .size = sizeof buffer, .visit = visit, .ctx = ctx
	};
	const uint32_t minimum = board_counter();
	const struct imr_authority authority = { .cmac = aes_cmac, .minimum = &minimum };
	enum imr_status st;

	*report = (struct imr_report){ .source = IMR_FROM_NOTHING };
	st = imr_load_flash_authentic(&config, &authority, report);
	if (st == IMR_OK && report->generation != minimum)
		board_counter_raise(report->generation); /* no older one from now on */
	return st;
}
