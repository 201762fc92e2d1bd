/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/slot.h"

#include "base/crc32.h"

#include <string.h>

#define MAGIC 0x53504D49U /* "IMPS" */
#define VERSION_AT 4
#define KEYS_AT 5
#define FORM_AT 6
#define TAG_AT 7
#define GENERATION_AT 8
#define LENGTH_AT 12
#define RESERVED_AT 16
#define RESERVED 12

/* As many zeros as ones: neither an erased nor a cleared area, nor a torn write, looks like it. */
const uint8_t imp_slot_commit[IMP_SLOT_COMMIT] = { 0xC3, 0x5A, 0x96, 0xE1, 0x3C, 0xA5, 0x69, 0x1E };

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Erased, or cleared. */
static bool blank(const uint8_t *head)
{
	return (head[0] == 0xFF || head[0] == 0x00) &&
	       imp_span_all(imp_span(head, IMP_SLOT_PAYLOAD_AT), head[0]);
}

static bool legal(const uint8_t *head, uint32_t length, uint32_t size)
{
	if (head[VERSION_AT] != IMP_SLOT_VERSION || head[FORM_AT] != IMP_SLOT_FORM_EF)
		return false;
	if (head[KEYS_AT] != IMP_SLOT_KEYS_PERSISTENT &&
		head[KEYS_AT] != IMP_SLOT_KEYS_NON_PERSISTENT)
		return false;
	if (head[TAG_AT] > IMP_SLOT_TAG_CMAC || length - 1 >= IMP_SLOT_PAYLOAD_MAX)
		return false;
	return imp_slot_extent(length, head[TAG_AT]) <= size &&
	       imp_span_all(imp_span(head + RESERVED_AT, RESERVED), 0x00);
}

enum imp_status imp_slot_header(
	const uint8_t head[static IMP_SLOT_PAYLOAD_AT], uint32_t size, struct imp_slot *slot)
{
	uint32_t length = le32(head + LENGTH_AT);

	if (le32(head) != MAGIC)
		return blank(head) ? IMP_E_ABSENT : IMP_E_FORMAT;
	if (memcmp(head + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT) != 0)
		return IMP_E_TRUNC;
	if (head[VERSION_AT] > IMP_SLOT_VERSION)
		return IMP_E_UNSUPPORTED;
	if (!legal(head, length, size))
		return IMP_E_FORMAT;
	slot->keys = head[KEYS_AT];
	slot->form = head[FORM_AT];
	slot->tag = head[TAG_AT];
	slot->generation = le32(head + GENERATION_AT);
	slot->length = length;
	slot->crc = le32(head + IMP_SLOT_CRC_AT);
	return IMP_OK;
}

uint32_t imp_slot_crc(const uint8_t head[static IMP_SLOT_HEADER], struct imp_span payload)
{
	return imp_crc32(imp_crc32(0, imp_span(head, IMP_SLOT_CRC_AT)), payload);
}
