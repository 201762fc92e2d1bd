/* SPDX-License-Identifier: Apache-2.0 */
/* The softcard's state file, JSON, read; format: applet-tools/SOFTCARD.md. */
#include "applet-tools/softcard_core.h"
#include "base/hex.h"
#include "codec/json_dec.h"

#include <stdio.h>
#include <string.h>

struct in {
	const char *name; /* of the text */
	char where[24];	  /* "files[3]", or empty */
	struct imp_diag *diag;
};

static enum imp_status bad(const struct in *in, const char *member, const char *what)
{
	return imp_diag(in->diag, IMP_E_FORMAT, "%s: %s%s%s: %s", in->name, in->where,
		*in->where ? "." : "", member, what);
}

struct member {
	const char *key;
	enum imp_json_kind kind;
	bool required;
};

struct value {
	bool set;
	struct imp_json_token token;
	struct imp_json_rd at; /* behind the token: reads a container */
};

static enum imp_status broken(const struct in *in)
{
	return imp_diag(in->diag, IMP_E_FORMAT, "%s: not well-formed JSON", in->name);
}

/* The members of the object at j, by index of the table. */
static enum imp_status members(const struct in *in, struct imp_json_rd *j,
	const struct member *table, size_t n, struct value *values)
{
	struct imp_json_token t;

	memset(values, 0, n * sizeof *values);
	for (;;) {
		size_t i = 0;

		if (imp_json_next(j, &t) != IMP_OK)
			return broken(in);
		if (t.kind == IMP_JSON_END)
			break;
		while (i < n && !imp_json_is(t.key, table[i].key))
			i++;
		if (i == n)
			return imp_diag(in->diag, IMP_E_FORMAT, "%s: %s%sunknown member '%.*s'",
				in->name, in->where, *in->where ? ": " : "",
				t.key.n > 40 ? 40 : (int)t.key.n, (const char *)t.key.p);
		if (values[i].set)
			return bad(in, table[i].key, "stands there twice");
		if (t.kind != table[i].kind)
			return bad(in, table[i].key, "has the wrong type");
		values[i] = (struct value){ true, t, *j };
		if (imp_json_skip(j, &t) != IMP_OK)
			return broken(in);
	}
	for (size_t i = 0; i < n; i++)
		if (table[i].required && !values[i].set)
			return bad(in, table[i].key, "is missing");
	return IMP_OK;
}

/* Call item for each object of an array, with "NAME[i]" as its place. */
static enum imp_status each(struct in *in, const char *name, const struct value *array,
	enum imp_status (*item)(struct in *in, struct imp_json_rd *j, struct imp_softcard *card),
	struct imp_softcard *card)
{
	struct imp_json_rd j = array->at;
	struct imp_json_token t;
	enum imp_status st = IMP_OK;

	for (unsigned i = 0; array->set && st == IMP_OK; i++) {
		if (imp_json_next(&j, &t) != IMP_OK)
			return broken(in);
		if (t.kind == IMP_JSON_END)
			break;
		(void)snprintf(in->where, sizeof in->where, "%s[%u]", name, i);
		if (t.kind != IMP_JSON_OBJECT)
			return bad(in, "", "is no object");
		st = item(in, &j, card);
	}
	in->where[0] = '\0';
	return st;
}

static enum imp_status number(
	const struct in *in, const char *member, const struct value *v, uint32_t max, uint32_t *out)
{
	int64_t n = *out;

	if (v->set && (imp_json_integer(v->token.text, &n) != IMP_OK || n < 0 || n > max))
		return imp_diag(in->diag, IMP_E_FORMAT, "%s: %s%s%s: not a number from 0 to %u",
			in->name, in->where, *in->where ? "." : "", member, (unsigned)max);
	*out = (uint32_t)n;
	return IMP_OK;
}

