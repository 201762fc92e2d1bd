/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML files, strictly.  Two passes over the same octets: the first refuses what libcyaml lets
 * through (a second document, anchors, tags, NUL, values without text, nesting over 8) and keeps
 * the place of every key; the second lets libcyaml fill the caller's structure.
 *
 * Schemas hold strings only (CYAML_STRING through CYAML_FLAG_POINTER), mappings and sequences:
 * numbers, truth values and words are read by the caller with host/text.h, because libcyaml takes
 * 1.5 for 1 and "maybe" for true.
 */
#ifndef IMP_HOST_YAML_H
#define IMP_HOST_YAML_H

#include "base/span.h"
#include "host/arena.h"
#include "host/problems.h"

#define IMP_YAML_DEPTH_MAX 8
#define IMP_YAML_VALUE_MAX 1024 /* octets of a key or value */

struct cyaml_schema_value;

enum imp_yaml_kind { IMP_YAML_SCALAR, IMP_YAML_LIST, IMP_YAML_MAP };

struct imp_yaml_node {
	const char *path; /* "accounts[1].psk.length"; "" for the document */
	const char *key;  /* the last key of it; "" in a list */
	unsigned line;	  /* from 1 */
	enum imp_yaml_kind kind;
	const char *value; /* SCALAR */
	size_t parent;	   /* index; the document's own is 0 */
};

struct imp_yaml {
	const char *file;	 /* as given */
	struct imp_yaml_node *v; /* in the order of the file; v[0] is the document */
	size_t n;
	void *data; /* what libcyaml filled */
	const struct cyaml_schema_value *schema;
	struct imp_arena arena;
};

/*
 * Load text by schema, whose top is a mapping through a pointer.  Every unknown, repeated or
 * missing key and every value of the wrong shape is an error in problems with its line.  Unknown
 * keys are then passed over, so that the caller finds the other faults too: IMP_OK does not mean
 * that problems has no error.  Anything else is IMP_E_FORMAT and *out is empty.  file is only named
 * and must outlive *out.
 */
IMP_MUST_CHECK enum imp_status imp_yaml_load(struct imp_span text, const char *file,
	const struct cyaml_schema_value *schema, struct imp_yaml *out,
	struct imp_problems *problems);

void imp_yaml_free(struct imp_yaml *yaml); /* takes an empty one */
#define IMP_YAML __attribute__((cleanup(imp_yaml_free))) struct imp_yaml

/* The node with this path, or NULL. */
const struct imp_yaml_node *imp_yaml_node(const struct imp_yaml *yaml, const char *path);

/* Line of path, or of its nearest parent that the file has: where a missing key belongs. */
unsigned imp_yaml_line(const struct imp_yaml *yaml, const char *path);

#endif
