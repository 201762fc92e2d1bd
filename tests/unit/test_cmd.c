/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by itself: what is understood, what is refused, with which words and code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/env.h"
#include "cmd/help.h"
#include "host/progress.h"

static struct {
	int runs;
	const char *file;
	const char *near;
	char place[16];
	bool flag;
	uint64_t number;
	size_t also_n;
	char also[8];
	size_t rest;
	enum imp_status result;
} seen;

static enum imp_status run_make(struct imp_env *env, const struct imp_args *args)
{
	const char *also[IMP_REPEATS_MAX + 1];
	uint64_t number = 7;
	enum imp_status st = imp_arg_number(env, args, "number", 1, 100, &number);

	if (st != IMP_OK)
		return st;
	seen.runs++;
	seen.file = imp_arg(args, "file");
	seen.flag = imp_flag(args, "flag");
	if (imp_arg(args, "near"))
		seen.near = strcpy(seen.place, imp_arg(args, "near"));
	seen.number = number;
	seen.also_n = imp_arg_all(args, "also", also);
	for (size_t i = 0; i < seen.also_n && i < sizeof seen.also - 1; i++)
		seen.also[i] = also[i][0];
	seen.rest = args->rest_n;
	imp_out(env, "made\n");
	return seen.result == IMP_OK ? IMP_OK : imp_diag(&env->diag, seen.result, "it broke");
}