static enum imp_status hex(const struct in *in, const char *member, const struct value *v,
	uint8_t *out, size_t min, size_t max, size_t *n)
{
	struct imp_wr wr = imp_wr(out, max);

	*n = 0;
	if (!v->set)
		return IMP_OK;
	if (imp_hex_get(&wr, v->token.text) != IMP_OK || wr.n < min)
		return imp_diag(in->diag, IMP_E_FORMAT, "%s: %s.%s: not %u to %u octets in hex",
			in->name, in->where, member, (unsigned)min, (unsigned)max);
	*n = wr.n;
	return IMP_OK;
}

static const struct sc_word *word(const struct sc_word *words, const struct value *v)
{
	while (words->word && !imp_json_is(v->token.text, words->word))
		words++;
	return words->word ? words : NULL;
}

static enum imp_status load_pin(struct in *in, struct imp_json_rd *j, struct imp_softcard *card)
{
	static const struct member table[] = {
		{ "ref", IMP_JSON_STRING, true },
		{ "value", IMP_JSON_STRING, true },
		{ "tries", IMP_JSON_NUMBER, true },
		{ "max", IMP_JSON_NUMBER, true },
	};
	struct value v[4];
	uint32_t tries = 0, max = 0;
	uint8_t ref;
	size_t n, i = 0;
	enum imp_status st = members(in, j, table, 4, v);

	if (st == IMP_OK)
		st = hex(in, "ref", &v[0], &ref, 1, 1, &n);
	if (st != IMP_OK)
		return st;
	while (i < SC_PINS && card->pins[i].ref != ref)
		i++;
	if (i == SC_PINS)
		return bad(in, "ref", "is neither 01 (PIN1) nor 0A (ADM1)");
	if (card->pins[i].max)
		return bad(in, "ref", "stands there twice");
	st = hex(in, "value", &v[1], card->pins[i].value, 8, 8, &n);
	if (st == IMP_OK)
		st = number(in, "max", &v[3], 15, &max);
	if (st == IMP_OK)
		st = number(in, "tries", &v[2], max, &tries);
	if (st != IMP_OK)
		return st;
	if (max == 0)
		return bad(in, "max", "is 0");
	card->pins[i].max = (uint8_t)max;
	card->pins[i].tries = (uint8_t)tries;
	return IMP_OK;
}

/* "3F00/7F50/6432": the file's identifier and the index of the DF it lies in. */
static bool parse_path(
	const struct imp_softcard *card, struct imp_span text, uint16_t *fid, uint8_t *parent)
{
	uint8_t df = SC_NONE, octets[2];

	for (;;) {
		struct imp_wr wr = imp_wr(octets, sizeof octets);

		if (text.n < 4 || imp_hex_get(&wr, imp_span(text.p, 4)) != IMP_OK)
			return false;
		*fid = (uint16_t)(octets[0] << 8 | octets[1]);
		if (text.n == 4)
			break;
		df = df == SC_NONE ? SC_MF : imp_sc_child(card, df, *fid);
		if (df == SC_NONE || card->files[df].kind != SC_DF || card->files[df].fid != *fid ||
			text.p[4] != '/')
			return false;
		text = imp_span(text.p + 5, text.n - 5);
	}
	*parent = df;
	return true;
}

enum { F_PATH, F_KIND, F_LCS, F_RULE, F_NAME, F_SFI, F_RECORD, F_SIZE, F_CONTENT, F_N };

static bool lcs_known(uint32_t lcs)
{
	return lcs == 0x01 || (lcs >= 0x03 && lcs <= 0x07);
}

/* Members that only an EF, or only a DF, has; sizes that fit each other. */
static enum imp_status check_shape(
	const struct in *in, const struct sc_file *f, const struct value *v)
{
	if (f->kind == SC_DF) {
		if (v[F_SFI].set || v[F_RECORD].set || v[F_SIZE].set || v[F_CONTENT].set)
			return bad(in, "kind", "a df has no sfi, record, size or content");
		return IMP_OK;
	}
	if (v[F_NAME].set)
		return bad(in, "name", "only a df has one");
	if (f->size == 0)
		return bad(in, "size", "is 0 or missing");
	if (f->kind == SC_TRANSPARENT)
		return v[F_RECORD].set ? bad(in, "record", "only a linear file has it") : IMP_OK;
	if (f->record == 0 || f->size % f->record || f->size / f->record > 254)
		return bad(in, "record", "does not divide size into 1 to 254 records");
	return IMP_OK;
}

