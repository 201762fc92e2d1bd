/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/profile.h"

#include "factory/profile_read.h"
#include "host/file.h"

#include <stdlib.h>
#include <string.h>

#define PROFILE_MAX ((size_t)256 << 10)

static const struct imp_word keys[] = {
	{ "persistent", IMP_KEYS_PERSISTENT },
	{ "non-persistent", IMP_KEYS_NON_PERSISTENT },
	{ NULL, 0 },
};
static const struct imp_word enablers[] = { { "1.0", 0 }, { "1.1", 1 }, { "1.2", 2 }, { NULL, 0 } };
static const struct imp_word versions[] = { { "implicit", 0 }, { "explicit", 1 }, { NULL, 0 } };
static const struct imp_word encodes[] = {
	{ "bin", IMP_ENCODE_BIN },
	{ "ihex", IMP_ENCODE_IHEX },
	{ NULL, 0 },
};
static const struct imp_word read_rules[] = {
	{ "always", IMP_READ_ALWAYS },
	{ "pin", IMP_READ_PIN },
	{ NULL, 0 },
};

static void read_top(struct imp_reading *r)
{
	struct imp_profile *p = r->profile;
	const struct imp_raw_profile *raw = r->raw;
	int64_t attribute = IMP_KEYS_UNSTATED, minor = 1, explicit_versions = 0;

	imp_read_text(r, "product", raw->product, &p->product);
	imp_read_template(r, "endpoint", raw->endpoint, &p->endpoint);
	(void)imp_read_word(r, "keys", raw->keys, keys, &attribute);
	(void)imp_read_word(r, "enabler", raw->enabler, enablers, &minor);
	(void)imp_read_word(
		r, "object-versions", raw->object_versions, versions, &explicit_versions);
	p->keys = (enum imp_keys)attribute;
	p->enabler_major = 1;
	p->enabler_minor = (uint8_t)minor;
	p->explicit_versions = explicit_versions != 0;
}

static void read_x509(struct imp_reading *r)
{
	struct imp_profile_x509 *x = &r->profile->x509;
	const struct imp_raw_x509 *raw = r->raw->x509;

	if (!raw)
		return;
	imp_reading_enter(r, "%s", "x509");
	x->present = true;
	x->line = imp_reading_line(r, "");
	x->validity_days = 3650;
	x->backdate = 3600;
	imp_read_path(r, "ca", raw->ca, &x->ca);
	imp_read_path(r, "ca-key", raw->ca_key, &x->ca_key);
	imp_read_template(r, "subject", raw->subject ? raw->subject : "CN={endpoint}", &x->subject);
	imp_read_number(r, "validity-days", raw->validity_days, 1, 36525, &x->validity_days);
	imp_read_number(r, "backdate", raw->backdate, 0, 31536000, &x->backdate);
}

static void read_targets(struct imp_reading *r)
{
	struct imp_profile *p = r->profile;
	const struct imp_raw_targets *raw = r->raw->targets;
	int64_t encode = IMP_ENCODE_BIN, read_rule = IMP_READ_ALWAYS;

	if (raw->flash) {
		imp_reading_enter(r, "%s", "targets.flash");
		p->flash.present = true;
		p->flash.layout_line = imp_reading_line(r, "layout");
		imp_read_text(r, "layout", raw->flash->layout, &p->flash.layout_name);
		(void)imp_read_word(r, "encode", raw->flash->encode, encodes, &encode);
		p->flash.encode = (enum imp_encode)encode;
		imp_read_path(r, "tag-key", raw->flash->tag_key, &p->flash.tag_key);
	}
	if (raw->card) {
		imp_reading_enter(r, "%s", "targets.card");
		p->card.present = true;
		p->card.opensc_compatible = true;
		(void)imp_read_word(r, "read-rule", raw->card->read_rule, read_rules, &read_rule);
		imp_read_bool(r, "opensc-compatible", raw->card->opensc_compatible,
			&p->card.opensc_compatible);
		p->card.read_rule = (enum imp_read_rule)read_rule;
	}
	imp_reading_enter(r, "%s", "targets");
	imp_read_bool(r, "server", raw->server, &p->server);
}

