/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint server import: what another bootstrap server gives to units of this ledger, recorded as
 * their deliveries, so that `server run` gives the same.  Reads the lines of server export, or
 * Leshan's own object of endpoints (GET /api/bootstrap, its -cfg file).  All or nothing is judged
 * before anything is recorded; what is known already is passed over, so a second run changes
 * nothing.
 */
#include "factory/commands.h"

#include "base/hex.h"
#include "base/plural.h"
#include "cmd/json_line.h"
#include "cmd/problems_report.h"
#include "factory/leshan.h"
#include "factory/server_options.h"
#include "factory/set_cred.h"
#include "host/textset.h"
#include "ledger/delivery.h"
#include "model/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 30)

struct import {
	struct imp_env *env;
	struct imp_ledger *ledger;
	struct imp_provider *provider;
	const char *key_files[IMP_REPEATS_MAX + 1];
	const char *path;
	struct imp_blob file; /* secrets */
	const uint8_t *counted;
	unsigned line; /* of counted */
	struct imp_problems problems;
	struct imp_textset seen, credentials;
	struct imp_arena arena; /* of their texts; no secrets, but fingerprints */
	struct imp_set set;	/* at hand */
	bool record, skip_unknown;
	uint64_t recorded, known, unknown;
};

/* ---- one endpoint -----------------------------------------------------------------------------
 */

/* Lines are counted on from the last place that was asked for. */
static unsigned line_of(struct import *in, const uint8_t *at)
{
	if (!in->counted || at < in->counted) {
		in->counted = in->file.p;
		in->line = 1;
	}
	for (; in->counted < at && in->counted < in->file.p + in->file.n; in->counted++)
		in->line += *in->counted == '\n';
	return in->line;
}

static void add_findings(struct import *in, const char *endpoint, unsigned line)
{
	const struct imp_check_options how = { .keys = in->env->keycheck,
		.endpoint = imp_span_str(endpoint) };
	struct imp_findings findings = { .n = 0 };
	char path[32];

	imp_check(&in->set, &how, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct imp_finding *f = &findings.v[i];

		if (f->severity == IMP_ERROR)
			imp_problem_error(&in->problems, in->path, line, f->rule, "'%s': %s: %s",
				endpoint, imp_path_text(f->where, path), f->text);
	}
}

/* Whom does it belong to: another unit, or another line of this file? */
static enum imp_status add_collision(
	struct import *in, const struct imp_unit *unit, const struct imp_cred *cred, unsigned line)
{
	IMP_UNIT holder = { 0 };
	struct imp_diag diag = { .status = IMP_OK };
	char text[16 + 2 * IMP_IDENTITY_MAX];
	struct imp_wr wr = imp_wr(text, sizeof text);
	unsigned first = 0;
	const char *kept;
	enum imp_status st =
		imp_ledger_unit_by_credential(in->ledger, cred->kind, cred->value, &holder, &diag);

	if (st != IMP_OK && st != IMP_E_ABSENT)
		return imp_diag(&in->env->diag, st, "%s", diag.text);
	if (st == IMP_OK && holder.id != unit->id)
		imp_problem_error(&in->problems, in->path, line, "B12",
			"'%s': its %s belongs to '%s' already", unit->endpoint,
			imp_cred_kind_name(cred->kind), holder.endpoint);
	imp_wr_u8(&wr, (uint8_t)('0' + cred->kind));
	imp_hex_put(&wr, cred->value);
	kept = imp_arena_text(&in->arena, text, wr.n);
	if (!kept ||
		imp_textset_add(&in->credentials, imp_span(kept, wr.n), line, &first) != IMP_OK)
		return imp_diag(&in->env->diag, IMP_E_INTERNAL, "out of memory");
	if (first)
		imp_problem_error(&in->problems, in->path, line, "B12",
			"'%s': its %s is that of line %u", unit->endpoint,
			imp_cred_kind_name(cred->kind), first);
	return IMP_OK;
}

static enum imp_status add_collisions(struct import *in, const struct imp_unit *unit, unsigned line)
{
	struct imp_set_creds creds;
	enum imp_status st = imp_set_creds(&in->set, &creds);

	if (st != IMP_OK) {
		imp_problem_error(&in->problems, in->path, line, "", "'%s': %s", unit->endpoint,
			st == IMP_E_SPACE ? "too many accounts" : "a certificate does not parse");
		return IMP_OK;
	}
	for (size_t i = 0; st == IMP_OK && i < creds.n; i++)
		st = add_collision(in, unit, &creds.v[i], line);
	return st;
}

static enum imp_status take_over(
	struct import *in, const struct imp_unit *unit, const char *endpoint, unsigned line)
{
	bool known = false;
	enum imp_status st =
		imp_provider_take_over(in->provider, unit, &in->set, in->record, &known);

