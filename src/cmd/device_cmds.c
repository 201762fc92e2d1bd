/* SPDX-License-Identifier: Apache-2.0 */
/* imprint device run, imprint device boot: a simulated device. */
#include "cmd/boot_image.h"
#include "cmd/commands.h"
#include "cmd/device.h"
#include "cmd/device_card.h"
#include "cmd/device_flash.h"
#include "cmd/device_log.h"
#include "cmd/json_line.h"

#include "base/plural.h"
#include "bootstrap/consistency.h"
#include "bootstrap/convert.h"
#include "host/file.h"
#include "host/stop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS 100
#define LEAVE_MS 5000  /* for De-register */
#define PATIENCE_S 600 /* of --until without --lifetime-of-run */
#define PIN_MAX 8

enum until { UNTIL_STOPPED, UNTIL_REGISTERED, UNTIL_BOOTSTRAPPED };

struct run {
	struct imp_env *env;
	struct imp_device_options options;
	struct imp_device_flash flash;
	struct imp_device_card card;
	struct imp_boot_image image;
	bool have_image;
	struct imp_converter converter;
	struct imr_client_formats formats;
	struct imp_consistency consistency;
	struct imp_device *device;
	enum until until;
	uint64_t seconds;      /* 0: no limit */
	enum imp_status worst; /* of what kept it from its goal */
	char why[200];
	char image_why[32]; /* why nothing came of the image */
};

/* ---- options ----------------------------------------------------------------------------------
 */

struct word {
	const char *name;
	unsigned value;
};

static enum imp_status take_word(struct imp_env *env, const struct imp_args *args,
	const char *option, const struct word *words, unsigned *out)
{
	const char *text = imp_arg(args, option);
	char list[80] = "";

	if (!text)
		return IMP_OK;
	for (const struct word *w = words; w->name; w++) {
		if (strcmp(w->name, text) == 0) {
			*out = w->value;
			return IMP_OK;
		}
		strncat(list, list[0] ? ", " : "", sizeof list - strlen(list) - 1);
		strncat(list, w->name, sizeof list - strlen(list) - 1);
	}
	(void)imp_diag(&env->diag, IMP_E_USAGE, "--%s %s: not a word it knows", option, text);
	imp_diag_hint(&env->diag, "one of %s", list);
	return IMP_E_USAGE;
}

static enum imp_status take_pin(struct run *run, const struct imp_args *args)
{
	const char *path = imp_arg(args, "pin-file");
	struct imp_secret *pin = &run->card.pin;
	enum imp_status st;
	bool loose = false;

	if (!path)
		return IMP_OK;
	st = imp_file_secret(path, pin, &loose, &run->env->diag);
	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(run->env, "%s: others may read it; chmod 600 keeps it to you", path);
	if (pin->n == 0 || pin->n > PIN_MAX)
		return imp_diag(&run->env->diag, IMP_E_FORMAT,
			"%s: %zu octet%s, a card takes 1 to %d", path, pin->n, imp_s(pin->n),
			PIN_MAX);
	return IMP_OK;
}

/* Card and factory slot. */
static enum imp_status take_sources(struct run *run, const struct imp_args *args)
{
	struct imp_env *env = run->env;
	const char *reader = imp_arg(args, "reader");
	enum imp_status st = IMP_OK;

	if (imp_arg(args, "flash")) {
		run->have_image = true;
		st = imp_boot_image_load(env, args, &run->image);
		run->options.factory = &run->image.flash;
	} else if (imp_arg(args, "layout")) {
		(void)imp_diag(&env->diag, IMP_E_USAGE, "--layout says nothing without --flash");
		return IMP_E_USAGE;
	}
	if (st == IMP_OK)
		st = take_pin(run, args);
	if (st == IMP_OK && reader) {
		st = imp_device_card_open(env->readers, reader, &run->card, &env->diag);
		run->options.slot = &run->card.slot;
	}
	return st;
}

static enum imp_status take_policy(struct run *run, const struct imp_args *args)
{
	static const struct word cleans[] = { { "marked", IMR_CLEAN_MARKED },
		{ "seed", IMR_CLEAN_SEED }, { "ts", IMR_CLEAN_TS }, { NULL, 0 } };
	static const struct word formats[] = { { "tlv", IMP_FORMAT_TLV },
		{ "senml-json", IMP_FORMAT_SENML_JSON }, { "senml-cbor", IMP_FORMAT_SENML_CBOR },
		{ NULL, 0 } };
	static const struct word versions[] = { { "1.0", 0 }, { "1.1", 1 }, { "1.2", 2 },
		{ NULL, 0 } };
	unsigned clean = IMR_CLEAN_MARKED, pct = IMP_FORMAT_NONE, version = 1;
	struct imp_env *env = run->env;
	enum imp_status st = take_word(env, args, "policy", cleans, &clean);

