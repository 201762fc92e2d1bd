/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wr.h"

#include <string.h>

struct imp_wr imp_wr(void *buf, size_t cap)
{
	struct imp_wr wr = { (uint8_t *)buf, cap, 0, IMP_OK };

	return wr;
}

struct imp_wr imp_wr_count(void)
{
	struct imp_wr wr = { NULL, SIZE_MAX, 0, IMP_OK };

	return wr;
}

/* Room for n more octets, or NULL (counting, or no room). */
static uint8_t *room(struct imp_wr *wr, size_t n)
{
	uint8_t *at;

	if (wr->st != IMP_OK)
		return NULL;
	if (n > wr->cap - wr->n) {
		wr->st = IMP_E_SPACE;
		return NULL;
	}
	at = wr->p ? wr->p + wr->n : NULL;
	wr->n += n;
	return at;
}

void imp_wr_put(struct imp_wr *wr, struct imp_span s)
{
	uint8_t *at = room(wr, s.n);

	if (at && s.n)
		memcpy(at, s.p, s.n);
}

void imp_wr_fill(struct imp_wr *wr, uint8_t v, size_t n)
{
	uint8_t *at = room(wr, n);

	if (at && n)
		memset(at, v, n);
}

void imp_wr_text(struct imp_wr *wr, const char *text)
{
	imp_wr_put(wr, imp_span_str(text));
}

static void be(struct imp_wr *wr, uint64_t v, size_t n)
{
	uint8_t *at = room(wr, n);

	for (size_t i = 0; at && i < n; i++)
		at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void imp_wr_u8(struct imp_wr *wr, uint8_t v)
{
	uint8_t *at = room(wr, 1);

	if (at)
		*at = v;
}

void imp_wr_be16(struct imp_wr *wr, uint16_t v)
{
	be(wr, v, 2);
}

void imp_wr_be24(struct imp_wr *wr, uint32_t v)
{
	be(wr, v, 3);
}

void imp_wr_be32(struct imp_wr *wr, uint32_t v)
{
	be(wr, v, 4);
}

void imp_wr_be64(struct imp_wr *wr, uint64_t v)
{
	be(wr, v, 8);
}

void imp_wr_le32(struct imp_wr *wr, uint32_t v)
{
	uint8_t *at = room(wr, 4);

	for (size_t i = 0; at && i < 4; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

void imp_wr_patch_be16(struct imp_wr *wr, size_t at, uint16_t v)
{
	if (wr->st != IMP_OK || !wr->p)
		return;
	if (wr->n < 2 || at > wr->n - 2) {
		wr->st = IMP_E_INTERNAL;
		return;
	}
	wr->p[at] = (uint8_t)(v >> 8);
	wr->p[at + 1] = (uint8_t)v;
}

void imp_wr_fail(struct imp_wr *wr, enum imp_status st)
{
	if (wr->st == IMP_OK)
		wr->st = st;
}

struct imp_span imp_wr_span(const struct imp_wr *wr)
{
	return wr->st == IMP_OK && wr->p ? imp_span(wr->p, wr->n) : imp_span(NULL, 0);
}