	if (st == IMP_OK) {
		in->known += known;
		in->recorded += !known;
		return IMP_OK;
	}
	if (!in->record) {
		imp_problem_status(&in->problems, st, in->path, line, "'%s': %s", endpoint,
			imp_provider_why(in->provider));
		return IMP_OK;
	}
	(void)imp_diag(&in->env->diag, st, "'%s': %s", endpoint, imp_provider_why(in->provider));
	imp_diag_hint(&in->env->diag,
		"%" PRIu64 " units before it are recorded; the same command goes on", in->recorded);
	return st;
}

/* Its configuration is in in->set. */
static enum imp_status judge(struct import *in, const char *endpoint, unsigned line)
{
	IMP_UNIT unit = { 0 };
	struct imp_diag diag = { .status = IMP_OK };
	size_t errors = in->problems.errors;
	enum imp_status st = imp_ledger_unit_by_endpoint(in->ledger, endpoint, &unit, &diag);

	if (st == IMP_E_ABSENT && in->skip_unknown) {
		in->unknown++;
		return IMP_OK;
	}
	if (st != IMP_OK) {
		imp_problem_status(&in->problems, st, in->path, line, "%s", diag.text);
		return st == IMP_E_ABSENT ? IMP_OK : st;
	}
	if (!in->record) {
		add_findings(in, endpoint, line);
		if (in->problems.errors == errors)
			st = add_collisions(in, &unit, line);
	}
	if (st != IMP_OK || in->problems.errors != errors)
		return st;
	return take_over(in, &unit, endpoint, line);
}

/* The endpoint as the text spells it, and a reader that has just entered its configuration. */
static enum imp_status read_one(struct import *in, struct imp_span name, struct imp_json_rd *j)
{
	char endpoint[IMP_UNIT_ENDPOINT_MAX + 1];
	struct imp_wr wr = imp_wr(endpoint, sizeof endpoint - 1);
	struct imp_leshan_fault fault;
	unsigned line = line_of(in, name.p), first = 0;
	enum imp_status st;

	imp_json_chars(&wr, name);
	if (wr.st != IMP_OK || wr.n == 0 || memchr(endpoint, 0, wr.n)) {
		imp_problem_error(&in->problems, in->path, line, "",
			"an endpoint name has 1 to %d octets", IMP_UNIT_ENDPOINT_MAX);
		return IMP_E_FORMAT;
	}
	endpoint[wr.n] = '\0';
	if (!in->record && imp_textset_add(&in->seen, name, line, &first) != IMP_OK)
		return imp_diag(&in->env->diag, IMP_E_INTERNAL, "out of memory");
	if (first)
		imp_problem_error(&in->problems, in->path, line, "", "'%s' is in line %u already",
			endpoint, first);
	imp_set_wipe(&in->set);
	st = imp_leshan_get(j, &in->set, &fault);
	if (st != IMP_OK) {
		imp_problem_error(&in->problems, in->path, line_of(in, fault.at), "", "'%s': %s",
			endpoint, fault.text[0] ? fault.text : imp_status_text(st));
		return st;
	}
	return first ? IMP_OK : judge(in, endpoint, line);
}

/* ---- the two forms ----------------------------------------------------------------------------
 */

static enum imp_status not_json(struct import *in, const uint8_t *at)
{
	imp_problem_error(&in->problems, in->path, line_of(in, at), "",
		"neither a line of server export nor an object of endpoints with configurations");
	return IMP_E_FORMAT;
}

/* {"endpoint": configuration, ...} */
static enum imp_status read_object(struct import *in)
{
	struct imp_json_rd j = imp_json_rd(imp_blob_span(&in->file));
	struct imp_json_token token;
	enum imp_status st = imp_json_next(&j, &token);

	if (st != IMP_OK || token.kind != IMP_JSON_OBJECT)
		return not_json(in, j.rd.p);
	while (st == IMP_OK) {
		if (imp_json_next(&j, &token) != IMP_OK)
			return not_json(in, j.rd.p);
		if (token.kind == IMP_JSON_END)
			break;
		if (token.kind != IMP_JSON_OBJECT)
			return not_json(in, token.key.p);
		st = read_one(in, token.key, &j);
	}
	if (st == IMP_OK && (imp_json_next(&j, &token) != IMP_OK || token.kind != IMP_JSON_END))
		return not_json(in, j.rd.p);
	return st;
}

struct exported {
	struct imp_span endpoint; /* empty: it has none */
	struct imp_json_rd bootstrap;
	bool has_bootstrap;
};

