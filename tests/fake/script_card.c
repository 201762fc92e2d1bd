/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/script_card.h"

#include "reader/pin.h"

#include <string.h>

#define MF 0x3F00
#define ADF 0x7FFF
#define ARR 0x6F06
#define WRONG_FID 0x6FFF

static const uint8_t aid[] = { 0xA0, 0, 0, 0, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

/* ---- answers -----------------------------------------------------------------------------------
 */

struct answer {
	uint8_t data[512];
	size_t n;
	uint16_t sw;
};

static void put(struct answer *a, const void *p, size_t n)
{
	memcpy(a->data + a->n, p, n);
	a->n += n;
}

static void put2(struct answer *a, unsigned v)
{
	uint8_t b[] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(a, b, 2);
}

static void put_fcp(struct answer *a, const struct script_card *card, const struct script_file *f)
{
	static const uint8_t expanded[] = { 0xAB, 0x0B, 0x80, 0x01, 0x01, 0xA4, 0x06, 0x83, 0x01,
		0x01, 0x95, 0x01, 0x08 };
	static const uint8_t referenced[] = { 0x8B, 0x03, 0x6F, 0x06, 0x02 };
	size_t start = a->n;

	put(a, "\x62\x00", 2);
	if (f->record) {
		put(a, "\x82\x05\x42\x21\x00", 5);
		put(a, &f->record, 1);
		put(a, "\x04", 1);
	} else {
		put(a, "\x82\x02\x41\x21", 4);
	}
	put(a, "\x83\x02", 2);
	put2(a, card->fcp_wrong_fid ? WRONG_FID : f->fid);
	put(a, "\xA5\x03\xC2\x01\xFF\x8A\x01\x05", 8);
	if (f->rule == SCRIPT_PIN_IN_FCP)
		put(a, expanded, sizeof(expanded));
	if (f->rule == SCRIPT_PIN_IN_ARR)
		put(a, referenced, sizeof(referenced));
	if (card->sfi == SCRIPT_NO_SFI)
		put(a, "\x88\x00", 2);
	if (!card->no_size) {
		put(a, "\x80\x02", 2);
		put2(a, (unsigned)f->content.n);
	}
	a->data[start + 1] = (uint8_t)(a->n - start - 2);
}

static void put_fcp_of_adf(struct answer *a, const struct script_card *card)
{
	put(a, "\x62\x1F\x82\x02\x78\x21\x84\x0C", 8);
	put(a, aid, sizeof(aid));
	put(a, "\x8A\x01\x05\xC6\x06\x90\x01", 7);
	put(a, card->pin_off ? "\x00" : "\x80", 1);
	put(a, "\x83\x01\x01", 3);
	a->data[1] = (uint8_t)(a->n - 2);
}

/* ---- commands ----------------------------------------------------------------------------------
 */

struct command {
	uint8_t ins, p1, p2, lc;
	const uint8_t *data;
	bool has_le;
	size_t le;
	unsigned slot; /* of card->at */
};

static int find(const struct script_card *card, uint16_t df, uint16_t fid)
{
	for (size_t i = 0; i < card->files_n; i++)
		if (card->files[i].df == df && card->files[i].fid == fid)
			return (int)i;
	return -1;
}

static int find_sfi(const struct script_card *card, unsigned sfi)
{
	for (size_t i = 0; i < card->files_n; i++)
		if (card->files[i].df == ADF && (card->files[i].fid & 0x1F) == sfi)
			return (int)i;
	return -1;
}

static void select_adf(struct script_card *card, const struct command *c, struct answer *a)
{
	if (card->sw_select) {
		a->sw = card->sw_select;
	} else if (c->lc != sizeof(aid) || memcmp(c->data, aid, sizeof(aid)) != 0) {
		a->sw = 0x6A82;
	} else {
		card->at[c->slot].in_adf = true;
		card->at[c->slot].file = -1;
		if (c->p2 == 0x04 && card->fcp_of_file)
			put_fcp(a, card, &card->files[0]);
		else if (c->p2 == 0x04)
			put_fcp_of_adf(a, card);
	}
}

static void select_file(struct script_card *card, const struct command *c, struct answer *a)
{
	unsigned first = c->lc >= 2 ? (unsigned)c->data[0] << 8 | c->data[1] : 0;
	unsigned last = c->lc >= 2 ? (unsigned)c->data[c->lc - 2] << 8 | c->data[c->lc - 1] : 0;
	bool in_adf = card->at[c->slot].in_adf;
	int file;

	if (c->p1 == 0x00 && last == MF) {
		card->basic_touched = false;
		return;
	}
	if (c->p1 == 0x08 && card->no_path) {
		a->sw = 0x6A86;
		return;
	}
	if (c->p1 == 0x00)
		file = find(card, in_adf ? ADF : MF, (uint16_t)last);
	else if (first == ADF)
		file = in_adf && c->lc == 4 ? find(card, ADF, (uint16_t)last) : -1;
	else if (c->lc == 2)
		file = find(card, MF, (uint16_t)last);
	else
		file = first == 0x7F50 ? find(card, ADF, (uint16_t)last) : -1;
	if (file < 0) {
		a->sw = 0x6A82;
		return;
	}
	card->at[c->slot].file = file;
	if (c->p2 == 0x04)
		put_fcp(a, card, &card->files[file]);
}

static void select(struct script_card *card, const struct command *c, struct answer *a)
{
	if ((c->p2 == 0x04 && card->no_fcp) || (c->p2 != 0x04 && c->p2 != 0x0C)) {
		a->sw = 0x6A86;
		return;
	}
	if (c->slot == 0)
		card->basic_touched = true;
	if (c->p1 == 0x04)
		select_adf(card, c, a);
	else
		select_file(card, c, a);
}

static bool readable(const struct script_card *card, const struct script_file *f)
{
	return f->rule == SCRIPT_ALWAYS || card->pin_off || card->pin_verified;
}

static void read_record(struct script_card *card, const struct command *c, struct answer *a)
{
	int file = c->p2 >> 3 ? -1 : card->at[c->slot].file;
	const struct script_file *f;

	if (c->p2 >> 3 == 0x1E && !card->no_dir_sfi)
		file = find(card, MF, 0x2F00);
	if (file < 0) {
		a->sw = c->p2 >> 3 ? 0x6A82 : 0x6986;
		return;
	}
	f = &card->files[file];
	if (f->record == 0)
		a->sw = 0x6981;
	else if (c->p1 == 0 || (size_t)c->p1 * f->record > f->content.n)
		a->sw = 0x6A83;
	else
		put(a, f->content.p + (size_t)(c->p1 - 1) * f->record, f->record);
}

static void read_binary(struct script_card *card, const struct command *c, struct answer *a)
{
	size_t at = (size_t)c->p1 << 8 | c->p2;
	const struct script_file *f;
	size_t n;

	if (c->p1 & 0x80) {
		int file = find_sfi(card, c->p1 & 0x1F);

		if (file < 0 || card->sfi != SCRIPT_SFI || !card->at[c->slot].in_adf) {
			a->sw = 0x6A82;
			return;
		}
		card->at[c->slot].file = file;
		at = c->p2;
	}
	if (card->at[c->slot].file < 0) {
		a->sw = 0x6986;
		return;
	}
	f = &card->files[card->at[c->slot].file];
	if (f->record)
		a->sw = 0x6981;
	else if (!readable(card, f))
		a->sw = 0x6982;
	else if (card->le_max && c->le > card->le_max)
		a->sw = 0x6700;
	else if (at >= f->content.n)
		a->sw = 0x6B00;
	if (a->sw != 0x9000)
		return;
	n = f->content.n - at;
	if (n < c->le && !card->t0)
		a->sw = 0x6282;
	put(a, f->content.p + at, n < c->le ? n : c->le);
}

static void verify(struct script_card *card, const struct command *c, struct answer *a)
{
	if (c->p2 != 0x01) {
		a->sw = 0x6A88;
	} else if (card->pin_off || (c->lc == 0 && card->pin_verified)) {
		return;
	} else if (card->tries == 0) {
		a->sw = 0x6983;
	} else if (c->lc == 0) {
		a->sw = (uint16_t)(0x63C0 | card->tries);
	} else {
		card->verifies++;
		card->pin_verified = c->lc == 8 && memcmp(c->data, SCRIPT_PIN, 8) == 0;
		if (!card->pin_verified)
			a->sw = (uint16_t)(0x63C0 | --card->tries);
	}
}

static void manage_channel(struct script_card *card, const struct command *c, struct answer *a)
{
	if (card->sw_channel) {
		a->sw = card->sw_channel;
	} else if (c->p1 == 0x00 && c->p2 == 0x00 && !card->channel_open) {
		card->channel_open = true;
		put(a, &card->channel, 1);
	} else if (c->p1 == 0x80 && c->p2 == card->channel && card->channel_open) {
		card->channel_open = false;
	} else {
		a->sw = 0x6A86;
	}
}

static void get_response(struct script_card *card, const struct command *c, struct answer *a)
{
	put(a, card->pending, card->pending_n);
	if (card->pending_n == 0 || c->le != card->pending_n)
		a->sw = 0x6F00;
	card->pending_n = 0;
}

static bool parse(const struct script_card *card, struct imp_span cmd, struct command *c)
{
	unsigned channel = cmd.p[0] & 0x40 ? 4U + (cmd.p[0] & 0x0F) : cmd.p[0] & 0x03U;

	memset(c, 0, sizeof(*c));
	c->ins = cmd.p[1];
	c->p1 = cmd.p[2];
	c->p2 = cmd.p[3];
	c->slot = channel ? 1 : 0;
	if (channel && (!card->channel_open || channel != card->channel))
		return false;
	if (cmd.n == 5) {
		c->has_le = true;
		c->le = cmd.p[4] ? cmd.p[4] : 256;
	} else if (cmd.n > 5) {
		c->lc = cmd.p[4];
		c->data = cmd.p + 5;
		if (cmd.n != 5U + c->lc && cmd.n != 6U + c->lc)
			return false;
		c->has_le = cmd.n == 6U + c->lc;
		c->le = 256;
	}
	return true;
}

/* T=0: data behind a command waits for GET RESPONSE; a wrong Le is told. */
static void as_t0(struct script_card *card, const struct command *c, struct answer *a)
{
	if (a->n == 0 || c->ins == 0xC0)
		return;
	if (c->lc) {
		memcpy(card->pending, a->data, a->n);
		card->pending_n = a->n;
		a->sw = (uint16_t)(0x6100 | (a->n & 0xFF));
		a->n = 0;
	} else if (c->le != a->n) {
		a->sw = (uint16_t)(0x6C00 | (a->n & 0xFF));
		a->n = 0;
	}
}

static void carry_out(struct script_card *card, struct imp_span cmd, struct answer *a)
{
	static const struct {
		uint8_t ins;
		void (*run)(struct script_card *card, const struct command *c, struct answer *a);
	} table[] = {
		{ 0xA4, select },
		{ 0xB0, read_binary },
		{ 0xB2, read_record },
		{ 0x20, verify },
		{ 0x70, manage_channel },
		{ 0xC0, get_response },
	};
	struct command c;

	if (cmd.n < 4 || !parse(card, cmd, &c)) {
		a->sw = 0x6F00;
		return;
	}
	a->sw = 0x6D00;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].ins != c.ins)
			continue;
		a->sw = 0x9000;
		table[i].run(card, &c, a);
	}
	if (c.ins != 0xC0)
		card->pending_n = 0;
	if (a->sw >> 8 != 0x90 && a->sw != 0x6282)
		a->n = 0;
	if (card->t0)
		as_t0(card, &c, a);
}

