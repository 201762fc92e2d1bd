/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers given, by message id, so that a repeated message is answered again and not acted upon
 * again (RFC 7252, 4.5): the 64 latest of a session within EXCHANGE_LIFETIME, fewer when they are
 * long.
 */
#ifndef IMP_LINK_COAP_DEDUP_H
#define IMP_LINK_COAP_DEDUP_H

#include "base/span.h"

#define IMP_DEDUP_MAX 64
#define IMP_DEDUP_OCTETS 32768 /* of payloads; the latest stays whatever its length */

/* One answer as a message: a part of a body. */
struct imp_answer {
	uint8_t code;
	uint16_t format;	  /* or IMP_FORMAT_NONE */
	struct imp_span location; /* Location-Path, as path */
	struct imp_span payload;
	int32_t block1, block2; /* option values; -1: none */
	int64_t size1, size2;	/* -1: none */
};

#define IMP_ANSWER(code_)                      \
	((struct imp_answer){ .code = (code_), \
		.format = 0xFFFF,              \
		.block1 = -1,                  \
		.block2 = -1,                  \
		.size1 = -1,                   \
		.size2 = -1 })

struct imp_dedup_entry;

/* All zero: nothing yet. */
struct imp_dedup {
	struct imp_dedup_entry *entries; /* a ring, oldest first */
	size_t first, n, room;
	size_t octets;
};

/* The answer that this message has got; NULL: none known.  Good until the next keep or free. */
const struct imp_answer *imp_dedup_find(struct imp_dedup *d, uint16_t mid, uint64_t now_ms);

/* Keep a copy.  Without memory it is not kept. */
void imp_dedup_keep(
	struct imp_dedup *d, uint16_t mid, const struct imp_answer *answer, uint64_t now_ms);

/* Payloads are wiped: they may be keys that somebody read. */
void imp_dedup_free(struct imp_dedup *d);

#endif
