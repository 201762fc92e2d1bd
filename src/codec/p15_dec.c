/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/p15.h"

#include <string.h>

enum {
	APPLICATION = 0x61,
	AID = 0x4F,
	LABEL = 0x50,
	PATH = 0x51,
	DATA_OBJECTS = 0xA7,
	INLINE = 0xA0,
	PART_LENGTH = 0x80,
	TYPE_ATTRIBUTES = 0xA1,
	FLAG_PRIVATE = 0x80,
	FLAG_MODIFIABLE = 0x40,
};

const uint8_t imp_p15_aid[IMP_P15_AID_SIZE] = { 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S',
	'-', '1', '5' };
const uint8_t imp_p15_oid[IMP_P15_OID_SIZE] = { 0x67, 0x2B, 0x09, 0x01 };

/* ---- EF(DIR) -----------------------------------------------------------------------------------
 */

/* Content of a template.  What is not there stays empty. */
static void app_get(struct imp_span content, struct imp_p15_app *app)
{
	static const struct imp_p15_app none;

	*app = none;
	(void)!imp_der_find(content, AID, &app->aid);
	(void)!imp_der_find(content, LABEL, &app->label);
	(void)!imp_der_find(content, PATH, &app->path);
}

enum imp_status imp_p15_dir_next(struct imp_rd *rd, struct imp_p15_app *app)
{
	struct imp_der der;

	while (imp_der_more(rd)) {
		enum imp_status st = imp_der_next(rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.tag == APPLICATION) {
			app_get(der.value, app);
			return IMP_OK;
		}
	}
	return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
}

bool imp_p15_app_matches(const struct imp_p15_app *app)
{
	return imp_span_starts(app->aid, imp_span(imp_p15_aid, sizeof imp_p15_aid));
}

enum imp_status imp_p15_find_app(struct imp_span dir, bool *has_path)
{
	struct imp_rd rd = imp_rd(dir);
	struct imp_der der;

	while (imp_der_step(&rd, &der)) {
		struct imp_span v;

		if (der.tag != APPLICATION || !imp_der_get(&der.value, AID, &v) ||
			v.n < sizeof imp_p15_aid ||
			memcmp(v.p, imp_p15_aid, sizeof imp_p15_aid) != 0)
			continue;
		*has_path = imp_der_get(&der.value, PATH, &v);
		return IMP_OK;
	}
	return IMP_E_ABSENT;
}

/* ---- EF(ODF) -----------------------------------------------------------------------------------
 */

/* Content of a Path: 04 fids, and for a part of the file 02 index, 80 length. */
static enum imp_status path_get(const struct imp_span *content, struct imp_p15_path *path)
{
	struct imp_span v;

	path->index = 0;
	path->length = UINT32_MAX;
	if (!imp_der_get(content, IMP_DER_OCTETS, &path->fids) || path->fids.n % 2)
		return IMP_E_FORMAT;
	path->part = imp_der_get(content, IMP_DER_INTEGER, &v);
	if (!path->part)
		return IMP_OK;
	if (imp_der_unsigned(v, &path->index) != IMP_OK || !imp_der_get(content, PART_LENGTH, &v))
		return IMP_E_FORMAT;
	return imp_der_unsigned(v, &path->length);
}

enum imp_status imp_p15_odf_next(struct imp_rd *rd, struct imp_p15_odf *odf)
{
	struct imp_der der;

	while (imp_der_step(rd, &der)) {
		struct imp_span path;

		if (der.tag != DATA_OBJECTS)
			continue;
		odf->path.fids.n = 0;
		odf->objects.n = 0;
		if (imp_der_get(&der.value, IMP_DER_SEQUENCE, &path))
			return path_get(&path, &odf->path);
		if (imp_der_get(&der.value, INLINE, &odf->objects))
			return IMP_OK;
	}
	return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
}

/* ---- EF(DODF) ----------------------------------------------------------------------------------
 */

/* Is it our OID, as it should be or with a complete DER OID for content? */
static bool oid_matches(struct imp_span oid, bool *wrapped_twice)
{
	bool wrapped = imp_der_get(&oid, IMP_DER_OID, &oid);

	if (oid.n != sizeof imp_p15_oid || memcmp(oid.p, imp_p15_oid, sizeof imp_p15_oid) != 0)
		return false;
	*wrapped_twice |= wrapped;
	return true;
}

