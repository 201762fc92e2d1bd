/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The softcard's state file survives a kill at any system call: the emulator runs as a traced child
 * that is killed at its 1st, 2nd, ... system call, then the file must load, hold no mixture of an
 * old and a new content, and hold everything whose answer had left.  A writer that overwrites the
 * file in place is the negative control: the same sweep must catch it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet-tools/emulate.h"
#include "applet-tools/softcard.h"
#include "card/card.h"
#include "cmd/env.h"
#include "host/file.h"

#define EF 64
#define UPDATES 3
#define KILLS_MAX 4000

static char folder[] = "/tmp/imprint-kill-XXXXXX";
static char path[64];
static volatile unsigned *answered; /* UPDATEs whose answer came, shared with the child */

/* ---- the child: VERIFY, SELECT, then UPDATE of the whole EF with 1, 2, 3 */

static void put(struct imp_wr *wr, const uint8_t *head, size_t n)
{
	imp_wr_put(wr, imp_span(head, n));
}

static bool done(const struct imp_card *card, struct imp_span cmd)
{
	uint8_t b[IMP_RESPONSE_MAX];
	struct imp_wr rsp = imp_wr(b, sizeof b);

	return card->transceive(card->ctx, cmd, &rsp) == IMP_OK && rsp.n >= 2 &&
	       b[rsp.n - 2] == 0x90;
}

static bool converse(const struct imp_card *card)
{
	static const uint8_t verify[] = { 0x00, 0x20, 0x00, 0x0A, 8, '1', '2', '3', '4', '5', '6',
		'7', '8' };
	static const uint8_t adf[] = { 0x00, 0xA4, 0x00, 0x0C, 2, 0x7F, 0x50 };
	static const uint8_t update[] = { 0x00, 0xD6, 0x92, 0x00, EF };

	if (!done(card, imp_span(verify, sizeof verify)) || !done(card, imp_span(adf, sizeof adf)))
		return false;
	for (unsigned i = 1; i <= UPDATES; i++) {
		uint8_t cmd[sizeof update + EF];
		struct imp_wr wr = imp_wr(cmd, sizeof cmd);

		put(&wr, update, sizeof update);
		imp_wr_fill(&wr, (uint8_t)i, EF);
		if (!done(card, imp_wr_span(&wr)))
			return false;
		*answered = i;
	}
	return true;
}

static enum imp_status serve(void *ctx, const char *host, unsigned port,
	const struct imp_card *card, struct imp_diag *diag)
{
	(void)ctx;
	(void)host;
	(void)port;
	return converse(card) ? IMP_OK : imp_diag(diag, IMP_E_INTERNAL, "an answer was wrong");
}

static enum imp_status emulate(void)
{
	const char *values[16] = { path };
	struct imp_args args = { .opts = imp_card_emulate_opts, .values = values };
	struct imp_env env = { .out = stdout, .err = stderr, .serve_card = serve, .quiet = true };

	return imp_card_emulate(&env, &args);
}

static enum imp_status save_in_place(const struct imp_softcard *card)
{
	static uint8_t text[65536];
	struct imp_wr wr = imp_wr(text, sizeof text);
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t n;

	imp_softcard_save(card, &wr);
	n = write(fd, text, wr.n);
	(void)close(fd);
	return fd >= 0 && n == (ssize_t)wr.n ? IMP_OK : IMP_E_IO;
}

static enum imp_status place_transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct imp_card inner;
	enum imp_status st;

	imp_softcard_as_card(ctx, &inner);
	st = inner.transceive(inner.ctx, cmd, rsp);
	return st == IMP_OK ? save_in_place(ctx) : st;
}

static struct imp_softcard *load(struct imp_diag *diag)
{
	IMP_BLOB blob = { NULL, 0 };

	if (imp_file_read(path, 65536, &blob, diag) != IMP_OK)
		return NULL;
	return imp_softcard_load(imp_blob_span(&blob), path, diag);
}

