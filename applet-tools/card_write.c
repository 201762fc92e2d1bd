/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card write: a set onto a card, proven by the device's reader before it is reported. */
#include "applet-tools/card_report.h"
#include "applet-tools/card_use.h"
#include "cmd/card_target.h"
#include "cmd/document.h"
#include "cmd/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ICCID_MIN 18

struct write {
	struct imp_env *env;
	const struct imp_args *args;
	struct card_use *use;
	struct imp_source *source;
	struct imp_writer *writer;
	struct imp_card_target target; /* what the profile of a ledger's unit asks for */
	bool again;		       /* a finished unit, onto its own card */
};

/* ---- options ---- */

/* What the profile of a ledger's unit asks for; options override it. */
static enum imp_status from_profile(struct write *w)
{
	enum imp_status st;

	w->writer->wish.opensc = true;
	if (!w->source->ledger)
		return IMP_OK;
	st = imp_card_target(&w->source->batch, &w->target, &w->env->diag);
	if (st != IMP_OK)
		return st;
	w->writer->wish.opensc = w->target.opensc;
	w->writer->wish.read = w->target.read_pin ? IMP_CARD_READ_PIN : IMP_CARD_READ_KEEP;
	return IMP_OK;
}

/* An option that says something else than the profile, with which other units were written. */
static void warn_override(const struct write *w, const char *option, const char *profile)
{
	imp_warn(w->env, "%s: the profile of batch '%s' says %s; the option counts", option,
		w->source->batch.name, profile);
}

static enum imp_status read_rule(struct write *w)
{
	const char *rule = imp_arg(w->args, "read-rule");
	struct imp_wish *wish = &w->writer->wish;

	if (!rule)
		return IMP_OK;
	if (strcmp(rule, "always") == 0)
		wish->read = IMP_CARD_READ_ALWAYS;
	else if (strcmp(rule, "pin") == 0)
		wish->read = IMP_CARD_READ_PIN;
	else
		return imp_diag(&w->env->diag, IMP_E_USAGE, "--read-rule %s: always or pin", rule);
	if (w->source->ledger && w->target.read_pin != (wish->read == IMP_CARD_READ_PIN))
		warn_override(w,
			wish->read == IMP_CARD_READ_PIN ? "--read-rule pin" : "--read-rule always",
			w->target.read_pin ? "read-rule: pin" : "read-rule: always");
	return IMP_OK;
}

/* FID:RECORD or FID:RECORD:RECORD */
static enum imp_status arr(struct write *w)
{
	const char *text = imp_arg(w->args, "arr");
	struct imp_arr *out = &w->writer->wish.arr;
	unsigned fid, always, pin = 0;
	char end;
	int n;

	if (!text)
		return IMP_OK;
	n = sscanf(text, "%4x:%3u:%3u%c", &fid, &always, &pin, &end);
	if ((n != 2 && n != 3) || fid == 0 || always == 0 || always > 254 || pin > 254) {
		imp_diag(&w->env->diag, IMP_E_USAGE,
			"--arr %s: not FID:RECORD or FID:RECORD:RECORD", text);
		imp_diag_hint(&w->env->diag,
			"records of EF(ARR) for reading always, and with the PIN: 6F06:1:2");
		return IMP_E_USAGE;
	}
	*out = (struct imp_arr){ (uint16_t)fid, (uint8_t)always, (uint8_t)pin };
	return IMP_OK;
}

static enum imp_status iccid(struct write *w)
{
	const char *text = imp_arg(w->args, "iccid");
	size_t n;

	if (!text)
		return IMP_OK;
	n = strspn(text, "0123456789");
	if (text[n] || n < ICCID_MIN || n > IMP_ICCID_DIGITS)
		return imp_diag(&w->env->diag, IMP_E_USAGE, "--iccid %s: not %d to %d digits", text,
			ICCID_MIN, IMP_ICCID_DIGITS);
	return IMP_OK;
}

static enum imp_status compatibility(struct write *w)
{
	bool with = imp_flag(w->args, "opensc-compatible");
	bool without = imp_flag(w->args, "no-opensc-compatible");

	if (with && without)
		return imp_diag(&w->env->diag, IMP_E_USAGE,
			"--opensc-compatible and --no-opensc-compatible exclude each other");
	if (with || without)
		w->writer->wish.opensc = with;
	if (w->source->ledger && w->writer->wish.opensc != w->target.opensc)
		warn_override(w, with ? "--opensc-compatible" : "--no-opensc-compatible",
			with ? "opensc-compatible: false" : "opensc-compatible: true");
	return IMP_OK;
}

