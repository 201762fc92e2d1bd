/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A credential set: all object instances of one device, as a list of typed values in canonical
 * order (object, instance, resource, resource instance ascending).  The octets of strings and
 * opaques live inside the set, so a set is never copied by assignment; imp_set_wipe() clears them.
 */
#ifndef IMP_MODEL_SET_H
#define IMP_MODEL_SET_H

#include "base/status.h"
#include "model/object.h"

#define IMP_NO_ID 0xFFFF

/* Largest payload: 4 octets of header and a collection of 32764 (ref: Appendix G, 32 KB). */
#define IMP_PAYLOAD_MAX 32768

struct imp_path {
	uint16_t object, instance, resource;
	uint16_t res_instance; /* IMP_NO_ID for a single resource */
};

struct imp_value {
	struct imp_path path;
	/*
	 * IMP_TYPE_NONE marks a container without content: an object without instances (instance =
	 * IMP_NO_ID), an instance without resources (resource = IMP_NO_ID), a multiple resource
	 * without instances (res_instance = IMP_NO_ID).
	 */
	enum imp_type type;
	union {
		int64_t i;  /* INTEGER, TIME */
		uint64_t u; /* UNSIGNED */
		double f;   /* FLOAT */
		bool b;	    /* BOOLEAN */
		struct {
			uint16_t object, instance;
		} link;		   /* OBJLNK; null is 65535:65535 */
		struct imp_span s; /* STRING, OPAQUE: octets owned by the set */
	} u;
};

/* What the target enabler or the file says of an object's version. */
struct imp_object_version {
	uint16_t object;
	uint8_t major, minor;
};

/* Attribute of a set; not on the wire (see 0/x/12). */
enum imp_keys { IMP_KEYS_UNSTATED, IMP_KEYS_PERSISTENT, IMP_KEYS_NON_PERSISTENT };

#define IMP_SET_VERSIONS_MAX 32

struct imp_set {
	enum imp_keys keys;
	struct imp_value *v; /* sorted; grows on the heap, kept between uses */
	size_t n, cap;
	struct imp_object_version versions[IMP_SET_VERSIONS_MAX]; /* explicit ones only */
	size_t versions_n;
	size_t used; /* octets of arena in use */
	uint8_t arena[IMP_PAYLOAD_MAX];
};

/* An empty set; must be called once before any other function. */
void imp_set_init(struct imp_set *set);

/* Back to empty, every octet that was used overwritten; keeps the array of values. */
void imp_set_wipe(struct imp_set *set);

/* imp_set_wipe() and release the array. */
void imp_set_free(struct imp_set *set);

/*
 * Copy one value in at its place; values that come in ascending order cost the least.  Every set is
 * well typed by this: IMP_E_FORMAT when a value with this path is there already, a container mark
 * contradicts it, an identifier is 65535, type or multiplicity differ from the object table (T4,
 * T6; unknown resources are free), or a string is not UTF-8.  IMP_E_SPACE: more than a payload can
 * hold.  IMP_E_INTERNAL: no memory.  Set unchanged then.
 */
IMP_MUST_CHECK enum imp_status imp_set_put(struct imp_set *set, const struct imp_value *value);

/* State an explicit object version.  IMP_E_FORMAT when it was stated before or major is 0. */
IMP_MUST_CHECK enum imp_status imp_set_put_version(
	struct imp_set *set, uint16_t object, uint8_t major, uint8_t minor);

/* NULL when implicit. */
const struct imp_object_version *imp_set_version(const struct imp_set *set, uint16_t object);

/* Shorthands over imp_set_put() for single resources; of a resource that the table does not know
 * the type is INTEGER or OPAQUE. */
IMP_MUST_CHECK enum imp_status imp_set_put_int(struct imp_set *set, uint16_t object,
	uint16_t instance, uint16_t resource, int64_t v); /* INTEGER, UNSIGNED, TIME by the table */
IMP_MUST_CHECK enum imp_status imp_set_put_bool(
	struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource, bool v);
IMP_MUST_CHECK enum imp_status imp_set_put_octets(struct imp_set *set, uint16_t object,
	uint16_t instance, uint16_t resource, struct imp_span s); /* STRING, OPAQUE by the table */
IMP_MUST_CHECK enum imp_status imp_set_put_link(struct imp_set *set, uint16_t object,
	uint16_t instance, uint16_t resource, uint16_t to_object, uint16_t to_instance);
/* One resource instance of a multiple INTEGER or UNSIGNED resource. */
IMP_MUST_CHECK enum imp_status imp_set_put_int_at(struct imp_set *set, uint16_t object,
	uint16_t instance, uint16_t resource, uint16_t res_instance, int64_t v);

/* Is there a value or a mark at this path or below it?  IMP_NO_ID: that part is not given. */
bool imp_set_has(const struct imp_set *set, struct imp_path path);

/* The single resource, or NULL.  Valid until the set is changed. */
const struct imp_value *imp_set_get(
	const struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource);

/* INTEGER, UNSIGNED, TIME or BOOLEAN as a number; fallback when absent or of another type. */
int64_t imp_set_int(const struct imp_set *set, uint16_t object, uint16_t instance,
	uint16_t resource, int64_t fallback);

/* STRING or OPAQUE octets; an empty span when absent. */
struct imp_span imp_set_octets(
	const struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource);

/*
 * Walk the instances of an object in ascending order:
 *	for (int32_t i = imp_set_next_instance(s, o, -1); i >= 0; i = imp_set_next_instance(s, o,
 *i))
 */
int32_t imp_set_next_instance(const struct imp_set *set, uint16_t object, int32_t after);

bool imp_set_equal(const struct imp_set *a, const struct imp_set *b); /* values and versions */

#endif
