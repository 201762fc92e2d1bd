/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card verify: what a device would find on the card, against the rules and a given set. */
#include "applet-tools/card_report.h"
#include "applet-tools/card_use.h"
#include "base/plural.h"
#include "card/imr_adapter.h"
#include "cmd/document.h"
#include "cmd/json_line.h"
#include "cmd/source.h"
#include "model/set_form.h"

#include <stdlib.h>
#include <string.h>

struct verify {
	struct card_use use;
	struct imp_source source;
	bool given; /* a set to compare with */
	struct imp_card_identity card;
	uint8_t octets[IMP_PAYLOAD_MAX];
	size_t n;
	struct imr_report report;
	struct imp_set set;
	struct imp_findings findings;
};

static void verify_free(struct verify **verify)
{
	if (!*verify)
		return;
	card_use_end(&(*verify)->use);
	imp_source_free(&(*verify)->source);
	imp_set_free(&(*verify)->set);
	imp_wipe(*verify, sizeof **verify);
	free(*verify);
}

/* ---- reading and judging ---- */

static enum imp_status read_card(struct imp_env *env, const struct imp_args *args, struct verify *v)
{
	uint32_t options =
		IMR_OPT_BASIC_CHANNEL | (imp_flag(args, "lenient") ? (uint32_t)IMR_OPT_LENIENT : 0);
	struct imp_wr out = imp_wr(v->octets, sizeof v->octets);
	struct imp_card card;
	enum imp_status st = imp_session_reset(&v->use.session, &env->diag);

	imp_session_tap(&v->use.session, &card);

	if (st == IMP_OK)
		st = imp_card_identify(&v->use.session, &v->card, &env->diag);
	if (st == IMP_OK)
		st = imp_imr_read(
			&card, card_use_pin_value(&v->use), options, &out, &v->report, &env->diag);
	v->n = out.n;
	return st;
}

static enum imp_status compare(struct imp_env *env, struct verify *v)
{
	const char *iccid = v->source.unit.iccid;

	if (!v->given)
		return IMP_OK;
	if (iccid[0] && strcmp(iccid, v->card.iccid) != 0) {
		imp_diag(&env->diag, IMP_E_MISMATCH, "the card is %s, the unit's is %s",
			v->card.iccid[0] ? v->card.iccid : "without ICCID", iccid);
		imp_diag_hint(&env->diag, "put card %s in", iccid);
		return IMP_E_MISMATCH;
	}
	if (v->n == v->source.payload.n && imp_secret_eq(v->octets, v->source.payload.p, v->n))
		return IMP_OK;
	imp_diag(&env->diag, IMP_E_MISMATCH, "card %s holds another set than the one given",
		v->card.name);
	imp_diag_hint(&env->diag, "imprint card read shows what it holds");
	return IMP_E_MISMATCH;
}

static enum imp_status judge(struct imp_env *env, const struct imp_args *args, struct verify *v)
{
	const struct imp_check_options check = { .keys = env->keycheck,
		.endpoint = imp_span_str(v->source.unit.endpoint) };
	struct imp_ef_extent extent = { 0, 0, 0 };
	enum imp_status st = imp_set_from_ef(
		&v->set, imp_span(v->octets, v->n), imp_flag(args, "lenient"), false, &extent);

	if (st != IMP_OK)
		return imp_diag(&env->diag, st, "EF(LwM2M_Bootstrap) on card %s: %s", v->card.name,
			imp_status_text(st));
	imp_document_quirks(&v->findings, extent.quirks);
	imp_check(&v->set, &check, &v->findings);
	if (v->findings.errors)
		return imp_diag(&env->diag, IMP_E_INCONSISTENT,
			"the set on card %s breaks %zu consistency rule%s", v->card.name,
			v->findings.errors, imp_s(v->findings.errors));
	return IMP_OK;
}

/* A unit whose card was written but not verified, by a line that stopped in between. */
static enum imp_status record(struct imp_env *env, struct verify *v)
{
	if (!v->source.ledger || v->source.unit.state != IMP_UNIT_WRITTEN)
		return IMP_OK;
	return imp_ledger_card_verified(v->source.ledger, v->source.unit.id, v->card.iccid,
		"{\"reader\":\"ok\"}", &env->diag);
}

/* ---- telling ---- */

static void fill(struct imp_json *j, const void *ctx)
{
	const struct verify *v = (const struct verify *)ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "reader", v->use.reader);
	card_identity_json(j, &v->card);
	imp_json_str(j, "result", v->findings.errors ? "inconsistent" : "ok");
	imp_json_bool(j, "compared", v->given);
	imp_json_uint(j, "bytes", v->n);
	imp_json_uint(j, "apdus", v->report.apdus);
	imp_document_findings(j, &v->findings);
	imp_json_object_end(j);
}

static enum imp_status tell(struct imp_env *env, const struct verify *v)
{
	if (env->json)
		return imp_json_line(env, fill, v);
	imp_document_findings_table(env, &v->findings);
	if (!v->findings.errors)
		imp_out(env, "card %s: %zu octets, read by the device's reader%s\n", v->card.name,
			v->n, v->given ? ", equal to the set given" : "");
	return IMP_OK;
}

static enum imp_status verify(struct imp_env *env, const struct imp_args *args, struct verify *v)
{
	enum imp_status st = read_card(env, args, v), judged;

	if (st == IMP_OK)
		st = compare(env, v);
	if (st != IMP_OK)
		return st;
	judged = judge(env, args, v);
	if (judged != IMP_OK && judged != IMP_E_INCONSISTENT)
		return judged;
	st = tell(env, v);
	if (st == IMP_OK && judged == IMP_OK)
		st = record(env, v);
	return st == IMP_OK ? judged : st;
}

enum imp_status imp_card_verify(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(verify_free))) struct verify *v =
		(struct verify *)calloc(1, sizeof *v);
	enum imp_status st = IMP_OK;

	if (!v)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	imp_set_init(&v->set);
	imp_set_init(&v->source.set);
	v->given = imp_source_given(args);
	if (v->given)
		st = imp_source_load(env, args, &v->source);
	if (st == IMP_OK)
		st = card_use_pin(env, args, &v->use);
	if (st == IMP_OK)
		st = card_use_begin(env, args, &v->use);
	return st == IMP_OK ? verify(env, args, v) : st;
}
