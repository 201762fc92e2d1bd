/* SPDX-License-Identifier: Apache-2.0 */
/* A set from the JSON document that inspect prints. */
#include "model/set_form.h"

#include "base/hex.h"
#include "base/secret.h"
#include "codec/json_dec.h"
#include "model/text.h"

#include <stdlib.h>
#include <string.h>

/*
 * Members may come in any order, and an identifier after what it names.  So an object is first
 * passed over to learn where its members are, and those that hold others are then read from a copy
 * of the reader.
 */
enum member {
	M_ID,
	M_VERSION,
	M_INSTANCES,
	M_RESOURCES,
	M_TYPE,
	M_VALUE,
	M_HEX,
	M_LENGTH,
	M_SECRET,
	M_KEYS,
	M_OBJECTS,
	MEMBERS
};

static const char *const member_names[MEMBERS] = {
	[M_ID] = "id",
	[M_VERSION] = "version",
	[M_INSTANCES] = "instances",
	[M_RESOURCES] = "resources",
	[M_TYPE] = "type",
	[M_VALUE] = "value",
	[M_HEX] = "hex",
	[M_LENGTH] = "length",
	[M_SECRET] = "secret",
	[M_KEYS] = "keys",
	[M_OBJECTS] = "objects",
};

struct members {
	bool there[MEMBERS];
	struct imp_json_token token[MEMBERS];
	struct imp_json_rd inside[MEMBERS]; /* behind the token: inside when it opens a container */
};

struct in {
	struct imp_set *set;
	uint8_t scratch[IMP_PAYLOAD_MAX];
};

static int member_index(struct imp_span key)
{
	for (int m = 0; m < MEMBERS; m++)
		if (imp_json_is(key, member_names[m]))
			return m;
	return -1;
}

/* Find the members of the object that the reader has just entered; other names are passed over. */
static enum imp_status find_members(struct imp_json_rd *j, struct members *m)
{
	struct imp_json_token token;
	enum imp_status st;

	memset(m->there, 0, sizeof m->there);
	while ((st = imp_json_next(j, &token)) == IMP_OK && token.kind != IMP_JSON_END) {
		int i = member_index(token.key);

		if (i >= 0 && m->there[i])
			return IMP_E_FORMAT;
		if (i >= 0) {
			m->there[i] = true;
			m->token[i] = token;
			m->inside[i] = *j;
		}
		st = imp_json_skip(j, &token);
		if (st)
			break;
	}
	return st;
}

/* Read the objects of an array member one after the other; a missing member is IMP_E_FORMAT. */
typedef enum imp_status read_object(struct in *in, struct imp_path path, struct imp_json_rd *j);

static enum imp_status each(struct in *in, const struct members *m, enum member which,
	struct imp_path path, read_object *read, bool *empty)
{
	struct imp_json_rd j;
	struct imp_json_token token;
	enum imp_status st;

	if (!m->there[which] || m->token[which].kind != IMP_JSON_ARRAY)
		return IMP_E_FORMAT;
	j = m->inside[which];
	*empty = true;
	while ((st = imp_json_next(&j, &token)) == IMP_OK && token.kind == IMP_JSON_OBJECT) {
		*empty = false;
		st = read(in, path, &j);
		if (st)
			return st;
	}
	if (!st && token.kind != IMP_JSON_END)
		st = IMP_E_FORMAT;
	return st;
}

static enum imp_status put_mark(struct in *in, struct imp_path path)
{
	struct imp_value mark = { .path = path, .type = IMP_TYPE_NONE };

	return imp_set_put(in->set, &mark);
}

static enum imp_status identifier(const struct members *m, uint16_t *out)
{
	int64_t id;

	if (!m->there[M_ID] || m->token[M_ID].kind != IMP_JSON_NUMBER ||
		imp_json_integer(m->token[M_ID].text, &id) != IMP_OK || id < 0 || id >= IMP_NO_ID)
		return IMP_E_FORMAT;
	*out = (uint16_t)id;
	return IMP_OK;
}

static enum imp_status string_of(
	const struct members *m, enum member which, struct imp_wr *wr, struct imp_span *out)
{
	if (!m->there[which] || m->token[which].kind != IMP_JSON_STRING)
		return IMP_E_FORMAT;
	imp_json_chars(wr, m->token[which].text);
	*out = imp_wr_span(wr);
	return wr->st;
}

