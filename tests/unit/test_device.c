/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated device among servers: OMA's interoperability cases as far as they are the device's,
 * by their numbers, and what no case of OMA's covers.  In memory, with a virtual clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/tlv.h"
#include "tests/fake/device_rig.h"

static struct device_rig rig;

static int set_up(void **state)
{
	(void)state;
	device_rig_init(&rig, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_rig_free(&rig);
	return 0;
}

/* ---- shorthands -------------------------------------------------------------------------------
 */

static void expect_said(const char *words, unsigned times)
{
	unsigned n = device_rig_said(&rig, words);

	if (n != times)
		fail_msg("'%s' %u times, not %u, in\n%s", words, n, times, rig.log);
}

static uint8_t get(unsigned server, const char *path, uint16_t accept)
{
	return device_rig_ask(&rig, server, IMP_GET, path, accept, imp_span(NULL, 0));
}

static uint8_t post(unsigned server, const char *path)
{
	return device_rig_ask(&rig, server, IMP_POST, path, IMP_FORMAT_NONE, imp_span(NULL, 0));
}

static uint8_t put_number(unsigned server, const char *path, uint16_t resource, int64_t v)
{
	uint8_t out[16];
	struct imp_wr wr = imp_wr(out, sizeof out);

	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, resource, v);
	return device_rig_ask(&rig, server, IMP_PUT, path, IMP_FORMAT_TLV, imp_wr_span(&wr));
}

/* The last answer's one resource as a number. */
static int64_t answered(unsigned server)
{
	struct imp_rd rd = imp_rd(imp_span(rig.server[server].body, rig.server[server].body_n));
	struct imp_tlv tlv;
	int64_t v = -1;

	assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
	assert_int_equal(imp_tlv_integer(tlv.value, &v), IMP_OK);
	return v;
}

static const char *list_at(unsigned server)
{
	const struct imp_registered *who =
		imp_registrar_find(rig.server[server].registrar, DEVICE_RIG_EP);

	return who ? who->list : "not registered";
}

/* C.13: a bootstrap account in /0/1 and nothing else; the server gives one server account. */
static void c13(void)
{
	struct imr_set set = device_rig_set();

	device_rig_bootstrap(&rig, &set, 1, 0, 0);
	device_rig_factory(&rig, &set, true);
	set = device_rig_set();
	device_rig_account(&rig, &set, 0, 101, NULL);
	device_rig_gives(&rig, &set);
}

/* C.1 as the factory gives it, with a bootstrap account on request. */
static struct imr_set c1(bool bootstrap)
{
	struct imr_set set = device_rig_set();

	device_rig_account(&rig, &set, 0, 101, NULL);
	if (bootstrap)
		device_rig_bootstrap(&rig, &set, 1, 0, 0);
	return set;
}

