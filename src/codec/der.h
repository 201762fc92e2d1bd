/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tag-length-value with definite lengths, as cards (BER-TLV) and PKCS#15 (DER) use it.  Tags of one
 * or two octets, lengths of up to three octets behind 81..83; longer forms than needed are read,
 * never written.  Decoder freestanding.
 */
#ifndef IMP_CODEC_DER_H
#define IMP_CODEC_DER_H

#include "base/rd.h"
#include "base/wr.h"

#define IMP_DER_INTEGER 0x02
#define IMP_DER_BIT_STRING 0x03
#define IMP_DER_OCTETS 0x04
#define IMP_DER_OID 0x06
#define IMP_DER_UTF8 0x0C
#define IMP_DER_SEQUENCE 0x30

struct imp_der {
	uint16_t tag;	       /* 0x30; two octets as 0x5F50 */
	struct imp_span value; /* inside the input */
};

/* The next element at the cursor.  IMP_E_TRUNC: it ends beyond the input; IMP_E_FORMAT: a tag of
 * three octets, an indefinite length or one of more than three octets.  *der counts with IMP_OK
 * only. */
IMP_MUST_CHECK enum imp_status imp_der_next(struct imp_rd *rd, struct imp_der *der);

/* The content of the next element, which must have this tag; the cursor fails otherwise. */
struct imp_span imp_der_take(struct imp_rd *rd, uint16_t tag);

/* The first element with this tag in a run of elements.  IMP_E_ABSENT when there is none. */
IMP_MUST_CHECK enum imp_status imp_der_find(
	struct imp_span run, uint16_t tag, struct imp_span *value);

/* The next element; false at the end, where filling (00 or FF) begins, and, with rd->st, where none
 * can be read. */
bool imp_der_step(struct imp_rd *rd, struct imp_der *der);

/* The same as imp_der_find() for a device: false, and value untouched, when there is none.  value
 * may be run, to go down in it. */
bool imp_der_get(const struct imp_span *run, uint16_t tag, struct imp_span *value);

/* Is there another element?  False at the end and where filling (00 or FF) begins. */
bool imp_der_more(const struct imp_rd *rd);

/* A number of 1 to 4 octets; its highest bit is no sign, as cards forget the 00 in front.
 * IMP_E_FORMAT otherwise. */
IMP_MUST_CHECK enum imp_status imp_der_unsigned(struct imp_span value, uint32_t *out);

/* der_enc.c: shortest forms.  size: octets of the whole element around n octets of value. */
size_t imp_der_size(uint16_t tag, size_t n);
void imp_der_put_header(struct imp_wr *wr, uint16_t tag, size_t n); /* value follows */
void imp_der_put(struct imp_wr *wr, uint16_t tag, struct imp_span value);
void imp_der_put_unsigned(struct imp_wr *wr, uint16_t tag, uint32_t v); /* content of INTEGER */
/* An element whose value part writes; part is run twice, first to count. */
void imp_der_put_nested(struct imp_wr *wr, uint16_t tag,
	void (*part)(struct imp_wr *wr, const void *of), const void *of);

#endif