/* A card that has lost the set of its unit gets the same one again; any other card is refused. */
static enum imp_status rewrite(struct write *w)
{
	if (!imp_flag(w->args, "rewrite"))
		return IMP_OK;
	if (!w->source->ledger)
		return imp_diag(&w->env->diag, IMP_E_USAGE,
			"--rewrite goes with --ledger; a set from a file may be written anyhow");
	if (w->writer->wish.recreate)
		return imp_diag(
			&w->env->diag, IMP_E_USAGE, "--rewrite and --recreate exclude each other");
	w->again = (w->source->unit.done & IMP_TARGET_CARD) != 0;
	return IMP_OK;
}

static enum imp_status options(struct write *w)
{
	uint64_t size = 0;
	enum imp_status st = from_profile(w);

	w->writer->wish.payload = imp_blob_span(&w->source->payload);
	w->writer->wish.recreate = imp_flag(w->args, "recreate");
	if (st == IMP_OK)
		st = read_rule(w);
	if (st == IMP_OK)
		st = compatibility(w);
	if (st == IMP_OK)
		st = arr(w);
	if (st == IMP_OK)
		st = iccid(w);
	if (st == IMP_OK)
		st = rewrite(w);
	if (st == IMP_OK)
		st = imp_arg_number(w->env, w->args, "ef-size", 5, IMP_UICC_FILE_MAX, &size);
	w->writer->wish.ef_size = (uint32_t)size;
	return st;
}

/* ---- the right card ---- */

static enum imp_status other_card(struct write *w, const char *wanted)
{
	imp_diag(&w->env->diag, IMP_E_DENIED, "%s: the card is %s, not %s", w->use->reader,
		w->writer->card.iccid[0] ? w->writer->card.iccid : "without ICCID", wanted);
	imp_diag_hint(&w->env->diag, "put card %s in", wanted);
	return IMP_E_DENIED;
}

/* All cards of a kind have the same ATR: by that the ledger could not keep keys off a second one.
 */
static enum imp_status nameless(struct write *w)
{
	imp_diag(&w->env->diag, IMP_E_DENIED,
		"card %s has no EF(ICCID) that can be read, by which the ledger tells cards apart",
		w->writer->card.name);
	imp_diag_hint(&w->env->diag,
		"take a card with an ICCID; --set writes a set that no ledger watches over");
	return IMP_E_DENIED;
}

static enum imp_status right_card(struct write *w)
{
	const char *wanted = imp_arg(w->args, "iccid");

	if (wanted && strcmp(wanted, w->writer->card.iccid) != 0)
		return other_card(w, wanted);
	if (w->source->ledger && !w->writer->card.iccid[0])
		return nameless(w);
	if (w->source->unit.iccid[0] && strcmp(w->source->unit.iccid, w->writer->card.iccid) != 0)
		return other_card(w, w->source->unit.iccid);
	return IMP_OK;
}

/* Keys in a file that everyone may read are no secret (B.2). */
static void warn_readable(struct write *w)
{
	const struct imp_wish *wish = &w->writer->wish;
	bool with_pin = wish->read == IMP_CARD_READ_PIN ||
			(wish->read == IMP_CARD_READ_KEEP && !wish->recreate &&
				w->writer->map.pin_verified);

	if (!with_pin && w->writer->plan.n && imp_set_has_secret(&w->source->set))
		imp_warn(w->env,
			"card %s: anyone who holds the card can read its secret keys; "
			"%s asks for the PIN",
			w->writer->card.name,
			w->source->ledger ? "read-rule: pin in the profile" : "--read-rule pin");
}

/* ---- the ledger ---- */

static enum imp_status may_bind(struct write *w)
{
	struct imp_ledger *ledger = w->source->ledger;
	int64_t unit = w->source->unit.id;

	if (!ledger)
		return IMP_OK;
	if (w->again)
		return imp_ledger_card_may_rewrite(
			ledger, unit, w->writer->card.iccid, &w->env->diag);
	return imp_ledger_card_may_bind(ledger, unit, w->writer->card.iccid, &w->env->diag);
}

/* What somebody else has put onto the card since is not overwritten in passing. */
static enum imp_status holds_nothing_else(struct write *w)
{
	const struct imp_writer *writer = w->writer;

