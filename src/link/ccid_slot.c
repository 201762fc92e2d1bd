/* SPDX-License-Identifier: Apache-2.0 */
#include "link/ccid_slot.h"

#include "base/rd.h"
#include "base/secret.h"

#include <string.h>

/* ---- bounds: a reader that answers for ever is not a reader ---- */

#define TIMEOUT_MS 5000U
#define DRAIN_MS 50U
#define DRAINS_MAX 32U
#define STATUS_MS 1000U	    /* answers for which no card is asked */
#define EXTENSIONS_MAX 240U /* a card may ask for more time, each time for one timeout */
#define STALE_MAX 16U	    /* answers to commands given up earlier */
#define EMPTY_MAX 2U	    /* zero-length packets before a message */
#define LINKS_MAX 64U	    /* of one chain */

enum type {
	SET_PARAMETERS = 0x61,
	POWER_ON = 0x62,
	POWER_OFF = 0x63,
	GET_SLOT_STATUS = 0x65,
	XFR_BLOCK = 0x6F,
	ABORT = 0x72,
	DATA_BLOCK = 0x80,
	SLOT_STATUS = 0x81,
	PARAMETERS = 0x82,
};

#define HEADER 10
#define DESCRIPTOR 54
#define DESCRIPTOR_TYPE 0x21
#define ICC_ABSENT 2
#define ERROR_MUTE 0xFE

/* wLevelParameter and bChainParameter (6.1.4, 6.2.1) */
enum chain { CHAIN_WHOLE, CHAIN_FIRST, CHAIN_LAST, CHAIN_MIDDLE, CHAIN_NEXT = 0x10 };

/* ---- descriptor ---- */

static uint32_t le32(const uint8_t *p)
{
	struct imp_rd rd = imp_rd(imp_span(p, 4));

	return imp_rd_le32(&rd);
}

static enum imp_status level(uint32_t features, enum imp_ccid_level *out)
{
	static const enum imp_ccid_level levels[] = {
		[1] = IMP_CCID_TPDU,
		[2] = IMP_CCID_SHORT_APDU,
		[4] = IMP_CCID_APDU,
	};
	uint32_t which = features >> 16 & 7;

	if (which != 1 && which != 2 && which != 4)
		return IMP_E_UNSUPPORTED;
	*out = levels[which];
	return IMP_OK;
}

enum imp_status imp_ccid_info(
	struct imp_ccid_info *info, struct imp_span extra, const char *name, struct imp_diag *diag)
{
	const uint8_t *d = extra.p;
	struct imp_ccid_info got;
	uint32_t features;
	size_t left = extra.n;

	for (; left >= 2 && !(d[0] == DESCRIPTOR && d[1] == DESCRIPTOR_TYPE); d += d[0]) {
		if (d[0] < 2 || d[0] > left)
			return imp_diag(diag, IMP_E_FORMAT, "%s: malformed descriptors", name);
		left -= d[0];
	}
	if (left == 0)
		return imp_diag(diag, IMP_E_ABSENT, "%s: no CCID descriptor", name);
	if (left < DESCRIPTOR)
		return imp_diag(diag, IMP_E_FORMAT, "%s: the CCID descriptor is cut", name);
	features = le32(d + 40);
	got = (struct imp_ccid_info){ .slots = (uint8_t)(d[4] < 16 ? d[4] + 1 : 16),
		.voltages = d[5] & 7,
		.auto_voltage = features & 0x08,
		.auto_parameters = features & 0x02 || features & 0x40,
		.message_max = le32(d + 44) };
	if (level(features, &got.level) != IMP_OK) {
		imp_diag(diag, IMP_E_UNSUPPORTED, "%s: exchanges single characters only", name);
		imp_diag_hint(diag, "use it through pcscd: --reader");
		return IMP_E_UNSUPPORTED;
	}
	if (got.message_max <= HEADER)
		return imp_diag(diag, IMP_E_FORMAT, "%s: takes messages of %u octets", name,
			got.message_max);
	*info = got;
	return IMP_OK;
}

