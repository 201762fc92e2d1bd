/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to units whose target is a card. */
#include "ledger/unit.h"

#include <string.h>

static enum imp_status not_now(const struct imp_unit *u, const char *why, struct imp_diag *diag)
{
	return imp_diag(diag, IMP_E_DENIED, "'%s': %s", u->endpoint, why);
}

static bool finished(const struct imp_unit *u)
{
	return u->state != IMP_UNIT_SCRAPPED && (u->done & IMP_TARGET_CARD);
}

static enum imp_status may_take_a_card(
	const struct imp_unit *u, const struct imp_batch *b, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	if (!(b->targets & IMP_TARGET_CARD))
		return not_now(u, "its profile has no card target", diag);
	switch (u->state) {
	case IMP_UNIT_MADE:
	case IMP_UNIT_WRITTEN:
	case IMP_UNIT_VERIFIED:
		break;
	case IMP_UNIT_PLANNED:
		st = not_now(u, "no keys were made yet", diag);
		imp_diag_hint(diag, "run 'imprint batch run' for batch '%s' first", b->name);
		break;
	case IMP_UNIT_FAILED:
		st = not_now(u, "it has failed", diag);
		imp_diag_hint(diag, "run 'imprint batch retry' for batch '%s' first", b->name);
		break;
	case IMP_UNIT_RELEASED:
	case IMP_UNIT_SCRAPPED:
	case IMP_UNIT_STATES:
	default:
		st = imp_diag(diag, IMP_E_DENIED, "'%s' is %s already%s%s", u->endpoint,
			imp_unit_state_name(u->state), u->iccid[0] ? ", card " : "", u->iccid);
	}
	if (st == IMP_OK && (u->done & IMP_TARGET_CARD))
		st = not_now(u, "its card is written and verified already", diag);
	if (finished(u))
		imp_diag_hint(diag,
			"if card %s has lost its set: --rewrite puts the same one on it again",
			u->iccid);
	return st;
}

static enum imp_status load(struct imp_ledger *l, int64_t unit, struct imp_unit *u,
	struct imp_batch *b, struct imp_diag *diag)
{
	enum imp_status st = imp_unit_by_id(l, unit, u, diag);

	if (st == IMP_OK)
		st = imp_ledger_batch_by_id(l, u->batch, b, diag);
	return st;
}

static enum imp_status set_iccid(
	struct imp_ledger *l, int64_t unit, const char *iccid, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_UNIT_ICCID, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, unit);
	imp_db_text(stmt, 2, iccid);
	return imp_db_run(l, stmt, diag);
}

static enum imp_status add_event(struct imp_ledger *l, const struct imp_unit *u,
	enum imp_event_kind kind, const char *detail, struct imp_diag *diag)
{
	return imp_event_add(l,
		&(struct imp_event_new){
			.kind = kind, .batch = u->batch, .unit = u->id, .detail = detail },
		diag);
}

static enum imp_status bind_first(
	struct imp_ledger *l, const struct imp_unit *u, const char *iccid, struct imp_diag *diag)
{
	char detail[IMP_DETAIL_MAX];
	struct imp_cred c = { .kind = IMP_CRED_ICCID, .value = imp_span_str(iccid) };
	enum imp_status st = imp_credential_add(l, u->id, u->endpoint, &c, diag);

	if (st == IMP_OK)
		st = set_iccid(l, u->id, iccid, diag);
	if (st == IMP_OK)
		st = add_event(
			l, u, IMP_EVENT_CARD_BOUND, imp_detail_text("iccid", iccid, detail), diag);
	return st;
}

/* Without commit: the same judgement, and all of it taken back. */
static enum imp_status bind(
	struct imp_ledger *l, int64_t unit, const char *iccid, bool commit, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	IMP_UNIT u = { 0 };
	IMP_BATCH b = { 0 };
	size_t n = strlen(iccid);
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = load(l, unit, &u, &b, diag);
	if (st == IMP_OK)
		st = may_take_a_card(&u, &b, diag);
	if (st != IMP_OK)
		return st;
	if (n == 0 || n > IMP_UNIT_ICCID_MAX)
		return imp_diag(diag, IMP_E_FORMAT, "'%s': not an ICCID: '%s'", u.endpoint, iccid);
	if (strcmp(u.iccid, iccid) == 0)
		return IMP_OK;
	if (u.iccid[0]) {
		(void)imp_diag(diag, IMP_E_DENIED, "'%s' belongs on card %s, this one is %s",
			u.endpoint, u.iccid, iccid);
		imp_diag_hint(diag, "insert card %s, or take the endpoint of this card", u.iccid);
		return IMP_E_DENIED;
	}
	st = bind_first(l, &u, iccid, diag);
	return st == IMP_OK && commit ? imp_txn_commit(&txn, diag) : st;
}

