/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text (RFC 8259), strict: a pull reader that hands out spans of the input, so numbers stay
 * exact and nothing is copied.  Freestanding.  A reader is a plain value: a copy of it taken at
 * some token reads the same again from there.  Member names are not checked for duplicates here.
 */
#ifndef IMP_CODEC_JSON_DEC_H
#define IMP_CODEC_JSON_DEC_H

#include "base/rd.h"
#include "base/wr.h"

#define IMP_JSON_DEPTH 32

enum imp_json_kind {
	IMP_JSON_END, /* of the container that is open, or of the text */
	IMP_JSON_OBJECT,
	IMP_JSON_ARRAY,
	IMP_JSON_STRING,
	IMP_JSON_NUMBER,
	IMP_JSON_TRUE,
	IMP_JSON_FALSE,
	IMP_JSON_NULL,
};

struct imp_json_token {
	enum imp_json_kind kind;
	struct imp_span key;  /* member name as spelled, escapes untouched; empty in an array */
	struct imp_span text; /* string without quotes, escapes untouched; number as spelled */
};

struct imp_json_rd {
	struct imp_rd rd;
	uint32_t objects; /* bit d: the container at depth d is an object */
	uint8_t depth;	  /* containers open */
	bool first;	  /* nothing read yet in the open container, or in the text */
};

struct imp_json_rd imp_json_rd(struct imp_span text);

/*
 * The next value, or the end of the open container.  Strings are well-formed (UTF-8, escapes,
 * surrogate pairs, no control characters), numbers follow the grammar.  At depth 0 the one value is
 * read, then IMP_JSON_END when nothing but white space is left.  IMP_E_TRUNC: the text ends too
 * early; IMP_E_FORMAT: anything else, also nesting deeper than IMP_JSON_DEPTH.  Failures stay.
 */
IMP_MUST_CHECK enum imp_status imp_json_next(struct imp_json_rd *j, struct imp_json_token *token);

/* Pass over what is left of the value that token began (nothing when it is no container). */
IMP_MUST_CHECK enum imp_status imp_json_skip(
	struct imp_json_rd *j, const struct imp_json_token *token);

/* Append a string's characters as UTF-8, escapes resolved. */
void imp_json_chars(struct imp_wr *wr, struct imp_span text);

/* A member name or string spells exactly this. */
bool imp_json_is(struct imp_span text, const char *word);

/*
 * A number whose value is a whole number (1e3 and 10.0 are), exactly: sign and magnitude.
 * IMP_E_FORMAT: not whole, or beyond 64 bits.
 */
IMP_MUST_CHECK enum imp_status imp_json_whole(
	struct imp_span text, bool *negative, uint64_t *magnitude);

/* The same within int64_t. */
IMP_MUST_CHECK enum imp_status imp_json_integer(struct imp_span text, int64_t *out);

#endif
