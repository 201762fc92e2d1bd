/* SPDX-License-Identifier: Apache-2.0 */
#include "model/set_form.h"

#include "codec/ef.h"
#include "codec/tlv.h"

/* ---- decoding -------------------------------------------------------------------------------- */

struct load {
	struct imp_set *set;
	bool lenient;
	unsigned quirks; /* met so far */
};

/* Some writers spend two octets on 65535 where an Integer needs four (T8): -1 has no meaning there.
 */
static bool is_short_65535(struct imp_path path, struct imp_span raw)
{
	return path.object == IMP_OBJ_ACCESS_CONTROL &&
	       (path.resource == 1 || path.resource == 3) && raw.n == 2 && imp_span_all(raw, 0xFF);
}

static enum imp_status load_integer(
	struct load *l, struct imp_path path, struct imp_span raw, int64_t *out)
{
	if (!is_short_65535(path, raw))
		return imp_tlv_integer(raw, out);
	if (!l->lenient)
		return IMP_E_FORMAT;
	l->quirks |= IMP_QUIRK_SHORT_65535;
	*out = 65535;
	return IMP_OK;
}

static enum imp_status load_value(struct load *l, struct imp_path path, struct imp_span raw)
{
	const struct imp_resource_def *def = imp_resource_def(path.object, path.resource);
	struct imp_value value = { .path = path, .type = def ? def->type : IMP_TYPE_OPAQUE };
	enum imp_status st = IMP_OK;

