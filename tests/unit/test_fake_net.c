/* SPDX-License-Identifier: Apache-2.0 */
/* The net in memory keeps the promises of the seam that it stands in for. */
#include "tests/fake/fake_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct end {
	struct imp_net *net;
	unsigned requests, responses, failures, closings;
	enum imp_net_failure why;
	uint64_t failed_at_ms, session;
	char identity[64];
	struct fake_air *air;
	bool refuses, asks_back;
	unsigned responses_before; /* at the latest request */
	const struct imp_net_seam *seam;
};

static void on_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct end *e = (struct end *)ctx;

	e->requests++;
	e->session = peer->session;
	e->responses_before = e->responses;
	if (e->asks_back) {
		struct imp_span ep = imp_span_str("ep=x");
		struct imp_request back = *in;
		uint64_t id;

		back.query = &ep;
		e->asks_back = false;
		assert_int_equal(e->seam->send(e->net, peer->session, &back, &id), IMP_OK);
	}
	(void)snprintf(e->identity, sizeof e->identity, "%.*s", (int)peer->identity.n,
		(const char *)peer->identity.p);
	assert_true(imp_span_eq(in->path, imp_span_str("bs")));
	assert_true(imp_span_eq(imp_request_query(in, "ep"), imp_span_str("x")));
	out->code = IMP_COAP_CHANGED;
	out->payload = in->payload;
}

static void on_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct end *e = (struct end *)ctx;

	(void)session;
	(void)request;
	e->responses++;
	assert_true(in->code == IMP_COAP_CHANGED || in->code == IMP_COAP_TOO_LARGE);
}

static void on_failed(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	struct end *e = (struct end *)ctx;

	(void)session;
	(void)request;
	e->failures++;
	e->why = why;
	e->failed_at_ms = e->air->now_ms;
}

static void on_closed(void *ctx, uint64_t session)
{
	struct end *e = (struct end *)ctx;

	(void)session;
	e->closings++;
}

static enum imp_status on_psk(
	void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	(void)ctx;
	if (!imp_span_eq(identity, imp_span_str("me")))
		return IMP_E_ABSENT;
	memset(key, 7, 16);
	*n = 16;
	return IMP_OK;
}

static bool on_judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	const struct end *e = (const struct end *)ctx;

	(void)kind;
	return identity.n && !e->refuses;
}

struct rig {
	struct fake_air air;
	struct imp_net_seam seam;
	struct end device, server;
	char uri[64];
	uint64_t session;
};

static void open_end(struct rig *r, struct end *e)
{
	struct imp_net_events events = { e, on_request, on_response, on_failed, on_closed, on_psk,
		on_judge };
	struct imp_net_options options = { .body_max = 1000 };

	*e = (struct end){ .air = &r->air, .seam = &r->seam };
	assert_int_equal(r->seam.open(r->seam.ctx, &events, &options, &e->net, NULL), IMP_OK);
}

static void set_up(struct rig *r, uint64_t seed, const struct imp_credentials *server,
	const struct imp_credentials *device)
{
	const char *scheme = device ? "coaps" : "coap";
	unsigned port;

	fake_air(&r->air, seed);
	fake_air_seam(&r->air, &r->seam);
	open_end(r, &r->device);
	open_end(r, &r->server);
	(void)snprintf(r->uri, sizeof r->uri, "%s://[::]:0", scheme);
	assert_int_equal(r->seam.listen(r->server.net, r->uri, true, server, &port, NULL), IMP_OK);
	(void)snprintf(r->uri, sizeof r->uri, "%s://127.0.0.1:%u", scheme, port);
	assert_int_equal(r->seam.connect(r->device.net, r->uri, device, &r->session, NULL), IMP_OK);
}

static uint64_t ask(struct rig *r, struct end *from, uint64_t session, size_t n)
{
	static const uint8_t body[2000];
	struct imp_span ep = imp_span_str("ep=x");
	struct imp_request request = { IMP_POST, imp_span_str("bs"), &ep, 1, IMP_FORMAT_NONE,
		IMP_FORMAT_NONE, imp_span(body, n) };
	uint64_t id;

	assert_int_equal(r->seam.send(from->net, session, &request, &id), IMP_OK);
	return id;
}

static struct imp_credentials psk(const char *identity, const uint8_t *key)
{
	return (struct imp_credentials){
		.kind = IMP_PEER_PSK, .identity = imp_span_str(identity), .key = imp_span(key, 16)
	};
}

static const uint8_t right[16] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 };
static const uint8_t wrong[16] = { 8 };

static void both_directions(void **state)
{
	struct rig r;
	struct imp_credentials me = psk("me", right);

	(void)state;
	set_up(&r, 1, NULL, &me);
	ask(&r, &r.device, r.session, 0);
	r.seam.poll(r.device.net, 100);
	assert_int_equal(r.device.responses, 1);
	assert_string_equal(r.server.identity, "me");
	ask(&r, &r.server, r.server.session, 10);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.requests, 1);
	assert_int_equal(r.server.responses, 1);
	ask(&r, &r.server, r.server.session, 1001);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.requests, 1); /* 4.13, nobody asked */
	assert_int_equal(r.server.responses, 2);
	r.seam.end(r.server.net, r.server.session);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.closings, 1);
	assert_int_equal(r.server.closings, 0);
	fake_air_free(&r.air);
}

