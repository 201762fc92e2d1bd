/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board for tests/device/examples/authentic.c: AES of OpenSSL with the key of the examples in
 * RFC 4493, and a factory area that a file holds.  It boots twice, with what the counter has then.
 *
 * use: genuine FILE [COUNTER]
 */
#include "imprint_reader.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int board_aes(const uint8_t in[16], uint8_t out[16]);
int board_flash(void *ctx, uint32_t addr, void *to, size_t n);
uint32_t board_counter(void);
void board_counter_raise(uint32_t to);
enum imr_status genuine_load(imr_visit *visit, void *ctx, struct imr_report *report);

#define BASE 0x0803E000U

static uint8_t area[0x2000];
static uint32_t counter;

int board_aes(const uint8_t in[16], uint8_t out[16])
{
	static const uint8_t key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7,
		0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t made[32];
	int n = 0;
	int good = ctx && EVP_EncryptInit_ex2(ctx, EVP_aes_128_ecb(), key, NULL, NULL) == 1 &&
		   EVP_EncryptUpdate(ctx, made, &n, in, 16) == 1 && n == 16;

	EVP_CIPHER_CTX_free(ctx);
	if (good)
		memcpy(out, made, 16);
	return !good;
}

int board_flash(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	if (addr < BASE || addr - BASE > sizeof area || n > sizeof area - (addr - BASE))
		return -1;
	memcpy(to, area + (addr - BASE), n);
	return 0;
}

uint32_t board_counter(void)
{
	return counter;
}

void board_counter_raise(uint32_t to)
{
	counter = to;
}

static int count(void *ctx, const struct imr_resource *resource)
{
	(void)resource;
	++*(unsigned *)ctx;
	return 0;
}

int main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	unsigned resources = 0;

	if (!f)
		return 2;
	memset(area, 0xFF, sizeof area);
	(void)!fread(area, 1, sizeof area, f);
	(void)fclose(f);
	counter = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	for (int boot = 0; boot < 2; boot++) {
		struct imr_report report;
		enum imr_status st = genuine_load(count, &resources, &report);

		printf("%s, generation %u, counter %u, %u resources\n", imr_status_text(st),
			st == IMR_OK ? (unsigned)report.generation : 0, (unsigned)counter,
			resources);
	}
	return 0;
}
