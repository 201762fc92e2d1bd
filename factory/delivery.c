/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/delivery.h"

#include "factory/fields.h"
#include "factory/made_cred.h"
#include "factory/set_cred.h"
#include "ledger/delivery.h"
#include "model/set_form.h"

#include <stdlib.h>
#include <string.h>

#define MAKER_LIFE 3600 /* seconds; certificates are valid from the hour they were made in */

struct imp_delivery_maker {
	struct imp_env *env;
	struct imp_ledger *ledger;
	const struct imp_profile *profile;
	const struct imp_ca *ca;
	struct imp_maker *maker;
	int64_t opened; /* seconds since 1970 */

	struct imp_made made;
	struct imp_plan_row row;
	struct imp_cred credentials[IMP_CREDENTIALS_MAX];
	uint8_t sealed[IMP_PAYLOAD_MAX + IMP_SEAL_OVERHEAD];
	struct imp_unit_made record; /* unit 0: nothing to record */
};

static enum imp_status open_maker(struct imp_delivery_maker *m, struct imp_diag *diag)
{
	int64_t now = m->env->clock->wall_s(m->env->clock->ctx);

	if (m->maker && now >= m->opened && now < m->opened + MAKER_LIFE)
		return IMP_OK;
	imp_maker_close(m->maker);
	m->maker = NULL;
	m->opened = now;
	return imp_maker_open(m->profile, m->ca, m->env->rng, now, &m->maker, diag);
}

enum imp_status imp_delivery_maker_open(struct imp_env *env, struct imp_ledger *ledger,
	const struct imp_profile *profile, const struct imp_ca *ca, struct imp_delivery_maker **out,
	struct imp_diag *diag)
{
	struct imp_delivery_maker *m = calloc(1, sizeof *m);
	enum imp_status st;

	if (!m)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	m->env = env;
	m->ledger = ledger;
	m->profile = profile;
	m->ca = ca;
	st = open_maker(m, diag);
	if (st != IMP_OK) {
		imp_delivery_maker_close(m);
		return st;
	}
	*out = m;
	return IMP_OK;
}

void imp_delivery_maker_close(struct imp_delivery_maker *m)
{
	if (!m)
		return;
	imp_maker_close(m->maker);
	imp_made_wipe(&m->made);
	free(m);
}

/* ---- making -----------------------------------------------------------------------------------
 */

/* What of the unit's own list the templates may name. */
static enum imp_status plan(
	struct imp_delivery_maker *m, const struct imp_unit *unit, struct imp_diag *diag)
{
	IMP_BATCH batch = { 0 };
	const char *names[IMP_COLUMNS_MAX], *cells[IMP_COLUMNS_MAX];
	struct imp_devices columns = { .columns = names, .iccid = IMP_NO_COLUMN };
	const struct imp_device device = { .line = unit->line, .cells = cells };
	char *fields;
	enum imp_status st = imp_ledger_batch_by_id(m->ledger, unit->batch, &batch, diag);

	if (st != IMP_OK)
		return st;
	fields = strdup(unit->fields);
	if (!fields)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	columns.path = batch.name;
	columns.columns_n = imp_fields_split(batch.columns, names, IMP_COLUMNS_MAX);
	columns.serial = imp_devices_column(&columns, "serial");
	columns.iccid = imp_devices_column(&columns, "iccid");
	if (columns.serial == IMP_NO_COLUMN ||
		imp_fields_split(fields, cells, IMP_COLUMNS_MAX) != columns.columns_n)
		st = imp_diag(diag, IMP_E_MISMATCH, "'%s': its row does not fit its batch",
			unit->endpoint);
	if (st == IMP_OK)
		st = imp_plan_row(m->profile, &columns, &device, &m->row, diag);
	if (st == IMP_OK && !imp_span_eq(m->row.endpoint, imp_span_str(unit->endpoint)))
		st = imp_diag(diag, IMP_E_INCONSISTENT,
			"'%s': the profile to write names it otherwise", unit->endpoint);
	if (st == IMP_OK)
		st = imp_maker_make(m->maker, &m->row, &m->made, diag);
	free(fields); /* the row points into it */
	return st;
}

static enum imp_status seal_payload(const struct imp_unit *unit, struct imp_sealer *sealer,
	struct imp_span payload, struct imp_wr *out, struct imp_diag *diag)
{
	uint8_t aad[IMP_DELIVERY_AAD_MAX];
	size_t aad_n = imp_delivery_aad(unit, aad);
	enum imp_status st = imp_seal(sealer, imp_span(aad, aad_n), payload, out);