static void flags_get(struct imp_span bits, struct imp_p15_object *object)
{
	if (bits.n < 2)
		return;
	object->is_private = bits.p[1] & FLAG_PRIVATE;
	object->modifiable = bits.p[1] & FLAG_MODIFIABLE;
}

/* The parts of a data object that matter; those that are not there are empty. */
struct parts {
	struct imp_der common, data; /* attributes */
	struct imp_span application; /* applicationOID */
	struct imp_span id;	     /* oidDO only */
	struct imp_span path;
};

/* 30 common, 30 data, A1 {value}; in an oidDO A1 {30 {06 id, value}}; value is a Path or held here.
 */
static bool parts_get(const struct imp_der *object, struct parts *parts)
{
	struct imp_rd rd = imp_rd(object->value);
	struct imp_span value;

	if (object->tag != IMP_P15_OPAQUE && object->tag != IMP_P15_EXTERNAL &&
		object->tag != IMP_P15_OIDDO)
		return false;
	if (imp_der_next(&rd, &parts->common) != IMP_OK ||
		imp_der_next(&rd, &parts->data) != IMP_OK)
		return false;
	parts->application.n = 0;
	parts->id.n = 0;
	parts->path.n = 0;
	(void)imp_der_get(&parts->data.value, IMP_DER_OID, &parts->application);
	value = imp_span(rd.p, rd.n);
	if (!imp_der_get(&value, TYPE_ATTRIBUTES, &value))
		return false;
	if (object->tag == IMP_P15_OIDDO && (!imp_der_get(&value, IMP_DER_SEQUENCE, &value) ||
						    !imp_der_get(&value, IMP_DER_OID, &parts->id)))
		return false;
	(void)imp_der_get(&value, IMP_DER_SEQUENCE, &parts->path);
	return true;
}

enum imp_status imp_p15_find_bootstrap(
	struct imp_span dodf, struct imp_p15_path *path, bool *wrapped_twice)
{
	struct imp_rd rd = imp_rd(dodf);
	struct parts parts;
	struct imp_der der;

	while (imp_der_step(&rd, &der)) {
		*wrapped_twice = false;
		/* A foreign object of any make must not hide ours behind it. */
		if (parts_get(&der, &parts) &&
			(oid_matches(parts.id, wrapped_twice) ||
				oid_matches(parts.application, wrapped_twice)) &&
			path_get(&parts.path, path) == IMP_OK && path->fids.n)
			return IMP_OK;
	}
	return rd.st != IMP_OK ? rd.st : IMP_E_ABSENT;
}

static bool object_get(const struct imp_der *der, struct imp_p15_object *object)
{
	struct parts parts;
	struct imp_span flags;

	if (!parts_get(der, &parts))
		return false;
	object->kind = (enum imp_p15_kind)der->tag;
	object->by_id = oid_matches(parts.id, &object->wrapped_twice);
	object->by_application = oid_matches(parts.application, &object->wrapped_twice);
	(void)!imp_der_find(parts.common.value, IMP_DER_UTF8, &object->label);
	(void)!imp_der_find(parts.common.value, IMP_DER_OCTETS, &object->auth_id);
	(void)!imp_der_find(parts.data.value, IMP_DER_UTF8, &object->application);
	if (imp_der_find(parts.common.value, IMP_DER_BIT_STRING, &flags) == IMP_OK)
		flags_get(flags, object);
	return parts.path.n == 0 || path_get(&parts.path, &object->path) == IMP_OK;
}

enum imp_status imp_p15_dodf_next(struct imp_rd *rd, struct imp_p15_object *object)
{
	static const struct imp_p15_object none;
	struct imp_p15_object got = none;
	struct imp_der der;

	if (!imp_der_more(rd))
		return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
	if (imp_der_next(rd, &der) != IMP_OK)
		return rd->st;
	/* A foreign object of any make must not hide ours behind it. */
	*object = object_get(&der, &got) ? got : none;
	return IMP_OK;
}
