/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap server leaves in the ledger, on a clock of the test. */
#include "factory/bs_log.h"

#include "ledger/chain.h"
#include "tests/fake/ledger_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct ledger_rig rig;
static struct imp_env env;
static struct imp_bs_log *log_;
static struct imp_unit units[2];
static uint64_t now;

static uint64_t mono_ms(void *ctx)
{
	(void)ctx;
	return now;
}

static int64_t wall_s(void *ctx)
{
	(void)ctx;
	return (int64_t)(now / 1000);
}

static const struct imp_clock test_clock = { NULL, mono_ms, wall_s };

static int setup(void **state)
{
	static const char *const endpoints[] = { "ep-A-0", "ep-A-1" };

	(void)state;
	ledger_rig_open(&rig);
	ledger_rig_plan(&rig, "A", IMP_TARGET_FLASH, 2);
	for (uint8_t i = 0; i < 2; i++) {
		assert_int_equal(ledger_rig_make(&rig, endpoints[i], "payload", i + 1), IMP_OK);
		assert_int_equal(
			imp_ledger_unit_by_endpoint(rig.ledger, endpoints[i], &units[i], &rig.diag),
			IMP_OK);
	}
	now = 1000000;
	env = (struct imp_env){
		.out = tmpfile(), .err = tmpfile(), .quiet = true, .clock = &test_clock
	};
	assert_int_equal(imp_bs_log_open(&env, rig.ledger, &log_), IMP_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	imp_bs_log_close(log_);
	for (size_t i = 0; i < 2; i++)
		imp_unit_free(&units[i]);
	(void)fclose(env.out);
	(void)fclose(env.err);
	ledger_rig_close(&rig);
	return 0;
}

static void tell(enum imp_bs_event_kind kind, const struct imp_unit *unit, bool delivery)
{
	struct imp_bs_note note = { .delivery = delivery, .who = "PSK x" };
	const struct imp_bs_event event = { .kind = kind,
		.endpoint = imp_span_str("ep-asked"),
		.path = "",
		.code = kind == IMP_BS_REFUSED ? 0x80 : 0,
		.text = "",
		.note = unit ? &note : NULL };

	if (unit) {
		note.batch = unit->batch;
		note.unit = unit->id;
	}
	imp_bs_log_event(log_, &event, "PSK x", "");
}

struct seen {
	int64_t unit; /* 0: any */
	const char *part;
	size_t n;
};

static enum imp_status look(void *ctx, const struct imp_event *event)
{
	struct seen *s = ctx;

	s->n += event->kind == IMP_EVENT_BOOTSTRAP && (!s->unit || event->unit == s->unit) &&
		memmem(event->detail.p, event->detail.n, s->part, strlen(s->part));
	return IMP_OK;
}

static size_t in_ledger(const struct imp_unit *unit, const char *part)
{
	struct seen s = { .unit = unit ? unit->id : 0, .part = part };

	assert_int_equal(imp_ledger_events(rig.ledger, 0, look, &s, &rig.diag), IMP_OK);
	return s.n;
}

static void flush(bool all)
{
	assert_int_equal(imp_bs_log_flush(log_, all, &rig.diag), IMP_OK);
}

static void refusals_once_a_minute(void **state)
{
	(void)state;
	for (size_t i = 0; i < 1000; i++)
		tell(IMP_BS_REFUSED, &units[0], false);
	tell(IMP_BS_REFUSED, &units[1], false);
	tell(IMP_BS_REFUSED, NULL, false); /* nobody's */
	flush(true);
	assert_int_equal(in_ledger(&units[0], "\"result\":\"refused\""), 1);
	assert_int_equal(in_ledger(&units[1], "\"result\":\"refused\""), 1);
	assert_int_equal(in_ledger(NULL, "\"endpoint\":\"ep-asked\""), 2);
	assert_int_equal(in_ledger(NULL, "\"code\":\"4.00\""), 2);
	now += 59999;
	tell(IMP_BS_REFUSED, &units[0], false);
	flush(true);
	assert_int_equal(in_ledger(NULL, "refused"), 2);
	now += 1;
	tell(IMP_BS_REFUSED, &units[0], false);
	tell(IMP_BS_REFUSED, &units[0], false);
	flush(true);
	assert_int_equal(in_ledger(NULL, "refused"), 3);
	assert_int_equal(imp_bs_log_counts(log_)->refused, 1000 + 2 + 1 + 2);
}

static void endings_in_groups(void **state)
{
	(void)state;
	tell(IMP_BS_FINISHED, &units[0], true);
	tell(IMP_BS_FAILED, &units[0], false);
	tell(IMP_BS_STEP, &units[0], false);
	tell(IMP_BS_REQUESTED, &units[0], false);
	now += 99;
	flush(false);
	assert_int_equal(in_ledger(NULL, "result"), 0);
	now += 1;
	flush(false);
	assert_int_equal(in_ledger(&units[0], "finished"), 1);
	assert_int_equal(in_ledger(&units[0], "failed"), 1);
	assert_int_equal(in_ledger(NULL, "result"), 2);
	imp_unit_free(&units[0]);
	assert_int_equal(
		imp_ledger_unit_by_endpoint(rig.ledger, "ep-A-0", &units[0], &rig.diag), IMP_OK);
	assert_true(units[0].delivered);
	for (size_t i = 0; i < 64; i++) /* a full group does not wait */
		tell(IMP_BS_PACKED, &units[1], false);
	flush(false);
	assert_int_equal(in_ledger(&units[1], "packed"), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refusals_once_a_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(endings_in_groups, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
