/* SPDX-License-Identifier: Apache-2.0 */
/* The softcard's card seam, faults and counts. */
#include "applet-tools/softcard_core.h"

#include <string.h>
#include <time.h>

/* ---- card seam */

static void sleep_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000L };

	while (nanosleep(&t, &t))
		continue;
}

/* The fault for the command at hand, if any; it leaves the list. */
static bool strikes(struct imp_softcard *card, struct imp_span cmd, struct imp_softcard_fault *out)
{
	for (size_t i = 0; i < card->faults_n; i++) {
		const struct imp_softcard_fault *f = &card->faults[i];

		if (f->at ? f->at != card->counts.apdus : cmd.n < 2 || f->ins != cmd.p[1])
			continue;
		*out = *f;
		card->faults_n--;
		memmove(&card->faults[i], &card->faults[i + 1],
			(card->faults_n - i) * sizeof *card->faults);
		card->generation++;
		return true;
	}
	return false;
}

/* Carry the command out under the fault; rsp gets what reaches the terminal. */
static enum imp_status strike(struct imp_softcard *card, const struct imp_softcard_fault *f,
	struct imp_span cmd, struct imp_wr *rsp)
{
	switch (f->what) {
	case IMP_SOFTCARD_GONE:
		card->gone = true;
		return IMP_E_ABSENT;
	case IMP_SOFTCARD_TORN:
		card->keep = f->value;
		imp_sc_command(card, cmd, rsp);
		card->keep = SIZE_MAX;
		card->gone = true;
		return IMP_E_ABSENT;
	case IMP_SOFTCARD_GONE_AFTER:
		imp_sc_command(card, cmd, rsp);
		card->gone = true;
		return IMP_E_ABSENT;
	case IMP_SOFTCARD_MUTE:
		imp_sc_command(card, cmd, rsp);
		card->mute = true;
		return IMP_E_IO;
	case IMP_SOFTCARD_SW_AFTER:
		imp_sc_command(card, cmd, rsp);
		rsp->n = 0;
		imp_wr_be16(rsp, (uint16_t)f->value);
		return IMP_OK;
	case IMP_SOFTCARD_SW:
		imp_wr_be16(rsp, (uint16_t)f->value);
		return IMP_OK;
	case IMP_SOFTCARD_LE:
		imp_wr_be16(rsp, (uint16_t)(SW_WRONG_LE | (f->value & 0xFFU)));
		return IMP_OK;
	case IMP_SOFTCARD_SLOW:
		sleep_ms(f->value);
		break;
	}
	imp_sc_command(card, cmd, rsp);
	return IMP_OK;
}

static void count_in(struct imp_softcard *card, struct imp_span cmd)
{
	card->counts.apdus++;
	card->counts.octets_in += cmd.n;
	if (cmd.n >= 2)
		card->counts.ins[cmd.p[1]]++;
}

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct imp_softcard *card = ctx;
	struct imp_softcard_fault fault;
	uint8_t answer[IMP_RESPONSE_MAX];
	struct imp_wr wr = imp_wr(answer, sizeof answer);
	enum imp_status st = IMP_OK;

	if (card->gone)
		return IMP_E_ABSENT;
	if (card->mute)
		return IMP_E_IO;
	count_in(card, cmd);
	if (strikes(card, cmd, &fault))
		st = strike(card, &fault, cmd, &wr);
	else
		imp_sc_command(card, cmd, &wr);
	if (st == IMP_OK) {
		card->counts.octets_out += wr.n;
		imp_wr_put(rsp, imp_wr_span(&wr));
		st = rsp->st;
	}
	imp_wipe(answer, sizeof answer);
	return st;
}

static enum imp_status reset(void *ctx)
{
	struct imp_softcard *card = ctx;

	if (card->gone)
		return IMP_E_ABSENT;
	imp_sc_power(card);
	return IMP_OK;
}

/*
 * F/D by TA1 95; T=0: no more than that, T=1: IFSC 254 and CRC off (TA3, TB3); then the global
 * octet for class A to C.  Historical: card data E0, capabilities FE 21 13 (all selections, SFI,
 * records; four channels, numbered by the card), the maker's name.  TCK: all from T0 on, xor.
 */