static int transceive(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got)
{
	struct script_card *card = ctx;
	struct answer a = { .n = 0 };

	card->apdus++;
	if (card->apdus == card->lost_at || (card->gone_at && card->apdus >= card->gone_at))
		return -1;
	if (card->apdus == card->sw_at)
		a.sw = card->sw;
	else
		carry_out(card, imp_span(cmd, n), &a);
	card->faults += a.sw == 0x6F00 && card->apdus != card->sw_at;
	memcpy(rsp, a.data, a.n);
	rsp[a.n] = (uint8_t)(a.sw >> 8);
	rsp[a.n + 1] = (uint8_t)a.sw;
	*got = a.n + 2;
	return 0;
}

static size_t give_pin(void *ctx, uint8_t reference, uint8_t pin[8])
{
	struct script_card *card = ctx;

	(void)reference;
	card->pin_asked++;
	if (!card->pin)
		return 0;
	memcpy(pin, card->pin, strlen(card->pin));
	return strlen(card->pin);
}

/* ---- what a test builds
 * -------------------------------------------------------------------------- */

void script_card(struct script_card *card)
{
	memset(card, 0, sizeof(*card));
	card->channel = 1;
	card->tries = 3;
	card->at[0].file = -1;
	card->at[1].file = -1;
	card->imr.ctx = card;
	card->imr.transceive = transceive;
	card->imr.pin = give_pin;
	card->imr.guard = imr_pin;
}

