/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch scrap: a unit is given up for good; its names and keys are never issued again. */
#include "factory/commands.h"

#include "factory/job.h"
#include "host/text.h"

#include <string.h>

static enum imp_status check_reason(struct imp_env *env, const char *reason)
{
	struct imp_span s = imp_span_str(reason);

	if (s.n > 0 && s.n <= IMP_UNIT_REASON_MAX && imp_span_utf8(s) && !imp_text_has_control(s))
		return IMP_OK;
	return imp_diag(&env->diag, IMP_E_FORMAT,
		"--reason: 1 to %d octets of text without control characters", IMP_UNIT_REASON_MAX);
}

enum imp_status imp_batch_scrap(struct imp_env *env, const struct imp_args *args)
{
	IMP_JOB job = { 0 };
	const char *serial = imp_arg(args, "serial"), *reason = imp_arg(args, "reason");
	enum imp_status st = check_reason(env, reason);

	if (st == IMP_OK)
		st = imp_job_open(env, imp_arg(args, "ledger"), imp_arg(args, "batch"), true, &job);
	if (st == IMP_OK && !env->dry_run)
		st = imp_confirm(
			env, "scrap unit '%s' of batch '%s' for good", serial, job.batch.name);
	if (st == IMP_OK && !env->dry_run)
		st = imp_ledger_scrap(job.ledger, &job.batch, serial, reason, &env->diag);
	if (st == IMP_OK && !env->dry_run)
		st = imp_resume_settle(job.ledger, &job.batch, &env->diag);
	if (st != IMP_OK)
		return st;
	if (env->json)
		imp_out(env, "{\"scrapped\":%d}\n", !env->dry_run);
	else
		imp_out(env, "unit '%s' of batch '%s' is %s\n", serial, job.batch.name,
			env->dry_run ? "untouched (dry run)" : "scrapped");
	return IMP_OK;
}
