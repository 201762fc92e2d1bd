/* SPDX-License-Identifier: Apache-2.0 */
#include "model/senml.h"

#include "model/text.h"

#include <string.h>

static const struct {
	const char *name;
	int64_t label;
	enum imp_senml_field field;
} fields[] = {
	{ "bver", -1, IMP_SENML_BVER },
	{ "bn", -2, IMP_SENML_BN },
	{ "bt", -3, IMP_SENML_IGNORE },
	{ "bu", -4, IMP_SENML_IGNORE },
	{ "bv", -5, IMP_SENML_BV },
	{ "bs", -6, IMP_SENML_IGNORE },
	{ "n", 0, IMP_SENML_N },
	{ "u", 1, IMP_SENML_IGNORE },
	{ "v", 2, IMP_SENML_V },
	{ "vs", 3, IMP_SENML_VS },
	{ "vb", 4, IMP_SENML_VB },
	{ "s", 5, IMP_SENML_IGNORE },
	{ "t", 6, IMP_SENML_IGNORE },
	{ "ut", 7, IMP_SENML_IGNORE },
	{ "vd", 8, IMP_SENML_VD },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define VERSION 10 /* of SenML (RFC 8428, 4.4): a newer one is not ours to read */

#define SEEN(field) (1U << (field))
#define VALUES                                                                              \
	(SEEN(IMP_SENML_V) | SEEN(IMP_SENML_VS) | SEEN(IMP_SENML_VB) | SEEN(IMP_SENML_VD) | \
		SEEN(IMP_SENML_VLO))

enum imp_senml_field imp_senml_named(struct imp_span name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (imp_span_eq(name, imp_span_str(fields[i].name)))
			return fields[i].field;
	if (imp_span_eq(name, imp_span_str("vlo")))
		return IMP_SENML_VLO;
	if (imp_span_eq(name, imp_span_str("ver")))
		return IMP_SENML_VER;
	return name.n && name.p[name.n - 1] == '_' ? IMP_SENML_REFUSE : IMP_SENML_IGNORE;
}

enum imp_senml_field imp_senml_labelled(int64_t label)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].label == label)
			return fields[i].field;
	return IMP_SENML_IGNORE;
}

enum imp_status imp_senml_see(struct imp_senml_record *record, enum imp_senml_field field)
{
	if (field == IMP_SENML_IGNORE)
		return IMP_OK;
	if (field == IMP_SENML_REFUSE || (record->seen & SEEN(field)))
		return IMP_E_FORMAT;
	record->seen |= SEEN(field);
	return IMP_OK;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* base + name as a path: absolute, one to four identifiers; depth tells how many.  A slash at the
 * end is a base name's way. */
static enum imp_status resolve(const struct imp_senml_name *base, const struct imp_senml_name *name,
	struct imp_path *path, unsigned *depth)
{
	char text[2 * IMP_SENML_NAME];
	uint16_t id[4] = { IMP_NO_ID, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };
	struct imp_span left = { (const uint8_t *)text, base->n + name->n };
	unsigned d = 0;

	memcpy(text, base->text, base->n);
	memcpy(text + base->n, name->text, name->n);
	while (left.n && d < 4) {
		if (left.p[0] != '/')
			return IMP_E_FORMAT;
		left = imp_span(left.p + 1, left.n - 1);
		if (left.n == 0)
			break;
		if (imp_text_id(&left, &id[d++]) != IMP_OK)
			return IMP_E_FORMAT;
	}
	if (left.n > 1 || (left.n == 1 && left.p[0] != '/'))
		return IMP_E_FORMAT;
	*path = (struct imp_path){ id[0], id[1], id[2], id[3] };
	*depth = d;
	return IMP_OK;
}

/* The type to read a value as: the table's, or for what it does not know the field's own. */
static enum imp_type type_for(const struct imp_senml_record *r, struct imp_path path)
{
	const struct imp_resource_def *def = imp_resource_def(path.object, path.resource);

