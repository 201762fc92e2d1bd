/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch retry: failed units go back to where they were, with the keys they have. */
#include "factory/commands.h"

#include "factory/job.h"

#include <inttypes.h>

enum imp_status imp_batch_retry(struct imp_env *env, const struct imp_args *args)
{
	IMP_JOB job = { 0 };
	uint64_t n = 0;
	enum imp_status st =
		imp_job_open(env, imp_arg(args, "ledger"), imp_arg(args, "batch"), true, &job);

	if (st == IMP_OK && env->dry_run) {
		imp_out(env, "batch '%s': nothing changed (dry run)\n", job.batch.name);
		return IMP_OK;
	}
	if (st == IMP_OK)
		st = imp_ledger_retry(
			job.ledger, &job.batch, imp_arg(args, "serial"), &n, &env->diag);
	if (st != IMP_OK)
		return st;
	if (env->json)
		imp_out(env, "{\"retried\":%" PRIu64 "}\n", n);
	else
		imp_out(env, "batch '%s': %" PRIu64 " units will be tried again by 'batch run'\n",
			job.batch.name, n);
	return IMP_OK;
}
