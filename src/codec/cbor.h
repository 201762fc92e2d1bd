/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR (RFC 8949): a pull reader and a writer of the preferred, shortest form.  The decoder is
 * freestanding, keeps nothing, and takes every well-formed item: longer heads than needed,
 * indefinite lengths, floats of 16, 32 and 64 bits.
 */
#ifndef IMP_CODEC_CBOR_H
#define IMP_CODEC_CBOR_H

#include "base/rd.h"
#include "base/wr.h"

#define IMP_CBOR_DEPTH 16

enum imp_cbor_kind {
	IMP_CBOR_UNSIGNED, /* n */
	IMP_CBOR_NEGATIVE, /* -1 - n */
	IMP_CBOR_BYTES,	   /* n octets: imp_cbor_octets() */
	IMP_CBOR_TEXT,	   /* the same; UTF-8 not yet checked */
	IMP_CBOR_ARRAY,	   /* n elements follow, or any number when indefinite */
	IMP_CBOR_MAP,	   /* n pairs follow, or any number when indefinite */
	IMP_CBOR_TAG,	   /* number n; the tagged item follows */
	IMP_CBOR_SIMPLE,   /* n: 20 false, 21 true, 22 null, 23 undefined */
	IMP_CBOR_FLOAT,	   /* f */
};

#define IMP_CBOR_FALSE 20
#define IMP_CBOR_TRUE 21
#define IMP_CBOR_NULL 22

struct imp_cbor {
	enum imp_cbor_kind kind;
	bool indefinite;
	uint64_t n; /* of a string: octets in all chunks */
	double f;
	struct imp_span s; /* a string's octets; its chunks with their heads when indefinite */
};

/*
 * The next item at the cursor: a container's head alone, a string whole.  IMP_E_TRUNC, IMP_E_FORMAT
 * (reserved heads, a break outside, chunks of another kind); the cursor keeps the failure.
 */
IMP_MUST_CHECK enum imp_status imp_cbor_next(struct imp_rd *rd, struct imp_cbor *item);

/* Append the octets of a string, chunks joined. */
void imp_cbor_octets(struct imp_wr *wr, const struct imp_cbor *string);

/*
 * Walk a container whose head is item (taken by imp_cbor_next):
 *	while (imp_cbor_more(rd, &item))	one element, or a key and its value
 * Ends after the last one (the break of an indefinite container is taken) and on a failure of the
 * cursor, so look at rd->st behind the loop.
 */
bool imp_cbor_more(struct imp_rd *rd, struct imp_cbor *container);

/* Pass over one whole item with all it holds; nesting up to IMP_CBOR_DEPTH, else IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_cbor_skip(struct imp_rd *rd);

/* INT64_MIN..INT64_MAX of an UNSIGNED or NEGATIVE item; IMP_E_FORMAT otherwise. */
IMP_MUST_CHECK enum imp_status imp_cbor_integer(const struct imp_cbor *item, int64_t *out);

/* cbor_enc.c: shortest heads, definite lengths, the shortest float that keeps the value. */
void imp_cbor_put_unsigned(struct imp_wr *wr, uint64_t v);
void imp_cbor_put_integer(struct imp_wr *wr, int64_t v);
void imp_cbor_put_bytes(struct imp_wr *wr, struct imp_span s);
void imp_cbor_put_text(struct imp_wr *wr, struct imp_span utf8);
void imp_cbor_put_array(struct imp_wr *wr, uint64_t elements);
void imp_cbor_put_map(struct imp_wr *wr, uint64_t pairs);
void imp_cbor_put_boolean(struct imp_wr *wr, bool v);
void imp_cbor_put_float(struct imp_wr *wr, double v);

#endif
