/* SPDX-License-Identifier: Apache-2.0 */
/* The "objects" of the JSON that inspect prints. */
#include "model/set_form.h"

#include "codec/json_enc.h"
#include "model/text.h"

/* Where the writer stands in a set that is sorted by path. */
struct out {
	struct imp_json j;
	const struct imp_set *set;
	size_t i;
	bool reveal;
};

static bool more(const struct out *o)
{
	return o->i < o->set->n;
}

/* Only where there is more. */
static const struct imp_value *at(const struct out *o)
{
	return &o->set->v[o->i];
}

static void put_octets(struct out *o, const struct imp_value *v, bool secret)
{
	if (secret) {
		imp_json_uint(&o->j, "length", v->u.s.n);
		imp_json_bool(&o->j, "secret", true);
	}
	if (!secret || o->reveal)
		imp_json_hex(&o->j, "hex", v->u.s);
}

static void put_link(struct out *o, const struct imp_value *v)
{
	char text[12];
	struct imp_wr wr = imp_wr(text, sizeof text);

	imp_text_put_link(&wr, v->u.link.object, v->u.link.instance);
	imp_json_span(&o->j, "value", imp_wr_span(&wr));
}

static void put_value(struct out *o, const struct imp_value *v, bool secret)
{
	switch (v->type) {
	case IMP_TYPE_STRING:
		imp_json_span(&o->j, "value", v->u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		imp_json_int(&o->j, "value", v->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		imp_json_uint(&o->j, "value", v->u.u);
		break;
	case IMP_TYPE_FLOAT:
		imp_json_float(&o->j, "value", v->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		imp_json_bool(&o->j, "value", v->u.b);
		break;
	case IMP_TYPE_OPAQUE:
		put_octets(o, v, secret);
		break;
	case IMP_TYPE_OBJLNK:
		put_link(o, v);
		break;
	case IMP_TYPE_NONE:
		break;
	}
}

static bool is_multiple(const struct imp_value *v)
{
	return v->type == IMP_TYPE_NONE || v->path.res_instance != IMP_NO_ID;
}

static void put_resource_instances(
	struct out *o, struct imp_path path, enum imp_type type, bool secret)
{
	imp_json_array(&o->j, "instances");
	while (more(o) && at(o)->path.object == path.object &&
		at(o)->path.instance == path.instance && at(o)->path.resource == path.resource) {
		const struct imp_value *v = at(o);

		if (v->type != IMP_TYPE_NONE) {
			imp_json_object(&o->j, NULL);
			imp_json_uint(&o->j, "id", v->path.res_instance);
			if (v->type != type) /* only where the table does not know the resource */
				imp_json_str(&o->j, "type", imp_type_name(v->type));
			put_value(o, v, secret);
			imp_json_object_end(&o->j);
		}
		o->i++;
	}
	imp_json_array_end(&o->j);
}

static void put_resource(struct out *o)
{
	const struct imp_value *v = at(o);
	const struct imp_resource_def *def = imp_resource_def(v->path.object, v->path.resource);
	enum imp_type type = def ? def->type : v->type;
	bool secret = def && def->secret;

	imp_json_object(&o->j, NULL);
	imp_json_uint(&o->j, "id", v->path.resource);
	if (def)
		imp_json_str(&o->j, "name", def->name);
	imp_json_str(&o->j, "type", imp_type_name(type));
	if (is_multiple(v)) {
		put_resource_instances(o, v->path, type, secret);
	} else {
		put_value(o, v, secret);
		o->i++;
	}
	imp_json_object_end(&o->j);
}

static void put_instance(struct out *o)
{
	struct imp_path path = at(o)->path;

	imp_json_object(&o->j, NULL);
	imp_json_uint(&o->j, "id", path.instance);
	imp_json_array(&o->j, "resources");
	while (more(o) && at(o)->path.object == path.object &&
		at(o)->path.instance == path.instance) {
		if (at(o)->path.resource == IMP_NO_ID)
			o->i++;
		else
			put_resource(o);
	}
	imp_json_array_end(&o->j);
	imp_json_object_end(&o->j);
}

static void put_version(struct out *o, uint16_t object)
{
	const struct imp_object_version *version = imp_set_version(o->set, object);
	char text[8];
	struct imp_wr wr = imp_wr(text, sizeof text);

	if (!version) {
		imp_json_str(&o->j, "version", "implicit");
		return;
	}
	imp_text_put_version(&wr, version->major, version->minor);
	imp_json_span(&o->j, "version", imp_wr_span(&wr));
}

static void put_object(struct out *o)
{
	uint16_t object = at(o)->path.object;

	imp_json_object(&o->j, NULL);
	imp_json_uint(&o->j, "id", object);
	put_version(o, object);
	imp_json_array(&o->j, "instances");
	while (more(o) && at(o)->path.object == object) {
		if (at(o)->path.instance == IMP_NO_ID)
			o->i++;
		else
			put_instance(o);
	}
	imp_json_array_end(&o->j);
	imp_json_object_end(&o->j);
}

enum imp_status imp_set_to_json_objects(const struct imp_set *set, bool reveal, struct imp_wr *out)
{
	struct out o = { imp_json(out), set, 0, reveal };

	imp_json_array(&o.j, NULL);
	while (more(&o))
		put_object(&o);
	imp_json_array_end(&o.j);
	return out->st;
}
