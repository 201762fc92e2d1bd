/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/slot.h"

#include "base/crc32.h"

#include <string.h>

#define RESERVED_AT 16
#define RESERVED 12
#define CRC_AT 28

/* As many zeros as ones: neither an erased nor a cleared area, nor a torn write, looks like it. */
const uint8_t imp_slot_commit[IMP_SLOT_COMMIT] = { 0xC3, 0x5A, 0x96, 0xE1, 0x3C, 0xA5, 0x69, 0x1E };

static bool fields_legal(const struct imp_slot *slot, uint32_t size)
{
	if (slot->keys != IMP_SLOT_KEYS_PERSISTENT && slot->keys != IMP_SLOT_KEYS_NON_PERSISTENT)
		return false;
	if (slot->form != IMP_SLOT_FORM_EF || slot->tag > IMP_SLOT_TAG_CMAC)
		return false;
	if (slot->length == 0 || slot->length > IMP_SLOT_PAYLOAD_MAX)
		return false;
	return imp_slot_extent(slot->length, slot->tag) <= size;
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

enum imp_status imp_slot_header(
	const uint8_t head[static IMP_SLOT_PAYLOAD_AT], uint32_t size, struct imp_slot *slot)
{
	static const uint8_t magic[] = { 'I', 'M', 'P', 'S' };
	bool blank = head[0] == 0xFF || head[0] == 0x00;
	struct imp_slot got;

	if (blank && imp_span_all(imp_span(head, IMP_SLOT_PAYLOAD_AT), head[0]))
		return IMP_E_ABSENT;
	if (memcmp(head, magic, sizeof magic) != 0)
		return IMP_E_FORMAT;
	if (memcmp(head + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT) != 0)
		return IMP_E_TRUNC;
	if (head[4] > IMP_SLOT_VERSION)
		return IMP_E_UNSUPPORTED;
	got.keys = head[5];
	got.form = head[6];
	got.tag = head[7];
	got.generation = le32(head + 8);
	got.length = le32(head + 12);
	got.crc = le32(head + CRC_AT);
	if (head[4] != IMP_SLOT_VERSION || !fields_legal(&got, size) ||
		!imp_span_all(imp_span(head + RESERVED_AT, RESERVED), 0x00))
		return IMP_E_FORMAT;
	*slot = got;
	return IMP_OK;
}

uint32_t imp_slot_crc(const uint8_t head[static IMP_SLOT_HEADER], struct imp_span payload)
{
	return imp_crc32(imp_crc32(0, imp_span(head, CRC_AT)), payload);
}

bool imp_slot_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

uint32_t imp_slot_extent(uint32_t payload, uint8_t tag)
{
	uint32_t padded = (payload + IMP_SLOT_ALIGN - 1) & ~(IMP_SLOT_ALIGN - 1U);

	return IMP_SLOT_PAYLOAD_AT + padded + (tag ? IMP_SLOT_ALIGN : 0);
}
