/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one table row per command is the contract for dispatch, help, completion and
 * the man-page check.  To add a command: write its run function and row in the folder it belongs
 * to, list the table in main.c if it is a new one, add the man page.  `make lint` compares them.
 */
#ifndef IMP_CMD_CMD_H
#define IMP_CMD_CMD_H

#include "base/diag.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_env;

struct imp_opt {
	const char *name; /* without dashes */
	const char *arg;  /* "FILE", "N"; NULL for a flag */
	const char *help;
	unsigned flags;
};

#define IMP_OPT_REQUIRED 1U
#define IMP_OPT_OPTIONAL 2U /* its value may be left out, and is then "" */
#define IMP_OPT_REPEATED 4U /* may be given several times: imp_arg_all() */
#define IMP_OPT_END                 \
	{                           \
		NULL, NULL, NULL, 0 \
	}

#define IMP_REPEATS_MAX 32

/* Further values of options that may be repeated, in their order. */
struct imp_repeats {
	const struct imp_opt *opt[IMP_REPEATS_MAX];
	const char *value[IMP_REPEATS_MAX];
	size_t n;
};

/* The options given, by name, and what is left. */
struct imp_args {
	const struct imp_opt *opts;
	const char **values; /* by index of opts, the first; NULL when not given, "" for a flag */
	const struct imp_repeats *repeats; /* NULL: none */
	const char *const *rest;	   /* positional arguments */
	size_t rest_n;
};

struct imp_cmd {
	const char *noun; /* "batch" */
	const char *verb; /* "run"; NULL for a noun without verbs */
	const char *args; /* positional arguments as shown in help: "FILE..."; "" for none */
	const char *help; /* one line */
	/* Returns the status whose exit code the program ends with; has filled env->diag when it
	 * is not IMP_OK. */
	enum imp_status (*run)(struct imp_env *env, const struct imp_args *args);
	const struct imp_opt *opts; /* ends with IMP_OPT_END */
	size_t rest_min, rest_max;  /* positional arguments */
	const char *example;	    /* a line that works, shown by --help */
};

/* A table of rows ends with a NULL noun. */
struct imp_noun {
	const char *name;
	const char *help;
	const struct imp_cmd *cmds;
};

/* Parse argv, run the command, print the diagnosis; returns the exit code.  nouns ends with a NULL
 * name. */
int imp_cmd_main(struct imp_env *env, const struct imp_noun *nouns, int argc, char **argv);

/* Value of option name: NULL when absent, "" for a flag.  Asking for an option that the row does
 * not have is a bug and aborts. */
const char *imp_arg(const struct imp_args *args, const char *name);
static inline bool imp_flag(const struct imp_args *args, const char *name)
{
	return imp_arg(args, name) != NULL;
}

/* All values of an option that may be repeated, in their order; returns their number, 0 to
 * IMP_REPEATS_MAX + 1. */
size_t imp_arg_all(
	const struct imp_args *args, const char *name, const char *out[static IMP_REPEATS_MAX + 1]);

/* A decimal number in [min, max]: digits only, no sign, no leading zero.  IMP_E_USAGE with a
 * diagnosis; *out keeps its value when the option is absent. */
IMP_MUST_CHECK enum imp_status imp_arg_number(struct imp_env *env, const struct imp_args *args,
	const char *name, uint64_t min, uint64_t max, uint64_t *out);

#endif