/* ---- one message out, one in ---- */

struct command {
	enum type type, answer;
	uint8_t specific[3];
	struct imp_span data;
};

struct answer {
	uint8_t b[IMP_CCID_MESSAGE_MAX + IMP_CCID_PACKET_MAX];
	size_t n;  /* octets of data, from b + HEADER */
	bool open; /* whole packets: an empty one may follow */
	uint8_t sequence, status, error, chain;
};

static void answer_wipe(struct answer *a)
{
	imp_wipe(a, sizeof *a);
}
#define ANSWER __attribute__((cleanup(answer_wipe))) struct answer

static enum imp_status send(struct imp_ccid_slot *s, const struct command *c, uint8_t sequence)
{
	const struct imp_ccid_pipe *pipe = &s->pipe;
	uint8_t message[HEADER + IMP_APDU_MAX];
	struct imp_wr wr = imp_wr(message, sizeof message);
	enum imp_status st;

	imp_wr_u8(&wr, (uint8_t)c->type);
	imp_wr_le32(&wr, (uint32_t)c->data.n);
	imp_wr_u8(&wr, s->number);
	imp_wr_u8(&wr, sequence);
	imp_wr_put(&wr, imp_span(c->specific, sizeof c->specific));
	imp_wr_put(&wr, c->data);
	st = wr.st == IMP_OK ? pipe->out(pipe->ctx, imp_wr_span(&wr)) : wr.st;
	if (st == IMP_OK && wr.n % pipe->packet == 0)
		st = pipe->out(pipe->ctx, imp_span(NULL, 0));
	imp_wipe(message, sizeof message);
	return st;
}

/*
 * A message may come in more transfers than one, and one of whole packets may end with an empty
 * packet or not: only what is still missing is asked for, and empty packets before it are skipped.
 */
static enum imp_status take(struct imp_ccid_slot *s, struct answer *a, unsigned timeout_ms)
{
	const struct imp_ccid_pipe *pipe = &s->pipe;
	size_t have = 0, need = HEADER, empty = 0;

	while (have < need) {
		size_t whole = (need - have + pipe->packet - 1) / pipe->packet * pipe->packet;
		size_t got = 0;
		enum imp_status st = pipe->in(pipe->ctx, a->b + have, whole, timeout_ms, &got);

		if (st != IMP_OK)
			return st;
		if (got > whole || (got == 0 && (have || empty++ == EMPTY_MAX)))
			return IMP_E_IO;
		have += got;
		if (have >= HEADER) {
			uint32_t n = le32(a->b + 1);

			if (n > IMP_CCID_MESSAGE_MAX - HEADER)
				return IMP_E_IO;
			need = HEADER + n;
		}
		if (have < need && got && got < whole)
			return IMP_E_IO; /* cut */
	}
	a->n = need - HEADER;
	a->open = have % pipe->packet == 0;
	a->sequence = a->b[6];
	a->status = a->b[7];
	a->error = a->b[8];
	a->chain = a->b[9];
	return have == need ? IMP_OK : IMP_E_IO;
}

/*
 * Take the empty packet behind an answer of whole ones, when there is one: a reader that has it
 * still to send may not listen.  IMP_E_IO: something else came.
 */
static enum imp_status close_answer(struct imp_ccid_slot *s, const struct answer *a)
{
	const struct imp_ccid_pipe *pipe = &s->pipe;
	uint8_t octets[IMP_CCID_PACKET_MAX];
	size_t got = 0;
	enum imp_status st;

	if (!a->open)
		return IMP_OK;
	st = pipe->in(pipe->ctx, octets, pipe->packet, DRAIN_MS, &got);
	imp_wipe(octets, sizeof octets);
	return st != IMP_OK || got == 0 ? IMP_OK : IMP_E_IO;
}

