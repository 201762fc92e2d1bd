/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch new: plan every row of a device list; all that can refuse does so here. */
#include "factory/commands.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/problems_report.h"
#include "codec/json_enc.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "factory/fields.h"
#include "factory/inputs.h"
#include "factory/maker.h"
#include "factory/plan.h"
#include "host/text.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#define PROFILE_MAX ((size_t)256 << 10)
#define DEVICES_MAX ((size_t)1 << 30)
#define SEAL_MAX ((size_t)1 << 20)

struct planning {
	struct imp_env *env;
	const char *ledger_path, *profile_path, *devices_path, *name;
	bool skip_bad;
	char *real_profile; /* absolute */
	struct imp_blob profile_text;
	struct imp_profile profile;
	struct imp_devices devices;
	struct imp_problems problems;
	struct imp_ca *ca;
	struct imp_secret data_key;
	struct imp_batch batch;
	struct imp_ledger *ledger; /* NULL: a dry run without one */
	struct imp_plan_row row;
	uint64_t units;
};

static void free_planning(struct planning *p)
{
	free(p->real_profile);
	imp_blob_free(&p->profile_text);
	imp_profile_free(&p->profile);
	imp_devices_free(&p->devices);
	imp_problems_free(&p->problems);
	imp_ca_close(p->ca);
	imp_secret_wipe(&p->data_key);
	imp_batch_free(&p->batch);
	imp_ledger_close(p->ledger);
	free(p);
}

/* ---- reading what is asked for ------------------------------------------------------------------
 */

static enum imp_status check_name(struct planning *p)
{
	struct imp_span name = imp_span_str(p->name);
	if (name.n > 0 && name.n <= IMP_BATCH_NAME_MAX && imp_span_utf8(name) &&
		!imp_text_has_control(name))
		return IMP_OK;
	return imp_diag(&p->env->diag, IMP_E_FORMAT,
		"--name: 1 to %d octets of text without control characters", IMP_BATCH_NAME_MAX);
}

/* Several faults are listed, one becomes the diagnosis. */
static enum imp_status report(struct planning *p, enum imp_status st)
{
	enum imp_status reported = imp_problems_report(p->env, &p->problems);

	imp_problems_free(&p->problems);
	memset(&p->problems, 0, sizeof p->problems);
	return reported != IMP_OK ? reported : st;
}

static enum imp_status load_profile(struct planning *p)
{
	struct imp_diag *diag = &p->env->diag;
	struct imp_profile_options options = { .clock = p->env->clock, .keys = p->env->keycheck };
	enum imp_status st = imp_file_read(p->profile_path, PROFILE_MAX, &p->profile_text, diag);
	char *slash;

	if (st != IMP_OK)
		return st;
	p->real_profile = realpath(p->profile_path, NULL);
	if (!p->real_profile)
		return imp_diag(
			diag, IMP_E_IO, "%s: not a file that can be found again", p->profile_path);
	p->batch.profile_path = strdup(p->real_profile);
	if (!p->batch.profile_path)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	slash = strrchr(p->real_profile, '/');
	slash[slash == p->real_profile] = '\0'; /* its folder */
	st = imp_profile_parse(imp_blob_span(&p->profile_text), p->profile_path, p->real_profile,
		&options, &p->profile, &p->problems);
	st = report(p, st);
	if (st != IMP_OK || !p->profile.server)
		return st;
	(void)imp_diag(diag, IMP_E_FORMAT,
		"%s: its target is server: it is written over the air to devices of other batches",
		p->profile_path);
	imp_diag_hint(diag, "give it to 'imprint server run --write'; a batch needs flash or card");
	return IMP_E_FORMAT;
}

static enum imp_status load_devices(struct planning *p)
{
	IMP_BLOB text = { NULL, 0 };
	enum imp_status st = imp_file_read(p->devices_path, DEVICES_MAX, &text, &p->env->diag);

	if (st == IMP_OK)
		st = imp_sha256(imp_blob_span(&text), p->batch.devices_sha256);
	if (st != IMP_OK)
		return st;
	st = imp_devices_parse(
		imp_blob_span(&text), p->devices_path, p->skip_bad, &p->devices, &p->problems);
	if (st == IMP_OK)
		st = imp_plan_check(&p->profile, &p->devices, p->skip_bad, &p->problems);
	return report(p, st);
}

