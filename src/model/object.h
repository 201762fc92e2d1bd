/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LwM2M objects that a credential set may hold, as one table: names, types, multiplicity,
 * mandatory or not, ranges, the object version in which a resource first appears.
 * Source: OMA object registry, objects 0, 1, 2, 21 (and 3, 9 for names).
 */
#ifndef IMP_MODEL_OBJECT_H
#define IMP_MODEL_OBJECT_H

#include "base/span.h"

enum imp_type {
	IMP_TYPE_NONE, /* executable, or no value (see model/set.h) */
	IMP_TYPE_STRING,
	IMP_TYPE_INTEGER,
	IMP_TYPE_UNSIGNED,
	IMP_TYPE_FLOAT,
	IMP_TYPE_BOOLEAN,
	IMP_TYPE_OPAQUE,
	IMP_TYPE_TIME,
	IMP_TYPE_OBJLNK,
};

#define IMP_OBJ_SECURITY 0
#define IMP_OBJ_SERVER 1
#define IMP_OBJ_ACCESS_CONTROL 2
#define IMP_OBJ_DEVICE 3
#define IMP_OBJ_SOFTWARE 9
#define IMP_OBJ_OSCORE 21
#define IMP_OBJ_COSE 23
#define IMP_OBJ_MQTT 24 /* has no table: its resources are kept as opaque */

struct imp_resource_def {
	uint16_t id;
	bool multiple;
	bool mandatory;
	bool secret; /* private key, pre-shared key, OSCORE master secret, SMS keys */
	uint8_t since_major, since_minor; /* object version in which it first appears */
	const char *name;
	enum imp_type type;
	/* Of the value, or of the length in octets for strings and opaques; without a printed range
	 * all of int64_t, or 0..INT64_MAX where a negative has no meaning (seconds, unsigned,
	 * lengths).  0, 0 for types that have no range. */
	int64_t min, max;
};

struct imp_object_def {
	uint16_t id;
	bool multiple;
	const char *name;
	const struct imp_resource_def *resources; /* ascending ids */
	size_t count;
};

/* NULL when the table does not know it. */
const struct imp_object_def *imp_object_def(uint16_t object);
const struct imp_resource_def *imp_resource_def(uint16_t object, uint16_t resource);

/* "string", "integer", "unsigned", ... as in the JSON of `inspect`.  Never NULL. */
const char *imp_type_name(enum imp_type type);

#endif
