/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one JSON document of a credential set, and the same as a table for people: what set show,
 * card read, boot, image inspect and inspect print.
 */
#ifndef IMP_CMD_DOCUMENT_H
#define IMP_CMD_DOCUMENT_H

#include "cmd/env.h"
#include "codec/json_enc.h"
#include "model/check.h"
#include "model/set.h"

struct imp_document {
	const char *format; /* imp_format_name(): "ef-lwm2m-bootstrap" for a payload */
	size_t bytes, padding;
	const struct imp_set *set;	     /* its keys attribute is shown when it is stated */
	const struct imp_findings *findings; /* NULL: none were looked for, shown as empty */
	bool reveal;			     /* after imp_reveal_check() */
};

/* The members (format, bytes, padding, keys, objects, findings) into an object that is open. */
void imp_document_members(struct imp_json *j, const struct imp_document *document);

/* "findings":[...] alone. */
void imp_document_findings(struct imp_json *j, const struct imp_findings *findings);

/* One line of JSON with --json, else the table, on env->out. */
IMP_MUST_CHECK enum imp_status imp_document_print(
	struct imp_env *env, const struct imp_document *document);

/* The table alone, and its findings: "error K1 /0/1: ..." each on a line. */
void imp_document_table(struct imp_env *env, const struct imp_document *document);
void imp_document_findings_table(struct imp_env *env, const struct imp_findings *findings);

/* What a lenient decoder overlooked (enum imp_quirk bits), as findings of severity warning. */
void imp_document_quirks(struct imp_findings *findings, unsigned quirks);

/* A set with a secret value that is not empty. */
bool imp_set_has_secret(const struct imp_set *set);

/* May secrets go to env->out?  Only a terminal or a regular file of mode 0600: IMP_E_DENIED with a
 * diagnosis otherwise. */
IMP_MUST_CHECK enum imp_status imp_reveal_check(struct imp_env *env);

#endif
