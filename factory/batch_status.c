/* SPDX-License-Identifier: Apache-2.0 */
/* imprint batch status: how many units are in which state; which have failed, and why. */
#include "factory/commands.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "ledger/ledger.h"

#include <inttypes.h>
#include <string.h>

struct line {
	const struct imp_batch *batch;
	const struct imp_batch_counts *counts;
};

static void fill_line(struct imp_json *j, const void *ctx)
{
	const struct line *l = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "batch", l->batch->name);
	imp_json_str(j, "product", l->batch->product);
	imp_json_uint(j, "total", l->counts->total);
	for (unsigned i = 0; i < IMP_UNIT_STATES; i++)
		imp_json_uint(j, imp_unit_state_name((enum imp_unit_state)i), l->counts->state[i]);
	imp_json_object_end(j);
}

static enum imp_status print_batch(
	struct imp_env *env, const struct imp_batch *batch, const struct imp_batch_counts *counts)
{
	struct line line = { batch, counts };
	const char *comma = "";

	if (env->json)
		return imp_json_line(env, fill_line, &line);
	imp_out(env, "%s (%s): %" PRIu64 " unit%s", batch->name, batch->product, counts->total,
		imp_s(counts->total));
	for (unsigned i = 0; i < IMP_UNIT_STATES; i++) {
		if (!counts->state[i])
			continue;
		imp_out(env, "%s %" PRIu64 " %s", comma[0] ? comma : ":", counts->state[i],
			imp_unit_state_name((enum imp_unit_state)i));
		comma = ",";
	}
	imp_out(env, "%s\n", batch->test ? "  TEST KEYS" : "");
	return IMP_OK;
}

static void fill_unit(struct imp_json *j, const void *ctx)
{
	const struct imp_unit *u = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "serial", u->serial);
	imp_json_str(j, "endpoint", u->endpoint);
	imp_json_str(j, "state", imp_unit_state_name(u->state));
	imp_json_str(j, "reason", u->reason);
	imp_json_object_end(j);
}

static enum imp_status print_unit(struct imp_env *env, const struct imp_unit *u)
{
	if (env->json)
		return imp_json_line(env, fill_unit, u);
	imp_out(env, "  %s (%s): %s\n", u->serial, u->endpoint, u->reason);
	return IMP_OK;
}

static enum imp_status print_failed(
	struct imp_env *env, struct imp_ledger *ledger, const struct imp_batch *batch)
{
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = IMP_OK;

	while (st == IMP_OK && n) {
		IMP_UNIT u = { 0 };

		st = imp_ledger_units(
			ledger, batch->id, 1U << IMP_UNIT_FAILED, after, &u, 1, &n, &env->diag);
		if (st == IMP_OK && n)
			st = print_unit(env, &u);
		after = u.id;
	}
	return st;
}

static enum imp_status show(
	struct imp_env *env, struct imp_ledger *ledger, const struct imp_batch *batch, bool failed)
{
	struct imp_batch_counts counts;
	enum imp_status st = imp_ledger_batch_counts(ledger, batch->id, &counts, &env->diag);

	if (st == IMP_OK)
		st = print_batch(env, batch, &counts);
	return st == IMP_OK && failed ? print_failed(env, ledger, batch) : st;
}

static enum imp_status show_all(struct imp_env *env, struct imp_ledger *ledger, bool failed)
{
	enum imp_status st = IMP_OK;
	int64_t after = 0;

	while (st == IMP_OK) {
		IMP_BATCH batch = { 0 };

		st = imp_ledger_batch_next(ledger, after, &batch, &env->diag);
		if (st == IMP_OK)
			st = show(env, ledger, &batch, failed);
		else if (st == IMP_E_ABSENT)
			return IMP_OK;
		after = batch.id;
	}
	return st;
}

enum imp_status imp_batch_status(struct imp_env *env, const struct imp_args *args)
{
	IMP_LEDGER *ledger = NULL;
	IMP_BATCH batch = { 0 };
	const char *name = imp_arg(args, "batch");
	bool failed = imp_flag(args, "failed");
	enum imp_status st =
		imp_ledger_open(imp_arg(args, "ledger"), false, env->clock, &ledger, &env->diag);

	if (st != IMP_OK)
		return st;
	if (!name)
		return show_all(env, ledger, failed);
	st = imp_ledger_batch(ledger, name, &batch, &env->diag);
	return st == IMP_OK ? show(env, ledger, &batch, failed) : st;
}
