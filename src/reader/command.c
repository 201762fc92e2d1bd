/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/session.h"

#define GET_RESPONSE 0xC0

/* By SW1 and SW2, ref card.md A.10. */
static enum imr_status judge(unsigned sw)
{
	unsigned sw1 = sw >> 8;

	if (sw1 - 0x90 <= 2 || sw == 0x6200 || sw == 0x6282)
		return IMR_GOOD; /* 91, 92: and the card has something for the modem */
	if (sw == 0x6281)
		return IMR_E_DAMAGED;
	if (sw - 0x6A82 <= 1)
		return IMR_E_NONE;
	if (sw1 - 0x64 <= 1 || sw1 == 0x6F)
		return IMR_E_IO;
	return IMR_E_REFUSED;
}

/* One command of n octets, its answer behind what came before. */
static enum imr_status exchange(struct imr_session *s, size_t n)
{
	const struct imr_config *config = s->config;
	const struct imr_card *card = config->card;
	size_t at = s->at + s->answer.n, len = 0;
	uint8_t *to = s->buffer + at;

	if (config->size - at < IMR_CARD_ROOM)
		return IMR_E_SPACE;
	if (s->report->apdus >= s->apdus_max)
		return IMR_E_LIMIT;
	s->report->apdus++;
	if (card->transceive(card->ctx, s->cmd, n, to, &len) != 0 || len - 2 > IMR_CARD_ROOM - 2)
		return IMR_E_IO;
	len -= 2;
	s->answer.n += len;
	to += len;
	s->sw = (uint16_t)(to[0] << 8 | to[1]);
	return IMR_GOOD;
}

void imr_command(struct imr_session *s, uint32_t ins_p1_p2_le, unsigned lc)
{
	bool no_le = lc & IMR_NO_LE;
	uint8_t *cmd = s->cmd;
	size_t n = 4;

	cmd[0] = s->cla;
	cmd[1] = (uint8_t)(ins_p1_p2_le >> 24);
	cmd[2] = (uint8_t)(ins_p1_p2_le >> 16);
	cmd[3] = (uint8_t)(ins_p1_p2_le >> 8);
	lc &= ~IMR_NO_LE;
	if (lc) {
		cmd[4] = (uint8_t)lc;
		n = IMR_CMD_DATA + lc;
	}
	if (!no_le)
		cmd[n++] = (uint8_t)ins_p1_p2_le;
	s->answer = imp_span(s->buffer + s->at, 0);
	while (s->st == IMR_GOOD) {
		unsigned sw1;

		s->st = exchange(s, n);
		if (s->st != IMR_GOOD)
			return;
		sw1 = s->sw >> 8;
		if (sw1 == 0x61) {
			cmd[1] = GET_RESPONSE;
			cmd[2] = 0;
			cmd[3] = 0;
			n = 5;
		} else if (sw1 != 0x6C || no_le) {
			s->st = judge(s->sw);
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

void imr_fail(struct imr_session *s, enum imr_status st)
{
	if (s->st == IMR_GOOD)
		s->st = st;
}
