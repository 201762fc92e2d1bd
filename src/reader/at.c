/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/at.h"

#include "base/secret.h"
#include "base/span.h"
#include "codec/p15.h"

#include <string.h>

#define HEADER 5
#define COMMAND_MAX 261
#define MANAGE_CHANNEL 0x70
#define CHANNEL_MAX 19
#define NUMBER_MAX 0xFFFFFFFFU

/* ---- text taken apart ---- */

/* Text that is still to be read. */
struct text {
	const char *p;
	size_t n;
};

static struct text literal(const char *s)
{
	struct text t = { s, 0 };

	while (s[t.n])
		t.n++;
	return t;
}

/* Take `head` from the front, or nothing. */
static bool skip(struct text *t, const char *head)
{
	struct text h = literal(head);

	if (t->n < h.n || memcmp(t->p, h.p, h.n) != 0)
		return false;
	t->p += h.n;
	t->n -= h.n;
	return true;
}

static void skip_spaces(struct text *t)
{
	while (skip(t, " "))
		;
}

/* The next line that holds anything, without what ends it; *ended: something does. */
static bool next_line(struct text *t, struct text *line, bool *ended)
{
	while (skip(t, "\r") || skip(t, "\n"))
		;
	line->p = t->p;
	line->n = 0;
	while (line->n < t->n && t->p[line->n] != '\r' && t->p[line->n] != '\n')
		line->n++;
	t->p += line->n;
	t->n -= line->n;
	*ended = t->n > 0;
	while (line->n && line->p[line->n - 1] == ' ')
		line->n--;
	return line->p != t->p;
}

