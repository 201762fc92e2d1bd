/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include "base/status.h"
#include "codec/json_enc.h"

#include <stdlib.h>
#include <string.h>

static void usage(FILE *to, const struct imp_cmd *cmd)
{
	fprintf(to, "imprint %s", cmd->noun);
	if (cmd->verb)
		fprintf(to, " %s", cmd->verb);
	for (const struct imp_opt *o = cmd->opts; o->name; o++)
		if (o->flags & IMP_OPT_REQUIRED)
			fprintf(to, " --%s %s", o->name, o->arg ? o->arg : "");
	if (cmd->args[0])
		fprintf(to, " %s", cmd->args);
}

static void options(FILE *to, const struct imp_opt *opts)
{
	char left[64];

	for (const struct imp_opt *o = opts; o->name; o++) {
		(void)snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "",
			o->arg ? o->arg : "");
		fprintf(to, "  %-26s %s\n", left, o->help);
	}
}

void imp_help_cmd(FILE *to, const struct imp_cmd *cmd)
{
	usage(to, cmd);
	fprintf(to, " [options]\n\n%s.\n", cmd->help);
	if (cmd->opts[0].name) {
		fputs("\noptions:\n", to);
		options(to, cmd->opts);
	}
	fputs("\nevery command:\n", to);
	options(to, imp_global_opts);
	if (cmd->example)
		fprintf(to, "\nexample:\n  %s\n", cmd->example);
	fprintf(to, "\nmore: man imprint-%s\n", cmd->noun);
}

void imp_help_noun(FILE *to, const struct imp_noun *noun)
{
	fprintf(to, "imprint %s: %s\n\n", noun->name, noun->help);
	for (const struct imp_cmd *c = noun->cmds; c->noun; c++)
		fprintf(to, "  %-10s %s\n", c->verb ? c->verb : "", c->help);
	fprintf(to, "\nimprint %s VERB --help shows its options and an example\n", noun->name);
}

void imp_help_all(FILE *to, const struct imp_noun *nouns)
{
	fputs("imprint gives LwM2M devices their first identity.\n\n"
	      "usage: imprint NOUN VERB [options]\n\n",
		to);
	for (const struct imp_noun *n = nouns; n->name; n++) {
		fprintf(to, "  %-10s %s\n", n->name, n->help);
		if (!n->cmds->verb)
			continue;
		fputs("             ", to);
		for (const struct imp_cmd *c = n->cmds; c->noun; c++)
			fprintf(to, "%s%s", c == n->cmds ? "" : " | ", c->verb);
		fputc('\n', to);
	}
	fputs("\nfirst steps:\n"
	      "  imprint profile check FILE           what a product's devices get, checked\n"
	      "  imprint batch new --ledger L --profile P --devices D --name N\n"
	      "  imprint batch run --ledger L --batch N --out DIR\n"
	      "  imprint inspect FILE                 what any file is and what it holds\n\n"
	      "every command:\n",
		to);
	options(to, imp_global_opts);
	fputs("\nexit codes: 0 done, 1 internal, 2 usage, 3 bad input, 4 absent or I/O,\n"
	      "5 refused by card, server or seal, 6 verification mismatch,\n"
	      "7 not allowed now, 8 batch partly done\n",
		to);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void json_opts(struct imp_json *j, const struct imp_opt *opts)
{
	imp_json_array(j, "options");
	for (const struct imp_opt *o = opts; o->name; o++) {
		imp_json_object(j, NULL);
		imp_json_str(j, "name", o->name);
		imp_json_str(j, "argument", o->arg);
		imp_json_str(j, "help", o->help);
		imp_json_bool(j, "required", o->flags & IMP_OPT_REQUIRED);
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
}

static void json_cmds(struct imp_json *j, const struct imp_noun *nouns)
{
	imp_json_array(j, "commands");
	for (const struct imp_noun *n = nouns; n->name; n++)
		for (const struct imp_cmd *c = n->cmds; c->noun; c++) {
			imp_json_object(j, NULL);
			imp_json_str(j, "noun", c->noun);
			imp_json_str(j, "verb", c->verb);
			imp_json_str(j, "arguments", c->args);
			imp_json_str(j, "help", c->help);
			imp_json_str(j, "example", c->example);
			json_opts(j, c->opts);
			imp_json_object_end(j);
		}
	imp_json_array_end(j);
}

static void json_exits(struct imp_json *j)
{
	imp_json_array(j, "statuses");
#define EXIT(n, v, x, t)             \
	imp_json_object(j, NULL);    \
	imp_json_str(j, "name", #n); \
	imp_json_int(j, "exit", x);  \
	imp_json_str(j, "text", t);  \
	imp_json_object_end(j);
	IMP_STATUS_TABLE(EXIT)
#undef EXIT
	imp_json_array_end(j);
}

static void json_all(struct imp_json *j, const struct imp_noun *nouns)
{
	imp_json_object(j, NULL);
	imp_json_str(j, "version", IMP_VERSION);
	json_opts(j, imp_global_opts);
	json_cmds(j, nouns);
	json_exits(j);
	imp_json_object_end(j);
}

void imp_help_json(FILE *to, const struct imp_noun *nouns)
{
	struct imp_wr wr = imp_wr_count();
	struct imp_json j = imp_json(&wr);
	uint8_t *text;

	json_all(&j, nouns);
	text = malloc(wr.n);
	if (!text)
		return;
	wr = imp_wr(text, wr.n);
	j = imp_json(&wr);
	json_all(&j, nouns);
	(void)fwrite(text, 1, wr.n, to);
	fputc('\n', to);
	free(text);
}