	if (def)
		return def->type;
	if (r->seen & SEEN(IMP_SENML_VS))
		return IMP_TYPE_STRING;
	if (r->seen & SEEN(IMP_SENML_VB))
		return IMP_TYPE_BOOLEAN;
	if (r->seen & SEEN(IMP_SENML_VLO))
		return IMP_TYPE_OBJLNK;
	if (r->seen & SEEN(IMP_SENML_VD))
		return IMP_TYPE_OPAQUE;
	if (r->number.real)
		return IMP_TYPE_FLOAT;
	return r->number.magnitude > INT64_MAX ? IMP_TYPE_UNSIGNED : IMP_TYPE_INTEGER;
}

/* Objects 21 of version 1.x type their octets as text (ref lwm2m 1.8, note 5). */
static bool text_for_octets(const struct imp_senml_record *r, const struct imp_value *value)
{
	return (r->seen & SEEN(IMP_SENML_VS)) && value->type == IMP_TYPE_OPAQUE &&
	       value->path.object == IMP_OBJ_OSCORE;
}

static enum imp_status number_into(const struct imp_senml_number *n, struct imp_value *value)
{
	const uint64_t top = (uint64_t)INT64_MAX;

	if (value->type == IMP_TYPE_FLOAT) {
		double whole = n->negative ? -(double)n->magnitude : (double)n->magnitude;

		value->u.f = n->real ? n->f : whole;
		return IMP_OK;
	}
	if (!n->whole)
		return IMP_E_FORMAT;
	if (value->type == IMP_TYPE_UNSIGNED) {
		value->u.u = n->magnitude;
		return n->negative ? IMP_E_FORMAT : IMP_OK;
	}
	if (n->magnitude > top + (n->negative ? 1 : 0))
		return IMP_E_FORMAT;
	value->u.i = n->negative ? -1 - (int64_t)(n->magnitude - 1) : (int64_t)n->magnitude;
	return IMP_OK;
}

static enum imp_status value_into(const struct imp_senml_record *r, struct imp_value *value)
{
	if (!(r->seen & SEEN(imp_senml_value_field(value))) && !text_for_octets(r, value))
		return IMP_E_FORMAT;
	switch (value->type) {
	case IMP_TYPE_STRING:
	case IMP_TYPE_OPAQUE:
		value->u.s = r->octets;
		return IMP_OK;
	case IMP_TYPE_BOOLEAN:
		value->u.b = r->boolean;
		return IMP_OK;
	case IMP_TYPE_OBJLNK:
		return imp_text_link(imp_span(r->link.text, r->link.n), &value->u.link.object,
			&value->u.link.instance);
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_UNSIGNED:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_TIME:
		return number_into(&r->number, value);
	case IMP_TYPE_NONE:
		break;
	}
	return IMP_E_FORMAT;
}

static enum imp_status take_value(
	struct imp_set *set, const struct imp_senml_record *record, struct imp_path path)
{
	struct imp_value value = { .path = path };
	enum imp_status st;

	value.type = type_for(record, path);
	st = value_into(record, &value);
	return st ? st : imp_set_put(set, &value);
}

/* A base name alone says that its container is there; when something is in it, it says nothing. */
static enum imp_status take_bare(struct imp_set *set, struct imp_path path)
{
	struct imp_value mark = { .path = path, .type = IMP_TYPE_NONE };

	return imp_set_has(set, path) ? IMP_OK : imp_set_put(set, &mark);
}

static enum imp_status take_version(
	struct imp_set *set, const struct imp_senml_record *record, struct imp_path path)
{
	uint8_t major, minor;
	enum imp_status st;

	if (!(record->seen & SEEN(IMP_SENML_VER)))
		return IMP_OK;
	st = imp_text_version(imp_span(record->ver.text, record->ver.n), &major, &minor);
	return st ? st : imp_set_put_version(set, path.object, major, minor);
}

enum imp_status imp_senml_take(struct imp_senml_pack *pack, const struct imp_senml_record *record)
{
	unsigned values = record->seen & VALUES;
	struct imp_path path;
	unsigned depth;
	enum imp_status st;