static bool number(struct text *t, uint32_t *out)
{
	uint32_t v = 0;
	size_t digits = 0;

	for (; t->n && *t->p >= '0' && *t->p <= '9'; t->p++, t->n--, digits++) {
		uint32_t digit = (uint32_t)(*t->p - '0');

		if (v > (NUMBER_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return digits > 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- result codes ---- */

enum result { NOT_FINAL, DONE, FAILED };

static enum result result_of(struct text line, uint16_t *cme)
{
	uint32_t code;

	*cme = 0;
	if (skip(&line, "OK") && line.n == 0)
		return DONE;
	if (skip(&line, "ERROR") && line.n == 0)
		return FAILED;
	if (!skip(&line, "+CME ERROR:") && !skip(&line, "+CMS ERROR:"))
		return NOT_FINAL;
	skip_spaces(&line);
	if (number(&line, &code) && line.n == 0 && code <= 0xFFFF)
		*cme = (uint16_t)code;
	return FAILED;
}

bool imr_at_final(const char *text, size_t n)
{
	struct text t = { text, n }, line;
	uint16_t cme;
	bool ended;

	while (next_line(&t, &line, &ended))
		if (ended && result_of(line, &cme) != NOT_FINAL)
			return true;
	return false;
}

/* ---- information responses ---- */

/* "LENGTH,HEX", all of it. */
static enum imr_status octets(struct text t, uint8_t *to, size_t cap, size_t *got)
{
	uint32_t length;
	bool quoted;

	skip_spaces(&t);
	if (!number(&t, &length))
		return IMR_E_DAMAGED;
	skip_spaces(&t);
	if (!skip(&t, ","))
		return IMR_E_DAMAGED;
	skip_spaces(&t);
	quoted = skip(&t, "\"");
	if (quoted && (t.n == 0 || t.p[--t.n] != '"'))
		return IMR_E_DAMAGED;
	if (t.n != length || length % 2 || length / 2 > cap)
		return IMR_E_DAMAGED;
	for (size_t i = 0; i < length / 2; i++) {
		int hi = nibble(t.p[2 * i]), lo = nibble(t.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return IMR_E_DAMAGED;
		to[i] = (uint8_t)(hi << 4 | lo);
	}
	*got = length / 2;
	return IMR_OK;
}

/* A response found twice could be either. */
struct found {
	struct text text;
	unsigned count;
};

/* The final result, and what stands behind "NAME:" in front of it; with `bare` also a line of
 * digits alone. */
static enum imr_status information(
	struct text t, const char *name, bool bare, struct found *found, uint16_t *cme)
{
	struct text line;
	bool ended;

	found->text = t;
	found->count = 0;
	while (next_line(&t, &line, &ended)) {
		struct text named = line, digits = line;
		enum result result = ended ? result_of(line, cme) : NOT_FINAL;
		uint32_t v;

		if (result != NOT_FINAL)
			return result == DONE ? IMR_OK : IMR_E_REFUSED;
		if (skip(&named, name) && skip(&named, ":"))
			found->text = named;
		else if (bare && number(&digits, &v) && digits.n == 0)
			found->text = line;
		else
			continue;
		found->count++;
	}
	return IMR_E_IO;
}

enum imr_status imr_at_octets(const char *text, size_t n, const char *name, uint8_t *to, size_t cap,
	size_t *got, uint16_t *cme)
{
	const struct text t = { text, n };
	struct found found;
	enum imr_status st = information(t, name, false, &found, cme);

	if (st != IMR_OK)
		return st;
	return found.count == 1 ? octets(found.text, to, cap, got) : IMR_E_DAMAGED;
}

/* "+CCHO: 1" of newer releases, or the number alone. */
static enum imr_status session_of(struct text t, uint32_t *session, uint16_t *cme)
{
	struct found found;
	enum imr_status st = information(t, "+CCHO", true, &found, cme);

	if (st != IMR_OK)
		return st;
	if (found.count != 1)
		return IMR_E_DAMAGED;
	skip_spaces(&found.text);
	return number(&found.text, session) && found.text.n == 0 ? IMR_OK : IMR_E_DAMAGED;
}

/* ---- lines put together; the longest one fits by the sizes above ---- */

static void put_text(struct imr_modem *at, size_t *n, const char *s)
{
	struct text t = literal(s);

	memcpy(at->line + *n, t.p, t.n);
	*n += t.n;
}

static void put_number(struct imr_modem *at, size_t *n, uint32_t v)
{
	char digits[10];
	size_t k = sizeof digits;

	do {
		digits[--k] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	memcpy(at->line + *n, digits + k, sizeof digits - k);
	*n += sizeof digits - k;
}

static void put_hex(struct imr_modem *at, size_t *n, const uint8_t *p, size_t count)
{
	for (size_t i = 0; i < 2 * count; i++) {
		unsigned v = i % 2 ? p[i / 2] & 0xFU : p[i / 2] >> 4;

		at->line[(*n)++] = (char)(v < 10 ? '0' + v : 'A' - 10 + v);
	}
}

/* ---- one exchange ---- */

static void wipe(struct imr_modem *at)
{
	imp_wipe(at->line, sizeof at->line);
	imp_wipe(at->answer, sizeof at->answer);
}

/* Send the line; the text that came back is empty when none did. */
static struct text say(struct imr_modem *at, size_t n)
{
	struct text t = { at->answer, 0 };
	int got;

	at->line[n] = '\0';
	got = at->exchange(at->ctx, at->line, at->answer, sizeof at->answer);
	if (got > 0 && (size_t)got <= sizeof at->answer)
		t.n = (size_t)got;
	return t;
}

/* AT+CSIM=LENGTH,"HEX", or with a session AT+CGLA=SESSION,LENGTH,"HEX". */
static enum imr_status apdu(struct imr_modem *at, bool session, uint8_t cla, const uint8_t *cmd,
	size_t count, uint8_t *rsp, size_t *got)
{
	const char *name = session ? "+CGLA" : "+CSIM";
	size_t n = 0;
	struct text t;

	put_text(at, &n, "AT");
	put_text(at, &n, name);
	put_text(at, &n, "=");
	if (session) {
		put_number(at, &n, at->session);
		put_text(at, &n, ",");
	}
	put_number(at, &n, (uint32_t)(2 * count));
	put_text(at, &n, ",\"");
	put_hex(at, &n, &cla, 1);
	put_hex(at, &n, cmd + 1, count - 1);
	put_text(at, &n, "\"");
	t = say(at, n);
	return imr_at_octets(t.p, t.n, name, rsp, IMR_CARD_ROOM, got, &at->cme);
}

/* ---- channels ---- */

static void answer_sw(uint8_t *rsp, size_t *got, uint16_t sw)
{
	rsp[(*got)++] = (uint8_t)(sw >> 8);
	rsp[(*got)++] = (uint8_t)sw;
}

/* The channel has the session's number where that can be one: modems that leave CLA to us count
 * sessions as channels, the others put the channel into CLA themselves. */
static enum imr_status open_session(struct imr_modem *at, uint8_t *rsp, size_t *got)
{
	size_t n = 0;
	enum imr_status st;
	struct text t;

	put_text(at, &n, "AT+CCHO=\"");
	put_hex(at, &n, imp_p15_aid, sizeof imp_p15_aid);
	put_text(at, &n, "\"");
	t = say(at, n);
	st = session_of(t, &at->session, &at->cme);
	if (st != IMR_OK)
		return st;
	at->channel = at->session - 1 < CHANNEL_MAX ? (uint8_t)at->session : 1;
	rsp[(*got)++] = at->channel;
	answer_sw(rsp, got, 0x9000);
	return IMR_OK;
}

static enum imr_status close_session(struct imr_modem *at, uint8_t *rsp, size_t *got)
{
	struct found found;
	size_t n = 0;
	enum imr_status st;
	struct text t;

	put_text(at, &n, "AT+CCHC=");
	put_number(at, &n, at->session);
	at->channel = 0;
	t = say(at, n);
	st = information(t, "+CCHC", false, &found, &at->cme);
	if (st == IMR_OK)
		answer_sw(rsp, got, 0x9000);
	return st;
}

/* ---- the card ---- */

static uint8_t channel_of(uint8_t cla)
{
	return cla & 0x40 ? (uint8_t)((cla & 0x0F) + 4) : cla & 0x03;
}

/* ISO 7816-3, 12.2.4: no Le behind data. */
static size_t without_le(const uint8_t *cmd, size_t n)
{
	return n > HEADER && n == HEADER + cmd[HEADER - 1] + 1U ? n - 1 : n;
}

static enum imr_status pass(
	struct imr_modem *at, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	bool manage = cmd[1] == MANAGE_CHANNEL, opens = manage && !(cmd[2] & 0x80);
	bool session = at->channel && channel_of(cmd[0]) == at->channel;
	bool own = at->session == at->channel;
	enum imr_status st;

	if (at->mode == IMR_AT_CCHO && opens)
		st = open_session(at, rsp, got);
	else if (manage && at->channel && cmd[3] == at->channel)
		return close_session(at, rsp, got);
	else
		st = apdu(at, session, session && !own ? cmd[0] & 0x80 : cmd[0], cmd,
			at->with_le ? n : without_le(cmd, n), rsp, got);
	if (st == IMR_E_REFUSED && opens) {
		answer_sw(rsp, got, 0x6881);
		st = IMR_OK;
	}
	return st;
}

static int transceive(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	struct imr_modem *at = (struct imr_modem *)ctx;
	size_t count = 0;
	enum imr_status st = IMR_E_IO;

	if (n >= HEADER - 1 && n <= COMMAND_MAX)
		st = pass(at, cmd, n, rsp, &count);
	wipe(at);
	if (st != IMR_OK || count < 2)
		return 1;
	*got = count;
	return 0;
}

void imr_at_card(struct imr_modem *at, struct imr_card *card)
{
	at->session = 0;
	at->channel = 0;
	at->cme = 0;
	card->ctx = at;
	card->transceive = transceive;
	card->pin = NULL;
	card->guard = NULL;
}
