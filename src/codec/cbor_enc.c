/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include <float.h>
#include <string.h>

static void head(struct imp_wr *wr, enum imp_cbor_kind major, uint64_t n)
{
	uint8_t m = (uint8_t)((unsigned)major << 5);

	if (n < 24) {
		imp_wr_u8(wr, (uint8_t)(m | n));
	} else if (n <= UINT8_MAX) {
		imp_wr_u8(wr, m | 24);
		imp_wr_u8(wr, (uint8_t)n);
	} else if (n <= UINT16_MAX) {
		imp_wr_u8(wr, m | 25);
		imp_wr_be16(wr, (uint16_t)n);
	} else if (n <= UINT32_MAX) {
		imp_wr_u8(wr, m | 26);
		imp_wr_be32(wr, (uint32_t)n);
	} else {
		imp_wr_u8(wr, m | 27);
		imp_wr_be64(wr, n);
	}
}

void imp_cbor_put_unsigned(struct imp_wr *wr, uint64_t v)
{
	head(wr, IMP_CBOR_UNSIGNED, v);
}

void imp_cbor_put_integer(struct imp_wr *wr, int64_t v)
{
	if (v < 0)
		head(wr, IMP_CBOR_NEGATIVE, (uint64_t)(-1 - v));
	else
		head(wr, IMP_CBOR_UNSIGNED, (uint64_t)v);
}

void imp_cbor_put_bytes(struct imp_wr *wr, struct imp_span s)
{
	head(wr, IMP_CBOR_BYTES, s.n);
	imp_wr_put(wr, s);
}

void imp_cbor_put_text(struct imp_wr *wr, struct imp_span utf8)
{
	head(wr, IMP_CBOR_TEXT, utf8.n);
	imp_wr_put(wr, utf8);
}

void imp_cbor_put_array(struct imp_wr *wr, uint64_t elements)
{
	head(wr, IMP_CBOR_ARRAY, elements);
}

void imp_cbor_put_map(struct imp_wr *wr, uint64_t pairs)
{
	head(wr, IMP_CBOR_MAP, pairs);
}

void imp_cbor_put_boolean(struct imp_wr *wr, bool v)
{
	imp_wr_u8(wr, v ? 0xF5 : 0xF4);
}

/* The half with the value of a finite single's bits, or false when there is none. */
static bool half(uint32_t bits, uint16_t *out)
{
	uint32_t sign = bits >> 16 & 0x8000U, mantissa = bits & 0x7FFFFFU;
	int exponent = (int)(bits >> 23 & 255U) - 127;

	if ((bits & 0x7FFFFFFFU) == 0) {
		*out = (uint16_t)sign;
		return true;
	}
	if (exponent >= -14 && exponent <= 15 && (mantissa & 0x1FFFU) == 0) {
		*out = (uint16_t)(sign | (uint32_t)(exponent + 15) << 10 | mantissa >> 13);
		return true;
	}
	if (exponent >= -24 && exponent < -14) { /* subnormal: a count of 2^-24 */
		unsigned shift = (unsigned)(-1 - exponent);
		uint32_t whole = mantissa | 0x800000U;

		if (whole & ((1U << shift) - 1))
			return false;
		*out = (uint16_t)(sign | whole >> shift);
		return true;
	}
	return false;
}

void imp_cbor_put_float(struct imp_wr *wr, double v)
{
	uint64_t bits64, back;
	double widened;
	uint32_t bits32;
	uint16_t bits16;
	float single;

	memcpy(&bits64, &v, sizeof bits64);
	if ((bits64 & 0x7FF0000000000000U) == 0x7FF0000000000000U) { /* infinities, and one NaN */
		imp_wr_u8(wr, 0xF9);
		if (bits64 & 0xFFFFFFFFFFFFFU)
			imp_wr_be16(wr, 0x7E00);
		else
			imp_wr_be16(wr, bits64 >> 63 ? 0xFC00 : 0x7C00);
		return;
	}
	/* Beyond the range of float the conversion is undefined. */
	single = v >= -(double)FLT_MAX && v <= (double)FLT_MAX ? (float)v : 0;
	memcpy(&bits32, &single, sizeof bits32);
	widened = (double)single;
	memcpy(&back, &widened, sizeof back);
	if (back != bits64) { /* by bits, for the sign of zero */
		imp_wr_u8(wr, 0xFB);
		imp_wr_be64(wr, bits64);
	} else if (half(bits32, &bits16)) {
		imp_wr_u8(wr, 0xF9);
		imp_wr_be16(wr, bits16);
	} else {
		imp_wr_u8(wr, 0xFA);
		imp_wr_be32(wr, bits32);
	}
}
