/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap server gives: made once, unique, sealed to its unit, gone with it. */
#include "ledger/delivery.h"

#include "crypto/rng.h"
#include "crypto/seal.h"
#include "ledger/chain.h"
#include "tests/fake/ledger_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct ledger_rig rig;

static int setup(void **state)
{
	(void)state;
	ledger_rig_open(&rig);
	ledger_rig_plan(&rig, "A", IMP_TARGET_FLASH, 3);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-0", "payload 0", 1), IMP_OK);
	assert_int_equal(ledger_rig_make(&rig, "ep-A-1", "payload 1", 2), IMP_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_rig_close(&rig);
	return 0;
}

static enum imp_status open_delivery(const char *endpoint, const char *want)
{
	IMP_UNIT u = { 0 };
	IMP_BLOB got = { NULL, 0 };
	struct imp_sealer *sealer = NULL;
	enum imp_status st;

	assert_int_equal(imp_ledger_unit_by_endpoint(rig.ledger, endpoint, &u, &rig.diag), IMP_OK);
	assert_int_equal(imp_sealer_open(&rig.data_key, imp_rng_openssl(), &sealer), IMP_OK);
	st = imp_ledger_delivery(rig.ledger, &u, sealer, &got, &rig.diag);
	imp_sealer_close(sealer);
	if (st == IMP_OK) {
		assert_int_equal(got.n, strlen(want));
		assert_memory_equal(got.p, want, got.n);
	}
	return st;
}

static void verifies(void)
{
	struct imp_chain_head head;

	assert_int_equal(imp_ledger_verify(rig.ledger, NULL, &head, &rig.diag), IMP_OK);
}

static void made_once(void **state)
{
	(void)state;
	assert_int_equal(open_delivery("ep-A-0", ""), IMP_E_ABSENT);
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "over the air", 9, "id"), IMP_OK);
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "again", 10, NULL), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "made already"));
	ledger_rig_reopen(&rig);
	assert_int_equal(open_delivery("ep-A-0", "over the air"), IMP_OK);
	assert_int_equal(open_delivery("ep-A-1", ""), IMP_E_ABSENT);
	verifies();
}

static void nothing_is_issued_twice(void **state)
{
	(void)state;
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "x", 2, NULL), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "ep-A-1"));
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "x", 9, "id-A-1"), IMP_E_DENIED);
	assert_int_equal(open_delivery("ep-A-0", ""), IMP_E_ABSENT);
	/* Nothing of the refused ones stayed. */
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-1", "y", 9, "id"), IMP_OK);
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "x", 9, NULL), IMP_E_DENIED);
	verifies();
}

static void units_without_keys(void **state)
{
	struct imp_batch b = { 0 };

	(void)state;
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-2", "x", 9, NULL), IMP_E_DENIED);
	assert_non_null(strstr(rig.diag.text, "planned"));
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "x", 9, NULL), IMP_OK);
	assert_int_equal(imp_ledger_batch(rig.ledger, "A", &b, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_scrap(rig.ledger, &b, "A-0", "cracked", &rig.diag), IMP_OK);
	imp_batch_free(&b);
	assert_int_equal(open_delivery("ep-A-0", ""), IMP_E_ABSENT);
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-0", "x", 10, NULL), IMP_E_DENIED);
	/* Its credentials stay taken. */
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-1", "x", 9, NULL), IMP_E_DENIED);
	verifies();
}

static void who_holds_what(void **state)
{
	IMP_UNIT u = { 0 };
	IMP_UNIT none = { 0 };

	(void)state;
	assert_int_equal(ledger_rig_deliver(&rig, "ep-A-1", "x", 9, "id"), IMP_OK);
	assert_int_equal(imp_ledger_unit_by_credential(rig.ledger, IMP_CRED_PSK_IDENTITY,
				 imp_span_str("id"), &u, &rig.diag),
		IMP_OK);
	assert_string_equal(u.endpoint, "ep-A-1");
	assert_int_equal(imp_ledger_unit_by_credential(rig.ledger, IMP_CRED_PSK_IDENTITY,
				 imp_span_str("nobody"), &none, &rig.diag),
		IMP_E_ABSENT);
}

static enum imp_status last_event(void *ctx, const struct imp_event *event)
{
	*(int64_t *)ctx = event->kind;
	return IMP_OK;
}

static void events_of_units(void **state)
{
	IMP_UNIT u = { 0 };
	struct imp_unit_event v[] = { { .detail = "{\"result\":\"finished\"}", .delivered = true },
		{ .proof = true, .detail = "{\"registered\":true}" } };
	struct imp_unit_event unknown = { .batch = 1, .unit = 99, .detail = "{}" };
	int64_t kind = 0;

	(void)state;
	assert_int_equal(imp_ledger_unit_by_endpoint(rig.ledger, "ep-A-0", &u, &rig.diag), IMP_OK);
	v[0].batch = v[1].batch = u.batch;
	v[0].unit = v[1].unit = u.id;
	assert_int_equal(imp_ledger_unit_events(rig.ledger, v, 2, &rig.diag), IMP_OK);
	assert_int_equal(imp_ledger_events(rig.ledger, 0, last_event, &kind, &rig.diag), IMP_OK);
	assert_int_equal(kind, IMP_EVENT_PROVED);
	assert_false(u.delivered);
	imp_unit_free(&u);
	assert_int_equal(imp_ledger_unit_by_endpoint(rig.ledger, "ep-A-0", &u, &rig.diag), IMP_OK);
	assert_true(u.delivered);
	assert_int_not_equal(imp_ledger_unit_events(rig.ledger, &unknown, 1, &rig.diag), IMP_OK);
	verifies();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(made_once),
		TEST(nothing_is_issued_twice),
		TEST(units_without_keys),
		TEST(who_holds_what),
		TEST(events_of_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
