/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/server_options.h"

#include "cmd/problems_report.h"
#include "crypto/own_key.h"
#include "factory/inputs.h"

#include <string.h>

#define KEY_FILE_MAX 65536

void imp_server_options_free(struct imp_server_options *o)
{
	imp_profile_free(&o->profile);
	imp_ca_close(o->ca);
	imp_wipe(o->key, sizeof o->key);
}

const struct imp_credentials *imp_server_own(const struct imp_server_options *o)
{
	return o->own.kind == IMP_PEER_NONE ? NULL : &o->own;
}

/* ---- own credentials --------------------------------------------------------------------------
 */

typedef enum imp_status convert(struct imp_span file, struct imp_wr *out);

static enum imp_status read_der(struct imp_env *env, const char *path, convert *as,
	const char *what, uint8_t *buf, size_t cap, struct imp_span *out)
{
	IMP_BLOB file = { NULL, 0 };
	struct imp_wr wr = imp_wr(buf, cap);
	enum imp_status st = imp_file_read(path, KEY_FILE_MAX, &file, &env->diag);

	if (st != IMP_OK)
		return st;
	st = as(imp_blob_span(&file), &wr);
	if (st != IMP_OK)
		return imp_diag(&env->diag, st == IMP_E_UNSUPPORTED ? st : IMP_E_FORMAT,
			"%s: %s %s", path, st == IMP_E_UNSUPPORTED ? "an encrypted" : "not a",
			what);
	*out = imp_wr_span(&wr);
	return IMP_OK;
}

static enum imp_status check_pair(struct imp_env *env, const char *certificate, const char *key)
{
	struct imp_blob files[2] = { { NULL, 0 }, { NULL, 0 } };
	enum imp_status st = imp_file_read(certificate, KEY_FILE_MAX, &files[0], &env->diag);

	if (st == IMP_OK)
		st = imp_file_read(key, KEY_FILE_MAX, &files[1], &env->diag);
	if (st == IMP_OK)
		st = imp_own_pair(imp_blob_span(&files[1]), imp_blob_span(&files[0]));
	imp_blob_free(&files[0]);
	imp_blob_free(&files[1]);
	if (st == IMP_E_MISMATCH)
		return imp_diag(&env->diag, IMP_E_FORMAT, "%s: not the private key of %s", key,
			certificate);
	return st;
}

static enum imp_status read_certificate(
	struct imp_env *env, const char *certificate, const char *key, struct imp_server_options *o)
{
	enum imp_status st;

	if (!key)
		return imp_diag(&env->diag, IMP_E_USAGE, "--cert needs --cert-key");
	st = read_der(env, certificate, imp_own_certificate, "certificate", o->identity,
		sizeof o->identity, &o->own.identity);
	if (st == IMP_OK)
		st = read_der(env, key, imp_own_private, "private key", o->key, sizeof o->key,
			&o->own.key);
	if (st == IMP_OK)
		st = check_pair(env, certificate, key);
	o->own.kind = IMP_PEER_X509;
	return st;
}

static enum imp_status read_raw(struct imp_env *env, const char *key, struct imp_server_options *o)
{
	enum imp_status st = read_der(env, key, imp_own_public, "private key", o->identity,
		sizeof o->identity, &o->own.identity);

	if (st == IMP_OK)
		st = read_der(env, key, imp_own_private, "private key", o->key, sizeof o->key,
			&o->own.key);
	o->own.kind = IMP_PEER_RPK;
	return st;
}

enum imp_status imp_server_options_read_own(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *o)
{
	const char *certificate = imp_arg(args, "cert"), *key = imp_arg(args, "cert-key"),
		   *raw = imp_arg(args, "rpk-key");

	o->provider.nosec = imp_flag(args, "allow-nosec");
	o->provider.policy.pack = !imp_flag(args, "no-pack");
	if (raw && (certificate || key)) {
		(void)imp_diag(&env->diag, IMP_E_USAGE,
			"--rpk-key and --cert exclude each other: one port cannot serve both");
		imp_diag_hint(&env->diag, "run two servers on the same ledger");
		return IMP_E_USAGE;
	}
	if (key && !certificate)
		return imp_diag(&env->diag, IMP_E_USAGE, "--cert-key needs --cert");
	if (raw)
		return read_raw(env, raw, o);
	return certificate ? read_certificate(env, certificate, key, o) : IMP_OK;
}

/* ---- what is written --------------------------------------------------------------------------
 */

static enum imp_status read_profile(
	struct imp_env *env, const char *path, struct imp_server_options *o)
{
	const struct imp_profile_options how = { .clock = env->clock, .keys = env->keycheck };
	IMP_PROBLEMS problems = { 0 };
	enum imp_status st = imp_profile_load(path, &how, &o->profile, &problems),
			told = imp_problems_report(env, &problems);

	if (st != IMP_OK)
		return told == IMP_OK ? st : told;
	o->provider.write = &o->profile;
	st = imp_profile_ca(&o->profile, env->clock->wall_s(env->clock->ctx), &o->ca, &env->diag);
	o->provider.ca = o->ca;
	return st;
}

/* One of a table of words. */
struct word {
	const char *text;
	unsigned value;
};

static enum imp_status read_word(struct imp_env *env, const struct imp_args *args, const char *name,
	const struct word *words, unsigned *out)
{
	const char *given = imp_arg(args, name);

	if (!given)
		return IMP_OK;
	for (; words->text; words++)
		if (strcmp(words->text, given) == 0) {
			*out = words->value;
			return IMP_OK;
		}
	(void)imp_diag(&env->diag, IMP_E_USAGE, "--%s %s: no such word", name, given);
	imp_diag_hint(&env->diag, "'imprint help server' lists them");
	return IMP_E_USAGE;
}

static enum imp_status read_clearing(
	struct imp_env *env, const struct imp_args *args, struct imp_bs_policy *policy)
{
	static const struct word clearings[] = { { "accounts", IMP_CLEAR_ACCOUNTS },
		{ "all", IMP_CLEAR_ALL }, { "nothing", IMP_CLEAR_NOTHING }, { NULL, 0 } };
	unsigned clearing = IMP_CLEAR_ACCOUNTS;
	enum imp_status st = read_word(env, args, "clear", clearings, &clearing);

	policy->clearing = (enum imp_clearing)clearing;
	policy->discover = !imp_flag(args, "no-discover");
	return st;
}

static enum imp_status read_format(
	struct imp_env *env, const struct imp_args *args, struct imp_bs_policy *policy)
{
	static const struct word formats[] = { { "tlv", IMP_FORMAT_TLV },
		{ "senml-cbor", IMP_FORMAT_SENML_CBOR }, { "senml-json", IMP_FORMAT_SENML_JSON },
		{ NULL, 0 } };
	unsigned format = IMP_FORMAT_TLV;
	enum imp_status st = read_word(env, args, "format", formats, &format);

	policy->format = (uint16_t)format;
	return st;
}

enum imp_status imp_server_options_read_giving(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *o)
{
	enum imp_status st = read_clearing(env, args, &o->provider.policy);

	o->provider.key_files = o->key_files;
	o->provider.key_files_n = imp_arg_all(args, "key-file", o->key_files);
	if (st == IMP_OK && imp_arg(args, "write"))
		st = read_profile(env, imp_arg(args, "write"), o);
	return st;
}

enum imp_status imp_server_options_read(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *o)
{
	enum imp_status st = read_format(env, args, &o->provider.policy);

	return st == IMP_OK ? imp_server_options_read_giving(env, args, o) : st;
}
