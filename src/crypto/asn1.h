/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER for certificates (X.690).  The writer works from the end of its buffer to the start, so that
 * every length is known when its header is written; the reader takes only DER's shortest lengths.
 * Tags of one octet, values below 64 KiB.
 */
#ifndef IMP_CRYPTO_ASN1_H
#define IMP_CRYPTO_ASN1_H

#include "base/rd.h"

#define IMP_ASN1_BOOLEAN 0x01
#define IMP_ASN1_INTEGER 0x02
#define IMP_ASN1_BIT_STRING 0x03
#define IMP_ASN1_OCTET_STRING 0x04
#define IMP_ASN1_OID 0x06
#define IMP_ASN1_UTF8 0x0C
#define IMP_ASN1_PRINTABLE 0x13
#define IMP_ASN1_IA5 0x16
#define IMP_ASN1_UTC_TIME 0x17
#define IMP_ASN1_GENERALIZED_TIME 0x18
#define IMP_ASN1_SEQUENCE 0x30
#define IMP_ASN1_SET 0x31
#define IMP_ASN1_CONTEXT(n) (0x80 | (n))	     /* primitive */
#define IMP_ASN1_CONTEXT_CONSTRUCTED(n) (0xA0 | (n)) /* constructed */

struct imp_asn1_wr {
	uint8_t *p;
	size_t at; /* what is written lies from here to the end */
	size_t end;
	enum imp_status st; /* sticky: IMP_E_SPACE */
};

struct imp_asn1_wr imp_asn1_wr(void *buf, size_t cap);

/* Put octets in front of what is there. */
void imp_asn1_raw(struct imp_asn1_wr *wr, struct imp_span octets);

/* Put one element in front. */
void imp_asn1_put(struct imp_asn1_wr *wr, uint8_t tag, struct imp_span value);

/* Put the header of an element whose n octets of value are elsewhere. */
void imp_asn1_header(struct imp_asn1_wr *wr, uint8_t tag, size_t n);

/* Octets written so far: the mark for imp_asn1_wrap(). */
size_t imp_asn1_mark(const struct imp_asn1_wr *wr);

/* Make what was written since mark the value of one element. */
void imp_asn1_wrap(struct imp_asn1_wr *wr, uint8_t tag, size_t mark);

struct imp_span imp_asn1_span(const struct imp_asn1_wr *wr); /* empty after a failure */

/*
 * Take the next element, which must have this tag; gives its value.  The element as a whole, header
 * included, goes to *whole unless that is NULL.  Sticky as imp_rd: IMP_E_TRUNC, IMP_E_FORMAT.
 */
struct imp_span imp_asn1_take(struct imp_rd *rd, uint8_t tag, struct imp_span *whole);

#endif
