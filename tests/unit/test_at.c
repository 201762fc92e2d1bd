/* SPDX-License-Identifier: Apache-2.0 */
/* Cards behind modems of every habit, and what modems say taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "reader/at.h"
#include "tests/fake/ready_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define PAYLOAD 600

/* ---- a modem ---- */

enum trouble { FINE, SILENT, GONE, ERROR, CME, RUBBISH, TWICE, SHORT, NO_FINAL, TOO_LONG };

static struct modem {
	/* What it is like. */
	bool echo, lf_only, bare, no_quotes, urc, no_space, lower, no_csim_channels, no_ccho;
	unsigned session;
	bool own_cla; /* puts the channel into CLA itself */
	unsigned at;  /* the exchange that goes wrong, from 1 */
	enum trouble trouble;

	struct imp_card card;
	unsigned exchanges, csim, cgla, open;
	uint8_t channel;
	const char *complaint;
	char text[4096];
	size_t n;
} modem;

static void say(const char *s)
{
	size_t n = strlen(s);

	assert_true(n < sizeof modem.text - modem.n);
	memcpy(modem.text + modem.n, s, n + 1);
	modem.n += n;
}

static void line(const char *s)
{
	if (!modem.lf_only)
		say("\r");
	say("\n");
	say(s);
	if (!modem.lf_only)
		say("\r");
	say("\n");
}

/* The card's answer to the octets that the digits spell. */
static void carry(const char *name, const char *digits, size_t n, bool session)
{
	uint8_t cmd[300], rsp[300];
	char hex[2 * sizeof rsp + 1] = "", text[800];
	struct imp_wr in = imp_wr(cmd, sizeof cmd), out = imp_wr(rsp, sizeof rsp);
	struct imp_wr hw = imp_wr(hex, sizeof hex - 1);
	const char *quote = modem.no_quotes ? "" : "\"";

	assert_int_equal(imp_hex_get(&in, imp_span(digits, n)), IMP_OK);
	if (!session && cmd[1] == 0x70 && modem.no_csim_channels) {
		line("ERROR");
		return;
	}
	if (session && (cmd[0] & 3) != (modem.own_cla ? 0 : modem.channel))
		modem.complaint = "CLA of another channel";
	if (session)
		cmd[0] = (uint8_t)((cmd[0] & ~3) | modem.channel);
	if (modem.card.transceive(modem.card.ctx, imp_wr_span(&in), &out) != IMP_OK) {
		line("+CME ERROR: 13");
		return;
	}
	if (modem.trouble == SHORT && modem.exchanges == modem.at)
		out.n = 1;
	imp_hex_put(&hw, imp_wr_span(&out));
	for (size_t i = 0; hex[i] && !modem.lower; i++)
		hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
	snprintf(text, sizeof text, "%s:%s%zu,%s%s%s", name, modem.no_space ? "" : " ", strlen(hex),
		quote, hex, quote);
	if (modem.urc)
		line("+CREG: 1,\"OK\"");
	line(text);
	if (modem.trouble == TWICE && modem.exchanges == modem.at)
		line(text);
	if (modem.urc)
		line("RING");
	line("OK");
}

static void open_channel(const char *aid)
{
	uint8_t cmd[17] = { 0x00, 0x70, 0x00, 0x00, 0x01 }, rsp[300];
	struct imp_wr out = imp_wr(rsp, sizeof rsp), in;
	char text[40];

	if (modem.no_ccho) {
		line("+CME ERROR: 20");
		return;
	}
	assert_int_equal(modem.card.transceive(modem.card.ctx, imp_span(cmd, 5), &out), IMP_OK);
	assert_int_equal(out.n, 3);
	modem.channel = rsp[0];
	in = imp_wr(cmd, sizeof cmd);
	imp_wr_put(&in, imp_span("\x00\xA4\x04\x04\x0C", 5));
	cmd[0] = modem.channel;
	assert_int_equal(imp_hex_get(&in, imp_span(aid, 24)), IMP_OK);
	out.n = 0;
	assert_int_equal(modem.card.transceive(modem.card.ctx, imp_wr_span(&in), &out), IMP_OK);
	modem.open++;
	if (!modem.session)
		modem.session = modem.channel;
	snprintf(text, sizeof text, modem.bare ? "%u" : "+CCHO: %u", modem.session);
	line(text);
	line("OK");
}

