/* SPDX-License-Identifier: Apache-2.0 */
/* imprint set: show, check and convert a credential set in any form. */
#include "base/plural.h"
#include "cmd/commands.h"
#include "cmd/content.h"
#include "cmd/document.h"
#include "cmd/env.h"
#include "cmd/json_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum imp_status read_from(
	struct imp_env *env, const struct imp_args *args, enum imp_format *out)
{
	const char *from = imp_arg(args, "from");

	*out = from ? imp_format_named(from) : IMP_FORMAT_UNKNOWN;
	if (!from || (*out != IMP_FORMAT_UNKNOWN && *out < IMP_FORMAT_CERTIFICATE))
		return IMP_OK;
	imp_diag(&env->diag, IMP_E_USAGE, "--from %s: no form of a set", from);
	imp_diag_hint(&env->diag, "ef, slot, bin, ihex, senml-cbor, senml-json or json");
	return IMP_E_USAGE;
}

static enum imp_status read_keys(
	struct imp_env *env, const struct imp_args *args, struct imp_set *set)
{
	const char *keys = imp_arg(args, "keys");

	if (!keys)
		return IMP_OK;
	if (strcmp(keys, "persistent") == 0)
		set->keys = IMP_KEYS_PERSISTENT;
	else if (strcmp(keys, "non-persistent") == 0)
		set->keys = IMP_KEYS_NON_PERSISTENT;
	else
		return imp_diag(&env->diag, IMP_E_USAGE,
			"--keys %s: neither persistent nor non-persistent", keys);
	return IMP_OK;
}

/* The set of the one file argument, with its findings. */
static enum imp_status load(struct imp_env *env, const struct imp_args *args,
	struct imp_content *content, struct imp_findings *findings)
{
	struct imp_content_options options = { .lenient = imp_flag(args, "lenient") };
	const struct imp_check_options check = { .keys = env->keycheck };
	enum imp_status st = read_from(env, args, &options.from);

	imp_content_init(content);
	if (!st)
		st = imp_content_load_set(args->rest[0], &options, content, &env->diag);
	if (!st)
		st = read_keys(env, args, &content->set);
	findings->n = findings->errors = findings->warnings = 0;
	if (st)
		return st;
	imp_document_quirks(findings, content->quirks);
	imp_check(&content->set, &check, findings);
	return IMP_OK;
}

static struct imp_document document_of(
	const struct imp_content *content, const struct imp_findings *findings, bool reveal)
{
	const struct imp_level *inner = imp_content_inner(content);

	return (struct imp_document){ imp_format_name(inner->format), inner->bytes, inner->padding,
		&content->set, findings, reveal };
}

/* ---- show -------------------------------------------------------------------------------------
 */

static enum imp_status show(struct imp_env *env, const struct imp_args *args)
{
	bool reveal = imp_flag(args, "reveal-secrets");
	struct imp_findings findings;
	struct imp_document document;
	IMP_CONTENT content;
	enum imp_status st = load(env, args, &content, &findings);

	if (!st && reveal)
		st = imp_reveal_check(env);
	if (st)
		return st;
	document = document_of(&content, &findings, reveal);
	return imp_document_print(env, &document);
}

/* ---- check ------------------------------------------------------------------------------------
 */

static void fill_check(struct imp_json *j, const void *ctx)
{
	const struct imp_document *document = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "format", document->format);
	imp_json_uint(j, "bytes", document->bytes);
	imp_json_uint(j, "errors", document->findings->errors);
	imp_json_uint(j, "warnings", document->findings->warnings);
	imp_document_findings(j, document->findings);
	imp_json_object_end(j);
}

static enum imp_status check(struct imp_env *env, const struct imp_args *args)
{
	struct imp_findings findings;
	struct imp_document document;
	IMP_CONTENT content;
	enum imp_status st = load(env, args, &content, &findings);

	if (st)
		return st;
	document = document_of(&content, &findings, false);
	if (env->json)
		st = imp_json_line(env, fill_check, &document);
	else
		imp_document_findings_table(env, &findings);
	if (st)
		return st;
	if (findings.errors)
		return imp_diag(&env->diag, IMP_E_INCONSISTENT, "%s: %zu error%s, %zu warning%s",
			args->rest[0], findings.errors, imp_s(findings.errors), findings.warnings,
			imp_s(findings.warnings));
	imp_note(env, "%s: consistent, %zu warning%s", args->rest[0], findings.warnings,
		imp_s(findings.warnings));
	return IMP_OK;
}

/* ---- convert ----------------------------------------------------------------------------------
 */

static void encode(const struct imp_document *document, enum imp_format to, struct imp_wr *wr)
{
	struct imp_json j = imp_json(wr);
	enum imp_status st = IMP_OK;

	if (to == IMP_FORMAT_EF) {
		st = imp_set_to_ef(document->set, wr);
	} else if (to == IMP_FORMAT_SENML_CBOR) {
		st = imp_set_to_senml_cbor(document->set, wr);
	} else if (to == IMP_FORMAT_SENML_JSON) {
		st = imp_set_to_senml_json(document->set, wr);
	} else {
		imp_json_object(&j, NULL);
		imp_document_members(&j, document);
		imp_json_object_end(&j);
		imp_wr_u8(wr, '\n');
	}
	imp_wr_fail(wr, st);
}

static enum imp_status encode_whole(struct imp_env *env, const struct imp_document *document,
	enum imp_format to, struct imp_blob *out)
{
	struct imp_wr count = imp_wr_count(), wr;

