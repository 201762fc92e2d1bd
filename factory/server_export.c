/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint server export: a batch for another bootstrap server.  For Leshan one line for each unit,
 * with the two bodies that its REST API takes; json and csv are what batch export writes.
 */
#include "factory/commands.h"

#include "base/plural.h"
#include "base/secret.h"
#include "cmd/json_line.h"
#include "factory/leshan.h"
#include "factory/server_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define READ_AT_ONCE 64

struct handing {
	struct imp_env *env;
	struct imp_server_options options;
	struct imp_ledger *ledger;
	struct imp_batch batch;
	struct imp_provider *provider;
	struct imp_set set; /* of the unit at hand */
	const char *path;
	uint8_t *out; /* the file; secrets */
	size_t n, cap;
	uint64_t units, planned;
	bool told[4][32]; /* resources that are left out were named */
};

/* ---- one unit ---------------------------------------------------------------------------------
 */

static enum imp_status reserve(struct handing *h, size_t n)
{
	size_t cap = h->cap ? h->cap : 65536;
	uint8_t *p;

	if (h->cap - h->n >= n)
		return IMP_OK;
	while (cap - h->n < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return imp_diag(&h->env->diag, IMP_E_INTERNAL, "out of memory");
	if (h->n) {
		memcpy(p, h->out, h->n);
		imp_wipe(h->out, h->n);
	}
	free(h->out);
	h->out = p;
	h->cap = cap;
	return IMP_OK;
}

struct line {
	const struct handing *h;
	const struct imp_unit *unit;
	const struct imp_set *holder;
	uint16_t account;
};

static void put_line(struct imp_wr *wr, const struct line *l)
{
	const struct imp_bs_policy *policy = &l->h->options.provider.policy;
	struct imp_json j = imp_json(wr);

	imp_json_object(&j, NULL);
	imp_json_str(&j, "endpoint", l->unit->endpoint);
	if (l->holder)
		imp_leshan_put_security(&j, "security", l->unit->endpoint, l->holder, l->account);
	else
		imp_json_null(&j, "security");
	imp_leshan_put(&j, "bootstrap", &l->h->set, policy->clearing, policy->discover);
	imp_json_object_end(&j);
	imp_wr_u8(wr, '\n');
}

/* Each resource that has no place there is named once. */
static void warn_of_losses(struct handing *h, const struct imp_unit *unit)
{
	const struct imp_value *v;
	size_t i = 0;

	while ((v = imp_leshan_lacks(&h->set, &i)) != NULL) {
		uint16_t object = v->path.object == IMP_OBJ_OSCORE ? 3 : v->path.object;

		if (object < 4 && v->path.resource < 32) {
			if (h->told[object][v->path.resource])
				continue;
			h->told[object][v->path.resource] = true;
		}
		imp_warn(h->env, "'%s': /%u/%u/%u has no place in Leshan's form and is left out",
			unit->endpoint, v->path.object, v->path.instance, v->path.resource);
	}
}

static enum imp_status put_unit(struct handing *h, const struct imp_unit *unit)
{
	struct line l = { .h = h, .unit = unit };
	struct imp_wr count = imp_wr_count(), wr;
	enum imp_status st;

	imp_set_wipe(&h->set);
	st = imp_provider_hand_over(h->provider, unit, &h->set, &l.holder, &l.account);
	if (st != IMP_OK) {
		(void)imp_diag(&h->env->diag, st, "'%s': %s", unit->endpoint,
			imp_provider_why(h->provider));
		if (st == IMP_E_DENIED && !h->options.provider.write)
			imp_diag_hint(&h->env->diag,
				"give --write PROFILE with the accounts that devices are to get");
		return st;
	}
	warn_of_losses(h, unit);
	put_line(&count, &l);
	if (count.st != IMP_OK)
		return imp_diag(&h->env->diag, IMP_E_UNSUPPORTED,
			"'%s': its PSK identity is no text, Leshan takes no other", unit->endpoint);
	st = reserve(h, count.n);
	if (st != IMP_OK)
		return st;
	wr = imp_wr(h->out + h->n, h->cap - h->n);
	put_line(&wr, &l);
	h->n += wr.n;
	h->units++;
	return wr.st;
}

static enum imp_status put_all(struct handing *h)
{
	struct imp_unit units[READ_AT_ONCE] = { 0 };
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = IMP_OK;

