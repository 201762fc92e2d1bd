/* SPDX-License-Identifier: Apache-2.0 */
/* A registration, from both of its ends: the device's machine and the registrar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bootstrap/registrar.h"
#include "bootstrap/registration.h"
#include "codec/tlv.h"

/* ---- the device's machine ---------------------------------------------------------------------
 */

static uint8_t octets[2048];
static struct imr_set set;
static struct imp_registration reg;

static void put(uint16_t object, const struct imp_wr *wr)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(imr_set_put(&set, object, 0, imp_wr_span(wr), IMR_ORIGIN_SERVER), IMR_OK);
}

/* Account 101; pairs of resource and value of /1/0 behind it, 0 at the end; -1: MAX_VALUE. */
static void account(const char *uri, const int *extra)
{
	uint8_t out[256];
	struct imp_wr wr = imp_wr(out, sizeof out);

	memset(&reg, 0, sizeof reg);
	reg.endpoint = imp_span_str("dev");
	reg.version = 1;
	set = (struct imr_set){ .p = octets, .size = sizeof octets };
	imr_set_clear(&set);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 0, imp_span_str(uri));
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 1, false);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 2, 3);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 10, 101);
	put(0, &wr);
	wr = imp_wr(out, sizeof out);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, 101);
	for (; *extra; extra += 2)
		imp_tlv_put_unsigned(&wr, IMP_TLV_RESOURCE, (uint16_t)extra[0], (uint32_t)extra[1]);
	put(1, &wr);
}

static void path_is(const char *want)
{
	assert_true(imp_span_eq(reg.send.path, imp_span_str(want)));
}

static enum imp_registration_next answer(uint8_t code, const char *location, uint32_t now)
{
	const struct imp_response in = { .code = code, .location = imp_span_str(location) };

	return imp_registration_answer(&reg, &in, now);
}

static void paths(void **state)
{
	static const struct {
		const char *uri, *path;
	} rows[] = {
		{ "coap://h", "rd" },
		{ "coap://h/", "rd" },
		{ "coap://h:5683", "rd" },
		{ "coap://h/a", "a/rd" },
		{ "coap://h/a/b/?x=1", "a/b/rd" },
		{ "coap://h?x=/1", "rd" },
		{ "coap://h/a%62%2Ec", "ab.c/rd" },
		{ "coap://[::1]:5683/a#f", "a/rd" },
	};
	static const int none[] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		account(rows[i].uri, none);
		assert_int_equal(
			imp_registration_register(&reg, &set, 101, false, 0), IMP_REG_SEND);
		print_message("%s\n", rows[i].uri);
		path_is(rows[i].path);
	}
	account("coap://h/a%2", none);
	assert_int_equal(imp_registration_register(&reg, &set, 101, false, 0), IMP_REG_FAILED);
	account("coap://h/a%2Fb", none);
	assert_int_equal(imp_registration_register(&reg, &set, 101, false, 0), IMP_REG_FAILED);
}