static enum imp_status parse_file(const struct in *in, const struct value *v, struct sc_file *f)
{
	const struct sc_word *kind = word(imp_sc_kinds, &v[F_KIND]);
	uint32_t lcs = 0, sfi = 0, record = 0;
	size_t rule_n, name_n;
	enum imp_status st;

	if (!kind)
		return bad(in, "kind", "is not df, transparent or linear");
	f->kind = (enum sc_kind)kind->value;
	st = number(in, "lcs", &v[F_LCS], 255, &lcs);
	if (st == IMP_OK)
		st = number(in, "sfi", &v[F_SFI], 30, &sfi);
	if (st == IMP_OK)
		st = number(in, "record", &v[F_RECORD], 255, &record);
	if (st == IMP_OK)
		st = number(in, "size", &v[F_SIZE], 0xFFFF, &f->size);
	if (st == IMP_OK)
		st = hex(in, "rule", &v[F_RULE], f->rule, 2, sizeof f->rule, &rule_n);
	if (st == IMP_OK)
		st = hex(in, "name", &v[F_NAME], f->name, 5, sizeof f->name, &name_n);
	if (st != IMP_OK)
		return st;
	if (!lcs_known(lcs))
		return bad(in, "lcs", "is not 1 or 3 to 7");
	if (!imp_sc_rule_valid(imp_span(f->rule, rule_n)))
		return bad(in, "rule", "is no data object 8B, 8C or AB that this card can follow");
	f->lcs = (uint8_t)lcs;
	f->sfi = (uint8_t)sfi;
	f->record = (uint8_t)record;
	f->rule_n = (uint8_t)rule_n;
	f->name_n = (uint8_t)name_n;
	return check_shape(in, f, v);
}

static enum imp_status add_file(const struct in *in, struct imp_softcard *card,
	const struct sc_file *f, const struct value *v)
{
	uint8_t index = SC_NONE;
	size_t n;

	if (f->parent == SC_NONE) {
		if (card->files[SC_MF].kind != SC_FREE || f->fid != SC_FID_MF || f->kind != SC_DF)
			return bad(
				in, "path", "the first file is the df 3F00, the others lie in it");
		card->files[SC_MF] = *f;
		card->files[SC_MF].parent = SC_MF;
		return IMP_OK;
	}
	switch (imp_sc_add(card, f, 0xFF, &index)) {
	case SW_OK:
		break;
	case SW_NO_MEMORY:
		return bad(in, "size", "does not fit into memory, or too many files");
	case SW_NAME_EXISTS:
		return bad(in, "name", "is another file's");
	case SW_FILE_EXISTS:
		return bad(in, "path", "stands there twice");
	default:
		return bad(in, "sfi", "is another file's");
	}
	return f->kind == SC_DF ? IMP_OK
				: hex(in, "content", &v[F_CONTENT], imp_sc_body(card, index), 0,
					  f->size, &n);
}

static enum imp_status load_file(struct in *in, struct imp_json_rd *j, struct imp_softcard *card)
{
	static const struct member table[F_N] = {
		{ "path", IMP_JSON_STRING, true },
		{ "kind", IMP_JSON_STRING, true },
		{ "lcs", IMP_JSON_NUMBER, true },
		{ "rule", IMP_JSON_STRING, true },
		{ "name", IMP_JSON_STRING, false },
		{ "sfi", IMP_JSON_NUMBER, false },
		{ "record", IMP_JSON_NUMBER, false },
		{ "size", IMP_JSON_NUMBER, false },
		{ "content", IMP_JSON_STRING, false },
	};
	struct value v[F_N];
	struct sc_file f = { 0 };
	enum imp_status st = members(in, j, table, F_N, v);

