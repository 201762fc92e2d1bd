/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/digest.h"

#include <string.h>

static void put_number(uint8_t out[static 8], uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

static void add_octets(struct imp_sha256 *h, char tag, struct imp_span s)
{
	uint8_t head[9] = { (uint8_t)tag };

	put_number(head + 1, s.n);
	imp_sha256_add(h, imp_span(head, sizeof head));
	imp_sha256_add(h, s);
}

static void add_int(struct imp_sha256 *h, int64_t v)
{
	uint8_t b[9] = { 'I' };

	put_number(b + 1, (uint64_t)v);
	imp_sha256_add(h, imp_span(b, sizeof b));
}

static void add_column(struct imp_sha256 *h, sqlite3_stmt *stmt, int at)
{
	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER:
		add_int(h, sqlite3_column_int64(stmt, at));
		break;
	case SQLITE_NULL:
		imp_sha256_add(h, imp_span("N", 1));
		break;
	case SQLITE_BLOB:
		add_octets(h, 'B', imp_db_column_blob(stmt, at));
		break;
	default: /* text; REAL cannot stand in these tables and would differ as its text */
		add_octets(h, 'T', imp_db_column_octets(stmt, at));
	}
}

static void add_row(struct imp_sha256 *h, sqlite3_stmt *stmt)
{
	int n = sqlite3_column_count(stmt);

	for (int i = 0; i < n; i++)
		add_column(h, stmt, i);
}

static enum imp_status finish(
	struct imp_ledger *l, uint8_t out[static IMP_SHA256], struct imp_diag *diag)
{
	if (imp_sha256_finish(l->sha, out) != IMP_OK)
		return imp_diag(diag, IMP_E_INTERNAL, "SHA-256 failed");
	return IMP_OK;
}

static enum imp_status add_credentials(struct imp_ledger *l, int64_t unit, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIALS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	while ((st = imp_db_row(l, stmt, diag)) == IMP_OK)
		add_row(l->sha, stmt);
	return st == IMP_E_ABSENT ? IMP_OK : st;
}

static enum imp_status start_with_row(
	struct imp_ledger *l, enum imp_sql sql, int64_t id, int64_t *state, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, sql, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, id);
	st = imp_db_row(l, stmt, diag);
	if (st != IMP_OK)
		return st;
	imp_sha256_start(l->sha);
	add_row(l->sha, stmt);
	if (state)
		*state = sqlite3_column_int64(stmt, 7);
	return IMP_OK;
}

enum imp_status imp_digest_unit(struct imp_ledger *l, int64_t unit, uint8_t out[static IMP_SHA256],
	int64_t *state, struct imp_diag *diag)
{
	enum imp_status st = start_with_row(l, IMP_SQL_UNIT_ROW, unit, state, diag);

	if (st == IMP_OK)
		st = add_credentials(l, unit, diag);
	return st == IMP_OK ? finish(l, out, diag) : st;
}

enum imp_status imp_digest_batch(
	struct imp_ledger *l, int64_t batch, uint8_t out[static IMP_SHA256], struct imp_diag *diag)
{
	enum imp_status st = start_with_row(l, IMP_SQL_BATCH_ROW, batch, NULL, diag);

	return st == IMP_OK ? finish(l, out, diag) : st;
}

enum imp_status imp_digest_event(struct imp_ledger *l, const struct imp_event *event,
	uint8_t out[static IMP_SHA256], struct imp_diag *diag)
{
	struct imp_sha256 *h = l->sha;

	imp_sha256_start(h);
	add_octets(h, 'B', event->prev);
	add_int(h, event->id);
	add_int(h, event->time);
	add_int(h, event->kind);
	add_int(h, event->batch);
	add_int(h, event->unit);
	add_int(h, event->state);
	add_octets(h, 'B', event->digest);
	add_octets(h, 'T', event->detail);
	return finish(l, out, diag);
}