/* The answer to the command with this sequence number; what is left of older ones is dropped. */
static enum imp_status await(
	struct imp_ccid_slot *s, const struct command *c, uint8_t sequence, struct answer *a)
{
	unsigned usual = s->pipe.timeout_ms ? s->pipe.timeout_ms : TIMEOUT_MS;
	unsigned timeout = c->answer == SLOT_STATUS && usual > STATUS_MS ? STATUS_MS : usual;
	unsigned stale = 0, extensions = 0;

	for (;;) {
		enum imp_status st = take(s, a, timeout);

		if (st != IMP_OK)
			return st;
		if (a->b[5] != s->number || a->sequence != sequence) {
			if (stale++ == STALE_MAX)
				return IMP_E_IO;
		} else if (a->status >> 6 == 2) { /* the card asks for more time */
			if (extensions++ == EXTENSIONS_MAX)
				return IMP_E_IO;
		} else {
			return a->b[0] == c->answer ? close_answer(s, a) : IMP_E_IO;
		}
	}
}

/* What the answer says of the command.  IMP_E_REFUSED: the reader is fine, bError in s->error. */
static enum imp_status outcome(struct imp_ccid_slot *s, const struct answer *a)
{
	s->icc = a->status & 3;
	s->error = 0;
	if (a->status >> 6 == 0)
		return IMP_OK;
	s->error = a->error;
	return s->icc == ICC_ABSENT ? IMP_E_ABSENT : IMP_E_REFUSED;
}

/* ---- resynchronisation (5.3.1): abort, then ask for the state ---- */

static const struct command abort_command = { .type = ABORT, .answer = SLOT_STATUS };
static const struct command status_command = { .type = GET_SLOT_STATUS, .answer = SLOT_STATUS };

static enum imp_status ask(struct imp_ccid_slot *s, const struct command *c, struct answer *a)
{
	uint8_t sequence = s->sequence++;
	enum imp_status st = send(s, c, sequence);

	return st == IMP_OK ? await(s, c, sequence, a) : st;
}

/* What still comes of an answer that made no sense. */
static void drain(const struct imp_ccid_pipe *pipe)
{
	uint8_t octets[IMP_CCID_PACKET_MAX];
	size_t got;

	for (unsigned i = 0; i < DRAINS_MAX; i++)
		if (pipe->in(pipe->ctx, octets, pipe->packet, DRAIN_MS, &got) != IMP_OK)
			break;
	imp_wipe(octets, sizeof octets);
}

/* IMP_OK: the next answer is the one to the next command.  IMP_E_ABSENT: the reader is gone. */
static enum imp_status resynchronise(struct imp_ccid_slot *s)
{
	const struct imp_ccid_pipe *pipe = &s->pipe;
	uint8_t sequence = s->sequence++;
	enum imp_status st = pipe->abort(pipe->ctx, s->number, sequence);
	ANSWER a;

	s->lost = true;
	drain(pipe);
	if (st == IMP_OK)
		st = send(s, &abort_command, sequence);
	if (st == IMP_OK)
		st = await(s, &abort_command, sequence, &a);
	if (st == IMP_E_ABSENT)
		return st;
	/* Readers without ABORT stall or refuse it; a state that is answered proves as much. */
	if (st != IMP_OK && pipe->clear(pipe->ctx) == IMP_E_ABSENT)
		return IMP_E_ABSENT;
	st = ask(s, &status_command, &a);
	if (st != IMP_OK)
		return st;
	(void)outcome(s, &a);
	s->lost = false;
	return IMP_OK;
}

/* One command and its answer.  IMP_E_IO: there was none that makes sense; the reader has been
 * resynchronised as far as it goes.  IMP_E_ABSENT: reader or card gone. */
static enum imp_status command(struct imp_ccid_slot *s, const struct command *c, struct answer *a)
{
	enum imp_status st = IMP_OK;

