/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch run: keys, ledger, files, read back; continues whatever an earlier run left. */
#include "factory/commands.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "codec/json_enc.h"
#include "factory/crew.h"
#include "factory/manifest.h"
#include "factory/missing.h"
#include "host/leftovers.h"
#include "host/stop.h"
#include "host/system.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOBS_MAX 256

struct run {
	struct imp_job job;
	struct imp_group_options options;
	uint64_t jobs;
	struct imp_batch_counts before, after;
	uint64_t to_do; /* units that this run has work for */
	struct imp_group_result result;
	struct imp_manifest manifest; /* lines of a batch that this run does as a whole */
	struct imp_missing missing;   /* files of earlier runs; looked for when nothing is to do */
	bool stopped;
};

/* ---- before -----------------------------------------------------------------------------------
 */

static enum imp_status read_options(
	struct run *run, struct imp_env *env, const struct imp_args *args)
{
	const char *encode = imp_arg(args, "encode");

	run->jobs = imp_system_cpus();
	if (run->jobs > JOBS_MAX)
		run->jobs = JOBS_MAX;
	run->options.dir = imp_arg(args, "out");
	run->options.dirfd = -1;
	run->options.force = imp_flag(args, "force");
	if (encode && strcmp(encode, "bin") != 0 && strcmp(encode, "ihex") != 0)
		return imp_diag(
			&env->diag, IMP_E_USAGE, "--encode %s: neither bin nor ihex", encode);
	return imp_arg_number(env, args, "jobs", 1, JOBS_MAX, &run->jobs);
}

static void choose_encode(struct run *run, const char *encode)
{
	run->options.encode = run->job.profile.flash.encode;
	if (encode)
		run->options.encode = strcmp(encode, "bin") == 0 ? IMP_ENCODE_BIN : IMP_ENCODE_IHEX;
}

static enum imp_status open_folder(struct run *run)
{
	struct imp_diag *diag = &run->job.env->diag;
	const char *dir = run->options.dir;

	if (!run->job.profile.flash.present)
		return IMP_OK;
	if (!dir) {
		(void)imp_diag(diag, IMP_E_USAGE, "batch '%s' makes files: where to?",
			run->job.batch.name);
		imp_diag_hint(diag, "give --out DIR");
		return IMP_E_USAGE;
	}
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return imp_diag(diag, IMP_E_IO, "%s: cannot be made: %s", dir, strerror(errno));
	run->options.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->options.dirfd < 0)
		return imp_diag(diag, IMP_E_IO, "%s: %s", dir, strerror(errno));
	if (faccessat(run->options.dirfd, ".", W_OK | X_OK, 0) != 0)
		return imp_diag(diag, IMP_E_IO, "%s: cannot write here: %s", dir, strerror(errno));
	imp_leftovers_remove(run->options.dirfd);
	return IMP_OK;
}

/* Serials of made units without their file, for a message: the first few. */
static void name_made_units(struct run *run, char *out, size_t cap)
{
	struct imp_unit units[4] = { { 0 } };
	size_t n = 0, used = 0;

	out[0] = '\0';
	if (imp_ledger_units(run->job.ledger, run->job.batch.id, 1U << IMP_UNIT_MADE, 0, units, 4,
		    &n, NULL) != IMP_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (i < 3 && used < cap)
			used += (size_t)snprintf(
				out + used, cap - used, "%s'%s'", i ? ", " : "", units[i].serial);
		else if (used < cap)
			(void)snprintf(out + used, cap - used, ", ...");
		imp_unit_free(&units[i]);
	}
}

/* The data key.  A resume key that is gone leaves keys that nobody here can open again. */
static enum imp_status open_key(struct run *run, const char *key_file)
{
	struct imp_diag *diag = &run->job.env->diag;
	char names[256];
	enum imp_status st = imp_ledger_data_key(
		run->job.ledger, &run->job.batch, key_file, &run->job.data_key, diag);

	if (st != IMP_E_DENIED)
		return st;
	name_made_units(run, names, sizeof names);
	if (!names[0])
		return st;
	(void)imp_diag(diag, st,
		"batch '%s': its resume key is missing, so the keys of %" PRIu64
		" made units (%s) cannot be opened here",
		run->job.batch.name, run->before.state[IMP_UNIT_MADE], names);
	imp_diag_hint(diag,
		"put the resume key back, give --key-file, or 'imprint batch scrap' these units");
	return st;
}

