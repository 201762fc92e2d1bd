/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to one command and back to an exit code. */
#include "cmd/cmd.h"

#include "cmd/completion.h"
#include "cmd/env.h"
#include "cmd/help.h"
#include "cmd/nearest.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OPTS_MAX 48

const struct imp_opt imp_global_opts[] = {
	{ "json", NULL, "results as JSON Lines on standard output", 0 },
	{ "quiet", NULL, "no notes, no progress", 0 },
	{ "no-progress", NULL, "no progress", 0 },
	{ "yes", NULL, "answer questions with yes", 0 },
	{ "dry-run", NULL, "say what would be done, touch nothing", 0 },
	{ "help", NULL, "show help", 0 },
	{ "version", NULL, "show the version", 0 },
	IMP_OPT_END,
};

enum global { G_JSON, G_QUIET, G_NO_PROGRESS, G_YES, G_DRY_RUN, G_HELP, G_VERSION, GLOBALS };

struct parse {
	struct imp_env *env;
	const struct imp_noun *nouns;
	const struct imp_noun *noun;
	const struct imp_cmd *cmd;
	bool help, version;
};

const char *imp_arg(const struct imp_args *args, const char *name)
{
	for (size_t i = 0; args->opts[i].name; i++)
		if (strcmp(args->opts[i].name, name) == 0)
			return args->values[i];
	abort();
}

size_t imp_arg_all(
	const struct imp_args *args, const char *name, const char *out[static IMP_REPEATS_MAX + 1])
{
	const char *first = imp_arg(args, name);
	size_t n = 0;

	if (!first)
		return 0;
	out[n++] = first;
	for (size_t i = 0; args->repeats && i < args->repeats->n; i++)
		if (strcmp(args->repeats->opt[i]->name, name) == 0)
			out[n++] = args->repeats->value[i];
	return n;
}

enum imp_status imp_arg_number(struct imp_env *env, const struct imp_args *args, const char *name,
	uint64_t min, uint64_t max, uint64_t *out)
{
	const char *text = imp_arg(args, name);
	uint64_t v = 0;
	size_t i;

	if (!text)
		return IMP_OK;
	for (i = 0; text[i] >= '0' && text[i] <= '9' && v <= (UINT64_MAX - 9) / 10; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	if (i == 0 || text[i] || (text[0] == '0' && i > 1) || v < min || v > max)
		return imp_diag(&env->diag, IMP_E_USAGE,
			"--%s %s: not a number from %" PRIu64 " to %" PRIu64, name, text, min, max);
	*out = v;
	return IMP_OK;
}

/* ---- which command ----------------------------------------------------------------------------
 */

static void set_global(struct parse *p, enum global which)
{
	switch (which) {
	case G_JSON:
		p->env->json = true;
		break;
	case G_QUIET:
		p->env->quiet = true;
		break;
	case G_NO_PROGRESS:
		p->env->no_progress = true;
		break;
	case G_YES:
		p->env->yes = true;
		break;
	case G_DRY_RUN:
		p->env->dry_run = true;
		break;
	case G_HELP:
		p->help = true;
		break;
	case G_VERSION:
		p->version = true;
		break;
	case GLOBALS:
	default:
		break;
	}
}

/* Global flags may stand before the noun and between noun and verb. */
static enum imp_status take_globals(struct parse *p, char ***argv)
{
	for (; **argv && (**argv)[0] == '-' && (**argv)[1]; (*argv)++) {
		const char *given = **argv;
		size_t i;

		if (strcmp(given, "-h") == 0)
			given = "--help";
		for (i = 0; i < GLOBALS; i++)
			if (strncmp(given, "--", 2) == 0 &&
				strcmp(given + 2, imp_global_opts[i].name) == 0)
				break;
		if (i == GLOBALS) {
			imp_diag(&p->env->diag, IMP_E_USAGE, "unknown option %s", given);
			imp_diag_hint(&p->env->diag,
				"options of a command follow its name; see imprint help");
			return IMP_E_USAGE;
		}
		set_global(p, (enum global)i);
	}
	return IMP_OK;
}

static enum imp_status find_noun(struct parse *p, const char *name)
{
	const char *near;

	for (const struct imp_noun *n = p->nouns; n->name; n++)
		if (strcmp(n->name, name) == 0) {
			p->noun = n;
			return IMP_OK;
		}
	near = imp_nearest_noun(p->nouns, name);
	imp_diag(&p->env->diag, IMP_E_USAGE, "unknown command '%s'", name);
	if (near)
		imp_diag_hint(&p->env->diag, "did you mean 'imprint %s'?", near);
	else
		imp_diag_hint(&p->env->diag, "imprint help lists all commands");
	return IMP_E_USAGE;
}

static enum imp_status find_verb(struct parse *p, char ***argv)
{
	const struct imp_cmd *cmds = p->noun->cmds;
	const char *name = **argv, *near;

	if (!cmds->verb) {
		p->cmd = cmds;
		return IMP_OK;
	}
	if (!name) {
		if (p->help)
			return IMP_OK;
		imp_diag(&p->env->diag, IMP_E_USAGE, "imprint %s: which verb?", p->noun->name);
		imp_diag_hint(&p->env->diag, "imprint %s --help lists them", p->noun->name);
		return IMP_E_USAGE;
	}
	for (const struct imp_cmd *c = cmds; c->noun; c++)
		if (strcmp(c->verb, name) == 0) {
			p->cmd = c;
			(*argv)++;
			return IMP_OK;
		}
	near = imp_nearest_verb(p->noun, name);
	imp_diag(&p->env->diag, IMP_E_USAGE, "imprint %s: unknown verb '%s'", p->noun->name, name);
	if (near)
		imp_diag_hint(&p->env->diag, "did you mean 'imprint %s %s'?", p->noun->name, near);
	else
		imp_diag_hint(&p->env->diag, "imprint %s --help lists them", p->noun->name);
	return IMP_E_USAGE;
}

/* ---- its options ------------------------------------------------------------------------------
 */

static size_t count_opts(const struct imp_opt *opts)
{
	size_t n = 0;

	while (opts[n].name)
		n++;
	return n;
}

static void fill_long_options(const struct imp_opt *opts, size_t n, struct option *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++, k++)
		out[k] = (struct option){ opts[i].name,
			!opts[i].arg			   ? no_argument
			: opts[i].flags & IMP_OPT_OPTIONAL ? optional_argument
							   : required_argument,
			NULL, (int)(256 + i) };
	for (size_t i = 0; i < GLOBALS; i++, k++)
		out[k] = (struct option){ imp_global_opts[i].name, no_argument, NULL,
			(int)(128 + i) };
	out[k] = (struct option){ NULL, 0, NULL, 0 };
}