	if (st == IMP_OK)
		st = take_word(env, args, "pct", formats, &pct);
	if (st == IMP_OK)
		st = take_word(env, args, "lwm2m", versions, &version);
	if (st != IMP_OK)
		return st;
	run->options.clean = (enum imr_client_clean)clean;
	run->options.pct = (uint16_t)pct;
	run->options.version = (uint8_t)version;
	run->options.pack = imp_flag(args, "pack");
	if (run->options.pack && pct != IMP_FORMAT_SENML_JSON && pct != IMP_FORMAT_SENML_CBOR) {
		(void)imp_diag(&env->diag, IMP_E_USAGE, "--pack: a pack is SenML");
		imp_diag_hint(&env->diag, "add --pct senml-cbor or --pct senml-json");
		return IMP_E_USAGE;
	}
	return IMP_OK;
}

static enum imp_status take_limits(struct run *run, const struct imp_args *args)
{
	static const struct word goals[] = { { "registered", UNTIL_REGISTERED },
		{ "bootstrapped", UNTIL_BOOTSTRAPPED }, { NULL, 0 } };
	unsigned until = UNTIL_STOPPED;
	uint64_t scale = 1;
	struct imp_env *env = run->env;
	enum imp_status st = take_word(env, args, "until", goals, &until);

	if (st == IMP_OK)
		st = imp_arg_number(env, args, "lifetime-of-run", 1, 365 * 86400, &run->seconds);
	if (st == IMP_OK)
		st = imp_arg_number(env, args, "time-scale", 1, 100000, &scale);
	run->until = (enum until)until;
	run->options.time_scale = (unsigned)scale;
	if (run->until != UNTIL_STOPPED && !run->seconds)
		run->seconds = PATIENCE_S;
	return st;
}

/* ---- events -----------------------------------------------------------------------------------
 */

/* What the exit code will say when the goal is not reached: the latest obstacle. */
static void remember(struct run *run, const struct imp_device_event *e)
{
	bool refused = e->kind == IMP_DEVICE_REFUSED || e->kind == IMP_DEVICE_FAILED;
	char code[5];

	if (e->kind == IMP_DEVICE_APPLIED && !e->ok && e->text)
		(void)snprintf(run->image_why, sizeof run->image_why, "%s", e->text);
	if (e->kind == IMP_DEVICE_REGISTERED || e->kind == IMP_DEVICE_BOOTSTRAPPED)
		run->worst = IMP_OK;
	if (!refused)
		return;
	run->worst =
		e->code || (e->text && strstr(e->text, "handshake")) ? IMP_E_REFUSED : IMP_E_IO;
	(void)snprintf(run->why, sizeof run->why, "%s%s%s",
		e->kind == IMP_DEVICE_FAILED ? "bootstrap: " : "registration: ",
		e->code ? imp_coap_text(e->code, code) : "", e->text ? e->text : "");
}

static void on_event(void *ctx, const struct imp_device_event *e)
{
	struct run *run = (struct run *)ctx;

	remember(run, e);
	imp_device_log(run->env, e);
	if (run->env->json)
		(void)fflush(run->env->out);
}

/* ---- device run -------------------------------------------------------------------------------
 */

static bool reached(const struct run *run)
{
	const struct imr_plan *plan = imp_device_plan(run->device);

	if (run->until == UNTIL_REGISTERED)
		return plan->n && imp_device_registered(run->device) == plan->n;
	return run->until == UNTIL_BOOTSTRAPPED && imp_device_bootstraps(run->device) != 0;
}

static uint64_t now_ms(const struct run *run)
{
	return run->env->clock->mono_ms(run->env->clock->ctx);
}

/* Nothing to register with and nothing to bootstrap with: the image may be why. */
static enum imp_status has_nothing(struct run *run)
{
	struct imp_diag *diag = &run->env->diag;
	bool blank = !run->image_why[0] || strcmp(run->image_why, imr_status_text(IMR_E_NONE)) == 0;

	(void)imp_diag(diag, blank ? IMP_E_ABSENT : IMP_E_FORMAT,
		"the device has neither a server nor a bootstrap account%s%s",
		run->image_why[0] ? "; its factory area: " : "", run->image_why);
	imp_diag_hint(diag, "give it a card, or an image that holds one");
	return diag->status;
}

static enum imp_status conclude(struct run *run, bool stopped)
{
	struct imp_diag *diag = &run->env->diag;
	const struct imr_plan *plan = imp_device_plan(run->device);

