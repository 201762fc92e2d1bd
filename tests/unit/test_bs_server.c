/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap server's state machine: dialogues, from the side of the device. */
#include "bootstrap/server.h"

#include "codec/tlv.h"
#include "model/set_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEER 7

/* What the test stands in for: the caller of the server. */
struct rig {
	struct imp_bs_server *server;
	struct imp_set set;
	struct imp_bs_policy policy;
	enum imp_status st;
	char log[4096]; /* events, one a line */
	size_t log_n;
	bool quiet;
};

static enum imp_status configure(void *ctx, struct imp_span endpoint, const struct imp_peer *peer,
	struct imp_set *set, struct imp_bs_policy *policy)
{
	struct rig *r = ctx;

	(void)peer;
	assert_int_equal(set->n, 0);
	if (r->st != IMP_OK)
		return r->st;
	if (!imp_span_starts(endpoint, imp_span_str("dev")))
		return IMP_E_ABSENT;
	for (size_t i = 0; i < r->set.n; i++)
		assert_int_equal(imp_set_put(set, &r->set.v[i]), IMP_OK);
	*policy = r->policy;
	return IMP_OK;
}

static void on_event(void *ctx, const struct imp_bs_event *e)
{
	static const char *const names[] = { "requested", "refused", "step", "finished", "packed",
		"failed", "replaced" };
	struct rig *r = ctx;

	if (r->quiet)
		return;
	r->log_n += (size_t)snprintf(r->log + r->log_n, sizeof r->log - r->log_n,
		"%s %u /%s %u.%02u %u %s\n", names[e->kind], (unsigned)e->session, e->path,
		e->code >> 5, e->code & 31U, e->skipped, e->text);
}

static void put_account(struct imp_set *set, uint16_t i, bool bootstrap, int64_t ssid)
{
	assert_int_equal(
		imp_set_put_octets(set, 0, i, 0, imp_span_str("coaps://dm.example.com")), 0);
	assert_int_equal(imp_set_put_bool(set, 0, i, 1, bootstrap), 0);
	assert_int_equal(imp_set_put_int(set, 0, i, 2, 0), 0);
	assert_int_equal(imp_set_put_octets(set, 0, i, 3, imp_span_str("id")), 0);
	assert_int_equal(imp_set_put_octets(set, 0, i, 5, imp_span_str("0123456789abcdef")), 0);
	if (!bootstrap) {
		assert_int_equal(imp_set_put_int(set, 0, i, 10, ssid), 0);
		assert_int_equal(imp_set_put_int(set, 1, i, 0, ssid), 0);
		assert_int_equal(imp_set_put_int(set, 1, i, 1, 86400), 0);
	}
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	const struct imp_bs_server_seam seam = { r, configure, on_event };

	imp_set_init(&r->set);
	r->policy =
		(struct imp_bs_policy){ .discover = true, .pack = true, .format = IMP_FORMAT_TLV };
	put_account(&r->set, 0, false, 101);
	assert_int_equal(imp_bs_server_open(&seam, &r->server), IMP_OK);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	imp_bs_server_close(r->server);
	imp_set_free(&r->set);
	free(r);
	return 0;
}

/* ---- the device's part ------------------------------------------------------------------------
 */

static uint8_t request(struct rig *r, uint64_t session, enum imp_method method, const char *path,
	const char *ep, const char *pct)
{
	char text[2][200];
	struct imp_span query[2];
	const struct imp_peer peer = { .session = session, .kind = IMP_PEER_PSK };
	struct imp_request in = { .method = method,
		.path = imp_span_str(path),
		.query = query,
		.format = IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_NONE };
	struct imp_response out;

	if (ep) {
		(void)snprintf(text[0], sizeof text[0], "ep=%s", ep);
		query[in.query_n++] = imp_span_str(text[0]);
	}
	if (pct) {
		(void)snprintf(text[1], sizeof text[1], "pct=%s", pct);
		query[in.query_n++] = imp_span_str(text[1]);
	}
	imp_bs_server_request(r->server, &peer, &in, &out);
	return out.code;
}