	switch (value.type) {
	case IMP_TYPE_NONE: /* an executable resource has no value */
		return IMP_E_FORMAT;
	case IMP_TYPE_STRING:
	case IMP_TYPE_OPAQUE:
		value.u.s = raw;
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		st = load_integer(l, path, raw, &value.u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		st = imp_tlv_unsigned(raw, &value.u.u);
		break;
	case IMP_TYPE_FLOAT:
		st = imp_tlv_float(raw, &value.u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		st = imp_tlv_boolean(raw, &value.u.b);
		break;
	case IMP_TYPE_OBJLNK:
		st = imp_tlv_link(raw, &value.u.link.object, &value.u.link.instance);
		break;
	}
	return st ? st : imp_set_put(l->set, &value);
}

static enum imp_status load_mark(struct load *l, struct imp_path path)
{
	struct imp_value mark = { .path = path, .type = IMP_TYPE_NONE };

	return imp_set_put(l->set, &mark);
}

/* The next TLV; 65535 is no identifier of anything in a set. */
static enum imp_status next_tlv(struct imp_rd *rd, struct imp_tlv *tlv)
{
	enum imp_status st = imp_tlv_next(rd, tlv);

	return !st && tlv->id == IMP_NO_ID ? IMP_E_FORMAT : st;
}

static enum imp_status load_multiple(struct load *l, struct imp_path path, struct imp_span raw)
{
	struct imp_rd rd = imp_rd(raw);
	struct imp_tlv tlv;

	if (imp_set_has(l->set, path))
		return IMP_E_FORMAT;
	if (raw.n == 0)
		return load_mark(l, path);
	while (rd.n) {
		enum imp_status st = next_tlv(&rd, &tlv);

		if (!st && tlv.kind != IMP_TLV_RES_INSTANCE)
			st = IMP_E_FORMAT;
		path.res_instance = tlv.id;
		if (!st)
			st = load_value(l, path, tlv.value);
		if (st)
			return st;
	}
	return IMP_OK;
}

static enum imp_status load_resource(
	struct load *l, struct imp_path path, const struct imp_tlv *tlv)
{
	path.resource = tlv->id;
	if (tlv->kind == IMP_TLV_RESOURCE)
		return load_value(l, path, tlv->value);
	if (tlv->kind == IMP_TLV_MULTIPLE)
		return load_multiple(l, path, tlv->value);
	return IMP_E_FORMAT;
}

static enum imp_status load_instance(struct load *l, struct imp_path path, struct imp_span raw)
{
	struct imp_rd rd = imp_rd(raw);
	struct imp_tlv tlv;

	if (imp_set_has(l->set, path))
		return IMP_E_FORMAT;
	if (raw.n == 0)
		return load_mark(l, path);
	while (rd.n) {
		enum imp_status st = next_tlv(&rd, &tlv);

		if (!st)
			st = load_resource(l, path, &tlv);
		if (st)
			return st;
	}
	return IMP_OK;
}

static bool starts_with_resource(struct imp_span raw)
{
	return raw.n && raw.p[0] >> 6 >= IMP_TLV_MULTIPLE;
}

static enum imp_status load_object(struct load *l, uint16_t object, struct imp_span raw)
{
	struct imp_path path = { object, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };
	struct imp_rd rd = imp_rd(raw);
	struct imp_tlv tlv;

	if (imp_set_has(l->set, path))
		return IMP_E_FORMAT;
	if (raw.n == 0)
		return load_mark(l, path);
	if (l->lenient && starts_with_resource(raw)) {
		l->quirks |= IMP_QUIRK_NO_INSTANCE;
		path.instance = 0;
		return load_instance(l, path, raw);
	}
	while (rd.n) {
		enum imp_status st = next_tlv(&rd, &tlv);

		if (!st && tlv.kind != IMP_TLV_INSTANCE)
			st = IMP_E_FORMAT;
		path.instance = tlv.id;
		if (!st)
			st = load_instance(l, path, tlv.value);
		if (st)
			return st;
	}
	return IMP_OK;
}

static enum imp_status load_collection(struct load *l, const struct imp_ef *ef)
{
	struct imp_rd rd = imp_rd(ef->objects);

	for (uint16_t i = 0; i < ef->count; i++) {
		struct imp_ef_object object;
		enum imp_status st = imp_ef_next(&rd, &object);

		if (!st)
			st = load_object(l, object.id, object.instances);
		if (!st && object.explicit_version)
			st = imp_set_put_version(l->set, object.id, object.major, object.minor);
		if (st)
			return st;
	}
	return imp_rd_done(&rd);
}

/*
 * Resource TLVs from offset 0 up to the filling, as seen on cards (D17, 8): a Security instance.
 * What cannot have a place there is left out, the first of two wins.
 */
static enum imp_status load_headerless(struct load *l, struct imp_span file, size_t *bytes)
{
	struct imp_path path = { IMP_OBJ_SECURITY, 0, IMP_NO_ID, IMP_NO_ID };
	struct imp_rd rd = imp_rd(file);
	struct imp_tlv tlv;

	while (rd.n && !imp_span_all(imp_span(rd.p, rd.n), imp_rd_peek(&rd))) {
		enum imp_status st = next_tlv(&rd, &tlv);

		path.resource = tlv.id;
		if (!st && (tlv.kind == IMP_TLV_RES_INSTANCE || imp_set_has(l->set, path)))
			l->quirks |= IMP_QUIRK_STRAY_RESOURCE;
		else if (!st)
			st = load_resource(l, path, &tlv);
		if (st)
			return st;
	}
	if (rd.n && imp_rd_peek(&rd) != 0x00 && imp_rd_peek(&rd) != 0xFF)
		return IMP_E_FORMAT;
	l->quirks |= IMP_QUIRK_NO_HEADER;
	*bytes = file.n - rd.n;
	return l->set->n ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status load_file(struct load *l, struct imp_span file, size_t *bytes)
{
	struct imp_ef ef;
	enum imp_status st = imp_ef_open(file, &ef);

	if (!st) {
		*bytes = IMP_EF_HEADER + ef.objects.n;
		return load_collection(l, &ef);
	}
	/* Such a first octet would be a count of 49152 objects or more: never a header. */
	if (l->lenient && file.n && file.p[0] >> 6 == IMP_TLV_RESOURCE)
		return load_headerless(l, file, bytes);
	return st;
}

enum imp_status imp_set_from_ef(struct imp_set *set, struct imp_span file, bool lenient,
	bool strict_end, struct imp_ef_extent *extent)
{
	struct load l = { .set = set, .lenient = lenient };
	size_t bytes = 0;
	enum imp_status st;

	imp_set_wipe(set);
	st = load_file(&l, file, &bytes);
	if (!st && strict_end && bytes != file.n)
		st = IMP_E_FORMAT;
	if (st) {
		imp_set_wipe(set);
		return st;
	}
	if (extent)
		*extent = (struct imp_ef_extent){ bytes, file.n - bytes, l.quirks };
	return IMP_OK;
}

enum imp_status imp_set_from_tlv(
	struct imp_set *set, uint16_t object, struct imp_span tlv, bool lenient)
{
	struct load l = { .set = set, .lenient = lenient };
	enum imp_status st;

	imp_set_wipe(set);
	st = load_object(&l, object, tlv);
	if (st)
		imp_set_wipe(set);
	return st;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* A run of values of the set, [at, end). */
struct run {
	const struct imp_set *set;
	size_t at, end;
};

/* Split off what shares its first identifiers (1 object, 2 instance, 3 resource) with the first
 * value of the rest. */
static struct run next_run(struct run *rest, int depth)
{
	const struct imp_value *v = rest->set->v;
	struct run run = { rest->set, rest->at, rest->at };

	while (run.end < rest->end && v[run.end].path.object == v[run.at].path.object &&
		(depth < 2 || v[run.end].path.instance == v[run.at].path.instance) &&
		(depth < 3 || v[run.end].path.resource == v[run.at].path.resource))
		run.end++;
	rest->at = run.end;
	return run;
}

static void put_value(
	struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, const struct imp_value *v)
{
	switch (v->type) {
	case IMP_TYPE_NONE: /* a multiple resource without instances */
		imp_tlv_put_header(wr, IMP_TLV_MULTIPLE, id, 0);
		break;
	case IMP_TYPE_STRING:
	case IMP_TYPE_OPAQUE:
		imp_tlv_put(wr, kind, id, v->u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		imp_tlv_put_integer(wr, kind, id, v->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		imp_tlv_put_unsigned(wr, kind, id, v->u.u);
		break;
	case IMP_TYPE_FLOAT:
		imp_tlv_put_float(wr, kind, id, v->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		imp_tlv_put_boolean(wr, kind, id, v->u.b);
		break;
	case IMP_TYPE_OBJLNK:
		imp_tlv_put_link(wr, kind, id, v->u.link.object, v->u.link.instance);
		break;
	}
}

static void put_res_instances(struct imp_wr *wr, struct run run)
{
	for (size_t i = run.at; i < run.end; i++)
		put_value(
			wr, IMP_TLV_RES_INSTANCE, run.set->v[i].path.res_instance, &run.set->v[i]);
}

static void put_resources(struct imp_wr *wr, struct run rest)
{
	while (rest.at < rest.end) {
		struct run run = next_run(&rest, 3);
		const struct imp_value *first = &run.set->v[run.at];
		struct imp_wr size = imp_wr_count();

		if (first->path.res_instance == IMP_NO_ID) {
			put_value(wr, IMP_TLV_RESOURCE, first->path.resource, first);
			continue;
		}
		put_res_instances(&size, run);
		imp_tlv_put_header(wr, IMP_TLV_MULTIPLE, first->path.resource, size.n);
		put_res_instances(wr, run);
	}
}

static void put_instances(struct imp_wr *wr, struct run rest)
{
	while (rest.at < rest.end) {
		struct run run = next_run(&rest, 2);
		struct imp_path path = run.set->v[run.at].path;
		struct imp_wr size = imp_wr_count();

		if (path.instance == IMP_NO_ID) /* an object without instances */
			return;
		if (path.resource == IMP_NO_ID) /* an instance without resources */
			run.end = run.at;
		put_resources(&size, run);
		imp_tlv_put_header(wr, IMP_TLV_INSTANCE, path.instance, size.n);
		put_resources(wr, run);
	}
}

static void put_object(struct imp_wr *wr, struct run run)
{
	struct imp_ef_object object = { .id = run.set->v[run.at].path.object };
	const struct imp_object_version *version = imp_set_version(run.set, object.id);
	struct imp_wr size = imp_wr_count();

	if (version) {
		object.explicit_version = true;
		object.major = version->major;
		object.minor = version->minor;
	}
	put_instances(&size, run);
	imp_ef_put_object_header(wr, &object, size.n);
	put_instances(wr, run);
}

enum imp_status imp_set_to_ef(const struct imp_set *set, struct imp_wr *out)
{
	struct run rest = { set, 0, set->n };
	size_t start = out->n, size;
	uint16_t count = 0;

	imp_ef_put_header(out, 0, 0);
	while (rest.at < rest.end) {
		put_object(out, next_run(&rest, 1));
		count++;
	}
	size = out->n - start - IMP_EF_HEADER;
	if (out->st == IMP_OK && size > IMP_EF_COLLECTION_MAX)
		imp_wr_fail(out, IMP_E_SPACE);
	imp_wr_patch_be16(out, start, count);
	imp_wr_patch_be16(out, start + 2, (uint16_t)size);
	return out->st;
}

enum imp_status imp_set_to_tlv(const struct imp_set *set, uint16_t object, struct imp_wr *out)
{
	struct run rest = { set, 0, set->n };

	while (rest.at < rest.end) {
		struct run run = next_run(&rest, 1);

		if (set->v[run.at].path.object == object)
			put_instances(out, run);
	}
	return out->st;
}
