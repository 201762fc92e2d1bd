/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

static size_t length(struct imp_rd *rd)
{
	uint8_t first = imp_rd_u8(rd);

	if (first < 0x80)
		return first;
	if (first < 0x81 || first > 0x83)
		imp_rd_fail(rd, IMP_E_FORMAT);
	return imp_rd_be(rd, first & 3);
}

enum imp_status imp_der_next(struct imp_rd *rd, struct imp_der *der)
{
	uint16_t tag = imp_rd_u8(rd);
	struct imp_span value;

	if ((tag & 0x1F) == 0x1F) {
		tag = (uint16_t)(tag << 8 | imp_rd_u8(rd));
		if (tag & 0x80)
			imp_rd_fail(rd, IMP_E_FORMAT);
	}
	value = imp_rd_take(rd, length(rd));
	if (rd->st == IMP_OK) {
		der->tag = tag;
		der->value = value;
	}
	return rd->st;
}

struct imp_span imp_der_take(struct imp_rd *rd, uint16_t tag)
{
	struct imp_der der = { tag, { rd->p, 0 } };

	if (imp_der_next(rd, &der) == IMP_OK && der.tag != tag) {
		rd->st = IMP_E_FORMAT;
		der.value.n = 0;
	}
	return der.value;
}

enum imp_status imp_der_find(struct imp_span run, uint16_t tag, struct imp_span *value)
{
	struct imp_rd rd = imp_rd(run);
	struct imp_der der;

	while (imp_der_more(&rd)) {
		enum imp_status st = imp_der_next(&rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.tag == tag) {
			*value = der.value;
			return IMP_OK;
		}
	}
	return IMP_E_ABSENT;
}

bool imp_der_step(struct imp_rd *rd, struct imp_der *der)
{
	return imp_der_more(rd) && imp_der_next(rd, der) == IMP_OK;
}

bool imp_der_get(const struct imp_span *run, uint16_t tag, struct imp_span *value)
{
	struct imp_rd rd = imp_rd(*run);
	struct imp_der der;

	while (imp_der_step(&rd, &der))
		if (der.tag == tag) {
			*value = der.value;
			return true;
		}
	*value = imp_span(run->p, 0);
	return false;
}

bool imp_der_more(const struct imp_rd *rd)
{
	uint8_t next = imp_rd_peek(rd);

	return next != 0x00 && next != 0xFF;
}

enum imp_status imp_der_unsigned(struct imp_span value, uint32_t *out)
{
	struct imp_rd rd = imp_rd(value);

	if (value.n - 1 >= 4)
		return IMP_E_FORMAT;
	*out = imp_rd_be(&rd, value.n);
	return IMP_OK;
}