void script_file(struct script_card *card, uint16_t df, uint16_t fid, struct imp_span content,
	uint8_t record, enum script_rule rule)
{
	struct script_file f = { df, fid, content, record, rule };

	card->files[card->files_n++] = f;
}

struct script_file *script_card_file(struct script_card *card, uint16_t fid)
{
	for (size_t i = 0; i < card->files_n; i++)
		if (card->files[i].fid == fid)
			return &card->files[i];
	return NULL;
}

void script_card_standard(struct script_card *card, struct imp_span payload)
{
	static const uint8_t dir[2][38] = {
		{ 0x61, 0x12, 0x4F, 0x10, 0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF,
			0x89, 0x07, 0x09, 0, 0 },
		{ 0x61, 0x14, 0x4F, 0x0C, 0xA0, 0, 0, 0, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5',
			0x51, 0x04, 0x3F, 0x00, 0x7F, 0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
			0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF },
	};
	static const uint8_t odf[32] = { 0xA7, 0x06, 0x30, 0x04, 0x04, 0x02, 0x64, 0x40 };
	static const uint8_t dodf[128] = { 0xA1, 0x25, 0x30, 0x00, 0x30, 0x11, 0x0C, 0x0F, 'L', 'w',
		'M', '2', 'M', ' ', 'B', 'o', 'o', 't', 's', 't', 'r', 'a', 'p', 0xA1, 0x0E, 0x30,
		0x0C, 0x06, 0x04, 0x67, 0x2B, 0x09, 0x01, 0x30, 0x04, 0x04, 0x02, 0x64, 0x42 };
	static const uint8_t arr[2][20] = {
		{ 0x80, 0x01, 0x01, 0x90, 0x00, 0x80, 0x01, 0x02, 0x97, 0x00, 0xFF, 0xFF, 0xFF,
			0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF },
		{ 0x80, 0x01, 0x01, 0xA4, 0x06, 0x83, 0x01, 0x01, 0x95, 0x01, 0x08, 0x80, 0x01,
			0x02, 0x97, 0x00, 0xFF, 0xFF, 0xFF, 0xFF },
	};

	script_file(card, MF, 0x2F00, imp_span(dir, sizeof(dir)), 38, SCRIPT_ALWAYS);
	script_file(card, ADF, 0x5031, imp_span(odf, sizeof(odf)), 0, SCRIPT_ALWAYS);
	script_file(card, ADF, 0x6440, imp_span(dodf, sizeof(dodf)), 0, SCRIPT_ALWAYS);
	script_file(card, ADF, 0x6442, payload, 0, SCRIPT_ALWAYS);
	script_file(card, ADF, ARR, imp_span(arr, sizeof(arr)), 20, SCRIPT_ALWAYS);
}
