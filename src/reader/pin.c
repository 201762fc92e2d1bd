/* SPDX-License-Identifier: Apache-2.0 */
/* The guard in front of a card's PIN (ref card.md A.8): ask first, never take the last try. */
#include "reader/session.h"

#include "base/secret.h"
#include "codec/fcp.h"

#include <string.h>

#define PIN_SIZE 8

static struct imp_span answer(const struct imr_session *s)
{
	return imp_span(s->config->buffer + s->at, s->got);
}

/* The rule for READ that the record of an EF.ARR holds. */
static enum imr_status rule_by_reference(
	struct imr_session *s, struct imp_span referenced, struct imp_access_rule *rule)
{
	uint8_t path[] = { 0x7F, 0xFF, 0, 0 }, record;
	uint16_t arr;
	enum imr_status st;

	if (imp_fcp_arr(referenced, &arr, &record) != IMP_OK)
		return IMR_E_DAMAGED;
	path[2] = (uint8_t)(arr >> 8);
	path[3] = (uint8_t)arr;
	if (path[2] == 0x2F) { /* 2F06 lies in the MF, 6F06 in the application */
		path[0] = 0x3F;
		path[1] = 0x00;
	}
	(void)imr_path(s, imp_span(path, sizeof path));
	st = imr_open(s);
	if (st == IMR_GOOD)
		st = imr_command(s, IMR_READ_RECORD | IMR_P1(record), 0, s->record_length);
	if (st == IMR_GOOD && imp_access_get(answer(s), IMP_AM_READ, rule) != IMP_OK)
		st = IMR_E_DAMAGED;
	return st;
}

/* Keys that let READ of the file pass; where no rule names one, those switched on for the
 * application. */
static enum imr_status find_keys(struct imr_session *s, struct imp_access_rule *rule)
{
	enum imr_status st = imr_open(s);
	struct imp_span v;
	uint8_t enabled = 0;

	rule->keys_n = 0;
	if (st != IMR_GOOD)
		return st;
	if (imp_fcp_find(answer(s), IMP_FCP_EXPANDED, &v) == IMP_OK)
		(void)!imp_access_get(v, IMP_AM_READ, rule);
	else if (imp_fcp_find(answer(s), IMP_FCP_REFERENCED, &v) == IMP_OK)
		st = rule_by_reference(s, v, rule);
	if (rule->keys_n || st == IMR_E_IO || st == IMR_E_LIMIT)
		return st;
	st = imr_select_application(s);
	if (st == IMR_GOOD && imp_fcp_find(answer(s), IMP_FCP_PIN_STATUS, &v) == IMP_OK)
		(void)!imp_fcp_keys(v, rule->keys, &rule->keys_n, &enabled);
	for (unsigned i = 0; i < rule->keys_n; i++)
		if (!(enabled << i & 0x80))
			rule->keys[i] = 0;
	return st;
}

static enum imr_status verify(struct imr_session *s, uint8_t key)
{
	const struct imr_card *card = s->config->card;
	uint8_t *pin = s->cmd + IMR_CMD_DATA;
	enum imr_status st = IMR_E_REFUSED;
	size_t n;

	memset(pin, 0xFF, PIN_SIZE);
	n = card->pin(card->ctx, key, pin);
	if (n > 0 && n <= PIN_SIZE) {
		memset(pin + n, 0xFF, PIN_SIZE - n);
		st = imr_command(s, IMR_VERIFY | key, PIN_SIZE, IMR_NO_LE);
	}
	imp_wipe(pin, PIN_SIZE);
	return st;
}

enum imr_status imr_pin(struct imr_session *s)
{
	struct imp_access_rule rule;
	enum imr_status st;

	s->pin_tried = true;
	if (!s->config->card->pin)
		return IMR_E_REFUSED;
	st = find_keys(s, &rule);
	if (st != IMR_GOOD)
		return st;
	for (unsigned i = 0; i < rule.keys_n; i++) {
		uint8_t key = rule.keys[i];

		if (key == 0)
			continue;
		st = imr_command(s, IMR_VERIFY | key, 0, IMR_NO_LE);
		if (st == IMR_GOOD || st == IMR_E_IO || st == IMR_E_LIMIT)
			return st; /* verified before, or switched off; or no answer */
		if ((s->sw & 0xFFF0) == 0x63C0)
			return (s->sw & 0x0F) > 1 ? verify(s, key) : IMR_E_REFUSED;
		/* 6983 blocked, 6984 or 6A88 not usable: perhaps another one is. */
	}
	return IMR_E_REFUSED;
}
