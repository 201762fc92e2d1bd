/* SPDX-License-Identifier: Apache-2.0 */
/* imprint image build: one credential set into one area. */
#include "flash-images/commands.h"

#include "cmd/env.h"
#include "cmd/source.h"
#include "cmd/tag_key.h"
#include "codec/json_enc.h"
#include "flash-images/image_file.h"
#include "flash/image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct job {
	struct imp_env *env;
	struct imp_layout layout;
	enum imp_encode encode;
	struct imp_source source;
	struct imp_cmac *cmac; /* NULL: no tag */
	struct imp_blob area;
	int slot;
	uint32_t generation;
	bool fresh;
};

static void free_job(struct job *job)
{
	imp_source_free(&job->source);
	imp_cmac_close(job->cmac);
	imp_blob_free(&job->area);
}

/* Into a new area: slot A, the generation asked for. */
static enum imp_status render_fresh(struct job *job, const struct imp_args *args)
{
	uint64_t generation = 1;
	enum imp_status st =
		imp_arg_number(job->env, args, "generation", 1, UINT32_MAX, &generation);

	if (st != IMP_OK)
		return st;
	job->area = (struct imp_blob){ malloc(job->layout.size), job->layout.size };
	if (!job->area.p)
		return imp_diag(&job->env->diag, IMP_E_INTERNAL, "out of memory");
	job->generation = (uint32_t)generation;
	job->fresh = true;
	return imp_image_render(&job->layout, imp_blob_span(&job->source.payload), job->source.keys,
		job->generation, job->cmac, job->area.p, &job->env->diag);
}

/* Into an existing area: the slot that is not in use, one generation on. */
static enum imp_status render_update(struct job *job, const char *path)
{
	struct imr_report report;
	struct imp_span old;
	enum imp_encode ignored;
	enum imp_status st =
		imp_area_read(path, &job->layout, &job->area, &ignored, &job->env->diag);

	if (st != IMP_OK)
		return st;
	st = imp_image_find(
		&job->layout, imp_blob_span(&job->area), job->cmac, &old, &report, &job->env->diag);
	if (st != IMP_OK && st != IMP_E_ABSENT)
		return imp_area_refused(job->env, st, path, &report);
	if (st == IMP_OK && !job->cmac &&
		imp_image_tagged(&job->layout, imp_blob_span(&job->area), &report))
		imp_warn(job->env,
			"%s: its slot has an authentication tag, the new one will have none; "
			"--tag-key makes one",
			path);
	job->slot = st == IMP_OK && report.source == IMR_FROM_SLOT_A;
	job->generation = st == IMP_OK ? report.generation + 1 : 1;
	return imp_image_put(&job->layout, job->slot, imp_blob_span(&job->source.payload),
		job->source.keys, job->generation, job->cmac, job->area.p, &job->env->diag);
}

/* What is on the medium, read again from there, through the device's reader. */
static enum imp_status read_back(struct job *job, const char *path)
{
	IMP_BLOB again = { NULL, 0 };
	uint8_t work[IMP_PAYLOAD_MAX];
	enum imp_encode ignored;
	enum imp_status st = imp_area_read(path, &job->layout, &again, &ignored, &job->env->diag);

	if (st != IMP_OK)
		return st;
	return imp_image_verify(&job->layout, imp_blob_span(&again),
		imp_blob_span(&job->source.payload), job->source.keys, job->fresh, job->cmac, work,
		&job->env->diag);
}

static void print_result(struct job *job, const char *path)
{
	uint8_t buf[1024];
	struct imp_wr wr = imp_wr(buf, sizeof buf);
	struct imp_json j = imp_json(&wr);

	if (!job->env->json) {
		imp_out(job->env,
			"%s: slot %c, generation %" PRIu32 ", payload %zu octets, %s keys%s%s\n",
			path, 'A' + job->slot, job->generation, job->source.payload.n,
			job->source.keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent",
			job->cmac ? ", tag aes-cmac" : "",
			job->env->dry_run ? " (not written)" : ", read back and verified");
		return;
	}
	imp_json_object(&j, NULL);
	imp_json_str(&j, "file", path);
	imp_json_str(&j, "layout", job->layout.name);
	imp_json_uint(&j, "bytes", job->layout.size);
	imp_json_str(&j, "slot", job->slot ? "B" : "A");
	imp_json_uint(&j, "generation", job->generation);
	imp_json_uint(&j, "payload", job->source.payload.n);
	imp_json_str(&j, "keys",
		job->source.keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_json_str(&j, "tag", job->cmac ? "aes-cmac" : "none");
	imp_json_bool(&j, "written", !job->env->dry_run);
	imp_json_object_end(&j);
	imp_out(job->env, "%.*s\n", (int)wr.n, (const char *)buf);
}

static enum imp_status build(struct job *job, const struct imp_args *args)
{
	const char *out = imp_arg(args, "out"), *update = imp_arg(args, "update");
	bool replace = imp_flag(args, "force") || (update && strcmp(update, out) == 0);
	enum imp_status st = imp_layout_arg(job->env, args, &job->layout);

	if (st == IMP_OK)
		st = imp_encode_arg(job->env, args, &job->encode);
	if (st == IMP_OK && !imp_source_given(args)) {
		imp_diag(&job->env->diag, IMP_E_USAGE, "which set?");
		imp_diag_hint(&job->env->diag, "give --set FILE, or --ledger FILE --endpoint NAME");
		return IMP_E_USAGE;
	}
	if (st == IMP_OK && update && imp_arg(args, "generation"))
		st = imp_diag(&job->env->diag, IMP_E_USAGE,
			"--generation is for a fresh area; --update goes one on by itself");
	if (st == IMP_OK)
		st = imp_tag_key_arg(job->env, args, &job->cmac);
	if (st == IMP_OK)
		st = imp_source_load(job->env, args, &job->source);
	if (st == IMP_OK)
		st = update ? render_update(job, update) : render_fresh(job, args);
	if (st != IMP_OK)
		return st;
	if (!job->env->dry_run) {
		st = imp_octets_write(out, job->encode, job->layout.base, imp_blob_span(&job->area),
			replace, &job->env->diag);
		if (st == IMP_E_DENIED)
			imp_diag_hint(&job->env->diag, "--force replaces it");
		if (st == IMP_OK)
			st = read_back(job, out);
	}
	if (st == IMP_OK)
		print_result(job, out);
	return st;
}

enum imp_status imp_image_build(struct imp_env *env, const struct imp_args *args)
{
	struct job *job = calloc(1, sizeof *job);
	enum imp_status st;

	if (!job)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	job->env = env;
	st = build(job, args);
	free_job(job);
	free(job);
	return st;
}
