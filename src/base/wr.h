/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing cursor with a sticky status over a buffer that the caller owns.  A cursor without a
 * buffer (imp_wr_count) only counts, so an encoder run twice sizes and then writes.
 */
#ifndef IMP_BASE_WR_H
#define IMP_BASE_WR_H

#include "base/span.h"
#include "base/status.h"

struct imp_wr {
	uint8_t *p; /* start of the buffer, NULL when only counting */
	size_t cap;
	size_t n; /* octets written (or counted) so far */
	enum imp_status st;
};

struct imp_wr imp_wr(void *buf, size_t cap);
struct imp_wr imp_wr_count(void);

/* Append; IMP_E_SPACE when the buffer is too small (nothing of this call is then written). */
void imp_wr_put(struct imp_wr *wr, struct imp_span s);
void imp_wr_u8(struct imp_wr *wr, uint8_t v);
void imp_wr_be16(struct imp_wr *wr, uint16_t v);
void imp_wr_be24(struct imp_wr *wr, uint32_t v);
void imp_wr_be32(struct imp_wr *wr, uint32_t v);
void imp_wr_be64(struct imp_wr *wr, uint64_t v);
void imp_wr_le32(struct imp_wr *wr, uint32_t v);
void imp_wr_fill(struct imp_wr *wr, uint8_t v, size_t n);
void imp_wr_text(struct imp_wr *wr, const char *text); /* without NUL */

/* Overwrite two octets written earlier at offset at: for lengths known only afterwards. */
void imp_wr_patch_be16(struct imp_wr *wr, size_t at, uint16_t v);

void imp_wr_fail(struct imp_wr *wr, enum imp_status st);

/* What has been written; empty when counting or after a failure. */
struct imp_span imp_wr_span(const struct imp_wr *wr);

#endif