static enum imp_status option_problem(struct parse *p, int c, const char *given)
{
	imp_diag(&p->env->diag, IMP_E_USAGE, "%s: %s", given ? given : "?",
		c == ':' ? "needs a value" : "no such option, or not unique");
	imp_diag_hint(&p->env->diag, "imprint %s%s%s --help lists the options", p->noun->name,
		p->cmd->verb ? " " : "", p->cmd->verb ? p->cmd->verb : "");
	return IMP_E_USAGE;
}

/* A value behind the first of an option. */
static enum imp_status take_again(
	struct parse *p, const struct imp_opt *opt, const char *value, struct imp_repeats *repeats)
{
	if (!(opt->flags & IMP_OPT_REPEATED))
		return imp_diag(&p->env->diag, IMP_E_USAGE, "--%s: given twice", opt->name);
	if (repeats->n == IMP_REPEATS_MAX)
		return imp_diag(&p->env->diag, IMP_E_USAGE, "--%s: given too often", opt->name);
	repeats->opt[repeats->n] = opt;
	repeats->value[repeats->n++] = value;
	return IMP_OK;
}

static enum imp_status take_options(
	struct parse *p, int argc, char **argv, const char **values, struct imp_repeats *repeats)
{
	const struct imp_opt *opts = p->cmd->opts;
	struct option longs[OPTS_MAX + GLOBALS + 1];
	size_t n = count_opts(opts);
	int c;

	if (n > OPTS_MAX)
		abort();
	fill_long_options(opts, n, longs);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			p->help = true;
		} else if (c == '?' || c == ':') {
			return option_problem(p, c, argv[optind - 1]);
		} else if (c >= 256) {
			size_t i = (size_t)(c - 256);

			/* getopt takes an optional value only behind "=". */
			if (!optarg && opts[i].flags & IMP_OPT_OPTIONAL && argv[optind] &&
				argv[optind][0] != '-')
				optarg = argv[optind++];
			if (values[i] &&
				take_again(p, &opts[i], optarg ? optarg : "", repeats) != IMP_OK)
				return IMP_E_USAGE;
			if (!values[i])
				values[i] = optarg ? optarg : "";
		} else {
			set_global(p, (enum global)(c - 128));
		}
	}
	return IMP_OK;
}

static enum imp_status demand(struct parse *p, const struct imp_args *args)
{
	const struct imp_cmd *cmd = p->cmd;

	for (size_t i = 0; cmd->opts[i].name; i++)
		if ((cmd->opts[i].flags & IMP_OPT_REQUIRED) && !args->values[i]) {
			imp_diag(&p->env->diag, IMP_E_USAGE, "--%s %s is missing",
				cmd->opts[i].name, cmd->opts[i].arg ? cmd->opts[i].arg : "");
			imp_diag_hint(&p->env->diag, "example: %s", cmd->example);
			return IMP_E_USAGE;
		}
	if (args->rest_n < cmd->rest_min || args->rest_n > cmd->rest_max) {
		imp_diag(&p->env->diag, IMP_E_USAGE,
			args->rest_n < cmd->rest_min ? "%s is missing" : "too many arguments: %s",
			args->rest_n < cmd->rest_min ? cmd->args : args->rest[cmd->rest_max]);
		imp_diag_hint(&p->env->diag, "example: %s", cmd->example);
		return IMP_E_USAGE;
	}
	return IMP_OK;
}