static bool spells(const struct members *m, enum member which, const char *word)
{
	return m->there[which] && m->token[which].kind == IMP_JSON_STRING &&
	       imp_json_is(m->token[which].text, word);
}

/* A secret that is not revealed has a length and no octets: nothing to read back, unless empty. */
static enum imp_status octets_of(struct in *in, const struct members *m, struct imp_span *out)
{
	struct imp_wr wr = imp_wr(in->scratch, sizeof in->scratch);
	int64_t length;

	if (m->there[M_LENGTH] && (m->token[M_LENGTH].kind != IMP_JSON_NUMBER ||
					  imp_json_integer(m->token[M_LENGTH].text, &length)))
		return IMP_E_FORMAT;
	if (!m->there[M_HEX] && m->there[M_LENGTH] && length == 0) {
		*out = imp_span(NULL, 0);
		return IMP_OK;
	}
	if (!m->there[M_HEX] || m->token[M_HEX].kind != IMP_JSON_STRING)
		return IMP_E_FORMAT;
	if (imp_hex_get(&wr, m->token[M_HEX].text) != IMP_OK)
		return wr.st ? wr.st : IMP_E_FORMAT;
	if (m->there[M_LENGTH] && length != (int64_t)wr.n)
		return IMP_E_FORMAT;
	*out = imp_wr_span(&wr);
	return IMP_OK;
}

static enum imp_status number_of(const struct members *m, struct imp_value *value)
{
	struct imp_span text = m->token[M_VALUE].text;
	char copy[64];
	bool negative;

	if (!m->there[M_VALUE] || m->token[M_VALUE].kind != IMP_JSON_NUMBER)
		return IMP_E_FORMAT;
	if (value->type == IMP_TYPE_UNSIGNED) {
		if (imp_json_whole(text, &negative, &value->u.u) != IMP_OK || negative)
			return IMP_E_FORMAT;
		return IMP_OK;
	}
	if (value->type != IMP_TYPE_FLOAT)
		return imp_json_integer(text, &value->u.i);
	if (text.n >= sizeof copy)
		return IMP_E_FORMAT;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	value->u.f = strtod(copy, NULL);
	return value->u.f - value->u.f == 0 ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status boolean_of(const struct members *m, bool *out)
{
	*out = m->token[M_VALUE].kind == IMP_JSON_TRUE;
	if (!m->there[M_VALUE] || (!*out && m->token[M_VALUE].kind != IMP_JSON_FALSE))
		return IMP_E_FORMAT;
	return IMP_OK;
}

static enum imp_status read_value(
	struct in *in, const struct members *m, struct imp_path path, enum imp_type type)
{
	struct imp_wr wr = imp_wr(in->scratch, sizeof in->scratch);
	struct imp_value value = { .path = path, .type = type };
	struct imp_span link;
	enum imp_status st = IMP_E_FORMAT;

	switch (type) {
	case IMP_TYPE_STRING:
		st = string_of(m, M_VALUE, &wr, &value.u.s);
		break;
	case IMP_TYPE_OPAQUE:
		st = octets_of(in, m, &value.u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_UNSIGNED:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_TIME:
		st = number_of(m, &value);
		break;
	case IMP_TYPE_BOOLEAN:
		st = boolean_of(m, &value.u.b);
		break;
	case IMP_TYPE_OBJLNK:
		st = string_of(m, M_VALUE, &wr, &link);
		if (!st)
			st = imp_text_link(link, &value.u.link.object, &value.u.link.instance);
		break;
	case IMP_TYPE_NONE:
		break;
	}
	return st ? st : imp_set_put(in->set, &value);
}

/* The type by the table, which the text must not contradict; by the text where there is no table.
 */
static enum imp_status type_of(const struct members *m, struct imp_path path, enum imp_type *out)
{
	const struct imp_resource_def *def = imp_resource_def(path.object, path.resource);

	for (enum imp_type t = IMP_TYPE_NONE; t <= IMP_TYPE_OBJLNK; t++)
		if (spells(m, M_TYPE, imp_type_name(t)) && (!def || def->type == t)) {
			*out = t;
			return IMP_OK;
		}
	if (m->there[M_TYPE] || !def)
		return IMP_E_FORMAT;
	*out = def->type;
	return IMP_OK;
}

static enum imp_status read_res_instance(
	struct in *in, struct imp_path path, struct imp_json_rd *j, enum imp_type type)
{
	struct members m;
	enum imp_status st = find_members(j, &m);

