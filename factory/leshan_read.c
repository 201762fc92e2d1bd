/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/leshan.h"

#include "base/hex.h"
#include "base/secret.h"
#include "factory/leshan_members.h"

#include <stdio.h>
#include <string.h>

#define OCTETS_MAX 8192 /* of one key or certificate */

struct in {
	struct imp_json_rd *j;
	struct imp_set *set;
	struct imp_leshan_fault *fault;
	struct imp_json_token token; /* at hand */
};

static enum imp_status fault(struct in *in, const char *what)
{
	struct imp_span key = in->token.key;

	in->fault->at = key.n ? key.p : in->j->rd.p;
	(void)snprintf(in->fault->text, sizeof in->fault->text, "'%.*s': %s",
		(int)(key.n < 64 ? key.n : 64), key.n ? (const char *)key.p : "", what);
	return IMP_E_FORMAT;
}

/* The next token; its fault when the text is no JSON. */
static enum imp_status next(struct in *in)
{
	enum imp_status st = imp_json_next(in->j, &in->token);

	if (st != IMP_OK) {
		in->fault->at = in->j->rd.p;
		(void)snprintf(in->fault->text, sizeof in->fault->text, "%s",
			st == IMP_E_TRUNC ? "it ends in the middle" : "not JSON");
	}
	return st;
}

static bool is_digits(struct imp_span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n != 0;
}

