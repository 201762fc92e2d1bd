/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/session.h"

#define GET_RESPONSE 0xC0

/* By SW1 and SW2, ref card.md A.10. */
static enum imr_status judge(uint8_t sw1, uint8_t sw2)
{
	if (sw1 >= 0x90 && sw1 <= 0x92)
		return IMR_GOOD; /* 91, 92: and the card has something for the modem */
	if (sw1 == 0x62) {
		if (sw2 == 0x00 || sw2 == 0x82)
			return IMR_GOOD; /* no information, end of file */
		if (sw2 == 0x81)
			return IMR_E_DAMAGED;
	}
	if (sw1 == 0x6A && (sw2 == 0x82 || sw2 == 0x83))
		return IMR_E_NONE;
	if (sw1 == 0x64 || sw1 == 0x65 || sw1 == 0x6F)
		return IMR_E_IO;
	return IMR_E_REFUSED;
}

/* One command of n octets, its answer behind what came before. */
static bool exchange(struct imr_session *s, size_t n)
{
	const struct imr_config *config = s->config;
	uint8_t *to = s->buffer + s->at + s->answer.n;
	size_t len = 0;

	if (s->st != IMR_GOOD)
		return false;
	if (config->size - s->at - s->answer.n < IMR_CARD_ROOM) {
		s->st = IMR_E_SPACE;
		return false;
	}
	if (s->report->apdus >= s->apdus_max) {
		s->st = IMR_E_LIMIT;
		return false;
	}
	s->report->apdus++;
	if (config->card->transceive(config->card->ctx, s->cmd, n, to, &len) != 0 || len < 2 ||
		len > IMR_CARD_ROOM) {
		s->st = IMR_E_IO;
		return false;
	}
	len -= 2;
	s->answer.n += len;
	s->sw = (uint16_t)(to[len] << 8 | to[len + 1]);
	return true;
}

void imr_command(struct imr_session *s, unsigned header, size_t lc, unsigned le)
{
	uint8_t *cmd = s->cmd;
	size_t n = 4;

	cmd[0] = s->cla;
	cmd[1] = (uint8_t)(header >> 16);
	cmd[2] = (uint8_t)(header >> 8);
	cmd[3] = (uint8_t)header;
	if (lc) {
		cmd[4] = (uint8_t)lc;
		n = IMR_CMD_DATA + lc;
	}
	if (le != IMR_NO_LE)
		cmd[n++] = (uint8_t)le;
	s->answer = imp_span(s->buffer + s->at, 0);
	while (exchange(s, n)) {
		uint8_t sw1 = (uint8_t)(s->sw >> 8);

		if (sw1 == 0x61) {
			cmd[1] = GET_RESPONSE;
			cmd[2] = 0;
			cmd[3] = 0;
			n = 5;
		} else if (sw1 != 0x6C || le == IMR_NO_LE) {
			s->st = judge(sw1, (uint8_t)s->sw);
			if (s->st != IMR_GOOD)
				s->report->card_sw = s->sw;
			return;
		}
		cmd[n - 1] = (uint8_t)s->sw;
	}
}

bool imr_forgive(struct imr_session *s, uint16_t sw)
{
	/* After IMR_E_IO or IMR_E_LIMIT sw is that of another command. */
	if (s->sw != sw || (s->st != IMR_E_REFUSED && s->st != IMR_E_NONE))
		return false;
	s->st = IMR_GOOD;
	return true;
}