/* ---- does it fit -------------------------------------------------------------------------------
 */

/* The device whose texts are the longest. */
static enum imp_status longest_device(struct planning *p, size_t *at)
{
	size_t most = 0;

	for (size_t i = 0; i < p->devices.n; i++) {
		enum imp_status st = imp_plan_row(
			&p->profile, &p->devices, &p->devices.v[i], &p->row, &p->env->diag);

		if (st != IMP_OK)
			return st;
		if (p->row.used > most) {
			most = p->row.used;
			*at = i;
		}
	}
	return IMP_OK;
}

/* An ECDSA signature may be up to 8 octets longer than another one; so much may a payload grow for
 * each certificate in it. */
#define SIGNATURE_SLACK 8U

static enum imp_status check_size(struct planning *p, const struct imp_made *made)
{
	size_t n = made->payload_n + made->certificates_n * SIGNATURE_SLACK;
	uint32_t max;

	if (!p->profile.flash.present)
		return IMP_OK;
	max = imp_layout_payload_max(&p->profile.flash.layout, p->profile.flash.tag_key != NULL);
	if (n <= max)
		return IMP_OK;
	(void)imp_diag(&p->env->diag, IMP_E_SPACE,
		"%s: a payload of %zu octets (%.*s) does not fit the %u of layout '%s'",
		p->profile_path, n, (int)p->row.endpoint.n, (const char *)p->row.endpoint.p,
		(unsigned)max, p->profile.flash.layout.name);
	imp_diag_hint(&p->env->diag, "take a layout with larger slots, or fewer accounts");
	return IMP_E_SPACE;
}

/* Make the largest device once, of repeatable octets that are worthless as keys, in memory. */
static enum imp_status try_device(struct planning *p, const struct imp_rng *rng)
{
	struct imp_maker *maker = NULL;
	struct imp_made *made = calloc(1, sizeof *made);
	enum imp_status st;

	if (!made)
		return imp_diag(&p->env->diag, IMP_E_INTERNAL, "out of memory");
	st = imp_maker_open(&p->profile, p->ca, rng, p->batch.not_before, &maker, &p->env->diag);
	if (st == IMP_OK)
		st = imp_maker_make(maker, &p->row, made, &p->env->diag);
	if (st == IMP_OK)
		st = check_size(p, made);
	imp_made_wipe(made);
	imp_maker_close(maker);
	free(made);
	return st;
}

static enum imp_status try_largest(struct planning *p)
{
	struct imp_rng_test *test = NULL;
	size_t at = 0;
	enum imp_status st = longest_device(p, &at);

	if (st == IMP_OK)
		st = imp_plan_row(
			&p->profile, &p->devices, &p->devices.v[at], &p->row, &p->env->diag);
	if (st == IMP_OK)
		st = imp_rng_test_open(imp_span_str("planning"), &test);
	if (st == IMP_OK)
		st = try_device(p, imp_rng_test_rng(test));
	imp_rng_test_close(test);
	return st;
}

/* ---- the batch row -----------------------------------------------------------------------------
 */

static enum imp_status seal_cms(struct planning *p, struct imp_wr *out)
{
	IMP_BLOB certificate = { NULL, 0 };
	const char *path = p->profile.seal.file;
	enum imp_status st = imp_file_read(path, SEAL_MAX, &certificate, &p->env->diag);

	if (st != IMP_OK)
		return st;
	p->batch.seal = IMP_BATCH_SEAL_CMS;
	return imp_data_key_seal_cms(
		&p->data_key, imp_blob_span(&certificate), path, out, &p->env->diag);
}

static enum imp_status seal_station(struct planning *p, struct imp_wr *out)
{
	IMP_SECRET station = { { 0 }, 0 };
	const char *path = p->profile.seal.file;
	bool loose = false;
	enum imp_status st = imp_file_secret(path, &station, &loose, &p->env->diag);

	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(p->env, "%s: others may read this key: chmod 600", path);
	p->batch.seal = IMP_BATCH_SEAL_STATION;
	st = imp_data_key_seal_station(&p->data_key, &station, p->env->rng, out, &p->env->diag);
	if (st != IMP_OK && !p->env->diag.text[0])
		return imp_diag(&p->env->diag, st, "%s: not a station key of %d octets", path,
			IMP_STATION_KEY);
	return st;
}