	if (!w->again || !writer->map.ef || writer->wish.same || writer->wish.empty)
		return IMP_OK;
	imp_diag(&w->env->diag, IMP_E_DENIED, "card %s holds another set now", writer->card.name);
	imp_diag_hint(&w->env->diag,
		"imprint card read shows it; imprint card wipe makes room for the unit's own");
	return IMP_E_DENIED;
}

/* Not earlier than the keys go: a card that refuses its ADM key shall not keep the unit. */
static enum imp_status bind_unit(void *ctx, struct imp_diag *diag)
{
	const struct write *w = (const struct write *)ctx;

	if (!w->source->ledger || w->again)
		return IMP_OK;
	return imp_ledger_card_bind(
		w->source->ledger, w->source->unit.id, w->writer->card.iccid, diag);
}

static enum imp_status record_written(struct write *w)
{
	if (!w->source->ledger || w->again)
		return IMP_OK;
	return imp_ledger_card_written(
		w->source->ledger, w->source->unit.id, w->writer->card.iccid, &w->env->diag);
}

static enum imp_status record_verified(struct write *w)
{
	char evidence[160];

	if (!w->source->ledger || (w->again && w->writer->plan.n == 0))
		return IMP_OK;
	(void)snprintf(evidence, sizeof evidence,
		"{\"reader\":\"ok\",\"bytes\":%zu,\"file\":\"%04X\",\"apdus\":%u%s}",
		w->writer->reader.length, imp_uicc_path_fid(&w->writer->plan.ef_path),
		w->writer->reader.apdus, w->again ? ",\"rewritten\":true" : "");
	if (w->again)
		return imp_ledger_card_rewritten(w->source->ledger, w->source->unit.id,
			w->writer->card.iccid, evidence, &w->env->diag);
	return imp_ledger_card_verified(w->source->ledger, w->source->unit.id,
		w->writer->card.iccid, evidence, &w->env->diag);
}

/* ---- doing it ---- */

static enum imp_status plan(struct write *w)
{
	struct imp_diag *diag = &w->env->diag;
	enum imp_status st = imp_writer_begin(w->writer, diag);

	if (st == IMP_OK)
		st = right_card(w);
	if (st == IMP_OK)
		st = may_bind(w);
	if (st == IMP_OK)
		st = imp_writer_plan(w->writer, diag);
	return st == IMP_OK ? holds_nothing_else(w) : st;
}

static enum imp_status carry_out(struct write *w)
{
	struct imp_diag *diag = &w->env->diag;
	enum imp_status st;

	warn_readable(w);
	w->writer->before_payload = bind_unit;
	w->writer->ctx = w;
	st = imp_writer_run(w->writer, diag);
	/* A card that held the set already was sent nothing of it. */
	if (st == IMP_OK)
		st = bind_unit(w, diag);
	if (st == IMP_OK)
		st = record_written(w);
	if (st == IMP_OK)
		st = imp_writer_verify(w->writer, diag);
	return st == IMP_OK ? record_verified(w) : st;
}

static enum imp_status write_card(struct write *w)
{
	enum imp_status st = options(w);

	if (st == IMP_OK)
		st = plan(w);
	if (st != IMP_OK)
		return st;
	if (w->env->dry_run) {
		warn_readable(w);
		return card_report(w->env, w->use, w->writer, "planned");
	}
	st = carry_out(w);
	if (st != IMP_OK)
		return st;
	return card_report(
		w->env, w->use, w->writer, w->writer->plan.n ? "written" : "already there");
}

static enum imp_status with_writer(struct imp_env *env, const struct imp_args *args,
	struct card_use *use, struct imp_source *source)
{
	CARD_WRITER *writer = card_writer_new(use, imp_flag(args, "force"));
	struct write w = { env, args, use, source, writer, { .read_pin = false }, false };

	return writer ? write_card(&w) : imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
}

static void source_free(struct imp_source **source)
{
	if (*source)
		imp_source_free(*source);
	free(*source);
}

enum imp_status imp_card_write(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(source_free))) struct imp_source *source =
		(struct imp_source *)calloc(1, sizeof *source);
	CARD_USE use = { .have_pin = false };
	enum imp_status st;

	if (!source)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	st = imp_source_load(env, args, source);
	if (st == IMP_OK)
		st = card_use_pin(env, args, &use);
	if (st == IMP_OK)
		st = card_use_adm(env, args, &use);
	if (st == IMP_OK)
		st = card_use_begin(env, args, &use);
	return st == IMP_OK ? with_writer(env, args, &use, source) : st;
}
