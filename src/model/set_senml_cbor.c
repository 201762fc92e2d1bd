/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR, content format 112. */
#include "model/set_form.h"

#include "base/secret.h"
#include "codec/cbor.h"
#include "model/senml.h"
#include "model/text.h"

#include <string.h>

/* Labels of the fields that are written (RFC 8428, table 4); vlo and ver have names only. */
enum { LABEL_BN = -2, LABEL_N = 0, LABEL_V = 2, LABEL_VS = 3, LABEL_VB = 4, LABEL_VD = 8 };

static enum imp_status name(const struct imp_cbor *item, struct imp_senml_name *out)
{
	struct imp_wr wr = imp_wr(out->text, sizeof out->text);

	if (item->kind != IMP_CBOR_TEXT)
		return IMP_E_FORMAT;
	imp_cbor_octets(&wr, item);
	if (wr.st != IMP_OK)
		return IMP_E_FORMAT;
	out->n = wr.n;
	return IMP_OK;
}

static enum imp_status number(const struct imp_cbor *item, struct imp_senml_number *out)
{
	out->real = item->kind == IMP_CBOR_FLOAT;
	out->whole = item->kind == IMP_CBOR_UNSIGNED || item->kind == IMP_CBOR_NEGATIVE;
	out->negative = item->kind == IMP_CBOR_NEGATIVE;
	out->magnitude = item->n;
	out->f = item->f;
	if (out->negative && out->magnitude++ == UINT64_MAX)
		return IMP_E_FORMAT;
	if (out->real && !(out->f - out->f == 0)) /* SenML has neither NaN nor infinities */
		return IMP_E_FORMAT;
	return out->whole || out->real ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status boolean(const struct imp_cbor *item, bool *out)
{
	*out = item->n == IMP_CBOR_TRUE;
	if (item->kind != IMP_CBOR_SIMPLE || (!*out && item->n != IMP_CBOR_FALSE))
		return IMP_E_FORMAT;
	return IMP_OK;
}

/* The octets of a string; copied only when they come in chunks. */
static enum imp_status octets(const struct imp_cbor *item, enum imp_cbor_kind kind,
	uint8_t *scratch, struct imp_span *out)
{
	struct imp_wr wr = imp_wr(scratch, IMP_PAYLOAD_MAX);

	if (item->kind != kind)
		return IMP_E_FORMAT;
	*out = item->s;
	if (!item->indefinite)
		return IMP_OK;
	imp_cbor_octets(&wr, item);
	*out = imp_wr_span(&wr);
	return wr.st;
}

static enum imp_status version(const struct imp_cbor *item, uint64_t *out)
{
	*out = item->n;
	return item->kind == IMP_CBOR_UNSIGNED ? IMP_OK : IMP_E_FORMAT;
}

/* Longer names of fields are refused: whether they end in "_" could not be told. */
#define FIELD_NAME_MAX 64

/* Labels are numbers, names are for the rest: "bn" as text is no field of this format. */
static enum imp_status key_field(const struct imp_cbor *key, enum imp_senml_field *out)
{
	uint8_t text[FIELD_NAME_MAX];
	struct imp_wr wr = imp_wr(text, sizeof text);
	int64_t label;

	if (key->kind == IMP_CBOR_TEXT) {
		imp_cbor_octets(&wr, key);
		*out = imp_senml_named(imp_wr_span(&wr));
		return wr.st || *out < IMP_SENML_VLO ? IMP_E_FORMAT : IMP_OK;
	}
	if (imp_cbor_integer(key, &label) != IMP_OK)
		return IMP_E_FORMAT;
	*out = imp_senml_labelled(label);
	return IMP_OK;
}

static enum imp_status read_field(
	struct imp_rd *rd, struct imp_senml_record *record, uint8_t *scratch)
{
	enum imp_senml_field field;
	struct imp_cbor item;
	enum imp_status st = imp_cbor_next(rd, &item);

	if (st)
		return st;
	if (key_field(&item, &field) != IMP_OK || imp_senml_see(record, field) != IMP_OK)
		return IMP_E_FORMAT;
	if (field == IMP_SENML_IGNORE || field == IMP_SENML_BV)
		return imp_cbor_skip(rd);
	st = imp_cbor_next(rd, &item);
	if (st)
		return st;
	switch (field) {
	case IMP_SENML_BVER:
		return version(&item, &record->bver);
	case IMP_SENML_BN:
		return name(&item, &record->bn);
	case IMP_SENML_N:
		return name(&item, &record->n);
	case IMP_SENML_V:
		return number(&item, &record->number);
	case IMP_SENML_VS:
		return octets(&item, IMP_CBOR_TEXT, scratch, &record->octets);
	case IMP_SENML_VB:
		return boolean(&item, &record->boolean);
	case IMP_SENML_VD:
		return octets(&item, IMP_CBOR_BYTES, scratch, &record->octets);
	case IMP_SENML_VLO:
		return name(&item, &record->link);
	case IMP_SENML_VER:
		return name(&item, &record->ver);
	case IMP_SENML_BV:
	case IMP_SENML_IGNORE:
	case IMP_SENML_REFUSE:
		break;
	}
	return IMP_E_FORMAT;
}

static enum imp_status read_record(
	struct imp_rd *rd, struct imp_senml_record *record, uint8_t *scratch)
{
	struct imp_cbor map;
	enum imp_status st = imp_cbor_next(rd, &map);

