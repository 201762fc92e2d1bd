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

/* ---- can two be the same? ---------------------------------------------------------------------
 */

#define UNITS_MAX 1024

/* A character, or a column as a whole. */
struct unit {
	const struct imp_template_piece *column; /* NULL: c */
	char c;
};

struct units {
	struct unit v[UNITS_MAX];
	size_t from, to;
	bool over; /* too long to tell */
};

static void add_unit(struct units *u, const struct imp_template_piece *column, char c)
{
	if (u->to == UNITS_MAX)
		u->over = true;
	else
		u->v[u->to++] = (struct unit){ column, c };
}

static void add_pieces(
	struct units *u, const struct imp_template *t, const struct imp_template *endpoint)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct imp_template_piece *p = &t->v[i];

		if (p->column && endpoint && p->n == 8 && memcmp(p->text, "endpoint", 8) == 0)
			add_pieces(u, endpoint, NULL);
		else if (p->column)
			add_unit(u, p, 0);
		for (size_t k = 0; !p->column && k < p->n; k++)
			add_unit(u, NULL, p->text[k]);
	}
}

static bool same(const struct unit *a, const struct unit *b)
{
	if (!a->column || !b->column)
		return !a->column && !b->column && a->c == b->c;
	return a->column->n == b->column->n &&
	       memcmp(a->column->text, b->column->text, a->column->n) == 0;
}

/* Two characters, and not the same. */
static bool apart(const struct unit *a, const struct unit *b)
{
	return !a->column && !b->column && a->c != b->c;
}

/* Take away what both begin and end with. */
static void trim(struct units *a, struct units *b)
{
	while (a->from < a->to && b->from < b->to && same(&a->v[a->from], &b->v[b->from])) {
		a->from++;
		b->from++;
	}
	while (a->from < a->to && b->from < b->to && same(&a->v[a->to - 1], &b->v[b->to - 1])) {
		a->to--;
		b->to--;
	}
}

/* Columns of a that b does not have, by the number of times. */
static bool has_other_columns(const struct units *a, const struct units *b)
{
	for (size_t i = a->from; i < a->to; i++) {
		size_t n = 0, m = 0;

		if (!a->v[i].column)
			continue;
		for (size_t k = a->from; k < a->to; k++)
			n += a->v[k].column && same(&a->v[i], &a->v[k]);
		for (size_t k = b->from; k < b->to; k++)
			m += b->v[k].column && same(&a->v[i], &b->v[k]);
		if (n != m)
			return true;
	}
	return false;
}

bool imp_template_may_equal(const struct imp_template *a, const struct imp_template *a_endpoint,
	const struct imp_template *b, const struct imp_template *b_endpoint)
{
	struct units u = { .from = 0 }, w = { .from = 0 };

	add_pieces(&u, a, a_endpoint);
	add_pieces(&w, b, b_endpoint);
	if (u.over || w.over)
		return true;
	trim(&u, &w);
	if (u.from == u.to || w.from == w.to) /* no column is empty */
		return u.from == u.to && w.from == w.to;
	if (apart(&u.v[u.from], &w.v[w.from]) || apart(&u.v[u.to - 1], &w.v[w.to - 1]))
		return false;
	if (has_other_columns(&u, &w) || has_other_columns(&w, &u))
		return true;
	return u.to - u.from == w.to - w.from; /* the same columns: as long as the rest is */
}
