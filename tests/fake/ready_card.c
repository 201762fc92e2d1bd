/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/ready_card.h"

#define ADF 0x7F50

struct imp_span ready_payload(uint8_t *out, size_t n)
{
	struct imp_wr wr = imp_wr(out, n);

	imp_wr_be16(&wr, 1);
	imp_wr_be16(&wr, (uint16_t)(n - 4));
	imp_wr_be16(&wr, 0);
	imp_wr_u8(&wr, 0);
	imp_wr_be16(&wr, (uint16_t)(n - 9));
	imp_wr_u8(&wr, 0x10);
	imp_wr_u8(&wr, 0);
	imp_wr_be16(&wr, (uint16_t)(n - 13));
	imp_wr_put(&wr, imp_span("\xC1\x01\x01\xC1\x02\x03\xD0\x03", 8));
	imp_wr_be16(&wr, (uint16_t)(n - 23));
	for (size_t i = 0; wr.n < n; i++)
		imp_wr_u8(&wr, (uint8_t)(i * 7 + i / 256));
	return imp_wr_span(&wr);
}

struct imp_softcard *ready_card(unsigned protocol, struct imp_span payload)
{
	static const uint8_t odf[] = { 0xA7, 0x06, 0x30, 0x04, 0x04, 0x02, 0x64, 0x30, 0x00 };
	static const uint8_t dodf[] = { 0xA1, 0x25, 0x30, 0x00, 0x30, 0x11, 0x0C, 0x0F, 'L', 'w',
		'M', '2', 'M', ' ', 'B', 'o', 'o', 't', 's', 't', 'r', 'a', 'p', 0xA1, 0x0E, 0x30,
		0x0C, 0x06, 0x04, 0x67, 0x2B, 0x09, 0x01, 0x30, 0x04, 0x04, 0x02, 0x64, 0x32,
		0x00 };
	const struct imp_softcard_config config = { .protocol = protocol,
		.ef_size = (uint32_t)payload.n,
		.flags = IMP_SOFTCARD_ADF | IMP_SOFTCARD_DIR | IMP_SOFTCARD_EFS };
	struct imp_softcard *card = imp_softcard_new(&config, NULL);

	if (card && (imp_softcard_poke(card, ADF, 0x5031, 0, imp_span(odf, sizeof odf)) != IMP_OK ||
			    imp_softcard_poke(card, ADF, 0x6430, 0, imp_span(dodf, sizeof dodf)) !=
				    IMP_OK ||
			    imp_softcard_poke(card, ADF, 0x6432, 0, payload) != IMP_OK)) {
		imp_softcard_free(card);
		return NULL;
	}
	return card;
}
