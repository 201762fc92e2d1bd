/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint batch export, and server export as far as it is the same: the server side of a batch, one
 * JSON line or CSV row for each account of each unit with keys: who it is, and what proves it.
 * Identities, public keys and certificates stand in the ledger; secrets are opened only when they
 * are asked for.
 */
#include "factory/commands.h"

#include "base/hex.h"
#include "base/plural.h"
#include "cmd/json_line.h"
#include "codec/json_enc.h"
#include "factory/job.h"
#include "model/set_form.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROW_ROOM 8192
#define READ_AT_ONCE 256

/* One account of one unit; spans into the ledger's copy or into the opened set. */
struct account {
	struct imp_span identity, public_key, public_key_sha256, certificate;
	struct imp_span psk, oscore_secret, oscore_salt;
	struct imp_span oscore_sender, oscore_recipient; /* of the device */
};

struct export
{
	struct imp_job *job;
	bool csv, reveal;
	struct imp_set *set; /* of the unit at hand, when revealed */
	uint8_t *out;	     /* the file; holds secrets when revealed */
	size_t n, cap;
	const char *path;
	uint64_t units;
	struct account accounts[IMP_ACCOUNTS_MAX];
	uint8_t kept[64 * 1024]; /* credentials of the unit at hand */
	size_t kept_n;
};

/* ---- the text ---------------------------------------------------------------------------------
 */

static enum imp_status reserve(struct export *e, size_t n)
{
	size_t cap = e->cap ? e->cap : 65536;
	uint8_t *p;

	if (e->cap - e->n >= n)
		return IMP_OK;
	while (cap - e->n < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return imp_diag(&e->job->env->diag, IMP_E_INTERNAL, "out of memory");
	if (e->n) {
		memcpy(p, e->out, e->n);
		imp_wipe(e->out, e->n);
	}
	free(e->out);
	e->out = p;
	e->cap = cap;
	return IMP_OK;
}

static const char *const columns[] = { "endpoint", "serial", "iccid", "state", "account", "role",
	"uri", "security", "short_server_id", "identity", "public_key", "public_key_sha256",
	"certificate", "oscore_sender_id", "oscore_recipient_id", "psk", "oscore_secret",
	"oscore_salt" };
#define PUBLIC_COLUMNS 15 /* the ones behind are secrets */

/* A value is text, a number, or octets shown in base64; empty ones are left out. */
struct value {
	const char *text;
	int64_t number;
	struct imp_span octets;
	bool is_number, hex;
};

static void values_of(const struct export *e, const struct imp_unit *u, size_t i,
	struct value v[static sizeof columns / sizeof columns[0]])
{
	const struct imp_profile_account *p = &e->job->profile.accounts[i];
	const struct account *a = &e->accounts[i];
	size_t n = 0;

