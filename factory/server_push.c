/* SPDX-License-Identifier: Apache-2.0 */
/* imprint server push: server-initiated bootstrap in the form of 2015, to a device that is ready.
 */
#include "factory/commands.h"

#include "factory/bs_host.h"
#include "factory/server_options.h"
#include "host/stop.h"

#include <inttypes.h>
#include <string.h>

#define ROUND_MS 50

struct push {
	struct imp_env *env;
	struct imp_server_options options;
	struct imp_ledger *ledger;
	struct imp_bs_host *host;
};

static enum imp_status carry_out(struct push *p, const char *endpoint)
{
	const struct imp_bs_counts *counts = imp_bs_host_counts(p->host);
	struct imp_stop old;
	enum imp_status st = IMP_OK;

	imp_stop_catch(&old);
	while (st == IMP_OK && imp_bs_host_sessions(p->host) && !imp_stop_asked())
		st = imp_bs_host_pump(p->host, ROUND_MS, &p->env->diag);
	imp_stop_restore(&old);
	if (st != IMP_OK)
		return st;
	if (counts->finished)
		return IMP_OK;
	(void)imp_diag(&p->env->diag, IMP_E_REFUSED, "'%s': the bootstrap did not finish%s%s",
		endpoint, imp_bs_host_last(p->host)[0] ? ": " : "", imp_bs_host_last(p->host));
	imp_diag_hint(&p->env->diag,
		"the device must listen there, and take writes that it did not ask for");
	return IMP_E_REFUSED;
}

/* With --dry-run: is there such a unit, and can it be reached? */
static enum imp_status rehearse(struct push *p, const char *endpoint)
{
	struct imp_credentials own;
	enum imp_status st = imp_provider_credentials(
		imp_bs_host_provider(p->host), imp_span_str(endpoint), &own, &p->env->diag);

	if (st == IMP_OK)
		imp_note(p->env, "'%s' has an account to reach it by; nothing was sent", endpoint);
	return st;
}

static enum imp_status push(struct push *p, const struct imp_args *args)
{
	struct imp_env *env = p->env;
	const char *endpoint = imp_arg(args, "endpoint");
	enum imp_status st = imp_server_options_read(env, args, &p->options);

	p->options.provider.nosec = true; /* the device is named by whoever calls */
	if (st == IMP_OK)
		st = imp_ledger_open(
			imp_arg(args, "ledger"), false, env->clock, &p->ledger, &env->diag);
	if (st == IMP_OK)
		st = imp_bs_host_open(env, p->ledger, &p->options.provider, &p->host);
	if (st == IMP_OK && env->dry_run)
		return rehearse(p, endpoint);
	if (st == IMP_OK)
		st = imp_bs_host_push(p->host, imp_arg(args, "to"), endpoint, &env->diag);
	return st == IMP_OK ? carry_out(p, endpoint) : st;
}

enum imp_status imp_server_push(struct imp_env *env, const struct imp_args *args)
{
	struct push p = { .env = env };
	enum imp_status st = push(&p, args);

	imp_bs_host_close(p.host);
	imp_ledger_close(p.ledger);
	imp_server_options_free(&p.options);
	return st;
}