	s->icc = 0;
	if (s->lost)
		st = resynchronise(s);
	if (st == IMP_OK)
		st = ask(s, c, a);
	if (st == IMP_OK)
		return outcome(s, a);
	if (st == IMP_E_ABSENT || resynchronise(s) == IMP_E_ABSENT)
		return IMP_E_ABSENT;
	return s->icc == ICC_ABSENT ? IMP_E_ABSENT : IMP_E_IO;
}

/* ---- the card ---- */

void imp_ccid_slot(struct imp_ccid_slot *slot, const struct imp_ccid_pipe *pipe,
	const struct imp_ccid_info *info, uint8_t number)
{
	*slot = (struct imp_ccid_slot){ .pipe = *pipe, .info = *info, .number = number };
}

enum imp_status imp_ccid_present(struct imp_ccid_slot *s, bool *present)
{
	ANSWER a;
	enum imp_status st = command(s, &status_command, &a);

	if (st == IMP_E_IO || (st == IMP_E_ABSENT && s->icc != ICC_ABSENT))
		return st;
	*present = s->icc != ICC_ABSENT;
	return IMP_OK;
}

/* The first protocol that the card offers, and what T=0 needs of the rest (ISO 7816-3, 8.2). */
struct offer {
	uint8_t protocol;
	uint8_t ta1, tc1, tc2, ta2;
	bool specific; /* TA2 is there: the parameters hold at once */
	bool inverse;
};

static enum imp_status offered(struct imp_span atr, struct offer *offer)
{
	struct imp_rd rd = imp_rd(atr);
	struct offer o = { .ta1 = 0x11, .tc2 = 0x0A };
	uint8_t ts = imp_rd_u8(&rd), y = imp_rd_u8(&rd) >> 4;
	bool named = false;

	o.inverse = ts == 0x3F;
	if (ts != 0x3B && ts != 0x3F)
		return IMP_E_FORMAT;
	for (unsigned i = 1; y && rd.st == IMP_OK; i++) {
		uint8_t ta = y & 1 ? imp_rd_u8(&rd) : 0;
		uint8_t tc;

		if (y & 2)
			(void)imp_rd_u8(&rd);
		tc = y & 4 ? imp_rd_u8(&rd) : 0;
		if (i == 1) {
			o.ta1 = y & 1 ? ta : o.ta1;
			o.tc1 = tc;
		} else if (i == 2) {
			o.specific = y & 1;
			o.ta2 = ta;
			o.tc2 = y & 4 ? tc : o.tc2;
		}
		if (!(y & 8))
			break;
		y = imp_rd_u8(&rd);
		if (!named)
			o.protocol = y & 0x0F;
		named = true;
		y >>= 4;
	}
	if (o.specific)
		o.protocol = o.ta2 & 0x0F;
	*offer = o;
	return rd.st == IMP_OK ? IMP_OK : IMP_E_FORMAT;
}

/* A reader that does not read the ATR by itself is told (6.1.7); T=0 without negotiation. */
static enum imp_status set_parameters(struct imp_ccid_slot *s, const struct offer *o)
{
	bool by_card = o->specific && !(o->ta2 & 0x10);
	const uint8_t t0[] = { by_card ? o->ta1 : 0x11, o->inverse ? 2 : 0, o->tc1, o->tc2, 0 };
	const struct command c = {
		.type = SET_PARAMETERS, .answer = PARAMETERS, .data = imp_span(t0, sizeof t0)
	};
	ANSWER a;

	return command(s, &c, &a);
}

static enum imp_status power(struct imp_ccid_slot *s, uint8_t voltage)
{
	const struct command c = {
		.type = POWER_ON, .answer = DATA_BLOCK, .specific = { voltage }
	};
	ANSWER a;
	enum imp_status st = command(s, &c, &a);

