/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/tlv.h"

#include <float.h>
#include <string.h>

#define LENGTH_MAX 0xFFFFFFU

void imp_tlv_put_header(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, size_t n)
{
	unsigned type = (unsigned)kind << 6 | (id > 0xFF ? 0x20U : 0U);

	if (n > LENGTH_MAX) {
		imp_wr_fail(wr, IMP_E_SPACE);
		return;
	}
	if (n < 8)
		type |= (unsigned)n;
	else
		type |= n <= 0xFF ? 0x08U : n <= 0xFFFF ? 0x10U : 0x18U;

	imp_wr_u8(wr, (uint8_t)type);
	if (id > 0xFF)
		imp_wr_be16(wr, id);
	else
		imp_wr_u8(wr, (uint8_t)id);
	if (n > 0xFFFF)
		imp_wr_be24(wr, (uint32_t)n);
	else if (n > 0xFF)
		imp_wr_be16(wr, (uint16_t)n);
	else if (n >= 8)
		imp_wr_u8(wr, (uint8_t)n);
}

void imp_tlv_put(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, struct imp_span value)
{
	imp_tlv_put_header(wr, kind, id, value.n);
	imp_wr_put(wr, value);
}

/* The low n octets of v, big-endian. */
static void put_number(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, uint64_t v, size_t n)
{
	uint8_t b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	imp_tlv_put(wr, kind, id, imp_span(b, n));
}

void imp_tlv_put_integer(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, int64_t v)
{
	size_t n = 8;

	if (v >= INT8_MIN && v <= INT8_MAX)
		n = 1;
	else if (v >= INT16_MIN && v <= INT16_MAX)
		n = 2;
	else if (v >= INT32_MIN && v <= INT32_MAX)
		n = 4;
	put_number(wr, kind, id, (uint64_t)v, n);
}

void imp_tlv_put_unsigned(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, uint64_t v)
{
	size_t n = 8;

	if (v <= UINT8_MAX)
		n = 1;
	else if (v <= UINT16_MAX)
		n = 2;
	else if (v <= UINT32_MAX)
		n = 4;
	put_number(wr, kind, id, v, n);
}

void imp_tlv_put_boolean(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, bool v)
{
	put_number(wr, kind, id, v, 1);
}

void imp_tlv_put_float(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, double v)
{
	uint64_t bits;

	/* Four octets only when they hold the same value; NaN compares unequal and takes eight. */
	if (v >= -(double)FLT_MAX && v <= (double)FLT_MAX && (double)(float)v == v) {
		float f = (float)v;
		uint32_t low;

		memcpy(&low, &f, sizeof(low));
		put_number(wr, kind, id, low, sizeof(low));
		return;
	}
	memcpy(&bits, &v, sizeof(bits));
	put_number(wr, kind, id, bits, sizeof(bits));
}

void imp_tlv_put_link(
	struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, uint16_t object, uint16_t instance)
{
	put_number(wr, kind, id, (uint64_t)object << 16 | instance, 4);
}