static void close_channel(void)
{
	uint8_t cmd[] = { 0x00, 0x70, 0x80, modem.channel }, rsp[2];
	struct imp_wr out = imp_wr(rsp, sizeof rsp);

	if (!modem.open)
		modem.complaint = "closed twice";
	assert_int_equal(modem.card.transceive(modem.card.ctx, imp_span(cmd, 4), &out), IMP_OK);
	modem.open--;
	if (!modem.bare)
		line("+CCHC");
	line("OK");
}

static void obey(const char *s)
{
	unsigned session, length;
	int at = 0;
	char aid[40];

	if (sscanf(s, "AT+CSIM=%u,\"%n", &length, &at) == 1 && at) {
		modem.csim++;
		assert_int_equal(strlen(s + at), length + 1);
		carry("+CSIM", s + at, length, false);
	} else if (sscanf(s, "AT+CGLA=%u,%u,\"%n", &session, &length, &at) == 2 && at) {
		modem.cgla++;
		if (session != modem.session || !modem.open)
			modem.complaint = "no such session";
		assert_int_equal(strlen(s + at), length + 1);
		carry("+CGLA", s + at, length, true);
	} else if (sscanf(s, "AT+CCHO=\"%24[0-9A-F]\"", aid) == 1) {
		assert_string_equal(aid, "A000000063504B43532D3135");
		open_channel(aid);
	} else if (sscanf(s, "AT+CCHC=%u", &session) == 1 && session == modem.session) {
		close_channel();
	} else {
		modem.complaint = "unknown command";
		line("ERROR");
	}
}

static int exchange(void *ctx, const char *s, char *answer, size_t cap)
{
	assert_ptr_equal(ctx, &modem);
	modem.n = 0;
	modem.exchanges++;
	if (modem.echo) {
		say(s);
		say("\r");
	}
	if (modem.exchanges != modem.at || modem.trouble == TWICE || modem.trouble == SHORT) {
		obey(s);
	} else {
		switch (modem.trouble) {
		case SILENT:
			return 0;
		case GONE:
			return -1;
		case ERROR:
			line("ERROR");
			break;
		case CME:
			line("+CME ERROR: 14");
			break;
		case NO_FINAL:
			line("+CSIM: 4,\"9000\"");
			break;
		case TOO_LONG:
			return (int)cap + 1;
		case RUBBISH:
		case FINE:
		case TWICE:
		case SHORT:
		default:
			line("+CSIM: 4,\"90x0\"");
			line("OK");
		}
	}
	if (!imr_at_final(modem.text, modem.n) && modem.trouble != NO_FINAL)
		modem.complaint = "no final result";
	assert_true(modem.n <= cap);
	memcpy(answer, modem.text, modem.n);
	return (int)modem.n;
}

/* ---- the reader behind it ---- */

static struct imr_modem at;
static struct imr_report report;
static struct seen seen, plain;
static uint8_t buffer[32768 + IMR_CARD_ROOM], payload[PAYLOAD];

static enum imr_status load(enum imr_at_mode mode, unsigned protocol, uint32_t options)
{
	struct imp_softcard *softcard = ready_card(protocol, ready_payload(payload, PAYLOAD));
	struct imr_card card;
	struct imr_config config = { .card = &card,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = seen_visit,
		.ctx = &seen,
		.options = options };
	enum imr_status st;

	assert_non_null(softcard);
	imp_softcard_as_card(softcard, &modem.card);
	memset(&at, 0, sizeof at);
	at.ctx = &modem;
	at.exchange = exchange;
	at.mode = mode;
	at.with_le = protocol == 1;
	imr_at_card(&at, &card);
	seen_init(&seen);
	st = imr_load(&config, &report);
	assert_true(imp_span_all(imp_span(at.line, sizeof at.line), 0));
	assert_true(imp_span_all(imp_span(at.answer, sizeof at.answer), 0));
	imp_softcard_free(softcard);
	return st;
}

static void loads(const char *why, enum imr_at_mode mode, unsigned protocol)
{
	enum imr_status st = load(mode, protocol, 0);

	if (st != IMR_OK || modem.complaint)
		fail_msg("%s: %s, SW %04X, %s", why, imr_status_text(st), report.card_sw,
			modem.complaint ? modem.complaint : "");
	assert_true(seen_equal(&seen, &plain));
	assert_int_equal(modem.open, 0);
}

