/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/convert.h"

#include <string.h>

#include "base/secret.h"
#include "model/set_form.h"
#include "model/text.h"

void imp_converter_init(struct imp_converter *converter)
{
	memset(converter, 0, sizeof(*converter));
	imp_set_init(&converter->set);
}

void imp_converter_free(struct imp_converter *converter)
{
	imp_set_free(&converter->set);
	imp_wipe(converter->out, sizeof(converter->out));
}

static enum imr_status status_of(enum imp_status st)
{
	switch (st) {
	case IMP_OK:
		return IMR_OK;
	case IMP_E_SPACE:
	case IMP_E_INTERNAL:
		return IMR_E_SPACE;
	case IMP_E_UNSUPPORTED:
		return IMR_E_NONE;
	case IMP_E_USAGE:
	case IMP_E_TRUNC:
	case IMP_E_FORMAT:
	case IMP_E_IO:
	case IMP_E_ABSENT:
	case IMP_E_REFUSED:
	case IMP_E_MISMATCH:
	case IMP_E_DENIED:
	case IMP_E_PARTIAL:
	case IMP_E_INCONSISTENT:
	default:
		return IMR_E_DAMAGED;
	}
}

/* ---- one value ------------------------------------------------------------------------------- */

/* A decimal number, all of the text; magnitude up to 2^64 - 1. */
static bool decimal(struct imp_span text, bool *negative, uint64_t *magnitude)
{
	struct imp_rd rd = imp_rd(text);
	uint64_t v = 0;

	*negative = imp_rd_peek(&rd) == '-';
	if (*negative)
		(void)imp_rd_u8(&rd);
	if (rd.n == 0)
		return false;
	while (rd.n) {
		uint8_t c = imp_rd_u8(&rd);

		if (c < '0' || c > '9' || v > (UINT64_MAX - (c - '0')) / 10)
			return false;
		v = 10 * v + c - '0';
	}
	*magnitude = v;
	return true;
}

static enum imp_status number(struct imp_span text, struct imp_value *value)
{
	uint64_t magnitude;
	bool negative;

	if (!decimal(text, &negative, &magnitude))
		return IMP_E_FORMAT;
	if (value->type == IMP_TYPE_UNSIGNED) {
		value->u.u = magnitude;
		return negative ? IMP_E_FORMAT : IMP_OK;
	}
	if (magnitude > INT64_MAX)
		return IMP_E_FORMAT;
	value->u.i = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return IMP_OK;
}

/* text/plain of a resource by its type; of one that the table does not know, a string. */
static enum imp_status from_text(struct imp_span text, struct imp_value *value)
{
	switch (value->type) {
	case IMP_TYPE_STRING:
		value->u.s = text;
		return IMP_OK;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_UNSIGNED:
	case IMP_TYPE_TIME:
		return number(text, value);
	case IMP_TYPE_BOOLEAN:
		if (text.n != 1 || (text.p[0] != '0' && text.p[0] != '1'))
			return IMP_E_FORMAT;
		value->u.b = text.p[0] == '1';
		return IMP_OK;
	case IMP_TYPE_OBJLNK:
		return imp_text_link(text, &value->u.link.object, &value->u.link.instance);
	case IMP_TYPE_NONE:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_OPAQUE:
	default:
		return IMP_E_UNSUPPORTED;
	}
}

static enum imp_status take_value(
	struct imp_set *set, bool octets, const struct imr_client_path *path, struct imp_span in)
{
	const struct imp_resource_def *def = imp_resource_def(path->object, path->resource);
	struct imp_value value = {
		.path = { path->object, path->instance, path->resource, IMP_NO_ID },
		.type = def	 ? def->type
			: octets ? IMP_TYPE_OPAQUE
				 : IMP_TYPE_STRING,
	};
	enum imp_status st = IMP_OK;

	if (path->resource == IMR_NO_ID)
		return IMP_E_UNSUPPORTED;
	if (def && def->multiple)
		return IMP_E_FORMAT;
	if (!octets)
		st = from_text(in, &value);
	else if (value.type == IMP_TYPE_OPAQUE)
		value.u.s = in;
	else
		return IMP_E_UNSUPPORTED;
	return st ? st : imp_set_put(set, &value);
}

/* ---- both ways ------------------------------------------------------------------------------- */

/* Is all of it at the path or below? */
static bool within(const struct imp_set *set, const struct imr_client_path *path)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct imp_path *p = &set->v[i].path;

		if ((path->object != IMR_NO_ID && p->object != path->object) ||
			(path->instance != IMR_NO_ID && p->instance != path->instance) ||
			(path->resource != IMR_NO_ID && p->resource != path->resource))
			return false;
	}
	return set->n != 0;
}

static enum imp_status take(struct imp_set *set, uint16_t format,
	const struct imr_client_path *path, struct imp_span in)
{
	switch (format) {
	case IMP_FORMAT_SENML_JSON:
		return imp_set_from_senml_json(set, in);
	case IMP_FORMAT_SENML_CBOR:
		return imp_set_from_senml_cbor(set, in);
	case IMP_FORMAT_TEXT:
	case IMP_FORMAT_NONE:
		return take_value(set, false, path, in);
	case IMP_FORMAT_OCTETS:
		return take_value(set, true, path, in);
	default:
		return IMP_E_UNSUPPORTED;
	}
}

static enum imr_status decode(void *ctx, uint16_t format, const struct imr_client_path *path,
	struct imp_span in, struct imp_span *out)
{
	struct imp_converter *c = ctx;
	struct imp_wr wr = imp_wr(c->out, sizeof(c->out));
	enum imp_status st;

	imp_wipe(c->out, sizeof(c->out));
	imp_set_wipe(&c->set);
	st = take(&c->set, format, path, in);
	if (st == IMP_OK && !within(&c->set, path))
		st = IMP_E_FORMAT;
	if (st == IMP_OK)
		st = path->object == IMR_NO_ID ? imp_set_to_ef(&c->set, &wr)
					       : imp_set_to_tlv(&c->set, path->object, &wr);
	imp_set_wipe(&c->set);
	if (st == IMP_OK)
		*out = imp_wr_span(&wr);
	return status_of(st);
}

static enum imr_status encode(void *ctx, uint16_t format, const struct imr_client_path *path,
	struct imp_span in, struct imp_span *out)
{
	struct imp_converter *c = ctx;
	struct imp_wr wr = imp_wr(c->out, sizeof(c->out));
	enum imp_status st;

	if (format != IMP_FORMAT_SENML_JSON && format != IMP_FORMAT_SENML_CBOR)
		return IMR_E_NONE;
	imp_wipe(c->out, sizeof(c->out));
	imp_set_wipe(&c->set);
	st = imp_set_from_tlv(&c->set, path->object, in, false);
	if (st == IMP_OK)
		st = format == IMP_FORMAT_SENML_JSON ? imp_set_to_senml_json(&c->set, &wr)
						     : imp_set_to_senml_cbor(&c->set, &wr);
	imp_set_wipe(&c->set);
	if (st == IMP_OK)
		*out = imp_wr_span(&wr);
	return status_of(st);
}

struct imr_client_formats imp_converter_formats(struct imp_converter *converter)
{
	return (struct imr_client_formats){ converter, decode, encode };
}
