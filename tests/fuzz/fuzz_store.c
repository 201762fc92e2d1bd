/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile flash: the input is its content, how it lies when it is read, and what the device does.
 * Whatever happens stays inside the buffer and the regions, and ends.  Octets: 0 options, 1 lie
 * mask, 2..9 operations, the rest content.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crc32.h"
#include "codec/slot.h"
#include "reader/store.h"

#define REGION 512
#define BLOCK 128
#define AREA (2 * REGION + BLOCK)
#define HEAD 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	uint8_t mem[AREA];
	uint8_t lie;  /* every so many reads one bit differs */
	bool obeys;   /* programs and erases have an effect */
	bool reports; /* that they have none */
	unsigned reads;
} part;

static int get(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	if (addr > AREA || n > AREA - addr)
		abort();
	if (++part.reads > 10000)
		abort();
	memcpy(to, part.mem + addr, n);
	if (part.lie && part.reads % part.lie == 0 && n)
		((uint8_t *)to)[part.reads * 7 % n] ^= (uint8_t)(1U << part.reads % 8);
	return part.lie > 250 && part.reads % 5 == 0;
}

static int prog(void *ctx, uint32_t addr, const void *from, size_t n)
{
	const uint8_t *octets = from;

	(void)ctx;
	if (addr % 8 || n % 8 || addr >= 2 * REGION || n > 2 * REGION - addr)
		abort();
	for (size_t i = 0; part.obeys && i < n; i++)
		part.mem[addr + i] &= octets[i];
	return part.reports;
}

static int erase(void *ctx, uint32_t addr)
{
	(void)ctx;
	if (addr % BLOCK || addr > AREA - BLOCK)
		abort();
	if (part.obeys)
		memset(part.mem + addr, 0xFF, BLOCK);
	return part.reports;
}

static int visit(void *ctx, const struct imr_resource *resource)
{
	unsigned *sum = ctx;

	for (size_t i = 0; i < resource->length; i++)
		*sum += resource->value[i];
	return 0;
}

/* Give both regions the sum that their header asks for, so that the search gets behind it. */
static void set_sums(void)
{
	for (unsigned region = 0; region < 2; region++) {
		uint8_t *head = part.mem + region * REGION;
		uint32_t n = head[12] | (uint32_t)head[13] << 8;
		uint32_t crc;

		if (n > REGION - IMP_SLOT_PAYLOAD_AT)
			continue;
		head[14] = head[15] = 0;
		crc = imp_slot_crc(head, imp_span(head + IMP_SLOT_PAYLOAD_AT, n));
		for (unsigned i = 0; i < 4; i++)
			head[IMP_SLOT_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
	}
}

static void operate(struct imr_store *s, uint8_t what)
{
	static const uint8_t value[] = { 0xC1, 1, 1, 0xC1, 12, 60 };
	unsigned sum = 0;

	part.reads = 0;
	switch (what % 11) {
	case 0:
		(void)imr_store_open(s);
		break;
	case 1:
		(void)imr_store_visit(s, visit, &sum);
		break;
	case 2:
		(void)imr_store_purge(s);
		break;
	case 3:
		(void)imr_store_elapsed(s, (uint32_t)what << 4);
		break;
	case 4:
		(void)imr_store_card_removed(s);
		break;
	case 5:
		(void)imr_store_card_disabled(s);
		break;
	case 6:
		(void)imr_store_reset(s, what & 0x40);
		break;
	case 7:
		if (imr_store_read(s) == IMR_OK)
			(void)imr_store_finish(s);
		break;
	case 8:
		if (imr_store_read(s) == IMR_OK)
			(void)imr_store_apply(s);
		break;
	default:
		if (imr_store_read(s) == IMR_OK &&
			imr_set_put(&s->set, what % 11 == 9 ? 0 : 21, what,
				imp_span(value, sizeof(value)), IMR_ORIGIN_FRESH) == IMR_OK)
			(void)imr_store_finish(s);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct imr_store_flash flash = {
		.read = get,
		.prog = prog,
		.erase = erase,
		.region = { 0, REGION },
		.size = REGION,
		.block = BLOCK,
		.unit = 8,
		.factory = 2 * REGION,
		.factory_size = BLOCK,
	};
	struct imr_store s;
	size_t room;

	if (size < HEAD)
		return 0;
	memset(&part, 0, sizeof(part));
	memset(part.mem, 0xFF, sizeof(part.mem));
	memcpy(part.mem, data + HEAD, size - HEAD < AREA ? size - HEAD : AREA);
	if (data[0] & 1)
		set_sums();
	part.obeys = data[0] & 2;
	part.reports = data[0] & 4;
	part.lie = data[1];
	memset(&s, 0xA7, sizeof(s));
	room = data[0] & 8 ? 256 : 512;
	s.flash = &flash;
	s.set.size = room;
	s.set.p = malloc(room);
	if (!s.set.p)
		return 0;
	(void)imr_store_open(&s);
	for (size_t i = 2; i < HEAD; i++)
		operate(&s, data[i]);
	free(s.set.p);
	return 0;
}
