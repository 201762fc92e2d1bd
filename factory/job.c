/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/job.h"

#include "cmd/problems_report.h"
#include "cmd/tag_key.h"
#include "factory/fields.h"
#include "factory/inputs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum imp_status imp_job_open(struct imp_env *env, const char *ledger, const char *batch,
	bool locked, struct imp_job *out)
{
	enum imp_status st;

	out->env = env;
	out->lock = -1;
	st = imp_ledger_open(ledger, false, env->clock, &out->ledger, &env->diag);
	if (st == IMP_OK)
		st = imp_ledger_batch(out->ledger, batch, &out->batch, &env->diag);
	if (st == IMP_OK && locked)
		st = imp_ledger_lock(out->ledger, &out->batch, &out->lock, &env->diag);
	return st;
}

/* The device list's header, as the templates of the profile want it. */
static enum imp_status load_columns(struct imp_job *job)
{
	struct imp_devices *d = &job->columns;

	job->column_text = strdup(job->batch.columns);
	if (!job->column_text)
		return imp_diag(&job->env->diag, IMP_E_INTERNAL, "out of memory");
	d->columns_n = imp_fields_split(job->column_text, job->column_v, IMP_COLUMNS_MAX);
	d->columns = job->column_v;
	d->path = job->batch.name;
	d->serial = imp_devices_column(d, "serial");
	d->iccid = imp_devices_column(d, "iccid");
	if (d->columns_n > IMP_COLUMNS_MAX || d->serial == IMP_NO_COLUMN)
		return imp_diag(&job->env->diag, IMP_E_MISMATCH,
			"batch '%s' is damaged; 'imprint ledger verify' says more",
			job->batch.name);
	return IMP_OK;
}

static enum imp_status load_text(struct imp_job *job)
{
	struct imp_profile_options options = { .clock = job->env->clock,
		.keys = job->env->keycheck };
	IMP_PROBLEMS problems = { 0 };
	char dir[4096];
	const char *slash = strrchr(job->batch.profile_path, '/');
	size_t n = slash ? (size_t)(slash - job->batch.profile_path) : 0;
	enum imp_status st;

	if (n >= sizeof dir)
		return imp_diag(
			&job->env->diag, IMP_E_SPACE, "%s: path too long", job->batch.profile_path);
	memcpy(dir, job->batch.profile_path, n);
	dir[n] = '\0';
	st = imp_profile_parse(imp_span_str(job->batch.profile), job->batch.profile_path,
		n ? dir : "/", &options, &job->profile, &problems);
	if (st == IMP_OK)
		return IMP_OK;
	st = imp_problems_report(job->env, &problems);
	return st == IMP_OK ? IMP_E_INTERNAL : st;
}

static enum imp_status check_inputs(struct imp_job *job)
{
	uint8_t now[IMP_SHA256];
	struct imp_diag *diag = &job->env->diag;
	enum imp_status st = imp_profile_inputs(&job->profile, now, diag);

	if (st != IMP_OK || memcmp(now, job->batch.inputs_sha256, sizeof now) == 0)
		return st;
	(void)imp_diag(diag, IMP_E_DENIED,
		"batch '%s': the layout, CA certificate, a server key or the tag key that %s names "
		"has changed "
		"since the batch was planned",
		job->batch.name, job->batch.profile_path);
	imp_diag_hint(diag, "put the old file back, or scrap the open units and plan them anew");
	return IMP_E_DENIED;
}

static enum imp_status load_tag_key(struct imp_job *job)
{
	const char *path = job->profile.flash.tag_key;

	return path ? imp_tag_key_read(path, &job->tag_key, NULL, &job->env->diag) : IMP_OK;
}

enum imp_status imp_job_load_profile(struct imp_job *job)
{
	enum imp_status st = load_columns(job);

	if (st == IMP_OK)
		st = load_text(job);
	if (st == IMP_OK)
		st = check_inputs(job);
	if (st == IMP_OK)
		st = imp_profile_ca(&job->profile, job->env->clock->wall_s(job->env->clock->ctx),
			&job->ca, &job->env->diag);
	return st == IMP_OK ? load_tag_key(job) : st;
}

void imp_job_close(struct imp_job *job)
{
	if (!job->env)
		return;
	imp_secret_wipe(&job->data_key);
	imp_secret_wipe(&job->tag_key);
	imp_ca_close(job->ca);
	imp_profile_free(&job->profile);
	imp_batch_free(&job->batch);
	imp_ledger_close(job->ledger);
	free(job->column_text);
	if (job->lock >= 0)
		(void)close(job->lock);
	memset(job, 0, sizeof *job);
}
