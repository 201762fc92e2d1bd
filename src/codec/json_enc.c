/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_enc.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_json imp_json(struct imp_wr *wr)
{
	struct imp_json j = { wr, false };

	return j;
}

static bool plain(uint8_t c)
{
	return c >= 0x20 && c != 0x7F && c != '"' && c != '\\';
}

static void put_string(struct imp_wr *wr, struct imp_span s)
{
	imp_wr_u8(wr, '"');
	for (size_t i = 0; i < s.n;) {
		size_t from = i;

		while (i < s.n && plain(s.p[i]))
			i++;
		imp_wr_put(wr, imp_span(s.p + from, i - from));
		if (i == s.n)
			break;
		imp_wr_u8(wr, '\\');
		if (s.p[i] == '"' || s.p[i] == '\\') {
			imp_wr_u8(wr, s.p[i]);
		} else {
			imp_wr_text(wr, "u00");
			imp_hex_put(wr, imp_span(s.p + i, 1));
		}
		i++;
	}
	imp_wr_u8(wr, '"');
}

/* What stands before a value: a comma when one is due, and the key. */
static void lead(struct imp_json *j, const char *key)
{
	if (j->comma)
		imp_wr_u8(j->wr, ',');
	j->comma = true;
	if (key) {
		put_string(j->wr, imp_span_str(key));
		imp_wr_u8(j->wr, ':');
	}
}

static void open_with(struct imp_json *j, const char *key, char bracket)
{
	lead(j, key);
	imp_wr_u8(j->wr, (uint8_t)bracket);
	j->comma = false;
}

static void close_with(struct imp_json *j, char bracket)
{
	imp_wr_u8(j->wr, (uint8_t)bracket);
	j->comma = true;
}

void imp_json_object(struct imp_json *j, const char *key)
{
	open_with(j, key, '{');
}

void imp_json_object_end(struct imp_json *j)
{
	close_with(j, '}');
}

void imp_json_array(struct imp_json *j, const char *key)
{
	open_with(j, key, '[');
}

void imp_json_array_end(struct imp_json *j)
{
	close_with(j, ']');
}

void imp_json_span(struct imp_json *j, const char *key, struct imp_span utf8)
{
	lead(j, key);
	if (imp_span_utf8(utf8))
		put_string(j->wr, utf8);
	else
		imp_wr_fail(j->wr, IMP_E_FORMAT);
}

void imp_json_str(struct imp_json *j, const char *key, const char *value)
{
	if (value)
		imp_json_span(j, key, imp_span_str(value));
	else
		imp_json_null(j, key);
}

void imp_json_hex(struct imp_json *j, const char *key, struct imp_span octets)
{
	lead(j, key);
	imp_wr_u8(j->wr, '"');
	imp_hex_put(j->wr, octets);
	imp_wr_u8(j->wr, '"');
}

void imp_json_uint(struct imp_json *j, const char *key, uint64_t value)
{
	uint8_t digits[20];
	size_t n = sizeof digits;

	lead(j, key);
	do {
		digits[--n] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value);
	imp_wr_put(j->wr, imp_span(digits + n, sizeof digits - n));
}

void imp_json_int(struct imp_json *j, const char *key, int64_t value)
{
	if (value >= 0) {
		imp_json_uint(j, key, (uint64_t)value);
		return;
	}
	lead(j, key);
	imp_wr_u8(j->wr, '-');
	j->comma = false;
	imp_json_uint(j, NULL, ~(uint64_t)value + 1);
}

void imp_json_float(struct imp_json *j, const char *key, double value)
{
	char text[32];

	lead(j, key);
	if (!(value - value == 0)) {
		imp_wr_fail(j->wr, IMP_E_FORMAT);
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		(void)snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	imp_wr_text(j->wr, text);
	if (!strpbrk(text, ".e"))
		imp_wr_text(j->wr, ".0");
}

void imp_json_bool(struct imp_json *j, const char *key, bool value)
{
	lead(j, key);
	imp_wr_text(j->wr, value ? "true" : "false");
}

void imp_json_null(struct imp_json *j, const char *key)
{
	lead(j, key);
	imp_wr_text(j->wr, "null");
}

void imp_json_raw(struct imp_json *j, const char *key, struct imp_span json)
{
	lead(j, key);
	imp_wr_put(j->wr, json);
}
