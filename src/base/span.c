/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <string.h>

struct imp_span imp_span_str(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return imp_span(text, n);
}

bool imp_span_eq(struct imp_span a, struct imp_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool imp_span_starts(struct imp_span s, struct imp_span head)
{
	return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

/* Octets of the sequence that starts with b, 0 when none may; *low, *high bound the second. */
static size_t utf8_length(uint8_t b, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xBF;
	if (b >= 0x01 && b <= 0x7F)
		return 1;
	if (b >= 0xC2 && b <= 0xDF)
		return 2;
	if (b >= 0xE0 && b <= 0xEF) {
		if (b == 0xE0)
			*low = 0xA0;
		if (b == 0xED)
			*high = 0x9F;
		return 3;
	}
	if (b >= 0xF0 && b <= 0xF4) {
		if (b == 0xF0)
			*low = 0x90;
		if (b == 0xF4)
			*high = 0x8F;
		return 4;
	}
	return 0;
}

bool imp_span_utf8(struct imp_span s)
{
	while (s.n) {
		uint8_t low, high;
		size_t len = utf8_length(s.p[0], &low, &high);

		if (len == 0 || len > s.n)
			return false;
		for (size_t i = 1; i < len; i++) {
			if (s.p[i] < low || s.p[i] > high)
				return false;
			low = 0x80;
			high = 0xBF;
		}
		s.p += len;
		s.n -= len;
	}
	return true;
}

bool imp_span_all(struct imp_span s, uint8_t v)
{
	if (s.n == 0)
		return true;
	return s.p[0] == v && memcmp(s.p, s.p + 1, s.n - 1) == 0;
}