	if (st != IMP_OK)
		return imp_diag(diag, st, "cannot seal the keys of '%s'", unit->endpoint);
	return IMP_OK;
}

static enum imp_status seal(struct imp_delivery_maker *m, const struct imp_unit *unit,
	struct imp_sealer *sealer, struct imp_diag *diag)
{
	struct imp_wr wr = imp_wr(m->sealed, sizeof m->sealed);
	enum imp_status st =
		seal_payload(unit, sealer, imp_span(m->made.payload, m->made.payload_n), &wr, diag);

	if (st != IMP_OK)
		return st;
	for (size_t i = 0; i < m->made.credentials_n; i++) {
		m->credentials[i] = imp_made_cred(m->profile, m->maker, &m->made, i);
		m->credentials[i].accounts = 0; /* of no account in the unit's own payload */
	}
	m->record = (struct imp_unit_made){ .unit = unit->id,
		.sealed = imp_wr_span(&wr),
		.credentials = m->credentials,
		.credentials_n = m->made.credentials_n };
	return IMP_OK;
}

static enum imp_status copy(
	const struct imp_made *made, struct imp_blob *payload, struct imp_diag *diag)
{
	payload->p = malloc(made->payload_n);
	if (!payload->p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	memcpy(payload->p, made->payload, made->payload_n);
	payload->n = made->payload_n;
	return IMP_OK;
}

enum imp_status imp_delivery_make(struct imp_delivery_maker *m, const struct imp_unit *unit,
	struct imp_sealer *sealer, struct imp_blob *payload, struct imp_diag *diag)
{
	enum imp_status st = open_maker(m, diag);

	m->record = (struct imp_unit_made){ .unit = 0 };
	if (st == IMP_OK)
		st = plan(m, unit, diag);
	if (st == IMP_OK)
		st = seal(m, unit, sealer, diag);
	return st == IMP_OK ? copy(&m->made, payload, diag) : st;
}

enum imp_status imp_delivery_record(struct imp_delivery_maker *m, struct imp_diag *diag)
{
	enum imp_status st;

	if (!m->record.unit)
		return imp_diag(diag, IMP_E_INTERNAL, "nothing was made");
	st = imp_ledger_deliver(m->ledger, &m->record, diag);
	m->record = (struct imp_unit_made){ .unit = 0 };
	imp_made_wipe(&m->made);
	return st;
}

/* ---- made elsewhere ---------------------------------------------------------------------------
 */

struct adopted {
	uint8_t payload[IMP_PAYLOAD_MAX]; /* secret */
	uint8_t sealed[IMP_PAYLOAD_MAX + IMP_SEAL_OVERHEAD];
	struct imp_set_creds credentials;
};

static enum imp_status record_adopted(struct adopted *a, struct imp_ledger *ledger,
	const struct imp_unit *unit, struct imp_sealer *sealer, const struct imp_set *set,
	struct imp_diag *diag)
{
	struct imp_wr payload = imp_wr(a->payload, sizeof a->payload);
	struct imp_wr sealed = imp_wr(a->sealed, sizeof a->sealed);
	struct imp_unit_made record = { .unit = unit->id };
	enum imp_status st = imp_set_to_ef(set, &payload);

	if (st == IMP_OK)
		st = imp_set_creds(set, &a->credentials);
	if (st != IMP_OK)
		return imp_diag(diag, st, "'%s': %s", unit->endpoint, imp_status_text(st));
	st = seal_payload(unit, sealer, imp_wr_span(&payload), &sealed, diag);
	if (st != IMP_OK)
		return st;
	record.sealed = imp_wr_span(&sealed);
	record.credentials = a->credentials.v;
	record.credentials_n = a->credentials.n;
	return imp_ledger_deliver(ledger, &record, diag);
}

enum imp_status imp_delivery_adopt(struct imp_ledger *ledger, const struct imp_unit *unit,
	struct imp_sealer *sealer, const struct imp_set *set, struct imp_diag *diag)
{
	struct adopted *a = malloc(sizeof *a);
	enum imp_status st;

	if (!a)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = record_adopted(a, ledger, unit, sealer, set, diag);
	imp_wipe(a->payload, sizeof a->payload);
	free(a);
	return st;
}
