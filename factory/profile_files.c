/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that the files which a profile names can break, and a sample device made of TEST keys. */
#include "base/plural.h"
#include "cmd/layout_file.h"
#include "cmd/tag_key.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "crypto/server_key.h"
#include "crypto/x509_info.h"
#include "factory/maker.h"
#include "factory/plan.h"
#include "factory/profile_read.h"
#include "host/file.h"
#include "host/system.h"
#include "model/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define SOON (30 * 86400) /* seconds */

struct files {
	struct imp_reading *r;
	const struct imp_profile_options *options;
	int64_t now;
	struct imp_ca *ca; /* NULL when it was refused or is not needed */
};

static void files_close(struct files *f)
{
	imp_ca_close(f->ca);
}

/* A file that a key names; a fault is reported at that key. */
static bool read_named(struct files *f, const char *key, const char *path, struct imp_blob *out)
{
	struct imp_diag diag = { .text = "" };

	if (!path)
		return false;
	if (imp_file_read(path, FILE_MAX, out, &diag) == IMP_OK)
		return true;
	imp_reading_error(f->r, key, "", "%s", diag.text);
	return false;
}

/* In force now, and not about to run out. */
static void check_validity(
	struct files *f, const char *key, const char *path, const struct imp_x509_info *info)
{
	if (f->now > info->not_after_s)
		imp_reading_error(f->r, key, "", "%s expired on %s", path, info->not_after);
	else if (f->now < info->not_before_s)
		imp_reading_error(
			f->r, key, "", "%s is not in force before %s", path, info->not_before);
	else if (info->not_after_s - f->now < SOON)
		imp_reading_warning(f->r, key, "", "%s expires on %s", path, info->not_after);
}

/* ---- servers ---- */

/* What 0/x/15 wants in 0/x/4 (ref lwm2m 2.4): a CA for usages 0 and 2, else the server itself. */
static void check_usage(
	struct files *f, const struct imp_profile_account *a, const struct imp_x509_info *info)
{
	bool wants_ca = a->certificate_usage == 0 || a->certificate_usage == 2;

	if (wants_ca && !info->ca)
		imp_reading_error(
			f->r, "certificate-usage", "", "%s is no CA's certificate", a->server_key);
	else if (!wants_ca && info->ca)
		imp_reading_warning(f->r, "server-key", "",
			"%s is a CA's certificate, the usage takes it for the server's own",
			a->server_key);
}

static void check_server_key(struct files *f, const struct imp_profile_account *a)
{
	IMP_BLOB file = { NULL, 0 };
	struct imp_wr count = imp_wr_count();
	struct imp_x509_info info;
	bool certificate = false;
	int matching = a->matching_type > 0 ? (int)a->matching_type : 0;
	enum imp_status st;

	imp_reading_enter(f->r, "accounts[%u]", a->index);
	if (!read_named(f, "server-key", a->server_key, &file))
		return;
	st = imp_server_key(imp_blob_span(&file), matching, &count, &certificate);
	if (st != IMP_OK) {
		imp_reading_error(f->r, "server-key", st == IMP_E_UNSUPPORTED ? "B3" : "B13",
			"%s is %s", a->server_key,
			st == IMP_E_UNSUPPORTED
				? "a key that is too weak"
				: "neither a certificate nor a public key, in PEM or DER");
		return;
	}
	if (a->security != IMP_SECURITY_X509)
		return;
	if (!certificate || imp_x509_info(imp_blob_span(&file), &info) != IMP_OK) {
		imp_reading_error(f->r, "server-key", "B15",
			"%s is a bare public key, security x509 needs a certificate",
			a->server_key);
		return;
	}
	check_validity(f, "server-key", a->server_key, &info);
	check_usage(f, a, &info);
}

/* ---- CA ---- */

static void check_ca(struct files *f)
{
	const struct imp_profile_x509 *x = &f->r->profile->x509;
	IMP_BLOB certificate = { NULL, 0 };
	IMP_BLOB key = { NULL, 0 };
	struct imp_diag diag = { .text = "" };
	struct imp_ca_source source;
	bool both;

	if (!x->present)
		return;
	imp_reading_enter(f->r, "%s", "x509");
	both = read_named(f, "ca", x->ca, &certificate);
	both = read_named(f, "ca-key", x->ca_key, &key) && both;
	if (!both)
		return;
	source = (struct imp_ca_source){ imp_blob_span(&certificate), imp_blob_span(&key), x->ca,
		x->ca_key };
	if (imp_ca_open(&source, f->now, &f->ca, &diag) != IMP_OK)
		imp_reading_error(f->r, "ca", "", "%s", diag.text);
	else if (f->now + x->validity_days * 86400 > imp_ca_not_after(f->ca))
		imp_reading_warning(
			f->r, "validity-days", "", "device certificates would outlive the CA's");
}

