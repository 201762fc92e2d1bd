/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M TLV, content format 11542 (Core TS 7.5.5; rules T1-T12). Decoders are freestanding. */
#ifndef IMP_CODEC_TLV_H
#define IMP_CODEC_TLV_H

#include "base/rd.h"
#include "base/wr.h"

enum imp_tlv_kind {
	IMP_TLV_INSTANCE = 0,	  /* Object Instance */
	IMP_TLV_RES_INSTANCE = 1, /* Resource Instance */
	IMP_TLV_MULTIPLE = 2,	  /* Multiple Resource */
	IMP_TLV_RESOURCE = 3,
};

struct imp_tlv {
	enum imp_tlv_kind kind;
	uint16_t id;
	struct imp_span value; /* inside the input */
};

/* The next TLV at the cursor; longer forms than needed are legal (T9). */
IMP_MUST_CHECK enum imp_status imp_tlv_next(struct imp_rd *rd, struct imp_tlv *tlv);

/* Values (T5, T7): IMP_E_FORMAT on a width that the type does not have, out untouched. */
IMP_MUST_CHECK enum imp_status imp_tlv_integer(struct imp_span value, int64_t *out);
IMP_MUST_CHECK enum imp_status imp_tlv_unsigned(struct imp_span value, uint64_t *out);
IMP_MUST_CHECK enum imp_status imp_tlv_boolean(struct imp_span value, bool *out);
IMP_MUST_CHECK enum imp_status imp_tlv_float(struct imp_span value, double *out);
IMP_MUST_CHECK enum imp_status imp_tlv_link(
	struct imp_span value, uint16_t *object, uint16_t *instance);

/* tlv_enc.c: shortest identifier, length and width. */
void imp_tlv_put(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, struct imp_span value);
/* The header alone, for a value of n octets that the caller writes next. */
void imp_tlv_put_header(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, size_t n);
void imp_tlv_put_integer(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, int64_t v);
void imp_tlv_put_unsigned(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, uint64_t v);
void imp_tlv_put_boolean(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, bool v);
void imp_tlv_put_float(struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, double v);
void imp_tlv_put_link(
	struct imp_wr *wr, enum imp_tlv_kind kind, uint16_t id, uint16_t object, uint16_t instance);

#endif
