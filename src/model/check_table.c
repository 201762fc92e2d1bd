/* SPDX-License-Identifier: Apache-2.0 */
/* What the object table says of each instance and value by itself. */
#include "model/check_rules.h"

#include <inttypes.h>

/* Objects that a set writes as a whole; of /3 and /9 the device fills the rest (K7 does not apply).
 */
static bool is_written_whole(uint16_t object)
{
	return object != IMP_OBJ_DEVICE && object != IMP_OBJ_SOFTWARE;
}

/* Mandatory, but null in some modes (1.8, note 1): B15 judges them by the mode. */
static bool is_key_resource(uint16_t object, uint16_t resource)
{
	return object == IMP_OBJ_SECURITY && resource >= SEC_IDENTITY && resource <= SEC_SECRET;
}

static bool is_ssid(uint16_t object, uint16_t resource)
{
	return (object == IMP_OBJ_SECURITY && resource == SEC_SSID) ||
	       (object == IMP_OBJ_SERVER && resource == SRV_SSID);
}

static void mandatory(struct check *c, const struct imp_object_def *object, int32_t instance)
{
	for (size_t i = 0; i < object->count; i++) {
		const struct imp_resource_def *r = &object->resources[i];
		struct imp_path path = at(object->id, instance, r->id);

		if (!r->mandatory || r->type == IMP_TYPE_NONE || is_key_resource(object->id, r->id))
			continue;
		if (!imp_set_has(c->set, path))
			imp_findings_add(c->findings, "K7", IMP_ERROR, path,
				"mandatory resource %s is missing", r->name);
	}
}

static void mandatory_everywhere(struct check *c)
{
	const struct imp_set *s = c->set;

	for (size_t i = 0; i < s->n; i++) {
		struct imp_path path = s->v[i].path;
		const struct imp_object_def *object = imp_object_def(path.object);

		if (i && s->v[i - 1].path.object == path.object &&
			s->v[i - 1].path.instance == path.instance)
			continue;
		if (object && path.instance != IMP_NO_ID && is_written_whole(path.object))
			mandatory(c, object, path.instance);
		if (object && !object->multiple && path.instance != IMP_NO_ID && path.instance != 0)
			imp_findings_add(c->findings, "RANGE", IMP_ERROR,
				at_instance(path.object, path.instance),
				"object %s has one instance, 0", object->name);
	}
}

static void length_range(
	struct check *c, const struct imp_value *v, const struct imp_resource_def *r)
{
	int64_t n = (int64_t)v->u.s.n;

	if (n >= r->min && n <= r->max)
		return;
	if (r->min == r->max)
		imp_findings_add(c->findings, "RANGE", IMP_ERROR, v->path,
			"%s has %" PRId64 " octets, it must have %" PRId64, r->name, n, r->min);
	else
		imp_findings_add(c->findings, "RANGE", IMP_ERROR, v->path,
			"%s has %" PRId64 " octets, allowed are %" PRId64 " to %" PRId64, r->name,
			n, r->min, r->max);
}

static void number_range(
	struct check *c, const struct imp_value *v, const struct imp_resource_def *r)
{
	int64_t n = v->u.i;

	if (v->type == IMP_TYPE_UNSIGNED)
		n = v->u.u > INT64_MAX ? INT64_MAX : (int64_t)v->u.u;
	if (n >= r->min && n <= r->max)
		return;
	if (r->max == INT64_MAX)
		imp_findings_add(c->findings, "RANGE", IMP_ERROR, v->path,
			"%s is %" PRId64 ", below %" PRId64, r->name, n, r->min);
	else
		imp_findings_add(c->findings, "RANGE", IMP_ERROR, v->path,
			"%s is %" PRId64 ", allowed is %" PRId64 " to %" PRId64, r->name, n, r->min,
			r->max);
}

static void range(struct check *c, const struct imp_value *v, const struct imp_resource_def *r)
{
	if (is_ssid(v->path.object, v->path.resource)) /* K2 and K3 say it better */
		return;
	if (v->type == IMP_TYPE_STRING || v->type == IMP_TYPE_OPAQUE)
		length_range(c, v, r);
	else if (v->type == IMP_TYPE_INTEGER || v->type == IMP_TYPE_UNSIGNED ||
		 v->type == IMP_TYPE_TIME)
		number_range(c, v, r);

	if (v->path.object == IMP_OBJ_SECURITY && v->path.resource == SEC_SMS_KEYS &&
		v->u.s.n >= 16 && v->u.s.n <= 48 && v->u.s.n % 16)
		imp_findings_add(c->findings, "RANGE", IMP_ERROR, v->path,
			"%s has %zu octets, allowed are 16, 32 and 48", r->name, v->u.s.n);
}

/* An explicit version that is older than a resource of the object (D17, 2). */
static void version(struct check *c, const struct imp_value *v, const struct imp_resource_def *r)
{
	const struct imp_object_version *o = imp_set_version(c->set, v->path.object);

	if (!o || o->major > r->since_major ||
		(o->major == r->since_major && o->minor >= r->since_minor))
		return;
	imp_findings_add(c->findings, "D17", IMP_WARNING, v->path,
		"%s came with version %u.%u of the object, but version %u.%u is stated", r->name,
		r->since_major, r->since_minor, o->major, o->minor);
}

void check_table(struct check *c)
{
	mandatory_everywhere(c);
	for (size_t i = 0; i < c->set->n; i++) {
		const struct imp_value *v = &c->set->v[i];
		const struct imp_resource_def *r =
			imp_resource_def(v->path.object, v->path.resource);

		if (!r)
			continue;
		range(c, v, r);
		version(c, v, r);
	}
}
