/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT, STATUS and MANAGE CHANNEL: where a logical channel stands; TS 102 221 8.4, 11.1. */
#include "applet-tools/softcard_core.h"

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint8_t child_df(const struct imp_softcard *card, uint8_t df, uint16_t fid)
{
	uint8_t i = imp_sc_child(card, df, fid);

	return i != SC_NONE && card->files[i].kind == SC_DF ? i : SC_NONE;
}

/* Children of the current DF, its parent, the DFs beside it; TS 102 221 8.4.1. */
static uint8_t by_fid(const struct imp_softcard *card, const struct sc_channel *ch, uint16_t fid)
{
	uint8_t parent = card->files[ch->df].parent;
	uint8_t i;

	if (fid == SC_FID_MF)
		return SC_MF;
	if (fid == SC_FID_ADF)
		return ch->adf;
	i = imp_sc_child(card, ch->df, fid);
	if (i == SC_NONE && card->files[parent].fid == fid)
		i = parent;
	if (i == SC_NONE)
		i = child_df(card, parent, fid);
	return i;
}

/* Identifiers from df downwards; all but the last are DFs. */
static uint8_t by_path(const struct imp_softcard *card, uint8_t df, struct imp_span path)
{
	uint8_t i = df;

	for (size_t at = 0; at < path.n; at += 2) {
		if (i == SC_NONE || card->files[i].kind != SC_DF)
			return SC_NONE;
		i = imp_sc_child(card, i, be16(path.p + at));
	}
	return i;
}

/* From the MF, which is not named itself; 7FFF in front stands for the current application. */
static uint8_t from_mf(
	const struct imp_softcard *card, const struct sc_channel *ch, struct imp_span path)
{
	if (be16(path.p) != SC_FID_ADF)
		return by_path(card, SC_MF, path);
	return ch->adf == SC_NONE ? SC_NONE
				  : by_path(card, ch->adf, imp_span(path.p + 2, path.n - 2));
}

uint8_t imp_sc_find(const struct imp_softcard *card, const struct sc_apdu *c, unsigned *sw)
{
	const struct sc_channel *ch = &card->channels[c->channel];
	struct imp_span d = c->data;
	bool right_length;

	switch (c->p1) {
	case 0x00:
		right_length = d.n == 2 || d.n == 0;
		break;
	case 0x01:
		right_length = d.n == 2;
		break;
	case 0x03:
		right_length = d.n == 0;
		break;
	case 0x04:
		right_length = d.n >= 5 && d.n <= SC_NAME_MAX;
		break;
	case 0x08:
	case 0x09:
		right_length = d.n >= 2 && d.n % 2 == 0;
		break;
	default:
		*sw = SW_P1P2;
		return SC_NONE;
	}
	*sw = right_length ? SW_NO_FILE : SW_LENGTH;
	if (!right_length)
		return SC_NONE;
	switch (c->p1) {
	case 0x01:
		return child_df(card, ch->df, be16(d.p));
	case 0x03:
		return card->files[ch->df].parent;
	case 0x04:
		return imp_sc_by_name(card, d);
	case 0x08:
		return from_mf(card, ch, d);
	case 0x09:
		return by_path(card, ch->df, d);
	default:
		return d.n == 0 ? SC_MF : by_fid(card, ch, be16(d.p));
	}
}

/* The application stays current while the channel visits the MF. */
void imp_sc_make_current(struct imp_softcard *card, struct sc_channel *ch, uint8_t index)
{
	bool df = card->files[index].kind == SC_DF;

	ch->df = df ? index : card->files[index].parent;
	ch->ef = df ? SC_NONE : index;
	ch->record = 0;
	for (uint8_t i = ch->df; i != SC_MF; i = card->files[i].parent)
		if (card->files[i].name_n)
			ch->adf = i;
}

unsigned imp_sc_select(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	unsigned sw;
	uint8_t found;

	if (c->p2 != 0x00 && c->p2 != 0x04 && c->p2 != 0x0C)
		return SW_P1P2;
	found = imp_sc_find(card, c, &sw);
	if (found == SC_NONE)
		return sw;
	imp_sc_make_current(card, &card->channels[c->channel], found);
	if (c->p2 == 0x04 || (c->p2 == 0x00 && !(card->flags & IMP_SOFTCARD_NO_FCP_P2_00)))
		imp_sc_fcp_put(card, found, out);
	return imp_sc_deactivated(card, found) ? SW_SELECTED_DEACTIVATED : SW_OK;
}

unsigned imp_sc_status(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	const struct sc_channel *ch = &card->channels[c->channel];
	const struct sc_file *adf;

	if (c->p1 > 0x02)
		return SW_P1P2;
	switch (c->p2) {
	case 0x00:
		imp_sc_fcp_put(card, ch->df, out);
		return SW_OK;
	case 0x01:
		if (ch->adf == SC_NONE)
			return SW_NO_REFERENCE;
		adf = &card->files[ch->adf];
		imp_wr_u8(out, 0x84);
		imp_wr_u8(out, adf->name_n);
		imp_wr_put(out, imp_span(adf->name, adf->name_n));
		return SW_OK;
	case 0x0C:
		return SW_OK;
	default:
		return SW_P1P2;
	}
}

/* A channel opened from the basic one starts at the MF, from another one where that stands. */
static unsigned open_channel(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	if (c->p2 != 0x00)
		return SW_P1P2;
	if (!c->has_le)
		return SW_LENGTH;
	if (card->protocol == 0 && c->le != 1)
		return SW_WRONG_LE | 1;
	for (uint8_t i = 1; i < SC_CHANNELS; i++) {
		struct sc_channel *ch = &card->channels[i];

		if (ch->open)
			continue;
		*ch = (struct sc_channel){ true, SC_MF, SC_NONE, SC_NONE, 0 };
		if (c->channel) {
			ch->df = card->channels[c->channel].df;
			ch->adf = card->channels[c->channel].adf;
		}
		imp_wr_u8(out, i);
		return SW_OK;
	}
	return SW_NOT_SUPPORTED;
}

static unsigned close_channel(struct imp_softcard *card, const struct sc_apdu *c)
{
	struct sc_channel *ch;

	if (c->p2 == 0 || c->p2 >= SC_CHANNELS || (c->channel && c->channel != c->p2))
		return SW_P1P2;
	ch = &card->channels[c->p2];
	if (!ch->open)
		return SW_NO_CHANGE;
	ch->open = false;
	return SW_OK;
}

unsigned imp_sc_manage_channel(
	struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	if (card->flags & IMP_SOFTCARD_NO_CHANNELS)
		return SW_NO_CHANNEL;
	if (c->data.n)
		return SW_LENGTH;
	switch (c->p1) {
	case 0x00:
		return open_channel(card, c, out);
	case 0x80:
		return close_channel(card, c);
	default:
		return SW_P1P2;
	}
}
