/* SPDX-License-Identifier: Apache-2.0 */
/* imprint server run: a bootstrap server out of a ledger. */
#include "factory/commands.h"

#include "base/plural.h"
#include "cmd/json_line.h"
#include "cmd/problems_report.h"
#include "factory/bs_host.h"
#include "factory/inputs.h"
#include "factory/server_options.h"
#include "host/stop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS 50
#define DRAIN_MS 5000 /* what is begun may end in this time */

struct run {
	struct imp_env *env;
	struct imp_server_options options;
	struct imp_ledger *ledger;
	struct imp_bs_host *host;
	uint64_t once; /* end after so many finished bootstraps; 0: never */
};

/* ---- listening --------------------------------------------------------------------------------
 */

struct listening {
	const char *uri;
	unsigned port;
};

static void fill_listening(struct imp_json *j, const void *ctx)
{
	const struct listening *l = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "event", "listening");
	imp_json_str(j, "uri", l->uri);
	imp_json_uint(j, "port", l->port);
	imp_json_object_end(j);
}

static enum imp_status tell_listening(struct run *run, const struct listening *l)
{
	imp_note(run->env, "listening at %s, port %u", l->uri, l->port);
	if (!run->env->json)
		return IMP_OK;
	return imp_json_line(run->env, fill_listening, l);
}

static enum imp_status listen_at(struct run *run, const char *uri)
{
	struct listening l = { uri, 0 };
	bool dtls = strncmp(uri, "coaps:", 6) == 0;
	enum imp_status st;

	if (!dtls && !run->options.provider.nosec) {
		(void)imp_diag(&run->env->diag, IMP_E_USAGE,
			"%s: nobody is known there, and --allow-nosec is not given", uri);
		imp_diag_hint(&run->env->diag, "listen at coaps://, or allow it");
		return IMP_E_USAGE;
	}
	st = imp_bs_host_listen(run->host, uri, dtls ? imp_server_own(&run->options) : NULL,
		&l.port, &run->env->diag);
	return st == IMP_OK ? tell_listening(run, &l) : st;
}

static enum imp_status listen_all(struct run *run, const struct imp_args *args)
{
	const char *uris[IMP_REPEATS_MAX + 1];
	size_t n = imp_arg_all(args, "listen", uris);
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < n; i++)
		st = listen_at(run, uris[i]);
	(void)fflush(run->env->out); /* whoever waits for the port wants it now */
	return st;
}

/* ---- serving ----------------------------------------------------------------------------------
 */

static bool is_over(const struct run *run)
{
	return imp_stop_asked() ||
	       (run->once && imp_bs_host_counts(run->host)->finished >= run->once);
}

/* Rounds until all is over, or until ms have passed (0: as long as it takes). */
static enum imp_status drain(struct run *run)
{
	const struct imp_clock *clock = run->env->clock;
	uint64_t begin = clock->mono_ms(clock->ctx);
	enum imp_status st = IMP_OK;

	imp_bs_host_drain(run->host);
	while (st == IMP_OK && imp_bs_host_sessions(run->host) &&
		clock->mono_ms(clock->ctx) - begin < DRAIN_MS)
		st = imp_bs_host_pump(run->host, ROUND_MS, &run->env->diag);
	return st;
}

static enum imp_status serve(struct run *run)
{
	struct imp_stop old;
	enum imp_status st = IMP_OK;

	imp_stop_catch(&old);
	while (st == IMP_OK && !is_over(run)) {
		st = imp_bs_host_pump(run->host, ROUND_MS, &run->env->diag);
		(void)fflush(run->env->out);
	}
	if (st == IMP_OK)
		st = drain(run);
	imp_stop_restore(&old);
	return st;
}

static void fill_end(struct imp_json *j, const void *ctx)
{
	const struct imp_bs_counts *c = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "event", "stopped");
	imp_json_uint(j, "requested", c->requested);
	imp_json_uint(j, "finished", c->finished);
	imp_json_uint(j, "packed", c->packed);
	imp_json_uint(j, "failed", c->failed);
	imp_json_uint(j, "refused", c->refused);
	imp_json_object_end(j);
}

static enum imp_status conclude(struct run *run)
{
	const struct imp_bs_counts *c = imp_bs_host_counts(run->host);

	imp_note(run->env,
		"%" PRIu64 " bootstrap%s finished, %" PRIu64 " pack%s, %" PRIu64 " failed, %" PRIu64
		" refused",
		c->finished, imp_s(c->finished), c->packed, imp_s(c->packed), c->failed,
		c->refused);
	return run->env->json ? imp_json_line(run->env, fill_end, c) : IMP_OK;
}

/* ---- before -----------------------------------------------------------------------------------
 */

/* A server that has nothing to give to anybody is a mistake. */
static enum imp_status check_work(struct run *run)
{
	struct imp_diag *diag = &run->env->diag;
	bool work = false;
	enum imp_status st;

	if (run->options.provider.write)
		return IMP_OK;
	st = imp_provider_has_work(imp_bs_host_provider(run->host), &work, diag);
	if (st != IMP_OK || work)
		return st;
	(void)imp_diag(diag, IMP_E_DENIED,
		"%s: no payload has a server account, so there is nothing to write to a device",
		imp_ledger_path(run->ledger));
	imp_diag_hint(diag, "give --write PROFILE with the accounts that devices are to get");
	return IMP_E_DENIED;
}

static enum imp_status run_server(struct run *run, const struct imp_args *args)
{
	struct imp_env *env = run->env;
	enum imp_status st = imp_arg_number(env, args, "once", 1, UINT32_MAX, &run->once);

	if (st == IMP_OK)
		st = imp_server_options_read(env, args, &run->options);
	if (st == IMP_OK)
		st = imp_server_options_read_own(env, args, &run->options);
	if (st == IMP_OK)
		st = imp_ledger_open(
			imp_arg(args, "ledger"), false, env->clock, &run->ledger, &env->diag);
	if (st == IMP_OK)
		st = imp_bs_host_open(env, run->ledger, &run->options.provider, &run->host);
	if (st == IMP_OK)
		st = check_work(run);
	if (st == IMP_OK && env->dry_run) {
		imp_note(env, "all is there to serve; nothing was opened");
		return IMP_OK;
	}
	if (st == IMP_OK)
		st = listen_all(run, args);
	if (st == IMP_OK)
		st = serve(run);
	return st == IMP_OK ? conclude(run) : st;
}

enum imp_status imp_server_run(struct imp_env *env, const struct imp_args *args)
{
	struct run run = { .env = env };
	enum imp_status st = run_server(&run, args);

	imp_bs_host_close(run.host);
	imp_ledger_close(run.ledger);
	imp_server_options_free(&run.options);
	return st;
}