static void read_seal(struct imp_reading *r)
{
	struct imp_profile *p = r->profile;
	const struct imp_raw_seal *raw = r->raw->seal;

	if (!raw) {
		imp_reading_enter(r, "%s", "");
		if (!p->server)
			imp_reading_error(r, "", "", "'seal' is missing");
		return;
	}
	imp_reading_enter(r, "%s", "seal");
	p->seal.line = imp_reading_line(r, "");
	if (!raw->certificate == !raw->station_key) {
		imp_reading_error(r, "", "", "name one of certificate and station-key, not %s",
			raw->certificate ? "both" : "none");
	} else if (raw->certificate) {
		p->seal.kind = IMP_SEAL_CERTIFICATE;
		imp_read_path(r, "certificate", raw->certificate, &p->seal.file);
	} else {
		p->seal.kind = IMP_SEAL_STATION_KEY;
		imp_read_path(r, "station-key", raw->station_key, &p->seal.file);
	}
}

static void read_all(struct imp_reading *r)
{
	read_top(r);
	read_x509(r);
	read_targets(r);
	read_seal(r);
	imp_reading_enter(r, "%s", "");
	imp_read_accounts(r);
	imp_read_access(r);
}

static enum imp_status judge(
	struct imp_reading *r, const struct imp_profile_options *options, size_t errors_before)
{
	read_all(r);
	imp_profile_check_text(r);
	if (!options->text_only)
		imp_profile_check_files(r, options);
	return r->problems->errors == errors_before ? IMP_OK : IMP_E_FORMAT;
}

enum imp_status imp_profile_parse(struct imp_span text, const char *path, const char *dir,
	const struct imp_profile_options *options, struct imp_profile *out,
	struct imp_problems *problems)
{
	IMP_PROFILE p = { .keys = IMP_KEYS_UNSTATED };
	IMP_YAML yaml = { .file = NULL };
	struct imp_reading r = { .profile = &p, .yaml = &yaml, .problems = problems };
	size_t errors_before = problems->errors;
	enum imp_status st;

	*out = (struct imp_profile){ 0 };
	p.path = imp_arena_text(&p.arena, path, strlen(path));
	p.dir = imp_arena_text(&p.arena, dir, strlen(dir));
	if (!p.path || !p.dir) {
		imp_problem_status(problems, IMP_E_INTERNAL, path, 0, "out of memory");
		return IMP_E_INTERNAL;
	}
	st = imp_yaml_load(text, p.path, &imp_profile_schema, &yaml, problems);
	if (st != IMP_OK)
		return st;
	r.raw = yaml.data;
	st = judge(&r, options, errors_before);
	if (st != IMP_OK)
		return st;
	*out = p;
	p = (struct imp_profile){ 0 };
	return IMP_OK;
}

/* Folder of a path: "." when it has none. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

enum imp_status imp_profile_load(const char *path, const struct imp_profile_options *options,
	struct imp_profile *out, struct imp_problems *problems)
{
	IMP_BLOB text = { NULL, 0 };
	struct imp_diag diag = { .text = "" };
	enum imp_status st = imp_file_read(path, PROFILE_MAX, &text, &diag);
	char *dir;

	*out = (struct imp_profile){ 0 };
	if (st != IMP_OK) {
		imp_problem_diag(problems, path, 0, &diag);
		return st;
	}
	dir = folder_of(path);
	if (!dir) {
		imp_problem_status(problems, IMP_E_INTERNAL, path, 0, "out of memory");
		return IMP_E_INTERNAL;
	}
	st = imp_profile_parse(imp_blob_span(&text), path, dir, options, out, problems);
	free(dir);
	return st;
}

void imp_profile_free(struct imp_profile *profile)
{
	imp_arena_free(&profile->arena);
	*profile = (struct imp_profile){ 0 };
}
