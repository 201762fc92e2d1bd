/* SPDX-License-Identifier: Apache-2.0 */
/* A card that keeps one waiting is spoken of, once a wait; one that answers in time is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "card/pick.h"
#include "cmd/patience.h"

#define AFTER_MS 40

static long sleep_ms;
static unsigned closed;
static enum imp_status opened;

static void rest(void)
{
	struct timespec t = { 0, sleep_ms * 1000000L };

	(void)nanosleep(&t, NULL);
}

static enum imp_status slow(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	(void)ctx;
	rest();
	imp_wr_put(rsp, cmd);
	return IMP_OK;
}

static enum imp_status slow_reset(void *ctx)
{
	(void)ctx;
	rest();
	return IMP_E_IO;
}

static void count(void *ctx)
{
	(void)ctx;
	closed++;
}

static enum imp_status one(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	(void)ctx;
	(void)diag;
	*n = 1;
	if (cap)
		*out = (struct imp_reader_info){ .name = "A", .card_present = true };
	return IMP_OK;
}

static enum imp_status give(
	void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag)
{
	(void)ctx;
	(void)diag;
	assert_string_equal(name, "A");
	if (opened == IMP_OK)
		*card = (struct imp_card){ NULL, slow, slow_reset, NULL, count, NULL };
	return opened;
}

static const struct imp_readers inner = { NULL, one, give, "--reader" };

/* What was said while one command, or one reset, took so long. */
static size_t notes(long ms, bool quiet, bool resetting)
{
	char *text = NULL, name[128];
	size_t n = 0, found = 0;
	FILE *err = open_memstream(&text, &n);
	struct imp_env env = { .err = err, .quiet = quiet };
	struct imp_patience patience = { &env, &inner, AFTER_MS };
	struct imp_readers readers;
	struct imp_card card;
	uint8_t got[8];
	struct imp_wr out = imp_wr(got, sizeof got);

	assert_non_null(err);
	imp_patience_readers(&patience, &readers);
	assert_string_equal(readers.option, "--reader");
	assert_int_equal(imp_reader_open(&readers, NULL, name, &card, NULL), IMP_OK);
	assert_null(card.atr);
	sleep_ms = ms;
	if (resetting)
		assert_int_equal(card.reset(card.ctx), IMP_E_IO);
	else
		assert_int_equal(card.transceive(card.ctx, imp_span_str("answer"), &out), IMP_OK);
	assert_true(resetting || imp_span_eq(imp_wr_span(&out), imp_span_str("answer")));
	/* A wait that is over says nothing any more. */
	sleep_ms = 3 * AFTER_MS;
	rest();
	closed = 0;
	imp_card_close(&card);
	assert_int_equal(closed, 1);
	assert_int_equal(fclose(err), 0);
	for (const char *at = text; (at = strstr(at, "has not answered")); at++)
		found++;
	free(text);
	return found;
}

static void waits(void **state)
{
	(void)state;
	assert_int_equal(notes(0, false, false), 0);
	assert_int_equal(notes(5 * AFTER_MS, false, false), 1);
	assert_int_equal(notes(5 * AFTER_MS, false, true), 1);
	assert_int_equal(notes(5 * AFTER_MS, true, false), 0);
}

static void refusals(void **state)
{
	struct imp_env env = { .err = stderr };
	struct imp_patience patience = { &env, &inner, AFTER_MS };
	struct imp_readers readers;
	struct imp_card card = { .ctx = NULL };
	char name[128];

	(void)state;
	imp_patience_readers(&patience, &readers);
	opened = IMP_E_DENIED;
	closed = 0;
	assert_int_equal(imp_reader_open(&readers, NULL, name, &card, NULL), IMP_E_DENIED);
	assert_null(card.transceive);
	assert_int_equal(closed, 0);
	opened = IMP_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