	if (st != IMP_OK)
		return st;
	if (!parse_path(card, v[F_PATH].token.text, &f.fid, &f.parent))
		return bad(in, "path", "is not identifiers of files above it, as 3F00/7F50/6432");
	st = parse_file(in, v, &f);
	return st == IMP_OK ? add_file(in, card, &f, v) : st;
}

static enum imp_status load_fault_value(const struct in *in, const struct value *hex_value,
	const struct value *number_value, struct imp_softcard_fault *f)
{
	uint8_t octets[2] = { 0, 0 };
	size_t want = imp_sc_deed_hex(f->what), n;
	uint32_t value = 0;
	enum imp_status st = IMP_OK;

	if (hex_value->set != (want != 0) || number_value->set != imp_sc_deed_number(f->what))
		return bad(in, "value", "is missing, not wanted or of the wrong type");
	if (want)
		st = hex(in, "value", hex_value, octets + 2 - want, want, want, &n);
	if (st == IMP_OK)
		st = number(in, "value", number_value, 600000, &value);
	f->value = want ? (unsigned)(octets[0] << 8 | octets[1]) : value;
	return st;
}

static enum imp_status load_fault(struct in *in, struct imp_json_rd *j, struct imp_softcard *card)
{
	/* "value" is text or a number, depending on "do": the row fits what stands there. */
	static const struct member with_text[] = {
		{ "at", IMP_JSON_NUMBER, false },
		{ "ins", IMP_JSON_STRING, false },
		{ "do", IMP_JSON_STRING, true },
		{ "value", IMP_JSON_STRING, false },
	}, with_number[] = {
		{ "at", IMP_JSON_NUMBER, false },
		{ "ins", IMP_JSON_STRING, false },
		{ "do", IMP_JSON_STRING, true },
		{ "value", IMP_JSON_NUMBER, false },
	};
	struct imp_json_rd look = *j;
	struct in silent = { in->name, "", NULL };
	struct value v[4], none = { 0 };
	struct imp_softcard_fault f = { 0 };
	const struct sc_word *deed;
	bool is_number = members(&silent, &look, with_number, 4, v) == IMP_OK;
	enum imp_status st = members(in, j, is_number ? with_number : with_text, 4, v);
	size_t n;

	if (st != IMP_OK)
		return st;
	deed = word(imp_sc_deeds, &v[2]);
	if (!deed)
		return bad(
			in, "do", "is not gone, gone-after, torn, sw, sw-after, slow, 6c or mute");
	f.what = (enum imp_softcard_fault_do)deed->value;
	st = number(in, "at", &v[0], UINT32_MAX, &f.at);
	if (st == IMP_OK)
		st = hex(in, "ins", &v[1], &f.ins, 1, 1, &n);
	if (st == IMP_OK && (f.at != 0) == v[1].set)
		st = bad(in, "at", "give either a number from 1, or ins");
	if (st == IMP_OK)
		st = load_fault_value(in, is_number ? &none : &v[3], is_number ? &v[3] : &none, &f);
	if (st == IMP_OK && imp_softcard_add_fault(card, &f) != IMP_OK)
		st = bad(in, "at", "too many faults");
	return st;
}

static enum imp_status load_habits(const struct in *in, const struct value *array, unsigned *flags)
{
	struct imp_json_rd j = array->at;
	struct value v = { 0 };

	while (array->set) {
		const struct sc_word *w;

		if (imp_json_next(&j, &v.token) != IMP_OK)
			return broken(in);
		if (v.token.kind == IMP_JSON_END)
			break;
		w = v.token.kind == IMP_JSON_STRING ? word(imp_sc_habits, &v) : NULL;
		if (!w)
			return bad(in, "habits", "holds a word this card does not know");
		*flags |= w->value;
	}
	return IMP_OK;
}

enum {
	T_FORMAT,
	T_VERSION,
	T_ICCID,
	T_PROTOCOL,
	T_MEMORY,
	T_HABITS,
	T_PINS,
	T_FILES,
	T_FAULTS,
	T_N
};