static enum imp_status seal_data_key(struct planning *p)
{
	uint8_t sealed[8192];
	struct imp_wr wr = imp_wr(sealed, sizeof sealed);
	enum imp_status st = imp_data_key_make(p->env->rng, &p->data_key);

	if (st != IMP_OK)
		return imp_diag(&p->env->diag, st, "no randomness for the key of the batch");
	st = p->profile.seal.kind == IMP_SEAL_STATION_KEY ? seal_station(p, &wr) : seal_cms(p, &wr);
	if (st != IMP_OK)
		return st;
	p->batch.data_key.p = malloc(wr.n);
	p->batch.seal_file = realpath(p->profile.seal.file, NULL);
	if (!p->batch.data_key.p || !p->batch.seal_file)
		return imp_diag(&p->env->diag, IMP_E_INTERNAL, "out of memory");
	memcpy(p->batch.data_key.p, sealed, wr.n);
	p->batch.data_key.n = wr.n;
	return IMP_OK;
}

static enum imp_status fill_batch(struct planning *p)
{
	struct imp_batch *b = &p->batch;
	enum imp_status st;

	memcpy(b->name, p->name, strlen(p->name) + 1);
	b->product = strdup(p->profile.product);
	b->profile = strndup((const char *)p->profile_text.p, p->profile_text.n);
	b->columns = imp_fields_join(p->devices.columns, p->devices.columns_n);
	if (!b->product || !b->profile || !b->columns)
		return imp_diag(&p->env->diag, IMP_E_INTERNAL, "out of memory");
	b->keys = p->profile.keys;
	b->targets = (p->profile.flash.present ? IMP_TARGET_FLASH : 0) |
		     (p->profile.card.present ? IMP_TARGET_CARD : 0);
	b->test = imp_rng_is_test(p->env->rng);
	st = imp_sha256(imp_blob_span(&p->profile_text), b->profile_sha256);
	if (st == IMP_OK)
		st = imp_profile_inputs(&p->profile, b->inputs_sha256, &p->env->diag);
	return st == IMP_OK ? seal_data_key(p) : st;
}

/* ---- the units ---------------------------------------------------------------------------------
 */