static void habits(void **state)
{
	static const struct {
		const char *why;
		struct modem modem;
	} rows[] = {
		{ "plain", { .n = 0 } },
		{ "echo", { .echo = true } },
		{ "line feeds alone", { .lf_only = true } },
		{ "number alone", { .bare = true } },
		{ "no quotes", { .no_quotes = true } },
		{ "unsolicited lines", { .urc = true, .echo = true } },
		{ "no space", { .no_space = true } },
		{ "small letters", { .lower = true } },
		{ "session 0", { .session = 4000000000U, .own_cla = true } },
		{ "session 20", { .session = 20, .own_cla = true } },
		{ "session 1", { .session = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned protocol = 0; protocol < 2; protocol++) {
			modem = rows[i].modem;
			loads(rows[i].why, IMR_AT_CSIM, protocol);
			assert_int_equal(modem.cgla, 0);
			modem = rows[i].modem;
			loads(rows[i].why, IMR_AT_CCHO, protocol);
			assert_true(modem.cgla > 5 && modem.csim <= 4);
		}
}

/* A modem that keeps channels to itself: refused, or read on the basic channel where that is
 * wished. */
static void no_channels(void **state)
{
	(void)state;
	for (unsigned mode = IMR_AT_CSIM; mode <= IMR_AT_CCHO; mode++) {
		modem = (struct modem){ .no_csim_channels = true, .no_ccho = true };
		assert_int_equal(load((enum imr_at_mode)mode, 0, 0), IMR_E_REFUSED);
		assert_int_equal(report.card_sw, 0x6881);
		modem = (struct modem){ .no_csim_channels = true, .no_ccho = true };
		assert_int_equal(load((enum imr_at_mode)mode, 0, IMR_OPT_BASIC_CHANNEL), IMR_OK);
		assert_true(seen_equal(&seen, &plain));
		assert_int_equal(modem.cgla, 0);
	}
}

/* Whatever goes wrong at whichever exchange: a named end, nothing left behind, nothing left open.
 */
static void troubles(void **state)
{
	unsigned runs = 0, failed = 0;

	(void)state;
	for (unsigned mode = IMR_AT_CSIM; mode <= IMR_AT_CCHO; mode++)
		for (unsigned trouble = SILENT; trouble <= TOO_LONG; trouble++)
			for (unsigned n = 1; n <= 20; n++) {
				enum imr_status st;

				modem = (struct modem){ .at = n, .trouble = (enum trouble)trouble };
				st = load((enum imr_at_mode)mode, 0, 0);
				assert_true(st == IMR_OK || st == IMR_E_IO || st == IMR_E_REFUSED ||
					    st == IMR_E_NONE || st == IMR_E_DAMAGED);
				runs++;
				failed += st != IMR_OK;
				assert_true(st != IMR_OK || seen_equal(&seen, &plain));
				assert_true(modem.exchanges < 60);
			}
	printf("%u loads with one bad exchange, %u of them fail\n", runs, failed);
	assert_true(failed > runs / 2);
}

static void cme(void **state)
{
	(void)state;
	modem = (struct modem){ .at = 1, .trouble = CME };
	(void)load(IMR_AT_CSIM, 0, 0);
	assert_int_equal(report.card, IMR_E_IO);
	modem = (struct modem){ .no_ccho = true };
	assert_int_equal(load(IMR_AT_CCHO, 0, 0), IMR_E_REFUSED);
	assert_int_equal(at.cme, 20);
}

/* ---- answers taken apart ---- */

static const struct {
	const char *text;
	enum imr_status st;
	size_t n;
	unsigned cme;
} rows[] = {
	{ "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", IMR_OK, 2, 0 },
	{ "+CSIM: 4,\"9000\"\nOK\n", IMR_OK, 2, 0 },
	{ "+CSIM:4,9000\rOK\r", IMR_OK, 2, 0 },
	{ "+CSIM: 4 , \"9000\" \r\nOK\r\n", IMR_OK, 2, 0 },
	{ "+CSIM: 0,\"\"\r\nOK\r\n", IMR_OK, 0, 0 },
	{ "AT+CSIM=10,\"00B0000000\"\r\r\n+CSIM: 4,\"6D00\"\r\n\r\nOK\r\n", IMR_OK, 2, 0 },
	{ "OK\r\n+CSIM: 4,\"9000\"\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4,\"9000\"\r\n+CSIM: 4,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CGLA: 4,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4,\"9000\"\r\nOK", IMR_E_IO, 0, 0 },
	{ "+CSIM: 4,\"9000\"\r\nOKAY\r\n", IMR_E_IO, 0, 0 },
	{ "", IMR_E_IO, 0, 0 },
	{ "\r\n\r\n", IMR_E_IO, 0, 0 },
	{ "ERROR\r\n", IMR_E_REFUSED, 0, 0 },
	{ "+CSIM: 4,\"9000\"\r\nERROR\r\n", IMR_E_REFUSED, 0, 0 },
	{ "+CME ERROR: 13\r\n", IMR_E_REFUSED, 0, 13 },
	{ "+CMS ERROR:513\r\n", IMR_E_REFUSED, 0, 513 },
	{ "+CME ERROR: SIM failure\r\n", IMR_E_REFUSED, 0, 0 },
	{ "+CME ERROR: 99999999999\r\n", IMR_E_REFUSED, 0, 0 },
	{ "+CSIM: 2,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 6,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 3,\"900\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4,\"90G0\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4,\"9000\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4,9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: ,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: -4,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 4294967300,\"9000\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
	{ "+CSIM: 18,\"000102030405060708\"\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 }, /* cap is 8 */
	{ "+CSIM:\r\nOK\r\n", IMR_E_DAMAGED, 0, 0 },
};

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_span copy = vec_copy(imp_span(rows[i].text, strlen(rows[i].text)));
		uint8_t to[8];
		size_t got = 99;
		uint16_t code = 0;
		enum imr_status st = imr_at_octets(
			(const char *)copy.p, copy.n, "+CSIM", to, sizeof to, &got, &code);

		vec_free(copy);
		if (st != rows[i].st || code != rows[i].cme)
			fail_msg("%s: %s, %u", rows[i].text, imr_status_text(st), code);
		assert_int_equal(got, st == IMR_OK ? rows[i].n : 99);
	}
}

static const char good[] =
	"AT+CSIM=10,\"00B0000000\"\r\r\n+CREG: 1\r\n\r\n+CSIM: 8,\"A5C39000\"\r\n\r\nOK\r\n";

static enum imr_status parse(struct imp_span text, uint8_t to[4])
{
	size_t got = 0;
	uint16_t code = 0;
	enum imr_status st =
		imr_at_octets((const char *)text.p, text.n, "+CSIM", to, 4, &got, &code);

	assert_true(st != IMR_OK || got == 4 || got == 0 || got % 2 == 0);
	return st;
}

static void cuts(void **state)
{
	uint8_t to[4];

	(void)state;
	assert_int_equal(parse(imp_span(good, sizeof good - 1), to), IMR_OK);
	/* The line feed behind OK may be missing. */
	for (size_t n = 0; n < sizeof good - 2; n++) {
		struct imp_span copy = vec_copy(imp_span(good, n));

		if (imr_at_final((const char *)copy.p, n) || parse(copy, to) != IMR_E_IO)
			fail_msg("%zu characters pass", n);
		vec_free(copy);
	}
	assert_true(imr_at_final(good, sizeof good - 2));
}

/* A flipped bit is refused, means nothing, or makes another digit of a digit. */
static void flips(void **state)
{
	uint8_t text[sizeof good - 1], to[4];
	const char *digits = strstr(good, "A5C3");
	size_t from = (size_t)(digits - good);
	unsigned other = 0, same = 0;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
		struct imp_span copy;

		memcpy(text, good, sizeof text);
		text[bit / 8] ^= (uint8_t)(1U << bit % 8);
		copy = vec_copy(imp_span(text, sizeof text));
		if (parse(copy, to) == IMR_OK) {
			if (memcmp(to, "\xA5\xC3\x90\x00", 4) == 0)
				same++;
			else if (bit / 8 >= from && bit / 8 < from + 8)
				other++;
			else
				fail_msg("bit %zu", bit);
		}
		vec_free(copy);
	}
	printf("%zu bits flipped: %u mean nothing, %u are other digits\n", 8 * sizeof text, same,
		other);
	assert_true(other > 0 && same > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(habits),
		cmocka_unit_test(no_channels),
		cmocka_unit_test(troubles),
		cmocka_unit_test(cme),
		cmocka_unit_test(answers),
		cmocka_unit_test(cuts),
		cmocka_unit_test(flips),
	};

	seen_init(&plain);
	(void)imr_payload(ready_payload(payload, PAYLOAD).p, PAYLOAD, 0, seen_visit, &plain);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
