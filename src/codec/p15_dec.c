/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/p15.h"

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

enum imp_status imp_p15_find_app(struct imp_span dir, struct imp_p15_app *app)
{
	struct imp_rd rd = imp_rd(dir);
	struct imp_p15_app found;

	while (imp_p15_dir_next(&rd, &found) == IMP_OK) {
		if (imp_p15_app_matches(&found)) {
			*app = found;
			return IMP_OK;
		}
	}
	return IMP_E_ABSENT;
}

bool imp_p15_app_matches(const struct imp_p15_app *app)
{
	return imp_span_starts(app->aid, imp_span(imp_p15_aid, sizeof imp_p15_aid));
}

/* ---- EF(ODF) -----------------------------------------------------------------------------------
 */

/* Content of a Path: 04 fids, and for a part of the file 02 index, 80 length. */
static enum imp_status path_get(struct imp_span content, struct imp_p15_path *path)
{
	struct imp_p15_path got = { .part = false };
	struct imp_rd rd = imp_rd(content);

	got.fids = imp_der_take(&rd, IMP_DER_OCTETS);
	if (rd.n) {
		got.part = true;
		if (imp_der_unsigned(imp_der_take(&rd, IMP_DER_INTEGER), &got.index) != IMP_OK ||
			imp_der_unsigned(imp_der_take(&rd, PART_LENGTH), &got.length) != IMP_OK)
			imp_rd_fail(&rd, IMP_E_FORMAT);
	}
	if (got.fids.n % 2)
		imp_rd_fail(&rd, IMP_E_FORMAT);
	if (imp_rd_done(&rd) == IMP_OK)
		*path = got;
	return imp_rd_done(&rd);
}

enum imp_status imp_p15_odf_next(struct imp_rd *rd, struct imp_p15_odf *odf)
{
	struct imp_p15_odf got = { .objects = { NULL, 0 } };
	struct imp_der der;

	while (imp_der_more(rd)) {
		struct imp_rd in;

		if (imp_der_next(rd, &der) != IMP_OK)
			return rd->st;
		if (der.tag != DATA_OBJECTS)
			continue;
		in = imp_rd(der.value);
		if (imp_der_next(&in, &der) != IMP_OK)
			return in.st;
		if (der.tag == INLINE)
			got.objects = der.value;
		else if (der.tag != IMP_DER_SEQUENCE)
			continue;
		else if (path_get(der.value, &got.path) != IMP_OK)
			return IMP_E_FORMAT;
		*odf = got;
		return IMP_OK;
	}
	return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
}

/* ---- EF(DODF) ----------------------------------------------------------------------------------
 */

/* Is it our OID, as it should be or with a complete DER OID for content? */
static bool oid_matches(struct imp_span oid, bool *wrapped_twice)
{
	static const uint8_t twice[] = { IMP_DER_OID, IMP_P15_OID_SIZE, 0x67, 0x2B, 0x09, 0x01 };
	bool wrapped = imp_span_eq(oid, imp_span(twice, sizeof twice));

	*wrapped_twice |= wrapped;
	return wrapped || imp_span_eq(oid, imp_span(imp_p15_oid, sizeof imp_p15_oid));
}

static void flags_get(struct imp_span bits, struct imp_p15_object *object)
{
	if (bits.n < 2)
		return;
	object->is_private = bits.p[1] & FLAG_PRIVATE;
	object->modifiable = bits.p[1] & FLAG_MODIFIABLE;
}

/* typeAttributes among the rest of an object: A1 {value}, in an oidDO A1 {30 {06 id, value}}; value
 * is a Path or held here. */
static enum imp_status type_get(struct imp_span rest, bool oiddo, bool *ours, bool *wrapped_twice,
	struct imp_p15_path *path)
{
	struct imp_span content;
	struct imp_rd in;
	struct imp_der der;

	if (imp_der_find(rest, TYPE_ATTRIBUTES, &content) != IMP_OK)
		return IMP_E_FORMAT;
	in = imp_rd(content);
	if (oiddo) {
		in = imp_rd(imp_der_take(&in, IMP_DER_SEQUENCE));
		if (oid_matches(imp_der_take(&in, IMP_DER_OID), wrapped_twice))
			*ours = true;
	}
	if (imp_der_next(&in, &der) == IMP_OK && der.tag == IMP_DER_SEQUENCE)
		return path_get(der.value, path);
	return in.st;
}

/* What the device looks for, without the rest of an object. */
static bool bootstrap_get(const struct imp_der *der, struct imp_p15_path *path, bool *wrapped_twice)
{
	struct imp_rd in = imp_rd(der->value);
	struct imp_span data, oid;
	bool ours;

	(void)imp_der_take(&in, IMP_DER_SEQUENCE);
	data = imp_der_take(&in, IMP_DER_SEQUENCE);
	ours = imp_der_find(data, IMP_DER_OID, &oid) == IMP_OK && oid_matches(oid, wrapped_twice);
	return in.st == IMP_OK &&
	       type_get(imp_span(in.p, in.n), der->tag == IMP_P15_OIDDO, &ours, wrapped_twice,
		       path) == IMP_OK &&
	       ours && path->fids.n;
}

static bool is_object(uint16_t tag)
{
	return tag == IMP_P15_OPAQUE || tag == IMP_P15_EXTERNAL || tag == IMP_P15_OIDDO;
}

enum imp_status imp_p15_find_bootstrap(
	struct imp_span dodf, struct imp_p15_path *path, bool *wrapped_twice)
{
	struct imp_rd rd = imp_rd(dodf);
	struct imp_p15_path found;
	struct imp_der der;

	while (imp_der_more(&rd) && imp_der_next(&rd, &der) == IMP_OK) {
		bool twice = false;

		/* A foreign object of any make must not hide ours behind it. */
		found.fids.n = 0;
		if (!is_object(der.tag) || !bootstrap_get(&der, &found, &twice))
			continue;
		*path = found;
		*wrapped_twice = twice;
		return IMP_OK;
	}
	return rd.st != IMP_OK ? rd.st : IMP_E_ABSENT;
}

static enum imp_status object_get(const struct imp_der *object, struct imp_p15_object *got)
{
	struct imp_rd rd = imp_rd(object->value);
	struct imp_span common = imp_der_take(&rd, IMP_DER_SEQUENCE), v;
	struct imp_span data = imp_der_take(&rd, IMP_DER_SEQUENCE);

	if (!is_object(object->tag) || rd.st != IMP_OK)
		return IMP_E_FORMAT;
	got->kind = (enum imp_p15_kind)object->tag;
	(void)!imp_der_find(common, IMP_DER_UTF8, &got->label);
	(void)!imp_der_find(common, IMP_DER_OCTETS, &got->auth_id);
	if (imp_der_find(common, IMP_DER_BIT_STRING, &v) == IMP_OK)
		flags_get(v, got);
	(void)!imp_der_find(data, IMP_DER_UTF8, &got->application);
	if (imp_der_find(data, IMP_DER_OID, &v) == IMP_OK)
		got->by_application = oid_matches(v, &got->wrapped_twice);
	return type_get(imp_span(rd.p, rd.n), got->kind == IMP_P15_OIDDO, &got->by_id,
		&got->wrapped_twice, &got->path);
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
	*object = object_get(&der, &got) == IMP_OK ? got : none;
	return IMP_OK;
}