	if (run->until == UNTIL_STOPPED || reached(run))
		return IMP_OK;
	if (stopped)
		return imp_diag(diag, IMP_E_DENIED, "stopped before it was %s",
			run->until == UNTIL_REGISTERED ? "registered" : "bootstrapped");
	if (!plan->n && !plan->account && run->worst == IMP_OK)
		return has_nothing(run);
	(void)imp_diag(diag, run->worst == IMP_OK ? IMP_E_IO : run->worst,
		"not %s after %" PRIu64 " second%s%s%s",
		run->until == UNTIL_REGISTERED ? "registered" : "bootstrapped", run->seconds,
		imp_s(run->seconds), run->why[0] ? "; " : "", run->why);
	imp_diag_hint(diag, "the events above say what was tried");
	return diag->status;
}

/* A device without anything, asked to reach something, will not. */
static bool hopeless(const struct run *run)
{
	const struct imr_plan *plan = imp_device_plan(run->device);

	return run->until != UNTIL_STOPPED && !plan->n && !plan->account && !run->options.listen;
}

static void leave(struct run *run)
{
	uint64_t end = now_ms(run) + LEAVE_MS;

	imp_device_leave(run->device);
	while (!imp_device_resting(run->device) && now_ms(run) < end)
		imp_device_pump(run->device, ROUND_MS);
	/* The last acknowledgements and close alerts. */
	imp_device_pump(run->device, ROUND_MS);
}

static enum imp_status live(struct run *run)
{
	enum imp_status st = imp_device_start(run->device, &run->env->diag);
	uint64_t end = now_ms(run) + 1000 * run->seconds;
	struct imp_stop old;
	bool stopped;

	if (st != IMP_OK)
		return st;
	imp_stop_catch(&old);
	while (!imp_stop_asked() && !reached(run) && !hopeless(run) &&
		(!run->seconds || now_ms(run) < end))
		imp_device_pump(run->device, ROUND_MS);
	stopped = imp_stop_asked();
	st = conclude(run, stopped);
	if (run->until != UNTIL_REGISTERED || stopped || st != IMP_OK)
		leave(run);
	imp_stop_restore(&old);
	return st;
}

static enum imp_status open_device(struct run *run, const struct imp_args *args)
{
	struct imp_env *env = run->env;
	enum imp_status st = take_policy(run, args);

	if (st == IMP_OK)
		st = take_sources(run, args);
	if (st == IMP_OK)
		st = imp_device_flash_open(
			imp_arg(args, "store"), env->dry_run, &run->flash, &env->diag);
	if (st != IMP_OK)
		return st;
	run->options.store = &run->flash.flash;
	run->options.clock = env->clock;
	run->options.endpoint = imp_arg(args, "endpoint");
	run->formats = imp_converter_formats(&run->converter);
	run->options.formats = &run->formats;
	run->consistency.keys = env->keycheck;
	run->consistency.endpoint = imp_span_str(run->options.endpoint);
	run->options.check = imp_consistency_check;
	run->options.check_ctx = &run->consistency;
	run->options.event = on_event;
	run->options.event_ctx = run;
	return imp_device_open(&run->options, &run->device, &env->diag);
}

static void run_free(struct run **holder)
{
	struct run *run = *holder;

	if (!run)
		return;
	imp_device_close(run->device);
	imp_device_flash_close(&run->flash);
	imp_device_card_close(&run->card);
	if (run->have_image)
		imp_boot_image_free(&run->image);
	imp_converter_free(&run->converter);
	imp_consistency_free(&run->consistency);
	free(run);
}

static struct run *run_new(struct imp_env *env)
{
	struct run *run = (struct run *)calloc(1, sizeof *run);

	if (!run) {
		(void)imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
		return NULL;
	}
	run->env = env;
	imp_converter_init(&run->converter);
	imp_consistency_init(&run->consistency);
	return run;
}

/* ---- device boot ------------------------------------------------------------------------------
 */

struct outcome {
	const struct imr_plan *plan;
	const struct imr_store *store;
	const char *next;
	struct imr_action action;
};

static const char *next_of(struct imr_action action, const struct imr_plan *plan)
{
	if (action.kind == IMR_REGISTER)
		return "register";
	if (action.kind == IMR_BOOTSTRAP)
		return "bootstrap";
	return action.kind == IMR_WAIT && plan->account ? "hold-off" : "nothing";
}

static void fill_boot(struct imp_json *j, const void *ctx)
{
	const struct outcome *o = (const struct outcome *)ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "event", "booted");
	imp_json_str(j, "next", o->next);
	if (o->action.ssid)
		imp_json_uint(j, "ssid", o->action.ssid);
	if (o->action.seconds)
		imp_json_uint(j, "seconds", o->action.seconds);
	imp_json_bool(j, "account", o->plan->account);
	imp_json_uint(j, "remaining", o->store->remaining);
	imp_json_uint(j, "generation", o->store->generation);
	imp_json_array(j, "servers");
	for (unsigned i = 0; i < o->plan->n; i++) {
		imp_json_object(j, NULL);
		imp_json_uint(j, "ssid", o->plan->servers[i].ssid);
		imp_json_uint(j, "instance", o->plan->servers[i].instance);
		imp_json_bool(j, "card", o->plan->servers[i].from_card);
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
	imp_json_object_end(j);
}