static void answer_text(struct rig *r, uint64_t session, uint8_t code, const char *text)
{
	const struct imp_response in = {
		.code = code, .format = IMP_FORMAT_NONE, .payload = imp_span_str(text)
	};

	imp_bs_server_answer(r->server, session, &in, IMP_NET_TIMEOUT);
}

/* The request that comes next is this one. */
static void expect_request(
	struct rig *r, enum imp_method method, const char *path, struct imp_request *out)
{
	struct imp_request in, none;
	uint64_t session = 0, other;

	assert_true(imp_bs_server_next(r->server, &session, &in));
	assert_int_equal(session, PEER);
	assert_int_equal(in.method, method);
	assert_int_equal(in.path.n, strlen(path));
	assert_memory_equal(in.path.p, path, in.path.n);
	assert_false(imp_bs_server_next(r->server, &other, &none)); /* one at a time */
	if (out)
		*out = in;
}

static void expect_log(struct rig *r, const char *want)
{
	assert_string_equal(r->log, want);
}

static const char discovered[] = "</>;lwm2m=1.1,</0/1>,</3/0>";

/* ---- dialogues --------------------------------------------------------------------------------
 */

static void int_0_client_initiated_bootstrap(void **state)
{
	struct rig *r = *state;
	struct imp_request in;

	assert_int_equal(request(r, PEER, IMP_POST, "bs", "dev", NULL), IMP_COAP_CHANGED);
	expect_request(r, IMP_GET, "", &in);
	assert_int_equal(in.accept, IMP_FORMAT_LINK);
	answer_text(r, PEER, IMP_COAP_CONTENT, discovered);
	expect_request(r, IMP_DELETE, "0", NULL);
	answer_text(r, PEER, IMP_COAP_DELETED, "");
	expect_request(r, IMP_DELETE, "1", NULL);
	answer_text(r, PEER, IMP_COAP_DELETED, "");
	expect_request(r, IMP_PUT, "0/0", &in);
	assert_int_equal(in.format, IMP_FORMAT_TLV);
	assert_int_equal(in.payload.p[0] >> 6, IMP_TLV_RESOURCE);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "1/0", NULL);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_POST, "bs", &in);
	assert_int_equal(in.payload.n, 0);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	assert_int_equal(imp_bs_server_sessions(r->server), 0);
	expect_log(r, "requested 7 / 0.00 0 \n"
		      "step 7 /0 2.02 0 \n"
		      "step 7 /1 2.02 0 \n"
		      "step 7 /0/0 2.04 0 \n"
		      "step 7 /1/0 2.04 0 \n"
		      "finished 7 / 2.04 0 \n");
}

/* int-9: the device finds its configuration inconsistent; what it says is told. */
static void int_9_finish_refused_ends_it(void **state)
{
	struct rig *r = *state;

	r->policy.clearing = IMP_CLEAR_NOTHING;
	(void)request(r, PEER, IMP_POST, "bs", "dev", NULL);
	expect_request(r, IMP_GET, "", NULL);
	answer_text(r, PEER, IMP_COAP_CONTENT, discovered);
	expect_request(r, IMP_PUT, "0/0", NULL);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "1/0", NULL);
	answer_text(r, PEER, IMP_COAP_BAD_REQUEST, "no\nway");
	expect_request(r, IMP_POST, "bs", NULL);
	answer_text(r, PEER, IMP_COAP_NOT_ACCEPTABLE, "K7: /1/0");
	assert_int_equal(imp_bs_server_sessions(r->server), 0);
	expect_log(r, "requested 7 / 0.00 0 \n"
		      "step 7 /0/0 2.04 0 \n"
		      "step 7 /1/0 4.00 1 no.way\n"
		      "failed 7 / 4.06 1 K7: /1/0\n");
}

