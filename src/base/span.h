/* SPDX-License-Identifier: Apache-2.0 */
/* Spans: octets that someone else owns, passed by value. */
#ifndef IMP_BASE_SPAN_H
#define IMP_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_span {
	const uint8_t *p; /* may be NULL only when n is 0 */
	size_t n;
};

static inline struct imp_span imp_span(const void *p, size_t n)
{
	struct imp_span s = { (const uint8_t *)p, n };

	return s;
}

/* A string literal or NUL-terminated text without its NUL. */
struct imp_span imp_span_str(const char *text);

/* Same length and same octets.  Not for secrets: see imp_secret_eq(). */
bool imp_span_eq(struct imp_span a, struct imp_span b);

bool imp_span_starts(struct imp_span s, struct imp_span head);

/* Well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF, no NUL. */
bool imp_span_utf8(struct imp_span s);

/* All octets equal to v (true for an empty span). */
bool imp_span_all(struct imp_span s, uint8_t v);

#endif
