/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same credential set read by three ways, for counting instructions on the host.
 *
 * use:  peer SLOT SENML_CBOR
 * slot_by_reader: two slots looked at, CRC, grammar and types checked, every value handed over.
 * payload_by_reader: the same without slots.  cbor_by_libcbor: well-formed CBOR into a tree, which
 * says nothing of what is in it; its heap is part of it.
 */
#include "imprint_reader.h"

#include <cbor.h>
#include <stdio.h>
#include <string.h>

static uint8_t slot[65536], cbor[65536];
static size_t slot_size, cbor_size;

int slot_by_reader(void);
int payload_by_reader(void);
int cbor_by_libcbor(void);

static int read_slot(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	memcpy(to, slot + addr, n);
	return 0;
}

static int count(void *ctx, const struct imr_resource *resource)
{
	*(size_t *)ctx += resource->length;
	return 0;
}

__attribute__((noipa)) int slot_by_reader(void)
{
	static uint8_t buffer[640];
	const struct imr_flash flash = { .read = read_slot,
		.slot = { 0, (uint32_t)slot_size / 2 },
		.size = (uint32_t)slot_size / 2 };
	size_t octets = 0;
	const struct imr_config config = { .flash = &flash,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = count,
		.ctx = &octets };
	struct imr_report report;

	return imr_load(&config, &report) == IMR_OK && octets > 0;
}

__attribute__((noipa)) int payload_by_reader(void)
{
	size_t octets = 0, n = slot[12] | (size_t)slot[13] << 8;

	return imr_payload(slot + 64, n, 0, count, &octets) == IMR_OK && octets > 0;
}

__attribute__((noipa)) int cbor_by_libcbor(void)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(cbor, cbor_size, &result);
	int good = item && result.read == cbor_size;

	if (item)
		cbor_decref(&item);
	return good;
}

static size_t load(const char *path, uint8_t *to, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(to, 1, room, f) : 0;

	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	slot_size = load(argv[1], slot, sizeof slot);
	cbor_size = load(argv[2], cbor, sizeof cbor);
	return slot_by_reader() && payload_by_reader() && cbor_by_libcbor() ? 0 : 1;
}
