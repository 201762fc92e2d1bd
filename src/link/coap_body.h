/* SPDX-License-Identifier: Apache-2.0 */
/* Block-wise transfer (RFC 7959) without messages: the option, and a body put together. */
#ifndef IMP_LINK_COAP_BODY_H
#define IMP_LINK_COAP_BODY_H

#include "base/span.h"
#include "base/status.h"

#define IMP_BLOCK_SZX 6 /* 1024 octets, the largest */
#define IMP_BLOCK_NUM_MAX 0xFFFFFU

struct imp_block {
	uint32_t num;
	bool more;
	uint8_t szx; /* 0 to 6: 16 << szx octets */
};

static inline size_t imp_block_size(const struct imp_block *b)
{
	return (size_t)16 << b->szx;
}

static inline size_t imp_block_offset(const struct imp_block *b)
{
	return b->num * imp_block_size(b);
}

/* The value of a Block1 or Block2 option.  IMP_E_FORMAT: more than three octets, size 7. */
IMP_MUST_CHECK enum imp_status imp_block_read(struct imp_span option, struct imp_block *out);

/* The value as a number, for the shortest encoding. */
static inline uint32_t imp_block_value(const struct imp_block *b)
{
	return b->num << 4 | (b->more ? 8U : 0U) | b->szx;
}

/* The part of a body that this block is; more is set.  IMP_E_SPACE: begins behind its end (an empty
 * body has block 0). */
IMP_MUST_CHECK enum imp_status imp_block_cut(
	struct imp_span body, struct imp_block *block, struct imp_span *part);

/* Memory that all bodies under way share. */
struct imp_body_pool {
	size_t used, most;
};

/* Octets received so far, which may be keys: wiped when freed. */
struct imp_body {
	uint8_t *p;
	size_t n, room;
};

enum imp_body_step {
	IMP_BODY_DONE,
	IMP_BODY_MORE,
	IMP_BODY_BAD,	  /* not as long as its block has to be */
	IMP_BODY_GAP,	  /* does not continue what is there; that is dropped */
	IMP_BODY_LARGE,	  /* more than `most` octets; dropped */
	IMP_BODY_NO_ROOM, /* the pool or the heap is exhausted; dropped */
};

/* Take one part.  Block 0 begins anew. */
enum imp_body_step imp_body_take(struct imp_body *body, struct imp_body_pool *pool,
	const struct imp_block *block, struct imp_span part, size_t most);

void imp_body_drop(struct imp_body *body, struct imp_body_pool *pool);

#endif