static const struct member top[T_N] = {
	{ "format", IMP_JSON_STRING, true },
	{ "version", IMP_JSON_NUMBER, true },
	{ "iccid", IMP_JSON_STRING, false },
	{ "protocol", IMP_JSON_NUMBER, true },
	{ "memory", IMP_JSON_NUMBER, true },
	{ "habits", IMP_JSON_ARRAY, false },
	{ "pins", IMP_JSON_ARRAY, true },
	{ "files", IMP_JSON_ARRAY, true },
	{ "faults", IMP_JSON_ARRAY, false },
};

static enum imp_status read_top(
	const struct in *in, struct imp_span json, struct value v[static T_N])
{
	struct imp_json_rd j = imp_json_rd(json);
	struct imp_json_token t;
	uint32_t version = 0;
	enum imp_status st;

	if (imp_json_next(&j, &t) != IMP_OK || t.kind != IMP_JSON_OBJECT)
		return broken(in);
	st = members(in, &j, top, T_N, v);
	if (st != IMP_OK)
		return st;
	if (imp_json_next(&j, &t) != IMP_OK || t.kind != IMP_JSON_END)
		return broken(in);
	if (!imp_json_is(v[T_FORMAT].token.text, SC_STATE_FORMAT))
		return bad(in, "format", "is not " SC_STATE_FORMAT);
	st = number(in, "version", &v[T_VERSION], UINT32_MAX, &version);
	if (st == IMP_OK && version != SC_STATE_VERSION)
		st = imp_diag(in->diag, IMP_E_UNSUPPORTED, "%s: version %u, this program knows %u",
			in->name, (unsigned)version, (unsigned)SC_STATE_VERSION);
	return st;
}

/* What must hold across members. */
static enum imp_status check_whole(
	const struct in *in, const struct imp_softcard *card, const struct value *iccid)
{
	char digits[21];

	for (size_t i = 0; i < SC_PINS; i++)
		if (card->pins[i].max == 0)
			return bad(in, "pins", "must hold 01 and 0A");
	if (card->files[SC_MF].kind == SC_FREE)
		return bad(in, "files", "must hold 3F00");
	if (iccid->set &&
		(!imp_sc_unpack_iccid(card, digits) || !imp_json_is(iccid->token.text, digits)))
		return bad(in, "iccid", "differs from EF 3F00/2FE2; change both");
	return IMP_OK;
}

struct imp_softcard *imp_softcard_load(
	struct imp_span json, const char *name, struct imp_diag *diag)
{
	struct in in = { name, "", diag };
	struct value v[T_N] = { 0 };
	uint32_t protocol = 0, memory = 0;
	unsigned flags = 0;
	struct imp_softcard *card;
	enum imp_status st = read_top(&in, json, v);

	if (st == IMP_OK)
		st = number(&in, "protocol", &v[T_PROTOCOL], 1, &protocol);
	if (st == IMP_OK)
		st = number(&in, "memory", &v[T_MEMORY], IMP_SOFTCARD_MEMORY_MAX, &memory);
	if (st == IMP_OK)
		st = load_habits(&in, &v[T_HABITS], &flags);
	if (st != IMP_OK)
		return NULL;
	card = imp_sc_alloc(memory);
	if (!card) {
		(void)imp_diag(diag, IMP_E_INTERNAL, "no memory for a card");
		return NULL;
	}
	card->protocol = protocol;
	card->flags = flags;
	for (size_t i = 0; i < SC_PINS; i++)
		card->pins[i].max = 0; /* until the text says so */
	st = each(&in, "pins", &v[T_PINS], load_pin, card);
	if (st == IMP_OK)
		st = each(&in, "files", &v[T_FILES], load_file, card);
	if (st == IMP_OK)
		st = each(&in, "faults", &v[T_FAULTS], load_fault, card);
	if (st == IMP_OK)
		st = check_whole(&in, card, &v[T_ICCID]);
	if (st != IMP_OK) {
		imp_softcard_free(card);
		return NULL;
	}
	card->generation = 0;
	imp_sc_power(card);
	return card;
}
