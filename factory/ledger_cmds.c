/* SPDX-License-Identifier: Apache-2.0 */
/* imprint ledger verify, show, export. */
#include "factory/commands.h"

#include "base/hex.h"
#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "host/system.h"
#include "ledger/chain.h"

#include <inttypes.h>
#include <string.h>

#define HEX_DIGEST (2 * IMP_SHA256 + 1)

static const char *hex_of(struct imp_span s, char out[static HEX_DIGEST])
{
	struct imp_wr wr = imp_wr(out, HEX_DIGEST - 1);

	imp_hex_put(&wr, s);
	out[wr.st == IMP_OK ? wr.n : 0] = '\0';
	return out;
}

static enum imp_status open_ledger(
	struct imp_env *env, const struct imp_args *args, struct imp_ledger **out)
{
	return imp_ledger_open(imp_arg(args, "ledger"), false, env->clock, out, &env->diag);
}

/* ---- verify -----------------------------------------------------------------------------------
 */

static enum imp_status read_head(
	struct imp_env *env, const char *text, uint8_t out[static IMP_SHA256], bool *given)
{
	struct imp_wr wr = imp_wr(out, IMP_SHA256);

	*given = text != NULL;
	if (!text || (imp_hex_get(&wr, imp_span_str(text)) == IMP_OK && wr.n == IMP_SHA256))
		return IMP_OK;
	return imp_diag(&env->diag, IMP_E_USAGE, "--head: 64 hexadecimal digits, not '%s'", text);
}

static void fill_verified(struct imp_json *j, const void *ctx)
{
	const struct imp_chain_head *head = ctx;

	imp_json_object(j, NULL);
	imp_json_bool(j, "verified", true);
	imp_json_uint(j, "events", (uint64_t)head->events);
	imp_json_uint(j, "batches", (uint64_t)head->batches);
	imp_json_uint(j, "units", (uint64_t)head->units);
	imp_json_hex(j, "head", imp_span(head->hash, IMP_SHA256));
	imp_json_object_end(j);
}

static enum imp_status verify(struct imp_env *env, const struct imp_args *args)
{
	IMP_LEDGER *ledger = NULL;
	struct imp_chain_head head;
	uint8_t noted[IMP_SHA256];
	char hex[HEX_DIGEST];
	bool given = false;
	enum imp_status st = read_head(env, imp_arg(args, "head"), noted, &given);

	if (st == IMP_OK)
		st = open_ledger(env, args, &ledger);
	if (st == IMP_OK)
		st = imp_ledger_verify(ledger, given ? noted : NULL, &head, &env->diag);
	if (st != IMP_OK)
		return st;
	if (env->json)
		return imp_json_line(env, fill_verified, &head);
	imp_out(env,
		"%s: nothing was changed: %" PRId64 " event%s, %" PRId64 " batch%s, %" PRId64
		" unit%s%s\nhead %s\n",
		imp_ledger_path(ledger), head.events, imp_s((uint64_t)head.events), head.batches,
		head.batches == 1 ? "" : "es", head.units, imp_s((uint64_t)head.units),
		given ? ", head noted earlier is in the chain" : "",
		hex_of(imp_span(head.hash, IMP_SHA256), hex));
	return IMP_OK;
}

/* ---- show and export --------------------------------------------------------------------------
 */

struct listing {
	struct imp_env *env;
	int64_t unit; /* only events of this one; 0: all */
	bool hashes;
};

struct event_line {
	const struct imp_event *e;
	bool hashes;
};

