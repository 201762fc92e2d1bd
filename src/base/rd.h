/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading cursor with a sticky status: after the first failure every read gives zero or an empty
 * span and the first cause stays, so a decoder reads a whole record and checks once.
 */
#ifndef IMP_BASE_RD_H
#define IMP_BASE_RD_H

#include "base/span.h"
#include "base/status.h"

struct imp_rd {
	const uint8_t *p;
	size_t n; /* octets left */
	enum imp_status st;
};

static inline struct imp_rd imp_rd(struct imp_span s)
{
	struct imp_rd rd = { s.p, s.n, IMP_OK };

	return rd;
}

/* The next n octets; IMP_E_TRUNC when there are fewer. */
struct imp_span imp_rd_take(struct imp_rd *rd, size_t n);

/* Big-endian numbers; of n octets, n at most 4. */
uint32_t imp_rd_be(struct imp_rd *rd, size_t n);
uint8_t imp_rd_u8(struct imp_rd *rd);
uint16_t imp_rd_be16(struct imp_rd *rd);
uint32_t imp_rd_be24(struct imp_rd *rd);
uint32_t imp_rd_be32(struct imp_rd *rd);
uint64_t imp_rd_be64(struct imp_rd *rd);
uint32_t imp_rd_le32(struct imp_rd *rd);

/* The next octet without taking it; 0 at the end, without failing. */
uint8_t imp_rd_peek(const struct imp_rd *rd);

/* Record st unless an earlier cause stands. */
void imp_rd_fail(struct imp_rd *rd, enum imp_status st);

/* The status, or IMP_E_FORMAT when octets are left over. */
IMP_MUST_CHECK enum imp_status imp_rd_done(const struct imp_rd *rd);

#endif
