/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"

struct imp_span imp_rd_take(struct imp_rd *rd, size_t n)
{
	struct imp_span got = { rd->p, 0 };

	if (rd->st != IMP_OK)
		return got;
	if (n > rd->n) {
		rd->st = IMP_E_TRUNC;
		return got;
	}
	if (n)
		rd->p += n;
	rd->n -= n;
	got.n = n;
	return got;
}

uint32_t imp_rd_be(struct imp_rd *rd, size_t n)
{
	uint32_t v = 0;

	if (n > rd->n)
		imp_rd_fail(rd, IMP_E_TRUNC);
	if (rd->st != IMP_OK)
		return 0;
	rd->n -= n;
	while (n--)
		v = v << 8 | *rd->p++;
	return v;
}

uint8_t imp_rd_u8(struct imp_rd *rd)
{
	return (uint8_t)imp_rd_be(rd, 1);
}

uint16_t imp_rd_be16(struct imp_rd *rd)
{
	return (uint16_t)imp_rd_be(rd, 2);
}

uint32_t imp_rd_be24(struct imp_rd *rd)
{
	return imp_rd_be(rd, 3);
}

uint32_t imp_rd_be32(struct imp_rd *rd)
{
	return imp_rd_be(rd, 4);
}

uint64_t imp_rd_be64(struct imp_rd *rd)
{
	struct imp_span s = imp_rd_take(rd, 8);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

uint32_t imp_rd_le32(struct imp_rd *rd)
{
	struct imp_span s = imp_rd_take(rd, 4);
	uint32_t v = 0;

	for (size_t i = s.n; i > 0; i--)
		v = v << 8 | s.p[i - 1];
	return v;
}

uint8_t imp_rd_peek(const struct imp_rd *rd)
{
	return rd->st == IMP_OK && rd->n ? rd->p[0] : 0;
}

void imp_rd_fail(struct imp_rd *rd, enum imp_status st)
{
	if (rd->st == IMP_OK)
		rd->st = st;
}

enum imp_status imp_rd_done(const struct imp_rd *rd)
{
	if (rd->st != IMP_OK)
		return rd->st;
	return rd->n ? IMP_E_FORMAT : IMP_OK;
}