/* ---- seal ---- */

static void check_station_key(struct files *f, const char *path)
{
	IMP_SECRET key = { .n = 0 };
	struct imp_diag diag = { .text = "" };
	bool loose = false;

	if (imp_file_secret(path, &key, &loose, &diag) != IMP_OK)
		imp_reading_error(f->r, "station-key", "", "%s", diag.text);
	else if (key.n != IMP_STATION_KEY)
		imp_reading_error(f->r, "station-key", "",
			"%s holds %zu octet%s; a station key has %d, or hex: and %d digits", path,
			key.n, imp_s(key.n), IMP_STATION_KEY, 2 * IMP_STATION_KEY);
	else if (loose)
		imp_reading_warning(f->r, "station-key", "", "others may read %s: chmod 600", path);
}

static void check_seal(struct files *f)
{
	const struct imp_profile *p = f->r->profile;
	IMP_BLOB file = { NULL, 0 };
	struct imp_x509_info info;

	imp_reading_enter(f->r, "%s", "seal");
	if (!p->seal.file)
		return;
	if (p->seal.kind == IMP_SEAL_STATION_KEY) {
		check_station_key(f, p->seal.file);
		return;
	}
	if (!read_named(f, "certificate", p->seal.file, &file))
		return;
	if (imp_x509_info(imp_blob_span(&file), &info) != IMP_OK)
		imp_reading_error(f->r, "certificate", "", "%s is no certificate", p->seal.file);
	else
		check_validity(f, "certificate", p->seal.file, &info);
}

/* ---- a sample device ---- */

#define SAMPLE_COLUMNS 64

struct sample {
	struct imp_devices devices;
	struct imp_device device;
	const char *columns[SAMPLE_COLUMNS];
	const char *cells[SAMPLE_COLUMNS];
	char values[SAMPLE_COLUMNS][3];
	struct imp_plan_row row;
	struct imp_made made;
};

static void add_column(struct sample *s, const char *name)
{
	size_t n = s->devices.columns_n;

	if (n == SAMPLE_COLUMNS || imp_devices_column(&s->devices, name) != IMP_NO_COLUMN)
		return;
	/* Two hexadecimal digits, another pair for each column: fit wherever a text or an id may
	 * stand. */
	(void)snprintf(s->values[n], sizeof s->values[n], "%02x", (unsigned)n + 16);
	s->columns[n] = name;
	s->cells[n] = s->values[n];
	s->devices.columns_n++;
}

static void add_columns(struct sample *s, const struct imp_template *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].column)
			add_column(s, t->v[i].text);
}

static void sample_list(struct sample *s, const struct imp_profile *p)
{
	s->devices.path = p->path;
	s->devices.columns = s->columns;
	s->devices.iccid = IMP_NO_COLUMN;
	s->devices.v = &s->device;
	s->devices.n = 1;
	s->device.cells = s->cells;
	add_column(s, "serial");
	add_columns(s, &p->endpoint);
	add_columns(s, &p->x509.subject);
	for (size_t i = 0; i < p->accounts_n; i++) {
		add_columns(s, &p->accounts[i].identity);
		add_columns(s, &p->accounts[i].oscore.sender_id.template);
		add_columns(s, &p->accounts[i].oscore.recipient_id.template);
		add_columns(s, &p->accounts[i].oscore.id_context.template);
	}
}

static bool reported(const struct imp_problems *problems, const char *rule)
{
	for (size_t i = 0; i < problems->n; i++)
		if (strcmp(problems->v[i].rule, rule) == 0)
			return true;
	return false;
}

/* The n-th account that has a Server, or OSCORE, instance. */
static const struct imp_profile_account *account_of(
	const struct imp_profile *p, const struct imp_path *where)
{
	size_t n = where->instance;

	for (size_t i = 0; i < p->accounts_n; i++) {
		const struct imp_profile_account *a = &p->accounts[i];
		bool counts = where->object == IMP_OBJ_SECURITY ||
			      (where->object == IMP_OBJ_SERVER && !a->bootstrap) ||
			      (where->object == IMP_OBJ_OSCORE && a->oscore.present);

		if (counts && n-- == 0)
			return a;
	}
	return NULL;
}

/* The part of the profile that made an instance (numbering: factory/maker.h). */
static void enter_maker_of(struct imp_reading *r, const struct imp_path *where)
{
	const struct imp_profile *p = r->profile;
	const struct imp_profile_account *a = account_of(p, where);

	if (where->object == IMP_OBJ_ACCESS_CONTROL && where->instance < p->access_n)
		imp_reading_enter(r, "access-control[%u]", p->access[where->instance].index);
	else if (a)
		imp_reading_enter(r, "accounts[%u]", a->index);
	else
		imp_reading_enter(r, "%s", "");
}

