/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/template.h"

#include "crypto/name.h"

#include <string.h>

#define ENDPOINT "endpoint"

/* Take the next piece off *text: a literal run, a doubled brace, or {column}. */
static enum imp_status next_piece(
	const char *all, const char **text, struct imp_template_piece *piece, struct imp_diag *diag)
{
	const char *p = *text;
	size_t at = (size_t)(p - all) + 1, n = strcspn(p, "{}");

	if (n) {
		*piece = (struct imp_template_piece){ p, n, false };
		*text = p + n;
		return IMP_OK;
	}
	if (p[1] == p[0]) {
		*piece = (struct imp_template_piece){ p, 1, false };
		*text = p + 2;
		return IMP_OK;
	}
	if (*p == '}')
		return imp_diag(diag, IMP_E_FORMAT,
			"'}' at character %zu closes nothing; write }} for the brace itself", at);
	n = strcspn(p + 1, "{}");
	if (p[1 + n] != '}')
		return imp_diag(diag, IMP_E_FORMAT,
			"'{' at character %zu is not closed; write {{ for the brace itself", at);
	if (!n)
		return imp_diag(diag, IMP_E_FORMAT, "{} at character %zu names no column", at);
	*piece = (struct imp_template_piece){ p + 1, n, true };
	*text = p + n + 2;
	return IMP_OK;
}

enum imp_status imp_template_parse(
	const char *text, struct imp_arena *arena, struct imp_template *out, struct imp_diag *diag)
{
	struct imp_template t = { .source = imp_arena_text(arena, text, strlen(text)) };
	struct imp_template_piece piece, *v;

	if (!t.source)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	for (const char *p = t.source; *p; t.n++) {
		enum imp_status st = next_piece(t.source, &p, &piece, diag);

		if (st != IMP_OK)
			return st;
	}
	v = imp_arena_alloc(arena, t.n * sizeof *v);
	if (!v)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	t.v = v;
	for (const char *p = t.source; *p; v++) {
		enum imp_status st = next_piece(t.source, &p, v, diag);

		if (st != IMP_OK)
			return st;
		if (v->column) {
			const char *name = imp_arena_text(arena, v->text, v->n);

			if (!name)
				return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
			v->text = name;
		}
	}
	*out = t;
	return IMP_OK;
}

bool imp_template_uses(const struct imp_template *t, const char *column)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].column && (!column || strcmp(t->v[i].text, column) == 0))
			return true;
	return false;
}

const char *imp_template_unknown(
	const struct imp_template *t, const struct imp_devices *devices, bool endpoint_known)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!t->v[i].column || (endpoint_known && strcmp(t->v[i].text, ENDPOINT) == 0))
			continue;
		if (imp_devices_column(devices, t->v[i].text) == IMP_NO_COLUMN)
			return t->v[i].text;
	}
	return NULL;
}

/* The value of one column; empty when there is none. */
static struct imp_span value_of(const char *column, const struct imp_template_row *row)
{
	size_t i;

	if (row->endpoint.n && strcmp(column, ENDPOINT) == 0)
		return row->endpoint;
	i = imp_devices_column(row->devices, column);
	return i == IMP_NO_COLUMN ? imp_span(NULL, 0) : imp_span_str(row->device->cells[i]);
}

enum imp_status imp_template_expand(const struct imp_template *t,
	const struct imp_template_row *row, enum imp_template_form form, struct imp_wr *out,
	const char **blame)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct imp_template_piece *piece = &t->v[i];
		struct imp_span s = imp_span(piece->text, piece->n);

		if (piece->column) {
			s = value_of(piece->text, row);
			if (!s.n) {
				*blame = piece->text;
				return IMP_E_FORMAT;
			}
		}
		if (piece->column && form == IMP_TEMPLATE_NAME)
			imp_name_escape(s, out);
		else
			imp_wr_put(out, s);
	}
	return out->st;
}