/* A3: when attempts come, in seconds from the first; all without answer. */
static void attempts(void **state)
{
	static const struct {
		const char *name;
		int extra[12];
		uint32_t at[8]; /* 0 at the end, but for the first */
	} rows[] = {
		{ "defaults", { 0 }, { 0, 60, 180, 420, 900 } },
		{ "one attempt", { 17, 1, 0 }, { 0 } },
		{ "count 0 counts as one", { 17, 0, 0 }, { 0 } },
		{ "two of ten seconds", { 17, 2, 18, 10, 0 }, { 0, 10 } },
		{ "two sequences", { 17, 2, 18, 10, 19, 100, 20, 2, 0 }, { 0, 10, 110, 120 } },
		{ "no further sequence", { 17, 1, 20, 5, 19, -1, 0 }, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum imp_registration_next next;
		uint32_t now = 0;

		account("coap://h", rows[i].extra);
		next = imp_registration_register(&reg, &set, 101, false, 0);
		for (size_t a = 0; a == 0 || rows[i].at[a]; a++) {
			assert_int_equal(now, rows[i].at[a]);
			assert_int_equal(next, IMP_REG_SEND);
			assert_int_equal(imp_registration_due(&reg, now), UINT32_MAX);
			next = imp_registration_answer(&reg, NULL, now);
			if (next == IMP_REG_FAILED) {
				assert_int_equal(rows[i].at[a + 1], 0);
				break;
			}
			assert_int_equal(next, IMP_REG_WAIT);
			assert_int_equal(imp_registration_tick(&reg, now), IMP_REG_WAIT);
			now += imp_registration_due(&reg, now);
			next = imp_registration_tick(&reg, now);
		}
		assert_int_equal(next, IMP_REG_FAILED);
	}
}

static void refused_and_busy(void **state)
{
	static const int none[] = { 0 };

	(void)state;
	account("coap://h", none);
	(void)imp_registration_register(&reg, &set, 101, false, 0);
	assert_int_equal(answer(IMP_COAP_FORBIDDEN, "", 0), IMP_REG_FAILED);
	assert_int_equal(reg.code, IMP_COAP_FORBIDDEN);
	(void)imp_registration_register(&reg, &set, 101, false, 0);
	assert_int_equal(answer(IMP_COAP_UNAVAILABLE, "", 0), IMP_REG_WAIT);
	(void)imp_registration_register(&reg, &set, 101, false, 0);
	assert_int_equal(answer(IMP_COAP_CREATED, "", 0), IMP_REG_FAILED); /* where? */
	assert_int_equal(imp_registration_register(&reg, &set, 102, false, 0), IMP_REG_FAILED);
}

/* 1/x/14: once after a bootstrap. */
static void initial_delay(void **state)
{
	static const int extra[] = { 14, 30, 0 };

	(void)state;
	account("coap://h", extra);
	assert_int_equal(imp_registration_register(&reg, &set, 101, true, 5), IMP_REG_WAIT);
	assert_int_equal(imp_registration_due(&reg, 5), 30);
	assert_int_equal(imp_registration_tick(&reg, 35), IMP_REG_SEND);
	assert_int_equal(imp_registration_register(&reg, &set, 101, false, 50), IMP_REG_SEND);
}

static void lifetimes(void **state)
{
	static const struct {
		int lifetime;
		uint32_t due;
	} rows[] = { { 86400, 86400 - 93 }, { 300, 207 }, { 186, 93 }, { 20, 10 }, { 1, 1 },
		{ 0x7FFFFFFF, 0x7FFFFFFF - 93 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const int extra[] = { 1, rows[i].lifetime, 0 };

		account("coap://h", extra);
		(void)imp_registration_register(&reg, &set, 101, false, 7);
		assert_int_equal(answer(IMP_COAP_CREATED, "rd/1", 7), IMP_REG_DONE);
		assert_int_equal(imp_registration_due(&reg, 7), rows[i].due);
		assert_int_equal(imp_registration_tick(&reg, 7 + rows[i].due), IMP_REG_DUE);
	}
	account("coap://h", (const int[]){ 1, 0, 0 });
	(void)imp_registration_register(&reg, &set, 101, false, 7);
	assert_int_equal(answer(IMP_COAP_CREATED, "rd/1", 7), IMP_REG_DONE);
	assert_int_equal(imp_registration_due(&reg, 7), UINT32_MAX); /* for ever */
}

static void updates_and_the_end(void **state)
{
	uint8_t out[64];
	struct imp_wr wr = imp_wr(out, sizeof out);
	struct imr_at at;

	(void)state;
	account("coap://h", (const int[]){ 1, 300, 5, 40, 0 });
	assert_int_equal(imp_registration_update(&reg, &set, 0), IMP_REG_FAILED);
	(void)imp_registration_register(&reg, &set, 101, false, 0);
	(void)answer(IMP_COAP_CREATED, "rd/x/y", 0);
	/* int-104: nothing has changed, nothing is said. */
	assert_int_equal(imp_registration_update(&reg, &set, 0), IMP_REG_SEND);
	path_is("rd/x/y");
	assert_int_equal(reg.send.query_n, 0);
	assert_int_equal(reg.send.payload.n, 0);
	assert_int_equal(answer(IMP_COAP_CHANGED, "", 10), IMP_REG_DONE);
	/* int-107: another lifetime, and another instance. */
	assert_true(imr_set_find(&set, 1, 0, &at));
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, 101);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, 120);
	put(1, &wr);
	wr = imp_wr(out, sizeof out);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, 3);
	put(2, &wr);
	assert_int_equal(imp_registration_update(&reg, &set, 0), IMP_REG_SEND);
	assert_int_equal(reg.send.query_n, 1);
	assert_true(imp_span_eq(imp_request_query(&reg.send, "lt"), imp_span_str("120")));
	assert_true(imp_span_eq(reg.send.payload, imp_span_str("</1/0>,</2/0>,</3/0>")));
	assert_int_equal(answer(IMP_COAP_CHANGED, "", 10), IMP_REG_DONE);
	assert_int_equal(imp_registration_update(&reg, &set, 0), IMP_REG_SEND);
	assert_int_equal(reg.send.payload.n, 0);
	assert_int_equal(answer(IMP_COAP_NOT_FOUND, "", 10), IMP_REG_FAILED);
	assert_int_equal(reg.state, IMP_REG_REST);
	/* 1/x/4 and the end. */
	(void)imp_registration_register(&reg, &set, 101, false, 0);
	(void)answer(IMP_COAP_CREATED, "rd/x", 0);
	reg.terms.disable_timeout = 40;
	assert_int_equal(imp_registration_disable(&reg, 100), IMP_REG_SEND);
	assert_int_equal(reg.send.method, IMP_DELETE);
	assert_int_equal(imp_registration_answer(&reg, NULL, 100), IMP_REG_WAIT);
	assert_int_equal(imp_registration_due(&reg, 100), 40);
	assert_int_equal(imp_registration_tick(&reg, 140), IMP_REG_LOST);
	assert_int_equal(imp_registration_leave(&reg), IMP_REG_DONE);
	assert_int_equal(answer(IMP_COAP_CREATED, "rd/x", 0), IMP_REG_WAIT); /* nobody asked */
}