/* What the rules of a set say of it; warnings that the text of the profile has earned already are
 * not repeated. */
static void judge_set(struct files *f, const struct imp_set *set, struct imp_span endpoint)
{
	struct imp_check_options options = { f->options->keys, endpoint, false };
	struct imp_findings found = { .n = 0 };
	struct imp_reading *r = f->r;
	char where[32];

	imp_check(set, &options, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct imp_finding *finding = &found.v[i];

		if (finding->severity == IMP_NOTE || reported(r->problems, finding->rule))
			continue;
		imp_path_text(finding->where, where);
		enter_maker_of(r, &finding->where);
		if (finding->severity == IMP_ERROR)
			imp_reading_error(
				r, "", finding->rule, "a device gets %s: %s", where, finding->text);
		else
			imp_reading_warning(
				r, "", finding->rule, "a device gets %s: %s", where, finding->text);
	}
}

static void judge_size(struct files *f, size_t payload)
{
	const struct imp_profile *p = f->r->profile;
	uint32_t room = p->flash.present
				? imp_layout_payload_max(&p->flash.layout, p->flash.tag_key != NULL)
				: 0;

	imp_reading_enter(f->r, "%s", "targets.flash");
	if (p->flash.present && payload > room)
		imp_reading_error(f->r, "layout", "",
			"a payload of about %zu octets does not fit a slot of layout %s, which "
			"takes %u",
			payload, p->flash.layout.name, room);
	imp_reading_enter(f->r, "%s", "");
}

static enum imp_status make_sample(
	struct files *f, struct sample *s, const struct imp_rng *rng, struct imp_diag *diag)
{
	const struct imp_profile *p = f->r->profile;
	struct imp_maker *maker = NULL;
	enum imp_status st = imp_plan_row(p, &s->devices, &s->device, &s->row, diag);

	if (st == IMP_OK)
		st = imp_maker_open(p, f->ca, rng, f->now, &maker, diag);
	if (st == IMP_OK)
		st = imp_maker_make(maker, &s->row, &s->made, diag);
	if (st == IMP_OK) {
		judge_set(f, imp_maker_set(maker), s->row.endpoint);
		judge_size(f, s->made.payload_n);
	}
	imp_maker_close(maker);
	imp_made_wipe(&s->made);
	return st;
}

static void check_sample(struct files *f)
{
	struct imp_diag diag = { .text = "" };
	struct imp_rng_test *rng = NULL;
	struct sample *s = calloc(1, sizeof *s);

	imp_reading_enter(f->r, "%s", "");
	if (!s || imp_rng_test_open(imp_span_str("profile check"), &rng) != IMP_OK) {
		imp_reading_error(f->r, "", "", "out of memory");
		free(s);
		return;
	}
	sample_list(s, f->r->profile);
	if (make_sample(f, s, imp_rng_test_rng(rng), &diag) != IMP_OK)
		imp_reading_error(f->r, "", "", "a device made by this profile: %s", diag.text);
	imp_rng_test_close(rng);
	free(s);
}

static void check_tag_key(struct files *f)
{
	const char *path = f->r->profile->flash.tag_key;
	IMP_SECRET key = { .n = 0 };
	struct imp_diag diag = { .text = "" };
	bool loose = false;

	if (!path)
		return;
	imp_reading_enter(f->r, "%s", "targets.flash");
	if (imp_tag_key_read(path, &key, &loose, &diag) != IMP_OK)
		imp_reading_error(f->r, "tag-key", "", "%s", diag.text);
	else if (loose)
		imp_reading_warning(f->r, "tag-key", "", "others may read %s: chmod 600", path);
}

static void check_layout(struct files *f)
{
	struct imp_profile *p = f->r->profile;

	if (p->flash.present && p->flash.layout_name)
		/* A fault is in the list of problems, which decides. */
		(void)!imp_layout_load(p->flash.layout_name, p->dir, p->path, p->flash.layout_line,
			&p->flash.layout, f->r->problems);
}

void imp_profile_check_files(struct imp_reading *r, const struct imp_profile_options *options)
{
	__attribute__((cleanup(files_close))) struct files f = {
		.r = r,
		.options = options,
		.now = options->clock->wall_s(options->clock->ctx),
	};

	for (size_t i = 0; i < r->profile->accounts_n; i++)
		check_server_key(&f, &r->profile->accounts[i]);
	check_ca(&f);
	check_seal(&f);
	check_layout(&f);
	check_tag_key(&f);
	if (!r->problems->errors)
		check_sample(&f);
}
