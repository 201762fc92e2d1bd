/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

/* v in 0..15; arithmetic instead of a table, so that the address never depends on a secret. */
static uint8_t hex_digit(unsigned v)
{
	return (uint8_t)(v + '0' + (((9 - v) >> 8) & ('a' - '0' - 10)));
}

void imp_hex_put(struct imp_wr *wr, struct imp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		imp_wr_u8(wr, hex_digit(s.p[i] >> 4));
		imp_wr_u8(wr, hex_digit(s.p[i] & 15));
	}
}

/* All ones when lo <= c <= hi (all below 256), else 0: a difference below zero sets the high bits.
 */
static unsigned within(unsigned c, unsigned lo, unsigned hi)
{
	return ((((c - lo) | (hi - c)) >> 8) & 1U) - 1U;
}

/* 0..15, or 256 when c is no digit. */
static unsigned hex_value(unsigned c)
{
	unsigned v = 256;

	v ^= within(c, '0', '9') & (256 ^ (c - '0'));
	v ^= within(c, 'a', 'f') & (256 ^ (c - 'a' + 10));
	v ^= within(c, 'A', 'F') & (256 ^ (c - 'A' + 10));
	return v;
}

enum imp_status imp_hex_get(struct imp_wr *wr, struct imp_span text)
{
	unsigned bad = 0;

	if (text.n % 2)
		return IMP_E_FORMAT;
	for (size_t i = 0; i < text.n; i += 2) {
		unsigned hi = hex_value(text.p[i]), lo = hex_value(text.p[i + 1]);

		bad |= (hi | lo) & 256;
		imp_wr_u8(wr, (uint8_t)(hi << 4 | lo));
	}
	return bad ? IMP_E_FORMAT : wr->st;
}

static uint8_t b64url_digit(unsigned v)
{
	unsigned c = 0;

	c |= within(v, 0, 25) & (v + 'A');
	c |= within(v, 26, 51) & (v - 26 + 'a');
	c |= within(v, 52, 61) & (v - 52 + '0');
	c |= within(v, 62, 62) & '-';
	c |= within(v, 63, 63) & '_';
	return (uint8_t)c;
}

void imp_b64url_put(struct imp_wr *wr, struct imp_span s)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < s.n; i++) {
		acc = acc << 8 | s.p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			imp_wr_u8(wr, b64url_digit(acc >> (bits - 6) & 63));
	}
	if (bits)
		imp_wr_u8(wr, b64url_digit(acc << (6 - bits) & 63));
}

/* 0..63, or 256 when c is in neither alphabet. */
static unsigned b64_value(unsigned c)
{
	unsigned v = 256;

	v ^= within(c, 'A', 'Z') & (256 ^ (c - 'A'));
	v ^= within(c, 'a', 'z') & (256 ^ (c - 'a' + 26));
	v ^= within(c, '0', '9') & (256 ^ (c - '0' + 52));
	v ^= (within(c, '-', '-') | within(c, '+', '+')) & (256 ^ 62);
	v ^= (within(c, '_', '_') | within(c, '/', '/')) & (256 ^ 63);
	return v;
}

enum imp_status imp_b64_get(struct imp_wr *wr, struct imp_span text)
{
	uint32_t acc = 0;
	unsigned bits = 0, bad = 0;

	if (text.n && text.n % 4 == 0) {
		if (text.p[text.n - 1] == '=')
			text.n--;
		if (text.p[text.n - 1] == '=')
			text.n--;
	}
	if (text.n % 4 == 1)
		return IMP_E_FORMAT;
	for (size_t i = 0; i < text.n; i++) {
		unsigned v = b64_value(text.p[i]);

		bad |= v & 256;
		acc = acc << 6 | (v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			imp_wr_u8(wr, (uint8_t)(acc >> bits));
		}
	}
	if (bad || (acc & ((1U << bits) - 1)))
		return IMP_E_FORMAT;
	return wr->st;
}
