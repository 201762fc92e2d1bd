/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device reader against a hostile card and hostile flash.  Octet 0: bit 0 card, bit 1 flash,
 * bit 2 lenient, bit 3 basic channel, bit 4 PIN, bit 5 the slot gets its magic, mark and CRC, bit 6
 * slots must have a tag (and bit 5 makes it), bit 7 and a generation from 3 on; octet 1: size of
 * the buffer.  Behind them, with both: a length of two octets and so much of card.  The card
 * answers from its octets: a length, then so many; FF ends the link.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/slot.h"
#include "reader/authentic.h"
#include "reader/pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOT 4096

static struct {
	struct imp_span card, flash;
	unsigned apdus, visits;
	bool stopped;
} in;

static int transceive(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	size_t len;

	(void)ctx;
	in.apdus++;
	if (n < 4 || n > 22 || cmd[0] & 0x80)
		abort(); /* no command that a reader should send */
	if (in.card.n == 0 || in.card.p[0] == 0xFF)
		return -1;
	len = in.card.p[0];
	if (len == 0xFE)
		len = 258;
	in.card.p++;
	in.card.n--;
	if (len > in.card.n)
		len = in.card.n;
	memcpy(rsp, in.card.p, len);
	in.card.p += len;
	in.card.n -= len;
	*got = len;
	return 0;
}

static size_t give_pin(void *ctx, uint8_t reference, uint8_t pin[8])
{
	(void)ctx;
	memset(pin, reference, 8);
	return reference % 10;
}

static int read_flash(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	if (addr > 2 * SLOT || n > 2 * SLOT - addr)
		abort();
	memset(to, 0xFF, n);
	if (addr < in.flash.n)
		memcpy(to, in.flash.p + addr, n < in.flash.n - addr ? n : in.flash.n - addr);
	return 0;
}

static int visit(void *ctx, const struct imr_resource *resource)
{
	uint8_t sum = 0;

	(void)ctx;
	for (size_t i = 0; i < resource->length; i++)
		sum ^= resource->value[i];
	(void)imr_integer(resource);
	in.visits++;
	in.stopped = sum == 0x42 && resource->length > 1;
	return in.stopped;
}

/* No cipher, but every octet of both parts decides on every octet of the tag. */
static int tag_of(
	void *ctx, const uint8_t head[32], const uint8_t *payload, size_t n, uint8_t tag[IMR_TAG])
{
	uint32_t v = 0x811C9DC5U;

	(void)ctx;
	for (size_t i = 0; i < 32 + n; i++)
		v = (v ^ (i < 32 ? head[i] : payload[i - 32])) * 0x01000193U;
	for (unsigned i = 0; i < IMR_TAG; i++)
		tag[i] = (uint8_t)((v = v * 0x01000193U + i) >> 24);
	return 0;
}

/* What was loaded from a slot must have had its tag and age. */
static void check_slot(
	const uint8_t *slot, const struct imr_report *report, const uint32_t *minimum)
{
	uint32_t at = imp_slot_extent((uint32_t)report->length, IMP_SLOT_TAG_NONE);
	uint8_t tag[IMR_TAG];

	(void)tag_of(NULL, slot, slot + IMP_SLOT_PAYLOAD_AT, report->length, tag);
	if (slot[7] != IMP_SLOT_TAG_CMAC || memcmp(slot + at, tag, sizeof(tag)) != 0)
		abort(); /* not proven */
	if (minimum && (int32_t)(*minimum - report->generation) > 0)
		abort(); /* too old */
}

/* Let what is behind the check be reached. */
static void mend(uint8_t *slot, size_t n, bool tagged)
{
	uint32_t length, crc;

	if (n < IMP_SLOT_PAYLOAD_AT)
		return;
	length = slot[12] | (uint32_t)slot[13] << 8;
	if (length > n - IMP_SLOT_PAYLOAD_AT)
		length = (uint32_t)(n - IMP_SLOT_PAYLOAD_AT);
	memcpy(slot, "IMPS\x01\x5A\x01\x00", 8);
	slot[7] = tagged ? IMP_SLOT_TAG_CMAC : IMP_SLOT_TAG_NONE;
	memset(slot + 12, 0, 16);
	slot[12] = (uint8_t)length;
	slot[13] = (uint8_t)(length >> 8);
	memcpy(slot + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	crc = imp_slot_crc(slot, imp_span(slot + IMP_SLOT_PAYLOAD_AT, length));
	for (int i = 0; i < 4; i++)
		slot[IMP_SLOT_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
	if (tagged && imp_slot_extent(length, IMP_SLOT_TAG_CMAC) <= SLOT)
		(void)tag_of(NULL, slot, slot + IMP_SLOT_PAYLOAD_AT, length,
			slot + imp_slot_extent(length, IMP_SLOT_TAG_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t flash_octets[2 * SLOT], buffer[4096];
	const struct imr_card card = { NULL, transceive, size && data[0] & 16 ? give_pin : NULL,
		imr_pin };
	const struct imr_flash flash = { NULL, read_flash, { 0, SLOT }, SLOT };
	const uint32_t minimum = 3;
	const struct imr_authority authority = { NULL, tag_of,
		size && data[0] & 128 ? &minimum : NULL };
	bool authentic = size && data[0] & 64;
	struct imr_config config = { .buffer = buffer, .visit = visit };
	struct imr_report report;
	enum imr_status st;
	size_t split;

	if (size < 4)
		return 0;
	config.card = data[0] & 1 ? &card : NULL;
	config.flash = data[0] & 2 ? &flash : NULL;
	config.options = data[0] >> 2 & 2;
	config.headerless = data[0] & 4 ? imr_headerless : NULL;
	config.size = 16 * (size_t)data[1];
	split = (size_t)data[2] << 8 | data[3];
	if (!config.flash || split > size - 4)
		split = size - 4;
	if (!config.card)
		split = 0;
	memset(&in, 0, sizeof(in));
	in.card = imp_span(data + 4, split);
	in.flash = imp_span(flash_octets, size - 4 - split);
	if (in.flash.n > sizeof(flash_octets))
		in.flash.n = sizeof(flash_octets);
	memset(flash_octets, 0xFF, sizeof(flash_octets));
	memcpy(flash_octets, data + 4 + split, in.flash.n);
	in.flash.n = sizeof(flash_octets);
	if (data[0] & 32)
		mend(flash_octets, size - 4 - split < SLOT ? size - 4 - split : SLOT, authentic);
	memset(buffer, 0xAA, sizeof(buffer));
	st = authentic ? imr_load_authentic(&config, &authority, &report)
		       : imr_load(&config, &report);

	if (st != IMR_OK && (st < IMR_E_NONE || st > IMR_E_LIMIT) &&
		!(authentic && (st == IMR_E_FORGED || st == IMR_E_ROLLBACK)))
		abort(); /* no such status */
	if ((config.card || config.flash) && !imp_span_all(imp_span(buffer, config.size), 0x00))
		abort(); /* not wiped */
	if (!imp_span_all(imp_span(buffer + config.size, sizeof(buffer) - config.size), 0xAA))
		abort(); /* written beyond the buffer */
	if ((st == IMR_OK || st == IMR_E_STOPPED) != (in.visits > 0))
		abort(); /* visited before all was checked, or nothing at all */
	if ((st == IMR_E_STOPPED) != in.stopped)
		abort();
	if (authentic && report.source > IMR_FROM_CARD)
		check_slot(flash_octets + (report.source == IMR_FROM_SLOT_B ? SLOT : 0), &report,
			authority.minimum);
	if (in.apdus != report.apdus || in.apdus > 1025)
		abort();
	return 0;
}