/* Units that this run has work for: those without keys, and those without their file. */
static void count_to_do(struct run *run)
{
	const uint64_t *s = run->before.state;

	run->to_do = s[IMP_UNIT_PLANNED];
	if (run->job.batch.targets & IMP_TARGET_FLASH)
		run->to_do += s[IMP_UNIT_MADE] + s[IMP_UNIT_WRITTEN] + s[IMP_UNIT_VERIFIED];
}

static enum imp_status prepare(struct run *run, const struct imp_args *args)
{
	struct imp_job *job = &run->job;
	enum imp_status st =
		imp_ledger_batch_counts(job->ledger, job->batch.id, &run->before, &job->env->diag);

	if (st != IMP_OK)
		return st;
	count_to_do(run);
	st = imp_job_load_profile(job);
	if (st != IMP_OK)
		return st;
	choose_encode(run, imp_arg(args, "encode"));
	if (run->to_do)
		st = open_key(run, imp_arg(args, "key-file"));
	return st == IMP_OK && !job->env->dry_run ? open_folder(run) : st;
}

/* ---- the work ---------------------------------------------------------------------------------
 */

/* Workers need make no lines when other units are in the manifest as well, or when a unit goes on
 * to its card. */
static bool does_all(const struct run *run)
{
	return run->to_do == run->before.total && run->job.batch.targets == IMP_TARGET_FLASH;
}

static enum imp_status work(struct run *run)
{
	struct imp_env *env = run->job.env;
	struct imp_progress progress;
	struct imp_stop old;
	struct imp_crew_options crew = {
		.jobs = (unsigned)run->jobs,
		.open = run->to_do,
		.progress = &progress,
		.done = run->before.total - run->to_do,
		.stop = imp_stop_asked,
	};
	enum imp_status st;

	if (does_all(run))
		run->options.manifest = &run->manifest;
	imp_progress_start(&progress, env->quiet || env->no_progress ? NULL : env->err, env->clock,
		"units", crew.done, run->before.total);
	imp_stop_catch(&old);
	st = imp_crew_run(&run->job, &run->options, &crew, &run->result, &run->stopped, &env->diag);
	imp_stop_restore(&old);
	imp_progress_end(&progress);
	return st;
}

/* What belongs to the end of every run, also of one that was cut short or failed. */
static enum imp_status settle(struct run *run)
{
	struct imp_diag *diag = &run->job.env->diag;
	enum imp_status st = IMP_OK;

	if (run->options.dirfd >= 0)
		st = imp_manifest_write(&run->job, &run->manifest, run->options.dir, diag);
	if (st == IMP_OK)
		st = imp_resume_settle(run->job.ledger, &run->job.batch, diag);
	return st;
}

/* ---- after ------------------------------------------------------------------------------------
 */

static uint64_t awaiting_card(const struct run *run)
{
	const uint64_t *s = run->after.state;

	if (!(run->job.batch.targets & IMP_TARGET_CARD))
		return 0;
	return s[IMP_UNIT_MADE] + s[IMP_UNIT_WRITTEN] + s[IMP_UNIT_VERIFIED];
}

static void print_json(struct run *run)
{
	uint8_t buf[1024];
	struct imp_wr wr = imp_wr(buf, sizeof buf);
	struct imp_json j = imp_json(&wr);

	imp_json_object(&j, NULL);
	imp_json_str(&j, "batch", run->job.batch.name);
	imp_json_uint(&j, "total", run->after.total);
	imp_json_uint(&j, "made_now", run->result.made);
	imp_json_uint(&j, "written_now", run->result.written);
	imp_json_uint(&j, "failed_now", run->result.failed);
	imp_json_uint(&j, "released", run->after.state[IMP_UNIT_RELEASED]);
	imp_json_uint(&j, "failed", run->after.state[IMP_UNIT_FAILED]);
	imp_json_uint(&j, "await_card", awaiting_card(run));
	imp_json_uint(&j, "missing", run->missing.n);
	imp_json_bool(&j, "interrupted", run->stopped);
	imp_json_object_end(&j);
	imp_out(run->job.env, "%.*s\n", (int)wr.n, (const char *)buf);
}