static enum imp_status emulate_in_place(void)
{
	struct imp_diag diag;
	struct imp_softcard *card = load(&diag);
	const struct imp_card outer = { card, place_transceive, NULL, NULL, NULL, NULL };
	bool ok = card && converse(&outer);

	imp_softcard_free(card);
	return ok ? IMP_OK : IMP_E_INTERNAL;
}

/* ---- the sweep */

static void fresh(void)
{
	struct imp_softcard_config config = {
		.protocol = 1, .flags = IMP_SOFTCARD_EFS, .ef_size = EF
	};
	static uint8_t text[65536];
	struct imp_wr wr = imp_wr(text, sizeof text);
	uint8_t zeros[EF] = { 0 };
	struct imp_diag diag;
	struct imp_softcard *card = imp_softcard_new(&config, &diag);

	assert_non_null(card);
	assert_int_equal(imp_softcard_poke(card, 0x7F50, 0x6432, 0, imp_span(zeros, EF)), IMP_OK);
	imp_softcard_save(card, &wr);
	assert_int_equal(imp_file_write(path, imp_wr_span(&wr), true, &diag), IMP_OK);
	imp_softcard_free(card);
	*answered = 0;
}

/* Run the child and kill it when it enters or leaves its n-th system call; true: it ended first. */
static bool run_until(unsigned n, enum imp_status (*child)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(99);
		(void)raise(SIGSTOP);
		_exit(child() == IMP_OK ? 0 : 98);
	}
	for (unsigned i = 0;; i++) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			if (WEXITSTATUS(status))
				fail_msg("the child ended with %d", WEXITSTATUS(status));
			return true;
		}
		assert_true(WIFSTOPPED(status));
		if (i == n)
			break;
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return false;
}

/* What is wrong with the file, or NULL. */
static const char *flaw(void)
{
	struct imp_diag diag;
	struct imp_softcard *card = load(&diag);
	struct imp_span content;
	const char *found = NULL;

	if (!card)
		return "does not load";
	if (imp_softcard_file(card, 0x7F50, 0x6432, &content) != IMP_OK)
		found = "the EF is missing";
	else if (!imp_span_all(content, content.p[0]))
		found = "old and new content are mixed";
	else if (content.p[0] < *answered || content.p[0] > *answered + 1)
		found = "what was answered is not there";
	imp_softcard_free(card);
	return found;
}

/* Kills that left a flaw; *kills: how many there were until the child got through. */
static unsigned sweep(enum imp_status (*child)(void), unsigned *kills)
{
	unsigned flaws = 0, n = 1;

	for (;; n++) {
		const char *found;

		assert_in_range(n, 1, KILLS_MAX);
		fresh();
		if (run_until(n, child))
			break;
		found = flaw();
		flaws += found != NULL;
		if (found && child == emulate)
			print_message("killed at stop %u: %s\n", n, found);
	}
	assert_int_equal(*answered, UPDATES);
	assert_null(flaw());
	*kills = n - 1;
	return flaws;
}

static void test_kill_at_each_call(void **state)
{
	unsigned kills;

	(void)state;
	assert_int_equal(sweep(emulate, &kills), 0);
	assert_in_range(kills, 4 * UPDATES, KILLS_MAX);
}

static void test_the_sweep_catches_writing_in_place(void **state)
{
	unsigned kills;

	(void)state;
	assert_true(sweep(emulate_in_place, &kills) > 0);
}

/* What a killed emulator leaves behind does not stand in the way of the next one. */
static void test_next_run_goes_on(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		fresh();
		if (run_until(n, emulate))
			break;
		*answered = 0;
		assert_true(run_until(KILLS_MAX, emulate));
		assert_null(flaw());
	}
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof path, "%s/card.json", folder);
	answered = mmap(
		NULL, sizeof *answered, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return answered == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_at_each_call),
		cmocka_unit_test(test_the_sweep_catches_writing_in_place),
		cmocka_unit_test(test_next_run_goes_on),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