static void what_is_refused(void **state)
{
	static const struct {
		enum imp_method method;
		const char *path, *ep, *pct;
		enum imp_status st;
		uint8_t code;
	} rows_[] = {
		{ IMP_POST, "bs", NULL, NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "", NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "other", NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "\xff", NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs",
			"0123456789012345678901234567890123456789012345678901234567890123"
			"01234567890123456789012345678901234567890123456789012345678901234",
			NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "dev", NULL, IMP_E_DENIED, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "dev", NULL, IMP_E_IO, IMP_COAP_INTERNAL },
		{ IMP_POST, "bs", "dev", "11544", IMP_OK, IMP_COAP_UNSUPPORTED_FORMAT },
		{ IMP_POST, "bs", "dev", "0", IMP_OK, IMP_COAP_UNSUPPORTED_FORMAT },
		{ IMP_POST, "bs", "dev", "x", IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "dev", "77078", IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "bs", "dev", "999999", IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_GET, "bs", "dev", NULL, IMP_OK, IMP_COAP_NOT_ALLOWED },
		{ IMP_PUT, "bs", "dev", NULL, IMP_OK, IMP_COAP_NOT_ALLOWED },
		{ IMP_POST, "bspack", "dev", NULL, IMP_OK, IMP_COAP_NOT_ALLOWED },
		{ IMP_GET, "bspack", NULL, NULL, IMP_OK, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, "rd", "dev", NULL, IMP_OK, IMP_COAP_NOT_FOUND },
		{ IMP_POST, "", "dev", NULL, IMP_OK, IMP_COAP_NOT_FOUND },
		{ IMP_POST, "bs/x", "dev", NULL, IMP_OK, IMP_COAP_NOT_FOUND },
	};
	struct rig *r = *state;
	struct imp_request none;
	uint64_t session;

	for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++) {
		print_message("%zu: %s ep=%s\n", i, rows_[i].path, rows_[i].ep);
		r->st = rows_[i].st;
		assert_int_equal(
			request(r, PEER, rows_[i].method, rows_[i].path, rows_[i].ep, rows_[i].pct),
			rows_[i].code);
		assert_int_equal(imp_bs_server_sessions(r->server), 0);
		assert_false(imp_bs_server_next(r->server, &session, &none));
	}
}

static void formats_by_pct_and_by_policy(void **state)
{
	static const struct {
		const char *pct;
		uint16_t policy, want;
	} rows_[] = {
		{ NULL, IMP_FORMAT_TLV, IMP_FORMAT_TLV },
		{ NULL, IMP_FORMAT_SENML_JSON, IMP_FORMAT_SENML_JSON },
		{ "11542", IMP_FORMAT_SENML_CBOR, IMP_FORMAT_TLV },
		{ "112", IMP_FORMAT_TLV, IMP_FORMAT_SENML_CBOR },
		{ "110", IMP_FORMAT_TLV, IMP_FORMAT_SENML_JSON },
	};
	static struct imp_set got;
	struct rig *r = *state;

	r->policy.clearing = IMP_CLEAR_NOTHING;
	r->policy.discover = false;
	imp_set_init(&got);
	for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++) {
		struct imp_request in;
		enum imp_status st = IMP_OK;

		r->policy.format = rows_[i].policy;
		(void)request(r, PEER, IMP_POST, "bs", "dev", rows_[i].pct);
		expect_request(r, IMP_PUT, "0/0", &in);
		assert_int_equal(in.format, rows_[i].want);
		if (rows_[i].want == IMP_FORMAT_SENML_CBOR)
			st = imp_set_from_senml_cbor(&got, in.payload);
		else if (rows_[i].want == IMP_FORMAT_SENML_JSON)
			st = imp_set_from_senml_json(&got, in.payload);
		assert_int_equal(st, IMP_OK);
		if (rows_[i].want != IMP_FORMAT_TLV)
			assert_int_equal(imp_set_int(&got, 0, 0, 10, -1), 101);
	}
	imp_set_free(&got);
}

/* F7a: the device's account is in /0/1; the configuration's goes there, and the server account that
 * had the number goes elsewhere, with its link. */
