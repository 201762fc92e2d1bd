/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/bs_log.h"

#include "cmd/json_line.h"
#include "host/system.h"
#include "ledger/delivery.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 64
#define PENDING_MS 100
#define DETAIL_MAX 2048

/* Refusals of one unit are told to the ledger once in this time.  The table bounds how many units
 * it is told of; further ones are seen in the other logs. */
#define REFUSAL_MS 60000
#define REFUSALS 4096 /* a power of two */
#define REFUSAL_WAYS 8

struct imp_bs_log {
	struct imp_env *env;
	struct imp_ledger *ledger;
	struct imp_bs_counts counts;
	struct imp_unit_event pending[PENDING_MAX];
	char detail[PENDING_MAX][DETAIL_MAX];
	size_t n;
	uint64_t since; /* ms, of the oldest */
	struct refusal {
		int64_t unit; /* 0: free */
		uint64_t at;  /* ms */
	} refusals[REFUSALS];
};

enum imp_status imp_bs_log_open(
	struct imp_env *env, struct imp_ledger *ledger, struct imp_bs_log **out)
{
	struct imp_bs_log *log = calloc(1, sizeof *log);

	if (!log)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	log->env = env;
	log->ledger = ledger;
	*out = log;
	return IMP_OK;
}

void imp_bs_log_close(struct imp_bs_log *log)
{
	struct imp_diag diag = { .status = IMP_OK };

	if (!log)
		return;
	if (imp_bs_log_flush(log, true, &diag) != IMP_OK)
		imp_warn(log->env, "%s", diag.text);
	free(log);
}

const struct imp_bs_counts *imp_bs_log_counts(const struct imp_bs_log *log)
{
	return &log->counts;
}

static const char *name_of(enum imp_bs_event_kind kind)
{
	static const char *const names[] = {
		[IMP_BS_REQUESTED] = "requested",
		[IMP_BS_REFUSED] = "refused",
		[IMP_BS_STEP] = "step",
		[IMP_BS_FINISHED] = "finished",
		[IMP_BS_PACKED] = "packed",
		[IMP_BS_FAILED] = "failed",
		[IMP_BS_REPLACED] = "replaced",
	};

	return names[kind];
}

static const char *method_name(enum imp_method method)
{
	static const char *const names[] = {
		[IMP_GET] = "GET", [IMP_POST] = "POST", [IMP_PUT] = "PUT", [IMP_DELETE] = "DELETE"
	};

	return names[method];
}

/* ---- lines ------------------------------------------------------------------------------------
 */

struct line {
	const struct imp_bs_event *event;
	const char *who, *text;
	char time[24];
};

static void put_code(struct imp_json *j, uint8_t code)
{
	char text[5];

	if (code)
		imp_json_str(j, "code", imp_coap_text(code, text));
}

static void put_endpoint(struct imp_json *j, struct imp_span endpoint)
{
	if (endpoint.n && imp_span_utf8(endpoint))
		imp_json_span(j, "endpoint", endpoint);
	else if (endpoint.n)
		imp_json_hex(j, "endpoint_hex", endpoint);
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct line *l = ctx;
	const struct imp_bs_event *e = l->event;

	imp_json_object(j, NULL);
	imp_json_str(j, "event", name_of(e->kind));
	imp_json_str(j, "time", l->time);
	imp_json_uint(j, "session", e->session);
	put_endpoint(j, e->endpoint);
	imp_json_str(j, "who", l->who);
	if (e->kind == IMP_BS_STEP) {
		imp_json_str(j, "method", method_name(e->method));
		imp_json_str(j, "path", e->path);
	}
	put_code(j, e->code);
	if (e->kind == IMP_BS_FINISHED || e->kind == IMP_BS_FAILED)
		imp_json_uint(j, "skipped", e->skipped);
	if (l->text[0])
		imp_json_str(j, "text", l->text);
	imp_json_object_end(j);
}

static void tell_people(struct imp_bs_log *log, const struct line *l)
{
	const struct imp_bs_event *e = l->event;
	char code[5] = "";
	int n = (int)e->endpoint.n;

	if (e->kind == IMP_BS_STEP || e->kind == IMP_BS_REQUESTED)
		return;
	if (e->code && e->kind != IMP_BS_FINISHED)
		(void)imp_coap_text(e->code, code);
	imp_note(log->env, "%s %s: %.*s (%s)%s%s%s%s", l->time, name_of(e->kind), n,
		e->endpoint.n ? (const char *)e->endpoint.p : "", l->who, code[0] ? ", " : "", code,
		l->text[0] ? ": " : "", l->text);
}

