/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE, DELETE, ACTIVATE and DEACTIVATE FILE; TS 102 222, ref B.1 and B.7. */
#include "applet-tools/softcard_core.h"

/* An SFI that nobody asked for gives way to one that is in use. */
static void drop_implied_sfi(const struct imp_softcard *card, struct sc_wish *wish)
{
	struct sc_file *f = &wish->file;

	if (wish->sfi_implied && imp_sc_by_sfi(card, f->parent, f->sfi) != SC_NONE)
		f->sfi = 0;
}

unsigned imp_sc_create(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	struct sc_channel *ch = &card->channels[c->channel];
	struct sc_wish wish;
	uint8_t made;
	unsigned sw;

	(void)out;
	if (c->p1 || c->p2)
		return SW_P1P2;
	if (c->data.n == 0)
		return SW_LENGTH;
	sw = imp_sc_fcp_parse(c->data, &wish);
	if (sw != SW_OK)
		return sw;
	if (wish.file.kind == SC_DF && card->flags & IMP_SOFTCARD_NO_CREATE_DF)
		return SW_NOT_SUPPORTED;
	if (!imp_sc_allowed(
		    card, ch->df, wish.file.kind == SC_DF ? SC_AM_CREATE_DF : SC_AM_CREATE_EF))
		return SW_SECURITY;
	if (imp_sc_deactivated(card, ch->df))
		return SW_CONDITIONS;
	wish.file.parent = ch->df;
	drop_implied_sfi(card, &wish);
	sw = imp_sc_add(card, &wish.file, wish.fill, &made);
	if (sw == SW_OK)
		imp_sc_make_current(card, ch, made);
	return sw;
}

/* The file's own rule or that of the DF it lies in may allow it. */
unsigned imp_sc_delete(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	struct sc_channel *ch = &card->channels[c->channel];
	uint8_t df = ch->df, found;

	(void)out;
	if (c->p1 || c->p2)
		return SW_P1P2;
	if (c->data.n != 2)
		return SW_LENGTH;
	found = imp_sc_child(card, df, (uint16_t)(c->data.p[0] << 8 | c->data.p[1]));
	if (found == SC_NONE)
		return SW_NO_FILE;
	if (!imp_sc_allowed(card, found, SC_AM_DELETE_SELF) &&
		!imp_sc_allowed(card, df, SC_AM_DELETE_CHILD))
		return SW_SECURITY;
	imp_sc_remove(card, found);
	imp_sc_make_current(card, ch, df);
	return SW_OK;
}

/* The file named, or without data the current EF or else DF; it becomes current. */
static unsigned change_life_cycle(
	struct imp_softcard *card, const struct sc_apdu *c, unsigned am, uint8_t lcs)
{
	struct sc_channel *ch = &card->channels[c->channel];
	uint8_t found = ch->ef != SC_NONE ? ch->ef : ch->df;
	unsigned sw = SW_NO_FILE;

	if (c->p2 || (c->p1 != 0x00 && c->p1 != 0x08 && c->p1 != 0x09))
		return SW_P1P2;
	if (c->data.n || c->p1)
		found = imp_sc_find(card, c, &sw);
	if (found == SC_NONE)
		return sw;
	if (!imp_sc_allowed(card, found, am))
		return SW_SECURITY;
	if (found == SC_MF)
		return SW_CONDITIONS;
	imp_sc_make_current(card, ch, found);
	if (card->files[found].lcs != lcs)
		card->generation++;
	card->files[found].lcs = lcs;
	return SW_OK;
}

unsigned imp_sc_activate(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	(void)out;
	return change_life_cycle(card, c, SC_AM_ACTIVATE, 0x05);
}

unsigned imp_sc_deactivate(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	(void)out;
	return change_life_cycle(card, c, SC_AM_DEACTIVATE, 0x04);
}
