/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to units: keys made, files written, failure, retry, scrap. */
#include "ledger/unit.h"

#include <stdio.h>
#include <string.h>

enum imp_status imp_unit_set_state(struct imp_ledger *l, int64_t unit, enum imp_unit_state state,
	unsigned done, const char *reason, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_STATE, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	imp_db_int(stmt, 2, state);
	imp_db_int(stmt, 3, done);
	imp_db_text(stmt, 4, reason);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status run_for(
	struct imp_ledger *l, enum imp_sql sql, int64_t unit, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, sql, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status wrong_state(
	const struct imp_unit *u, const char *wish, struct imp_diag *diag)
{
	return imp_diag(diag, IMP_E_DENIED, "unit '%s' is %s%s%s: it cannot be %s", u->serial,
		imp_unit_state_name(u->state), u->reason[0] ? ": " : "", u->reason, wish);
}

/* A reason as it is kept: cut at a character's border. */
static const char *cut(const char *reason, char out[static IMP_UNIT_REASON_MAX + 1])
{
	size_t n = strlen(reason);

	if (n > IMP_UNIT_REASON_MAX)
		for (n = IMP_UNIT_REASON_MAX; n && ((uint8_t)reason[n] & 0xC0) == 0x80;)
			n--;
	memcpy(out, reason, n);
	out[n] = '\0';
	return out;
}

/* Set failed, with its event. */
static enum imp_status fail(
	struct imp_ledger *l, const struct imp_unit *u, const char *reason, struct imp_diag *diag)
{
	char detail[IMP_DETAIL_MAX], kept[IMP_UNIT_REASON_MAX + 1];
	enum imp_status st =
		imp_unit_set_state(l, u->id, IMP_UNIT_FAILED, u->done, cut(reason, kept), diag);

	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_FAILED,
			.batch = u->batch,
			.unit = u->id,
			.detail = imp_detail_text("reason", kept, detail) },
		diag);
}

/* ---- made -------------------------------------------------------------------------------------
 */

static enum imp_status add_keys(struct imp_ledger *l, const struct imp_unit *u,
	const struct imp_unit_made *m, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; i < m->credentials_n && st == IMP_OK; i++)
		st = imp_credential_add(l, u->id, u->endpoint, &m->credentials[i], diag);
	return st;
}

static enum imp_status add_sealed(
	struct imp_ledger *l, const struct imp_unit_made *m, struct imp_diag *diag)
{
	IMP_STMT add = NULL;
	IMP_STMT set = NULL;
	uint8_t sha[IMP_SHA256];
	enum imp_status st = imp_db_use(l, IMP_SQL_SEALED_ADD, &add, diag);

	if (st == IMP_OK)
		st = imp_db_use(l, IMP_SQL_UNIT_MADE, &set, diag);
	if (st == IMP_OK && imp_sha256(m->sealed, sha) != IMP_OK)
		st = imp_diag(diag, IMP_E_INTERNAL, "SHA-256 failed");
	if (st != IMP_OK)
		return st;
	imp_db_int(add, 1, m->unit);
	imp_db_blob(add, 2, m->sealed);
	st = imp_db_run(l, add, diag);
	if (st != IMP_OK)
		return st;
	imp_db_int(set, 1, m->unit);
	imp_db_blob(set, 2, imp_span(sha, sizeof sha));
	imp_db_int(set, 3, m->payload_bytes);
	imp_db_int(set, 4, m->generation);
	return imp_db_run(l, set, diag);
}

/* A collision: forget the keys that were just made, they have gone nowhere. */
static enum imp_status collided(struct imp_ledger *l, const struct imp_unit *u,
	struct imp_unit_made *m, struct imp_diag *why, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_CREDENTIAL_DROP_KEYS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, u->id);
	imp_db_int(stmt, 2, IMP_CRED_PSK);
	st = imp_db_run(l, stmt, diag);
	if (st == IMP_OK)
		st = fail(l, u, why->text, diag);
	m->status = IMP_E_DENIED;
	return st;
}

static enum imp_status made_one(
	struct imp_ledger *l, int64_t batch, struct imp_unit_made *m, struct imp_diag *diag)
{
	IMP_UNIT u = { 0 };
	struct imp_diag why = { .status = IMP_OK };
	enum imp_status st = imp_unit_by_id(l, m->unit, &u, diag);

	if (st != IMP_OK)
		return st;
	if (u.state != IMP_UNIT_PLANNED || u.batch != batch)
		return wrong_state(&u, "made", diag);
	m->status = IMP_OK;
	st = add_keys(l, &u, m, &why);
	if (st == IMP_E_DENIED)
		return collided(l, &u, m, &why, diag);
	if (st != IMP_OK) {
		if (diag)
			*diag = why;
		return st;
	}
	st = add_sealed(l, m, diag);
	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){
			.kind = IMP_EVENT_MADE, .batch = batch, .unit = m->unit, .detail = "{}" },
		diag);
}

