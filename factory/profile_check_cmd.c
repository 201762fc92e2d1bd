/* SPDX-License-Identifier: Apache-2.0 */
/* imprint profile check FILE... */
#include "base/plural.h"
#include "cmd/json_line.h"
#include "cmd/problems_report.h"
#include "factory/profile.h"
#include "factory/profile_cmds.h"

#include <string.h>

struct shown {
	const char *path;
	const struct imp_problems *problems;
};

static void fill_finding(struct imp_json *j, const struct imp_problem *p)
{
	bool error = p->kind == IMP_PROBLEM_ERROR;

	imp_json_object(j, NULL);
	imp_json_str(j, "file", p->file);
	imp_json_uint(j, "line", p->line);
	imp_json_str(j, "severity", error ? "error" : "warning");
	imp_json_str(j, "rule", p->rule);
	imp_json_str(j, "text", p->text);
	imp_json_object_end(j);
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct shown *shown = ctx;
	const struct imp_problems *problems = shown->problems;

	imp_json_object(j, NULL);
	imp_json_str(j, "profile", shown->path);
	imp_json_uint(j, "errors", problems->errors);
	imp_json_uint(j, "warnings", problems->warnings);
	imp_json_array(j, "findings");
	for (size_t i = 0; i < problems->n; i++)
		fill_finding(j, &problems->v[i]);
	imp_json_array_end(j);
	imp_json_object_end(j);
}

static enum imp_status check_one(struct imp_env *env, const char *path)
{
	const struct imp_profile_options options = { false, env->clock, env->keycheck };
	IMP_PROBLEMS problems = { .n = 0 };
	IMP_PROFILE profile = { .path = NULL };
	struct shown shown = { path, &problems };
	enum imp_status printed, st = imp_profile_load(path, &options, &profile, &problems);

	if (env->json) {
		printed = imp_json_line(env, fill, &shown);
		if (printed != IMP_OK)
			return printed;
		(void)imp_problems_diag(&problems, &env->diag);
		return st;
	}
	if (imp_problems_report(env, &problems) == IMP_OK)
		imp_out(env, "%s: no errors, %zu warning%s\n", path, problems.warnings,
			imp_s(problems.warnings));
	return st;
}

enum imp_status imp_profile_check_cmd(struct imp_env *env, const struct imp_args *args)
{
	enum imp_status st, first = IMP_OK;
	struct imp_diag diag = { .text = "" };
	size_t bad = 0;

	for (size_t i = 0; i < args->rest_n; i++) {
		st = check_one(env, args->rest[i]);
		if (st == IMP_OK)
			continue;
		/* The diagnosis of one file among several is a line of its own. */
		if (args->rest_n > 1 && env->diag.text[0])
			fprintf(env->err, "imprint: %s\n", env->diag.text);
		if (!bad++) {
			first = st;
			diag = env->diag;
		}
	}
	env->diag = diag;
	if (args->rest_n > 1 && bad) {
		imp_diag(&env->diag, first, "%zu of %zu profiles have errors", bad, args->rest_n);
		imp_diag_hint(&env->diag, "correct what is listed above and run again");
	}
	return first;
}
