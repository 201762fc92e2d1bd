/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules: referenced (8B), compact (8C) and expanded (AB), TS 102 221 9.2; ref B.2. */
#include "applet-tools/softcard_core.h"

#define DEPTH_MAX 4 /* of OR templates in each other */

enum verdict { NO, YES, MALFORMED };

static bool verified(const struct imp_softcard *card, uint8_t ref)
{
	for (size_t i = 0; i < SC_PINS; i++)
		if (card->pins[i].ref == ref)
			return card->pins[i].verified;
	return false;
}

/* Security condition octet: this card knows always and never. */
static enum verdict condition_octet(struct imp_span v)
{
	if (v.n != 1)
		return MALFORMED;
	return v.p[0] == 0x00 ? YES : NO;
}

/* A4: key reference 83 and usage qualifier 95, user authentication. */
static enum verdict key(const struct imp_softcard *card, struct imp_span v)
{
	struct imp_rd rd = imp_rd(v);
	uint8_t ref_tag, usage_tag;
	struct imp_span ref = imp_sc_tlv(&rd, &ref_tag);
	struct imp_span usage = imp_sc_tlv(&rd, &usage_tag);

	if (imp_rd_done(&rd) != IMP_OK || ref_tag != 0x83 || usage_tag != 0x95)
		return MALFORMED;
	if (ref.n != 1 || usage.n != 1)
		return MALFORMED;
	return card && usage.p[0] == 0x08 && verified(card, ref.p[0]) ? YES : NO;
}

static enum verdict condition(
	const struct imp_softcard *card, uint8_t tag, struct imp_span v, unsigned depth);

/* A0: one of the conditions inside. */
static enum verdict any_of(const struct imp_softcard *card, struct imp_span v, unsigned depth)
{
	struct imp_rd rd = imp_rd(v);
	enum verdict got = NO;

	if (depth == DEPTH_MAX || v.n == 0)
		return MALFORMED;
	while (rd.n && rd.st == IMP_OK) {
		uint8_t tag;
		struct imp_span inner = imp_sc_tlv(&rd, &tag);
		enum verdict one =
			rd.st == IMP_OK ? condition(card, tag, inner, depth + 1) : MALFORMED;

		if (one == MALFORMED)
			return MALFORMED;
		if (one == YES)
			got = YES;
	}
	return got;
}

/* What this card does not know (AND, NOT, secure messaging) it cannot grant. */
static enum verdict condition(
	const struct imp_softcard *card, uint8_t tag, struct imp_span v, unsigned depth)
{
	switch (tag) {
	case 0x90:
		return v.n ? MALFORMED : YES;
	case 0x97:
		return v.n ? MALFORMED : NO;
	case 0x9E:
		return condition_octet(v);
	case 0xA4:
		return key(card, v);
	case 0xA0:
		return any_of(card, v, depth);
	default:
		return NO;
	}
}

static bool is_access_mode(uint8_t tag)
{
	return tag >= 0x80 && tag <= 0x8F;
}

/* Bits of an access mode object that mean what SC_AM_* say: with b8 set b7..b4 are proprietary. */
static unsigned mode_bits(uint8_t tag, struct imp_span v)
{
	if (tag != 0x80 || v.n != 1)
		return 0;
	return v.p[0] & 0x80 ? v.p[0] & 0x07U : v.p[0];
}

/* Access modes, each followed by its conditions; one that holds is enough.  card NULL: syntax only,
 * no key counts as verified.  Unused octets of a record are FF. */
static enum verdict expanded(const struct imp_softcard *card, struct imp_span rule, unsigned am)
{
	struct imp_rd rd = imp_rd(rule);
	enum verdict got = NO;
	unsigned mode = 0;
	bool seen_mode = false, seen_condition = false;

