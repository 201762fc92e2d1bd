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

static enum imp_status app_get(struct imp_span content, struct imp_p15_app *app)
{
	struct imp_p15_app got;
	struct imp_rd rd = imp_rd(content);
	struct imp_der der;

	memset(&got, 0, sizeof got);
	while (rd.n) {
		enum imp_status st = imp_der_next(&rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.tag == AID)
			got.aid = der.value;
		else if (der.tag == LABEL)
			got.label = der.value;
		else if (der.tag == PATH)
			got.path = der.value;
	}
	*app = got;
	return IMP_OK;
}

enum imp_status imp_p15_dir_next(struct imp_rd *rd, struct imp_p15_app *app)
{
	struct imp_der der;

	while (imp_der_more(rd)) {
		enum imp_status st = imp_der_next(rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.tag == APPLICATION)
			return app_get(der.value, app);
	}
	return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
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
	struct imp_p15_path got;
	struct imp_rd rd = imp_rd(content);
	struct imp_span n;
	enum imp_status st;

	memset(&got, 0, sizeof got);
	st = imp_der_expect(&rd, IMP_DER_OCTETS, &got.fids);
	if (st == IMP_OK && rd.n) {
		got.part = true;
		st = imp_der_expect(&rd, IMP_DER_INTEGER, &n);
		if (st == IMP_OK)
			st = imp_der_unsigned(n, &got.index);
		if (st == IMP_OK)
			st = imp_der_expect(&rd, PART_LENGTH, &n);
		if (st == IMP_OK)
			st = imp_der_unsigned(n, &got.length);
		if (st == IMP_OK)
			st = imp_rd_done(&rd);
	}
	if (st == IMP_OK && got.fids.n % 2)
		st = IMP_E_FORMAT;
	if (st == IMP_OK)
		*path = got;
	return st;
}

enum imp_status imp_p15_odf_next(struct imp_rd *rd, struct imp_p15_odf *odf)
{
	struct imp_der der;
	struct imp_p15_odf got;

	memset(&got, 0, sizeof got);
	while (imp_der_more(rd)) {
		enum imp_status st = imp_der_next(rd, &der);

		if (st == IMP_OK && der.tag == DATA_OBJECTS) {
			struct imp_rd in = imp_rd(der.value);

			st = imp_der_next(&in, &der);
			if (st == IMP_OK && der.tag == IMP_DER_SEQUENCE) {
				st = path_get(der.value, &got.path);
				if (st == IMP_OK)
					*odf = got;
				return st;
			}
			if (st == IMP_OK && der.tag == INLINE) {
				got.objects = der.value;
				*odf = got;
				return IMP_OK;
			}
		}
		if (st != IMP_OK)
			return st;
	}
	return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
}

/* ---- EF(DODF) ----------------------------------------------------------------------------------
 */

/* Is it our OID, as it should be or with a complete DER OID for content? */
static bool oid_matches(struct imp_span oid, bool *wrapped_twice)
{
	struct imp_span ours = imp_span(imp_p15_oid, sizeof imp_p15_oid);

	if (imp_span_eq(oid, ours))
		return true;
	if (oid.n != 2 + IMP_P15_OID_SIZE || oid.p[0] != IMP_DER_OID ||
		oid.p[1] != IMP_P15_OID_SIZE)
		return false;
	if (!imp_span_eq(imp_span(oid.p + 2, IMP_P15_OID_SIZE), ours))
		return false;
	*wrapped_twice = true;
	return true;
}

static void flags_get(struct imp_span bits, struct imp_p15_object *object)
{
	if (bits.n < 2)
		return;
	object->is_private = bits.p[1] & FLAG_PRIVATE;
	object->modifiable = bits.p[1] & FLAG_MODIFIABLE;
}

/* CommonObjectAttributes and CommonDataObjectAttributes, which share the cursor's object. */
static enum imp_status attributes_get(struct imp_rd *rd, bool data, struct imp_p15_object *object)
{
	struct imp_span content;
	struct imp_rd in;
	struct imp_der der;
	enum imp_status st = imp_der_expect(rd, IMP_DER_SEQUENCE, &content);

	if (st != IMP_OK)
		return st;
	in = imp_rd(content);
	while (in.n) {
		st = imp_der_next(&in, &der);
		if (st != IMP_OK)
			return st;
		if (der.tag == IMP_DER_UTF8)
			*(data ? &object->application : &object->label) = der.value;
		else if (der.tag == IMP_DER_OID && data)
			object->by_application = oid_matches(der.value, &object->wrapped_twice);
		else if (der.tag == IMP_DER_BIT_STRING && !data)
			flags_get(der.value, object);
		else if (der.tag == IMP_DER_OCTETS && !data)
			object->auth_id = der.value;
	}
	return IMP_OK;
}

/* typeAttributes: A1 {value}, in an oidDO A1 {30 {06 id, value}}; value is a Path or held here. */
static enum imp_status type_get(struct imp_rd *rd, struct imp_p15_object *object)
{
	struct imp_span content, id;
	struct imp_rd in;
	struct imp_der der;
	enum imp_status st = imp_der_find(imp_span(rd->p, rd->n), TYPE_ATTRIBUTES, &content);

	if (st != IMP_OK)
		return st;
	in = imp_rd(content);
	if (object->kind == IMP_P15_OIDDO) {
		st = imp_der_expect(&in, IMP_DER_SEQUENCE, &content);
		if (st != IMP_OK)
			return st;
		in = imp_rd(content);
		st = imp_der_expect(&in, IMP_DER_OID, &id);
		if (st != IMP_OK)
			return st;
		object->by_id = oid_matches(id, &object->wrapped_twice);
	}
	st = imp_der_next(&in, &der);
	if (st == IMP_OK && der.tag == IMP_DER_SEQUENCE)
		st = path_get(der.value, &object->path);
	return st;
}

static enum imp_status object_get(const struct imp_der *der, struct imp_p15_object *object)
{
	struct imp_rd rd = imp_rd(der->value);
	enum imp_status st;

	if (der->tag != IMP_P15_OPAQUE && der->tag != IMP_P15_EXTERNAL && der->tag != IMP_P15_OIDDO)
		return IMP_E_UNSUPPORTED;
	object->kind = (enum imp_p15_kind)der->tag;
	st = attributes_get(&rd, false, object);
	if (st == IMP_OK)
		st = attributes_get(&rd, true, object);
	if (st == IMP_OK)
		st = type_get(&rd, object);
	return st;
}

enum imp_status imp_p15_dodf_next(struct imp_rd *rd, struct imp_p15_object *object)
{
	struct imp_der der;
	enum imp_status st;

	if (!imp_der_more(rd))
		return rd->st != IMP_OK ? rd->st : IMP_E_ABSENT;
	st = imp_der_next(rd, &der);
	if (st != IMP_OK)
		return st;
	memset(object, 0, sizeof *object);
	/* A foreign object of any make must not hide ours behind it. */
	if (object_get(&der, object) != IMP_OK)
		memset(object, 0, sizeof *object);
	return IMP_OK;
}
