/* SPDX-License-Identifier: Apache-2.0 */
/* imprint profile show FILE [--devices D [--serial S]] */
#include "base/hex.h"
#include "cmd/json_line.h"
#include "cmd/problems_report.h"
#include "factory/plan.h"
#include "factory/profile_cmds.h"

#include <stdlib.h>
#include <string.h>

/* A profile and, when there is a device list, what one device of it gets. */
struct view {
	const struct imp_profile *profile;
	const struct imp_plan_row *row; /* NULL: the templates themselves are shown */
};

/* What a template gives for the device, or the template. */
static struct imp_span text_of(
	const struct view *v, const struct imp_template *t, struct imp_span expanded)
{
	if (v->row)
		return expanded;
	return t->source ? imp_span_str(t->source) : imp_span(NULL, 0);
}

static const char *keys_name(enum imp_keys keys)
{
	return keys == IMP_KEYS_NON_PERSISTENT ? "non-persistent" : "persistent";
}

/* ---- JSON ---- */

static void fill_text(struct imp_json *j, const char *key, struct imp_span text)
{
	if (text.n)
		imp_json_span(j, key, text);
}

static void fill_id(struct imp_json *j, const struct view *v, const char *key,
	const struct imp_profile_octets *o, struct imp_span octets)
{
	if (v->row && octets.n)
		imp_json_hex(j, key, octets);
	else if (!v->row && o->template.source)
		imp_json_str(j, key, o->template.source);
}

static void fill_account(struct imp_json *j, const struct view *v, size_t i)
{
	static const struct imp_plan_account none = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
		{ NULL, 0 } };
	const struct imp_profile_account *a = &v->profile->accounts[i];
	const struct imp_plan_account *plan = v->row ? &v->row->accounts[i] : &none;

	imp_json_object(j, NULL);
	imp_json_str(j, "role", a->bootstrap ? "bootstrap" : "server");
	imp_json_str(j, "uri", a->uri);
	imp_json_str(j, "security", imp_security_name(a->security));
	if (!a->bootstrap) {
		imp_json_int(j, "short-server-id", a->ssid);
		imp_json_int(j, "lifetime", a->lifetime);
		imp_json_str(j, "binding", a->binding);
	}
	if (a->security == IMP_SECURITY_PSK) {
		fill_text(j, "identity", text_of(v, &a->identity, plan->identity));
		imp_json_uint(j, "psk-length", a->psk_length);
	}
	if (a->server_key)
		imp_json_str(j, "server-key", a->server_key);
	if (a->oscore.present) {
		imp_json_object(j, "oscore");
		fill_id(j, v, "sender-id", &a->oscore.sender_id, plan->sender_id);
		fill_id(j, v, "recipient-id", &a->oscore.recipient_id, plan->recipient_id);
		fill_id(j, v, "id-context", &a->oscore.id_context, plan->id_context);
		imp_json_object_end(j);
	}
	imp_json_object_end(j);
}

static void fill_targets(struct imp_json *j, const struct imp_profile *p)
{
	imp_json_object(j, "targets");
	if (p->flash.present)
		imp_json_str(j, "flash", p->flash.layout.name);
	if (p->flash.tag_key)
		imp_json_str(j, "tag-key", p->flash.tag_key);
	if (p->card.present)
		imp_json_str(j, "card", p->card.read_rule == IMP_READ_PIN ? "pin" : "always");
	if (p->server)
		imp_json_bool(j, "server", true);
	imp_json_object_end(j);
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct view *v = ctx;
	const struct imp_profile *p = v->profile;
	struct imp_span none = imp_span(NULL, 0);

	imp_json_object(j, NULL);
	imp_json_str(j, "product", p->product);
	imp_json_str(j, "keys", keys_name(p->keys));
	imp_json_str(j, "enabler",
		p->enabler_minor == 0	? "1.0"
		: p->enabler_minor == 1 ? "1.1"
					: "1.2");
	if (v->row) {
		imp_json_span(j, "serial", v->row->serial);
		fill_text(j, "iccid", v->row->iccid);
	}
	fill_text(j, "endpoint", text_of(v, &p->endpoint, v->row ? v->row->endpoint : none));
	fill_text(j, "subject", text_of(v, &p->x509.subject, v->row ? v->row->subject : none));
	imp_json_array(j, "accounts");
	for (size_t i = 0; i < p->accounts_n; i++)
		fill_account(j, v, i);
	imp_json_array_end(j);
	fill_targets(j, p);
	imp_json_object_end(j);
}

/* ---- for people ---- */

static void print_text(struct imp_env *env, const char *name, struct imp_span text)
{
	if (text.n)
		imp_out(env, "%-16s%.*s\n", name, (int)text.n, (const char *)text.p);
}

