/* SPDX-License-Identifier: Apache-2.0 */
#include "applet-tools/card_report.h"

#include "base/plural.h"
#include "cmd/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_writer *card_writer_new(const struct card_use *use, bool force)
{
	struct imp_writer *writer = (struct imp_writer *)calloc(1, sizeof *writer);

	if (!writer)
		return NULL;
	writer->session = use->session;
	writer->adm = use->have_adm ? &use->adm : NULL;
	writer->pin = use->have_pin ? &use->pin : NULL;
	writer->force = force;
	writer->reader_options = IMR_OPT_BASIC_CHANNEL;
	writer->wish.adm = IMP_REF_ADM1;
	writer->wish.pin = IMP_REF_PIN1;
	return writer;
}

void card_writer_free(struct imp_writer **writer)
{
	if (*writer)
		imp_wipe(*writer, sizeof **writer);
	free(*writer);
}

void card_identity_json(struct imp_json *j, const struct imp_card_identity *card)
{
	imp_json_str(j, "iccid", card->iccid[0] ? card->iccid : NULL);
	if (!card->iccid[0])
		imp_json_hex(j, "atr", imp_span(card->atr, card->atr_n));
}

struct report {
	const struct card_use *use;
	const struct imp_writer *writer;
	const char *result;
	bool planned;
	char file[5];
	unsigned estimate_ms;
};

static unsigned estimate(const struct card_use *use, const struct imp_writer *writer)
{
	uint8_t atr[IMP_ATR_MAX];
	struct imp_wr out = imp_wr(atr, sizeof atr);

	if (!use->card.atr || use->card.atr(use->card.ctx, &out) != IMP_OK)
		out.n = 0;
	return imp_plan_estimate_ms(&writer->plan, imp_wr_span(&out));
}

static void fill_steps(struct imp_json *j, const struct imp_plan *plan)
{
	char text[96];

	imp_json_array(j, "steps");
	for (size_t i = 0; i < plan->n; i++)
		imp_json_str(j, NULL, imp_step_text(&plan->step[i], text));
	imp_json_array_end(j);
}

static void fill_report(struct imp_json *j, const void *ctx)
{
	const struct report *r = (const struct report *)ctx;
	const struct imp_writer *w = r->writer;

	imp_json_object(j, NULL);
	imp_json_str(j, "reader", r->use->reader);
	card_identity_json(j, &w->card);
	imp_json_str(j, "result", r->result);
	imp_json_str(j, "file", r->file);
	imp_json_uint(j, "bytes", w->wish.payload.n);
	imp_json_object(j, "apdus");
	imp_json_uint(j, "identify", w->identify_apdus);
	imp_json_uint(j, "discover", w->discover_apdus);
	imp_json_uint(j, "write", r->planned ? w->plan.n : w->write_apdus);
	imp_json_uint(j, "verify", w->verify_apdus);
	imp_json_object_end(j);
	imp_json_uint(j, "estimate_ms", r->estimate_ms);
	imp_json_uint(j, "retries", w->retries);
	if (r->planned)
		fill_steps(j, &w->plan);
	imp_json_object_end(j);
}

static void print_plan(struct imp_env *env, const struct report *r)
{
	const struct imp_plan *plan = &r->writer->plan;
	char text[96];

	for (size_t i = 0; i < plan->n; i++)
		imp_out(env, "%4zu  %s\n", i + 1, imp_step_text(&plan->step[i], text));
	imp_out(env, "card %s: %zu command%s, about %u ms; nothing was written\n",
		r->writer->card.name, plan->n, imp_s(plan->n), r->estimate_ms);
}

static void print_done(struct imp_env *env, const struct report *r)
{
	const struct imp_writer *w = r->writer;

	imp_out(env, "card %s: %s, EF %s", w->card.name, r->result, r->file);
	if (w->wish.payload.n)
		imp_out(env, ", %zu octets", w->wish.payload.n);
	imp_out(env, ", %u command%s to write, %u to verify\n", w->write_apdus,
		imp_s(w->write_apdus), w->verify_apdus);
}

enum imp_status card_report(struct imp_env *env, const struct card_use *use,
	const struct imp_writer *writer, const char *result)
{
	struct report r = { .use = use,
		.writer = writer,
		.result = result,
		.planned = strcmp(result, "planned") == 0,
		.estimate_ms = estimate(use, writer) };

	(void)snprintf(r.file, sizeof r.file, "%04X", imp_uicc_path_fid(&writer->plan.ef_path));
	if (writer->retries)
		imp_warn(env, "card %s: %u write%s needed retries inside the card, it wears out",
			writer->card.name, writer->retries, imp_s(writer->retries));
	if (env->json)
		return imp_json_line(env, fill_report, &r);
	if (r.planned)
		print_plan(env, &r);
	else
		print_done(env, &r);
	return IMP_OK;
}
