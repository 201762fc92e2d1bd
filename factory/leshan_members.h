/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a Leshan configuration: one table, for writing and for reading. */
#ifndef IMP_FACTORY_LESHAN_MEMBERS_H
#define IMP_FACTORY_LESHAN_MEMBERS_H

#include "base/span.h"

enum imp_leshan_form {
	IMP_LESHAN_TEXT,
	IMP_LESHAN_OCTETS, /* array of numbers; base64 is read as well */
	IMP_LESHAN_NUMBER, /* digits in quotes are read as well */
	IMP_LESHAN_BOOL,
	IMP_LESHAN_WORD,   /* one of words, by its value */
	IMP_LESHAN_OSCORE, /* instance of /21 that an object link names */
	IMP_LESHAN_RIGHTS, /* object: short server id -> rights */
};

struct imp_leshan_word {
	const char *text;
	int64_t value;
};

struct imp_leshan_member {
	const char *name;
	const char *absent; /* what is written without the resource; NULL: nothing */
	const struct imp_leshan_word *words;
	enum imp_leshan_form form;
	uint16_t resource;
	bool keeps_empty; /* [] is a resource without octets: Leshan writes it to the device */
};

struct imp_leshan_map {
	const char *name; /* of the map from instance to members */
	uint16_t object;
	const struct imp_leshan_member *members; /* end with a NULL name */
};

#define IMP_LESHAN_MAPS 4
extern const struct imp_leshan_map imp_leshan_maps[IMP_LESHAN_MAPS];

/* NULL when the form has no member for it. */
const struct imp_leshan_member *imp_leshan_member_of(uint16_t object, uint16_t resource);

/* NULL: no word has this value. */
const char *imp_leshan_word_of(const struct imp_leshan_member *member, int64_t value);

#endif
