/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/apdu.h"

#define LC_MAX 255
#define LE_MAX 256
#define FIRST_FURTHER_CHANNEL 4

uint8_t imp_apdu_cla(uint8_t cla, unsigned channel)
{
	if (channel < FIRST_FURTHER_CHANNEL)
		return (uint8_t)(cla | channel);
	return (uint8_t)(cla | 0x40U | ((channel - FIRST_FURTHER_CHANNEL) & 0x0FU));
}

void imp_apdu_put(struct imp_wr *wr, const struct imp_apdu *apdu, unsigned channel)
{
	if (apdu->data.n > LC_MAX || apdu->le > LE_MAX || channel > IMP_CHANNEL_MAX) {
		imp_wr_fail(wr, IMP_E_SPACE);
		return;
	}
	imp_wr_u8(wr, imp_apdu_cla(apdu->cla, channel));
	imp_wr_u8(wr, apdu->ins);
	imp_wr_u8(wr, apdu->p1);
	imp_wr_u8(wr, apdu->p2);
	if (apdu->data.n) {
		imp_wr_u8(wr, (uint8_t)apdu->data.n);
		imp_wr_put(wr, apdu->data);
	}
	if (apdu->le)
		imp_wr_u8(wr, (uint8_t)apdu->le); /* 256 is coded 00 */
}