/* A member name that is an identifier, 0..65534. */
static bool read_id(struct imp_span text, uint16_t *out)
{
	int64_t v;

	if (!is_digits(text) || imp_json_integer(text, &v) != IMP_OK || v >= IMP_NO_ID)
		return false;
	*out = (uint16_t)v;
	return true;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static enum imp_status read_array(struct in *in, struct imp_wr *wr)
{
	const struct imp_json_token member = in->token;
	enum imp_status st;
	int64_t v;

	while ((st = next(in)) == IMP_OK && in->token.kind != IMP_JSON_END) {
		bool octet = in->token.kind == IMP_JSON_NUMBER &&
			     imp_json_integer(in->token.text, &v) == IMP_OK && v >= -128 &&
			     v <= 255;

		in->token.key = member.key;
		if (!octet)
			return fault(in, "not an octet, -128..255");
		imp_wr_u8(wr, (uint8_t)v);
		if (wr->st != IMP_OK)
			return fault(in, "too long");
	}
	in->token = member;
	return st;
}

static enum imp_status read_octets(
	struct in *in, const struct imp_leshan_member *m, struct imp_path at)
{
	uint8_t octets[OCTETS_MAX];
	struct imp_wr wr = imp_wr(octets, sizeof octets);
	enum imp_status st = IMP_OK;

	if (in->token.kind == IMP_JSON_ARRAY)
		st = read_array(in, &wr);
	else if (in->token.kind != IMP_JSON_STRING || imp_b64_get(&wr, in->token.text) != IMP_OK)
		st = fault(in, "neither an array of octets nor base64");
	if (st == IMP_OK && (wr.n || m->keeps_empty))
		st = imp_set_put_octets(
			in->set, at.object, at.instance, at.resource, imp_wr_span(&wr));
	imp_wipe(octets, wr.n);
	return st;
}

static enum imp_status read_text(struct in *in, struct imp_path at)
{
	uint8_t text[1024];
	struct imp_wr wr = imp_wr(text, sizeof text);

	if (in->token.kind != IMP_JSON_STRING)
		return fault(in, "not a text");
	imp_json_chars(&wr, in->token.text);
	if (wr.st != IMP_OK)
		return fault(in, "too long");
	return imp_set_put_octets(in->set, at.object, at.instance, at.resource, imp_wr_span(&wr));
}

static bool is_number(const struct in *in, int64_t *v)
{
	bool quoted = in->token.kind == IMP_JSON_STRING && is_digits(in->token.text);

	return (quoted || in->token.kind == IMP_JSON_NUMBER) &&
	       imp_json_integer(in->token.text, v) == IMP_OK;
}

static enum imp_status read_word(
	struct in *in, const struct imp_leshan_member *m, struct imp_path at)
{
	for (const struct imp_leshan_word *w = m->words; w->text; w++)
		if (in->token.kind == IMP_JSON_STRING && imp_json_is(in->token.text, w->text))
			return imp_set_put_int(
				in->set, at.object, at.instance, at.resource, w->value);
	return fault(in, "no word that is known here");
}

static enum imp_status read_rights(struct in *in, struct imp_path at)
{
	enum imp_status st = IMP_OK;
	uint16_t server;
	int64_t v;

	if (in->token.kind != IMP_JSON_OBJECT)
		return fault(in, "not an object");
	while (st == IMP_OK && (st = next(in)) == IMP_OK && in->token.kind != IMP_JSON_END) {
		if (!read_id(in->token.key, &server) || !is_number(in, &v))
			return fault(in, "not a short server id with its rights");
		st = imp_set_put_int_at(in->set, at.object, at.instance, at.resource, server, v);
	}
	return st;
}

static enum imp_status read_number(
	struct in *in, const struct imp_leshan_member *m, struct imp_path at)
{
	int64_t v;

	if (!is_number(in, &v))
		return fault(in, "not a whole number");
	if (m->form == IMP_LESHAN_NUMBER)
		return imp_set_put_int(in->set, at.object, at.instance, at.resource, v);
	if (v < 0 || v >= IMP_NO_ID)
		return fault(in, "not an instance, 0..65534");
	return imp_set_put_link(
		in->set, at.object, at.instance, at.resource, IMP_OBJ_OSCORE, (uint16_t)v);
}

/* Is it what stands there for a resource that is absent? */
static bool is_absent(const struct in *in, const struct imp_leshan_member *m)
{
	const struct imp_json_token *t = &in->token;

	if (t->kind == IMP_JSON_NULL)
		return true;
	return t->kind == IMP_JSON_STRING && m->absent && m->absent[0] == '"' &&
	       t->text.n == strlen(m->absent) - 2 &&
	       (t->text.n == 0 || memcmp(t->text.p, m->absent + 1, t->text.n) == 0);
}

static enum imp_status read_value(
	struct in *in, const struct imp_leshan_member *m, struct imp_path at)
{
	if (is_absent(in, m))
		return IMP_OK;
	switch (m->form) {
	case IMP_LESHAN_TEXT:
		return read_text(in, at);
	case IMP_LESHAN_OCTETS:
		return read_octets(in, m, at);
	case IMP_LESHAN_NUMBER:
	case IMP_LESHAN_OSCORE:
		return read_number(in, m, at);
	case IMP_LESHAN_BOOL:
		if (in->token.kind != IMP_JSON_TRUE && in->token.kind != IMP_JSON_FALSE)
			return fault(in, "neither true nor false");
		return imp_set_put_bool(in->set, at.object, at.instance, at.resource,
			in->token.kind == IMP_JSON_TRUE);
	case IMP_LESHAN_WORD:
		return read_word(in, m, at);
	case IMP_LESHAN_RIGHTS:
		return read_rights(in, at);
	}
	return IMP_E_INTERNAL;
}

/* ---- containers -------------------------------------------------------------------------------
 */

static enum imp_status read_member(
	struct in *in, const struct imp_leshan_map *map, uint16_t instance)
{
	const struct imp_json_token member = in->token;
	const struct imp_leshan_member *m = map->members;
	struct imp_path at = { map->object, instance, 0, IMP_NO_ID };
	enum imp_status st;

	while (m->name && !imp_json_is(in->token.key, m->name))
		m++;
	if (!m->name && in->token.kind == IMP_JSON_NULL)
		return IMP_OK;
	if (!m->name)
		return fault(in, "no member that is known here");
	at.resource = m->resource;
	st = read_value(in, m, at);
	if (st == IMP_E_FORMAT && !in->fault->text[0]) {
		in->token = member;
		return fault(in, "named twice, or a value that its resource cannot have");
	}
	return st;
}

static enum imp_status read_instance(struct in *in, const struct imp_leshan_map *map)
{
	enum imp_status st = IMP_OK;
	uint16_t instance;

	if (!read_id(in->token.key, &instance) || in->token.kind != IMP_JSON_OBJECT)
		return fault(in, "not an instance with its members");
	while (st == IMP_OK && (st = next(in)) == IMP_OK && in->token.kind != IMP_JSON_END)
		st = read_member(in, map, instance);
	return st;
}

static enum imp_status read_map(struct in *in, const struct imp_leshan_map *map)
{
	enum imp_status st = IMP_OK;

	if (in->token.kind == IMP_JSON_NULL)
		return IMP_OK;
	if (in->token.kind != IMP_JSON_OBJECT)
		return fault(in, "not an object");
	while (st == IMP_OK && (st = next(in)) == IMP_OK && in->token.kind != IMP_JSON_END)
		st = read_instance(in, map);
	return st;
}

/* How the server is to go about it is not what the device gets. */
static bool is_manner(struct imp_span name)
{
	return imp_json_is(name, "toDelete") || imp_json_is(name, "autoIdForSecurityObject") ||
	       imp_json_is(name, "contentFormat");
}

static enum imp_status read_part(struct in *in)
{
	for (size_t i = 0; i < IMP_LESHAN_MAPS; i++)
		if (imp_json_is(in->token.key, imp_leshan_maps[i].name))
			return read_map(in, &imp_leshan_maps[i]);
	if (!is_manner(in->token.key))
		return fault(in, "no member that is known here");
	return imp_json_skip(in->j, &in->token) == IMP_OK ? IMP_OK : fault(in, "not JSON");
}

enum imp_status imp_leshan_get(
	struct imp_json_rd *j, struct imp_set *set, struct imp_leshan_fault *out)
{
	struct in in = { .j = j, .set = set, .fault = out };
	enum imp_status st = IMP_OK;

	*out = (struct imp_leshan_fault){ .at = j->rd.p };
	while (st == IMP_OK && (st = next(&in)) == IMP_OK && in.token.kind != IMP_JSON_END)
		st = read_part(&in);
	if (st != IMP_OK)
		imp_set_wipe(set);
	return st;
}
