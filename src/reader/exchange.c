/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/session.h"

#include "base/secret.h"

#include <string.h>

#define RESPONSE_MAX 258
#define GET_RESPONSE 0xC0

/* One command, one answer, behind what came before. */
static enum imr_status once(
	struct imr_session *s, const uint8_t *cmd, size_t n, uint8_t *to, size_t cap, size_t *got)
{
	const struct imr_card *card = s->config->card;
	uint8_t rsp[RESPONSE_MAX];
	enum imr_status st = IMR_OK;
	size_t len = 0;

	if (s->report->apdus >= s->apdus_max)
		return IMR_E_LIMIT;
	s->report->apdus++;
	if (card->transceive(card->ctx, cmd, n, rsp, &len) != 0 || len < 2 || len > sizeof rsp) {
		st = IMR_E_IO;
	} else {
		len -= 2;
		s->sw = (uint16_t)(rsp[len] << 8 | rsp[len + 1]);
		if (len > cap - *got)
			st = IMR_E_SPACE;
	}
	if (st == IMR_OK && len) {
		memcpy(to + *got, rsp, len);
		*got += len;
	}
	imp_wipe(rsp, sizeof rsp);
	return st;
}

enum imr_status imr_exchange(
	struct imr_session *s, uint8_t *cmd, size_t n, uint8_t *to, size_t cap, size_t *got)
{
	*got = 0;
	for (;;) {
		enum imr_status st = once(s, cmd, n, to, cap, got);
		unsigned sw1 = s->sw >> 8;

		if (st != IMR_OK)
			return st;
		if (sw1 == 0x91 || sw1 == 0x92)
			s->sw = IMR_SW_OK;
		if (cap && (sw1 == 0x61 || sw1 == 0x9F)) {
			cmd[1] = GET_RESPONSE;
			cmd[2] = 0;
			cmd[3] = 0;
			n = 5;
		} else if (!cap || sw1 != 0x6C) {
			return IMR_OK;
		}
		cmd[n - 1] = (uint8_t)s->sw;
	}
}

enum imr_status imr_judge(struct imr_session *s)
{
	uint16_t sw = s->sw;

	if (sw == IMR_SW_OK || sw == 0x6200 || sw == IMR_SW_END_OF_FILE)
		return IMR_OK;
	s->report->card_sw = sw;
	if (sw == 0x6A82 || sw == IMR_SW_NO_RECORD)
		return IMR_E_NONE;
	if (sw == 0x6281)
		return IMR_E_DAMAGED;
	if (sw >> 8 == 0x64 || sw >> 8 == 0x65 || sw >> 8 == 0x6F)
		return IMR_E_IO;
	return IMR_E_REFUSED;
}