/* ---- the ledger -------------------------------------------------------------------------------
 */

static void count(struct imp_bs_counts *c, enum imp_bs_event_kind kind)
{
	c->requested += kind == IMP_BS_REQUESTED;
	c->finished += kind == IMP_BS_FINISHED;
	c->failed += kind == IMP_BS_FAILED;
	c->refused += kind == IMP_BS_REFUSED;
	c->packed += kind == IMP_BS_PACKED;
}

/* May a refusal of this unit be told?  It is noted then. */
static bool may_tell_refusal(struct imp_bs_log *log, int64_t unit)
{
	uint64_t now = log->env->clock->mono_ms(log->env->clock->ctx);
	size_t first = (size_t)((uint64_t)unit * 0x9E3779B97F4A7C15U >> 32);
	struct refusal *room = NULL;

	for (size_t i = 0; i < REFUSAL_WAYS; i++) {
		struct refusal *r = &log->refusals[(first + i) % REFUSALS];
		bool over = !r->unit || now - r->at >= REFUSAL_MS;

		if (r->unit == unit && !over)
			return false;
		if (over && (!room || r->unit == unit))
			room = r;
	}
	if (room)
		*room = (struct refusal){ unit, now };
	return room != NULL;
}

static bool is_for_ledger(struct imp_bs_log *log, const struct imp_bs_event *e)
{
	if (!e->note || !e->note->unit)
		return false;
	if (e->kind == IMP_BS_REFUSED)
		return may_tell_refusal(log, e->note->unit);
	return e->kind == IMP_BS_FINISHED || e->kind == IMP_BS_FAILED || e->kind == IMP_BS_PACKED;
}

static void keep(struct imp_bs_log *log, const struct line *l)
{
	const struct imp_bs_event *e = l->event;
	char *detail = log->detail[log->n];
	struct imp_wr wr = imp_wr(detail, DETAIL_MAX - 1);
	struct imp_json j = imp_json(&wr);

	imp_json_object(&j, NULL);
	imp_json_str(&j, "result", name_of(e->kind));
	imp_json_str(&j, "who", l->who);
	if (e->kind == IMP_BS_REFUSED) /* it need not be the unit's own */
		put_endpoint(&j, e->endpoint);
	put_code(&j, e->code);
	if (e->skipped)
		imp_json_uint(&j, "skipped", e->skipped);
	if (l->text[0])
		imp_json_str(&j, "text", l->text);
	imp_json_object_end(&j);
	detail[wr.st == IMP_OK ? wr.n : 0] = '\0';
	if (wr.st != IMP_OK)
		(void)memcpy(detail, "{}", 3);
	if (log->n == 0)
		log->since = log->env->clock->mono_ms(log->env->clock->ctx);
	log->pending[log->n++] = (struct imp_unit_event){ .batch = e->note->batch,
		.unit = e->note->unit,
		.delivered = e->kind == IMP_BS_FINISHED && e->note->delivery,
		.detail = detail };
}

enum imp_status imp_bs_log_flush(struct imp_bs_log *log, bool all, struct imp_diag *diag)
{
	uint64_t now = log->env->clock->mono_ms(log->env->clock->ctx);
	enum imp_status st;

	if (log->n == 0 || (!all && log->n < PENDING_MAX && now - log->since < PENDING_MS))
		return IMP_OK;
	st = imp_ledger_unit_events(log->ledger, log->pending, log->n, diag);
	if (st == IMP_OK)
		log->n = 0;
	return st;
}

void imp_bs_log_event(
	struct imp_bs_log *log, const struct imp_bs_event *event, const char *who, const char *why)
{
	struct imp_diag diag = { .status = IMP_OK };
	struct line l = { .event = event,
		.who = event->note && event->note->who[0] ? event->note->who : who,
		.text = why[0] ? why : event->text };

	(void)imp_time_text(log->env->clock->wall_s(log->env->clock->ctx), l.time);
	count(&log->counts, event->kind);
	if (log->env->json && imp_json_line(log->env, fill, &l) != IMP_OK)
		imp_warn(log->env, "an event has no JSON: %s", log->env->diag.text);
	tell_people(log, &l);
	if (!is_for_ledger(log, event))
		return;
	if (log->n == PENDING_MAX && imp_bs_log_flush(log, true, &diag) != IMP_OK) {
		imp_warn(log->env, "not in the ledger: %s", diag.text);
		log->n = 0;
	}
	keep(log, &l);
}
