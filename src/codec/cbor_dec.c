/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include <string.h>

#define BREAK 0xFF
#define INFO_INDEFINITE 31

/* Major types 0 to 6 in the order of enum imp_cbor_kind. */
#define MAJOR_SIMPLE 7

static double from_bits64(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

static double from_bits32(uint32_t bits)
{
	float v;

	memcpy(&v, &bits, sizeof v);
	return (double)v;
}

/* Half to double: subnormal halves are counts of 2^-24, the rest takes another bias. */
static double from_bits16(uint16_t bits)
{
	uint64_t sign = (uint64_t)(bits >> 15) << 63;
	uint64_t exponent = bits >> 10 & 31U, mantissa = bits & 1023U;

	if (exponent == 0) {
		double v = (double)mantissa / 16777216.0;

		return sign ? -v : v;
	}
	exponent = exponent == 31 ? 2047 : exponent - 15 + 1023;
	return from_bits64(sign | exponent << 52 | mantissa << 42);
}

/* The argument of a head (RFC 8949, 3): 28 to 30 are reserved. */
static uint64_t argument(struct imp_rd *rd, unsigned info)
{
	switch (info) {
	case 24:
		return imp_rd_u8(rd);
	case 25:
		return imp_rd_be16(rd);
	case 26:
		return imp_rd_be32(rd);
	case 27:
		return imp_rd_be64(rd);
	default:
		if (info > 27)
			imp_rd_fail(rd, IMP_E_FORMAT);
		return info;
	}
}

static void simple_or_float(struct imp_rd *rd, unsigned info, struct imp_cbor *item)
{
	item->n = argument(rd, info);
	switch (info) {
	case 24:
		if (item->n < 32)
			imp_rd_fail(rd, IMP_E_FORMAT);
		break;
	case 25:
		item->f = from_bits16((uint16_t)item->n);
		break;
	case 26:
		item->f = from_bits32((uint32_t)item->n);
		break;
	case 27:
		item->f = from_bits64(item->n);
		break;
	default:
		break;
	}
	if (info >= 25 && info <= 27) {
		item->kind = IMP_CBOR_FLOAT;
		item->n = 0;
	}
}

static struct imp_span take(struct imp_rd *rd, uint64_t n)
{
	if (n > rd->n)
		imp_rd_fail(rd, IMP_E_TRUNC);
	return imp_rd_take(rd, rd->st == IMP_OK ? (size_t)n : 0);
}

/* The chunks of an indefinite string up to its break, which is taken. */
static void chunks(struct imp_rd *rd, unsigned major, struct imp_cbor *item)
{
	const uint8_t *start = rd->p;

	while (rd->st == IMP_OK && imp_rd_peek(rd) != BREAK) {
		unsigned head = imp_rd_u8(rd);

		if (rd->st == IMP_OK && head >> 5 != major)
			imp_rd_fail(rd, IMP_E_FORMAT);
		item->n += take(rd, argument(rd, head & 31U)).n;
	}
	item->s = imp_span(start, (size_t)(rd->p - start));
	(void)imp_rd_u8(rd);
}

enum imp_status imp_cbor_next(struct imp_rd *rd, struct imp_cbor *item)
{
	struct imp_cbor got = { IMP_CBOR_SIMPLE, false, 0, 0, { NULL, 0 } };
	unsigned head = imp_rd_u8(rd), major = head >> 5, info = head & 31U;
	bool string = major == IMP_CBOR_BYTES || major == IMP_CBOR_TEXT;

	if (rd->st != IMP_OK)
		return rd->st;
	if (major == MAJOR_SIMPLE) {
		simple_or_float(rd, info, &got);
	} else {
		got.kind = (enum imp_cbor_kind)major;
		got.indefinite =
			info == INFO_INDEFINITE && major >= IMP_CBOR_BYTES && major <= IMP_CBOR_MAP;
		if (!got.indefinite)
			got.n = argument(rd, info);
		if (string && got.indefinite)
			chunks(rd, major, &got);
		else if (string)
			got.s = take(rd, got.n);
	}
	if (rd->st == IMP_OK)
		*item = got;
	return rd->st;
}

void imp_cbor_octets(struct imp_wr *wr, const struct imp_cbor *string)
{
	struct imp_rd rd = imp_rd(string->s);

	if (!string->indefinite) {
		imp_wr_put(wr, string->s);
		return;
	}
	while (rd.n && rd.st == IMP_OK)
		imp_wr_put(wr, take(&rd, argument(&rd, imp_rd_u8(&rd) & 31U)));
}

bool imp_cbor_more(struct imp_rd *rd, struct imp_cbor *container)
{
	if (rd->st != IMP_OK)
		return false;
	if (!container->indefinite)
		return container->n-- > 0;
	if (rd->n == 0) {
		imp_rd_fail(rd, IMP_E_TRUNC);
		return false;
	}
	if (imp_rd_peek(rd) != BREAK)
		return true;
	(void)imp_rd_u8(rd);
	return false;
}

/* As imp_cbor_more(), item by item: a map's keys and values count apart, and come in pairs. */
static bool another_item(struct imp_rd *rd, struct imp_cbor *container)
{
	if (!imp_cbor_more(rd, container)) {
		if (container->indefinite && container->kind == IMP_CBOR_MAP && container->n % 2)
			imp_rd_fail(rd, IMP_E_FORMAT);
		return false;
	}
	container->n += container->indefinite;
	return true;
}

static void open_container(struct imp_rd *rd, struct imp_cbor *item)
{
	if (item->kind == IMP_CBOR_TAG)
		item->n = 1;
	if (item->kind != IMP_CBOR_MAP || item->indefinite)
		return;
	if (item->n > rd->n) /* each pair takes two octets at least */
		imp_rd_fail(rd, IMP_E_TRUNC);
	item->n *= 2;
}

/* Items are counted on a small stack of open containers: no recursion, bounded by IMP_CBOR_DEPTH.
 */
enum imp_status imp_cbor_skip(struct imp_rd *rd)
{
	struct imp_cbor open[IMP_CBOR_DEPTH];
	size_t depth = 0;

	do {
		struct imp_cbor item;

		if (imp_cbor_next(rd, &item) != IMP_OK)
			return rd->st;
		if (item.kind == IMP_CBOR_ARRAY || item.kind == IMP_CBOR_MAP ||
			item.kind == IMP_CBOR_TAG) {
			if (depth == IMP_CBOR_DEPTH)
				imp_rd_fail(rd, IMP_E_FORMAT);
			else
				open[depth++] = item;
			if (rd->st == IMP_OK)
				open_container(rd, &open[depth - 1]);
		}
		while (depth && !another_item(rd, &open[depth - 1]))
			depth--;
	} while (depth && rd->st == IMP_OK);
	return rd->st;
}

enum imp_status imp_cbor_integer(const struct imp_cbor *item, int64_t *out)
{
	if (item->n > INT64_MAX)
		return IMP_E_FORMAT;
	if (item->kind == IMP_CBOR_UNSIGNED)
		*out = (int64_t)item->n;
	else if (item->kind == IMP_CBOR_NEGATIVE)
		*out = -1 - (int64_t)item->n;
	else
		return IMP_E_FORMAT;
	return IMP_OK;
}