static void print_account(struct imp_env *env, const struct view *v, size_t i)
{
	const struct imp_profile_account *a = &v->profile->accounts[i];
	struct imp_span identity = v->row ? v->row->accounts[i].identity : imp_span(NULL, 0);

	if (a->bootstrap)
		imp_out(env, "\nbootstrap       %s\n", a->uri);
	else
		imp_out(env, "\nserver %-9lld%s\n", (long long)a->ssid, a->uri);
	imp_out(env, "%-16s%s%s\n", "  security", imp_security_name(a->security),
		a->oscore.present ? " and oscore" : "");
	if (a->security == IMP_SECURITY_PSK) {
		print_text(env, "  identity", text_of(v, &a->identity, identity));
		imp_out(env, "%-16s%zu octets\n", "  key", a->psk_length);
	}
	if (a->server_key)
		imp_out(env, "%-16s%s\n", "  server key", a->server_key);
	if (!a->bootstrap)
		imp_out(env, "%-16s%lld s, binding %s\n", "  lifetime", (long long)a->lifetime,
			a->binding);
}

static void print(struct imp_env *env, const struct view *v)
{
	const struct imp_profile *p = v->profile;
	struct imp_span none = imp_span(NULL, 0);

	imp_out(env, "%-16s%s\n", "product", p->product);
	imp_out(env, "%-16s%s\n", "keys", keys_name(p->keys));
	imp_out(env, "%-16s1.%u\n", "enabler", p->enabler_minor);
	if (v->row) {
		print_text(env, "serial", v->row->serial);
		print_text(env, "iccid", v->row->iccid);
	}
	print_text(env, "endpoint", text_of(v, &p->endpoint, v->row ? v->row->endpoint : none));
	print_text(env, "subject", text_of(v, &p->x509.subject, v->row ? v->row->subject : none));
	if (p->flash.present)
		imp_out(env, "%-16slayout %s%s%s\n", "flash", p->flash.layout.name,
			p->flash.tag_key ? ", tagged by " : "",
			p->flash.tag_key ? p->flash.tag_key : "");
	if (p->card.present)
		imp_out(env, "%-16sread %s\n", "card",
			p->card.read_rule == IMP_READ_PIN ? "with PIN" : "always");
	if (p->server)
		imp_out(env, "%-16sover the air alone\n", "server");
	for (size_t i = 0; i < p->accounts_n; i++)
		print_account(env, v, i);
}

/* ---- the command ---- */

static enum imp_status show(struct imp_env *env, const struct view *v)
{
	if (env->json)
		return imp_json_line(env, fill, v);
	print(env, v);
	return IMP_OK;
}

static const struct imp_device *pick(const struct imp_devices *list, const char *serial)
{
	for (size_t i = 0; i < list->n; i++)
		if (!serial || strcmp(imp_device_serial(list, &list->v[i]), serial) == 0)
			return &list->v[i];
	return NULL;
}

static enum imp_status show_device(struct imp_env *env, const struct imp_profile *profile,
	const struct imp_devices *list, const char *serial)
{
	const struct imp_device *device = pick(list, serial);
	struct imp_plan_row *row;
	struct view v = { profile, NULL };
	enum imp_status st;

	if (!device) {
		imp_diag(&env->diag, IMP_E_ABSENT, "%s: no device has serial '%s'", list->path,
			serial);
		return IMP_E_ABSENT;
	}
	row = malloc(sizeof *row);
	if (!row)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	v.row = row;
	st = imp_plan_row(profile, list, device, row, &env->diag);
	if (st == IMP_OK)
		st = show(env, &v);
	free(row);
	return st;
}

enum imp_status imp_profile_show_cmd(struct imp_env *env, const struct imp_args *args)
{
	const struct imp_profile_options options = { false, env->clock, env->keycheck };
	const char *devices = imp_arg(args, "devices"), *serial = imp_arg(args, "serial");
	IMP_PROBLEMS problems = { .n = 0 };
	IMP_PROFILE profile = { .path = NULL };
	IMP_DEVICES list = { .path = NULL };
	struct view v = { &profile, NULL };
	enum imp_status st;

	if (serial && !devices)
		return imp_diag(&env->diag, IMP_E_USAGE, "--serial needs --devices");
	/* What these return is in problems too, all of it. */
	st = imp_profile_load(args->rest[0], &options, &profile, &problems);
	if (st == IMP_OK && devices)
		st = imp_devices_load(devices, false, &list, &problems);
	if (st == IMP_OK && devices)
		st = imp_plan_check(&profile, &list, false, &problems);
	if (imp_problems_report(env, &problems) != IMP_OK || st != IMP_OK)
		return env->diag.status;
	return devices ? show_device(env, &profile, &list, serial) : show(env, &v);
}