static const struct imp_opt make_opts[] = {
	{ "file", "FILE", "a file", IMP_OPT_REQUIRED },
	{ "number", "N", "a number", 0 },
	{ "flag", NULL, "a flag", 0 },
	{ "near", "[PLACE]", "a value that may be left out", IMP_OPT_OPTIONAL },
	{ "also", "THING", "may be repeated", IMP_OPT_REPEATED },
	IMP_OPT_END,
};
static const struct imp_cmd thing_cmds[] = {
	{ "thing", "make", "[NAME...]", "Make a thing", run_make, make_opts, 0, 2,
		"imprint thing make --file f" },
	{ "thing", "break", "", "Break a thing", run_make, make_opts, 0, 0, "imprint thing break" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
static const struct imp_cmd look_cmds[] = {
	{ "look", NULL, "FILE", "Look at a file", run_make, make_opts, 1, 1, "imprint look f" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
static const struct imp_noun nouns[] = {
	{ "thing", "things", thing_cmds },
	{ "look", "looking", look_cmds },
	{ NULL, NULL, NULL },
};

struct call {
	const char *line; /* words after "imprint", separated by one blank */
	int exit;
	int runs;
	const char *out, *err; /* must occur in it; NULL: must be empty */
};

static const struct call calls[] = {
	{ "thing make --file a", 0, 1, "made", NULL },
	{ "thing make --file=a --number 100 x y", 0, 1, "made", NULL },
	{ "--json thing make --file a", 0, 1, "made", NULL },
	{ "thing --quiet make --file a", 0, 1, "made", NULL },
	{ "look --file a f", 0, 1, "made", NULL },
	{ "thing make x --file a", 0, 1, "made", NULL },
	{ "thing make --file a -- --flag", 0, 1, "made", NULL },
	{ "", 2, 0, NULL, "which command" },
	{ "thin make", 2, 0, NULL, "did you mean 'imprint thing'" },
	{ "zzzzzz", 2, 0, NULL, "unknown command 'zzzzzz'" },
	{ "thing mak", 2, 0, NULL, "did you mean 'imprint thing make'" },
	{ "thing", 2, 0, NULL, "which verb" },
	{ "thing make", 2, 0, NULL, "--file FILE is missing" },
	{ "thing make --file", 2, 0, NULL, "needs a value" },
	{ "thing make --file - -", 2, 0, NULL, "stands there 2 times" },
	{ "thing make --file -", 0, 1, "made", NULL },
	{ "thing make --file a --file b", 2, 0, NULL, "given twice" },
	{ "thing make --file a --nope", 2, 0, NULL, "--nope" },
	{ "--nope thing make", 2, 0, NULL, "unknown option --nope" },
	{ "thing make --file a x y z", 2, 0, NULL, "too many arguments: z" },
	{ "look --file a", 2, 0, NULL, "FILE is missing" },
	{ "thing make --file a --number 0", 2, 0, NULL, "not a number from 1 to 100" },
	{ "thing make --file a --number 101", 2, 0, NULL, "not a number" },
	{ "thing make --file a --number 1x", 2, 0, NULL, "not a number" },
	{ "thing make --file a --number 07", 2, 0, NULL, "not a number" },
	{ "thing make --file a --number +7", 2, 0, NULL, "not a number" },
	{ "thing make --file a --number 99999999999999999999999", 2, 0, NULL, "not a number" },
	{ "--version", 0, 0, "imprint ", NULL },
	{ "--help", 0, 0, "exit codes", NULL },
	{ "help", 0, 0, "thing", NULL },
	{ "help thing", 0, 0, "break", NULL },
	{ "help thing make", 0, 0, "--number N", NULL },
	{ "help thang", 2, 0, NULL, "did you mean" },
	{ "help --json", 0, 0, "\"noun\":\"thing\"", NULL },
	{ "thing --help", 0, 0, "make", NULL },
	{ "thing make --help", 0, 0, "example", NULL },
	{ "thing make -h", 0, 0, "example", NULL },
	{ "look --help", 0, 0, "Look at a file", NULL },
	{ "completion bash", 0, 0, "complete -o filenames -F _imprint imprint", NULL },
	{ "completion fish", 2, 0, NULL, "bash" },
};

static int call(const char *line, char **out, char **err)
{
	struct imp_env env = { 0 };
	char words[256], *argv[24] = { NULL };
	static char program[] = "imprint";
	size_t out_n, err_n;
	int argc = 0, rc;

	(void)snprintf(words, sizeof words, "%s", line);
	argv[argc++] = program;
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	env.out = open_memstream(out, &out_n);
	env.err = open_memstream(err, &err_n);
	rc = imp_cmd_main(&env, nouns, argc, argv);
	assert_int_equal(fclose(env.out), 0);
	assert_int_equal(fclose(env.err), 0);
	return rc;
}

/* An option whose value may be left out takes the next word, but no option. */
static void optional_values(void **state)
{
	static const struct {
		const char *line, *near;
		bool flag;
		size_t rest;
	} rows[] = {
		{ "thing make --file f", NULL, false, 0 },
		{ "thing make --file f --near", "", false, 0 },
		{ "thing make --near --file f", "", false, 0 },
		{ "thing make --file f --near here", "here", false, 0 },
		{ "thing make --near here x --file f --flag", "here", true, 1 },
		{ "thing make --file f --near=here x", "here", false, 1 },
		{ "thing make --file f --near= x", "", false, 1 },
		{ "thing make --file f --near --flag x", "", true, 1 },
		{ "thing make --file f --near -- x", "", false, 1 },
		{ "thing make x --near here --file f y", "here", false, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *out, *err;

		memset(&seen, 0, sizeof seen);
		if (call(rows[i].line, &out, &err) != 0 || !seen.near != !rows[i].near ||
			(seen.near && strcmp(seen.near, rows[i].near) != 0) ||
			seen.flag != rows[i].flag || seen.rest != rows[i].rest)
			fail_msg("%s: %s, %zu left", rows[i].line, seen.near ? seen.near : "none",
				seen.rest);
		free(out);
		free(err);
	}
}

static void every_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const struct call *c = &calls[i];
		char *out, *err;
		int rc;

		memset(&seen, 0, sizeof seen);
		rc = call(c->line, &out, &err);
		if (rc != c->exit || seen.runs != c->runs ||
			(c->out ? !strstr(out, c->out) : out[0] != '\0') ||
			(c->err ? !strstr(err, c->err) : err[0] != '\0'))
			fail_msg("imprint %s: exit %d, %d runs\nout: %s\nerr: %s", c->line, rc,
				seen.runs, out, err);
		free(out);
		free(err);
	}
}

static void repeated_values_arrive_in_order(void **state)
{
	char *out, *err;

	(void)state;
	memset(&seen, 0, sizeof seen);
	assert_int_equal(call("thing make --also 1 --file f --also 2 --also 3", &out, &err), 0);
	assert_int_equal(seen.also_n, 3);
	assert_string_equal(seen.also, "123");
	free(out);
	free(err);
}

static void values_arrive(void **state)
{
	char *out, *err;

	(void)state;
	memset(&seen, 0, sizeof seen);
	assert_int_equal(call("thing make --flag --file f --number 42 a b", &out, &err), 0);
	assert_true(seen.flag);
	assert_int_equal(seen.number, 42);
	assert_int_equal(seen.rest, 2);
	free(out);
	free(err);
}

/* The exit code comes from the status table alone. */
static void every_status_has_its_exit_code(void **state)
{
	(void)state;
#define ROW(n, v, x, t)                                                       \
	{                                                                     \
		char *out, *err;                                              \
                                                                              \
		memset(&seen, 0, sizeof seen);                                \
		seen.result = IMP_##n;                                        \
		assert_int_equal(call("thing make --file f", &out, &err), x); \
		if (seen.result != IMP_OK)                                    \
			assert_string_equal(err, "imprint: it broke\n");      \
		free(out);                                                    \
		free(err);                                                    \
	}
	IMP_STATUS_TABLE(ROW)
#undef ROW
}

/* A full disk behind standard output is an error, not a success. */
static void full_output_is_an_error(void **state)
{
	struct imp_env env = { 0 };
	static char a0[] = "imprint", a1[] = "--version";
	char *argv[] = { a0, a1, NULL }, *err;
	size_t n;

	(void)state;
	env.out = fopen("/dev/full", "w");
	assert_non_null(env.out);
	env.err = open_memstream(&err, &n);
	assert_int_equal(imp_cmd_main(&env, nouns, 2, argv), 4);
	(void)fclose(env.out);
	(void)fclose(env.err);
	assert_non_null(strstr(err, "standard output"));
	free(err);
}

/* ---- progress -----------------------------------------------------------------------------------
 */

static uint64_t now_ms;

static uint64_t fake_mono(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static void progress_off_a_terminal_prints_tenths(void **state)
{
	const struct imp_clock clock = { NULL, fake_mono, NULL };
	struct imp_progress p;
	char *text;
	size_t n, lines = 0;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	now_ms = 0;
	imp_progress_start(&p, to, &clock, "units", 0, 1000);
	for (uint64_t i = 1; i <= 1000; i++) {
		now_ms += 10;
		imp_progress_step(&p, i);
	}
	imp_progress_end(&p);
	assert_int_equal(fclose(to), 0);
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 10);
	assert_non_null(strstr(text, " 50%  500/1000 units  100/s  5s left"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line),
		cmocka_unit_test(optional_values),
		cmocka_unit_test(values_arrive),
		cmocka_unit_test(repeated_values_arrive_in_order),
		cmocka_unit_test(every_status_has_its_exit_code),
		cmocka_unit_test(full_output_is_an_error),
		cmocka_unit_test(progress_off_a_terminal_prints_tenths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
