/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/pin.h"

#include "base/secret.h"
#include "codec/fcp.h"
#include "reader/session.h"

#include <string.h>

#define PIN_SIZE 8

/* Leave the expanded rule of the file as the answer: in its FCP, or in a record of an EF.ARR that
 * the FCP names; empty without one. */
static void find_rule(struct imr_session *s)
{
	struct imp_span arr = { NULL, 0 };
	uint8_t record;

	imr_open(s);
	if (imp_der_get(&s->answer, IMP_FCP_EXPANDED, &s->answer))
		return;
	(void)imp_der_get(&s->answer, IMP_FCP_REFERENCED, &arr);
	record = imp_fcp_arr(arr);
	s->answer.n = 0;
	if (!record)
		return;
	arr.n = 2;
	imr_open_at(s, arr);
	imr_command(s, IMR_READ_RECORD | IMR_P1(record), 0);
	(void)imr_forgive(s, s->sw);
}

/* Keys that let READ of the file pass; where no rule names one, those switched on for the
 * application. */
static uint32_t find_keys(struct imr_session *s)
{
	uint32_t keys;

	find_rule(s);
	keys = imp_fcp_read_keys(s->answer, false);
	if (keys)
		return keys;
	imr_select_application(s, 0);
	if (!imp_der_get(&s->answer, IMP_FCP_PIN_STATUS, &s->answer))
		return 0;
	return imp_fcp_read_keys(s->answer, true);
}

static void verify(struct imr_session *s, uint8_t key)
{
	const struct imr_card *card = s->config->card;
	uint8_t *pin = s->cmd + IMR_CMD_DATA;
	size_t n = card->pin(card->ctx, key, pin);

	if (n - 1 < PIN_SIZE) {
		memset(pin + n, 0xFF, PIN_SIZE - n);
		s->st = IMR_GOOD;
		imr_command(s, IMR_VERIFY | IMR_P2(key), PIN_SIZE | IMR_NO_LE);
	}
	imp_wipe(pin, PIN_SIZE);
}

static void present(struct imr_session *s)
{
	for (uint32_t keys = find_keys(s); keys; keys >>= 8) {
		uint8_t key = (uint8_t)keys;
		unsigned tries;

		imr_command(s, IMR_VERIFY | IMR_P2(key), IMR_NO_LE);
		if (s->st != IMR_E_REFUSED)
			return; /* verified before, or switched off; or no answer */
		tries = s->sw - 0x63C0U;
		if (tries <= 15) {
			if (tries > 1)
				verify(s, key);
			return;
		}
		/* 6983 blocked, 6984 or 6A88 not usable: perhaps another one is. */
		s->st = IMR_GOOD;
	}
	imr_fail(s, IMR_E_REFUSED);
}

bool imr_pin(struct imr_session *s)
{
	if (s->pin_tried || s->st != IMR_E_REFUSED || s->sw != IMR_SW_SECURITY ||
		!s->config->card->pin)
		return false;
	s->pin_tried = true;
	s->st = IMR_GOOD;
	present(s);
	return s->st == IMR_GOOD;
}
