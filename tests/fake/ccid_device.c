/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/ccid_device.h"

#include <string.h>

#define HEADER 10
#define NEXT 0x10

static const uint8_t atr_t1[] = { 0x3B, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xFF, 0x01, 0x13,
	0x18 };

static void complain(struct ccid_device *d, const char *what)
{
	d->complaints++;
	d->complaint = what;
}

void ccid_device(struct ccid_device *d, const struct imp_card *card)
{
	memset(d, 0, sizeof *d);
	d->card = card;
	d->features = CCID_APDU | CCID_AUTO;
	d->message_max = 271;
	d->packet = 64;
	d->slots = 1;
	d->present = true;
	d->atr = imp_span(atr_t1, sizeof atr_t1);
}

void ccid_device_plug(struct ccid_device *d)
{
	d->unplugged = false;
	d->powered = false;
	d->dead = false;
	d->flood = false;
	d->in_n = d->out_n = d->out_at = d->ends_n = d->ends_at = d->rest_n = 0;
}

/* ---- descriptors ---- */

static void put_le(uint8_t *p, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

struct imp_span ccid_device_class(const struct ccid_device *d, uint8_t out[54])
{
	memset(out, 0, 54);
	out[0] = 54;
	out[1] = 0x21;
	put_le(out + 2, 0x0110, 2);
	out[4] = (uint8_t)(d->slots - 1);
	out[5] = 7;		   /* 5, 3 and 1.8 V */
	put_le(out + 6, 3, 4);	   /* T=0 and T=1 */
	put_le(out + 10, 4000, 4); /* clock */
	put_le(out + 14, 4000, 4);
	put_le(out + 19, 10752, 4); /* rate */
	put_le(out + 23, 10752, 4);
	put_le(out + 28, 254, 4);
	put_le(out + 40, d->features, 4);
	put_le(out + 44, d->message_max, 4);
	out[48] = out[49] = 0xFF;
	out[53] = 1;
	return imp_span(out, 54);
}

size_t ccid_device_descriptors(const struct ccid_device *d, uint8_t out[CCID_DESCRIPTORS_MAX])
{
	static const uint8_t head[] = {
		18,
		1,
		0x00,
		0x02,
		0,
		0,
		0,
		64,
		0xE6,
		0x08,
		0x33,
		0x44,
		0x00,
		0x01,
		1,
		2,
		3,
		1,
		9,
		2,
		9 + 9 + 54 + 7 + 7,
		0,
		1,
		1,
		0,
		0x80,
		50,
		9,
		4,
		0,
		0,
		2,
		0x0B,
		0,
		0,
		0,
	};
	uint8_t ends[] = { 7, 5, 0x01, 2, 0, 0, 0, 7, 5, 0x82, 2, 0, 0, 0 };

	put_le(ends + 4, (uint32_t)d->packet, 2);
	put_le(ends + 11, (uint32_t)d->packet, 2);
	memcpy(out, head, sizeof head);
	(void)ccid_device_class(d, out + sizeof head);
	memcpy(out + sizeof head + 54, ends, sizeof ends);
	return sizeof head + 54 + sizeof ends;
}

/* ---- answers ---- */

/* Queue one transfer.  What nobody read before is in the way, as on a real pipe. */
static void queue(struct ccid_device *d, const uint8_t *p, size_t n)
{
	if (d->out_at == d->out_n && d->ends_at == d->ends_n)
		d->out_at = d->out_n = d->ends_at = d->ends_n = 0;
	if (n > sizeof d->out - d->out_n || d->ends_n == sizeof d->ends / sizeof *d->ends) {
		complain(d, "answers are not read");
		return;
	}
	if (n)
		memcpy(d->out + d->out_n, p, n);
	d->out_n += n;
	d->ends[d->ends_n++] = (uint16_t)d->out_n;
}

static void message(struct ccid_device *d, const uint8_t *p, size_t n)
{
	queue(d, p, n);
	if (n && n % d->packet == 0 && !d->no_zlp)
		queue(d, NULL, 0);
}

static uint8_t icc(const struct ccid_device *d)
{
	if (!d->present)
		return 2;
	return d->powered ? 0 : 1;
}

struct reply {
	uint8_t type, slot, sequence, status, error, chain;
	struct imp_span data;
};

static size_t encode(const struct reply *r, uint8_t *out)
{
	out[0] = r->type;
	put_le(out + 1, (uint32_t)r->data.n, 4);
	out[5] = r->slot;
	out[6] = r->sequence;
	out[7] = r->status;
	out[8] = r->error;
	out[9] = r->chain;
	if (r->data.n)
		memcpy(out + HEADER, r->data.p, r->data.n);
	return HEADER + r->data.n;
}

static void answer(struct ccid_device *d, const struct reply *r)
{
	uint8_t m[HEADER + 300];

	message(d, m, encode(r, m));
}

/* The answer to an XfrBlock, spoilt where it shall be. */
static void spoilt(struct ccid_device *d, struct reply r)
{
	uint8_t m[HEADER + 600];
	size_t n;

	switch (d->fault) {
	case CCID_SEQUENCE:
		r.sequence++;
		break;
	case CCID_SLOT:
		r.slot++;
		break;
	case CCID_STALE:
		r.sequence -= 3;
		for (unsigned i = 0; i < d->value; i++)
			answer(d, &r);
		r.sequence += 3;
		break;
	case CCID_EXTEND:
	case CCID_EXTEND_FOREVER:
		d->flood = d->fault == CCID_EXTEND_FOREVER;
		for (unsigned i = 0; i < (d->flood ? 1 : d->value); i++) {
			struct reply wait = r;

			wait.status |= 0x80;
			wait.error = 1;
			wait.data.n = 0;
			answer(d, &wait);
		}
		if (d->flood)
			return;
		break;
	case CCID_DEAD:
		d->dead = true;
		return;
	case CCID_MUTE:
		return;
	case CCID_FAILED:
		r.status |= 0x40;
		r.error = (uint8_t)d->value;
		r.data.n = 0;
		break;
	case CCID_REMOVED:
		d->present = d->powered = false;
		r.status = 0x42;
		r.error = 0xFE;
		r.data.n = 0;
		break;
	case CCID_UNPLUGGED:
		d->unplugged = true;
		return;
	case CCID_TYPE:
		r.type = 0x81;
		break;
	case CCID_SHORT:
		r.data = imp_span(d->rest, d->value);
		break;
	case CCID_EMPTY:
		for (unsigned i = 0; i < d->value; i++)
			queue(d, NULL, 0);
		break;
	case CCID_CHAIN:
		r.chain = (uint8_t)d->value;
		break;
	case CCID_CUT:
	case CCID_FLIP:
	case CCID_LONGER:
	case CCID_FINE:
	default:
		break;
	}
	n = encode(&r, m);
	if (d->fault == CCID_CUT && d->value < n)
		n = d->value;
	if (d->fault == CCID_FLIP && d->value / 8 < n)
		m[d->value / 8] ^= (uint8_t)(1U << d->value % 8);
	if (d->fault == CCID_LONGER) {
		memset(m + n, 0xA5, d->value);
		n += d->value;
	}
	message(d, m, n);
}

/* ---- commands ---- */

static struct reply reply_to(const struct ccid_device *d, uint8_t type)
{
	return (struct reply){ type, d->in[5], d->in[6], icc(d), 0, 0, { NULL, 0 } };
}

static void refuse(struct ccid_device *d, uint8_t type, uint8_t error)
{
	struct reply r = reply_to(d, type);

	r.status |= 0x40;
	r.error = error;
	answer(d, &r);
}

static void power_on(struct ccid_device *d)
{
	struct reply r;

	if (!d->present || (d->voltage && d->in[7] != d->voltage)) {
		refuse(d, 0x80, 0xFE);
		return;
	}
	if (d->powered)
		complain(d, "powered twice");
	(void)d->card->reset(d->card->ctx);
	d->powered = true;
	d->blocks = 0;
	r = reply_to(d, 0x80);
	r.data = d->atr;
	answer(d, &r);
}

/* A TPDU of T=0 has five octets, or as much more as its P3 says. */
static void check_tpdu(struct ccid_device *d)
{
	if (d->features & CCID_TPDU && d->command_n != 5 &&
		(d->command_n < 5 || d->command_n != 5U + d->command[4]))
		complain(d, "no TPDU of T=0");
}

/* The next part of the card's answer, as much as one message takes. */
static void answer_part(struct ccid_device *d)
{
	size_t room = d->message_max - HEADER, left = d->rest_n - d->rest_at;
	bool first = d->rest_at == 0, last = left <= room;
	struct reply r = reply_to(d, 0x80);

	r.data = imp_span(d->rest + d->rest_at, last ? left : room);
	r.chain = first ? (last ? 0 : 1) : (last ? 2 : 3);
	d->rest_at += r.data.n;
	if (d->at && d->blocks == d->at)
		spoilt(d, r);
	else
		answer(d, &r);
}

static void run(struct ccid_device *d)
{
	struct imp_wr rsp = imp_wr(d->rest, sizeof d->rest);
	enum imp_status st;

	check_tpdu(d);
	st = d->card->transceive(d->card->ctx, imp_span(d->command, d->command_n), &rsp);
	d->command_n = 0;
	if (st != IMP_OK) {
		d->present = d->present && st != IMP_E_ABSENT;
		d->powered = d->powered && d->present;
		refuse(d, 0x80, 0xFE);
		return;
	}
	d->rest_n = rsp.n;
	d->rest_at = 0;
	answer_part(d);
}

static void transfer_block(struct ccid_device *d, struct imp_span data)
{
	unsigned chain = d->in[8] | (unsigned)d->in[9] << 8;

	d->blocks++;
	if (!d->powered) {
		refuse(d, 0x80, 0xFE);
		return;
	}
	if (chain && !(d->features & CCID_APDU))
		complain(d, "a chain below extended APDU level");
	if (chain == NEXT) {
		if (d->rest_at == d->rest_n || data.n)
			complain(d, "asked for more than there is");
		answer_part(d);
		return;
	}
	if ((chain == 0 || chain == 1) != (d->command_n == 0))
		complain(d, "a chain begins in another one");
	if (data.n > sizeof d->command - d->command_n) {
		complain(d, "command too long");
		return;
	}
	memcpy(d->command + d->command_n, data.p, data.n);
	d->command_n += data.n;
	if (chain == 1 || chain == 3) {
		struct reply r = reply_to(d, 0x80);

		r.chain = NEXT;
		if (d->at && d->blocks == d->at)
			spoilt(d, r);
		else
			answer(d, &r);
		return;
	}
	run(d);
}

static void handle(struct ccid_device *d)
{
	struct imp_span data = imp_span(d->in + HEADER, d->in_n - HEADER);
	struct reply r;

	if (d->in_n > d->message_max)
		complain(d, "message longer than the reader takes");
	if (d->in[5] >= d->slots) {
		refuse(d, 0x81, 5);
		return;
	}
	switch (d->in[0]) {
	case 0x62:
		power_on(d);
		break;
	case 0x63:
		d->powered = false;
		r = reply_to(d, 0x81);
		answer(d, &r);
		break;
	case 0x65:
		r = reply_to(d, 0x81);
		answer(d, &r);
		break;
	case 0x6F:
		transfer_block(d, data);
		break;
	case 0x61:
		d->parameters++;
		r = reply_to(d, 0x82);
		r.data = data;
		answer(d, &r);
		break;
	case 0x72:
		if (d->no_abort) {
			refuse(d, 0x81, 0);
			break;
		}
		if (!d->aborting || d->abort_sequence != d->in[6])
			complain(d, "abort without its request");
		d->aborting = false;
		d->flood = false;
		d->aborts++;
		d->command_n = 0;
		r = reply_to(d, 0x81);
		answer(d, &r);
		break;
	default:
		refuse(d, 0x81, 0);
	}
}

/* ---- transfers ---- */

void ccid_device_out(struct ccid_device *d, struct imp_span octets)
{
	size_t need;

	d->transfers++;
	if (d->unplugged || d->dead)
		return;
	/* A reader of one thread is still sending, and does not listen. */
	if (d->fault == CCID_FINE && d->ends_at < d->ends_n)
		complain(d, "a command before the answer's last packet was read");
	if (octets.n > sizeof d->in - d->in_n) {
		complain(d, "message too long");
		d->in_n = 0;
		return;
	}
	if (octets.n)
		memcpy(d->in + d->in_n, octets.p, octets.n);
	d->in_n += octets.n;
	if (octets.n && octets.n % d->packet == 0)
		return; /* not over before a short packet */
	if (d->in_n < HEADER) {
		complain(d, "message without header");
		d->in_n = 0;
		return;
	}
	need = HEADER + d->in[1] + ((size_t)d->in[2] << 8);
	if (d->in_n != need || d->in[3] || d->in[4])
		complain(d, "length is not that of the message");
	else
		handle(d);
	d->in_n = 0;
}

long ccid_device_in(struct ccid_device *d, uint8_t *to, size_t n)
{
	size_t left;

	d->transfers++;
	if (d->unplugged || d->dead)
		return -1;
	if (n % d->packet)
		complain(d, "room for no whole packets");
	if (d->ends_at == d->ends_n && d->flood) {
		uint8_t wait[HEADER] = { 0x80, 0, 0, 0, 0, 0, d->in[6], 0x80, 1, 0 };

		memcpy(to, wait, HEADER);
		return HEADER;
	}
	if (d->ends_at == d->ends_n)
		return -1;
	left = d->ends[d->ends_at] - d->out_at;
	n = n < left ? n : left;
	memcpy(to, d->out + d->out_at, n);
	d->out_at += n;
	if (n == left)
		d->ends_at++;
	return (long)n;
}

bool ccid_device_abort(struct ccid_device *d, uint8_t slot, uint8_t sequence)
{
	d->transfers++;
	if (d->unplugged || d->dead || d->no_abort || slot >= d->slots)
		return false;
	d->aborting = true;
	d->abort_sequence = sequence;
	d->in_n = 0;
	return true;
}
