/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/source.h"

#include "base/plural.h"
#include "cmd/content.h"
#include "cmd/document.h"
#include "cmd/env.h"

#include <stdlib.h>
#include <string.h>

bool imp_source_given(const struct imp_args *args)
{
	return imp_arg(args, "set") || imp_arg(args, "ledger") || imp_arg(args, "endpoint");
}

void imp_source_free(struct imp_source *source)
{
	imp_set_free(&source->set);
	imp_blob_free(&source->payload);
	imp_unit_free(&source->unit);
	imp_batch_free(&source->batch);
	imp_ledger_close(source->ledger);
	source->ledger = NULL;
}

/* ---- from a file ------------------------------------------------------------------------------
 */

static enum imp_status stated_keys(
	struct imp_env *env, const struct imp_args *args, enum imp_keys *keys)
{
	const char *text = imp_arg(args, "keys");

	if (!text)
		return IMP_OK;
	if (strcmp(text, "persistent") == 0)
		*keys = IMP_KEYS_PERSISTENT;
	else if (strcmp(text, "non-persistent") == 0)
		*keys = IMP_KEYS_NON_PERSISTENT;
	else
		return imp_diag(
			&env->diag, IMP_E_USAGE, "--keys %s: persistent or non-persistent", text);
	return IMP_OK;
}

/* The canonical payload of a set, and that payload decoded again: what is written is what was
 * judged, and the spans of the copy lie in its own arena. */
static enum imp_status canonical(
	struct imp_env *env, const struct imp_set *set, struct imp_source *out)
{
	struct imp_wr wr;
	enum imp_status st;

	out->payload = (struct imp_blob){ malloc(IMP_PAYLOAD_MAX), IMP_PAYLOAD_MAX };
	if (!out->payload.p)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(out->payload.p, out->payload.n);
	st = imp_set_to_ef(set, &wr);
	if (st != IMP_OK)
		return imp_diag(&env->diag, st, "set: %s",
			st == IMP_E_SPACE ? "larger than the 32764 octets a payload can hold"
					  : imp_status_text(st));
	out->payload.n = wr.n;
	st = imp_set_from_ef(&out->set, imp_blob_span(&out->payload), false, true, NULL);
	if (st != IMP_OK)
		return imp_diag(&env->diag, st, "set: %s", imp_status_text(st));
	out->set.keys = set->keys;
	return IMP_OK;
}

static enum imp_status from_file(
	struct imp_env *env, const struct imp_args *args, const char *path, struct imp_source *out)
{
	const struct imp_content_options options = { IMP_FORMAT_UNKNOWN, false };
	struct imp_content *content = calloc(1, sizeof *content);
	enum imp_status st;

	if (!content)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	st = imp_content_load_set(path, &options, content, &env->diag);
	if (st == IMP_OK && content->set.n == 0)
		st = imp_diag(&env->diag, IMP_E_FORMAT, "%s: holds no configuration", path);
	if (st == IMP_OK)
		st = canonical(env, &content->set, out);
	if (st == IMP_OK)
		st = stated_keys(env, args, &out->set.keys);
	imp_content_free(content);
	free(content);
	return st;
}

/* ---- from a ledger ------------------------------------------------------------------------------
 */

static enum imp_status from_ledger(
	struct imp_env *env, const struct imp_args *args, struct imp_source *out)
{
	const char *path = imp_arg(args, "ledger"), *endpoint = imp_arg(args, "endpoint");
	enum imp_status st = imp_ledger_open(path, false, env->clock, &out->ledger, &env->diag);

	if (st != IMP_OK)
		return st;
	st = imp_ledger_open_unit(out->ledger, endpoint, imp_arg(args, "key-file"), &out->unit,
		&out->batch, &out->payload, &env->diag);
	if (st != IMP_OK)
		return st;
	st = imp_set_from_ef(&out->set, imp_blob_span(&out->payload), false, true, NULL);
	if (st != IMP_OK)
		return imp_diag(&env->diag, st, "%s: sealed payload of %s: %s", path, endpoint,
			imp_status_text(st));
	out->set.keys = out->batch.keys;
	return IMP_OK;
}

/* ---- both ---------------------------------------------------------------------------------------
 */

/* Without a word from anybody, an account that expires is a non-persistent one. */
static enum imp_keys implied_keys(const struct imp_set *set)
{
	for (int32_t i = imp_set_next_instance(set, IMP_OBJ_SECURITY, -1); i >= 0;
		i = imp_set_next_instance(set, IMP_OBJ_SECURITY, i))
		if (imp_set_int(set, IMP_OBJ_SECURITY, (uint16_t)i, 12, 0) > 0)
			return IMP_KEYS_NON_PERSISTENT;
	return IMP_KEYS_PERSISTENT;
}

static enum imp_status judge(struct imp_env *env, const struct imp_source *source)
{
	const struct imp_check_options options = {
		.keys = env->keycheck,
		.endpoint = imp_span_str(source->unit.endpoint),
	};
	struct imp_findings *findings = calloc(1, sizeof *findings);
	enum imp_status st = IMP_OK;
	char where[32];

	if (!findings)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	imp_check(&source->set, &options, findings);
	for (size_t i = 0; i < findings->n; i++) {
		const struct imp_finding *f = &findings->v[i];

		if (f->severity != IMP_NOTE)
			fprintf(env->err, "imprint: %s: %s %s: %s\n",
				imp_severity_name(f->severity), f->rule,
				imp_path_text(f->where, where), f->text);
	}
	if (findings->errors) {
		st = imp_diag(&env->diag, IMP_E_INCONSISTENT,
			"the set breaks %zu consistency rule%s; nothing was written",
			findings->errors, imp_s(findings->errors));
		imp_diag_hint(&env->diag, "imprint set check shows them; mend the set first");
	}
	free(findings);
	return st;
}

static enum imp_status one_source(struct imp_env *env, const struct imp_args *args)
{
	bool file = imp_arg(args, "set"), ledger = imp_arg(args, "ledger");

	if (file == ledger)
		return imp_diag(&env->diag, IMP_E_USAGE,
			"either --set FILE or --ledger FILE --endpoint NAME");
	if (ledger != (imp_arg(args, "endpoint") != NULL))
		return imp_diag(&env->diag, IMP_E_USAGE, "--ledger and --endpoint go together");
	if (ledger && imp_arg(args, "keys"))
		return imp_diag(&env->diag, IMP_E_USAGE,
			"--keys goes with --set; the ledger knows its own");
	return IMP_OK;
}

enum imp_status imp_source_load(
	struct imp_env *env, const struct imp_args *args, struct imp_source *out)
{
	enum imp_status st = one_source(env, args);

	imp_set_init(&out->set);
	if (st == IMP_OK)
		st = imp_arg(args, "set") ? from_file(env, args, imp_arg(args, "set"), out)
					  : from_ledger(env, args, out);
	if (st != IMP_OK)
		return st;
	if (out->set.keys == IMP_KEYS_UNSTATED)
		out->set.keys = implied_keys(&out->set);
	out->keys = out->set.keys;
	return judge(env, out);
}