static bool scan_line(struct imp_span text, struct exported *out)
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;

	*out = (struct exported){ .has_bootstrap = false };
	if (imp_json_next(&j, &token) != IMP_OK || token.kind != IMP_JSON_OBJECT)
		return false;
	while (imp_json_next(&j, &token) == IMP_OK && token.kind != IMP_JSON_END) {
		if (imp_json_is(token.key, "endpoint") && token.kind == IMP_JSON_STRING) {
			out->endpoint = token.text;
		} else if (imp_json_is(token.key, "bootstrap") && token.kind == IMP_JSON_OBJECT) {
			out->bootstrap = j;
			out->has_bootstrap = true;
		} else if (!imp_json_is(token.key, "security")) {
			return false;
		}
		if (imp_json_skip(&j, &token) != IMP_OK)
			return false;
	}
	return j.rd.st == IMP_OK && imp_json_next(&j, &token) == IMP_OK &&
	       token.kind == IMP_JSON_END && out->endpoint.n && out->has_bootstrap;
}

static struct imp_span take_line(struct imp_span *rest)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) + 1 : rest->n;
	struct imp_span line = imp_span(rest->p, n);

	*rest = imp_span(rest->p + n, rest->n - n);
	return line;
}

static bool is_blank(struct imp_span line)
{
	for (size_t i = 0; i < line.n; i++)
		if (!strchr(" \t\r\n", line.p[i]) || !line.p[i])
			return false;
	return true;
}

static enum imp_status read_lines(struct import *in)
{
	struct imp_span rest = imp_blob_span(&in->file);
	struct exported e;
	enum imp_status st = IMP_OK;

	while (st == IMP_OK && rest.n) {
		struct imp_span line = take_line(&rest);

		if (is_blank(line))
			continue;
		if (!scan_line(line, &e))
			return not_json(in, line.p);
		st = read_one(in, e.endpoint, &e.bootstrap);
	}
	return st;
}

static enum imp_status read_all(struct import *in)
{
	struct imp_span rest = imp_blob_span(&in->file);
	struct exported e;

	return scan_line(take_line(&rest), &e) ? read_lines(in) : read_object(in);
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void fill_result(struct imp_json *j, const void *ctx)
{
	const struct import *in = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "file", in->path);
	imp_json_uint(j, "recorded", in->recorded);
	imp_json_uint(j, "known", in->known);
	imp_json_uint(j, "unknown", in->unknown);
	imp_json_bool(j, "written", !in->env->dry_run);
	imp_json_object_end(j);
}

static enum imp_status tell(struct import *in)
{
	if (in->env->json)
		return imp_json_line(in->env, fill_result, in);
	imp_note(in->env,
		"%s: %" PRIu64 " unit%s recorded%s, %" PRIu64 " known already, %" PRIu64
		" not of this ledger",
		in->path, in->recorded, imp_s(in->recorded),
		in->env->dry_run ? " (not written)" : "", in->known, in->unknown);
	return IMP_OK;
}

/* Judge all of it, then record. */
static enum imp_status carry_out(struct import *in)
{
	enum imp_status st = read_all(in);

	if (st == IMP_OK && in->problems.errors == 0 && !in->env->dry_run) {
		in->record = true;
		in->recorded = in->known = in->unknown = 0;
		st = read_all(in);
	}
	if (in->problems.n)
		return imp_problems_report(in->env, &in->problems);
	return st == IMP_OK ? tell(in) : st;
}

static enum imp_status import(struct import *in, const struct imp_args *args)
{
	struct imp_env *env = in->env;
	struct imp_provider_options options = { .key_files = in->key_files };
	enum imp_status st;

	in->path = args->rest[0];
	in->skip_unknown = imp_flag(args, "skip-unknown");
	options.key_files_n = imp_arg_all(args, "key-file", in->key_files);
	st = imp_file_read(in->path, FILE_MAX, &in->file, &env->diag);
	if (st == IMP_OK)
		st = imp_ledger_open(
			imp_arg(args, "ledger"), false, env->clock, &in->ledger, &env->diag);
	if (st == IMP_OK)
		st = imp_provider_open(env, in->ledger, &options, &in->provider);
	return st == IMP_OK ? carry_out(in) : st;
}

enum imp_status imp_server_import(struct imp_env *env, const struct imp_args *args)
{
	struct import *in = calloc(1, sizeof *in);
	enum imp_status st;

	if (!in)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	in->env = env;
	imp_set_init(&in->set);
	st = import(in, args);
	imp_provider_close(in->provider);
	imp_ledger_close(in->ledger);
	imp_blob_free(&in->file);
	imp_problems_free(&in->problems);
	imp_textset_free(&in->seen);
	imp_textset_free(&in->credentials);
	imp_arena_free(&in->arena);
	imp_set_free(&in->set);
	free(in);
	return st;
}
