/* SPDX-License-Identifier: Apache-2.0 */
#include "card/session.h"

#include "base/hex.h"
#include "base/plural.h"
#include "base/secret.h"
#include "codec/sw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A card that keeps answering 61xx or 6Cxx is broken. */
#define FOLLOW_MAX 16
#define HEADER 4
#define TRACE_MAX (2 * IMP_APDU_MAX + 64)

struct exchange {
	uint8_t answer[IMP_RESPONSE_MAX];
	size_t n; /* without SW */
	uint16_t sw;
};

static void exchange_wipe(struct exchange *x)
{
	imp_wipe(x, sizeof *x);
}

/* ---- trace ---- */

static void put_octets(struct imp_wr *line, struct imp_span s, bool open)
{
	char hidden[32];

	if (!s.n)
		return;
	imp_wr_u8(line, ' ');
	if (open) {
		imp_hex_put(line, s);
		return;
	}
	(void)snprintf(hidden, sizeof hidden, "[%zu octet%s]", s.n, imp_s(s.n));
	imp_wr_text(line, hidden);
}

static void trace_line(const struct imp_session *session, struct imp_wr *line)
{
	imp_wr_u8(line, '\0');
	if (line->st == IMP_OK)
		session->trace(session->trace_ctx, (const char *)line->p);
}

static void trace_command(
	const struct imp_session *session, const struct imp_apdu *apdu, struct imp_span cmd)
{
	char text[TRACE_MAX];
	struct imp_wr line = imp_wr(text, sizeof text);
	size_t body = cmd.n - HEADER;

	if (!session->trace)
		return;
	imp_wr_text(&line, ">");
	put_octets(&line, imp_span(cmd.p, HEADER), true);
	if (apdu->data.n) {
		put_octets(&line, imp_span(cmd.p + HEADER, 1), true);
		put_octets(&line, apdu->data, apdu->open);
		body -= 1 + apdu->data.n;
	}
	put_octets(&line, imp_span(cmd.p + cmd.n - body, body), true);
	trace_line(session, &line);
}

static void trace_answer(
	const struct imp_session *session, const struct imp_apdu *apdu, struct imp_span answer)
{
	char text[TRACE_MAX];
	struct imp_wr line = imp_wr(text, sizeof text);

	if (!session->trace)
		return;
	imp_wr_text(&line, "<");
	put_octets(&line, imp_span(answer.p, answer.n - 2), apdu->open);
	put_octets(&line, imp_span(answer.p + answer.n - 2, 2), true);
	trace_line(session, &line);
}

/* ---- others on the same card ---- */

/* A command as it went over the wire, taken apart again. */
static struct imp_apdu parse(struct imp_span cmd)
{
	struct imp_apdu apdu = { .ins = cmd.n > 1 ? cmd.p[1] : 0 };

	apdu.open = apdu.ins == IMP_INS_SELECT || apdu.ins == IMP_INS_READ_RECORD ||
		    apdu.ins == IMP_INS_MANAGE_CHANNEL;
	if (cmd.n > HEADER + 1 && cmd.n - HEADER - 1 >= cmd.p[HEADER])
		apdu.data = imp_span(cmd.p + HEADER + 1, cmd.p[HEADER]);
	return apdu;
}

static enum imp_status tapped(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct imp_session *session = (struct imp_session *)ctx;
	const struct imp_apdu apdu = parse(cmd);
	size_t before = rsp->n;
	enum imp_status st;

	if (cmd.n >= HEADER)
		trace_command(session, &apdu, cmd);
	st = session->card->transceive(session->card->ctx, cmd, rsp);
	if (st == IMP_OK && rsp->st == IMP_OK && rsp->n >= before + 2)
		trace_answer(session, &apdu, imp_span(rsp->p + before, rsp->n - before));
	return st;
}

static bool tapped_blame(void *ctx, enum imp_status st, struct imp_diag *diag)
{
	const struct imp_session *session = (const struct imp_session *)ctx;

	return imp_card_blame(session->card, st, diag);
}

void imp_session_tap(struct imp_session *session, struct imp_card *out)
{
	*out = (struct imp_card){ .ctx = session, .transceive = tapped, .blame = tapped_blame };
}

/* ---- sending ---- */

static enum imp_status link_failed(struct imp_session *session, const struct imp_apdu *apdu,
	enum imp_status st, struct imp_diag *diag)
{
	session->blamed = imp_card_blame(session->card, st, diag);
	if (session->blamed)
		return st;
	if (st == IMP_E_ABSENT) {
		imp_diag(diag, st, "the card is gone (command %02X)", apdu->ins);
		imp_diag_hint(diag, "put the card back and repeat the same command");
	} else {
		imp_diag(diag, st, "no proper answer from the card (command %02X)", apdu->ins);
		imp_diag_hint(diag, "check the contact of the card and repeat the same command");
	}
	return st;
}