	v[n++] = (struct value){ .text = u->endpoint };
	v[n++] = (struct value){ .text = u->serial };
	v[n++] = (struct value){ .text = u->iccid };
	v[n++] = (struct value){ .text = imp_unit_state_name(u->state) };
	v[n++] = (struct value){ .number = (int64_t)i, .is_number = true };
	v[n++] = (struct value){ .text = p->bootstrap ? "bootstrap" : "server" };
	v[n++] = (struct value){ .text = p->uri };
	v[n++] = (struct value){ .text = imp_security_name(p->security) };
	v[n++] = (struct value){ .number = p->ssid, .is_number = !p->bootstrap };
	v[n++] = (struct value){ .octets = a->identity };
	v[n++] = (struct value){ .octets = a->public_key };
	v[n++] = (struct value){ .octets = a->public_key_sha256, .hex = true };
	v[n++] = (struct value){ .octets = a->certificate };
	v[n++] = (struct value){ .octets = a->oscore_sender, .hex = true };
	v[n++] = (struct value){ .octets = a->oscore_recipient, .hex = true };
	v[n++] = (struct value){ .octets = a->psk, .hex = true };
	v[n++] = (struct value){ .octets = a->oscore_secret, .hex = true };
	v[n++] = (struct value){ .octets = a->oscore_salt, .hex = true };
}

/* Base64 with padding and the alphabet that every tool takes (RFC 4648, section 4). */
static void put_base64(struct imp_wr *wr, struct imp_span s)
{
	size_t from = wr->n;

	imp_b64url_put(wr, s);
	for (size_t i = from; wr->p && i < wr->n; i++)
		wr->p[i] = wr->p[i] == '-' ? '+' : wr->p[i] == '_' ? '/' : wr->p[i];
	for (size_t n = wr->n - from; n % 4; n++)
		imp_wr_u8(wr, '=');
}

static void json_member(struct imp_json *j, const char *key, const struct value *v)
{
	char text[4096];
	struct imp_wr wr = imp_wr(text, sizeof text);

	if (v->is_number) {
		imp_json_int(j, key, v->number);
	} else if (v->text && v->text[0]) {
		imp_json_str(j, key, v->text);
	} else if (v->octets.n && v->hex) {
		imp_json_hex(j, key, v->octets);
	} else if (v->octets.n && strcmp(key, "identity") == 0 && imp_span_utf8(v->octets)) {
		imp_json_span(j, key, v->octets);
	} else if (v->octets.n) {
		put_base64(&wr, v->octets);
		imp_json_span(j, key, imp_wr_span(&wr));
	}
}

static void json_row(struct imp_wr *wr, const struct value *v, size_t n)
{
	struct imp_json j = imp_json(wr);

	imp_json_object(&j, NULL);
	for (size_t i = 0; i < n; i++)
		json_member(&j, columns[i], &v[i]);
	imp_json_object_end(&j);
	imp_wr_u8(wr, '\n');
}

static void csv_quoted(struct imp_wr *wr, struct imp_span s)
{
	imp_wr_u8(wr, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			imp_wr_u8(wr, '"');
		imp_wr_u8(wr, s.p[i]);
	}
	imp_wr_u8(wr, '"');
}

static void csv_value(struct imp_wr *wr, const char *key, const struct value *v)
{
	char text[24];

	if (v->is_number) {
		(void)snprintf(text, sizeof text, "%" PRId64, v->number);
		imp_wr_text(wr, text);
	} else if (v->text) {
		csv_quoted(wr, imp_span_str(v->text));
	} else if (v->hex) {
		imp_hex_put(wr, v->octets);
	} else if (strcmp(key, "identity") == 0) {
		csv_quoted(wr, v->octets);
	} else {
		put_base64(wr, v->octets);
	}
}

static void csv_row(struct imp_wr *wr, const struct value *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			imp_wr_u8(wr, ',');
		csv_value(wr, columns[i], &v[i]);
	}
	imp_wr_text(wr, "\r\n");
}

static size_t columns_shown(const struct export *e)
{
	return e->reveal ? sizeof columns / sizeof columns[0] : PUBLIC_COLUMNS;
}

static enum imp_status put_row(struct export *e, const struct imp_unit *u, size_t account)
{
	struct value v[sizeof columns / sizeof columns[0]];
	enum imp_status st = reserve(e, ROW_ROOM);
	struct imp_wr wr;

	if (st != IMP_OK)
		return st;
	wr = imp_wr(e->out + e->n, e->cap - e->n);
	values_of(e, u, account, v);
	(e->csv ? csv_row : json_row)(&wr, v, columns_shown(e));
	if (wr.st != IMP_OK)
		return imp_diag(&e->job->env->diag, wr.st, "'%s' has no row", u->endpoint);
	e->n += wr.n;
	return IMP_OK;
}

static enum imp_status put_header(struct export *e)
{
	struct value v[sizeof columns / sizeof columns[0]] = { 0 };
	enum imp_status st = reserve(e, ROW_ROOM);
	struct imp_wr wr;

	if (st != IMP_OK || !e->csv)
		return st;
	for (size_t i = 0; i < columns_shown(e); i++)
		v[i].text = columns[i];
	wr = imp_wr(e->out + e->n, e->cap - e->n);
	csv_row(&wr, v, columns_shown(e));
	e->n += wr.n;
	return wr.st;
}

/* ---- one unit ---------------------------------------------------------------------------------
 */

