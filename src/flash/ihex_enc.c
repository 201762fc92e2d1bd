/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/ihex.h"

#define RECORD 16

static void put_octet(struct imp_wr *wr, uint8_t v, uint8_t *sum)
{
	static const char digits[] = "0123456789ABCDEF";

	imp_wr_u8(wr, (uint8_t)digits[v >> 4]);
	imp_wr_u8(wr, (uint8_t)digits[v & 15]);
	*sum = (uint8_t)(*sum + v);
}

static void put_record(struct imp_wr *wr, uint8_t type, uint32_t addr, struct imp_span data)
{
	uint8_t sum = 0;

	imp_wr_u8(wr, ':');
	put_octet(wr, (uint8_t)data.n, &sum);
	put_octet(wr, (uint8_t)(addr >> 8), &sum);
	put_octet(wr, (uint8_t)addr, &sum);
	put_octet(wr, type, &sum);
	for (size_t i = 0; i < data.n; i++)
		put_octet(wr, data.p[i], &sum);
	put_octet(wr, (uint8_t)-sum, &sum);
	imp_wr_text(wr, "\r\n");
}

static void put_upper(struct imp_wr *wr, uint32_t addr)
{
	const uint8_t upper[2] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16) };

	put_record(wr, 4, 0, imp_span(upper, 2));
}

void imp_ihex_put_data(struct imp_wr *wr, uint32_t base, struct imp_span data)
{
	uint32_t at = base;

	while (data.n) {
		size_t n = RECORD - at % RECORD;

		if (n > data.n)
			n = data.n;
		if (at == base || (at & 0xFFFF) == 0)
			put_upper(wr, at);
		put_record(wr, 0, at & 0xFFFF, imp_span(data.p, n));
		at += (uint32_t)n;
		data.p += n;
		data.n -= n;
	}
}

void imp_ihex_put_end(struct imp_wr *wr, const struct imp_ihex_start *start)
{
	uint8_t address[4];
	struct imp_wr four = imp_wr(address, sizeof address);

	if (start && start->type) {
		imp_wr_be32(&four, start->address);
		put_record(wr, start->type, 0, imp_wr_span(&four));
	}
	put_record(wr, 1, 0, imp_span(NULL, 0));
}

void imp_ihex_encode(struct imp_wr *wr, uint32_t base, struct imp_span data)
{
	imp_ihex_put_data(wr, base, data);
	imp_ihex_put_end(wr, NULL);
}
