/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/problems_report.h"

enum imp_status imp_problems_report(struct imp_env *env, const struct imp_problems *problems)
{
	char text[640];
	bool list = problems->errors > 1;

	for (size_t i = 0; i < problems->n; i++) {
		const struct imp_problem *p = &problems->v[i];

		imp_problem_text(p, text, sizeof text);
		if (p->kind == IMP_PROBLEM_WARNING)
			imp_warn(env, "%s", text);
		else if (list)
			fprintf(env->err, "imprint: %s\n", text);
	}
	if (problems->n < problems->errors + problems->warnings)
		fprintf(env->err, "imprint: ... and %zu more\n",
			problems->errors + problems->warnings - problems->n);
	if (!list)
		return imp_problems_diag(problems, &env->diag);
	imp_diag(&env->diag, problems->status, "%zu errors in the input, listed above",
		problems->errors);
	imp_diag_hint(&env->diag, "correct them and run again; nothing was written");
	return problems->status;
}