static struct imp_span keep(struct export *e, struct imp_span s)
{
	uint8_t *at = e->kept + e->kept_n;

	if (s.n == 0 || sizeof e->kept - e->kept_n < s.n)
		return imp_span(NULL, 0);
	memcpy(at, s.p, s.n);
	e->kept_n += s.n;
	return imp_span(at, s.n);
}

static void take_credential(struct export *e, struct account *a, const struct imp_cred *c)
{
	switch (c->kind) {
	case IMP_CRED_PSK_IDENTITY:
		a->identity = keep(e, c->value);
		break;
	case IMP_CRED_PUBLIC_KEY:
		a->public_key_sha256 = keep(e, c->value);
		a->public_key = keep(e, c->body);
		break;
	case IMP_CRED_CERTIFICATE:
		a->certificate = keep(e, c->body);
		break;
	case IMP_CRED_ENDPOINT:
	case IMP_CRED_SERIAL:
	case IMP_CRED_ICCID:
	case IMP_CRED_PSK:
	case IMP_CRED_OSCORE:
	case IMP_CRED_KINDS:
	default:
		break;
	}
}

static enum imp_status visit(void *ctx, const struct imp_cred *c)
{
	struct export *e = ctx;

	for (size_t i = 0; i < e->job->profile.accounts_n; i++)
		if (c->accounts >> i & 1)
			take_credential(e, &e->accounts[i], c);
	return IMP_OK;
}

/* The instance of /21 that an account is linked to, or -1. */
static int32_t oscore_of(const struct imp_set *set, uint16_t account)
{
	const struct imp_value *link = imp_set_get(set, IMP_OBJ_SECURITY, account, 17);

	if (!link || link->type != IMP_TYPE_OBJLNK || link->u.link.object != IMP_OBJ_OSCORE)
		return -1;
	return link->u.link.instance;
}

static enum imp_status reveal(struct export *e, const struct imp_unit *u)
{
	struct imp_job *job = e->job;
	IMP_BLOB payload = { NULL, 0 };
	enum imp_status st =
		imp_ledger_unseal(job->ledger, u, &job->data_key, &payload, &job->env->diag);

	if (st != IMP_OK)
		return st;
	st = imp_set_from_ef(e->set, imp_blob_span(&payload), false, true, NULL);
	if (st != IMP_OK)
		return imp_diag(
			&job->env->diag, st, "'%s': its payload does not decode", u->endpoint);
	for (size_t k = 0; k < job->profile.accounts_n; k++) {
		struct account *a = &e->accounts[k];
		uint16_t i = (uint16_t)k;
		int32_t oscore = oscore_of(e->set, i);

		if (job->profile.accounts[i].security == IMP_SECURITY_PSK)
			a->psk = imp_set_octets(e->set, IMP_OBJ_SECURITY, i, 5);
		if (oscore < 0)
			continue;
		a->oscore_secret = imp_set_octets(e->set, IMP_OBJ_OSCORE, (uint16_t)oscore, 0);
		a->oscore_sender = imp_set_octets(e->set, IMP_OBJ_OSCORE, (uint16_t)oscore, 1);
		a->oscore_recipient = imp_set_octets(e->set, IMP_OBJ_OSCORE, (uint16_t)oscore, 2);
		a->oscore_salt = imp_set_octets(e->set, IMP_OBJ_OSCORE, (uint16_t)oscore, 5);
	}
	return IMP_OK;
}

static enum imp_status put_unit(struct export *e, const struct imp_unit *u)
{
	struct imp_job *job = e->job;
	enum imp_status st;

	memset(e->accounts, 0, sizeof e->accounts);
	e->kept_n = 0;
	st = imp_ledger_credentials(job->ledger, u->id, visit, e, &job->env->diag);
	if (st == IMP_OK && e->reveal)
		st = reveal(e, u);
	for (size_t i = 0; i < job->profile.accounts_n && st == IMP_OK; i++)
		st = put_row(e, u, i);
	if (e->set)
		imp_set_wipe(e->set);
	e->units++;
	return st;
}

