/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame of EF(LwM2M_Bootstrap): count(2) size(2) object*, object = id(2) version(1|2) length(2)
 * instances (Appendix G; ref lwm2m 5.2, 5.3).  Decoder freestanding.
 */
#ifndef IMP_CODEC_EF_H
#define IMP_CODEC_EF_H

#include "base/rd.h"
#include "base/wr.h"

#define IMP_EF_HEADER 4
#define IMP_EF_COLLECTION_MAX 32764 /* 32 KB with the header (G7) */

struct imp_ef {
	uint16_t count;
	struct imp_span objects; /* the collection, inside the input */
};

struct imp_ef_object {
	uint16_t id;
	bool explicit_version; /* false: one octet 00 */
	uint8_t major, minor;
	struct imp_span instances; /* Object Instance TLVs */
};

/* Octets of the whole payload by its first four (4 + size); 0 when no valid header stands there:
 * five octets per object at most size, size at most IMP_EF_COLLECTION_MAX. */
size_t imp_ef_extent(struct imp_span head);

/* Check the header against file (which may be longer: padding).  IMP_E_TRUNC, IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_ef_open(struct imp_span file, struct imp_ef *ef);

/* The next object; call count times, then imp_rd_done() on the same cursor must hold. */
IMP_MUST_CHECK enum imp_status imp_ef_next(struct imp_rd *rd, struct imp_ef_object *object);

/* ef_enc.c: IMP_E_FORMAT on an explicit version 0.x, IMP_E_SPACE above 65535 octets of instances.
 */
void imp_ef_put_header(struct imp_wr *wr, uint16_t count, uint16_t size);
void imp_ef_put_object(struct imp_wr *wr, const struct imp_ef_object *object);
/* The header alone, for n octets of instances that the caller writes next. */
void imp_ef_put_object_header(struct imp_wr *wr, const struct imp_ef_object *object, size_t n);

#endif
