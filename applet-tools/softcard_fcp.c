/* SPDX-License-Identifier: Apache-2.0 */
/* File control parameters: read from CREATE FILE, written for SELECT and STATUS; ref A.1, B.1. */
#include "applet-tools/softcard_core.h"

#include <string.h>

#define RECORDS_MAX 254

struct imp_span imp_sc_tlv(struct imp_rd *rd, uint8_t *tag)
{
	size_t n;

	*tag = imp_rd_u8(rd);
	n = imp_rd_u8(rd);
	if (n == 0x81)
		n = imp_rd_u8(rd);
	else if (n > 0x80)
		imp_rd_fail(rd, IMP_E_UNSUPPORTED);
	return imp_rd_take(rd, n);
}

/* What stood in the template besides what the file keeps. */
struct seen {
	bool descriptor, fid, lcs, rule, size, total, sfi, name, proprietary, pins;
	unsigned declared; /* records by a descriptor of five octets, 0: not said */
};

static bool once(bool *flag)
{
	bool first = !*flag;

	*flag = true;
	return first;
}

/* 82: 41 21 | 42 21 rl rl [n] | 78 21; without 40 not shareable. */
static bool descriptor(struct imp_span v, struct sc_file *f, struct seen *seen)
{
	if (v.n < 2 || v.p[1] != 0x21)
		return false;
	switch (v.p[0] & ~0x40U) {
	case 0x01:
		f->kind = SC_TRANSPARENT;
		return v.n == 2;
	case 0x02:
		if ((v.n != 4 && v.n != 5) || v.p[2] != 0 || v.p[3] == 0)
			return false;
		f->kind = SC_LINEAR;
		f->record = v.p[3];
		seen->declared = v.n == 5 ? v.p[4] : 0;
		return v.n == 4 || v.p[4] != 0;
	case 0x38:
		f->kind = SC_DF;
		return v.n == 2;
	default:
		return false;
	}
}

static bool file_id(struct imp_span v, struct sc_file *f)
{
	if (v.n != 2)
		return false;
	f->fid = (uint16_t)(v.p[0] << 8 | v.p[1]);
	return f->fid != SC_FID_MF && f->fid != 0x3FFF && f->fid != SC_FID_ADF && f->fid != 0xFFFF;
}

static bool number(struct imp_span v, uint32_t *out)
{
	if (v.n < 2 || v.n > 4)
		return false;
	*out = 0;
	for (size_t i = 0; i < v.n; i++)
		*out = *out << 8 | v.p[i];
	return true;
}

static bool life_cycle(struct imp_span v, struct sc_file *f)
{
	if (v.n != 1)
		return false;
	f->lcs = v.p[0];
	return f->lcs == 0x01 || f->lcs == 0x03 || f->lcs == 0x05 || f->lcs == 0x07;
}

/* 88: empty for none, else the identifier in b8..b4. */
static bool short_id(struct imp_span v, struct sc_file *f)
{
	if (v.n == 0)
		return true;
	f->sfi = v.p[0] >> 3;
	return v.n == 1 && (v.p[0] & 7) == 0 && f->sfi >= 1 && f->sfi <= 30;
}

static bool name(struct imp_span v, struct sc_file *f)
{
	if (v.n < 5 || v.n > SC_NAME_MAX)
		return false;
	memcpy(f->name, v.p, v.n);
	f->name_n = (uint8_t)v.n;
	return true;
}

/* The whole data object is kept: tag, length in the short form, value. */
static bool rule(uint8_t tag, struct imp_span v, struct sc_file *f)
{
	struct imp_wr wr = imp_wr(f->rule, sizeof f->rule);

	if (v.n > 0x7F)
		return false;
	imp_wr_u8(&wr, tag);
	imp_wr_u8(&wr, (uint8_t)v.n);
	imp_wr_put(&wr, v);
	f->rule_n = (uint8_t)wr.n;
	return wr.st == IMP_OK && imp_sc_rule_valid(imp_wr_span(&wr));
}

/* A5: of the proprietary ones C1 and C2 with one octet fill the file, the others say nothing to
 * this card. */
static bool proprietary(struct imp_span v, uint8_t *fill)
{
	struct imp_rd rd = imp_rd(v);

	while (rd.n && rd.st == IMP_OK) {
		uint8_t tag;
		struct imp_span inner = imp_sc_tlv(&rd, &tag);

		if (rd.st == IMP_OK && (tag == 0xC1 || tag == 0xC2)) {
			if (inner.n != 1)
				return false;
			*fill = inner.p[0];
		}
	}
	return imp_rd_done(&rd) == IMP_OK;
}

