/* SPDX-License-Identifier: Apache-2.0 */
/* SenML JSON, content format 110. */
#include "model/set_form.h"

#include "base/hex.h"
#include "base/secret.h"
#include "codec/json_dec.h"
#include "codec/json_enc.h"
#include "model/senml.h"
#include "model/text.h"

#include <stdlib.h>
#include <string.h>

/* The base64 of the largest value, and one group more. */
#define SCRATCH (IMP_PAYLOAD_MAX / 3 * 4 + 8)

/* Longer names of fields are refused: whether they end in "_" could not be told. */
#define FIELD_NAME_MAX 64

static enum imp_status chars(const struct imp_json_token *token, struct imp_wr *wr)
{
	if (token->kind != IMP_JSON_STRING)
		return IMP_E_FORMAT;
	imp_json_chars(wr, token->text);
	return wr->st;
}

static enum imp_status name(const struct imp_json_token *token, struct imp_senml_name *out)
{
	struct imp_wr wr = imp_wr(out->text, sizeof out->text);

	if (chars(token, &wr) != IMP_OK)
		return IMP_E_FORMAT;
	out->n = wr.n;
	return IMP_OK;
}

/* A point or an exponent makes it real. */
static bool is_real(struct imp_span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '.' || (text.p[i] | 0x20) == 'e')
			return true;
	return false;
}

static enum imp_status number(const struct imp_json_token *token, struct imp_senml_number *out)
{
	char text[64];

