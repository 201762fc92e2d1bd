/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/findings.h"

#include <stdio.h>
#include <string.h>

bool findings_have(const struct imp_problems *problems, enum imp_problem_kind kind, unsigned line,
	const char *rule, const char *part)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct imp_problem *p = &problems->v[i];

		if (p->kind == kind && p->line == line &&
			(!rule[0] || strcmp(p->rule, rule) == 0) && strstr(p->text, part))
			return true;
	}
	return false;
}

void findings_print(const char *title, const struct imp_problems *problems)
{
	char text[640];

	fprintf(stderr, "%s: %zu errors, %zu warnings\n", title, problems->errors,
		problems->warnings);
	for (size_t i = 0; i < problems->n; i++)
		fprintf(stderr, "  %s %s\n",
			problems->v[i].kind == IMP_PROBLEM_ERROR ? "error" : "warning",
			imp_problem_text(&problems->v[i], text, sizeof text));
}
