/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A credential set and its standard forms.  A decoder replaces what the set held (the attribute
 * keys becomes unstated) and refuses as a whole: on failure the set is wiped and empty.  An encoder
 * writes the canonical form: ascending, shortest lengths.
 */
#ifndef IMP_MODEL_SET_FORM_H
#define IMP_MODEL_SET_FORM_H

#include "base/wr.h"
#include "model/set.h"

/* What a lenient decoder had to overlook, as bits; 0 for a clean file. */
enum imp_quirk {
	IMP_QUIRK_NO_HEADER = 1,      /* Resource TLVs from offset 0, taken as /0/0 */
	IMP_QUIRK_NO_INSTANCE = 2,    /* resources at the top level of an object */
	IMP_QUIRK_SHORT_65535 = 4,    /* FFFF as Integer in /2 resources 1 and 3 */
	IMP_QUIRK_STRAY_RESOURCE = 8, /* only with NO_HEADER: repeated or misplaced, left out */
};

/* How the octets of an EF file were spent. */
struct imp_ef_extent {
	size_t bytes;	/* 4 + size; without header the TLVs */
	size_t padding; /* octets behind them */
	unsigned quirks;
};

/*
 * EF(LwM2M_Bootstrap), ref lwm2m 5.2, 5.3, 7.1.  Types are checked against the object table;
 * resources it does not know are kept as opaque.  Empty collection (count 0, size 0): IMP_OK with
 * an empty set.  strict_end: octets after the collection are IMP_E_FORMAT (a payload), else padding
 * (a file).  extent may be NULL.  IMP_E_TRUNC, IMP_E_FORMAT; IMP_E_SPACE: more than 32 explicit
 * versions.
 */
IMP_MUST_CHECK enum imp_status imp_set_from_ef(struct imp_set *set, struct imp_span file,
	bool lenient, bool strict_end, struct imp_ef_extent *extent);
IMP_MUST_CHECK enum imp_status imp_set_to_ef(const struct imp_set *set, struct imp_wr *out);

/* One object's instances as LwM2M TLV, content format 11542 (the body of PUT /object).  An object
 * that the set does not have takes no octets. */
IMP_MUST_CHECK enum imp_status imp_set_from_tlv(
	struct imp_set *set, uint16_t object, struct imp_span tlv, bool lenient);
IMP_MUST_CHECK enum imp_status imp_set_to_tlv(
	const struct imp_set *set, uint16_t object, struct imp_wr *out);

/*
 * Bootstrap-Pack shape in SenML CBOR (112) and SenML JSON (110).  What SenML has no word for
 * travels in ways that other readers ignore: a container without content as a record of base
 * name alone, an explicit object version as the text field "ver" of the object's first record.
 */
IMP_MUST_CHECK enum imp_status imp_set_from_senml_cbor(struct imp_set *set, struct imp_span in);
IMP_MUST_CHECK enum imp_status imp_set_to_senml_cbor(const struct imp_set *set, struct imp_wr *out);
IMP_MUST_CHECK enum imp_status imp_set_from_senml_json(struct imp_set *set, struct imp_span in);
IMP_MUST_CHECK enum imp_status imp_set_to_senml_json(const struct imp_set *set, struct imp_wr *out);

/*
 * The JSON of `inspect`: writes the value of "objects" (an array) and reads a whole document that
 * has an "objects" member.  Secret values are written as "length" and "secret" alone unless reveal;
 * such a document cannot be read back (IMP_E_FORMAT).
 */
IMP_MUST_CHECK enum imp_status imp_set_to_json_objects(
	const struct imp_set *set, bool reveal, struct imp_wr *out);
IMP_MUST_CHECK enum imp_status imp_set_from_json(struct imp_set *set, struct imp_span in);

#endif