	if (!st)
		st = identifier(&m, &path.res_instance);
	if (!st && m.there[M_TYPE])
		st = type_of(&m, path, &type);
	return st ? st : read_value(in, &m, path, type);
}

static enum imp_status read_res_instances(
	struct in *in, const struct members *m, struct imp_path path, enum imp_type type)
{
	struct imp_json_rd j = m->inside[M_INSTANCES];
	struct imp_json_token token;
	enum imp_status st;
	bool empty = true;

	if (m->token[M_INSTANCES].kind != IMP_JSON_ARRAY)
		return IMP_E_FORMAT;
	while ((st = imp_json_next(&j, &token)) == IMP_OK && token.kind == IMP_JSON_OBJECT) {
		empty = false;
		st = read_res_instance(in, path, &j, type);
		if (st)
			return st;
	}
	if (!st && token.kind != IMP_JSON_END)
		st = IMP_E_FORMAT;
	return !st && empty ? put_mark(in, path) : st;
}

static enum imp_status read_resource(struct in *in, struct imp_path path, struct imp_json_rd *j)
{
	struct members m;
	enum imp_type type;
	enum imp_status st = find_members(j, &m);

	if (!st)
		st = identifier(&m, &path.resource);
	if (!st)
		st = type_of(&m, path, &type);
	if (st)
		return st;
	return m.there[M_INSTANCES] ? read_res_instances(in, &m, path, type)
				    : read_value(in, &m, path, type);
}

static enum imp_status read_instance(struct in *in, struct imp_path path, struct imp_json_rd *j)
{
	struct members m;
	bool empty = false;
	enum imp_status st = find_members(j, &m);

	if (!st)
		st = identifier(&m, &path.instance);
	if (!st)
		st = each(in, &m, M_RESOURCES, path, read_resource, &empty);
	return !st && empty ? put_mark(in, path) : st;
}

static enum imp_status read_version(struct in *in, const struct members *m, uint16_t object)
{
	uint8_t text[16], major, minor;
	struct imp_wr wr = imp_wr(text, sizeof text);
	struct imp_span version;

	if (!m->there[M_VERSION] || spells(m, M_VERSION, "implicit"))
		return IMP_OK;
	if (string_of(m, M_VERSION, &wr, &version) != IMP_OK ||
		imp_text_version(version, &major, &minor) != IMP_OK)
		return IMP_E_FORMAT;
	return imp_set_put_version(in->set, object, major, minor);
}

static enum imp_status read_lwm2m_object(struct in *in, struct imp_path path, struct imp_json_rd *j)
{
	struct members m;
	bool empty = false;
	enum imp_status st = find_members(j, &m);

	if (!st)
		st = identifier(&m, &path.object);
	if (!st && imp_set_has(in->set, path))
		st = IMP_E_FORMAT;
	if (!st)
		st = read_version(in, &m, path.object);
	if (!st)
		st = each(in, &m, M_INSTANCES, path, read_instance, &empty);
	return !st && empty ? put_mark(in, path) : st;
}

static enum imp_status read_keys(struct in *in, const struct members *m)
{
	if (!m->there[M_KEYS])
		return IMP_OK;
	if (spells(m, M_KEYS, "persistent"))
		in->set->keys = IMP_KEYS_PERSISTENT;
	else if (spells(m, M_KEYS, "non-persistent"))
		in->set->keys = IMP_KEYS_NON_PERSISTENT;
	else
		return IMP_E_FORMAT;
	return IMP_OK;
}

static enum imp_status read_document(struct in *in, struct imp_span text)
{
	const struct imp_path path = { IMP_NO_ID, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;
	struct members m;
	bool empty = false;
	enum imp_status st = imp_json_next(&j, &token);

	if (!st && token.kind != IMP_JSON_OBJECT)
		st = IMP_E_FORMAT;
	if (!st)
		st = find_members(&j, &m);
	if (!st)
		st = imp_json_next(&j, &token); /* nothing behind the document */
	if (!st)
		st = read_keys(in, &m);
	return st ? st : each(in, &m, M_OBJECTS, path, read_lwm2m_object, &empty);
}

enum imp_status imp_set_from_json(struct imp_set *set, struct imp_span text)
{
	struct in in;
	enum imp_status st;

	in.set = set;
	imp_set_wipe(set);
	st = read_document(&in, text);
	imp_wipe(in.scratch, sizeof in.scratch);
	if (st)
		imp_set_wipe(set);
	return st;
}