	while (n && st == IMP_OK) {
		st = imp_ledger_units(h->ledger, h->batch.id, ~(1U << IMP_UNIT_SCRAPPED), after,
			units, READ_AT_ONCE, &n, &h->env->diag);
		for (size_t i = 0; i < n; i++) {
			h->planned += !units[i].made;
			if (st == IMP_OK && units[i].made)
				st = put_unit(h, &units[i]);
			after = units[i].id;
			imp_unit_free(&units[i]);
		}
	}
	return st;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void fill_result(struct imp_json *j, const void *ctx)
{
	const struct handing *h = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "batch", h->batch.name);
	imp_json_str(j, "file", h->path);
	imp_json_uint(j, "bytes", h->n);
	imp_json_uint(j, "units", h->units);
	imp_json_uint(j, "without_keys", h->planned);
	imp_json_bool(j, "secrets", true);
	imp_json_bool(j, "written", !h->env->dry_run);
	imp_json_object_end(j);
}

static enum imp_status tell(struct handing *h)
{
	if (h->env->json)
		return imp_json_line(h->env, fill_result, h);
	imp_note(h->env, "%s: %" PRIu64 " unit%s, SECRETS in clear%s", h->path, h->units,
		imp_s(h->units), h->env->dry_run ? " (not written)" : "");
	return IMP_OK;
}

/* Nothing is made and recorded when nothing is to be written. */
static enum imp_status check_options(struct imp_env *env, const struct imp_args *args)
{
	if (!imp_flag(args, "reveal-secrets")) {
		(void)imp_diag(&env->diag, IMP_E_USAGE,
			"--to leshan: the bodies hold the keys of the devices in clear");
		imp_diag_hint(&env->diag, "--reveal-secrets writes them, to a file of mode 0600");
		return IMP_E_USAGE;
	}
	if (env->dry_run && imp_arg(args, "write"))
		return imp_diag(&env->diag, IMP_E_USAGE,
			"--dry-run and --write exclude each other: what is made is recorded");
	return IMP_OK;
}

static enum imp_status write_file(struct handing *h, bool force)
{
	struct imp_diag *diag = &h->env->diag;
	enum imp_status st = imp_file_write(h->path, imp_span(h->out, h->n), force, diag);

	if (st == IMP_E_DENIED && !diag->hint[0])
		imp_diag_hint(diag, "--force replaces it");
	return st;
}

static enum imp_status hand_over(struct handing *h, const struct imp_args *args)
{
	struct imp_env *env = h->env;
	enum imp_status st = check_options(env, args);

	h->path = imp_arg(args, "out");
	if (st == IMP_OK)
		st = imp_server_options_read_giving(env, args, &h->options);
	if (st == IMP_OK)
		st = imp_ledger_open(
			imp_arg(args, "ledger"), false, env->clock, &h->ledger, &env->diag);
	if (st == IMP_OK)
		st = imp_ledger_batch(h->ledger, imp_arg(args, "batch"), &h->batch, &env->diag);
	if (st == IMP_OK)
		st = imp_provider_open(env, h->ledger, &h->options.provider, &h->provider);
	if (st == IMP_OK)
		st = put_all(h);
	if (st == IMP_OK && !env->dry_run)
		st = write_file(h, imp_flag(args, "force"));
	return st == IMP_OK ? tell(h) : st;
}

static enum imp_status export_leshan(struct imp_env *env, const struct imp_args *args)
{
	struct handing *h = calloc(1, sizeof *h);
	enum imp_status st;

	if (!h)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	h->env = env;
	imp_set_init(&h->set);
	st = hand_over(h, args);
	imp_provider_close(h->provider);
	imp_batch_free(&h->batch);
	imp_ledger_close(h->ledger);
	imp_server_options_free(&h->options);
	imp_set_free(&h->set);
	if (h->n)
		imp_wipe(h->out, h->n);
	free(h->out);
	free(h);
	return st;
}

enum imp_status imp_server_export(struct imp_env *env, const struct imp_args *args)
{
	const char *to = imp_arg(args, "to");
	bool csv = strcmp(to, "csv") == 0;

	if (strcmp(to, "leshan") == 0)
		return export_leshan(env, args);
	if (!csv && strcmp(to, "json") != 0)
		return imp_diag(&env->diag, IMP_E_USAGE, "--to %s: none of leshan, json, csv", to);
	if (imp_arg(args, "write"))
		return imp_diag(&env->diag, IMP_E_USAGE,
			"--to %s lists the accounts of the units' own payloads; --write is for "
			"leshan",
			to);
	return imp_export_accounts(env, args, csv);
}
