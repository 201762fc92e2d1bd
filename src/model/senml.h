/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SenML JSON and SenML CBOR share (RFC 8428; ref lwm2m 7.2): the fields, how a record becomes
 * a value of a set, and which records a set is written as.
 */
#ifndef IMP_MODEL_SENML_H
#define IMP_MODEL_SENML_H

#include "base/wr.h"
#include "model/set.h"

enum imp_senml_field {
	IMP_SENML_BVER,
	IMP_SENML_BN,
	IMP_SENML_BV,
	IMP_SENML_N,
	IMP_SENML_V,
	IMP_SENML_VS,
	IMP_SENML_VB,
	IMP_SENML_VD,
	IMP_SENML_VLO,
	IMP_SENML_VER,	  /* ours: an explicit object version, "1.1" */
	IMP_SENML_IGNORE, /* any other */
	IMP_SENML_REFUSE, /* must be understood, and is not: a name that ends in "_" */
};

/* By name, as JSON and the text keys of CBOR have it. */
enum imp_senml_field imp_senml_named(struct imp_span name);

/* By CBOR label (RFC 8428, table 4). */
enum imp_senml_field imp_senml_labelled(int64_t label);

/* Longest name: four identifiers of five digits with their slashes, and one at the end. */
#define IMP_SENML_NAME 25

struct imp_senml_name {
	char text[IMP_SENML_NAME];
	size_t n;
};

struct imp_senml_number {
	bool real;  /* spelled as a real number: f is set; an unknown resource is a FLOAT then */
	bool whole; /* of whole value within 64 bits: magnitude and negative are set */
	bool negative;
	uint64_t magnitude;
	double f;
};

/* One record as read. */
struct imp_senml_record {
	unsigned seen; /* 1U << enum imp_senml_field */
	uint64_t bver;
	struct imp_senml_name bn, n, ver;
	struct imp_senml_number number; /* v */
	bool boolean;			/* vb */
	struct imp_senml_name link;	/* vlo */
	struct imp_span octets;		/* vs, vd */
};

/* Note a field of the record; IMP_E_FORMAT when it stood there before. */
IMP_MUST_CHECK enum imp_status imp_senml_see(
	struct imp_senml_record *record, enum imp_senml_field field);

/*
 * A pack is read twice.  The first time takes the values.  The second time, needed only when bare
 * is set, takes the records of a base name alone for what they say: containers without content,
 * where nothing was put into them.
 */
struct imp_senml_pack {
	struct imp_set *set;
	struct imp_senml_name base; /* bn in force */
	bool second;
	bool bare;
};

/* Take one record.  IMP_E_FORMAT, IMP_E_SPACE. */
IMP_MUST_CHECK enum imp_status imp_senml_take(
	struct imp_senml_pack *pack, const struct imp_senml_record *record);

/* One record to write, and where the writer stands; start from zero. */
struct imp_senml_out {
	size_t next;		       /* index of the next value */
	const struct imp_value *value; /* NULL: a container without content */
	char bn[IMP_SENML_NAME];       /* "" when the one before holds */
	char n[IMP_SENML_NAME];	       /* "" for a container */
	char ver[8];		       /* "" for none */
	struct imp_path base;	       /* the base name in force, as a path */
};

/* One record per value or mark, set->n in all; false behind the last. */
bool imp_senml_next(const struct imp_set *set, struct imp_senml_out *out);

/* The value field of a record: IMP_SENML_V, VS, VB, VD, VLO by the value's type. */
enum imp_senml_field imp_senml_value_field(const struct imp_value *value);

#endif