	/* A base value would change every number that follows; LwM2M has no use for it. */
	if (record->seen & SEEN(IMP_SENML_BV))
		return IMP_E_FORMAT;
	if ((record->seen & SEEN(IMP_SENML_BVER)) && record->bver > VERSION)
		return IMP_E_FORMAT;
	if (record->seen & SEEN(IMP_SENML_BN))
		pack->base = record->bn;
	if (values & (values - 1)) /* more than one */
		return IMP_E_FORMAT;
	if (!values && (record->seen & SEEN(IMP_SENML_N)))
		return IMP_E_FORMAT;
	if (!values && !(record->seen & (SEEN(IMP_SENML_BN) | SEEN(IMP_SENML_VER))))
		return IMP_OK;

	st = resolve(&pack->base, &record->n, &path, &depth);
	if (st || (values && depth < 3))
		return IMP_E_FORMAT;
	if (!pack->second) {
		st = values ? take_value(pack->set, record, path) : IMP_OK;
		pack->bare |= !values;
		return st ? st : take_version(pack->set, record, path);
	}
	return values || depth == 0 ? IMP_OK : take_bare(pack->set, path);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool same(struct imp_path a, struct imp_path b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* The path of the container whose base name a record of value stands under. */
static struct imp_path base_of(const struct imp_value *value)
{
	struct imp_path p = value->path;

	if (value->type != IMP_TYPE_NONE)
		p.resource = p.res_instance = IMP_NO_ID;
	return p;
}

static void slash_ids(struct imp_wr *wr, struct imp_path p)
{
	const uint16_t id[4] = { p.object, p.instance, p.resource, p.res_instance };

	imp_wr_u8(wr, '/');
	for (size_t i = 0; i < 4 && id[i] != IMP_NO_ID; i++) {
		imp_text_put_id(wr, id[i]);
		imp_wr_u8(wr, '/');
	}
}

static void put_version(const struct imp_object_version *version, char *text, size_t cap)
{
	struct imp_wr wr = imp_wr(text, cap);

	if (version)
		imp_text_put_version(&wr, version->major, version->minor);
	imp_wr_u8(&wr, 0);
}

bool imp_senml_next(const struct imp_set *set, struct imp_senml_out *out)
{
	struct imp_wr bn = imp_wr(out->bn, sizeof out->bn), n = imp_wr(out->n, sizeof out->n);
	const struct imp_value *v;
	bool first = out->next == 0;

	if (out->next == set->n)
		return false;
	v = set->v + out->next;
	if (first || !same(base_of(v), out->base))
		slash_ids(&bn, base_of(v));
	out->base = base_of(v);
	first = first || v[-1].path.object != v->path.object;
	put_version(first ? imp_set_version(set, v->path.object) : NULL, out->ver, sizeof out->ver);
	out->value = v->type == IMP_TYPE_NONE ? NULL : v;
	if (out->value) {
		imp_text_put_id(&n, v->path.resource);
		if (v->path.res_instance != IMP_NO_ID) {
			imp_wr_u8(&n, '/');
			imp_text_put_id(&n, v->path.res_instance);
		}
	}
	imp_wr_u8(&bn, 0);
	imp_wr_u8(&n, 0);
	out->next++;
	return true;
}

enum imp_senml_field imp_senml_value_field(const struct imp_value *value)
{
	switch (value->type) {
	case IMP_TYPE_STRING:
		return IMP_SENML_VS;
	case IMP_TYPE_BOOLEAN:
		return IMP_SENML_VB;
	case IMP_TYPE_OPAQUE:
		return IMP_SENML_VD;
	case IMP_TYPE_OBJLNK:
		return IMP_SENML_VLO;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_UNSIGNED:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_TIME:
	case IMP_TYPE_NONE:
		break;
	}
	return IMP_SENML_V;
}