	encode(document, to, &count);
	if (count.st)
		return imp_diag(&env->diag, count.st, "the set cannot be written as %s: %s",
			imp_format_name(to), imp_status_text(count.st));
	out->n = count.n;
	out->p = malloc(count.n + 1);
	if (!out->p)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(out->p, count.n);
	encode(document, to, &wr);
	return wr.st;
}

static enum imp_status read_to(
	struct imp_env *env, const struct imp_args *args, enum imp_format *out)
{
	const char *to = imp_arg(args, "to");

	*out = imp_format_named(to);
	if (*out == IMP_FORMAT_EF || *out == IMP_FORMAT_SENML_CBOR ||
		*out == IMP_FORMAT_SENML_JSON || *out == IMP_FORMAT_JSON)
		return IMP_OK;
	imp_diag(&env->diag, IMP_E_USAGE, "--to %s: no form to convert to", to);
	imp_diag_hint(&env->diag, "ef, senml-cbor, senml-json or json");
	return IMP_E_USAGE;
}

/* To standard output: JSON can leave the keys out, the other forms are whole or not at all. */
static enum imp_status may_print(struct imp_env *env, const struct imp_args *args,
	const struct imp_set *set, enum imp_format to)
{
	if (!imp_set_has_secret(set))
		return IMP_OK;
	if (imp_flag(args, "reveal-secrets"))
		return imp_reveal_check(env);
	if (to == IMP_FORMAT_JSON) {
		imp_note(env, "keys are left out; --out FILE or --reveal-secrets writes them");
		return IMP_OK;
	}
	imp_diag(
		&env->diag, IMP_E_DENIED, "the set holds keys, which do not go to standard output");
	imp_diag_hint(&env->diag, "name a file with --out, or say --reveal-secrets");
	return IMP_E_DENIED;
}

/* What convert has written. */
struct converted {
	const char *path;
	enum imp_format to;
	size_t n;
	bool written;
};

static void fill_converted(struct imp_json *j, const void *ctx)
{
	const struct converted *c = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "file", c->path);
	imp_json_str(j, "format", imp_format_name(c->to));
	imp_json_uint(j, "bytes", c->n);
	imp_json_bool(j, "written", c->written);
	imp_json_object_end(j);
}

static enum imp_status write_file(struct imp_env *env, const char *path, enum imp_format to,
	const struct imp_blob *data, bool replace)
{
	const struct converted converted = { path, to, data->n, !env->dry_run };
	enum imp_status st = IMP_OK;

	if (!env->dry_run)
		st = imp_file_write(path, imp_blob_span(data), replace, &env->diag);
	if (st == IMP_E_DENIED)
		imp_diag_hint(&env->diag, "--force replaces it");
	if (st != IMP_OK)
		return st;
	if (env->json)
		return imp_json_line(env, fill_converted, &converted);
	imp_note(env, "%s: %zu octet%s%s", path, data->n, imp_s(data->n),
		env->dry_run ? " (not written)" : "");
	return IMP_OK;
}

static enum imp_status write_out(struct imp_env *env, const struct imp_blob *data)
{
	if (fwrite(data->p, 1, data->n, env->out) != data->n)
		return imp_diag(&env->diag, IMP_E_IO, "standard output: %s", strerror(errno));
	return IMP_OK;
}

static enum imp_status convert(struct imp_env *env, const struct imp_args *args)
{
	const char *path = imp_arg(args, "out");
	struct imp_findings findings;
	struct imp_document document;
	enum imp_format to;
	IMP_BLOB data = { NULL, 0 };
	IMP_CONTENT content;
	enum imp_status st = load(env, args, &content, &findings);

	if (!st)
		st = read_to(env, args, &to);
	if (!st && !path)
		st = may_print(env, args, &content.set, to);
	if (st)
		return st;
	document = document_of(&content, &findings, path || imp_flag(args, "reveal-secrets"));
	st = encode_whole(env, &document, to, &data);
	if (st)
		return st;
	return path ? write_file(env, path, to, &data, imp_flag(args, "force") || env->yes)
		    : write_out(env, &data);
}

/* ---- table ------------------------------------------------------------------------------------
 */

/* clang-format off */
#define INPUT_OPTS                                                                                 \
	{ "from", "FORM", "form of FILE: ef, slot, bin, ihex, senml-cbor, senml-json, json (default: detect)", 0 }, \
	{ "keys", "WHICH", "state the set's keys: persistent or non-persistent", 0 },              \
	{ "lenient", NULL, "overlook what some writers get wrong, and say so", 0 }
#define REVEAL_OPT                                                                                 \
	{ "reveal-secrets", NULL, "show keys; only to a terminal or into a file of mode 0600", 0 }
/* clang-format on */

static const struct imp_opt show_opts[] = { INPUT_OPTS, REVEAL_OPT, IMP_OPT_END };
static const struct imp_opt check_opts[] = { INPUT_OPTS, IMP_OPT_END };
static const struct imp_opt convert_opts[] = {
	INPUT_OPTS,
	REVEAL_OPT,
	{ "to", "FORM", "ef, senml-cbor, senml-json or json", IMP_OPT_REQUIRED },
	{ "out", "FILE", "write here (mode 0600) instead of standard output", 0 },
	{ "force", NULL, "replace an existing file", 0 },
	IMP_OPT_END,
};

const struct imp_cmd imp_set_cmds[] = {
	{ "set", "show", "FILE", "Show a credential set", show, show_opts, 1, 1,
		"imprint set show unit.ef" },
	{ "set", "check", "FILE", "Check a credential set against the consistency rules", check,
		check_opts, 1, 1, "imprint set check unit.ef" },
	{ "set", "convert", "FILE", "Write a credential set in another form", convert, convert_opts,
		1, 1, "imprint set convert unit.ef --to senml-cbor --out unit.cbor" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
