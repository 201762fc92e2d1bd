/* SPDX-License-Identifier: Apache-2.0 */
/* File table and pool of the softcard. */
#include "applet-tools/softcard_core.h"

#include <string.h>

uint8_t imp_sc_child(const struct imp_softcard *card, uint8_t df, uint16_t fid)
{
	for (uint8_t i = 1; i < SC_FILES; i++) {
		const struct sc_file *f = &card->files[i];

		if (f->kind != SC_FREE && f->parent == df && f->fid == fid)
			return i;
	}
	return SC_NONE;
}

uint8_t imp_sc_by_sfi(const struct imp_softcard *card, uint8_t df, uint8_t sfi)
{
	for (uint8_t i = 1; i < SC_FILES; i++) {
		const struct sc_file *f = &card->files[i];

		if (f->kind != SC_FREE && f->kind != SC_DF && f->parent == df && f->sfi == sfi)
			return i;
	}
	return SC_NONE;
}

uint8_t imp_sc_by_name(const struct imp_softcard *card, struct imp_span aid)
{
	for (uint8_t i = 1; i < SC_FILES; i++) {
		const struct sc_file *f = &card->files[i];

		if (f->kind == SC_DF && f->name_n &&
			imp_span_starts(imp_span(f->name, f->name_n), aid))
			return i;
	}
	return SC_NONE;
}

static bool name_taken(const struct imp_softcard *card, const struct sc_file *file)
{
	for (size_t i = 0; i < SC_FILES; i++) {
		const struct sc_file *f = &card->files[i];

		if (f->kind == SC_DF && f->name_n &&
			imp_span_eq(
				imp_span(f->name, f->name_n), imp_span(file->name, file->name_n)))
			return true;
	}
	return false;
}

static uint8_t free_slot(const struct imp_softcard *card)
{
	for (uint8_t i = 1; i < SC_FILES; i++)
		if (card->files[i].kind == SC_FREE)
			return i;
	return SC_NONE;
}

unsigned imp_sc_add(
	struct imp_softcard *card, const struct sc_file *file, uint8_t fill, uint8_t *index)
{
	uint8_t slot = free_slot(card);

	if (imp_sc_child(card, file->parent, file->fid) != SC_NONE)
		return SW_FILE_EXISTS;
	if (name_taken(card, file))
		return SW_NAME_EXISTS;
	if (file->sfi && imp_sc_by_sfi(card, file->parent, file->sfi) != SC_NONE)
		return SW_DATA;
	if (slot == SC_NONE || file->size > card->memory - card->used)
		return SW_NO_MEMORY;
	card->files[slot] = *file;
	card->files[slot].at = card->used;
	memset(card->pool + card->used, fill, file->size);
	card->used += file->size;
	card->generation++;
	*index = slot;
	return SW_OK;
}

static void remove_one(struct imp_softcard *card, uint8_t index)
{
	struct sc_file *gone = &card->files[index];
	uint32_t end = gone->at + gone->size;

	memmove(card->pool + gone->at, card->pool + end, card->used - end);
	card->used -= gone->size;
	imp_wipe(card->pool + card->used, gone->size);
	for (size_t i = 0; i < SC_FILES; i++)
		if (card->files[i].kind != SC_FREE && card->files[i].at >= end)
			card->files[i].at -= gone->size;
	for (size_t i = 0; i < SC_CHANNELS; i++) {
		struct sc_channel *ch = &card->channels[i];

		if (ch->ef == index)
			ch->ef = SC_NONE;
		if (ch->adf == index)
			ch->adf = SC_NONE;
		if (ch->df == index)
			ch->df = gone->parent;
	}
	memset(gone, 0, sizeof *gone);
}

/* Deepest first: each file's parent is still there when the file goes. */
void imp_sc_remove(struct imp_softcard *card, uint8_t index)
{
	uint8_t at = index;

	for (;;) {
		uint8_t child = SC_NONE, parent = card->files[at].parent;

		for (uint8_t i = 1; i < SC_FILES && child == SC_NONE; i++)
			if (card->files[i].kind != SC_FREE && card->files[i].parent == at)
				child = i;
		if (child != SC_NONE) {
			at = child;
			continue;
		}
		remove_one(card, at);
		if (at == index)
			break;
		at = parent;
	}
	card->generation++;
}

uint8_t *imp_sc_body(struct imp_softcard *card, uint8_t index)
{
	return card->pool + card->files[index].at;
}

struct imp_span imp_sc_content(const struct imp_softcard *card, uint8_t index)
{
	return imp_span(card->pool + card->files[index].at, card->files[index].size);
}

static bool off(uint8_t lcs)
{
	return lcs == 0x04 || lcs == 0x06;
}

bool imp_sc_deactivated(const struct imp_softcard *card, uint8_t index)
{
	for (; index != SC_MF; index = card->files[index].parent)
		if (off(card->files[index].lcs))
			return true;
	return off(card->files[SC_MF].lcs);
}