static bool put_text(char *out, size_t cap, struct imp_span s)
{
	if (s.n >= cap)
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

static size_t known_credentials(const struct planning *p, struct imp_cred out[IMP_ACCOUNTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->profile.accounts_n; i++)
		if (p->row.accounts[i].identity.n)
			out[n++] = (struct imp_cred){ .kind = IMP_CRED_PSK_IDENTITY,
				.accounts = 1ULL << i,
				.value = p->row.accounts[i].identity };
	return n;
}

static enum imp_status plan_device(struct planning *p, const struct imp_device *device)
{
	struct imp_diag *diag = &p->env->diag;
	struct imp_cred credentials[IMP_ACCOUNTS_MAX];
	IMP_UNIT u = { .line = device->line };
	enum imp_status st = imp_plan_row(&p->profile, &p->devices, device, &p->row, diag);
	size_t n;

	if (st != IMP_OK)
		return st;
	if (!put_text(u.serial, sizeof u.serial, p->row.serial) ||
		!put_text(u.endpoint, sizeof u.endpoint, p->row.endpoint) ||
		!put_text(u.iccid, sizeof u.iccid, p->row.iccid))
		return imp_diag(diag, IMP_E_SPACE, "serial, endpoint or ICCID too long");
	u.fields = imp_fields_join(device->cells, p->devices.columns_n);
	if (!u.fields)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (!p->ledger)
		return IMP_OK;
	n = known_credentials(p, credentials);
	return imp_ledger_plan_unit(p->ledger, &p->batch, &u, credentials, n, diag);
}

/* Conflicts with units of other batches are bad rows, listed like the others. */
static void note_conflict(struct planning *p, const struct imp_device *device)
{
	(p->skip_bad ? imp_problem_warning : imp_problem_error)(
		&p->problems, p->devices_path, device->line, "", "%s", p->env->diag.text);
	memset(&p->env->diag, 0, sizeof p->env->diag);
}

static enum imp_status plan_devices(struct planning *p)
{
	for (size_t i = 0; i < p->devices.n; i++) {
		enum imp_status st = plan_device(p, &p->devices.v[i]);

		if (st == IMP_E_DENIED)
			note_conflict(p, &p->devices.v[i]);
		else if (st != IMP_OK)
			return st;
		else
			p->units++;
	}
	if (p->units == 0 && p->problems.errors == 0)
		imp_problem_error(
			&p->problems, p->devices_path, 0, "", "no row is left to be planned");
	return report(p, IMP_OK);
}

static enum imp_status record(struct planning *p)
{
	struct imp_diag *diag = &p->env->diag;
	enum imp_status st = imp_ledger_plan_begin(p->ledger, &p->batch, diag);

	if (st != IMP_OK)
		return st;
	st = plan_devices(p);
	if (st == IMP_OK && p->batch.seal == IMP_BATCH_SEAL_CMS && !p->env->dry_run)
		st = imp_resume_create(p->ledger, p->env->rng, &p->data_key, &p->batch, diag);
	if (st == IMP_OK && !p->env->dry_run)
		return imp_ledger_plan_end(p->ledger, diag);
	imp_ledger_plan_abort(p->ledger);
	return st;
}

/* A dry run makes no ledger: where there is none, there is nobody to be in conflict with. */
static enum imp_status record_or_rehearse(struct planning *p)
{
	struct imp_env *env = p->env;
	enum imp_status st =
		imp_ledger_open(p->ledger_path, !env->dry_run, env->clock, &p->ledger, &env->diag);

	if (st == IMP_OK)
		return record(p);
	if (st != IMP_E_ABSENT || !env->dry_run)
		return st;
	memset(&env->diag, 0, sizeof env->diag);
	return plan_devices(p);
}

/* ---- the command -------------------------------------------------------------------------------
 */

static void print_result(struct planning *p)
{
	uint8_t buf[2048];
	struct imp_wr wr = imp_wr(buf, sizeof buf);
	struct imp_json j = imp_json(&wr);

	if (!p->env->json) {
		imp_out(p->env, "batch '%s': %llu unit%s of '%s' planned%s\n", p->name,
			(unsigned long long)p->units, imp_s(p->units), p->batch.product,
			p->env->dry_run ? " (dry run: nothing recorded)" : "");
		return;
	}
	imp_json_object(&j, NULL);
	imp_json_str(&j, "batch", p->name);
	imp_json_str(&j, "product", p->batch.product);
	imp_json_uint(&j, "total", p->units);
	imp_json_bool(&j, "recorded", !p->env->dry_run);
	imp_json_object_end(&j);
	imp_out(p->env, "%.*s\n", (int)wr.n, (const char *)buf);
}

static enum imp_status plan(struct planning *p)
{
	int64_t now = p->env->clock->wall_s(p->env->clock->ctx);
	enum imp_status st = check_name(p);

	p->batch.created = p->batch.not_before = now;
	if (st == IMP_OK)
		st = load_profile(p);
	if (st == IMP_OK)
		st = load_devices(p);
	if (st == IMP_OK)
		st = imp_profile_ca(&p->profile, now, &p->ca, &p->env->diag);
	if (st == IMP_OK)
		st = try_largest(p);
	if (st == IMP_OK)
		st = fill_batch(p);
	if (st == IMP_OK)
		st = record_or_rehearse(p);
	if (st == IMP_OK)
		print_result(p);
	return st;
}

enum imp_status imp_batch_new(struct imp_env *env, const struct imp_args *args)
{
	struct planning *p = calloc(1, sizeof *p);
	enum imp_status st;

	if (!p)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	p->env = env;
	p->ledger_path = imp_arg(args, "ledger");
	p->profile_path = imp_arg(args, "profile");
	p->devices_path = imp_arg(args, "devices");
	p->name = imp_arg(args, "name");
	p->skip_bad = imp_flag(args, "skip-bad");
	st = plan(p);
	free_planning(p);
	return st;
}