	if (st != IMP_OK)
		return st;
	if (a.n < 2 || a.n > sizeof s->atr || a.chain != CHAIN_WHOLE)
		return IMP_E_IO;
	s->atr_n = a.n;
	memcpy(s->atr, a.b + HEADER, a.n);
	return IMP_OK;
}

/* From the lowest voltage upwards, so that no card gets more than it bears (ISO 7816-3, 6.2.3). */
static enum imp_status power_up(struct imp_ccid_slot *s)
{
	enum imp_status st = IMP_E_REFUSED;

	if (s->info.auto_voltage || !s->info.voltages)
		return power(s, 0);
	for (uint8_t v = 3; v > 0 && st == IMP_E_REFUSED; v--)
		if (s->info.voltages >> (v - 1) & 1)
			st = power(s, v);
	return st;
}

static const struct {
	uint8_t error;
	const char *text;
} errors[] = {
	{ 0xFF, "the command was aborted" },
	{ ERROR_MUTE, "the card does not answer; check its side and its contacts" },
	{ 0xFD, "characters arrive damaged" },
	{ 0xFC, "the reader was overrun" },
	{ 0xFB, "hardware error of the reader" },
	{ 0xF8, "the answer to reset begins wrongly" },
	{ 0xF7, "the check octet of the answer to reset is wrong" },
	{ 0xF6, "the reader does not know the card's protocol" },
	{ 0xF5, "the reader does not know the card's class" },
	{ 0xF4, "wrong procedure octet from the card" },
	{ 0xF3, "the protocol is switched off" },
	{ 0xF2, "the reader is busy with a sequence of its own" },
	{ 0xE0, "the slot is busy" },
	{ 0x00, "the reader does not know the command" },
};

static enum imp_status no_card(
	const struct imp_ccid_slot *s, enum imp_status st, const char *name, struct imp_diag *diag)
{
	if (st == IMP_E_ABSENT) {
		imp_diag(diag, st, "%s: %s", name,
			s->icc == ICC_ABSENT ? "no card in the reader" : "the reader is gone");
		imp_diag_hint(
			diag, s->icc == ICC_ABSENT ? "put a card in" : "plug the reader in again");
		return st;
	}
	if (st == IMP_E_REFUSED)
		for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
			if (errors[i].error == s->error)
				return imp_diag(diag, IMP_E_IO, "%s: %s", name, errors[i].text);
	if (st == IMP_E_REFUSED)
		return imp_diag(diag, IMP_E_IO, "%s: the reader refuses octet %u of a command",
			name, s->error);
	imp_diag(diag, IMP_E_IO, "%s: no proper answer from the reader", name);
	imp_diag_hint(diag, "unplug the reader and plug it in again");
	return IMP_E_IO;
}

enum imp_status imp_ccid_power_on(struct imp_ccid_slot *s, const char *name, struct imp_diag *diag)
{
	struct offer offer;
	enum imp_status st;

	s->atr_n = 0;
	imp_ccid_power_off(s); /* a card left powered is not at its beginning */
	st = power_up(s);
	if (st != IMP_OK)
		return no_card(s, st, name, diag);
	if (offered(imp_span(s->atr, s->atr_n), &offer) != IMP_OK)
		return imp_diag(diag, IMP_E_IO, "%s: malformed answer to reset", name);
	s->protocol = offer.protocol;
	if (s->info.level != IMP_CCID_TPDU)
		return IMP_OK;
	if (offer.protocol != 0) {
		imp_diag(diag, IMP_E_UNSUPPORTED,
			"%s: the card speaks T=%u, and this reader leaves that to the computer",
			name, offer.protocol);
		imp_diag_hint(diag, "use it through pcscd: --reader");
		return IMP_E_UNSUPPORTED;
	}
	st = s->info.auto_parameters ? IMP_OK : set_parameters(s, &offer);
	return st == IMP_OK ? IMP_OK : no_card(s, st, name, diag);
}

void imp_ccid_power_off(struct imp_ccid_slot *s)
{
	static const struct command c = { .type = POWER_OFF, .answer = SLOT_STATUS };
	ANSWER a;

	(void)command(s, &c, &a);
}