static enum imp_status atr(void *ctx, struct imp_wr *out)
{
	static const uint8_t t0[] = { 0x3B, 0x9D, 0x95, 0x80, 0x1F, 0xC7 };
	static const uint8_t t1[] = { 0x3B, 0x9D, 0x95, 0x81, 0xB1, 0xFE, 0x45, 0x1F, 0xC7 };
	static const uint8_t historical[] = { 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x13, 0x65, 'I',
		'M', 'P', 0x00, 0x01 };
	const struct imp_softcard *card = ctx;
	uint8_t buf[IMP_ATR_MAX];
	struct imp_wr wr = imp_wr(buf, sizeof buf);
	uint8_t tck = 0;

	if (card->gone)
		return IMP_E_ABSENT;
	imp_wr_put(&wr, card->protocol ? imp_span(t1, sizeof t1) : imp_span(t0, sizeof t0));
	imp_wr_put(&wr, imp_span(historical, sizeof historical));
	for (size_t i = 1; i < wr.n; i++)
		tck ^= buf[i];
	imp_wr_u8(&wr, tck);
	imp_wr_put(out, imp_wr_span(&wr));
	return out->st;
}

static void close_card(void *ctx)
{
	(void)reset(ctx);
}

void imp_softcard_as_card(struct imp_softcard *card, struct imp_card *out)
{
	*out = (struct imp_card){ card, transceive, reset, atr, close_card, NULL };
}

void imp_softcard_insert(struct imp_softcard *card)
{
	card->gone = false;
	imp_sc_power(card);
}

bool imp_softcard_gone(const struct imp_softcard *card)
{
	return card->gone;
}

/* ---- faults, counts, looking inside */

enum imp_status imp_softcard_add_fault(
	struct imp_softcard *card, const struct imp_softcard_fault *fault)
{
	if (card->faults_n == IMP_SOFTCARD_FAULTS_MAX)
		return IMP_E_SPACE;
	card->faults[card->faults_n++] = *fault;
	return IMP_OK;
}

void imp_softcard_clear_faults(struct imp_softcard *card)
{
	card->faults_n = 0;
}

const struct imp_softcard_counts *imp_softcard_counts(const struct imp_softcard *card)
{
	return &card->counts;
}

void imp_softcard_count_from_zero(struct imp_softcard *card)
{
	card->counts = (struct imp_softcard_counts){ 0 };
}

/* The EF fid in the first DF df of the card, or SC_NONE. */
static uint8_t locate(const struct imp_softcard *card, uint16_t df, uint16_t fid)
{
	for (uint8_t i = 0; i < SC_FILES; i++) {
		uint8_t ef;

		if (card->files[i].kind != SC_DF || card->files[i].fid != df)
			continue;
		ef = imp_sc_child(card, i, fid);
		return ef != SC_NONE && card->files[ef].kind != SC_DF ? ef : SC_NONE;
	}
	return SC_NONE;
}

enum imp_status imp_softcard_file(
	const struct imp_softcard *card, uint16_t df, uint16_t fid, struct imp_span *content)
{
	uint8_t i = locate(card, df, fid);

	if (i == SC_NONE)
		return IMP_E_ABSENT;
	*content = imp_sc_content(card, i);
	return IMP_OK;
}

enum imp_status imp_softcard_poke(
	struct imp_softcard *card, uint16_t df, uint16_t fid, uint32_t at, struct imp_span data)
{
	uint8_t i = locate(card, df, fid);

	if (i == SC_NONE)
		return IMP_E_ABSENT;
	if (at > card->files[i].size || data.n > card->files[i].size - at)
		return IMP_E_SPACE;
	if (data.n)
		memcpy(imp_sc_body(card, i) + at, data.p, data.n);
	card->generation++;
	return IMP_OK;
}

unsigned imp_softcard_tries(const struct imp_softcard *card, uint8_t ref)
{
	for (size_t i = 0; i < SC_PINS; i++)
		if (card->pins[i].ref == ref)
			return card->pins[i].tries;
	return 0;
}

uint64_t imp_softcard_generation(const struct imp_softcard *card)
{
	return card->generation;
}
