/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

#define LONG_1 0x81
#define LONG_2 0x82
#define LONG_3 0x83

size_t imp_der_size(uint16_t tag, size_t n)
{
	struct imp_wr wr = imp_wr_count();

	imp_der_put_header(&wr, tag, n);
	return wr.n + n;
}

void imp_der_put_header(struct imp_wr *wr, uint16_t tag, size_t n)
{
	if (tag > 0xFF)
		imp_wr_be16(wr, tag);
	else
		imp_wr_u8(wr, (uint8_t)tag);
	if (n < 0x80) {
		imp_wr_u8(wr, (uint8_t)n);
	} else if (n <= 0xFF) {
		imp_wr_u8(wr, LONG_1);
		imp_wr_u8(wr, (uint8_t)n);
	} else if (n <= 0xFFFF) {
		imp_wr_u8(wr, LONG_2);
		imp_wr_be16(wr, (uint16_t)n);
	} else if (n <= 0xFFFFFF) {
		imp_wr_u8(wr, LONG_3);
		imp_wr_be24(wr, (uint32_t)n);
	} else {
		imp_wr_fail(wr, IMP_E_SPACE);
	}
}

void imp_der_put(struct imp_wr *wr, uint16_t tag, struct imp_span value)
{
	imp_der_put_header(wr, tag, value.n);
	imp_wr_put(wr, value);
}

void imp_der_put_unsigned(struct imp_wr *wr, uint16_t tag, uint32_t v)
{
	/* An octet of zero in front keeps a set top bit from meaning a negative number. */
	uint8_t b[5] = { 0, (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	size_t skip = 0;

	while (skip < 4 && b[skip] == 0 && b[skip + 1] < 0x80)
		skip++;
	imp_der_put(wr, tag, imp_span(b + skip, sizeof b - skip));
}

void imp_der_put_nested(struct imp_wr *wr, uint16_t tag,
	void (*part)(struct imp_wr *wr, const void *of), const void *of)
{
	struct imp_wr count = imp_wr_count();

	part(&count, of);
	imp_wr_fail(wr, count.st);
	imp_der_put_header(wr, tag, count.n);
	part(wr, of);
}