/* What is read from standard input is read once; a second reader would find it empty. */
static enum imp_status one_standard_input(struct parse *p, const struct imp_args *args)
{
	unsigned n = 0;

	for (size_t i = 0; p->cmd->opts[i].name; i++)
		n += args->values[i] && strcmp(args->values[i], "-") == 0;
	for (size_t i = 0; i < args->rest_n; i++)
		n += strcmp(args->rest[i], "-") == 0;
	if (n < 2)
		return IMP_OK;
	imp_diag(&p->env->diag, IMP_E_USAGE, "- is standard input, and stands there %u times", n);
	imp_diag_hint(&p->env->diag, "name files for all but one");
	return IMP_E_USAGE;
}

static enum imp_status run_command(struct parse *p, int argc, char **argv)
{
	const char *values[OPTS_MAX] = { NULL };
	struct imp_repeats repeats = { .n = 0 };
	struct imp_args args = { p->cmd->opts, values, &repeats, NULL, 0 };
	enum imp_status st = take_options(p, argc, argv, values, &repeats);

	if (st != IMP_OK)
		return st;
	if (p->help) {
		imp_help_cmd(p->env->out, p->cmd);
		return IMP_OK;
	}
	args.rest = (const char *const *)(argv + optind);
	args.rest_n = (size_t)(argc - optind);
	st = demand(p, &args);
	if (st == IMP_OK)
		st = one_standard_input(p, &args);
	return st == IMP_OK ? p->cmd->run(p->env, &args) : st;
}

/* ---- help, completion, and the rest ------------------------------------------------------------
 */

static enum imp_status help_about(struct parse *p, char **argv)
{
	enum imp_status st;

	if (!argv[0]) {
		if (p->env->json)
			imp_help_json(p->env->out, p->nouns);
		else
			imp_help_all(p->env->out, p->nouns);
		return IMP_OK;
	}
	st = find_noun(p, *argv++);
	if (st != IMP_OK)
		return st;
	p->help = true;
	st = find_verb(p, &argv);
	if (st != IMP_OK)
		return st;
	if (p->cmd)
		imp_help_cmd(p->env->out, p->cmd);
	else
		imp_help_noun(p->env->out, p->noun);
	return IMP_OK;
}

static enum imp_status dispatch(struct parse *p, char **argv)
{
	enum imp_status st = take_globals(p, &argv);
	char **from;
	int n = 0;

	if (st != IMP_OK)
		return st;
	if (p->version) {
		imp_out(p->env, "imprint %s\n", IMP_VERSION);
		return IMP_OK;
	}
	if (!argv[0]) {
		imp_help_all(p->help ? p->env->out : p->env->err, p->nouns);
		return p->help ? IMP_OK : imp_diag(&p->env->diag, IMP_E_USAGE, "which command?");
	}
	if (strcmp(argv[0], "help") == 0) {
		argv++;
		st = take_globals(p, &argv);
		return st == IMP_OK ? help_about(p, argv) : st;
	}
	if (strcmp(argv[0], "completion") == 0)
		return imp_completion(p->env, p->nouns, argv[1]);
	st = find_noun(p, *argv++);
	if (st == IMP_OK && p->noun->cmds->verb)
		st = take_globals(p, &argv);
	if (st == IMP_OK)
		st = find_verb(p, &argv);
	if (st != IMP_OK)
		return st;
	if (!p->cmd) {
		imp_help_noun(p->env->out, p->noun);
		return IMP_OK;
	}
	from = argv - 1; /* getopt wants a program name first */
	while (from[n])
		n++;
	return run_command(p, n, from);
}

static void print_diagnosis(struct imp_env *env, enum imp_status st)
{
	const struct imp_diag *d = &env->diag;
	bool told = d->text[0] != '\0';

	fprintf(env->err, "imprint: %s\n", told ? d->text : imp_status_text(st));
	if (told && d->hint[0])
		fprintf(env->err, "         %s\n", d->hint);
}

int imp_cmd_main(struct imp_env *env, const struct imp_noun *nouns, int argc, char **argv)
{
	struct parse p = { env, nouns, NULL, NULL, false, false };
	enum imp_status st = dispatch(&p, argv + (argc > 0));

	if (fflush(env->out) != 0 && st == IMP_OK)
		st = imp_diag(&env->diag, IMP_E_IO, "standard output: %s", strerror(errno));
	if (st != IMP_OK)
		print_diagnosis(env, st);
	return imp_status_exit(st);
}
