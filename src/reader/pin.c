/* SPDX-License-Identifier: Apache-2.0 */
/* The guard in front of a card's PIN (ref card.md A.8): ask first, never take the last try. */
#include "reader/session.h"

#include "base/secret.h"
#include "codec/fcp.h"

#include <string.h>

#define PIN_SIZE 8

/* The rule for READ that the record of an EF.ARR holds. */
static void rule_by_reference(
	struct imr_session *s, struct imp_span referenced, struct imp_access_rule *rule)
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
	imr_open(s, imp_span(path, sizeof path));
	imr_command(s, IMR_READ_RECORD | IMR_P1(record), 0, s->record_length);
	if (s->st == IMR_GOOD)
		(void)!imp_access_get(s->answer, IMP_AM_READ, rule);
	(void)imr_forgive(s, s->sw);
}

/* Keys that let READ of the file pass; where no rule names one, those switched on for the
 * application. */
static void find_keys(struct imr_session *s, struct imp_access_rule *rule)
{
	struct imp_span v;
	uint8_t enabled = 0;

	rule->keys_n = 0;
	if (imp_fcp_find(s->answer, IMP_FCP_EXPANDED, &v) == IMP_OK)
		(void)!imp_access_get(v, IMP_AM_READ, rule);
	else if (imp_fcp_find(s->answer, IMP_FCP_REFERENCED, &v) == IMP_OK)
		rule_by_reference(s, v, rule);
	if (rule->keys_n)
		return;
	imr_select_application(s);
	if (imp_fcp_find(s->answer, IMP_FCP_PIN_STATUS, &v) == IMP_OK)
		(void)!imp_fcp_keys(v, rule->keys, &rule->keys_n, &enabled);
	for (unsigned i = 0; i < rule->keys_n; i++)
		if (!(enabled << i & 0x80))
			rule->keys[i] = 0;
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
	struct imp_access_rule rule;

	s->pin_tried = true;
	if (!s->config->card->pin)
		return;
	s->st = IMR_GOOD;
	imr_open_again(s);
	find_keys(s, &rule);
	for (unsigned i = 0; i < rule.keys_n; i++) {
		if (rule.keys[i] == 0)
			continue;
		imr_command(s, IMR_VERIFY | rule.keys[i], 0, IMR_NO_LE);
		if (s->st != IMR_E_REFUSED)
			return; /* verified before, or switched off; or no answer */
		if ((s->sw & 0xFFF0) == 0x63C0) {
			if ((s->sw & 0x0F) > 1)
				verify(s, rule.keys[i]);
			return;
		}
		/* 6983 blocked, 6984 or 6A88 not usable: perhaps another one is. */
		s->st = IMR_GOOD;
	}
	if (s->st == IMR_GOOD)
		s->st = IMR_E_REFUSED;
}
