/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/tlv.h"

#include <string.h>

/* Type octet (T1). */
#define KIND_SHIFT 6
#define WIDE_ID 0x20
#define LENGTH_SHIFT 3
#define LENGTH_WIDTH 0x03
#define LENGTH_HERE 0x07

enum imp_status imp_tlv_next(struct imp_rd *rd, struct imp_tlv *tlv)
{
	uint8_t type = imp_rd_u8(rd);
	uint16_t id = (uint16_t)imp_rd_be(rd, type & WIDE_ID ? 2 : 1);
	size_t width = type >> LENGTH_SHIFT & LENGTH_WIDTH;
	struct imp_span value =
		imp_rd_take(rd, width ? imp_rd_be(rd, width) : (size_t)(type & LENGTH_HERE));

	if (rd->st != IMP_OK)
		return rd->st;
	tlv->kind = (enum imp_tlv_kind)(type >> KIND_SHIFT);
	tlv->id = id;
	tlv->value = value;
	return IMP_OK;
}

enum imp_status imp_tlv_unsigned(struct imp_span value, uint64_t *out)
{
	uint64_t v = 0;

	if (value.n != 1 && value.n != 2 && value.n != 4 && value.n != 8)
		return IMP_E_FORMAT;
	for (size_t i = 0; i < value.n; i++)
		v = v << 8 | value.p[i];
	*out = v;
	return IMP_OK;
}

enum imp_status imp_tlv_integer(struct imp_span value, int64_t *out)
{
	uint64_t v, sign;
	enum imp_status st = imp_tlv_unsigned(value, &v);

	if (st)
		return st;
	/* Extend the sign: flipping the top bit and taking its weight off again. */
	sign = (uint64_t)1 << (8 * value.n - 1);
	v = (v ^ sign) - sign;
	*out = v <= INT64_MAX ? (int64_t)v : -(int64_t)~v - 1;
	return IMP_OK;
}

enum imp_status imp_tlv_boolean(struct imp_span value, bool *out)
{
	if (value.n != 1 || value.p[0] > 1)
		return IMP_E_FORMAT;
	*out = value.p[0] == 1;
	return IMP_OK;
}

enum imp_status imp_tlv_float(struct imp_span value, double *out)
{
	uint64_t bits;

	if (value.n != sizeof(float) && value.n != sizeof(double))
		return IMP_E_FORMAT;
	if (imp_tlv_unsigned(value, &bits))
		return IMP_E_FORMAT;
	if (value.n == sizeof(float)) {
		uint32_t low = (uint32_t)bits;
		float f;

		memcpy(&f, &low, sizeof(f));
		*out = (double)f;
	} else {
		memcpy(out, &bits, sizeof(*out));
	}
	return IMP_OK;
}

enum imp_status imp_tlv_link(struct imp_span value, uint16_t *object, uint16_t *instance)
{
	uint64_t v;

	if (value.n != 4 || imp_tlv_unsigned(value, &v))
		return IMP_E_FORMAT;
	*object = (uint16_t)(v >> 16);
	*instance = (uint16_t)v;
	return IMP_OK;
}
