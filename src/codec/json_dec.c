/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_dec.h"

struct imp_json_rd imp_json_rd(struct imp_span text)
{
	struct imp_json_rd j = { imp_rd(text), 0, 0, true };

	return j;
}

static void space(struct imp_rd *rd)
{
	for (;;) {
		uint8_t c = imp_rd_peek(rd);

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
		(void)imp_rd_u8(rd);
	}
}

static void expect(struct imp_rd *rd, uint8_t c)
{
	if (imp_rd_u8(rd) != c)
		imp_rd_fail(rd, IMP_E_FORMAT);
}

static void expect_word(struct imp_rd *rd, const char *word)
{
	while (*word)
		expect(rd, (uint8_t)*word++);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Four hex digits. */
static uint32_t unit(struct imp_rd *rd)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t c = imp_rd_u8(rd);
		uint8_t lower = c | 0x20;

		if (is_digit(c))
			v = v << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (uint32_t)(lower - 'a' + 10);
		else
			imp_rd_fail(rd, IMP_E_FORMAT);
	}
	return v;
}

/* The character behind a backslash; surrogates only in pairs. */
static uint32_t escaped(struct imp_rd *rd)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	uint8_t c = imp_rd_u8(rd);
	uint32_t high, low;

	for (size_t i = 0; letters[i]; i++)
		if (c == (uint8_t)letters[i])
			return (uint8_t)meant[i];
	if (c != 'u') {
		imp_rd_fail(rd, IMP_E_FORMAT);
		return 0;
	}
	high = unit(rd);
	if (high < 0xD800 || high > 0xDFFF)
		return high;
	expect(rd, '\\');
	expect(rd, 'u');
	low = unit(rd);
	if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
		imp_rd_fail(rd, IMP_E_FORMAT);
	return 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
}

/* A string from its opening quote on; the text between the quotes. */
static struct imp_span string(struct imp_rd *rd)
{
	struct imp_span text;
	const uint8_t *start;

	expect(rd, '"');
	start = rd->p;
	while (rd->st == IMP_OK) {
		uint8_t c = imp_rd_u8(rd);

		if (rd->st == IMP_OK && c < 0x20)
			imp_rd_fail(rd, IMP_E_FORMAT);
		if (c == '\\')
			(void)escaped(rd);
		if (c == '"')
			break;
	}
	if (rd->st != IMP_OK)
		return imp_span(NULL, 0);
	text = imp_span(start, (size_t)(rd->p - start) - 1);
	if (!imp_span_utf8(text))
		imp_rd_fail(rd, IMP_E_FORMAT);
	return text;
}

/* One digit or more. */
static void digits(struct imp_rd *rd)
{
	if (!is_digit(imp_rd_u8(rd)))
		imp_rd_fail(rd, IMP_E_FORMAT);
	while (is_digit(imp_rd_peek(rd)))
		(void)imp_rd_u8(rd);
}

static struct imp_span number(struct imp_rd *rd)
{
	const uint8_t *start = rd->p;

	if (imp_rd_peek(rd) == '-')
		(void)imp_rd_u8(rd);
	if (imp_rd_peek(rd) == '0')
		(void)imp_rd_u8(rd);
	else
		digits(rd);
	if (imp_rd_peek(rd) == '.') {
		(void)imp_rd_u8(rd);
		digits(rd);
	}
	if ((imp_rd_peek(rd) | 0x20) == 'e') {
		(void)imp_rd_u8(rd);
		if (imp_rd_peek(rd) == '+' || imp_rd_peek(rd) == '-')
			(void)imp_rd_u8(rd);
		digits(rd);
	}
	return imp_span(start, (size_t)(rd->p - start));
}

static void open_container(struct imp_json_rd *j, bool object)
{
	(void)imp_rd_u8(&j->rd);
	if (j->depth == IMP_JSON_DEPTH) {
		imp_rd_fail(&j->rd, IMP_E_FORMAT);
		return;
	}
	if (object)
		j->objects |= 1U << j->depth;
	else
		j->objects &= ~(1U << j->depth);
	j->depth++;
	j->first = true;
}

static void value(struct imp_json_rd *j, struct imp_json_token *token)
{
	struct imp_rd *rd = &j->rd;

	j->first = false;
	switch (imp_rd_peek(rd)) {
	case '{':
		token->kind = IMP_JSON_OBJECT;
		open_container(j, true);
		break;
	case '[':
		token->kind = IMP_JSON_ARRAY;
		open_container(j, false);
		break;
	case '"':
		token->kind = IMP_JSON_STRING;
		token->text = string(rd);
		break;
	case 't':
		token->kind = IMP_JSON_TRUE;
		expect_word(rd, "true");
		break;
	case 'f':
		token->kind = IMP_JSON_FALSE;
		expect_word(rd, "false");
		break;
	case 'n':
		token->kind = IMP_JSON_NULL;
		expect_word(rd, "null");
		break;
	default:
		token->kind = IMP_JSON_NUMBER;
		token->text = number(rd);
		break;
	}
}

/* At depth 0: the one value, then the end of the text. */
static void at_top(struct imp_json_rd *j, struct imp_json_token *token)
{
	if (j->first)
		value(j, token);
	else if (j->rd.n)
		imp_rd_fail(&j->rd, IMP_E_FORMAT);
}

