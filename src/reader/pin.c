/* SPDX-License-Identifier: Apache-2.0 */
/* The guard in front of a card's PIN (ref card.md A.8): ask first, never take the last try. */
#include "reader/session.h"

#include "base/secret.h"
#include "codec/fcp.h"

#include <string.h>

#define PIN_SIZE 8
#define KEYS_MAX 4

/* The record of an EF.ARR that the file's rule is in.  Without it the answer is empty. */
static void referenced_rule(struct imr_session *s, struct imp_span referenced)
{
	uint8_t path[] = { 0x7F, 0xFF, 0, 0 }, record;
	uint16_t arr;

	if (imp_fcp_arr(referenced, &arr, &record) != IMP_OK)
		return;
	path[2] = (uint8_t)(arr >> 8);
	path[3] = (uint8_t)arr;
	if (path[2] == 0x2F) { /* 2F06 lies in the MF, 6F06 in the application */
		path[0] = 0x3F;
		path[1] = 0x00;
	}
	imr_path(s, imp_span(path, sizeof path));
	imr_open(s);
	imr_command(s, IMR_READ_RECORD | IMR_P1(record), 0, 0);
	if (imr_forgive(s, s->sw))
		s->answer.n = 0;
}

/* Keys that let READ of the file pass; where no rule names one, those switched on for the
 * application. */
static unsigned find_keys(struct imr_session *s, uint8_t keys[static KEYS_MAX])
{
	struct imp_span v;
	unsigned n;

	imr_open(s);
	if (imp_fcp_find(s->answer, IMP_FCP_EXPANDED, &v) != IMP_OK) {
		if (imp_fcp_find(s->answer, IMP_FCP_REFERENCED, &v) == IMP_OK)
			referenced_rule(s, v);
		v = s->answer;
	}
	n = imp_fcp_read_keys(v, false, keys, KEYS_MAX);
	if (n)
		return n;
	imr_select_application(s);
	if (imp_fcp_find(s->answer, IMP_FCP_PIN_STATUS, &v) != IMP_OK)
		return 0;
	return imp_fcp_read_keys(v, true, keys, KEYS_MAX);
}

static void verify(struct imr_session *s, uint8_t key)
{
	const struct imr_card *card = s->config->card;
	uint8_t *pin = s->cmd + IMR_CMD_DATA;
	size_t n = card->pin(card->ctx, key, pin);

	if (n > 0 && n <= PIN_SIZE) {
		memset(pin + n, 0xFF, PIN_SIZE - n);
		s->st = IMR_GOOD;
		imr_command(s, IMR_VERIFY | key, PIN_SIZE, IMR_NO_LE);
	}
	imp_wipe(pin, PIN_SIZE);
}

void imr_pin(struct imr_session *s)
{
	uint8_t keys[KEYS_MAX];
	unsigned n;

	s->pin_tried = true;
	if (!s->config->card->pin)
		return;
	s->st = IMR_GOOD;
	n = find_keys(s, keys);
	for (unsigned i = 0; i < n; i++) {
		imr_command(s, IMR_VERIFY | keys[i], 0, IMR_NO_LE);
		if (s->st != IMR_E_REFUSED)
			return; /* verified before, or switched off; or no answer */
		if ((s->sw & 0xFFF0) == 0x63C0) {
			if ((s->sw & 0x0F) > 1)
				verify(s, keys[i]);
			return;
		}
		/* 6983 blocked, 6984 or 6A88 not usable: perhaps another one is. */
		s->st = IMR_GOOD;
	}
	if (s->st == IMR_GOOD)
		s->st = IMR_E_REFUSED;
}
