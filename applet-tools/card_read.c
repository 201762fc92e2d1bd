/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card read: what is on the card, as a document or as octets in a file. */
#include "applet-tools/card_use.h"
#include "base/plural.h"
#include "card/walk.h"
#include "cmd/document.h"
#include "host/file.h"
#include "model/set_form.h"

#include <stdlib.h>

struct reading {
	struct card_use use;
	struct imp_card_map map;
	struct imp_set set;
	struct imp_findings findings;
	uint8_t octets[IMP_UICC_FILE_MAX];
	size_t n;
	bool raw, lenient, reveal;
};

static void reading_free(struct reading **reading)
{
	if (!*reading)
		return;
	card_use_end(&(*reading)->use);
	imp_set_free(&(*reading)->set);
	imp_wipe(*reading, sizeof **reading);
	free(*reading);
}

/* ---- the card ---- */

/* Appendix G asks for a logical channel; a card without any is read on the basic one. */
static enum imp_status channel(struct imp_env *env, struct imp_session *session)
{
	enum imp_status st = imp_uicc_channel_open(session, &env->diag);

	if (st != IMP_E_UNSUPPORTED)
		return st;
	imp_note(env, "the card has no free logical channel, reading on the basic one");
	return IMP_OK;
}

static enum imp_status read_raw(
	struct reading *r, const struct imp_pin *pin, struct imp_wr *out, struct imp_diag *diag)
{
	if (imp_card_missing(&r->map))
		return imp_diag(diag, IMP_E_ABSENT, "nothing to read on the card: %s",
			imp_card_missing(&r->map));
	return imp_card_read_ef(&r->use.session, pin, &r->map, 0, r->map.ef_size, out, diag);
}

static enum imp_status read_walked(
	struct reading *r, const struct imp_pin *pin, struct imp_diag *diag)
{
	struct imp_wr out = imp_wr(r->octets, sizeof r->octets);
	enum imp_status st = imp_card_walk(&r->use.session, pin, false, &r->map, diag);

	if (st == IMP_OK && r->raw)
		st = read_raw(r, pin, &out, diag);
	else if (st == IMP_OK)
		st = imp_card_payload(&r->use.session, pin, &r->map, r->lenient, &out, diag);
	r->n = out.n;
	return st;
}

static enum imp_status read_card(
	struct imp_env *env, const struct imp_args *args, struct reading *r)
{
	struct imp_session *session = &r->use.session;
	const struct imp_pin pin = { .value = card_use_pin_value(&r->use),
		.force = imp_flag(args, "force") };
	enum imp_status st = imp_session_reset(session, &env->diag);

	if (st == IMP_OK)
		st = channel(env, session);
	if (st == IMP_OK)
		st = read_walked(r, &pin, &env->diag);
	imp_uicc_channel_close(session);
	return st;
}

/* ---- the set ---- */

static enum imp_status decode(struct imp_env *env, struct reading *r)
{
	const struct imp_check_options check = { .keys = env->keycheck };
	struct imp_ef_extent extent = { 0, 0, 0 };
	enum imp_status st =
		imp_set_from_ef(&r->set, imp_span(r->octets, r->n), r->lenient, false, &extent);

	if (st != IMP_OK) {
		imp_diag(
			&env->diag, st, "EF(LwM2M_Bootstrap) on the card: %s", imp_status_text(st));
		imp_diag_hint(&env->diag, "--raw --out FILE keeps its octets for a closer look");
		return st;
	}
	imp_document_quirks(&r->findings, extent.quirks);
	imp_check(&r->set, &check, &r->findings);
	return IMP_OK;
}

static enum imp_status print(struct imp_env *env, struct reading *r)
{
	const struct imp_document document = { "ef-lwm2m-bootstrap", r->n, r->map.ef_size - r->n,
		&r->set, &r->findings, r->reveal };

	return imp_document_print(env, &document);
}

static enum imp_status deliver(struct imp_env *env, const struct imp_args *args, struct reading *r)
{
	const char *out = imp_arg(args, "out");
	enum imp_status st = r->raw ? IMP_OK : decode(env, r);

	if (st != IMP_OK)
		return st;
	if (out && !env->dry_run)
		st = imp_file_write(out, imp_span(r->octets, r->n), true, &env->diag);
	if (st != IMP_OK)
		return st;
	if (out)
		imp_note(env, "%s: %zu octet%s%s", out, r->n, imp_s(r->n),
			env->dry_run ? " (not written)" : "");
	return r->raw || (out && !env->json) ? IMP_OK : print(env, r);
}

static enum imp_status options(struct imp_env *env, const struct imp_args *args, struct reading *r)
{
	r->raw = imp_flag(args, "raw");
	r->lenient = imp_flag(args, "lenient");
	r->reveal = imp_flag(args, "reveal-secrets");
	if (r->raw && !imp_arg(args, "out"))
		return imp_diag(&env->diag, IMP_E_USAGE, "--raw goes with --out FILE");
	return r->reveal ? imp_reveal_check(env) : IMP_OK;
}

enum imp_status imp_card_read(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(reading_free))) struct reading *r =
		(struct reading *)calloc(1, sizeof *r);
	enum imp_status st;

	if (!r)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	imp_set_init(&r->set);
	st = options(env, args, r);
	if (st == IMP_OK)
		st = card_use_pin(env, args, &r->use);
	if (st == IMP_OK)
		st = card_use_begin(env, args, &r->use);
	if (st == IMP_OK)
		st = read_card(env, args, r);
	return st == IMP_OK ? deliver(env, args, r) : st;
}
