/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/completion.h"

#include "cmd/env.h"
#include "cmd/help.h"

#include <string.h>

static void option_words(struct imp_env *env, const struct imp_opt *opts)
{
	for (const struct imp_opt *o = opts; o->name; o++)
		imp_out(env, " --%s", o->name);
}

static void noun_words(struct imp_env *env, const struct imp_noun *nouns)
{
	for (const struct imp_noun *n = nouns; n->name; n++)
		imp_out(env, "%s ", n->name);
	imp_out(env, "help completion");
}

static void verb_case(struct imp_env *env, const struct imp_noun *noun)
{
	if (!noun->cmds->verb)
		return;
	imp_out(env, "\t%s) verbs='", noun->name);
	for (const struct imp_cmd *c = noun->cmds; c->noun; c++)
		imp_out(env, "%s%s", c == noun->cmds ? "" : " ", c->verb);
	imp_out(env, "' ;;\n");
}

static void option_case(struct imp_env *env, const struct imp_cmd *cmd)
{
	if (cmd->verb)
		imp_out(env, "\t'%s %s') opts='", cmd->noun, cmd->verb);
	else
		imp_out(env, "\t'%s '*) opts='", cmd->noun);
	option_words(env, imp_global_opts);
	option_words(env, cmd->opts);
	imp_out(env, "' ;;\n");
}

enum imp_status imp_completion(struct imp_env *env, const struct imp_noun *nouns, const char *shell)
{
	if (!shell || strcmp(shell, "bash") != 0) {
		imp_diag(&env->diag, IMP_E_USAGE,
			"completion: which shell?  bash is the one there is");
		imp_diag_hint(&env->diag, "source <(imprint completion bash)");
		return IMP_E_USAGE;
	}
	imp_out(env, "_imprint() {\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} verbs='' opts=''\n"
		     "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct imp_noun *n = nouns; n->name; n++)
		verb_case(env, n);
	imp_out(env, "\tesac\n\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (const struct imp_noun *n = nouns; n->name; n++)
		for (const struct imp_cmd *c = n->cmds; c->noun; c++)
			option_case(env, c);
	imp_out(env, "\tesac\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	noun_words(env, nouns);
	imp_out(env, "' -- \"$cur\"))\n"
		     "\telif [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$verbs\" ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
		     "\telif [[ $cur == -* ]]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$opts\" -- \"$cur\"))\n"
		     "\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\tfi\n}\n"
		     "complete -o filenames -F _imprint imprint\n");
	return IMP_OK;
}
