/* SPDX-License-Identifier: Apache-2.0 */
/* Planning a batch: its row and all its units, in one transaction that spans several calls. */
#include "ledger/resume.h"
#include "ledger/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum imp_status add_batch(struct imp_ledger *l, struct imp_batch *b, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_BATCH_ADD, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_text(stmt, 1, b->name);
	imp_db_text(stmt, 2, b->product);
	imp_db_text(stmt, 3, b->profile);
	imp_db_text(stmt, 4, b->profile_path);
	imp_db_text(stmt, 5, b->columns);
	imp_db_blob(stmt, 6, imp_span(b->profile_sha256, IMP_SHA256));
	imp_db_blob(stmt, 7, imp_span(b->devices_sha256, IMP_SHA256));
	imp_db_blob(stmt, 8, imp_span(b->inputs_sha256, IMP_SHA256));
	imp_db_int(stmt, 9, b->keys);
	imp_db_int(stmt, 10, b->targets);
	imp_db_int(stmt, 11, b->test);
	imp_db_int(stmt, 12, b->created);
	imp_db_int(stmt, 13, b->not_before);
	imp_db_int(stmt, 14, b->seal);
	imp_db_text(stmt, 15, b->seal_file);
	imp_db_blob(stmt, 16, imp_blob_span(&b->data_key));
	st = imp_db_row(l, stmt, diag);
	if (st == IMP_E_ABSENT)
		return imp_diag(diag, IMP_E_INTERNAL, "%s: no number for the batch", l->path);
	if (st == IMP_OK)
		b->id = sqlite3_column_int64(stmt, 0);
	return st;
}

static enum imp_status refuse_name(
	struct imp_ledger *l, const struct imp_batch *b, struct imp_diag *diag)
{
	IMP_BATCH other = { 0 };
	enum imp_status st = imp_ledger_batch(l, b->name, &other, NULL);

	if (st == IMP_E_ABSENT)
		return IMP_OK;
	if (st != IMP_OK)
		return imp_db_error(l, diag);
	(void)imp_diag(diag, IMP_E_DENIED, "%s: there is a batch '%s' already", l->path, b->name);
	imp_diag_hint(diag, "'imprint batch run' continues it; a new batch needs a new name");
	return IMP_E_DENIED;
}

static enum imp_status last_unit(struct imp_ledger *l, int64_t *out, struct imp_diag *diag)
{
	sqlite3_stmt *stmt = NULL;
	enum imp_status st = IMP_OK;

	if (sqlite3_prepare_v2(l->db, "SELECT coalesce(max(id), 0) FROM unit", -1, &stmt, NULL) !=
			SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW)
		st = imp_db_error(l, diag);
	else
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return st;
}

enum imp_status imp_ledger_plan_begin(
	struct imp_ledger *l, struct imp_batch *batch, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = refuse_name(l, batch, diag);
	if (st == IMP_OK)
		st = add_batch(l, batch, diag);
	if (st == IMP_OK)
		st = last_unit(l, &l->plan_last, diag);
	if (st != IMP_OK)
		return st;
	l->plan_batch = batch->id;
	l->plan_first = l->plan_last + 1;
	txn.l = NULL; /* stays open, with the mutex, until plan_end or plan_abort */
	return IMP_OK;
}

static enum imp_status add_unit(
	struct imp_ledger *l, const struct imp_unit *u, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_ADD, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, u->id);
	imp_db_int(stmt, 2, u->batch);
	imp_db_int(stmt, 3, u->line);
	imp_db_text(stmt, 4, u->serial);
	imp_db_text(stmt, 5, u->endpoint);
	imp_db_text(stmt, 6, u->iccid);
	imp_db_text(stmt, 7, u->fields);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status add_names(struct imp_ledger *l, const struct imp_batch *b,
	const struct imp_unit *u, struct imp_diag *diag)
{
	IMP_BLOB serial = { NULL, 0 };
	struct imp_cred c[] = {
		{ .kind = IMP_CRED_ENDPOINT, .value = imp_span_str(u->endpoint) },
		{ .kind = IMP_CRED_SERIAL },
		{ .kind = IMP_CRED_ICCID, .value = imp_span_str(u->iccid) },
	};
	enum imp_status st = imp_serial_value(b->product, u->serial, &serial, diag);

	c[1].value = imp_blob_span(&serial);
	for (size_t i = 0; i < sizeof c / sizeof c[0] && st == IMP_OK; i++)
		if (c[i].value.n)
			st = imp_credential_add(l, u->id, u->endpoint, &c[i], diag);
	return st;
}

static enum imp_status plan_unit(struct imp_ledger *l, const struct imp_batch *batch,
	const struct imp_unit *unit, const struct imp_cred *credentials, size_t n,
	struct imp_diag *diag)
{
	enum imp_status st = add_unit(l, unit, diag);

	if (st == IMP_OK)
		st = add_names(l, batch, unit, diag);
	for (size_t i = 0; i < n && st == IMP_OK; i++)
		st = imp_credential_add(l, unit->id, unit->endpoint, &credentials[i], diag);
	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_PLANNED,
			.batch = batch->id,
			.unit = unit->id,
			.detail = "{}" },
		diag);
}

enum imp_status imp_ledger_plan_unit(struct imp_ledger *l, const struct imp_batch *batch,
	struct imp_unit *unit, const struct imp_cred *credentials, size_t n, struct imp_diag *diag)
{
	enum imp_status st = imp_db_run_plain(l, IMP_SQL_SAVE, diag);

	if (st != IMP_OK)
		return st;
	unit->id = l->plan_last + 1;
	unit->batch = batch->id;
	st = plan_unit(l, batch, unit, credentials, n, diag);
	if (st == IMP_OK)
		l->plan_last = unit->id;
	else if (imp_db_run_plain(l, IMP_SQL_BACK, NULL) != IMP_OK)
		return st;
	if (imp_db_run_plain(l, IMP_SQL_SAVED, st == IMP_OK ? diag : NULL) != IMP_OK &&
		st == IMP_OK)
		st = imp_db_error(l, diag);
	return st;
}

static enum imp_status set_range(struct imp_ledger *l, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_BATCH_UNITS, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, l->plan_batch);
	imp_db_int(stmt, 2, l->plan_first);
	imp_db_int(stmt, 3, l->plan_last);
	return imp_db_run(l, stmt, diag);
}

enum imp_status imp_ledger_plan_end(struct imp_ledger *l, struct imp_diag *diag)
{
	IMP_TXN txn = { l };
	char detail[64];
	enum imp_status st = set_range(l, diag);

	(void)snprintf(
		detail, sizeof detail, "{\"units\":%" PRId64 "}", l->plan_last - l->plan_first + 1);
	if (st == IMP_OK)
		st = imp_event_add(l,
			&(struct imp_event_new){
				.kind = IMP_EVENT_BATCH, .batch = l->plan_batch, .detail = detail },
			diag);
	if (st == IMP_OK)
		st = imp_txn_commit(&txn, diag);
	if (st != IMP_OK)
		imp_resume_drop(l, l->plan_batch);
	l->plan_batch = 0;
	return st;
}

void imp_ledger_plan_abort(struct imp_ledger *l)
{
	struct imp_txn txn = { l };

	imp_resume_drop(l, l->plan_batch);
	l->plan_batch = 0;
	imp_txn_end(&txn);
}
