/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_log.h"

#include "base/plural.h"
#include "cmd/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[IMP_DEVICE_STARTED] = "started",
	[IMP_DEVICE_CARD] = "card",
	[IMP_DEVICE_APPLIED] = "applied",
	[IMP_DEVICE_DISABLED] = "card-disabled",
	[IMP_DEVICE_DELETED] = "card-deleted",
	[IMP_DEVICE_WAITING] = "waiting",
	[IMP_DEVICE_HOLDING] = "hold-off",
	[IMP_DEVICE_REGISTERING] = "registering",
	[IMP_DEVICE_REGISTERED] = "registered",
	[IMP_DEVICE_REFUSED] = "register-failed",
	[IMP_DEVICE_UPDATED] = "updated",
	[IMP_DEVICE_LOST] = "update-failed",
	[IMP_DEVICE_LEFT] = "deregistered",
	[IMP_DEVICE_OFF] = "disabled",
	[IMP_DEVICE_BOOTSTRAPPING] = "bootstrapping",
	[IMP_DEVICE_WRITTEN] = "bootstrap-request",
	[IMP_DEVICE_BOOTSTRAPPED] = "bootstrapped",
	[IMP_DEVICE_FAILED] = "bootstrap-failed",
	[IMP_DEVICE_PURGED] = "purged",
	[IMP_DEVICE_SERVED] = "request",
	[IMP_DEVICE_UNTRUSTED] = "untrusted",
	[IMP_DEVICE_LISTENING] = "listening",
	[IMP_DEVICE_REBOOT] = "reboot",
	[IMP_DEVICE_RESET] = "factory-reset",
};

static const char *const methods[] = { "", "GET", "POST", "PUT", "DELETE" };

const char *imp_device_event_name(enum imp_device_event_kind kind)
{
	return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

/* A path in front of which people expect a slash. */
static bool has_request(const struct imp_device_event *e)
{
	return e->kind == IMP_DEVICE_WRITTEN || e->kind == IMP_DEVICE_SERVED;
}

static bool has_verdict(const struct imp_device_event *e)
{
	return e->kind == IMP_DEVICE_APPLIED || e->kind == IMP_DEVICE_RESET;
}

/* Is the account gone, and nothing in its place (F12)? */
static bool closes_door(const struct imp_device_event *e)
{
	return e->kind == IMP_DEVICE_PURGED ||
	       (e->kind == IMP_DEVICE_BOOTSTRAPPED && e->result & IMR_CLIENT_PURGED);
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct imp_device_event *e = (const struct imp_device_event *)ctx;
	char code[5], path[72];

	imp_json_object(j, NULL);
	imp_json_str(j, "event", imp_device_event_name(e->kind));
	if (e->ssid)
		imp_json_uint(j, "ssid", e->ssid);
	if (has_request(e))
		imp_json_str(j, "method", methods[e->method]);
	if (e->path) {
		(void)snprintf(path, sizeof path, "/%s", e->path);
		imp_json_str(j, "path", path);
	}
	if (e->code)
		imp_json_str(j, "code", imp_coap_text(e->code, code));
	if (e->kind == IMP_DEVICE_BOOTSTRAPPING)
		imp_json_str(j, "by", e->uri ? "client" : "server");
	if (e->uri)
		imp_json_str(j, "uri", e->uri);
	if (e->port)
		imp_json_uint(j, "port", e->port);
	if (e->from)
		imp_json_str(j, e->kind == IMP_DEVICE_CARD ? "change" : "from", e->from);
	if (has_verdict(e))
		imp_json_bool(j, "ok", e->ok);
	if (e->seconds)
		imp_json_uint(j,
			e->kind == IMP_DEVICE_REGISTERED || e->kind == IMP_DEVICE_UPDATED
				? "lifetime"
				: "seconds",
			e->seconds);
	if (e->kind == IMP_DEVICE_BOOTSTRAPPED) {
		imp_json_bool(j, "replaced", e->result & IMR_CLIENT_REPLACED);
		imp_json_bool(j, "purged", e->result & IMR_CLIENT_PURGED);
		imp_json_bool(j, "closing", e->result & IMR_CLIENT_CLOSING);
	}
	if (e->text)
		imp_json_str(j, "text", e->text);
	imp_json_object_end(j);
}

/* Foreign octets must not reach a terminal. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F || (unsigned char)*text > 0x7F)
			*text = '.';
}

static void note(struct imp_env *env, const struct imp_device_event *e)
{
	char line[900], code[5];
	size_t n = (size_t)snprintf(line, sizeof line, "%s", imp_device_event_name(e->kind));

	if (e->ssid)
		n += (size_t)snprintf(line + n, sizeof line - n, " %u", e->ssid);
	if (has_request(e))
		n += (size_t)snprintf(line + n, sizeof line - n, " %s", methods[e->method]);
	if (e->path)
		n += (size_t)snprintf(line + n, sizeof line - n, " /%s", e->path);
	if (e->uri)
		n += (size_t)snprintf(line + n, sizeof line - n, " %s", e->uri);
	if (e->port)
		n += (size_t)snprintf(line + n, sizeof line - n, ", port %u", e->port);
	if (e->from)
		n += (size_t)snprintf(line + n, sizeof line - n, " %s", e->from);
	if (has_verdict(e) && !e->ok)
		n += (size_t)snprintf(line + n, sizeof line - n, ": not done");
	if (e->code)
		n += (size_t)snprintf(
			line + n, sizeof line - n, " %s", imp_coap_text(e->code, code));
	if (e->kind == IMP_DEVICE_BOOTSTRAPPED && e->result & IMR_CLIENT_REPLACED)
		n += (size_t)snprintf(line + n, sizeof line - n, ", bootstrap account replaced");
	if (e->kind == IMP_DEVICE_WAITING || e->kind == IMP_DEVICE_HOLDING ||
		e->kind == IMP_DEVICE_OFF)
		n += (size_t)snprintf(line + n, sizeof line - n, " %" PRIu32 " second%s",
			e->seconds, imp_s(e->seconds));
	if (e->text && n < sizeof line)
		(void)snprintf(line + n, sizeof line - n, ": %s", e->text);
	clean(line);
	imp_note(env, "%s", line);
}

void imp_device_log(struct imp_env *env, const struct imp_device_event *e)
{
	struct imp_device_event plain = *e;
	char text[600];

	if (plain.text) {
		(void)snprintf(text, sizeof text, "%s", plain.text);
		clean(text);
		plain.text = text;
	}
	if (env->json && imp_json_line(env, fill, &plain) != IMP_OK)
		imp_warn(env, "an event has no JSON: %s", env->diag.text);
	note(env, &plain);
	if (closes_door(e))
		imp_warn(env,
			"the bootstrap account is gone: from now on only a card, the factory or "
			"new firmware changes what this device holds");
	else if (e->kind == IMP_DEVICE_BOOTSTRAPPED && e->result & IMR_CLIENT_CLOSING)
		imp_warn(env,
			"the bootstrap account goes in %" PRIu32
			" second%s, and nothing replaces it",
			e->seconds, imp_s(e->seconds));
}