static void in_container(struct imp_json_rd *j, struct imp_json_token *token)
{
	bool object = j->objects >> (j->depth - 1) & 1U;

	if (imp_rd_peek(&j->rd) == (object ? '}' : ']')) {
		(void)imp_rd_u8(&j->rd);
		j->depth--;
		j->first = false;
		return;
	}
	if (!j->first) {
		expect(&j->rd, ',');
		space(&j->rd);
	}
	if (object) {
		token->key = string(&j->rd);
		space(&j->rd);
		expect(&j->rd, ':');
		space(&j->rd);
	}
	value(j, token);
}

enum imp_status imp_json_next(struct imp_json_rd *j, struct imp_json_token *token)
{
	struct imp_json_token got = { IMP_JSON_END, { NULL, 0 }, { NULL, 0 } };

	space(&j->rd);
	if (j->depth)
		in_container(j, &got);
	else
		at_top(j, &got);
	if (j->rd.st == IMP_OK)
		*token = got;
	return j->rd.st;
}

enum imp_status imp_json_skip(struct imp_json_rd *j, const struct imp_json_token *token)
{
	struct imp_json_token inner;
	unsigned outside;

	if (token->kind != IMP_JSON_OBJECT && token->kind != IMP_JSON_ARRAY)
		return j->rd.st;
	outside = j->depth - 1U;
	while (j->rd.st == IMP_OK && j->depth > outside)
		if (imp_json_next(j, &inner) != IMP_OK)
			break;
	return j->rd.st;
}

static void put_utf8(struct imp_wr *wr, uint32_t c)
{
	if (c < 0x80) {
		imp_wr_u8(wr, (uint8_t)c);
	} else if (c < 0x800) {
		imp_wr_u8(wr, (uint8_t)(0xC0 | c >> 6));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		imp_wr_u8(wr, (uint8_t)(0xE0 | c >> 12));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c >> 6 & 63)));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c & 63)));
	} else {
		imp_wr_u8(wr, (uint8_t)(0xF0 | c >> 18));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c >> 12 & 63)));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c >> 6 & 63)));
		imp_wr_u8(wr, (uint8_t)(0x80 | (c & 63)));
	}
}

void imp_json_chars(struct imp_wr *wr, struct imp_span text)
{
	struct imp_rd rd = imp_rd(text);

	while (rd.n && rd.st == IMP_OK) {
		uint8_t c = imp_rd_u8(&rd);

		if (c == '\\')
			put_utf8(wr, escaped(&rd));
		else
			imp_wr_u8(wr, c);
	}
}

bool imp_json_is(struct imp_span text, const char *word)
{
	uint8_t buf[32];
	struct imp_wr wr = imp_wr(buf, sizeof buf);

	imp_json_chars(&wr, text);
	return wr.st == IMP_OK && imp_span_eq(imp_wr_span(&wr), imp_span_str(word));
}

/* The exponent of a number, clamped: beyond the clamp no 64-bit value but zero is whole. */
static int exponent(struct imp_rd *rd)
{
	bool minus = false;
	int e = 0;

	if ((imp_rd_peek(rd) | 0x20) != 'e')
		return 0;
	(void)imp_rd_u8(rd);
	if (imp_rd_peek(rd) == '+' || imp_rd_peek(rd) == '-')
		minus = imp_rd_u8(rd) == '-';
	while (is_digit(imp_rd_peek(rd))) {
		e = e * 10 + (imp_rd_u8(rd) - '0');
		if (e > 100000)
			e = 100000;
	}
	return minus ? -e : e;
}

enum imp_status imp_json_whole(struct imp_span text, bool *negative, uint64_t *magnitude)
{
	struct imp_rd rd = imp_rd(text), mantissa;
	uint64_t v = 0;
	long whole = 0; /* digits of the mantissa that stand before the point, after the shift */
	bool minus = imp_rd_peek(&rd) == '-';

	if (minus)
		(void)imp_rd_u8(&rd);
	mantissa = rd;
	for (; is_digit(imp_rd_peek(&rd)); whole++)
		(void)imp_rd_u8(&rd);
	if (whole == 0)
		return IMP_E_FORMAT;
	if (imp_rd_peek(&rd) == '.')
		(void)imp_rd_u8(&rd);
	while (is_digit(imp_rd_peek(&rd)))
		(void)imp_rd_u8(&rd);
	whole += exponent(&rd);
	if (imp_rd_done(&rd) != IMP_OK)
		return IMP_E_FORMAT;

	/* Digit by digit; behind the mantissa zeros follow until the point is reached. */
	for (;;) {
		uint8_t c = imp_rd_peek(&mantissa);
		unsigned digit = is_digit(c) ? (unsigned)(c - '0') : 0;

		if (c == '.') {
			(void)imp_rd_u8(&mantissa);
			continue;
		}
		if (!is_digit(c) && (v == 0 || whole <= 0))
			break;
		if (is_digit(c))
			(void)imp_rd_u8(&mantissa);
		if (whole-- <= 0) {
			if (digit)
				return IMP_E_FORMAT;
			continue;
		}
		if (v > (UINT64_MAX - digit) / 10)
			return IMP_E_FORMAT;
		v = v * 10 + digit;
	}
	*negative = minus && v;
	*magnitude = v;
	return IMP_OK;
}

enum imp_status imp_json_integer(struct imp_span text, int64_t *out)
{
	uint64_t magnitude;
	bool negative;

	if (imp_json_whole(text, &negative, &magnitude) != IMP_OK ||
		magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return IMP_E_FORMAT;
	*out = negative ? -1 - (int64_t)(magnitude - 1) : (int64_t)magnitude;
	return IMP_OK;
}