static void registered(void)
{
	struct imr_set set = c1(true);

	device_rig_factory(&rig, &set, true);
	device_rig_gives(&rig, &set);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

/* ---- bootstrap group --------------------------------------------------------------------------
 */

static void int_1_full_psk(void **state)
{
	(void)state;
	c13();
	device_rig_on(&rig);
	device_rig_run(&rig, 10);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(rig.server[0].registers, 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
	assert_string_equal(list_at(0), "</1/0>,</3/0>");
	expect_said("bootstrapped\n", 1);
	/* A restart needs no bootstrap any more. */
	device_rig_on(&rig);
	device_rig_run(&rig, 10);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(rig.server[0].registers, 2);
}

static void int_3_simple_bootstrap_from_smartcard(void **state)
{
	struct imr_set set = c1(false);

	(void)state;
	device_rig_number(&set, 1, 0, 1, 86400);
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(get(0, "1/0/1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(answered(0), 86400);
	device_rig_off(&rig);

	/* Power off, insert the card, power on: it is server Y's now, too. */
	set = device_rig_set();
	device_rig_account(&rig, &set, 0, 102, NULL);
	device_rig_number(&set, 1, 0, 1, 43200);
	device_rig_card(&rig, &set, 1);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	expect_said("applied card ok\n", 1);
	assert_int_equal(rig.server[1].registers, 1);
	assert_int_equal(get(1, "1/0/1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(answered(1), 43200);
}

/* int-4, the device's part: what Delete leaves makes it bootstrap again and register. */
static void int_4_bootstrap_delete(void **state)
{
	(void)state;
	c13();
	rig.bs_policy.clearing = IMP_CLEAR_ALL;
	device_rig_on(&rig);
	device_rig_run(&rig, 10);
	expect_said("written DELETE / 2.02\n", 1);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
	assert_true(imp_device_plan(rig.device)->account);
}

static void int_5_server_initiated_bootstrap(void **state)
{
	(void)state;
	registered();
	assert_int_equal(post(0, "1/0/9"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 10);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(rig.server[0].registers, 2);
	assert_int_equal(imp_device_registered(rig.device), 1);
	expect_said("bootstrapping\n", 1);
}

/* C9, F11: without an account the trigger is refused. */
static void int_5_refused_without_account(void **state)
{
	struct imr_set set = c1(false);

	(void)state;
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(post(0, "1/0/9"), IMP_COAP_NOT_ALLOWED);
	assert_int_equal(rig.bs_requests, 0);
}

static const char *order_of_boot(void)
{
	static char order[400];
	const char *line = rig.log;

	order[0] = '\0';
	while (*line) {
		size_t n = strcspn(line, " \n");

		if (strlen(order) + n + 2 < sizeof order) {
			strncat(order, line, n);
			strncat(order, " ", 2);
		}
		line += strcspn(line, "\n") + 1;
	}
	return order;
}

static void int_6_bootstrap_sequence(void **state)
{
	struct imr_set set;

	(void)state;
	c13();
	device_rig_card(&rig, NULL, 0);
	rig.bs_refuses = true;
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_string_equal(order_of_boot(), "started card applied bootstrapping failed waiting ");
	/* With a good card the factory slot is not looked at. */
	device_rig_free(&rig);
	device_rig_init(&rig, 1);
	c13();
	set = c1(false);
	device_rig_card(&rig, &set, 1);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_string_equal(order_of_boot(), "started card applied registering registered ");
	expect_said("applied card ok", 1);
	assert_int_equal(rig.bs_requests, 0);
}

/* N4: a card that is there but holds nothing good leaves it to the factory. */
static void n4_card_invalid(void **state)
{
	static const uint8_t empty[] = { 0, 0, 0, 0 };
	struct imr_set set;

	(void)state;
	c13();
	set = c1(false);
	device_rig_card(&rig, &set, 1);
	script_card_file(&rig.card, 0x6442)->content = imp_span(empty, sizeof empty);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	expect_said("card none\n", 1);
	expect_said("applied factory ok\n", 1);
	assert_int_equal(rig.bs_finished, 1);
}

static void int_7_fallback_to_bootstrap(void **state)
{
	struct imr_set set = device_rig_set();

	(void)state;
	device_rig_account(&rig, &set, 0, 101, "coaps://127.0.0.1:9");
	device_rig_number(&set, 1, 0, 17, 2); /* two attempts, 10 seconds apart */
	device_rig_number(&set, 1, 0, 18, 10);
	device_rig_bootstrap(&rig, &set, 1, 0, 0);
	device_rig_factory(&rig, &set, true);
	set = device_rig_set();
	device_rig_account(&rig, &set, 0, 101, NULL);
	device_rig_gives(&rig, &set);
	device_rig_on(&rig);
	device_rig_run(&rig, 240);
	expect_said("registering 101", 3);
	expect_said("refused 101", 2);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(rig.server[0].registers, 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

/* The server says no: another attempt would be the same. */
static void register_refused_leads_to_bootstrap(void **state)
{
	struct imr_set set = c1(true);

	(void)state;
	device_rig_factory(&rig, &set, true);
	device_rig_gives(&rig, &set);
	rig.server[0].refuses = IMP_COAP_FORBIDDEN;
	device_rig_on(&rig);
	device_rig_run(&rig, 3);
	expect_said("refused 101 4.03", 2);
	assert_int_equal(rig.bs_finished, 1);
	/* It did not help: the next one waits, each time longer. */
	expect_said("waiting 60\n", 1);
	device_rig_run(&rig, 200);
	assert_int_equal(rig.bs_finished, 3);
	rig.server[0].refuses = 0;
	device_rig_run(&rig, 300);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

static void hold_off_is_kept(void **state)
{
	struct imr_set set;

	(void)state;
	c13();
	set = device_rig_set();
	device_rig_bootstrap(&rig, &set, 1, 0, 3);
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 2);
	expect_said("holding 3\n", 1);
	assert_int_equal(rig.bs_requests, 0);
	device_rig_run(&rig, 3);
	assert_int_equal(rig.bs_finished, 1);
}

/* ---- what follows a bootstrap -----------------------------------------------------------------
 */

static void int_101_initial_registration(void **state)
{
	const struct imp_registered *who;

	(void)state;
	registered();
	who = imp_registrar_find(rig.server[0].registrar, DEVICE_RIG_EP);
	assert_non_null(who);
	assert_int_equal(who->lifetime, 300);
	assert_string_equal(who->version, "1.1");
	assert_string_equal(who->binding, "U");
	assert_string_equal(who->list, "</1/0>,</3/0>");
}

static void int_102_registration_update(void **state)
{
	(void)state;
	registered();
	assert_int_equal(put_number(0, "1/0/1", 1, 20), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	assert_int_equal(rig.server[0].updates, 1);
	assert_int_equal(imp_registrar_find(rig.server[0].registrar, DEVICE_RIG_EP)->lifetime, 20);
	/* Before it is over, again and again; and then it is switched off. */
	device_rig_run(&rig, 40);
	assert_in_range(rig.server[0].updates, 4, 6);
	assert_int_equal(rig.server[0].expiries, 0);
	device_rig_off(&rig);
	fake_air_run(&rig.air, 30000);
	assert_int_equal(rig.server[0].expiries, 1);
	/* It is kept: a restart registers with it. */
	device_rig_on(&rig);
	device_rig_run(&rig, 3);
	assert_int_equal(imp_registrar_find(rig.server[0].registrar, DEVICE_RIG_EP)->lifetime, 20);
}

static void int_103_deregistration(void **state)
{
	(void)state;
	registered();
	assert_int_equal(put_number(0, "1/0/5", 5, 30), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	assert_int_equal(post(0, "1/0/4"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 5);
	assert_int_equal(rig.server[0].leavings, 1);
	assert_string_equal(list_at(0), "not registered");
	expect_said("off 101", 1);
	/* 1/x/5: then it is back. */
	device_rig_run(&rig, 20);
	assert_int_equal(rig.server[0].registers, 1);
	device_rig_run(&rig, 15);
	assert_int_equal(rig.server[0].registers, 2);
}

static void int_103_when_it_is_switched_off(void **state)
{
	(void)state;
	registered();
	imp_device_leave(rig.device);
	for (unsigned i = 0; i < 100 && !imp_device_resting(rig.device); i++)
		imp_device_pump(rig.device, 10);
	assert_int_equal(rig.server[0].leavings, 1);
}

static void int_104_update_trigger(void **state)
{
	(void)state;
	registered();
	assert_int_equal(post(0, "1/0/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	assert_int_equal(rig.server[0].updates, 1);
	assert_int_equal(rig.server[0].registers, 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

static void int_105_discarded_update(void **state)
{
	(void)state;
	registered();
	imp_registrar_forget(rig.server[0].registrar, DEVICE_RIG_EP);
	device_rig_run(&rig, 300);
	expect_said("lost 101 4.04", 1);
	assert_int_equal(rig.server[0].registers, 2);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

/* int-221, N16, A1. */
static void int_221_operations_on_security(void **state)
{
	static const char *const paths[] = { "0", "0/0", "0/0/0", "0/1/5", "21", "21/0", "21/0/0",
		"23" };
	struct imp_span five = imp_span_str("5");

	(void)state;
	registered();
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(get(0, paths[i], IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
		assert_int_equal(get(0, paths[i], IMP_FORMAT_LINK), IMP_COAP_UNAUTHORIZED);
		assert_int_equal(device_rig_ask(&rig, 0, IMP_PUT, paths[i], IMP_FORMAT_TEXT, five),
			IMP_COAP_UNAUTHORIZED);
		assert_int_equal(post(0, paths[i]), IMP_COAP_UNAUTHORIZED);
		assert_int_equal(device_rig_ask(&rig, 0, IMP_DELETE, paths[i], IMP_FORMAT_NONE,
					 imp_span(NULL, 0)),
			IMP_COAP_UNAUTHORIZED);
		assert_int_equal(rig.server[0].body_n, 0);
	}
	assert_null(strstr(list_at(0), "</0"));
	assert_null(strstr(list_at(0), "</21"));
}

static void int_241_reboot(void **state)
{
	(void)state;
	registered();
	assert_int_equal(post(0, "3/0/4"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 3);
	expect_said("reboot\n", 1);
	assert_int_equal(rig.server[0].registers, 2);
}

static void int_401_psk_and_the_device_object(void **state)
{
	(void)state;
	registered();
	assert_true(rig.air.handshakes >= 1);
	assert_int_equal(get(0, "3/0", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_non_null(memmem(rig.server[0].body, rig.server[0].body_n, "imprint", 7));
}

/* ---- objects ----------------------------------------------------------------------------------
 */

static void what_is_served(void **state)
{
	static const struct {
		enum imp_method method;
		const char *path;
		uint16_t accept;
		uint8_t code;
		const char *body; /* of Discover */
	} rows[] = {
		{ IMP_GET, "1", IMP_FORMAT_LINK, IMP_COAP_CONTENT,
			"</1>,</1/0>,</1/0/0>,</1/0/1>,</1/0/4>,</1/0/6>,</1/0/7>,</1/0/8>,</1/0/"
			"9>" },
		{ IMP_GET, "1/0/1", IMP_FORMAT_LINK, IMP_COAP_CONTENT, "</1/0/1>" },
		{ IMP_GET, "3", IMP_FORMAT_LINK, IMP_COAP_CONTENT,
			"</3>,</3/0>,</3/0/0>,</3/0/1>,</3/0/2>,</3/0/3>,</3/0/4>,</3/0/5>,</3/0/"
			"11>,"
			"</3/0/13>,</3/0/16>" },
		{ IMP_GET, "1/0/1", IMP_FORMAT_TEXT, IMP_COAP_CONTENT, "300" },
		{ IMP_GET, "1/0/6", IMP_FORMAT_TEXT, IMP_COAP_CONTENT, "0" },
		{ IMP_GET, "1/0/7", IMP_FORMAT_TEXT, IMP_COAP_CONTENT, "U" },
		{ IMP_GET, "3/0/2", IMP_FORMAT_TEXT, IMP_COAP_CONTENT, DEVICE_RIG_EP },
		{ IMP_GET, "3/0/11", IMP_FORMAT_TEXT, IMP_COAP_NOT_ACCEPTABLE, NULL },
		{ IMP_GET, "1/0", IMP_FORMAT_TEXT, IMP_COAP_NOT_ACCEPTABLE, NULL },
		{ IMP_GET, "3/0/99", IMP_FORMAT_LINK, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "1", IMP_FORMAT_NONE, IMP_COAP_CONTENT, NULL },
		{ IMP_GET, "1/0", IMP_FORMAT_TLV, IMP_COAP_CONTENT, NULL },
		{ IMP_GET, "1/9", IMP_FORMAT_TLV, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "1/0/2", IMP_FORMAT_TLV, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "1/0/8", IMP_FORMAT_TLV, IMP_COAP_NOT_ALLOWED, NULL },
		{ IMP_GET, "3/1", IMP_FORMAT_TLV, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "1/0/1", 60, IMP_COAP_NOT_ACCEPTABLE, NULL },
		{ IMP_GET, "4", IMP_FORMAT_TLV, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "x", IMP_FORMAT_TLV, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_GET, "", IMP_FORMAT_LINK, IMP_COAP_NOT_ALLOWED, NULL },
		{ IMP_POST, "1/0/0", IMP_FORMAT_NONE, IMP_COAP_NOT_ALLOWED, NULL },
		{ IMP_POST, "1/0/99", IMP_FORMAT_NONE, IMP_COAP_NOT_FOUND, NULL },
		{ IMP_POST, "3/0/0", IMP_FORMAT_NONE, IMP_COAP_NOT_ALLOWED, NULL },
		/* int-680, int-685 */
		{ IMP_POST, "3", IMP_FORMAT_NONE, IMP_COAP_NOT_ALLOWED, NULL },
		{ IMP_DELETE, "3/0", IMP_FORMAT_NONE, IMP_COAP_NOT_ALLOWED, NULL },
		{ IMP_DELETE, "1/0", IMP_FORMAT_NONE, IMP_COAP_NOT_ALLOWED, NULL },
	};

	(void)state;
	registered();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t code = device_rig_ask(
			&rig, 0, rows[i].method, rows[i].path, rows[i].accept, imp_span(NULL, 0));

		if (code != rows[i].code)
			fail_msg("row %zu, /%s: %u.%02u", i, rows[i].path, code >> 5, code & 31U);
		if (rows[i].body)
			assert_string_equal(rig.server[0].body, rows[i].body);
	}
}

static void what_is_written(void **state)
{
	static const uint8_t cut[] = { 0xC1, 0x01 };
	static const uint8_t two[] = { 0xC1, 0x01, 0x63, 0xC1, 0x05, 0x07 };
	static const uint8_t mixed[] = { 0xC1, 0x01, 0x62, 0xC1, 0x00, 0x07 };

	(void)state;
	registered();
	assert_int_equal(put_number(0, "1/0/0", 0, 7), IMP_COAP_NOT_ALLOWED);
	assert_int_equal(put_number(0, "1/0/99", 99, 7), IMP_COAP_NOT_FOUND);
	assert_int_equal(put_number(0, "1/0/2", 3, 7), IMP_COAP_BAD_REQUEST);
	assert_int_equal(put_number(0, "1/7/2", 2, 7), IMP_COAP_NOT_FOUND);
	assert_int_equal(put_number(0, "1/0/2", 2, 7), IMP_COAP_CHANGED);
	assert_int_equal(get(0, "1/0/2", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(answered(0), 7);
	assert_int_equal(
		device_rig_ask(&rig, 0, IMP_PUT, "1/0/1", IMP_FORMAT_TLV, imp_span(cut, 2)),
		IMP_COAP_BAD_REQUEST);
	/* A part of it is read-only: nothing of it. */
	assert_int_equal(
		device_rig_ask(&rig, 0, IMP_POST, "1/0", IMP_FORMAT_TLV, imp_span(mixed, 6)),
		IMP_COAP_NOT_ALLOWED);
	assert_int_equal(get(0, "1/0/1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(answered(0), 300);
	/* POST adds, PUT also takes out what is optional. */
	assert_int_equal(device_rig_ask(&rig, 0, IMP_POST, "1/0", IMP_FORMAT_TLV, imp_span(two, 6)),
		IMP_COAP_CHANGED);
	assert_int_equal(get(0, "1/0/2", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(device_rig_ask(&rig, 0, IMP_PUT, "1/0", IMP_FORMAT_TLV, imp_span(two, 6)),
		IMP_COAP_CHANGED);
	assert_int_equal(get(0, "1/0/2", IMP_FORMAT_TLV), IMP_COAP_NOT_FOUND);
	assert_int_equal(get(0, "1/0/0", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(get(0, "1/0/1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(answered(0), 0x63);
	assert_int_equal(device_rig_ask(&rig, 0, IMP_PUT, "1/0/1", 60, imp_span(two, 3)),
		IMP_COAP_UNSUPPORTED_FORMAT);
	assert_int_equal(put_number(0, "3/0/13", 13, 1800000000), IMP_COAP_CHANGED);
	assert_int_equal(get(0, "3/0/13", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_in_range(answered(0), 1800000000, 1800000060);
}

/* C.14: two servers and access control (A4, A5, int-950). */
static void a4_access_control(void **state)
{
	struct imr_set set = device_rig_set();

	(void)state;
	device_rig_account(&rig, &set, 0, 101, NULL);
	device_rig_account(&rig, &set, 1, 102, NULL);
	device_rig_row(&set, 0, 1, 0, 101, 15, 0, 0, 101);
	device_rig_row(&set, 1, 1, 1, 0, 0, 0, 0, 102); /* the owner without an entry of its own */
	device_rig_row(&set, 2, 3, 0, 102, 4, 0xFFFF & 0, 0, 65534);
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(imp_device_registered(rig.device), 2);
	assert_string_equal(list_at(0), "</1/0>,</1/1>,</2/0>,</2/1>,</2/2>,</3/0>");
	assert_int_equal(get(0, "1/0", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(get(1, "1/0", IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(get(0, "1/1", IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(get(1, "1/1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(put_number(1, "1/0/1", 1, 60), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(put_number(1, "1/1/1", 1, 600), IMP_COAP_CHANGED);
	assert_int_equal(get(0, "3/0", IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(get(1, "3/0", IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(post(0, "3/0/4"), IMP_COAP_UNAUTHORIZED);
	/* An object gives what may be read, and Discover asks for no right. */
	assert_int_equal(get(0, "1", IMP_FORMAT_TLV), IMP_COAP_CONTENT);
	assert_int_equal(rig.server[0].body[1], 0);
	assert_int_equal(get(0, "3", IMP_FORMAT_TLV), IMP_COAP_UNAUTHORIZED);
	assert_int_equal(get(0, "1/1", IMP_FORMAT_LINK), IMP_COAP_CONTENT);
	assert_int_equal(post(1, "3/0/4"), IMP_COAP_CHANGED);
}

/* ---- the card ---------------------------------------------------------------------------------
 */

/* N5, S4-S11: what happens to the card is seen with the next message to its server. */
static void n5_card_watched(void **state)
{
	struct imr_set set = device_rig_set();
	unsigned looks;

	(void)state;
	device_rig_account(&rig, &set, 0, 101, NULL);
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	device_rig_off(&rig);
	set = device_rig_set();
	device_rig_account(&rig, &set, 5, 102, NULL);
	device_rig_card(&rig, &set, 1);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(imp_device_registered(rig.device), 2);

	/* The factory's server does not read the card, the card's own does (S7). */
	looks = rig.looks;
	assert_int_equal(post(0, "1/0/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	assert_int_equal(rig.looks, looks);
	assert_int_equal(post(1, "1/5/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	assert_int_equal(rig.looks, looks + 1);
	assert_int_equal(rig.server[1].updates, 1);

	/* Changed: out with the old, in with the new, register again. */
	set = device_rig_set();
	device_rig_account(&rig, &set, 5, 102, NULL);
	device_rig_number(&set, 1, 5, 1, 600);
	device_rig_card(&rig, &set, 1);
	assert_int_equal(post(1, "1/5/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	expect_said("card changed\ndisabled\napplied card ok\n", 1);
	assert_int_equal(rig.server[1].registers, 2);
	assert_int_equal(imp_registrar_find(rig.server[1].registrar, DEVICE_RIG_EP)->lifetime, 600);

	/* Pulled: its instances go, the factory's stay. */
	device_rig_card(&rig, NULL, 0);
	assert_int_equal(post(1, "1/5/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 2);
	expect_said("card removed\ndeleted\n", 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
	assert_int_equal(imp_device_plan(rig.device)->n, 1);
}

/* ---- clean-up ---------------------------------------------------------------------------------
 */

/* N14: everything that a bootstrap server may delete; the account and /3/0 stay. */
static void n14_delete_all(void **state)
{
	struct imr_set set = device_rig_set();

	(void)state;
	device_rig_bootstrap(&rig, &set, 1, 0, 0);
	device_rig_account(&rig, &set, 0, 101, "coaps://127.0.0.1:9");
	device_rig_account(&rig, &set, 2, 102, "coaps://127.0.0.1:9");
	device_rig_number(&set, 1, 0, 17, 1);
	device_rig_number(&set, 1, 2, 17, 1);
	device_rig_row(&set, 0, 1, 0, 101, 15, 0, 0, 101);
	device_rig_factory(&rig, &set, true);
	set = device_rig_set();
	device_rig_account(&rig, &set, 0, 101, NULL);
	device_rig_gives(&rig, &set);
	rig.bs_policy.clearing = IMP_CLEAR_ALL;
	device_rig_on(&rig);
	device_rig_run(&rig, 300);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(imp_device_plan(rig.device)->n, 1);
	assert_true(imp_device_plan(rig.device)->account);
	assert_string_equal(list_at(0), "</1/0>,</3/0>");
}

/* F8, D11: purged when the time is over, which a restart does not begin anew; 1/x/9 is refused
 * then. */
static void account_timeout_survives_restarts(void **state)
{
	struct imr_set set;

	(void)state;
	c13();
	set = device_rig_set();
	device_rig_bootstrap(&rig, &set, 1, 160, 0);
	device_rig_factory(&rig, &set, false);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	expect_said("bootstrapped +closing\n", 1);
	for (unsigned i = 0; i < 3; i++) {
		device_rig_run(&rig, 40);
		device_rig_on(&rig);
	}
	device_rig_run(&rig, 5);
	assert_true(imp_device_plan(rig.device)->account);
	assert_int_equal(post(0, "1/0/8"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 60);
	expect_said("purged\n", 1);
	assert_false(imp_device_plan(rig.device)->account);
	assert_int_equal(post(0, "1/0/9"), IMP_COAP_NOT_ALLOWED);
}

/* M11: marked non-persistent, no timeout to speak of: purged at once. */
static void non_persistent_is_purged_at_once(void **state)
{
	struct imr_set set;

	(void)state;
	c13();
	set = device_rig_set();
	device_rig_bootstrap(&rig, &set, 1, 1, 0);
	device_rig_factory(&rig, &set, false);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	expect_said("bootstrapped +purged\n", 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
	assert_false(imp_device_plan(rig.device)->account);
	assert_false(rig_holds(&rig.flash, "0"));
	/* And it does not come back from the factory slot. */
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_false(imp_device_plan(rig.device)->account);
}

static void factory_reset(void **state)
{
	(void)state;
	c13();
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(post(0, "3/0/5"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 5);
	expect_said("reset ok\n", 1);
	assert_int_equal(rig.bs_finished, 2);
	assert_int_equal(rig.server[0].registers, 2);
}

/* C15: without card, factory slot or account nothing would be left, so nothing is reset. */
static void factory_reset_that_would_leave_nothing(void **state)
{
	struct imr_set set = c1(false);

	(void)state;
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	device_rig_off(&rig);
	rig.options.factory = NULL;
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(post(0, "3/0/5"), IMP_COAP_CHANGED);
	device_rig_run(&rig, 5);
	expect_said("reset not: nothing would be left", 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

/* ---- trouble ----------------------------------------------------------------------------------
 */

/* F3: a server that begins and says no more. */
static void no_finish_in_time(void **state)
{
	(void)state;
	c13();
	rig.bs_mute = true;
	device_rig_on(&rig);
	device_rig_run(&rig, 240);
	expect_said("failed", 0);
	device_rig_run(&rig, 10);
	expect_said("failed: no Finish within 247 seconds\n", 1);
	expect_said("waiting 60\n", 1);
	rig.bs_mute = false;
	device_rig_run(&rig, 70);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

/* int-9, K14: an incomplete configuration; the server gives up, the device keeps the old one. */
static void int_9_inconsistent(void **state)
{
	struct imr_set set = c1(false);
	struct imr_at at;

	(void)state;
	c13();
	assert_true(imr_set_find(&set, 1, 0, &at));
	imr_set_remove(&set, &at);
	device_rig_gives(&rig, &set);
	device_rig_on(&rig);
	device_rig_run(&rig, 5);
	assert_int_equal(rig.bs_failed, 1);
	assert_non_null(strstr(rig.bs_text, "K1"));
	device_rig_run(&rig, 260);
	expect_said("failed: no Finish", 1);
	assert_int_equal(imp_device_plan(rig.device)->n, 0);
	assert_true(imp_device_plan(rig.device)->account);
}

static void wrong_key_is_said(void **state)
{
	struct imr_set set = device_rig_set();

	(void)state;
	device_rig_bootstrap(&rig, &set, 1, 0, 0);
	{
		struct imr_at at;
		struct imp_span key;

		assert_true(imr_set_find(&set, 0, 1, &at));
		key = imr_at_resource(&at, 5);
		set.p[key.p - set.p] ^= 1;
	}
	device_rig_factory(&rig, &set, true);
	device_rig_on(&rig);
	device_rig_run(&rig, 60);
	expect_said("failed: handshake failed", 1);
	expect_said("bootstrapping\n", 3); /* one lost message may cost a handshake */
	assert_int_equal(rig.bs_requests, 0);
}

/* Messages that are lost, doubled and out of order change nothing in the end. */
static void bad_weather(void **state)
{
	unsigned good = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		device_rig_free(&rig);
		device_rig_init(&rig, seed);
		rig.air.loss = 200;
		rig.air.duplicate = 100;
		rig.air.reorder = 100;
		c13();
		device_rig_on(&rig);
		device_rig_run(&rig, 1200);
		good += imp_device_registered(rig.device) == 1 && rig.bs_finished == 1;
		assert_true(imp_device_registered(rig.device) <= 1);
	}
	printf("20 %% loss: %u of 20 bootstrapped once and registered in 20 minutes\n", good);
	assert_true(good >= 19);
}

/* kill -9 at any moment of a bootstrap: the next start comes to the same end. */
static void killed_anywhere(void **state)
{
	(void)state;
	for (unsigned ms = 1; ms < 40; ms++) {
		device_rig_free(&rig);
		device_rig_init(&rig, ms);
		c13();
		device_rig_on(&rig);
		for (unsigned i = 0; i < ms; i++)
			imp_device_pump(rig.device, 1);
		device_rig_on(&rig);
		device_rig_run(&rig, 5);
		assert_int_equal(imp_device_registered(rig.device), 1);
		assert_in_range(rig.bs_finished, 1, 2);
	}
}

/* ---- the server begins ------------------------------------------------------------------------
 */

static void push(void)
{
	struct imp_credentials own = { .kind = IMP_PEER_PSK,
		.identity = imp_span_str("id-bs0"),
		.key = imp_span_str("0000000000000000") };
	struct imp_peer peer = { .kind = IMP_PEER_PSK, .address = "" };

	assert_int_equal(
		rig.seam.connect(rig.bs_net, "coaps://127.0.0.1:7000", &own, &peer.session, NULL),
		IMP_OK);
	assert_int_equal(imp_bs_server_begin(rig.bs, &peer, imp_span_str(DEVICE_RIG_EP)), IMP_OK);
	rig.air.on_step(&rig);
}

static void unsolicited_form_of_2015(void **state)
{
	struct imr_set set;

	(void)state;
	c13();
	set = device_rig_set();
	device_rig_bootstrap(&rig, &set, 1, 0, 3600);
	device_rig_factory(&rig, &set, true);
	rig.options.listen = "coaps://127.0.0.1:7000";
	device_rig_on(&rig);
	device_rig_run(&rig, 2);
	expect_said("holding 3600\n", 1);
	push();
	device_rig_run(&rig, 10);
	expect_said("bootstrapping unasked\n", 1);
	assert_int_equal(rig.bs_finished, 1);
	assert_int_equal(imp_device_registered(rig.device), 1);
	/* And once more, while it is registered. */
	push();
	device_rig_run(&rig, 10);
	assert_int_equal(rig.bs_finished, 2);
	assert_int_equal(imp_device_registered(rig.device), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(int_1_full_psk),
		T(int_3_simple_bootstrap_from_smartcard),
		T(int_4_bootstrap_delete),
		T(int_5_server_initiated_bootstrap),
		T(int_5_refused_without_account),
		T(int_6_bootstrap_sequence),
		T(n4_card_invalid),
		T(int_7_fallback_to_bootstrap),
		T(register_refused_leads_to_bootstrap),
		T(hold_off_is_kept),
		T(int_101_initial_registration),
		T(int_102_registration_update),
		T(int_103_deregistration),
		T(int_103_when_it_is_switched_off),
		T(int_104_update_trigger),
		T(int_105_discarded_update),
		T(int_221_operations_on_security),
		T(int_241_reboot),
		T(int_401_psk_and_the_device_object),
		T(what_is_served),
		T(what_is_written),
		T(a4_access_control),
		T(n5_card_watched),
		T(n14_delete_all),
		T(account_timeout_survives_restarts),
		T(non_persistent_is_purged_at_once),
		T(factory_reset),
		T(factory_reset_that_would_leave_nothing),
		T(no_finish_in_time),
		T(int_9_inconsistent),
		T(wrong_key_is_said),
		T(bad_weather),
		T(killed_anywhere),
		T(unsolicited_form_of_2015),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
