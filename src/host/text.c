/* SPDX-License-Identifier: Apache-2.0 */
#include "host/text.h"

#include <string.h>

enum imp_status imp_text_number(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (!text[0] || (text[0] == '0' && text[1]))
		return IMP_E_FORMAT;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return IMP_E_FORMAT;
		v = v * 10 + digit;
	}
	*out = v;
	return IMP_OK;
}

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

enum imp_status imp_text_address(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (strncmp(text, "0x", 2) != 0)
		return imp_text_number(text, out);
	text += 2;
	if (!*text)
		return IMP_E_FORMAT;
	for (; *text; text++) {
		unsigned digit = hex_digit(*text);

		if (digit > 15 || v >> 60)
			return IMP_E_FORMAT;
		v = v << 4 | digit;
	}
	*out = v;
	return IMP_OK;
}

enum imp_status imp_text_bool(const char *text, bool *out)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return IMP_E_FORMAT;
	*out = yes;
	return IMP_OK;
}

unsigned imp_text_bad_line(struct imp_span text)
{
	unsigned line = 1;

	/* No octet of a longer character is a line feed, so lines can be judged one by one. */
	while (text.n) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) + 1 : text.n;

		if (!imp_span_utf8(imp_span(text.p, n)))
			return line;
		text = imp_span(text.p + n, text.n - n);
		line++;
	}
	return 0;
}

bool imp_text_has_control(struct imp_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x20 || text.p[i] == 0x7F)
			return true;
		/* U+0080 to U+009F: terminals obey those too */
		if (text.p[i] == 0xC2 && i + 1 < text.n && text.p[i + 1] < 0xA0)
			return true;
	}
	return false;
}
