/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/p15.h"

#define TAG_APP 0x61
#define TAG_AID 0x4F
#define TAG_LABEL 0x50
#define TAG_PATH 0x51
#define TAG_ODF_DATA_OBJECTS 0xA7
#define TAG_TYPE_ATTRIBUTES 0xA1
#define TAG_PATH_LENGTH 0x80

/* Named bit strings: the first octet counts the unused bits behind the last one that is set. */
#define FLAG_PRIVATE 0x80
#define FLAG_MODIFIABLE 0x40

static void put_present(struct imp_wr *wr, uint16_t tag, struct imp_span value)
{
	if (value.n)
		imp_der_put(wr, tag, value);
}

static void app_content(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_app *app = (const struct imp_p15_app *)of;

	put_present(wr, TAG_AID, app->aid);
	put_present(wr, TAG_LABEL, app->label);
	put_present(wr, TAG_PATH, app->path);
}

void imp_p15_put_app(struct imp_wr *wr, const struct imp_p15_app *app)
{
	imp_der_put_nested(wr, TAG_APP, app_content, app);
}

static void path_content(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_path *path = (const struct imp_p15_path *)of;

	imp_der_put(wr, IMP_DER_OCTETS, path->fids);
	if (path->part) {
		imp_der_put_unsigned(wr, IMP_DER_INTEGER, path->index);
		imp_der_put_unsigned(wr, TAG_PATH_LENGTH, path->length);
	}
}

static void put_path(struct imp_wr *wr, const void *of)
{
	imp_der_put_nested(wr, IMP_DER_SEQUENCE, path_content, of);
}

void imp_p15_put_odf(struct imp_wr *wr, const struct imp_p15_path *path)
{
	imp_der_put_nested(wr, TAG_ODF_DATA_OBJECTS, put_path, path);
}

static void put_flags(struct imp_wr *wr, const struct imp_p15_object *object)
{
	uint8_t bits = (uint8_t)((object->is_private ? FLAG_PRIVATE : 0) |
				 (object->modifiable ? FLAG_MODIFIABLE : 0));
	uint8_t value[2] = { object->modifiable ? 6 : 7, bits };

	if (bits)
		imp_der_put(wr, IMP_DER_BIT_STRING, imp_span(value, sizeof value));
}

static void put_oid(struct imp_wr *wr, const struct imp_p15_object *object)
{
	uint8_t twice[2 + IMP_P15_OID_SIZE];
	struct imp_wr inner = imp_wr(twice, sizeof twice);
	struct imp_span oid = imp_span(imp_p15_oid, IMP_P15_OID_SIZE);

	if (object->wrapped_twice) {
		imp_der_put(&inner, IMP_DER_OID, oid);
		oid = imp_wr_span(&inner);
	}
	imp_der_put(wr, IMP_DER_OID, oid);
}

static void common_object(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_object *object = (const struct imp_p15_object *)of;

	put_present(wr, IMP_DER_UTF8, object->label);
	put_flags(wr, object);
	put_present(wr, IMP_DER_OCTETS, object->auth_id);
}

static void common_data_object(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_object *object = (const struct imp_p15_object *)of;

	put_present(wr, IMP_DER_UTF8, object->application);
	if (object->by_application)
		put_oid(wr, object);
}

static void oid_and_path(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_object *object = (const struct imp_p15_object *)of;

	put_oid(wr, object);
	put_path(wr, &object->path);
}

static void type_attributes(struct imp_wr *wr, const void *of)
{
	const struct imp_p15_object *object = (const struct imp_p15_object *)of;

	if (object->kind == IMP_P15_OIDDO)
		imp_der_put_nested(wr, IMP_DER_SEQUENCE, oid_and_path, object);
	else
		put_path(wr, &object->path);
}

static void object_content(struct imp_wr *wr, const void *of)
{
	imp_der_put_nested(wr, IMP_DER_SEQUENCE, common_object, of);
	imp_der_put_nested(wr, IMP_DER_SEQUENCE, common_data_object, of);
	imp_der_put_nested(wr, TAG_TYPE_ATTRIBUTES, type_attributes, of);
}

void imp_p15_put_object(struct imp_wr *wr, const struct imp_p15_object *object)
{
	if (object->kind != IMP_P15_OPAQUE && object->kind != IMP_P15_OIDDO) {
		imp_wr_fail(wr, IMP_E_UNSUPPORTED);
		return;
	}
	imp_der_put_nested(wr, (uint16_t)object->kind, object_content, object);
}

void imp_p15_put_token_info(struct imp_wr *wr)
{
	static const uint8_t smallest[] = { 0x30, 0x07, 0x02, 0x01, 0x00, 0x03, 0x02, 0x00, 0x00 };

	imp_wr_put(wr, imp_span(smallest, sizeof smallest));
}