	if (token->kind != IMP_JSON_NUMBER)
		return IMP_E_FORMAT;
	out->whole = imp_json_whole(token->text, &out->negative, &out->magnitude) == IMP_OK;
	out->real = !out->whole || is_real(token->text);
	if (!out->real)
		return IMP_OK;
	if (token->text.n >= sizeof text)
		return IMP_E_FORMAT;
	memcpy(text, token->text.p, token->text.n);
	text[token->text.n] = 0;
	out->f = strtod(text, NULL);
	return out->f - out->f == 0 ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status boolean(const struct imp_json_token *token, bool *out)
{
	*out = token->kind == IMP_JSON_TRUE;
	return *out || token->kind == IMP_JSON_FALSE ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status text_value(
	const struct imp_json_token *token, struct imp_wr *scratch, struct imp_span *out)
{
	enum imp_status st = chars(token, scratch);

	*out = imp_wr_span(scratch);
	return st;
}

/* Decoded where the text stands: three octets are never ahead of their four characters. */
static enum imp_status data_value(
	const struct imp_json_token *token, struct imp_wr *scratch, struct imp_span *out)
{
	struct imp_wr octets = imp_wr(scratch->p, scratch->cap);
	struct imp_span text;

	if (text_value(token, scratch, &text) != IMP_OK || imp_b64_get(&octets, text) != IMP_OK)
		return IMP_E_FORMAT;
	*out = imp_wr_span(&octets);
	return IMP_OK;
}

static enum imp_status version(const struct imp_json_token *token, uint64_t *out)
{
	bool negative;

	if (token->kind != IMP_JSON_NUMBER)
		return IMP_E_FORMAT;
	return imp_json_whole(token->text, &negative, out) || negative ? IMP_E_FORMAT : IMP_OK;
}

static enum imp_status read_field(struct imp_json_rd *j, const struct imp_json_token *token,
	struct imp_senml_record *record, struct imp_wr *scratch)
{
	uint8_t key[FIELD_NAME_MAX];
	struct imp_wr spelled = imp_wr(key, sizeof key);
	enum imp_senml_field field;

	imp_json_chars(&spelled, token->key);
	if (spelled.st != IMP_OK)
		return IMP_E_FORMAT;
	field = imp_senml_named(imp_wr_span(&spelled));
	if (imp_senml_see(record, field) != IMP_OK)
		return IMP_E_FORMAT;
	switch (field) {
	case IMP_SENML_BVER:
		return version(token, &record->bver);
	case IMP_SENML_BN:
		return name(token, &record->bn);
	case IMP_SENML_N:
		return name(token, &record->n);
	case IMP_SENML_V:
		return number(token, &record->number);
	case IMP_SENML_VS:
		return text_value(token, scratch, &record->octets);
	case IMP_SENML_VB:
		return boolean(token, &record->boolean);
	case IMP_SENML_VD:
		return data_value(token, scratch, &record->octets);
	case IMP_SENML_VLO:
		return name(token, &record->link);
	case IMP_SENML_VER:
		return name(token, &record->ver);
	case IMP_SENML_BV:
	case IMP_SENML_IGNORE:
	case IMP_SENML_REFUSE:
		break;
	}
	return imp_json_skip(j, token);
}

static enum imp_status read_record(
	struct imp_json_rd *j, struct imp_senml_record *record, uint8_t *scratch)
{
	struct imp_wr wr = imp_wr(scratch, SCRATCH);
	struct imp_json_token token;
	enum imp_status st;

	memset(record, 0, sizeof *record);
	while ((st = imp_json_next(j, &token)) == IMP_OK && token.kind != IMP_JSON_END) {
		st = read_field(j, &token, record, &wr);
		if (st)
			break;
	}
	return st;
}

static enum imp_status read_pack(struct imp_senml_pack *pack, struct imp_span in, uint8_t *scratch)
{
	struct imp_json_rd j = imp_json_rd(in);
	struct imp_senml_record record;
	struct imp_json_token token;
	enum imp_status st = imp_json_next(&j, &token);

	pack->base.n = 0;
	if (st || token.kind != IMP_JSON_ARRAY)
		return st ? st : IMP_E_FORMAT;
	while ((st = imp_json_next(&j, &token)) == IMP_OK && token.kind == IMP_JSON_OBJECT) {
		st = read_record(&j, &record, scratch);
		if (!st)
			st = imp_senml_take(pack, &record);
		if (st)
			return st;
	}
	if (st || token.kind != IMP_JSON_END)
		return st ? st : IMP_E_FORMAT;
	return imp_json_next(&j, &token);
}

enum imp_status imp_set_from_senml_json(struct imp_set *set, struct imp_span in)
{
	struct imp_senml_pack pack = { .set = set };
	uint8_t scratch[SCRATCH];
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

static void put_data(struct imp_json *j, struct imp_span octets)
{
	imp_json_raw(j, "vd", imp_span(NULL, 0));
	imp_wr_u8(j->wr, '"');
	imp_b64url_put(j->wr, octets);
	imp_wr_u8(j->wr, '"');
}

static void put_link(struct imp_json *j, const struct imp_value *value)
{
	char text[12];
	struct imp_wr wr = imp_wr(text, sizeof text);

	imp_text_put_link(&wr, value->u.link.object, value->u.link.instance);
	imp_json_span(j, "vlo", imp_wr_span(&wr));
}

static void put_value(struct imp_json *j, const struct imp_value *value)
{
	switch (value->type) {
	case IMP_TYPE_STRING:
		imp_json_span(j, "vs", value->u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		imp_json_int(j, "v", value->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		imp_json_uint(j, "v", value->u.u);
		break;
	case IMP_TYPE_FLOAT:
		imp_json_float(j, "v", value->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		imp_json_bool(j, "vb", value->u.b);
		break;
	case IMP_TYPE_OPAQUE:
		put_data(j, value->u.s);
		break;
	case IMP_TYPE_OBJLNK:
		put_link(j, value);
		break;
	case IMP_TYPE_NONE:
		break;
	}
}

enum imp_status imp_set_to_senml_json(const struct imp_set *set, struct imp_wr *out)
{
	struct imp_senml_out record = { .next = 0 };
	struct imp_json j = imp_json(out);

	imp_json_array(&j, NULL);
	while (imp_senml_next(set, &record)) {
		imp_json_object(&j, NULL);
		if (record.bn[0])
			imp_json_str(&j, "bn", record.bn);
		if (record.ver[0])
			imp_json_str(&j, "ver", record.ver);
		if (record.value) {
			imp_json_str(&j, "n", record.n);
			put_value(&j, record.value);
		}
		imp_json_object_end(&j);
	}
	imp_json_array_end(&j);
	return out->st;
}
