/* SPDX-License-Identifier: Apache-2.0 */
/* Adding events and reading them. */
#include "ledger/digest.h"

#include <string.h>

const char *imp_event_name(enum imp_event_kind kind)
{
	static const char *const names[IMP_EVENT_KINDS] = {
		[IMP_EVENT_CREATED] = "ledger-created",
		[IMP_EVENT_BATCH] = "batch-planned",
		[IMP_EVENT_RESUME_GONE] = "resume-key-wiped",
		[IMP_EVENT_PLANNED] = "planned",
		[IMP_EVENT_MADE] = "made",
		[IMP_EVENT_FLASHED] = "flash-verified",
		[IMP_EVENT_CARD_BOUND] = "card-bound",
		[IMP_EVENT_CARD_WRITTEN] = "card-written",
		[IMP_EVENT_CARD_VERIFIED] = "card-verified",
		[IMP_EVENT_FAILED] = "failed",
		[IMP_EVENT_RETRIED] = "retried",
		[IMP_EVENT_SCRAPPED] = "scrapped",
		[IMP_EVENT_DELIVERY_MADE] = "delivery-made",
		[IMP_EVENT_BOOTSTRAP] = "bootstrap",
		[IMP_EVENT_PROVED] = "proved",
	};

	if ((unsigned)kind >= IMP_EVENT_KINDS || !names[kind])
		return "unknown";
	return names[kind];
}

static enum imp_status insert(
	struct imp_ledger *l, const struct imp_event *e, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_EVENT_ADD, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, e->id);
	imp_db_int(stmt, 2, e->time);
	imp_db_int(stmt, 3, e->kind);
	imp_db_int(stmt, 4, e->batch);
	imp_db_int(stmt, 5, e->unit);
	imp_db_int(stmt, 6, e->state);
	imp_db_blob(stmt, 7, e->digest);
	(void)sqlite3_bind_text(
		stmt, 8, (const char *)e->detail.p, (int)e->detail.n, SQLITE_STATIC);
	imp_db_blob(stmt, 9, e->prev);
	imp_db_blob(stmt, 10, e->hash);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status digest_of(struct imp_ledger *l, const struct imp_event_new *what,
	uint8_t out[static IMP_SHA256], int64_t *state, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	*state = 0;
	memset(out, 0, IMP_SHA256);
	if (what->unit)
		st = imp_digest_unit(l, what->unit, out, state, diag);
	else if (what->batch)
		st = imp_digest_batch(l, what->batch, out, diag);
	if (st == IMP_E_ABSENT)
		return imp_diag(diag, IMP_E_MISMATCH, "%s: unit %lld is not there", l->path,
			(long long)what->unit);
	return st;
}

enum imp_status imp_event_add(
	struct imp_ledger *l, const struct imp_event_new *what, struct imp_diag *diag)
{
	uint8_t digest[IMP_SHA256], hash[IMP_SHA256];
	struct imp_event e = {
		.id = l->head + 1,
		.time = l->clock->wall_s(l->clock->ctx),
		.kind = what->kind,
		.batch = what->batch,
		.unit = what->unit,
		.detail = imp_span_str(what->detail),
		.prev = imp_span(l->head_hash, sizeof l->head_hash),
		.digest = imp_span(digest, sizeof digest),
		.hash = imp_span(hash, sizeof hash),
	};
	enum imp_status st = digest_of(l, what, digest, &e.state, diag);

	if (st == IMP_OK)
		st = imp_digest_event(l, &e, hash, diag);
	if (st == IMP_OK)
		st = insert(l, &e, diag);
	if (st != IMP_OK)
		return st;
	l->head = e.id;
	memcpy(l->head_hash, hash, sizeof hash);
	return IMP_OK;
}

struct imp_event imp_event_of_row(sqlite3_stmt *stmt)
{
	struct imp_event e = {
		.id = sqlite3_column_int64(stmt, 0),
		.time = sqlite3_column_int64(stmt, 1),
		.kind = sqlite3_column_int64(stmt, 2),
		.batch = sqlite3_column_int64(stmt, 3),
		.unit = sqlite3_column_int64(stmt, 4),
		.state = sqlite3_column_int64(stmt, 5),
		.digest = imp_db_column_blob(stmt, 6),
		.detail = imp_db_column_octets(stmt, 7),
		.prev = imp_db_column_blob(stmt, 8),
		.hash = imp_db_column_blob(stmt, 9),
	};

	return e;
}

enum imp_status imp_ledger_events(struct imp_ledger *l, int64_t after,
	enum imp_status (*visit)(void *ctx, const struct imp_event *event), void *ctx,
	struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_EVENTS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, after);
	while ((st = imp_db_row(l, stmt, diag)) == IMP_OK) {
		struct imp_event e = imp_event_of_row(stmt);

		st = visit(ctx, &e);
		if (st != IMP_OK)
			return st;
	}
	return st == IMP_E_ABSENT ? IMP_OK : st;
}