static bool parameter(uint8_t tag, struct imp_span v, struct sc_wish *wish, struct seen *seen)
{
	struct sc_file *f = &wish->file;
	uint32_t total;

	switch (tag) {
	case 0x80:
		return once(&seen->size) && number(v, &f->size);
	case 0x81:
		return once(&seen->total) && number(v, &total);
	case 0x82:
		return once(&seen->descriptor) && descriptor(v, f, seen);
	case 0x83:
		return once(&seen->fid) && file_id(v, f);
	case 0x84:
		return once(&seen->name) && name(v, f);
	case 0x88:
		return once(&seen->sfi) && short_id(v, f);
	case 0x8A:
		return once(&seen->lcs) && life_cycle(v, f);
	case 0x8B:
	case 0x8C:
	case 0xAB:
		return once(&seen->rule) && rule(tag, v, f);
	case 0xA5:
		return once(&seen->proprietary) && proprietary(v, &wish->fill);
	case 0xC6:
		return once(&seen->pins) && v.n >= 6 && v.p[0] == 0x90;
	default:
		return false;
	}
}

static bool ef_complete(const struct sc_file *f, const struct seen *seen)
{
	if (!seen->size || seen->total || seen->name || seen->pins || f->size == 0 ||
		f->size > 0xFFFF)
		return false;
	if (f->kind == SC_TRANSPARENT)
		return true;
	return f->size % f->record == 0 && f->size / f->record <= RECORDS_MAX &&
	       (seen->declared == 0 || seen->declared == f->size / f->record);
}

unsigned imp_sc_fcp_parse(struct imp_span fcp, struct sc_wish *wish)
{
	struct imp_rd outer = imp_rd(fcp);
	uint8_t tag;
	struct imp_rd rd = imp_rd(imp_sc_tlv(&outer, &tag));
	struct sc_file *file = &wish->file;
	struct seen seen = { 0 };

	memset(wish, 0, sizeof *wish);
	wish->fill = 0xFF;
	if (imp_rd_done(&outer) != IMP_OK || tag != 0x62)
		return SW_DATA;
	while (rd.n) {
		struct imp_span v = imp_sc_tlv(&rd, &tag);

		if (rd.st != IMP_OK || !parameter(tag, v, wish, &seen))
			return SW_DATA;
	}
	if (!seen.descriptor || !seen.fid || !seen.lcs || !seen.rule)
		return SW_DATA;
	if (file->kind == SC_DF)
		return seen.total && seen.pins && !seen.size && !seen.sfi ? SW_OK : SW_DATA;
	wish->sfi_implied = !seen.sfi && (file->fid & 0x1F) != 0x1F;
	if (wish->sfi_implied)
		file->sfi = file->fid & 0x1F;
	return ef_complete(file, &seen) ? SW_OK : SW_DATA;
}

static void put(struct imp_wr *out, uint8_t tag, const uint8_t *v, size_t n)
{
	imp_wr_u8(out, tag);
	imp_wr_u8(out, (uint8_t)n);
	imp_wr_put(out, imp_span(v, n));
}

static void put_descriptor(const struct sc_file *f, struct imp_wr *out)
{
	uint8_t v[5] = { 0x41, 0x21, 0, f->record, 0 };

	switch (f->kind) {
	case SC_DF:
		v[0] = 0x78;
		put(out, 0x82, v, 2);
		break;
	case SC_LINEAR:
		v[0] = 0x42;
		v[4] = (uint8_t)(f->size / f->record);
		put(out, 0x82, v, 5);
		break;
	case SC_TRANSPARENT:
	case SC_FREE:
		put(out, 0x82, v, 2);
		break;
	}
}

/* 81: what is left for files; C6: PIN1 is enabled, the one key a terminal may ask a user for. */
static void put_df_end(const struct imp_softcard *card, struct imp_wr *out)
{
	static const uint8_t pins[] = { 0x90, 0x01, 0x80, 0x83, 0x01, 0x01 };

	imp_wr_u8(out, 0x81);
	imp_wr_u8(out, 4);
	imp_wr_be32(out, card->memory - card->used);
	put(out, 0xC6, pins, sizeof pins);
}

static void put_ef_end(const struct sc_file *f, struct imp_wr *out)
{
	uint8_t sfi = (uint8_t)(f->sfi << 3);

	imp_wr_u8(out, 0x80);
	imp_wr_u8(out, 2);
	imp_wr_be16(out, (uint16_t)f->size);
	put(out, 0x88, &sfi, f->sfi ? 1 : 0);
}

void imp_sc_fcp_put(const struct imp_softcard *card, uint8_t index, struct imp_wr *out)
{
	const struct sc_file *f = &card->files[index];
	uint8_t inner[SC_RESPONSE_MAX];
	struct imp_wr wr = imp_wr(inner, sizeof inner);

	put_descriptor(f, &wr);
	imp_wr_u8(&wr, 0x83);
	imp_wr_u8(&wr, 2);
	imp_wr_be16(&wr, f->fid);
	if (f->name_n)
		put(&wr, 0x84, f->name, f->name_n);
	put(&wr, 0x8A, &f->lcs, 1);
	imp_wr_put(&wr, imp_span(f->rule, f->rule_n));
	if (f->kind == SC_DF)
		put_df_end(card, &wr);
	else
		put_ef_end(f, &wr);
	/* SC_RULE_MAX and SC_NAME_MAX keep the sum below 128: the length is one octet. */
	imp_wr_u8(out, 0x62);
	imp_wr_u8(out, (uint8_t)wr.n);
	imp_wr_put(out, imp_wr_span(&wr));
}
