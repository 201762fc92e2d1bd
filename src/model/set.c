/* SPDX-License-Identifier: Apache-2.0 */
#include "model/set.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

/* No payload holds more values: the shortest, an empty resource, takes two octets. */
#define VALUES_MAX (IMP_PAYLOAD_MAX / 2)
#define VALUES_FIRST 64

void imp_set_init(struct imp_set *set)
{
	set->keys = IMP_KEYS_UNSTATED;
	set->v = NULL;
	set->n = 0;
	set->cap = 0;
	set->versions_n = 0;
	set->used = 0;
}

void imp_set_wipe(struct imp_set *set)
{
	imp_wipe(set->arena, set->used);
	if (set->n)
		imp_wipe(set->v, set->n * sizeof(*set->v));
	set->keys = IMP_KEYS_UNSTATED;
	set->n = 0;
	set->versions_n = 0;
	set->used = 0;
}

void imp_set_free(struct imp_set *set)
{
	imp_set_wipe(set);
	free(set->v);
	set->v = NULL;
	set->cap = 0;
}

/* One number per path, ordered as the canonical order is; IMP_NO_ID sorts last. */
static uint64_t path_key(struct imp_path p)
{
	return (uint64_t)p.object << 48 | (uint64_t)p.instance << 32 | (uint64_t)p.resource << 16 |
	       p.res_instance;
}