enum imp_status imp_ledger_made(struct imp_ledger *l, int64_t batch, struct imp_unit_made *v,
	size_t n, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	for (size_t i = 0; i < n && st == IMP_OK; i++)
		st = made_one(l, batch, &v[i], diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

/* ---- flashed ----------------------------------------------------------------------------------
 */

static enum imp_status set_flashed(struct imp_ledger *l, const struct imp_unit_flashed *f,
	enum imp_unit_state state, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_FLASHED, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, f->unit);
	imp_db_int(stmt, 2, state);
	imp_db_int(stmt, 3, IMP_TARGET_FLASH);
	imp_db_text(stmt, 4, f->file);
	imp_db_int(stmt, 5, (int64_t)f->file_bytes);
	imp_db_blob(stmt, 6, imp_span(f->file_sha256, IMP_SHA256));
	return imp_db_run(l, stmt, diag);
}

/* The state of a unit whose flash part is done: a card in the middle of its part keeps it. */
static enum imp_unit_state after_flash(const struct imp_unit *u, unsigned targets)
{
	if (((u->done | IMP_TARGET_FLASH) & targets) == targets)
		return IMP_UNIT_RELEASED;
	return u->state == IMP_UNIT_WRITTEN ? IMP_UNIT_WRITTEN : IMP_UNIT_VERIFIED;
}

static enum imp_status flashed_one(struct imp_ledger *l, const struct imp_batch *b,
	const struct imp_unit_flashed *f, struct imp_diag *diag)
{
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_unit_by_id(l, f->unit, &u, diag);

	if (st != IMP_OK)
		return st;
	if (u.state < IMP_UNIT_MADE || u.state > IMP_UNIT_VERIFIED || u.batch != b->id)
		return wrong_state(&u, "written", diag);
	if (f->failure)
		return fail(l, &u, f->failure, diag);
	st = set_flashed(l, f, after_flash(&u, b->targets), diag);
	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_FLASHED,
			.batch = b->id,
			.unit = f->unit,
			.detail = f->evidence },
		diag);
}

enum imp_status imp_ledger_flashed(struct imp_ledger *l, const struct imp_batch *batch,
	const struct imp_unit_flashed *v, size_t n, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	for (size_t i = 0; i < n && st == IMP_OK; i++)
		st = flashed_one(l, batch, &v[i], diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

/* ---- fail, retry, scrap -----------------------------------------------------------------------
 */

enum imp_status imp_ledger_fail(
	struct imp_ledger *l, int64_t unit, const char *reason, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = imp_unit_by_id(l, unit, &u, diag);
	if (st != IMP_OK)
		return st;
	if (u.state > IMP_UNIT_VERIFIED)
		return wrong_state(&u, "failed", diag);
	st = fail(l, &u, reason, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

/* Where a failed unit was before: a target that is done stays done. */
static enum imp_unit_state before_failure(const struct imp_unit *u)
{
	if (u->done)
		return IMP_UNIT_VERIFIED;
	return u->made ? IMP_UNIT_MADE : IMP_UNIT_PLANNED;
}

static enum imp_status retry_one(
	struct imp_ledger *l, const struct imp_unit *u, struct imp_diag *diag)
{
	enum imp_status st = imp_unit_set_state(l, u->id, before_failure(u), u->done, NULL, diag);

	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_RETRIED,
			.batch = u->batch,
			.unit = u->id,
			.detail = "{}" },
		diag);
}

static enum imp_status retry_all(
	struct imp_ledger *l, const struct imp_batch *batch, uint64_t *n, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;
	int64_t after = 0;
	size_t got = 1;

	while (st == IMP_OK && got) {
		IMP_UNIT u = { 0 };

		st = imp_ledger_units(
			l, batch->id, 1U << IMP_UNIT_FAILED, after, &u, 1, &got, diag);
		if (st == IMP_OK && got) {
			st = retry_one(l, &u, diag);
			after = u.id;
			++*n;
		}
	}
	return st;
}

static enum imp_status retry_named(struct imp_ledger *l, const struct imp_batch *batch,
	const char *serial, uint64_t *n, struct imp_diag *diag)
{
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_ledger_unit_by_serial(l, batch->id, serial, &u, diag);

	if (st != IMP_OK)
		return st;
	if (u.state != IMP_UNIT_FAILED)
		return imp_diag(diag, IMP_E_DENIED, "unit '%s' is %s: only a failed one is retried",
			serial, imp_unit_state_name(u.state));
	*n = 1;
	return retry_one(l, &u, diag);
}

enum imp_status imp_ledger_retry(struct imp_ledger *l, const struct imp_batch *batch,
	const char *serial, uint64_t *n, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	uint64_t count = 0;
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = serial ? retry_named(l, batch, serial, &count, diag)
			    : retry_all(l, batch, &count, diag);
	if (st == IMP_OK)
		st = imp_txn_commit(&txn, diag);
	if (st == IMP_OK)
		*n = count;
	return st;
}

static enum imp_status scrap_one(
	struct imp_ledger *l, const struct imp_unit *u, const char *reason, struct imp_diag *diag)
{
	char detail[IMP_DETAIL_MAX], kept[IMP_UNIT_REASON_MAX + 1];
	enum imp_status st =
		imp_unit_set_state(l, u->id, IMP_UNIT_SCRAPPED, u->done, cut(reason, kept), diag);

	if (st == IMP_OK)
		st = run_for(l, IMP_SQL_SEALED_DROP, u->id, diag);
	if (st == IMP_OK)
		st = run_for(l, IMP_SQL_DELIVERY_DROP, u->id, diag);
	if (st == IMP_OK)
		st = run_for(l, IMP_SQL_UNIT_FORGET, u->id, diag);
	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_SCRAPPED,
			.batch = u->batch,
			.unit = u->id,
			.detail = imp_detail_text("reason", kept, detail) },
		diag);
}

enum imp_status imp_ledger_scrap(struct imp_ledger *l, const struct imp_batch *batch,
	const char *serial, const char *reason, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = imp_ledger_unit_by_serial(l, batch->id, serial, &u, diag);
	if (st != IMP_OK)
		return st;
	if (u.state == IMP_UNIT_SCRAPPED)
		return imp_diag(
			diag, IMP_E_DENIED, "unit '%s' is scrapped already: %s", serial, u.reason);
	st = scrap_one(l, &u, reason, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}