static void replacement_overwrites_the_account_where_it_is(void **state)
{
	struct rig *r = *state;
	struct imp_request in;

	put_account(&r->set, 1, false, 102);
	put_account(&r->set, 2, true, 0);
	r->policy.clearing = IMP_CLEAR_ALL;
	(void)request(r, PEER, IMP_POST, "bs", "dev", NULL);
	expect_request(r, IMP_GET, "", NULL);
	answer_text(r, PEER, IMP_COAP_CONTENT, discovered);
	expect_request(r, IMP_DELETE, "", NULL);
	answer_text(r, PEER, IMP_COAP_DELETED, "");
	expect_request(r, IMP_PUT, "0/0", NULL);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "0/1", &in);
	{ /* resource 1, Bootstrap-Server, is true */
		struct imp_rd rd = imp_rd(in.payload);
		struct imp_tlv tlv = { 0 };

		while (rd.n && tlv.id != 1)
			assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
		assert_int_equal(tlv.value.n, 1);
		assert_int_equal(tlv.value.p[0], 1);
	}
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "0/3", NULL);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "1/0", NULL);
	answer_text(r, PEER, IMP_COAP_CHANGED, "");
	expect_request(r, IMP_PUT, "1/1", NULL);
}

static void newest_session_wins(void **state)
{
	struct rig *r = *state;
	struct imp_request in;
	uint64_t session = 0;

	(void)request(r, 5, IMP_POST, "bs", "dev", NULL);
	assert_true(imp_bs_server_next(r->server, &session, &in));
	assert_int_equal(session, 5);
	(void)request(r, PEER, IMP_POST, "bs", "dev", NULL);
	assert_int_equal(imp_bs_server_sessions(r->server), 1);
	answer_text(r, 5, IMP_COAP_CONTENT, discovered); /* too late: nobody's */
	expect_request(r, IMP_GET, "", NULL);
	(void)request(r, PEER, IMP_POST, "bs", "dev", NULL); /* again on the same session */
	assert_int_equal(imp_bs_server_sessions(r->server), 1);
	expect_request(r, IMP_GET, "", NULL);
	expect_log(r, "requested 5 / 0.00 0 \nreplaced 5 / 0.00 0 \nrequested 7 / 0.00 0 \n"
		      "replaced 7 / 0.00 0 \nrequested 7 / 0.00 0 \n");
}

/* At every request of the dialogue: no answer, or the session ends. */
static void lost_at_every_step(void **state)
{
	struct rig *r = *state;

	for (unsigned way = 0; way < 2; way++)
		for (unsigned at = 0; at < 6; at++) {
			struct imp_request in;
			uint64_t session;

			(void)request(r, PEER, IMP_POST, "bs", "dev", NULL);
			for (unsigned i = 0; i < at; i++) {
				assert_true(imp_bs_server_next(r->server, &session, &in));
				answer_text(r, PEER, i ? IMP_COAP_CHANGED : IMP_COAP_CONTENT,
					i ? "" : discovered);
			}
			assert_true(imp_bs_server_next(r->server, &session, &in));
			r->log_n = 0;
			if (way == 0)
				imp_bs_server_answer(r->server, PEER, NULL, IMP_NET_TIMEOUT);
			else
				imp_bs_server_closed(r->server, PEER);
			assert_int_equal(imp_bs_server_sessions(r->server), 0);
			assert_int_equal(strncmp(r->log, "failed 7", 8), 0);
			assert_false(imp_bs_server_next(r->server, &session, &in));
		}
}

/* A device without Discover (4.04, 4.05, or rubbish) gets the identifiers as they are. */
static void no_discover(void **state)
{
	static const struct {
		uint8_t code;
		const char *text;
	} rows_[] = { { IMP_COAP_NOT_FOUND, "" }, { IMP_COAP_NOT_ALLOWED, "" },
		{ IMP_COAP_CONTENT, "</0" } };
	struct rig *r = *state;

	r->policy.clearing = IMP_CLEAR_NOTHING;
	for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++) {
		(void)request(r, PEER, IMP_POST, "bs", "dev", NULL);
		expect_request(r, IMP_GET, "", NULL);
		answer_text(r, PEER, rows_[i].code, rows_[i].text);
		expect_request(r, IMP_PUT, "0/0", NULL);
	}
}