static enum imp_status print_boot(struct imp_env *env, const struct outcome *o)
{
	if (env->json)
		return imp_json_line(env, fill_boot, o);
	for (unsigned i = 0; i < o->plan->n; i++)
		imp_out(env, "server     %u, /1/%u%s\n", o->plan->servers[i].ssid,
			o->plan->servers[i].instance,
			o->plan->servers[i].from_card ? ", from the card" : "");
	imp_out(env, "account    %s", o->plan->account ? "there" : "none");
	if (o->store->remaining)
		imp_out(env, ", for %" PRIu32 " second%s", o->store->remaining,
			imp_s(o->store->remaining));
	imp_out(env, "\nnext       %s", o->next);
	if (o->action.ssid)
		imp_out(env, " at %u", o->action.ssid);
	if (o->action.seconds)
		imp_out(env, ", %" PRIu32 " second%s", o->action.seconds, imp_s(o->action.seconds));
	imp_out(env, "\n");
	return IMP_OK;
}

static enum imp_status device_boot(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(run_free))) struct run *run = run_new(env);
	struct outcome o = { .next = NULL };
	enum imp_status st;

	if (!run)
		return env->diag.status;
	st = open_device(run, args);
	if (st != IMP_OK)
		return st;
	o.action = imp_device_boot(run->device);
	o.plan = imp_device_plan(run->device);
	o.store = imp_device_store(run->device);
	o.next = next_of(o.action, o.plan);
	if (strcmp(o.next, "nothing") == 0)
		o.action.seconds = 0;
	st = print_boot(env, &o);
	if (st != IMP_OK || o.plan->n || o.plan->account)
		return st;
	return has_nothing(run);
}

static enum imp_status device_run(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(run_free))) struct run *run = run_new(env);
	enum imp_status st;

	if (!run)
		return env->diag.status;
	st = take_limits(run, args);
	if (st == IMP_OK && env->dry_run)
		return device_boot(env, args);
	run->options.net = env->net;
	run->options.listen = imp_arg(args, "listen");
	if (st == IMP_OK)
		st = open_device(run, args);
	return st == IMP_OK ? live(run) : st;
}

/* ---- the table --------------------------------------------------------------------------------
 */

/* What a device is: the same for both. */
#define DEVICE_OPTS                                                                               \
	{ "endpoint", "NAME", "its endpoint name", IMP_OPT_REQUIRED },                            \
		{ "store", "FILE", "its account store: a file, made when it is not there",        \
			IMP_OPT_REQUIRED },                                                       \
		{ "flash", "FILE", "its factory area: an image, bin or Intel HEX", 0 },           \
		{ "layout", "NAME", "where the slots are in it (default: where they are found)",  \
			0 },                                                                      \
		{ "reader", "NAME-OR-INDEX", "its card slot: a reader", 0 },                      \
		{ "pin-file", "FILE", "its PIN for the card", 0 },                                \
		{ "policy", "WORD",                                                               \
			"when a bootstrap account without timeout goes: marked (default), seed, " \
			"ts",                                                                     \
			0 },                                                                      \
		{ "pct", "FORMAT", "ask for tlv, senml-json or senml-cbor", 0 },                  \
		{ "pack", NULL, "ask for a Bootstrap-Pack first", 0 },                            \
	{                                                                                         \
		"lwm2m", "VERSION", "its enabler: 1.0, 1.1 (default) or 1.2", 0                   \
	}

static const struct imp_opt run_opts[] = {
	DEVICE_OPTS,
	{ "listen", "URI", "let its bootstrap server begin, at coap(s)://ADDRESS:PORT", 0 },
	{ "until", "WORD", "stop when it is registered everywhere, or bootstrapped", 0 },
	{ "lifetime-of-run", "SECONDS", "stop after this time", 0 },
	{ "time-scale", "N", "let its timers run N times as fast", 0 },
	IMP_OPT_END,
};

static const struct imp_opt boot_opts[] = {
	DEVICE_OPTS,
	IMP_OPT_END,
};

const struct imp_cmd imp_device_cmds[] = {
	{ "device", "run", "", "Be a device: boot, bootstrap, register, serve", device_run,
		run_opts, 0, 0,
		"imprint device run --endpoint meter-1 --flash 0001.bin --store meter-1.store "
		"--until registered" },
	{ "device", "boot", "",
		"Do what it does before it uses the network, and say what comes next", device_boot,
		boot_opts, 0, 0,
		"imprint device boot --endpoint meter-1 --flash 0001.bin --store meter-1.store" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
