/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text.h"

/* Decimal digits off the front, no leading zero, at most max. */
static enum imp_status decimal(struct imp_span *text, unsigned max, unsigned *out)
{
	unsigned v = 0;
	size_t i = 0;

	for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++) {
		if (i && text->p[0] == '0')
			return IMP_E_FORMAT;
		v = v * 10 + (unsigned)(text->p[i] - '0');
		if (v > max)
			return IMP_E_FORMAT;
	}
	if (i == 0)
		return IMP_E_FORMAT;
	*text = imp_span(text->p + i, text->n - i);
	*out = v;
	return IMP_OK;
}

static void put_decimal(struct imp_wr *wr, unsigned v)
{
	unsigned unit = 1;

	while (v / unit >= 10)
		unit *= 10;
	for (; unit; unit /= 10)
		imp_wr_u8(wr, (uint8_t)('0' + v / unit % 10));
}

/* Two decimals with a mark between them and nothing behind. */
static enum imp_status pair(
	struct imp_span text, uint8_t between, unsigned max, unsigned *first, unsigned *second)
{
	unsigned a, b;

	if (decimal(&text, max, &a) != IMP_OK || text.n == 0 || text.p[0] != between)
		return IMP_E_FORMAT;
	text = imp_span(text.p + 1, text.n - 1);
	if (decimal(&text, max, &b) != IMP_OK || text.n)
		return IMP_E_FORMAT;
	*first = a;
	*second = b;
	return IMP_OK;
}

enum imp_status imp_text_id(struct imp_span *text, uint16_t *out)
{
	unsigned v;

	if (decimal(text, UINT16_MAX - 1, &v) != IMP_OK)
		return IMP_E_FORMAT;
	*out = (uint16_t)v;
	return IMP_OK;
}

void imp_text_put_id(struct imp_wr *wr, uint16_t id)
{
	put_decimal(wr, id);
}

enum imp_status imp_text_link(struct imp_span text, uint16_t *object, uint16_t *instance)
{
	unsigned o, i;

	if (pair(text, ':', UINT16_MAX, &o, &i) != IMP_OK)
		return IMP_E_FORMAT;
	*object = (uint16_t)o;
	*instance = (uint16_t)i;
	return IMP_OK;
}

void imp_text_put_link(struct imp_wr *wr, uint16_t object, uint16_t instance)
{
	put_decimal(wr, object);
	imp_wr_u8(wr, ':');
	put_decimal(wr, instance);
}

enum imp_status imp_text_version(struct imp_span text, uint8_t *major, uint8_t *minor)
{
	unsigned a, b;

	if (pair(text, '.', UINT8_MAX, &a, &b) != IMP_OK || a == 0)
		return IMP_E_FORMAT;
	*major = (uint8_t)a;
	*minor = (uint8_t)b;
	return IMP_OK;
}

void imp_text_put_version(struct imp_wr *wr, uint8_t major, uint8_t minor)
{
	put_decimal(wr, major);
	imp_wr_u8(wr, '.');
	put_decimal(wr, minor);
}