static void fill_event(struct imp_json *j, const void *ctx)
{
	const struct event_line *l = ctx;
	const struct imp_event *e = l->e;
	char time[24];

	imp_json_object(j, NULL);
	imp_json_int(j, "event", e->id);
	imp_json_str(j, "time", imp_time_text(e->time, time));
	imp_json_str(j, "kind", imp_event_name((enum imp_event_kind)e->kind));
	if (e->batch)
		imp_json_int(j, "batch", e->batch);
	if (e->unit) {
		imp_json_int(j, "unit", e->unit);
		imp_json_str(j, "state", imp_unit_state_name((enum imp_unit_state)e->state));
	}
	if (e->detail.n > 2)
		imp_json_raw(j, "detail", e->detail);
	if (l->hashes) {
		imp_json_hex(j, "digest", e->digest);
		imp_json_hex(j, "prev", e->prev);
		imp_json_hex(j, "hash", e->hash);
	}
	imp_json_object_end(j);
}

static enum imp_status print_event(void *ctx, const struct imp_event *e)
{
	const struct listing *l = ctx;
	struct event_line line = { e, l->hashes };
	char time[24];

	if (l->unit && e->unit != l->unit)
		return IMP_OK;
	if (l->env->json || l->hashes)
		return imp_json_line(l->env, fill_event, &line);
	imp_out(l->env, "%6" PRId64 "  %s  %-16s", e->id, imp_time_text(e->time, time),
		imp_event_name((enum imp_event_kind)e->kind));
	if (e->unit)
		imp_out(l->env, "  unit %" PRId64, e->unit);
	else if (e->batch)
		imp_out(l->env, "  batch %" PRId64, e->batch);
	if (e->detail.n > 2)
		imp_out(l->env, "  %.*s", (int)e->detail.n, (const char *)e->detail.p);
	imp_out(l->env, "\n");
	return IMP_OK;
}

static enum imp_status show(struct imp_env *env, const struct imp_args *args)
{
	IMP_LEDGER *ledger = NULL;
	IMP_UNIT unit = { 0 };
	struct listing listing = { .env = env };
	const char *endpoint = imp_arg(args, "endpoint");
	enum imp_status st = open_ledger(env, args, &ledger);

	if (st == IMP_OK && endpoint)
		st = imp_ledger_unit_by_endpoint(ledger, endpoint, &unit, &env->diag);
	if (st != IMP_OK)
		return st;
	listing.unit = unit.id;
	if (endpoint && !env->json)
		imp_out(env, "%s: serial %s, %s%s%s%s%s\n", unit.endpoint, unit.serial,
			imp_unit_state_name(unit.state), unit.iccid[0] ? ", card " : "", unit.iccid,
			unit.reason[0] ? ": " : "", unit.reason);
	return imp_ledger_events(ledger, 0, print_event, &listing, &env->diag);
}

static enum imp_status export_events(struct imp_env *env, const struct imp_args *args)
{
	IMP_LEDGER *ledger = NULL;
	struct listing listing = { .env = env, .hashes = true };
	enum imp_status st = open_ledger(env, args, &ledger);

	return st == IMP_OK ? imp_ledger_events(ledger, 0, print_event, &listing, &env->diag) : st;
}

/* ---- table ------------------------------------------------------------------------------------
 */

static const struct imp_opt verify_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "head", "HASH", "a head hash noted earlier, which must still be in the chain", 0 },
	IMP_OPT_END,
};
static const struct imp_opt show_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "endpoint", "NAME", "only what happened to this unit", 0 },
	IMP_OPT_END,
};
static const struct imp_opt export_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	IMP_OPT_END,
};

const struct imp_cmd imp_ledger_cmds[] = {
	{ "ledger", "verify", "", "Check that no row was changed, added or removed", verify,
		verify_opts, 0, 0, "imprint ledger verify --ledger line.db" },
	{ "ledger", "show", "", "Show what happened, in order", show, show_opts, 0, 0,
		"imprint ledger show --ledger line.db --endpoint urn:dev:ops:0001B2-METER-0042" },
	{ "ledger", "export", "", "Print all events with their hashes, as JSON Lines",
		export_events, export_opts, 0, 0, "imprint ledger export --ledger line.db" },
	{ 0 },
};