	while (rd.n && imp_rd_peek(&rd) != 0xFF) {
		uint8_t tag;
		struct imp_span v = imp_sc_tlv(&rd, &tag);
		enum verdict one;

		if (rd.st != IMP_OK)
			return MALFORMED;
		if (is_access_mode(tag)) {
			if (v.n == 0 || (seen_mode && !seen_condition))
				return MALFORMED;
			mode = mode_bits(tag, v);
			seen_mode = true;
			seen_condition = false;
			continue;
		}
		one = condition(card, tag, v, 0);
		if (!seen_mode || one == MALFORMED)
			return MALFORMED;
		seen_condition = true;
		if (one == YES && mode & am)
			got = YES;
	}
	if (!seen_condition || !imp_span_all(imp_span(rd.p, rd.n), 0xFF))
		return MALFORMED;
	return got;
}

/* AM, then a condition octet for each bit set in it, highest bit first. */
static enum verdict compact(struct imp_span rule, unsigned am)
{
	struct imp_rd rd = imp_rd(rule);
	uint8_t mode = imp_rd_u8(&rd);
	enum verdict got = NO;

	for (unsigned bit = 0x40; bit; bit >>= 1)
		if (mode & bit) {
			uint8_t octet = imp_rd_u8(&rd);

			if (bit == am && octet == 0x00)
				got = YES;
		}
	return imp_rd_done(&rd) == IMP_OK && !(mode & 0x80) ? got : MALFORMED;
}

/* The record number that 8B names for security environment 01, in which PIN1 is enabled; 0: none */
static uint8_t referenced_record(struct imp_span v)
{
	if (v.n == 3)
		return v.p[2];
	for (size_t i = 2; i + 1 < v.n; i += 2)
		if (v.p[i] == 0x01)
			return v.p[i + 1];
	return 0;
}

/* EF.ARR: 2F06 is the MF's; any other identifier is looked for from the file's DF upwards. */
static uint8_t find_arr(const struct imp_softcard *card, uint8_t index, uint16_t fid)
{
	uint8_t df = card->files[index].kind == SC_DF ? index : card->files[index].parent;

	if (fid == 0x2F06)
		return imp_sc_child(card, SC_MF, fid);
	for (;;) {
		uint8_t arr = imp_sc_child(card, df, fid);

		if (arr != SC_NONE || df == SC_MF)
			return arr;
		df = card->files[df].parent;
	}
}

static enum verdict referenced(
	const struct imp_softcard *card, uint8_t index, struct imp_span v, unsigned am)
{
	uint8_t arr = find_arr(card, index, (uint16_t)(v.p[0] << 8 | v.p[1]));
	uint8_t number = referenced_record(v);
	const struct sc_file *f;

	if (arr == SC_NONE || number == 0)
		return NO;
	f = &card->files[arr];
	if (f->kind != SC_LINEAR || (uint32_t)number * f->record > f->size)
		return NO;
	return expanded(card,
		imp_span(imp_sc_content(card, arr).p + (size_t)(number - 1) * f->record, f->record),
		am);
}

bool imp_sc_allowed(const struct imp_softcard *card, uint8_t index, unsigned am)
{
	const struct sc_file *f = &card->files[index];
	struct imp_rd rd = imp_rd(imp_span(f->rule, f->rule_n));
	uint8_t tag;
	struct imp_span v = imp_sc_tlv(&rd, &tag);

	switch (tag) {
	case 0x8B:
		return v.n >= 3 && referenced(card, index, v, am) == YES;
	case 0x8C:
		return compact(v, am) == YES;
	case 0xAB:
		return expanded(card, v, am) == YES;
	default:
		return false;
	}
}

bool imp_sc_rule_valid(struct imp_span rule)
{
	struct imp_rd rd = imp_rd(rule);
	uint8_t tag;
	struct imp_span v = imp_sc_tlv(&rd, &tag);

	if (imp_rd_done(&rd) != IMP_OK || rule.n > SC_RULE_MAX)
		return false;
	switch (tag) {
	case 0x8B:
		return v.n == 3 || (v.n >= 4 && v.n % 2 == 0);
	case 0x8C:
		return compact(v, 0) != MALFORMED;
	case 0xAB:
		return expanded(NULL, v, 0) != MALFORMED;
	default:
		return false;
	}
}
