/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch retry: failed units go back to where they were, with the keys they have. */
#include "factory/commands.h"

#include "base/plural.h"
#include "factory/job.h"

#include <inttypes.h>

static void tell(struct imp_env *env, const char *batch, uint64_t n)
{
	if (env->json)
		imp_out(env, "{\"retried\":%" PRIu64 ",\"recorded\":%s}\n", n,
			env->dry_run ? "false" : "true");
	else
		imp_out(env, "batch '%s': %" PRIu64 " unit%s %s be tried again by 'batch run'\n",
			batch, n, imp_s(n), env->dry_run ? "would" : "will");
}

/* How many there are; by serial, whether that one is. */
static enum imp_status count_failed(struct imp_job *job, const char *serial, uint64_t *n)
{
	struct imp_diag *diag = &job->env->diag;
	struct imp_batch_counts counts;
	IMP_UNIT unit = { 0 };
	enum imp_status st;

	if (serial) {
		st = imp_ledger_unit_by_serial(job->ledger, job->batch.id, serial, &unit, diag);
		*n = st == IMP_OK && unit.state == IMP_UNIT_FAILED;
		return st;
	}
	st = imp_ledger_batch_counts(job->ledger, job->batch.id, &counts, diag);
	*n = st == IMP_OK ? counts.state[IMP_UNIT_FAILED] : 0;
	return st;
}

enum imp_status imp_batch_retry(struct imp_env *env, const struct imp_args *args)
{
	IMP_JOB job = { 0 };
	const char *serial = imp_arg(args, "serial");
	uint64_t n = 0;
	enum imp_status st =
		imp_job_open(env, imp_arg(args, "ledger"), imp_arg(args, "batch"), true, &job);

	if (st == IMP_OK && env->dry_run)
		st = count_failed(&job, serial, &n);
	else if (st == IMP_OK)
		st = imp_ledger_retry(job.ledger, &job.batch, serial, &n, &env->diag);
	if (st != IMP_OK)
		return st;
	tell(env, job.batch.name, n);
	return IMP_OK;
}
