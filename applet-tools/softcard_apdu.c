/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport of the softcard: class byte, lengths, dispatch, and what T=0 and T=1 make of an answer
 * (TS 102 221 7.3.1).
 *
 * T=0: a command that brings data and has an answer ends with 61 LL and keeps it for GET RESPONSE,
 * which must be the next command; its status word, also a warning, comes with the data.  A command
 * that only asks gets 6C LL until Le is right.  T=1: the answer follows at once and needs an Le.
 */
#include "applet-tools/softcard_core.h"

#include <string.h>

#define INS_GET_RESPONSE 0xC0

static const struct command {
	uint8_t ins;
	uint8_t class; /* 00 interindustry, 80 proprietary */
	bool in;       /* brings data: P3 of T=0 is Lc */
	imp_sc_fn *run;
} commands[] = {
	{ 0x04, 0x00, true, imp_sc_deactivate },
	{ 0x20, 0x00, true, imp_sc_verify },
	{ 0x44, 0x00, true, imp_sc_activate },
	{ 0x70, 0x00, false, imp_sc_manage_channel },
	{ 0xA4, 0x00, true, imp_sc_select },
	{ 0xB0, 0x00, false, imp_sc_read_binary },
	{ 0xB2, 0x00, false, imp_sc_read_record },
	{ 0xD6, 0x00, true, imp_sc_update_binary },
	{ 0xDC, 0x00, true, imp_sc_update_record },
	{ 0xE0, 0x00, true, imp_sc_create },
	{ 0xE4, 0x00, true, imp_sc_delete },
	{ 0xF2, 0x80, false, imp_sc_status },
};

static const struct command *find(uint8_t ins)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].ins == ins)
			return &commands[i];
	return NULL;
}

/* Class byte, ISO 7816-4 5.4.1: kind, secure messaging, chaining, channel. */
static unsigned class_byte(const struct imp_softcard *card, uint8_t cla, uint8_t *channel)
{
	if ((cla & 0xC0) == 0x40)
		return cla & 0x20 ? SW_NO_SM : SW_NO_CHANNEL; /* channels 4 to 19 */
	if ((cla & 0xE0) != 0x00 && (cla & 0xF0) != 0x80)
		return SW_CLA;
	if (cla & 0x10)
		return SW_NO_CHAINING;
	if (cla & 0x0C)
		return SW_NO_SM;
	*channel = cla & 3;
	return card->channels[*channel].open ? SW_OK : SW_NO_CHANNEL;
}

static unsigned length_field(uint8_t octet)
{
	return octet ? octet : 256;
}

/* Body of a short command.  On T=0 the fifth octet is P3, 00 when the terminal sent four. */
static unsigned body(
	const struct imp_softcard *card, struct imp_span cmd, bool in, struct sc_apdu *c)
{
	size_t lc;

	if (cmd.n <= 5 && (!in || card->protocol != 0)) {
		c->has_le = cmd.n == 5 || card->protocol == 0;
		c->le = cmd.n == 5 ? length_field(cmd.p[4]) : 256;
		return SW_OK;
	}
	lc = cmd.n > 4 ? cmd.p[4] : 0;
	if (cmd.n <= 5 && lc == 0)
		return SW_OK;
	if (lc == 0 || (cmd.n != 5 + lc && cmd.n != 6 + lc))
		return SW_LENGTH;
	c->data = imp_span(cmd.p + 5, lc);
	c->has_le = cmd.n == 6 + lc;
	c->le = c->has_le ? length_field(cmd.p[5 + lc]) : 0;
	return SW_OK;
}

static void drop_pending(struct imp_softcard *card)
{
	imp_wipe(card->pending, sizeof card->pending);
	card->pending_n = 0;
}

static unsigned more(size_t n)
{
	return SW_MORE | (n & 0xFFU);
}

static unsigned get_response(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	unsigned sw = card->pending_sw;
	size_t left;

	if (card->pending_n == 0 || card->pending_channel != c->channel)
		return SW_CONDITIONS;
	if (c->p1 || c->p2)
		return SW_P1P2;
	if (c->data.n || !c->has_le)
		return SW_LENGTH;
	if (c->le > card->pending_n)
		return SW_WRONG_LE | (unsigned)card->pending_n;
	imp_wr_put(out, imp_span(card->pending, c->le));
	left = card->pending_n - c->le;
	memmove(card->pending, card->pending + c->le, left);
	card->pending_n = left;
	return left ? more(left) : sw;
}

/* What becomes of an answer of a command of the table. */
static unsigned deliver(struct imp_softcard *card, const struct command *cmd,
	const struct sc_apdu *c, struct imp_wr *out, unsigned sw)
{
	if (out->n == 0)
		return sw;
	if (!cmd->in) {
		if (c->le == out->n || (card->protocol == 1 && c->le > out->n))
			return sw;
		sw = SW_WRONG_LE | (out->n & 0xFFU);
		out->n = 0;
		return sw;
	}
	if (card->protocol == 1) {
		if (out->n > c->le)
			out->n = c->le;
		return sw;
	}
	memcpy(card->pending, out->p, out->n);
	card->pending_n = out->n;
	card->pending_sw = sw;
	card->pending_channel = c->channel;
	out->n = 0;
	return more(card->pending_n);
}

static unsigned dispatch(struct imp_softcard *card, struct imp_span cmd, struct imp_wr *out)
{
	struct sc_apdu c = { 0 };
	const struct command *known;
	bool response;
	unsigned sw;

	if (cmd.n < 4)
		return SW_LENGTH;
	c.cla = cmd.p[0];
	c.ins = cmd.p[1];
	c.p1 = cmd.p[2];
	c.p2 = cmd.p[3];
	response = c.ins == INS_GET_RESPONSE;
	if (!response)
		drop_pending(card);
	sw = class_byte(card, c.cla, &c.channel);
	if (sw != SW_OK)
		return sw;
	known = find(c.ins);
	if (!known && !response)
		return SW_INS;
	if (known && (c.cla & 0x80) != known->class)
		return SW_CLA;
	sw = body(card, cmd, known && known->in, &c);
	if (sw != SW_OK)
		return sw;
	if (response)
		return get_response(card, &c, out);
	return deliver(card, known, &c, out, known->run(card, &c, out));
}

void imp_sc_command(struct imp_softcard *card, struct imp_span cmd, struct imp_wr *rsp)
{
	uint8_t data[SC_RESPONSE_MAX];
	struct imp_wr out = imp_wr(data, sizeof data);
	unsigned sw = dispatch(card, cmd, &out);

	imp_wr_put(rsp, imp_wr_span(&out));
	imp_wr_be16(rsp, (uint16_t)sw);
	imp_wipe(data, sizeof data);
}