/* ---- APDUs ---- */

static enum imp_status transfer(
	struct imp_ccid_slot *s, struct imp_span data, enum chain chain, struct answer *a)
{
	const struct command c = { .type = XFR_BLOCK,
		.answer = DATA_BLOCK,
		.specific = { 0, (uint8_t)chain },
		.data = data };
	enum imp_status st = command(s, &c, a);

	return st == IMP_E_REFUSED ? IMP_E_IO : st;
}

/* The command in as many messages as the reader's buffer makes of it; the answer to the last one
 * begins the card's. */
static enum imp_status send_chain(struct imp_ccid_slot *s, struct imp_span cmd, struct answer *a)
{
	size_t room = s->info.message_max - HEADER, at = 0;

	if (cmd.n <= room)
		return transfer(s, cmd, CHAIN_WHOLE, a);
	if (s->info.level != IMP_CCID_APDU)
		return IMP_E_IO;
	for (;;) {
		size_t n = cmd.n - at < room ? cmd.n - at : room;
		bool last = at + n == cmd.n;
		enum chain chain = last ? CHAIN_LAST : at ? CHAIN_MIDDLE : CHAIN_FIRST;
		enum imp_status st = transfer(s, imp_span(cmd.p + at, n), chain, a);

		if (st != IMP_OK || last)
			return st;
		if (a->n || a->chain != CHAIN_NEXT)
			return IMP_E_IO;
		at += n;
	}
}

static enum imp_status exchange(struct imp_ccid_slot *s, struct imp_span cmd, struct imp_wr *whole)
{
	ANSWER a;
	enum imp_status st = send_chain(s, cmd, &a);

	for (unsigned i = 0; st == IMP_OK; i++) {
		/* CHAIN_FIRST only in the first link, CHAIN_MIDDLE only in later ones. */
		bool more = a.chain == (i ? CHAIN_MIDDLE : CHAIN_FIRST);

		if (!more && a.chain != (i ? CHAIN_LAST : CHAIN_WHOLE))
			return IMP_E_IO;
		imp_wr_put(whole, imp_span(a.b + HEADER, a.n));
		if (whole->st != IMP_OK || (more && i == LINKS_MAX))
			return IMP_E_IO;
		if (!more)
			return whole->n < 2 ? IMP_E_IO : IMP_OK;
		st = transfer(s, imp_span(NULL, 0), CHAIN_NEXT, &a);
	}
	return st;
}

enum imp_status imp_ccid_transceive(
	struct imp_ccid_slot *s, struct imp_span cmd, struct imp_wr *rsp)
{
	uint8_t tpdu[IMP_APDU_MAX], answer[IMP_RESPONSE_MAX];
	struct imp_wr whole = imp_wr(answer, sizeof answer);
	enum imp_status st;

	if (cmd.n < 4 || cmd.n > sizeof tpdu)
		return IMP_E_IO;
	memcpy(tpdu, cmd.p, cmd.n);
	if (s->info.level == IMP_CCID_TPDU) { /* ISO 7816-3, 12.2: P3 always, no Le behind data */
		if (cmd.n == 4)
			tpdu[cmd.n++] = 0;
		else if (cmd.n > 5 && cmd.n == 6U + tpdu[4])
			cmd.n--;
	}
	st = exchange(s, imp_span(tpdu, cmd.n), &whole);
	/* A chain broken off in the middle would answer the next command. */
	if (st == IMP_E_IO && !s->lost && resynchronise(s) == IMP_E_ABSENT)
		st = IMP_E_ABSENT;
	if (st == IMP_OK)
		imp_wr_put(rsp, imp_wr_span(&whole));
	imp_wipe(tpdu, sizeof tpdu);
	imp_wipe(answer, sizeof answer);
	return st == IMP_OK ? rsp->st : st;
}