/* What a request makes the server send comes behind its answer. */
static void an_answer_goes_first(void **state)
{
	struct rig r;

	(void)state;
	set_up(&r, 1, NULL, NULL);
	r.server.asks_back = true;
	ask(&r, &r.device, r.session, 0);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.requests, 1);
	assert_int_equal(r.device.responses_before, 1);
	assert_int_equal(r.server.responses, 1);
	fake_air_free(&r.air);
}

static void credentials_decide(void **state)
{
	struct imp_credentials rpk = { .kind = IMP_PEER_RPK, .identity = imp_span_str("k") };
	struct imp_credentials x509 = { .kind = IMP_PEER_X509, .identity = imp_span_str("c") };
	struct imp_credentials me = psk("me", right), bad = psk("me", wrong),
			       you = psk("you", right);
	struct {
		const struct imp_credentials *server, *device;
		bool server_refuses, device_refuses, ok;
		uint64_t least_ms, most_ms;
	} rows[] = {
		{ NULL, &me, false, false, true, 0, 20 },
		{ NULL, &you, false, false, false, 0, 20 },
		{ NULL, &bad, false, false, false, 6000, 6100 },
		{ &rpk, &rpk, false, false, true, 0, 20 },
		{ &x509, &x509, false, false, true, 0, 20 },
		{ &x509, &x509, true, false, false, 0, 20 },
		{ &x509, &x509, false, true, false, 0, 20 },
		{ &x509, &rpk, false, false, false, 0, 20 },
		{ &x509, &me, false, false, true, 0, 20 },
		{ NULL, NULL, false, false, true, 0, 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig r;

		set_up(&r, i, rows[i].server, rows[i].device);
		r.server.refuses = rows[i].server_refuses;
		r.device.refuses = rows[i].device_refuses;
		ask(&r, &r.device, r.session, 0);
		fake_air_settle(&r.air);
		assert_int_equal(r.device.responses, rows[i].ok);
		assert_int_equal(r.device.failures, !rows[i].ok);
		assert_int_equal(r.device.closings, !rows[i].ok);
		if (!rows[i].ok) {
			assert_int_equal(r.device.why, IMP_NET_HANDSHAKE);
			assert_in_range(r.device.failed_at_ms, rows[i].least_ms, rows[i].most_ms);
		}
		fake_air_free(&r.air);
	}
}

/* Whatever the air does, each request ends once and is told once. */
static void bad_air(void **state)
{
	unsigned answered = 0, repeated = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct rig r;

		set_up(&r, seed, NULL, NULL);
		r.air.loss = 250;
		r.air.duplicate = r.air.reorder = 300;
		for (int i = 0; i < 10; i++)
			ask(&r, &r.device, r.session, 0);
		fake_air_settle(&r.air);
		assert_int_equal(r.device.responses + r.device.failures, 10);
		assert_in_range(r.server.requests, r.device.responses, 10);
		answered += r.device.responses;
		repeated += (unsigned)r.air.duplicated;
		fake_air_free(&r.air);
	}
	assert_in_range(answered, 450, 500);
	assert_true(repeated > 50);
}

static void nobody_answers(void **state)
{
	struct rig r;

	(void)state;
	set_up(&r, 5, NULL, NULL);
	r.air.loss = 1000;
	ask(&r, &r.device, r.session, 0);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.why, IMP_NET_TIMEOUT);
	assert_in_range(r.device.failed_at_ms, 62000, 93000);
	fake_air_free(&r.air);

	set_up(&r, 6, NULL, NULL);
	fake_net_kill(r.server.net);
	ask(&r, &r.device, r.session, 0);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.why, IMP_NET_REFUSED);
	fake_air_free(&r.air);

	set_up(&r, 7, NULL, NULL);
	ask(&r, &r.device, r.session, 0);
	r.seam.end(r.device.net, r.session);
	fake_air_settle(&r.air);
	assert_int_equal(r.device.why, IMP_NET_CLOSED);
	assert_int_equal(r.device.failures, 1);
	assert_int_equal(fake_net_sessions(r.device.net), 0);
	fake_air_free(&r.air);
}

/* The same seed is the same run. */
static void seeds(void **state)
{
	unsigned long sent[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct rig r;

		set_up(&r, i == 2 ? 9 : 8, NULL, NULL);
		r.air.loss = 300;
		for (int n = 0; n < 20; n++)
			ask(&r, &r.device, r.session, 0);
		fake_air_settle(&r.air);
		sent[i] = r.air.sent;
		fake_air_free(&r.air);
	}
	assert_int_equal(sent[0], sent[1]);
	assert_int_not_equal(sent[0], sent[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions),
		cmocka_unit_test(an_answer_goes_first),
		cmocka_unit_test(credentials_decide),
		cmocka_unit_test(bad_air),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
