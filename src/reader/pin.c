/* SPDX-License-Identifier: Apache-2.0 */
/* The guard in front of a card's PIN (ref card.md A.8): ask first, never take the last try. */
#include "reader/session.h"

#include "base/secret.h"
#include "codec/fcp.h"

#include <string.h>

#define HEADER 5
#define VERIFY 0x20
#define PIN_SIZE 8
#define TRIES_LEFT(sw) ((sw)&0x0FU)

/* Keys of the READ rule that the file's FCP refers to. */
static enum imr_status keys_of_rule(
	struct imr_session *s, const struct imr_file *file, struct imp_access_rule *rule)
{
	uint8_t *buffer = s->config->buffer;
	uint8_t hi = (uint8_t)(file->arr >> 8), lo = (uint8_t)file->arr;
	/* 2F06 lies in the MF, 6F06 in the application. */
	struct imr_path path = { 4,
		{ hi == 0x2F ? 0x3F : 0x7F, hi == 0x2F ? 0x00 : 0xFF, hi, lo } };
	uint8_t cmd[HEADER] = { s->cla, 0xB2, file->arr_record, 0x04, 0x00 };
	struct imr_file arr;
	enum imr_status st = imr_open(s, &path, &arr);
	size_t got;

	if (st == IMR_OK) {
		cmd[4] = arr.record_length;
		st = imr_exchange(s, cmd, sizeof cmd, buffer, s->config->size, &got);
	}
	if (st == IMR_OK)
		st = imr_judge(s);
	if (st == IMR_OK && imp_access_get(imp_span(buffer, got), IMP_AM_READ, rule) != IMP_OK)
		st = IMR_E_DAMAGED;
	return st;
}

static enum imr_status verify(struct imr_session *s, uint8_t key)
{
	const struct imr_card *card = s->config->card;
	uint8_t cmd[HEADER + PIN_SIZE] = { s->cla, VERIFY, 0x00, key, PIN_SIZE };
	enum imr_status st = IMR_E_REFUSED;
	size_t n, got;

	n = card->pin(card->ctx, key, cmd + HEADER);
	if (n > 0 && n <= PIN_SIZE) {
		memset(cmd + HEADER + n, 0xFF, PIN_SIZE - n);
		st = imr_exchange(s, cmd, sizeof cmd, NULL, 0, &got);
		if (st == IMR_OK)
			st = imr_judge(s);
	}
	imp_wipe(cmd, sizeof cmd);
	return st;
}

enum imr_status imr_pin(struct imr_session *s, const struct imr_file *file)
{
	struct imp_access_rule rule = { .keys_n = file->keys_n };
	enum imr_status st;

	s->pin_tried = true;
	s->report->card_sw = s->sw;
	if (!s->config->card->pin)
		return IMR_E_REFUSED;
	memcpy(rule.keys, file->keys, file->keys_n);
	if (rule.keys_n == 0 && file->arr_record) {
		st = keys_of_rule(s, file, &rule);
		if (st == IMR_E_IO || st == IMR_E_LIMIT)
			return st;
	}
	if (rule.keys_n == 0) {
		rule.keys_n = s->keys_n;
		memcpy(rule.keys, s->keys, s->keys_n);
	}
	for (unsigned i = 0; i < rule.keys_n; i++) {
		uint8_t query[] = { s->cla, VERIFY, 0x00, rule.keys[i] };
		size_t got;

		st = imr_exchange(s, query, sizeof query, NULL, 0, &got);
		if (st != IMR_OK)
			return st;
		if (s->sw == IMR_SW_OK)
			return IMR_OK; /* verified before, or switched off */
		s->report->card_sw = s->sw;
		if ((s->sw & 0xFFF0) == 0x63C0)
			return TRIES_LEFT(s->sw) > 1 ? verify(s, rule.keys[i]) : IMR_E_REFUSED;
		/* 6983 blocked, 6984 or 6A88 not usable: perhaps another one is. */
	}
	return IMR_E_REFUSED;
}
