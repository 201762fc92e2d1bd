/* SPDX-License-Identifier: Apache-2.0 */
/* imprint image verify: read an image as the device will, judge what it holds. */
#include "flash-images/commands.h"

#include "cmd/env.h"
#include "cmd/source.h"
#include "cmd/tag_key.h"
#include "codec/json_enc.h"
#include "flash-images/image_file.h"
#include "flash/image.h"
#include "model/check.h"
#include "model/set_form.h"

#include <stdlib.h>
#include <string.h>

struct job {
	struct imp_env *env;
	struct imp_layout layout;
	struct imp_cmac *cmac; /* borrowed; NULL: tags are not checked */
	struct imp_blob area;
	struct imp_source want; /* the set that should be there; empty when none was named */
	struct imp_set set;	/* the set that is there */
	struct imr_report report;
	struct imp_span payload;
	bool tagged; /* the slot it is in */
	struct imp_findings findings;
};

static enum imp_keys keys_of(const struct imr_report *report)
{
	return report->keys == 0xA5 ? IMP_KEYS_NON_PERSISTENT : IMP_KEYS_PERSISTENT;
}

static enum imp_status judge(struct job *job)
{
	const struct imp_check_options options = { .keys = job->env->keycheck };
	enum imp_status st = imp_set_from_ef(&job->set, job->payload, false, true, NULL);

	if (st != IMP_OK)
		return imp_diag(&job->env->diag, st, "payload: %s", imp_status_text(st));
	job->set.keys = keys_of(&job->report);
	imp_check(&job->set, &options, &job->findings);
	return IMP_OK;
}

/* The diagnosis at hand, with the file in front. */
static enum imp_status compare(struct job *job, const struct imp_args *args, const char *path)
{
	uint8_t work[IMP_PAYLOAD_MAX];
	enum imp_status st;

	if (!imp_source_given(args))
		return IMP_OK;
	st = imp_source_load(job->env, args, &job->want);
	if (st != IMP_OK)
		return st;
	st = imp_image_verify(&job->layout, imp_blob_span(&job->area),
		imp_blob_span(&job->want.payload), job->want.keys, imp_flag(args, "fresh"),
		job->cmac, work, &job->env->diag);
	return st == IMP_OK ? st : imp_area_diag(job->env, st, path);
}

static void print_json(struct job *job, const char *path)
{
	uint8_t *buf = malloc(65536);
	struct imp_wr wr = imp_wr(buf, buf ? 65536 : 0);
	struct imp_json j = imp_json(&wr);
	char where[32];

	imp_json_object(&j, NULL);
	imp_json_str(&j, "file", path);
	imp_json_bool(&j, "verified", job->findings.errors == 0);
	imp_json_str(&j, "slot", job->report.source == IMR_FROM_SLOT_B ? "B" : "A");
	imp_json_uint(&j, "generation", job->report.generation);
	imp_json_str(&j, "keys",
		keys_of(&job->report) == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_json_uint(&j, "payload", job->payload.n);
	imp_json_str(&j, "tag", job->tagged ? "aes-cmac" : "none");
	imp_json_bool(&j, "tag-verified", job->cmac != NULL);
	imp_json_array(&j, "findings");
	for (size_t i = 0; i < job->findings.n; i++) {
		const struct imp_finding *f = &job->findings.v[i];

		imp_json_object(&j, NULL);
		imp_json_str(&j, "rule", f->rule);
		imp_json_str(&j, "severity", imp_severity_name(f->severity));
		imp_json_str(&j, "where", imp_path_text(f->where, where));
		imp_json_str(&j, "text", f->text);
		imp_json_object_end(&j);
	}
	imp_json_array_end(&j);
	imp_json_object_end(&j);
	imp_out(job->env, "%.*s\n", (int)wr.n, (const char *)buf);
	free(buf);
}

static void print_text(struct job *job, const char *path)
{
	char where[32];

	for (size_t i = 0; i < job->findings.n; i++) {
		const struct imp_finding *f = &job->findings.v[i];

		fprintf(job->env->err, "%s: %s: %s: %s (%s)\n", path,
			imp_severity_name(f->severity), imp_path_text(f->where, where), f->text,
			f->rule);
	}
	if (job->findings.errors == 0)
		imp_out(job->env, "%s: good, slot %c, payload %zu octets%s\n", path,
			job->report.source == IMR_FROM_SLOT_B ? 'B' : 'A', job->payload.n,
			job->cmac ? ", tag right" : "");
	if (job->tagged && !job->cmac)
		imp_note(job->env,
			"%s: checksum and contents were checked, the authentication tag was not; "
			"--tag-key FILE checks it",
			path);
}

static enum imp_status verify_one(struct job *job, const struct imp_args *args, const char *path)
{
	enum imp_encode encode;
	enum imp_status st =
		imp_area_read(path, &job->layout, &job->area, &encode, &job->env->diag);

	if (st != IMP_OK)
		return st;
	st = imp_image_find(&job->layout, imp_blob_span(&job->area), job->cmac, &job->payload,
		&job->report, &job->env->diag);
	if (st != IMP_OK)
		return imp_area_refused(job->env, st, path, &job->report);
	job->tagged = imp_image_tagged(&job->layout, imp_blob_span(&job->area), &job->report);
	st = judge(job);
	if (st == IMP_OK)
		st = compare(job, args, path);
	if (st != IMP_OK)
		return st;
	if (job->env->json)
		print_json(job, path);
	else
		print_text(job, path);
	if (job->findings.errors)
		return imp_diag(&job->env->diag, IMP_E_INCONSISTENT,
			"%s: %zu consistency rule%s broken", path, job->findings.errors,
			job->findings.errors == 1 ? "" : "s");
	return IMP_OK;
}

static enum imp_status verify_file(struct imp_env *env, const struct imp_args *args,
	const struct imp_layout *layout, struct imp_cmac *cmac, const char *path)
{
	struct job *job = calloc(1, sizeof *job);
	enum imp_status st;

	if (!job)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	job->env = env;
	job->layout = *layout;
	job->cmac = cmac;
	imp_set_init(&job->set);
	st = verify_one(job, args, path);
	imp_set_free(&job->set);
	imp_source_free(&job->want);
	imp_blob_free(&job->area);
	free(job);
	return st;
}

/* Every file is looked at; the first that is not good decides the exit code. */
static enum imp_status verify_files(struct imp_env *env, const struct imp_args *args,
	const struct imp_layout *layout, struct imp_cmac *cmac)
{
	enum imp_status first = IMP_OK;
	size_t bad = 0;

	for (size_t i = 0; i < args->rest_n; i++) {
		enum imp_status st = verify_file(env, args, layout, cmac, args->rest[i]);

		if (st == IMP_OK)
			continue;
		if (args->rest_n > 1)
			fprintf(env->err, "imprint: %s\n", env->diag.text);
		if (!bad++)
			first = st;
	}
	if (bad && args->rest_n > 1)
		return imp_diag(
			&env->diag, first, "%zu of %zu images are not good", bad, args->rest_n);
	return first;
}

enum imp_status imp_image_check(struct imp_env *env, const struct imp_args *args)
{
	struct imp_layout layout;
	struct imp_cmac *cmac = NULL;
	enum imp_status st = imp_layout_arg(env, args, &layout);

	if (st == IMP_OK)
		st = imp_tag_key_arg(env, args, &cmac);
	if (st == IMP_OK)
		st = verify_files(env, args, &layout, cmac);
	imp_cmac_close(cmac);
	return st;
}