enum imp_status imp_ledger_card_may_bind(
	struct imp_ledger *l, int64_t unit, const char *iccid, struct imp_diag *diag)
{
	return bind(l, unit, iccid, false, diag);
}

enum imp_status imp_ledger_card_bind(
	struct imp_ledger *l, int64_t unit, const char *iccid, struct imp_diag *diag)
{
	return bind(l, unit, iccid, true, diag);
}

/* Move a unit on that is bound to this card. */
static enum imp_status card_step(struct imp_ledger *l, int64_t unit, const char *iccid,
	enum imp_event_kind kind, const char *detail, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	IMP_UNIT u = { 0 };
	IMP_BATCH b = { 0 };
	enum imp_unit_state next = IMP_UNIT_WRITTEN;
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = load(l, unit, &u, &b, diag);
	if (st == IMP_OK)
		st = may_take_a_card(&u, &b, diag);
	if (st != IMP_OK)
		return st;
	if (strcmp(u.iccid, iccid) != 0)
		return imp_diag(
			diag, IMP_E_DENIED, "'%s' is not bound to card %s", u.endpoint, iccid);
	if (kind == IMP_EVENT_CARD_VERIFIED) {
		u.done |= IMP_TARGET_CARD;
		next = (u.done & b.targets) == b.targets ? IMP_UNIT_RELEASED : IMP_UNIT_VERIFIED;
	}
	st = imp_unit_set_state(l, u.id, next, u.done, NULL, diag);
	if (st == IMP_OK)
		st = add_event(l, &u, kind, detail, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}

enum imp_status imp_ledger_card_written(
	struct imp_ledger *l, int64_t unit, const char *iccid, struct imp_diag *diag)
{
	char detail[IMP_DETAIL_MAX];

	return card_step(l, unit, iccid, IMP_EVENT_CARD_WRITTEN,
		imp_detail_text("iccid", iccid, detail), diag);
}

enum imp_status imp_ledger_card_verified(struct imp_ledger *l, int64_t unit, const char *iccid,
	const char *evidence, struct imp_diag *diag)
{
	return card_step(l, unit, iccid, IMP_EVENT_CARD_VERIFIED, evidence, diag);
}

/* ---- a finished card again ---- */

static enum imp_status finished_on(
	const struct imp_unit *u, const char *iccid, struct imp_diag *diag)
{
	if (!finished(u))
		return not_now(u, "its card is not finished, nothing can be written again", diag);
	if (strcmp(u->iccid, iccid) == 0)
		return IMP_OK;
	imp_diag(diag, IMP_E_DENIED, "'%s' is on card %s, this one is %s", u->endpoint, u->iccid,
		iccid);
	imp_diag_hint(diag, "keys go to one card; for a new one scrap the unit and plan another");
	return IMP_E_DENIED;
}

enum imp_status imp_ledger_card_may_rewrite(
	struct imp_ledger *l, int64_t unit, const char *iccid, struct imp_diag *diag)
{
	IMP_DB_HOLD(l);
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_unit_by_id(l, unit, &u, diag);

	return st == IMP_OK ? finished_on(&u, iccid, diag) : st;
}

enum imp_status imp_ledger_card_rewritten(struct imp_ledger *l, int64_t unit, const char *iccid,
	const char *evidence, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	IMP_UNIT u = { 0 };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = imp_unit_by_id(l, unit, &u, diag);
	if (st == IMP_OK)
		st = finished_on(&u, iccid, diag);
	if (st == IMP_OK)
		st = add_event(l, &u, IMP_EVENT_CARD_VERIFIED, evidence, diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}