/* Index of the first value not before path.  Appending, the common case, costs one comparison. */
static size_t lower_bound(const struct imp_set *set, struct imp_path path)
{
	uint64_t key = path_key(path);
	size_t low = 0, high = set->n;

	if (high == 0 || path_key(set->v[high - 1].path) < key)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (path_key(set->v[mid].path) < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Identifiers in use from the left: 1 object ... 4 resource instance; 0 for a gap or no object. */
static int path_depth(struct imp_path p)
{
	const uint16_t id[] = { p.object, p.instance, p.resource, p.res_instance };
	int depth = 0;

	while (depth < 4 && id[depth] != IMP_NO_ID)
		depth++;
	for (int i = depth; i < 4; i++)
		if (id[i] != IMP_NO_ID)
			return 0;
	return depth;
}

/* The same path, or one contains the other: a value and a mark of emptiness exclude each other. */
static bool overlap(struct imp_path a, struct imp_path b)
{
	int da = path_depth(a), db = path_depth(b), shared = da < db ? da : db;

	return path_key(a) >> (64 - 16 * shared) == path_key(b) >> (64 - 16 * shared);
}

static bool is_octets(enum imp_type type)
{
	return type == IMP_TYPE_STRING || type == IMP_TYPE_OPAQUE;
}

/* Type and multiplicity as the object table has them; what it does not know is free. */
static bool fits_table(const struct imp_value *value, int depth)
{
	const struct imp_resource_def *def;

	if (depth < 3)
		return true;
	def = imp_resource_def(value->path.object, value->path.resource);
	if (!def)
		return true;
	if (def->type == IMP_TYPE_NONE)
		return false;
	if (value->type == IMP_TYPE_NONE)
		return def->multiple;
	return def->type == value->type && def->multiple == (depth == 4);
}

static bool well_formed(const struct imp_value *value)
{
	int depth = path_depth(value->path);

	if (depth == 0 || (unsigned)value->type > IMP_TYPE_OBJLNK)
		return false;
	if (value->type == IMP_TYPE_NONE ? depth == 4 : depth < 3)
		return false;
	if (value->type == IMP_TYPE_STRING && !imp_span_utf8(value->u.s))
		return false;
	return fits_table(value, depth);
}

static enum imp_status grow(struct imp_set *set)
{
	size_t cap = set->cap ? 2 * set->cap : VALUES_FIRST;
	struct imp_value *v;

	if (set->n < set->cap)
		return IMP_OK;
	if (set->n >= VALUES_MAX)
		return IMP_E_SPACE;
	v = realloc(set->v, cap * sizeof(*v));
	if (!v)
		return IMP_E_INTERNAL;
	set->v = v;
	set->cap = cap;
	return IMP_OK;
}

enum imp_status imp_set_put(struct imp_set *set, const struct imp_value *value)
{
	struct imp_value copy = *value;
	enum imp_status st;
	size_t at;

	if (!well_formed(value))
		return IMP_E_FORMAT;
	at = lower_bound(set, value->path);
	if ((at > 0 && overlap(set->v[at - 1].path, value->path)) ||
		(at < set->n && overlap(set->v[at].path, value->path)))
		return IMP_E_FORMAT;
	if (is_octets(value->type) && value->u.s.n > sizeof(set->arena) - set->used)
		return IMP_E_SPACE;
	st = grow(set);
	if (st)
		return st;

	if (is_octets(value->type)) {
		copy.u.s.p = set->arena + set->used;
		if (copy.u.s.n)
			memcpy(set->arena + set->used, value->u.s.p, copy.u.s.n);
		set->used += copy.u.s.n;
	}
	if (at < set->n)
		memmove(set->v + at + 1, set->v + at, (set->n - at) * sizeof(*set->v));
	set->v[at] = copy;
	set->n++;
	return IMP_OK;
}

enum imp_status imp_set_put_version(
	struct imp_set *set, uint16_t object, uint8_t major, uint8_t minor)
{
	struct imp_object_version *v = set->versions;
	size_t at = 0;

	while (at < set->versions_n && v[at].object < object)
		at++;
	/* A first octet 00 would be read as "implicit" (D17). */
	if (object == IMP_NO_ID || major == 0 || (at < set->versions_n && v[at].object == object))
		return IMP_E_FORMAT;
	if (set->versions_n == IMP_SET_VERSIONS_MAX)
		return IMP_E_SPACE;
	memmove(v + at + 1, v + at, (set->versions_n - at) * sizeof(*v));
	v[at] = (struct imp_object_version){ object, major, minor };
	set->versions_n++;
	return IMP_OK;
}

const struct imp_object_version *imp_set_version(const struct imp_set *set, uint16_t object)
{
	for (size_t i = 0; i < set->versions_n; i++)
		if (set->versions[i].object == object)
			return &set->versions[i];
	return NULL;
}

static enum imp_type type_of(uint16_t object, uint16_t resource, enum imp_type unknown)
{
	const struct imp_resource_def *def = imp_resource_def(object, resource);

	return def ? def->type : unknown;
}

enum imp_status imp_set_put_int_at(struct imp_set *set, uint16_t object, uint16_t instance,
	uint16_t resource, uint16_t res_instance, int64_t v)
{
	struct imp_value value = {
		.path = { object, instance, resource, res_instance },
		.type = type_of(object, resource, IMP_TYPE_INTEGER),
	};

	if (value.type == IMP_TYPE_UNSIGNED && v >= 0)
		value.u.u = (uint64_t)v;
	else if (value.type == IMP_TYPE_INTEGER || value.type == IMP_TYPE_TIME)
		value.u.i = v;
	else
		return IMP_E_FORMAT;
	return imp_set_put(set, &value);
}

enum imp_status imp_set_put_int(
	struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource, int64_t v)
{
	return imp_set_put_int_at(set, object, instance, resource, IMP_NO_ID, v);
}

enum imp_status imp_set_put_bool(
	struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource, bool v)
{
	struct imp_value value = {
		.path = { object, instance, resource, IMP_NO_ID },
		.type = IMP_TYPE_BOOLEAN,
		.u.b = v,
	};

	return imp_set_put(set, &value);
}

enum imp_status imp_set_put_octets(struct imp_set *set, uint16_t object, uint16_t instance,
	uint16_t resource, struct imp_span s)
{
	struct imp_value value = {
		.path = { object, instance, resource, IMP_NO_ID },
		.type = type_of(object, resource, IMP_TYPE_OPAQUE),
		.u.s = s,
	};

	return is_octets(value.type) ? imp_set_put(set, &value) : IMP_E_FORMAT;
}

enum imp_status imp_set_put_link(struct imp_set *set, uint16_t object, uint16_t instance,
	uint16_t resource, uint16_t to_object, uint16_t to_instance)
{
	struct imp_value value = {
		.path = { object, instance, resource, IMP_NO_ID },
		.type = IMP_TYPE_OBJLNK,
		.u.link = { to_object, to_instance },
	};

	return imp_set_put(set, &value);
}

bool imp_set_has(const struct imp_set *set, struct imp_path path)
{
	int depth = path_depth(path);
	uint64_t key = path_key(path);
	size_t at;

	if (depth == 0)
		return false;
	/* Everything at or below the path shares its first identifiers; zeros sort first. */
	if (depth < 2)
		path.instance = 0;
	if (depth < 3)
		path.resource = 0;
	if (depth < 4)
		path.res_instance = 0;
	at = lower_bound(set, path);
	return at < set->n &&
	       path_key(set->v[at].path) >> (64 - 16 * depth) == key >> (64 - 16 * depth);
}

const struct imp_value *imp_set_get(
	const struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource)
{
	struct imp_path path = { object, instance, resource, IMP_NO_ID };
	size_t at = lower_bound(set, path);

	if (at == set->n || path_key(set->v[at].path) != path_key(path))
		return NULL;
	return set->v[at].type == IMP_TYPE_NONE ? NULL : &set->v[at];
}

int64_t imp_set_int(const struct imp_set *set, uint16_t object, uint16_t instance,
	uint16_t resource, int64_t fallback)
{
	const struct imp_value *value = imp_set_get(set, object, instance, resource);

	if (!value)
		return fallback;
	if (value->type == IMP_TYPE_INTEGER || value->type == IMP_TYPE_TIME)
		return value->u.i;
	if (value->type == IMP_TYPE_BOOLEAN)
		return value->u.b;
	if (value->type == IMP_TYPE_UNSIGNED)
		return value->u.u > INT64_MAX ? INT64_MAX : (int64_t)value->u.u;
	return fallback;
}

struct imp_span imp_set_octets(
	const struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource)
{
	const struct imp_value *value = imp_set_get(set, object, instance, resource);

	return value && is_octets(value->type) ? value->u.s : imp_span(NULL, 0);
}

int32_t imp_set_next_instance(const struct imp_set *set, uint16_t object, int32_t after)
{
	struct imp_path from = { object, (uint16_t)(after + 1), 0, 0 };
	size_t at;

	if (after >= IMP_NO_ID)
		return -1;
	at = lower_bound(set, from);
	if (at == set->n || set->v[at].path.object != object ||
		set->v[at].path.instance == IMP_NO_ID)
		return -1;
	return set->v[at].path.instance;
}

/* By its bits NaN equals itself, and -0 is not 0. */
static uint64_t float_bits(double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static bool value_equal(const struct imp_value *a, const struct imp_value *b)
{
	if (path_key(a->path) != path_key(b->path) || a->type != b->type)
		return false;
	switch (a->type) {
	case IMP_TYPE_NONE:
		return true;
	case IMP_TYPE_STRING:
	case IMP_TYPE_OPAQUE: /* may be keys: no early exit within them */
		return a->u.s.n == b->u.s.n && imp_secret_eq(a->u.s.p, b->u.s.p, a->u.s.n);
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		return a->u.i == b->u.i;
	case IMP_TYPE_UNSIGNED:
		return a->u.u == b->u.u;
	case IMP_TYPE_FLOAT:
		return float_bits(a->u.f) == float_bits(b->u.f);
	case IMP_TYPE_BOOLEAN:
		return a->u.b == b->u.b;
	case IMP_TYPE_OBJLNK:
		return a->u.link.object == b->u.link.object &&
		       a->u.link.instance == b->u.link.instance;
	}
	return false;
}

bool imp_set_equal(const struct imp_set *a, const struct imp_set *b)
{
	if (a->n != b->n || a->versions_n != b->versions_n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!value_equal(&a->v[i], &b->v[i]))
			return false;
	for (size_t i = 0; i < a->versions_n; i++) {
		const struct imp_object_version *va = &a->versions[i], *vb = &b->versions[i];

		if (va->object != vb->object || va->major != vb->major || va->minor != vb->minor)
			return false;
	}
	return true;
}