/* One command, one answer. */
static enum imp_status exchange(struct imp_session *session, const struct imp_apdu *apdu,
	struct exchange *x, struct imp_diag *diag)
{
	uint8_t cmd[IMP_APDU_MAX];
	struct imp_wr wr = imp_wr(cmd, sizeof cmd);
	struct imp_wr rsp = imp_wr(x->answer, sizeof x->answer);
	enum imp_status st;

	imp_apdu_put(&wr, apdu, session->channel);
	if (wr.st != IMP_OK)
		return imp_diag(
			diag, IMP_E_INTERNAL, "command %02X does not fit a short APDU", apdu->ins);
	session->tpdus++;
	trace_command(session, apdu, imp_wr_span(&wr));
	st = session->card->transceive(session->card->ctx, imp_wr_span(&wr), &rsp);
	imp_wipe(cmd, sizeof cmd);
	if (st == IMP_OK && (rsp.st != IMP_OK || rsp.n < 2))
		st = IMP_E_IO;
	if (st != IMP_OK)
		return link_failed(session, apdu, st, diag);
	x->n = rsp.n - 2;
	x->sw = (uint16_t)(x->answer[x->n] << 8 | x->answer[x->n + 1]);
	trace_answer(session, apdu, imp_wr_span(&rsp));
	return IMP_OK;
}

/* Octets that 61xx and 6Cxx speak of. */
static uint16_t length(uint16_t sw)
{
	return (sw & 0xFFU) ? (uint16_t)(sw & 0xFFU) : 256;
}

static struct imp_apdu get_response(const struct imp_apdu *apdu, uint16_t sw)
{
	struct imp_apdu next = { .ins = IMP_INS_GET_RESPONSE, .open = apdu->open };

	next.le = length(sw);
	return next;
}

enum imp_status imp_session_send(struct imp_session *session, const struct imp_apdu *apdu,
	struct imp_wr *out, uint16_t *sw, struct imp_diag *diag)
{
	__attribute__((cleanup(exchange_wipe))) struct exchange x = { .n = 0 };
	struct imp_apdu next = *apdu;

	*sw = 0;
	session->apdus++;
	for (int i = 0; i < FOLLOW_MAX; i++) {
		enum imp_status st = exchange(session, &next, &x, diag);

		if (st != IMP_OK)
			return st;
		/* A command that asked for nothing is not sent twice: of a VERIFY that would be a
		 * second try, with Le in the place of Lc (B.6). */
		if (imp_sw_class(x.sw) == IMP_SW_LENGTH && next.le) {
			next.le = length(x.sw);
			continue;
		}
		if (out)
			imp_wr_put(out, imp_span(x.answer, x.n));
		if (out && out->st != IMP_OK)
			return imp_diag(diag, out->st, "the card's answer is longer than expected");
		if (imp_sw_class(x.sw) != IMP_SW_MORE) {
			*sw = x.sw;
			return IMP_OK;
		}
		next = get_response(apdu, x.sw);
	}
	return link_failed(session, apdu, IMP_E_IO, diag);
}

enum imp_status imp_session_refused(struct imp_diag *diag, uint16_t sw, const char *fmt, ...)
{
	const struct imp_sw *row = imp_sw(sw);
	enum imp_status st = imp_sw_status(sw);
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	imp_diag(diag, st == IMP_OK ? IMP_E_REFUSED : st, "%s: SW %04X, %s", what, sw, row->text);
	if (diag)
		diag->sw = sw;
	imp_diag_hint(diag, "%s", row->hint);
	return st == IMP_OK ? IMP_E_REFUSED : st;
}

enum imp_status imp_session_expect(struct imp_session *session, const struct imp_apdu *apdu,
	struct imp_wr *out, const char *what, struct imp_diag *diag)
{
	uint16_t sw;
	enum imp_status st = imp_session_send(session, apdu, out, &sw, diag);

	if (st != IMP_OK || imp_sw_ok(sw))
		return st;
	return imp_session_refused(diag, sw, "%s", what);
}

enum imp_status imp_session_reset(struct imp_session *session, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	session->channel = 0;
	if (session->card->reset)
		st = session->card->reset(session->card->ctx);
	session->blamed = st != IMP_OK && imp_card_blame(session->card, st, diag);
	if (st != IMP_OK && !session->blamed) {
		imp_diag(diag, st, "the card cannot be reset");
		imp_diag_hint(diag, "take the card out, put it back and repeat the same command");
	}
	return st;
}
