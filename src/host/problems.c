/* SPDX-License-Identifier: Apache-2.0 */
#include "host/problems.h"

#include "base/plural.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 400

/* End a text that was cut at a border of characters, so that it stays UTF-8. */
static void end_whole(char *text, size_t n)
{
	while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	text[n] = '\0';
}

/* Room for one more; it doubles: n is a power of two exactly when the array is full. */
static bool make_room(struct imp_problems *p)
{
	struct imp_problem *v;

	if (p->n & (p->n - 1))
		return true;
	v = realloc(p->v, (p->n ? p->n * 2 : 1) * sizeof *v);
	if (v)
		p->v = v;
	return v != NULL;
}

static void keep(struct imp_problems *p, enum imp_problem_kind kind, const char *file,
	unsigned line, const char *rule, const char *text)
{
	struct imp_problem own = { .line = line, .kind = kind, .rule = rule };

	if (p->n == IMP_PROBLEMS_KEPT || !make_room(p))
		return;
	own.file = imp_arena_text(&p->arena, file, strlen(file));
	own.text = imp_arena_text(&p->arena, text, strlen(text));
	if (own.file && own.text)
		p->v[p->n++] = own;
}

static IMP_PRINTF(7, 0) void add(struct imp_problems *p, enum imp_problem_kind kind,
	enum imp_status st, const char *file, unsigned line, const char *rule, const char *fmt,
	va_list ap)
{
	char text[TEXT_MAX + 8];

	(void)vsnprintf(text, sizeof text, fmt, ap);
	if (strlen(text) > TEXT_MAX)
		end_whole(text, TEXT_MAX);
	if (kind == IMP_PROBLEM_WARNING) {
		p->warnings++;
	} else {
		p->errors++;
		if (p->status == IMP_OK)
			p->status = st;
	}
	keep(p, kind, file, line, rule, text);
}

void imp_problem_error(struct imp_problems *p, const char *file, unsigned line, const char *rule,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, IMP_PROBLEM_ERROR, IMP_E_FORMAT, file, line, rule, fmt, ap);
	va_end(ap);
}

void imp_problem_warning(struct imp_problems *p, const char *file, unsigned line, const char *rule,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, IMP_PROBLEM_WARNING, IMP_OK, file, line, rule, fmt, ap);
	va_end(ap);
}

void imp_problem_status(struct imp_problems *p, enum imp_status st, const char *file, unsigned line,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, IMP_PROBLEM_ERROR, st, file, line, "", fmt, ap);
	va_end(ap);
}

void imp_problem_diag(
	struct imp_problems *p, const char *file, unsigned line, const struct imp_diag *diag)
{
	size_t n = strlen(file);
	bool named = strncmp(diag->text, file, n) == 0 && strncmp(diag->text + n, ": ", 2) == 0;

	imp_problem_status(p, diag->status, file, line, "%s", diag->text + (named ? n + 2 : 0));
}

const char *imp_problem_text(const struct imp_problem *problem, char *buf, size_t cap)
{
	char place[16] = "", rule[16] = "";

	if (problem->line)
		(void)snprintf(place, sizeof place, ":%u", problem->line);
	if (problem->rule[0])
		(void)snprintf(rule, sizeof rule, " (%s)", problem->rule);
	(void)snprintf(buf, cap, "%s%s: %s%s", problem->file, place, problem->text, rule);
	return buf;
}

enum imp_status imp_problems_diag(const struct imp_problems *p, struct imp_diag *diag)
{
	char text[sizeof diag->text];

	if (!p->errors)
		return IMP_OK;
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].kind != IMP_PROBLEM_ERROR)
			continue;
		imp_diag(diag, p->status, "%s", imp_problem_text(&p->v[i], text, sizeof text));
		if (p->errors > 1)
			imp_diag_hint(diag, "and %zu more; correct all of them", p->errors - 1);
		else
			imp_diag_hint(diag, "correct it and run again; nothing was written");
		return p->status;
	}
	return imp_diag(diag, p->status, "%zu error%s that no memory was left to keep", p->errors,
		imp_s(p->errors));
}

void imp_problems_free(struct imp_problems *p)
{
	imp_arena_free(&p->arena);
	free(p->v);
	memset(p, 0, sizeof *p);
}