static enum imp_status put_all(struct export *e)
{
	struct imp_unit *units = calloc(READ_AT_ONCE, sizeof *units);
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = units ? put_header(e) : IMP_E_INTERNAL;

	while (n && st == IMP_OK) {
		st = imp_ledger_units(e->job->ledger, e->job->batch.id, ~(1U << IMP_UNIT_SCRAPPED),
			after, units, READ_AT_ONCE, &n, &e->job->env->diag);
		for (size_t i = 0; i < n; i++) {
			if (st == IMP_OK && units[i].made)
				st = put_unit(e, &units[i]);
			after = units[i].id;
			imp_unit_free(&units[i]);
		}
	}
	free(units);
	return st;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static enum imp_status read_format(struct imp_env *env, const struct imp_args *args, bool *csv)
{
	const char *format = imp_arg(args, "format");

	if (format && strcmp(format, "jsonl") != 0 && strcmp(format, "csv") != 0)
		return imp_diag(
			&env->diag, IMP_E_USAGE, "--format %s: neither jsonl nor csv", format);
	*csv = format && strcmp(format, "csv") == 0;
	return IMP_OK;
}

/* The data key and a set to decode into, for secrets. */
static enum imp_status prepare_reveal(struct export *e, const char *key_file)
{
	struct imp_job *job = e->job;

	e->set = malloc(sizeof *e->set);
	if (!e->set)
		return imp_diag(&job->env->diag, IMP_E_INTERNAL, "out of memory");
	imp_set_init(e->set);
	return imp_ledger_data_key(
		job->ledger, &job->batch, key_file, &job->data_key, &job->env->diag);
}

static void fill_result(struct imp_json *j, const void *ctx)
{
	const struct export *e = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "batch", e->job->batch.name);
	imp_json_str(j, "file", e->path);
	imp_json_uint(j, "bytes", e->n);
	imp_json_uint(j, "units", e->units);
	imp_json_bool(j, "secrets", e->reveal);
	imp_json_bool(j, "written", !e->job->env->dry_run);
	imp_json_object_end(j);
}

static enum imp_status tell(struct imp_env *env, const struct export *e)
{
	if (env->json)
		return imp_json_line(env, fill_result, e);
	imp_note(env, "%s: %" PRIu64 " unit%s%s%s", e->path, e->units, imp_s(e->units),
		e->reveal ? ", SECRETS in clear" : "", env->dry_run ? " (not written)" : "");
	return IMP_OK;
}

static enum imp_status run(struct export *e, struct imp_env *env, const struct imp_args *args)
{
	enum imp_status st =
		imp_job_open(env, imp_arg(args, "ledger"), imp_arg(args, "batch"), false, e->job);

	e->path = imp_arg(args, "out");
	e->reveal = imp_flag(args, "reveal-secrets");
	if (st == IMP_OK)
		st = imp_job_load_profile(e->job);
	if (st == IMP_OK && e->reveal)
		st = prepare_reveal(e, imp_arg(args, "key-file"));
	if (st == IMP_OK)
		st = put_all(e);
	if (st == IMP_OK && !env->dry_run)
		st = imp_file_write(
			e->path, imp_span(e->out, e->n), imp_flag(args, "force"), &env->diag);
	if (st == IMP_E_DENIED && !env->diag.hint[0])
		imp_diag_hint(&env->diag, "--force replaces it");
	return st == IMP_OK ? tell(env, e) : st;
}

enum imp_status imp_export_accounts(struct imp_env *env, const struct imp_args *args, bool csv)
{
	IMP_JOB job = { .env = env, .lock = -1 };
	struct export *e = calloc(1, sizeof *e);
	enum imp_status st;

	if (!e)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	e->job = &job;
	e->csv = csv;
	st = run(e, env, args);
	if (e->set)
		imp_set_free(e->set);
	free(e->set);
	if (e->n)
		imp_wipe(e->out, e->n);
	free(e->out);
	free(e);
	return st;
}

enum imp_status imp_batch_export(struct imp_env *env, const struct imp_args *args)
{
	bool csv = false;
	enum imp_status st = read_format(env, args, &csv);

	return st == IMP_OK ? imp_export_accounts(env, args, csv) : st;
}
