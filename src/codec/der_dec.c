/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

enum imp_status imp_der_next(struct imp_rd *rd, struct imp_der *der)
{
	unsigned tag = imp_rd_u8(rd);
	size_t n;

	if ((tag & 0x1F) == 0x1F) {
		tag = tag << 8 | imp_rd_u8(rd);
		if (tag & 0x80)
			imp_rd_fail(rd, IMP_E_FORMAT);
	}
	n = imp_rd_u8(rd);
	if (n >= 0x80) {
		if (n - 0x81 > 2)
			imp_rd_fail(rd, IMP_E_FORMAT);
		n = imp_rd_be(rd, n & 3);
	}
	der->tag = (uint16_t)tag;
	der->value = imp_rd_take(rd, n);
	return rd->st;
}

struct imp_span imp_der_take(struct imp_rd *rd, uint16_t tag)
{
	struct imp_der der;

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
	return rd->n && (uint8_t)(rd->p[0] + 1) > 1 && imp_der_next(rd, der) == IMP_OK;
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
	return false;
}

bool imp_der_more(const struct imp_rd *rd)
{
	uint8_t next = imp_rd_peek(rd);

	return next != 0x00 && next != 0xFF;
}

enum imp_status imp_der_unsigned(struct imp_span value, uint32_t *out)
{
	uint32_t v = 0;

	if (value.n - 1 >= 4)
		return IMP_E_FORMAT;
	while (value.n--)
		v = v << 8 | *value.p++;
	*out = v;
	return IMP_OK;
}