static void int_12_bootstrap_pack(void **state)
{
	static struct imp_set got;
	struct rig *r = *state;
	struct imp_span query[] = { imp_span_str("ep=dev"), imp_span_str("acc=</0/0>") };
	const struct imp_peer peer = { .session = PEER };
	struct imp_request in = { .method = IMP_GET,
		.path = imp_span_str("bspack"),
		.query = query,
		.query_n = 2,
		.format = IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_SENML_CBOR };
	struct imp_response out;

	imp_set_init(&got);
	imp_bs_server_request(r->server, &peer, &in, &out);
	assert_int_equal(out.code, IMP_COAP_CONTENT);
	assert_int_equal(out.format, IMP_FORMAT_SENML_CBOR);
	assert_int_equal(imp_set_from_senml_cbor(&got, out.payload), IMP_OK);
	/* /0/0 is the device's own account: ours goes beside it. */
	assert_int_equal(imp_set_int(&got, 0, 1, 10, -1), 101);
	in.accept = IMP_FORMAT_LWM2M_CBOR;
	imp_bs_server_request(r->server, &peer, &in, &out);
	assert_int_equal(out.code, IMP_COAP_NOT_ACCEPTABLE);
	in.accept = IMP_FORMAT_SENML_JSON;
	r->policy.pack = false;
	imp_bs_server_request(r->server, &peer, &in, &out);
	assert_int_equal(out.code, IMP_COAP_NOT_ALLOWED);
	assert_int_equal(out.payload.n, 0);
	imp_set_free(&got);
}

/* M13: the server writes unasked to a device that it was told of. */
static void server_initiated_without_request(void **state)
{
	struct rig *r = *state;
	const struct imp_peer peer = { .session = PEER };

	r->policy.clearing = IMP_CLEAR_NOTHING;
	assert_int_equal(imp_bs_server_begin(r->server, &peer, imp_span_str("dev")), IMP_OK);
	expect_request(r, IMP_GET, "", NULL);
	answer_text(r, PEER, IMP_COAP_CONTENT, discovered);
	expect_request(r, IMP_PUT, "0/0", NULL);
	assert_int_equal(
		imp_bs_server_begin(r->server, &peer, imp_span_str("other")), IMP_E_ABSENT);
	assert_int_equal(imp_bs_server_begin(r->server, &peer, imp_span(NULL, 0)), IMP_E_ABSENT);
}

/* Many at once, each served in its turn, some of them leaving in the middle. */
static void ten_thousand_sessions(void **state)
{
	enum { N = 10000 };
	struct rig *r = *state;
	struct imp_request in;
	uint64_t session = 0;
	unsigned asked = 0, finished = 0;

	r->quiet = true;
	r->policy.clearing = IMP_CLEAR_NOTHING;
	for (unsigned i = 1; i <= N; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "dev-%u", i);
		assert_int_equal(request(r, i, IMP_POST, "bs", name, NULL), IMP_COAP_CHANGED);
	}
	assert_int_equal(imp_bs_server_sessions(r->server), N);
	while (imp_bs_server_next(r->server, &session, &in)) {
		if (++asked <= 10)
			assert_int_equal(session, asked); /* first come, first served */
		if (session % 10 == 0) {
			imp_bs_server_closed(r->server, session + 1 <= N ? session + 1 : 1);
			imp_bs_server_answer(r->server, session, NULL, IMP_NET_TIMEOUT);
			continue;
		}
		finished += in.method == IMP_POST;
		answer_text(r, session, in.method == IMP_GET ? IMP_COAP_CONTENT : IMP_COAP_CHANGED,
			in.method == IMP_GET ? discovered : "");
	}
	assert_int_equal(imp_bs_server_sessions(r->server), 0);
	assert_int_equal(finished, N - 2 * N / 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(int_0_client_initiated_bootstrap),
		TEST(int_9_finish_refused_ends_it),
		TEST(what_is_refused),
		TEST(formats_by_pct_and_by_policy),
		TEST(replacement_overwrites_the_account_where_it_is),
		TEST(newest_session_wins),
		TEST(lost_at_every_step),
		TEST(no_discover),
		TEST(int_12_bootstrap_pack),
		TEST(server_initiated_without_request),
		TEST(ten_thousand_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
