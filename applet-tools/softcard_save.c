/* SPDX-License-Identifier: Apache-2.0 */
/* The softcard's state file, JSON, written; format: applet-tools/SOFTCARD.md. */
#include "applet-tools/softcard_core.h"
#include "codec/json_enc.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_TEXT (SC_FILES * 5)

/* ---- words, also of the reading side */

const struct sc_word imp_sc_habits[] = {
	{ "no-channels", IMP_SOFTCARD_NO_CHANNELS },
	{ "no-create-df", IMP_SOFTCARD_NO_CREATE_DF },
	{ "no-fcp-p2-00", IMP_SOFTCARD_NO_FCP_P2_00 },
	{ "no-sfi", IMP_SOFTCARD_NO_SFI },
	{ "le-max-128", IMP_SOFTCARD_LE_MAX_128 },
	{ NULL, 0 },
};

const struct sc_word imp_sc_kinds[] = {
	{ "df", SC_DF },
	{ "transparent", SC_TRANSPARENT },
	{ "linear", SC_LINEAR },
	{ NULL, 0 },
};

const struct sc_word imp_sc_deeds[] = {
	{ "gone", IMP_SOFTCARD_GONE },
	{ "gone-after", IMP_SOFTCARD_GONE_AFTER },
	{ "torn", IMP_SOFTCARD_TORN },
	{ "sw", IMP_SOFTCARD_SW },
	{ "sw-after", IMP_SOFTCARD_SW_AFTER },
	{ "slow", IMP_SOFTCARD_SLOW },
	{ "6c", IMP_SOFTCARD_LE },
	{ "mute", IMP_SOFTCARD_MUTE },
	{ NULL, 0 },
};

size_t imp_sc_deed_hex(unsigned what)
{
	switch (what) {
	case IMP_SOFTCARD_SW:
	case IMP_SOFTCARD_SW_AFTER:
		return 2;
	case IMP_SOFTCARD_LE:
		return 1;
	default:
		return 0;
	}
}

bool imp_sc_deed_number(unsigned what)
{
	return what == IMP_SOFTCARD_SLOW || what == IMP_SOFTCARD_TORN;
}

/* ---- writing */

static const char *word_of(const struct sc_word *words, unsigned value)
{
	while (words->word && words->value != value)
		words++;
	return words->word;
}

bool imp_sc_unpack_iccid(const struct imp_softcard *card, char out[static 21])
{
	uint8_t i = imp_sc_child(card, SC_MF, 0x2FE2), again[10];
	struct imp_span v = i == SC_NONE ? imp_span(NULL, 0) : imp_sc_content(card, i);
	size_t n = 0;

	if (v.n != sizeof again)
		return false;
	for (; n < 20; n++) {
		unsigned digit = n % 2 ? v.p[n / 2] >> 4 : v.p[n / 2] & 15U;

		if (digit > 9)
			break;
		out[n] = (char)('0' + digit);
	}
	out[n] = '\0';
	return imp_sc_pack_iccid(out, again) && memcmp(again, v.p, sizeof again) == 0;
}

static void save_pins(const struct imp_softcard *card, struct imp_json *j)
{
	imp_json_array(j, "pins");
	for (size_t i = 0; i < SC_PINS; i++) {
		const struct sc_pin *pin = &card->pins[i];

		imp_json_object(j, NULL);
		imp_json_hex(j, "ref", imp_span(&pin->ref, 1));
		imp_json_hex(j, "value", imp_span(pin->value, sizeof pin->value));
		imp_json_uint(j, "tries", pin->tries);
		imp_json_uint(j, "max", pin->max);
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
}

static struct imp_span without_padding(struct imp_span v)
{
	while (v.n && v.p[v.n - 1] == 0xFF)
		v.n--;
	return v;
}

static void save_file(
	const struct imp_softcard *card, struct imp_json *j, uint8_t index, const char *path)
{
	const struct sc_file *f = &card->files[index];

	imp_json_object(j, NULL);
	imp_json_str(j, "path", path);
	imp_json_str(j, "kind", word_of(imp_sc_kinds, f->kind));
	imp_json_uint(j, "lcs", f->lcs);
	imp_json_hex(j, "rule", imp_span(f->rule, f->rule_n));
	if (f->name_n)
		imp_json_hex(j, "name", imp_span(f->name, f->name_n));
	if (f->kind != SC_DF) {
		if (f->sfi)
			imp_json_uint(j, "sfi", f->sfi);
		if (f->kind == SC_LINEAR)
			imp_json_uint(j, "record", f->record);
		imp_json_uint(j, "size", f->size);
		imp_json_hex(j, "content", without_padding(imp_sc_content(card, index)));
	}
	imp_json_object_end(j);
}

/* A file, then those below it: a DF stands before what lies in it.  path has room for the deepest
 * there can be, n is its length so far. */
static void save_tree(const struct imp_softcard *card, struct imp_json *j, uint8_t index,
	char path[static PATH_MAX_TEXT + 1], size_t n)
{
	n += (size_t)snprintf(path + n, PATH_MAX_TEXT + 1 - n, n ? "/%04X" : "%04X",
		(unsigned)card->files[index].fid);
	save_file(card, j, index, path);
	for (uint8_t i = 1; i < SC_FILES; i++)
		if (card->files[i].kind != SC_FREE && card->files[i].parent == index)
			save_tree(card, j, i, path, n);
}

static void save_fault(struct imp_json *j, const struct imp_softcard_fault *f)
{
	uint8_t value[2] = { (uint8_t)(f->value >> 8), (uint8_t)f->value };
	size_t hex = imp_sc_deed_hex(f->what);

	imp_json_object(j, NULL);
	if (f->at)
		imp_json_uint(j, "at", f->at);
	else
		imp_json_hex(j, "ins", imp_span(&f->ins, 1));
	imp_json_str(j, "do", word_of(imp_sc_deeds, f->what));
	if (hex)
		imp_json_hex(j, "value", imp_span(value + 2 - hex, hex));
	if (imp_sc_deed_number(f->what))
		imp_json_uint(j, "value", f->value);
	imp_json_object_end(j);
}

void imp_softcard_save(const struct imp_softcard *card, struct imp_wr *json)
{
	struct imp_json j = imp_json(json);
	char path[PATH_MAX_TEXT + 1] = "", iccid[21];

	imp_json_object(&j, NULL);
	imp_json_str(&j, "format", SC_STATE_FORMAT);
	imp_json_uint(&j, "version", SC_STATE_VERSION);
	if (imp_sc_unpack_iccid(card, iccid))
		imp_json_str(&j, "iccid", iccid);
	imp_json_uint(&j, "protocol", card->protocol);
	imp_json_uint(&j, "memory", card->memory);
	imp_json_array(&j, "habits");
	for (const struct sc_word *w = imp_sc_habits; w->word; w++)
		if (card->flags & w->value)
			imp_json_str(&j, NULL, w->word);
	imp_json_array_end(&j);
	save_pins(card, &j);
	imp_json_array(&j, "files");
	save_tree(card, &j, SC_MF, path, 0);
	imp_json_array_end(&j);
	imp_json_array(&j, "faults");
	for (size_t i = 0; i < card->faults_n; i++)
		save_fault(&j, &card->faults[i]);
	imp_json_array_end(&j);
	imp_json_object_end(&j);
	imp_wr_u8(json, '\n');
}
