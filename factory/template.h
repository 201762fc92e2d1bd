/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: text with {column} in it, filled from one row of the device list.  {{ and }} stand for
 * the braces themselves.  Everywhere but in the endpoint template itself {endpoint} is the endpoint
 * name of the device.
 */
#ifndef FACTORY_TEMPLATE_H
#define FACTORY_TEMPLATE_H

#include "base/wr.h"
#include "factory/devices.h"
#include "host/arena.h"

struct imp_template_piece {
	const char *text; /* literal text, or the name of a column */
	size_t n;
	bool column;
};

struct imp_template {
	const char *source; /* as the profile spells it; NULL: no template */
	const struct imp_template_piece *v;
	size_t n;
};

/*
 * Parse text; pieces and source live in arena.  IMP_E_FORMAT with a diagnosis that names the fault
 * and its offset: a lone brace, an empty or ill-formed column name.
 */
IMP_MUST_CHECK enum imp_status imp_template_parse(
	const char *text, struct imp_arena *arena, struct imp_template *out, struct imp_diag *diag);

/* Is {column} used anywhere?  NULL: is any column used? */
bool imp_template_uses(const struct imp_template *t, const char *column);

/* What a template is filled from. */
struct imp_template_row {
	const struct imp_devices *devices;
	const struct imp_device *device;
	struct imp_span endpoint; /* empty: {endpoint} is a column of the list */
};

enum imp_template_form {
	IMP_TEMPLATE_PLAIN,
	IMP_TEMPLATE_NAME, /* values escaped as in a distinguished name (RFC 4514, 2.4) */
};

/* The first column that the list does not have, or NULL. */
const char *imp_template_unknown(
	const struct imp_template *t, const struct imp_devices *devices, bool endpoint_known);

/*
 * Append the expansion for one row.  IMP_E_FORMAT: a column that the list does not have, or one
 * that is empty in this row; *blame names it.  IMP_E_SPACE: does not fit; out->st has it too.
 */
IMP_MUST_CHECK enum imp_status imp_template_expand(const struct imp_template *t,
	const struct imp_template_row *row, enum imp_template_form form, struct imp_wr *out,
	const char **blame);

/*
 * Could both expand to the same text for one device?  Each is read with its own endpoint template
 * in place of {endpoint} (NULL: {endpoint} is a column).  False is certain; true may err: two
 * columns may or may not hold the same.
 */
bool imp_template_may_equal(const struct imp_template *a, const struct imp_template *a_endpoint,
	const struct imp_template *b, const struct imp_template *b_endpoint);

#endif