	memset(record, 0, sizeof *record);
	if (st || map.kind != IMP_CBOR_MAP)
		return st ? st : IMP_E_FORMAT;
	while (imp_cbor_more(rd, &map)) {
		st = read_field(rd, record, scratch);
		if (st)
			return st;
	}
	return rd->st;
}

static enum imp_status read_pack(struct imp_senml_pack *pack, struct imp_span in, uint8_t *scratch)
{
	struct imp_rd rd = imp_rd(in);
	struct imp_senml_record record;
	struct imp_cbor array;
	enum imp_status st = imp_cbor_next(&rd, &array);

	pack->base.n = 0;
	if (st || array.kind != IMP_CBOR_ARRAY)
		return st ? st : IMP_E_FORMAT;
	while (imp_cbor_more(&rd, &array)) {
		st = read_record(&rd, &record, scratch);
		if (!st)
			st = imp_senml_take(pack, &record);
		if (st)
			return st;
	}
	return imp_rd_done(&rd);
}

enum imp_status imp_set_from_senml_cbor(struct imp_set *set, struct imp_span in)
{
	struct imp_senml_pack pack = { .set = set };
	uint8_t scratch[IMP_PAYLOAD_MAX];
	enum imp_status st;

	imp_set_wipe(set);
	st = read_pack(&pack, in, scratch);
	if (!st && pack.bare) {
		pack.second = true;
		st = read_pack(&pack, in, scratch);
	}
	imp_wipe(scratch, sizeof scratch);
	if (st)
		imp_set_wipe(set);
	return st;
}

static void put_text(struct imp_wr *wr, const char *text)
{
	imp_cbor_put_text(wr, imp_span_str(text));
}

static void put_link(struct imp_wr *wr, const struct imp_value *value)
{
	char text[12];
	struct imp_wr link = imp_wr(text, sizeof text);

	imp_text_put_link(&link, value->u.link.object, value->u.link.instance);
	put_text(wr, "vlo");
	imp_cbor_put_text(wr, imp_wr_span(&link));
}

static void put_value(struct imp_wr *wr, const struct imp_value *value)
{
	switch (value->type) {
	case IMP_TYPE_STRING:
		imp_cbor_put_integer(wr, LABEL_VS);
		imp_cbor_put_text(wr, value->u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		imp_cbor_put_integer(wr, LABEL_V);
		imp_cbor_put_integer(wr, value->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		imp_cbor_put_integer(wr, LABEL_V);
		imp_cbor_put_unsigned(wr, value->u.u);
		break;
	case IMP_TYPE_FLOAT:
		imp_cbor_put_integer(wr, LABEL_V);
		imp_cbor_put_float(wr, value->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		imp_cbor_put_integer(wr, LABEL_VB);
		imp_cbor_put_boolean(wr, value->u.b);
		break;
	case IMP_TYPE_OPAQUE:
		imp_cbor_put_integer(wr, LABEL_VD);
		imp_cbor_put_bytes(wr, value->u.s);
		break;
	case IMP_TYPE_OBJLNK:
		put_link(wr, value);
		break;
	case IMP_TYPE_NONE:
		break;
	}
}

enum imp_status imp_set_to_senml_cbor(const struct imp_set *set, struct imp_wr *out)
{
	struct imp_senml_out record = { .next = 0 };

	imp_cbor_put_array(out, set->n);
	while (imp_senml_next(set, &record)) {
		imp_cbor_put_map(out, (record.bn[0] ? 1U : 0) + (record.ver[0] ? 1U : 0) +
					      (record.value ? 2U : 0));
		if (record.bn[0]) {
			imp_cbor_put_integer(out, LABEL_BN);
			put_text(out, record.bn);
		}
		if (record.ver[0]) {
			put_text(out, "ver");
			put_text(out, record.ver);
		}
		if (record.value) {
			imp_cbor_put_integer(out, LABEL_N);
			put_text(out, record.n);
			put_value(out, record.value);
		}
	}
	return out->st;
}
