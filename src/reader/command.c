/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/session.h"

#define GET_RESPONSE 0xC0

static enum imr_status judge(struct imr_session *s)
{
	unsigned sw = s->sw, sw1 = sw >> 8;

	if (sw1 == 0x91 || sw1 == 0x92)
		s->sw = IMR_SW_OK; /* and the card has something for the modem */
	if (s->sw == IMR_SW_OK || sw == 0x6200 || sw == 0x6282)
		return IMR_GOOD;
	s->report->card_sw = (uint16_t)sw;
	if (sw == 0x6A82 || sw == IMR_SW_NO_RECORD)
		return IMR_E_NONE;
	if (sw == 0x6281)
		return IMR_E_DAMAGED;
	if (sw1 == 0x64 || sw1 == 0x65 || sw1 == 0x6F)
		return IMR_E_IO;
	return IMR_E_REFUSED;
}

enum imr_status imr_command(struct imr_session *s, unsigned header, size_t lc, unsigned le)
{
	const struct imr_config *config = s->config;
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
	for (s->got = 0;;) {
		uint8_t *to = config->buffer + s->at + s->got;
		size_t len = 0;

		if (config->size - s->at - s->got < IMR_CARD_ROOM)
			return IMR_E_SPACE;
		if (s->report->apdus >= s->apdus_max)
			return IMR_E_LIMIT;
		s->report->apdus++;
		if (config->card->transceive(config->card->ctx, cmd, n, to, &len) != 0 || len < 2 ||
			len > IMR_CARD_ROOM)
			return IMR_E_IO;
		len -= 2;
		s->got += len;
		s->sw = (uint16_t)(to[len] << 8 | to[len + 1]);
		if (to[len] == 0x61 || to[len] == 0x9F) {
			cmd[1] = GET_RESPONSE;
			cmd[2] = 0;
			cmd[3] = 0;
			n = 5;
		} else if (to[len] != 0x6C || le == IMR_NO_LE) {
			return judge(s);
		}
		cmd[n - 1] = to[len + 1];
	}
}
