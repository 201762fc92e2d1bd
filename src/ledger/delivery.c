/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/delivery.h"

#include "crypto/seal.h"
#include "ledger/unit.h"

#include <string.h>

size_t imp_delivery_aad(const struct imp_unit *unit, uint8_t out[static IMP_DELIVERY_AAD_MAX])
{
	size_t n = imp_unit_aad(unit, out);

	memcpy(out + n, IMP_DELIVERY_AAD, sizeof IMP_DELIVERY_AAD - 1);
	return n + sizeof IMP_DELIVERY_AAD - 1;
}

static enum imp_status add_payload(
	struct imp_ledger *l, const struct imp_unit_made *m, struct imp_diag *diag)
{
	IMP_STMT add = NULL;
	IMP_STMT set = NULL;
	uint8_t sha[IMP_SHA256];
	enum imp_status st = imp_db_use(l, IMP_SQL_DELIVERY_ADD, &add, diag);

	if (st == IMP_OK)
		st = imp_db_use(l, IMP_SQL_UNIT_DELIVERY, &set, diag);
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
	return imp_db_run(l, set, diag);
}

/* May this unit have one? */
static enum imp_status check(struct imp_ledger *l, const struct imp_unit *u, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st;

	if (!u->made || u->state == IMP_UNIT_SCRAPPED)
		return imp_diag(diag, IMP_E_DENIED, "'%s' is %s: nothing is delivered to it",
			u->endpoint, imp_unit_state_name(u->state));
	st = imp_db_use(l, IMP_SQL_DELIVERY_GET, &stmt, diag);
	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, u->id);
	st = imp_db_row(l, stmt, diag);
	if (st == IMP_OK)
		return imp_diag(diag, IMP_E_DENIED,
			"'%s': what is delivered to it was made already", u->endpoint);
	return st == IMP_E_ABSENT ? IMP_OK : st;
}

static enum imp_status record(
	struct imp_ledger *l, const struct imp_unit_made *m, struct imp_diag *diag)
{
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_unit_by_id(l, m->unit, &u, diag);

	if (st == IMP_OK)
		st = check(l, &u, diag);
	for (size_t i = 0; st == IMP_OK && i < m->credentials_n; i++)
		st = imp_credential_add(l, u.id, u.endpoint, &m->credentials[i], diag);
	if (st == IMP_OK)
		st = add_payload(l, m, diag);
	if (st != IMP_OK)
		return st;
	return imp_event_add(l,
		&(struct imp_event_new){ .kind = IMP_EVENT_DELIVERY_MADE,
			.batch = u.batch,
			.unit = u.id,
			.detail = "{}" },
		diag);
}

enum imp_status imp_ledger_deliver(
	struct imp_ledger *l, const struct imp_unit_made *made, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = record(l, made, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

enum imp_status imp_ledger_delivery(struct imp_ledger *l, const struct imp_unit *unit,
	struct imp_sealer *sealer, struct imp_blob *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	uint8_t aad[IMP_DELIVERY_AAD_MAX];
	size_t aad_n = imp_delivery_aad(unit, aad);
	enum imp_status st = imp_db_use(l, IMP_SQL_DELIVERY_GET, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit->id);
	st = imp_db_row(l, stmt, diag);
	if (st != IMP_OK)
		return st;
	return imp_unit_open_sealed(
		unit, sealer, imp_span(aad, aad_n), imp_db_column_blob(stmt, 0), out, diag);
}

enum imp_status imp_ledger_unit_by_credential(struct imp_ledger *l, enum imp_cred_kind kind,
	struct imp_span value, struct imp_unit *out, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_BY_CREDENTIAL, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, kind);
	imp_db_blob(stmt, 2, value);
	st = imp_db_row(l, stmt, diag);
	return st == IMP_OK ? imp_unit_of_row(l, stmt, out, diag) : st;
}

static enum imp_status set_delivered(struct imp_ledger *l, int64_t unit, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_DELIVERED, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	return imp_db_run(l, stmt, diag);
}

enum imp_status imp_ledger_unit_events(
	struct imp_ledger *l, const struct imp_unit_event *v, size_t n, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	for (size_t i = 0; i < n && st == IMP_OK; i++) {
		if (v[i].delivered)
			st = set_delivered(l, v[i].unit, diag);
		if (st != IMP_OK)
			break;
		st = imp_event_add(l,
			&(struct imp_event_new){
				.kind = v[i].proof ? IMP_EVENT_PROVED : IMP_EVENT_BOOTSTRAP,
				.batch = v[i].batch,
				.unit = v[i].unit,
				.detail = v[i].detail },
			diag);
	}
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}
