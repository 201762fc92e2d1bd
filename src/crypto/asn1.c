/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/asn1.h"

#include <string.h>

/* ---- writer ---- */

struct imp_asn1_wr imp_asn1_wr(void *buf, size_t cap)
{
	struct imp_asn1_wr wr = { buf, cap, cap, IMP_OK };

	return wr;
}

void imp_asn1_raw(struct imp_asn1_wr *wr, struct imp_span octets)
{
	if (octets.n > wr->at)
		wr->st = IMP_E_SPACE;
	if (wr->st != IMP_OK || octets.n == 0)
		return;
	wr->at -= octets.n;
	memcpy(wr->p + wr->at, octets.p, octets.n);
}

void imp_asn1_header(struct imp_asn1_wr *wr, uint8_t tag, size_t n)
{
	const uint8_t one[] = { tag, (uint8_t)n };
	const uint8_t two[] = { tag, 0x81, (uint8_t)n };
	const uint8_t three[] = { tag, 0x82, (uint8_t)(n >> 8), (uint8_t)n };

	if (n < 0x80)
		imp_asn1_raw(wr, imp_span(one, sizeof one));
	else if (n < 0x100)
		imp_asn1_raw(wr, imp_span(two, sizeof two));
	else if (n < 0x10000)
		imp_asn1_raw(wr, imp_span(three, sizeof three));
	else
		wr->st = IMP_E_SPACE;
}

void imp_asn1_put(struct imp_asn1_wr *wr, uint8_t tag, struct imp_span value)
{
	imp_asn1_raw(wr, value);
	imp_asn1_header(wr, tag, value.n);
}

size_t imp_asn1_mark(const struct imp_asn1_wr *wr)
{
	return wr->end - wr->at;
}

void imp_asn1_wrap(struct imp_asn1_wr *wr, uint8_t tag, size_t mark)
{
	imp_asn1_header(wr, tag, imp_asn1_mark(wr) - mark);
}

struct imp_span imp_asn1_span(const struct imp_asn1_wr *wr)
{
	return wr->st == IMP_OK ? imp_span(wr->p + wr->at, wr->end - wr->at) : imp_span(NULL, 0);
}

/* ---- reader ---- */

/* A length in its shortest form: below 80 in one octet, below 100 behind 81, else behind 82. */
static size_t length(struct imp_rd *rd)
{
	uint8_t first = imp_rd_u8(rd);
	size_t n;

	switch (first) {
	case 0x81:
		n = imp_rd_u8(rd);
		if (n < 0x80)
			imp_rd_fail(rd, IMP_E_FORMAT);
		return n;
	case 0x82:
		n = imp_rd_be16(rd);
		if (n < 0x100)
			imp_rd_fail(rd, IMP_E_FORMAT);
		return n;
	default:
		if (first > 0x82 || first == 0x80)
			imp_rd_fail(rd, IMP_E_FORMAT);
		return first;
	}
}

struct imp_span imp_asn1_take(struct imp_rd *rd, uint8_t tag, struct imp_span *whole)
{
	const uint8_t *start = rd->p;
	struct imp_span value;

	if (imp_rd_u8(rd) != tag)
		imp_rd_fail(rd, IMP_E_FORMAT);
	value = imp_rd_take(rd, length(rd));
	if (whole)
		*whole = rd->st == IMP_OK ? imp_span(start, (size_t)(rd->p - start))
					  : imp_span(NULL, 0);
	return value;
}
