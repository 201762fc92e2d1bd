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

bool imp_span_utf8(struct imp_span s)
{
	const uint8_t *p = s.p, *end = p + s.n;

	while (p < end) {
		uint32_t c = *p++;
		int more = c < 0xC0 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;

		if (more == 0) {
			if (c == 0 || c >= 0x80)
				return false;
			continue;
		}
		if (c > 0xF4 || end - p < more)
			return false;
		c &= 0x3FU >> more;
		for (int i = 0; i < more; i++, p++) {
			if (*p >> 6 != 2)
				return false;
			c = c << 6 | (*p & 0x3F);
		}
		/* Shortest form: more bits than one octet less would hold. */
		if (c >> (more == 1 ? 7 : 5 * more + 1) == 0 || c > 0x10FFFF || c >> 11 == 0x1B)
			return false;
	}
	return true;
}

bool imp_span_all(struct imp_span s, uint8_t v)
{
	if (s.n == 0)
		return true;
	return s.p[0] == v && memcmp(s.p, s.p + 1, s.n - 1) == 0;
}