static void print_result(struct run *run)
{
	struct imp_env *env = run->job.env;
	uint64_t cards = awaiting_card(run);

	if (env->json)
		print_json(run);
	else
		imp_out(env,
			"batch '%s': %zu unit%s made, %zu file%s written and verified; %" PRIu64
			" of %" PRIu64 " released\n",
			run->job.batch.name, run->result.made, imp_s(run->result.made),
			run->result.written, imp_s(run->result.written),
			run->after.state[IMP_UNIT_RELEASED], run->after.total);
	if (cards)
		imp_note(env,
			"%" PRIu64 " unit%s card: imprint card write --ledger %s "
			"--endpoint NAME",
			cards, cards == 1 ? " awaits its" : "s await their",
			imp_ledger_path(run->job.ledger));
}

static enum imp_status conclude(struct run *run)
{
	struct imp_diag *diag = &run->job.env->diag;
	const char *name = run->job.batch.name;
	enum imp_status st =
		imp_ledger_batch_counts(run->job.ledger, run->job.batch.id, &run->after, diag);

	if (st == IMP_OK && !run->to_do && run->options.dirfd >= 0)
		st = imp_missing_look(&run->job, run->options.dirfd, &run->missing, diag);
	if (st != IMP_OK)
		return st;
	print_result(run);
	imp_missing_warn(&run->job, run->options.dir, &run->missing);
	if (run->stopped) {
		(void)imp_diag(
			diag, IMP_E_PARTIAL, "batch '%s': interrupted, nothing is lost", name);
		imp_diag_hint(diag, "the same command continues");
		return IMP_E_PARTIAL;
	}
	if (run->after.state[IMP_UNIT_FAILED]) {
		(void)imp_diag(diag, IMP_E_PARTIAL,
			"batch '%s': %" PRIu64 " of %" PRIu64 " unit%s failed", name,
			run->after.state[IMP_UNIT_FAILED], run->after.total,
			run->after.total == 1 ? " has" : "s have");
		imp_diag_hint(diag, "'imprint batch status --failed' says why; then 'imprint batch "
				    "retry' and run again");
		return IMP_E_PARTIAL;
	}
	return IMP_OK;
}

static void fill_preview(struct imp_json *j, const void *ctx)
{
	const struct run *run = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "batch", run->job.batch.name);
	imp_json_uint(j, "total", run->before.total);
	imp_json_uint(j, "to_do", run->to_do);
	imp_json_object_end(j);
}

/* With --dry-run. */
static enum imp_status preview(struct run *run)
{
	struct imp_env *env = run->job.env;

	if (env->json)
		return imp_json_line(env, fill_preview, run);
	imp_out(env, "batch '%s': %" PRIu64 " of %" PRIu64 " unit%s to do\n", run->job.batch.name,
		run->to_do, run->before.total, imp_s(run->before.total));
	return IMP_OK;
}

static enum imp_status run_batch(struct run *run, struct imp_env *env, const struct imp_args *args)
{
	enum imp_status st = read_options(run, env, args), settled;
	struct imp_diag first;

	if (st == IMP_OK)
		st = imp_job_open(
			env, imp_arg(args, "ledger"), imp_arg(args, "batch"), true, &run->job);
	if (st == IMP_OK)
		st = prepare(run, args);
	if (st != IMP_OK)
		return st;
	if (env->dry_run)
		return preview(run);
	if (run->to_do)
		st = work(run);
	first = env->diag;
	settled = settle(run);
	if (st != IMP_OK) { /* the first cause is what counts */
		env->diag = first;
		return st;
	}
	return settled == IMP_OK ? conclude(run) : settled;
}

enum imp_status imp_batch_run(struct imp_env *env, const struct imp_args *args)
{
	struct run *run = calloc(1, sizeof *run);
	enum imp_status st;

	if (!run)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	st = imp_manifest_open(&run->manifest, &env->diag);
	if (st != IMP_OK) {
		free(run);
		return st;
	}
	st = run_batch(run, env, args);
	imp_manifest_close(&run->manifest);
	imp_missing_free(&run->missing);
	if (run->options.dirfd > 0)
		(void)close(run->options.dirfd);
	imp_job_close(&run->job);
	free(run);
	return st;
}