/* ---- the registrar ----------------------------------------------------------------------------
 */

static char log_[400];

static void on_event(void *ctx, enum imp_registrar_event event, const struct imp_registered *who)
{
	static const char *const names[] = { "in", "update", "out", "expired" };
	size_t n = strlen(log_);

	(void)ctx;
	(void)snprintf(log_ + n, sizeof log_ - n, "%s %s; ", names[event], who->endpoint);
}

static bool admit(void *ctx, struct imp_span endpoint, const struct imp_peer *peer)
{
	(void)ctx;
	(void)peer;
	return !imp_span_eq(endpoint, imp_span_str("foreign"));
}

/* "POST rd ep=a lt=5"; the answer's code as text. */
static const char *ask(struct imp_registrar *r, const char *words, uint32_t now)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	static char code[5];
	const struct imp_peer peer = { .session = 9, .address = "" };
	struct imp_span query[4];
	struct imp_request in = { .query = query, .format = IMP_FORMAT_NONE };
	struct imp_response out;
	char text[200], *save, *word;

	(void)snprintf(text, sizeof text, "%s", words);
	word = strtok_r(text, " ", &save);
	for (unsigned m = 0; m < 4; m++)
		if (strcmp(methods[m], word) == 0)
			in.method = (enum imp_method)(m + IMP_GET);
	in.path = imp_span_str(strtok_r(NULL, " ", &save));
	while ((word = strtok_r(NULL, " ", &save)) != NULL)
		query[in.query_n++] = imp_span_str(word);
	imp_registrar_request(r, &peer, &in, &out, now);
	return imp_coap_text(out.code, code);
}

static void registrar(void **state)
{
	static const struct {
		uint32_t now;
		const char *words, *code, *told;
	} rows[] = {
		{ 0, "POST rd ep=a lt=60 lwm2m=1.1 b=U", "2.01", "in a; " },
		{ 0, "POST rd lt=60", "4.00", "" },
		{ 0, "POST rd ep=foreign", "4.00", "" },
		{ 0, "POST rd ep=b lt=x", "4.00", "" },
		{ 0, "POST rd ep=b lt=99999999999", "4.00", "" },
		{ 0, "GET rd", "4.04", "" },
		{ 0, "POST bs ep=a", "4.04", "" },
		{ 50, "POST rd/1", "2.04", "update a; " },
		{ 100, "POST rd/1 lt=10", "2.04", "update a; " },
		{ 111, "POST rd/1", "4.04", "expired a; " },
		{ 111, "POST rd ep=a lt=0", "2.01", "in a; " },
		{ 999999, "POST rd/2", "2.04", "update a; " },
		{ 999999, "POST rd ep=a", "2.01", "in a; " }, /* takes its own place */
		{ 999999, "DELETE rd/2", "4.04", "" },
		{ 999999, "DELETE rd/3", "2.02", "out a; " },
		{ 999999, "DELETE rd/3", "4.04", "" },
	};
	const struct imp_registrar_seam seam = { NULL, admit, on_event };
	struct imp_registrar *r;

	(void)state;
	assert_int_equal(imp_registrar_open(&seam, &r), IMP_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		log_[0] = '\0';
		print_message("%s\n", rows[i].words);
		assert_string_equal(ask(r, rows[i].words, rows[i].now), rows[i].code);
		assert_string_equal(log_, rows[i].told);
	}
	assert_int_equal(imp_registrar_count(r), 0);
	for (unsigned i = 0; i < 100; i++) {
		char words[40];

		(void)snprintf(words, sizeof words, "POST rd ep=n%u", i);
		assert_string_equal(ask(r, words, 0), "2.01");
	}
	assert_int_equal(imp_registrar_count(r), 100);
	assert_non_null(imp_registrar_find(r, "n77"));
	assert_int_equal(imp_registrar_find(r, "n77")->session, 9);
	imp_registrar_forget(r, "n77");
	assert_null(imp_registrar_find(r, "n77"));
	imp_registrar_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(attempts),
		cmocka_unit_test(refused_and_busy),
		cmocka_unit_test(initial_delay),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(updates_and_the_end),
		cmocka_unit_test(registrar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
