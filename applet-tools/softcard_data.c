/* SPDX-License-Identifier: Apache-2.0 */
/* READ and UPDATE of binary files and of records; TS 102 221 11.1.3 to 11.1.6. */
#include "applet-tools/softcard_core.h"

#include <string.h>

/* The EF that a command means: by SFI (then it becomes current), else the current one; checked for
 * its structure, the access rule and its life cycle. */
static unsigned target(struct imp_softcard *card, const struct sc_apdu *c, bool by_sfi, uint8_t sfi,
	enum sc_kind kind, unsigned am, uint8_t *ef)
{
	struct sc_channel *ch = &card->channels[c->channel];

	if (by_sfi) {
		uint8_t found = card->flags & IMP_SOFTCARD_NO_SFI
					? SC_NONE
					: imp_sc_by_sfi(card, ch->df, sfi);

		if (found == SC_NONE)
			return SW_NO_FILE;
		imp_sc_make_current(card, ch, found);
	}
	if (ch->ef == SC_NONE)
		return SW_NO_EF;
	if (card->files[ch->ef].kind != kind)
		return SW_STRUCTURE;
	if (!imp_sc_allowed(card, ch->ef, am))
		return SW_SECURITY;
	if (imp_sc_deactivated(card, ch->ef))
		return SW_DEACTIVATED;
	*ef = ch->ef;
	return SW_OK;
}

/* P1 P2 of READ and UPDATE BINARY: b8 of P1 says SFI and 8-bit offset, else 15-bit offset. */
static unsigned binary_target(struct imp_softcard *card, const struct sc_apdu *c, unsigned am,
	uint8_t *ef, uint32_t *offset)
{
	bool by_sfi = c->p1 & 0x80;
	uint8_t sfi = c->p1 & 0x1F;

	if (by_sfi && (c->p1 & 0x60 || sfi == 0 || sfi == 31))
		return SW_P1P2;
	*offset = by_sfi ? c->p2 : (uint32_t)(c->p1 << 8 | c->p2);
	return target(card, c, by_sfi, sfi, SC_TRANSPARENT, am, ef);
}

unsigned imp_sc_read_binary(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	uint32_t offset, left;
	uint8_t ef;
	unsigned sw;

	if (c->data.n || !c->has_le)
		return SW_LENGTH;
	sw = binary_target(card, c, SC_AM_READ, &ef, &offset);
	if (sw != SW_OK)
		return sw;
	if (offset >= card->files[ef].size)
		return SW_OFFSET;
	if (card->flags & IMP_SOFTCARD_LE_MAX_128 && c->le > 128)
		return SW_LENGTH;
	left = card->files[ef].size - offset;
	if (c->le <= left) {
		imp_wr_put(out, imp_span(imp_sc_body(card, ef) + offset, c->le));
		return SW_OK;
	}
	if (card->protocol == 0)
		return SW_WRONG_LE | left;
	imp_wr_put(out, imp_span(imp_sc_body(card, ef) + offset, left));
	/* Le 00 asks for what there is, any other Le for that many. */
	return c->le == 256 ? SW_OK : SW_END_OF_FILE;
}

/* Write as far as the power lasts. */
static void store(struct imp_softcard *card, uint8_t ef, uint32_t offset, struct imp_span data)
{
	size_t n = data.n < card->keep ? data.n : card->keep;

	if (n)
		memcpy(imp_sc_body(card, ef) + offset, data.p, n);
	card->generation++;
}

unsigned imp_sc_update_binary(
	struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	uint32_t offset;
	uint8_t ef;
	unsigned sw;

	(void)out;
	if (c->data.n == 0)
		return SW_LENGTH;
	sw = binary_target(card, c, SC_AM_UPDATE, &ef, &offset);
	if (sw != SW_OK)
		return sw;
	if (offset >= card->files[ef].size)
		return SW_OFFSET;
	if (c->data.n > card->files[ef].size - offset)
		return SW_LENGTH;
	store(card, ef, offset, c->data);
	return SW_OK;
}

/* The record that P1 and the mode in P2 name, 1..count; 0: there is none.  The pointer moves only
 * when the command succeeds. */
static unsigned record_number(const struct sc_channel *ch, const struct sc_apdu *c, unsigned count)
{
	unsigned number;

	switch (c->p2 & 7) {
	case 2:
		number = ch->record + 1U;
		break;
	case 3:
		number = ch->record ? ch->record - 1U : count;
		break;
	default:
		number = c->p1 ? c->p1 : ch->record;
		break;
	}
	return number <= count ? number : 0;
}

static unsigned record_target(struct imp_softcard *card, const struct sc_apdu *c, unsigned am,
	uint8_t *ef, unsigned *number)
{
	unsigned mode = c->p2 & 7;
	uint8_t sfi = c->p2 >> 3;
	unsigned sw;

	if (mode < 2 || mode > 4 || sfi == 31 || (mode != 4 && c->p1))
		return SW_P1P2;
	sw = target(card, c, sfi != 0, sfi, SC_LINEAR, am, ef);
	if (sw != SW_OK)
		return sw;
	*number = record_number(
		&card->channels[c->channel], c, card->files[*ef].size / card->files[*ef].record);
	return *number ? SW_OK : SW_NO_RECORD;
}

static void move_pointer(struct imp_softcard *card, const struct sc_apdu *c, unsigned number)
{
	if ((c->p2 & 7) != 4)
		card->channels[c->channel].record = (uint8_t)number;
}

unsigned imp_sc_read_record(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	unsigned number, sw, length;
	uint8_t ef;

	if (c->data.n || !c->has_le)
		return SW_LENGTH;
	sw = record_target(card, c, SC_AM_READ, &ef, &number);
	if (sw != SW_OK)
		return sw;
	length = card->files[ef].record;
	if (card->protocol == 0 && c->le != length)
		return SW_WRONG_LE | length;
	if (c->le < length)
		return SW_LENGTH;
	imp_wr_put(out, imp_span(imp_sc_body(card, ef) + (number - 1) * length, length));
	move_pointer(card, c, number);
	return c->le == length || c->le == 256 ? SW_OK : SW_END_OF_FILE;
}

unsigned imp_sc_update_record(
	struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	unsigned number, sw;
	uint8_t ef;

	(void)out;
	if (c->data.n == 0)
		return SW_LENGTH;
	sw = record_target(card, c, SC_AM_UPDATE, &ef, &number);
	if (sw != SW_OK)
		return sw;
	if (c->data.n != card->files[ef].record)
		return SW_LENGTH;
	store(card, ef, (number - 1) * card->files[ef].record, c->data);
	move_pointer(card, c, number);
	return SW_OK;
}
