/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP and DTLS on loopback, both ends ours. */
#include "tests/fake/coap_rig.h"

#include "link/coap_dtls.h"

#include <coap3/coap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOON_MS 3000
#define HANDSHAKE_MS 40000
#define QUICK_MS 60 /* ACK_TIMEOUT: a handshake that hangs ends after a second */

static struct coap_end device, server;
static struct coap_pki pki_server, pki_device, pki_other;
static uint8_t octets[100000];

static int set_up(void **state)
{
	(void)state;
	coap_pki(&pki_server, "server.test");
	coap_pki(&pki_device, "device-1");
	coap_pki(&pki_other, "RPK"); /* a name that must not pass for a raw public key */
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

static void open_ends(const struct imp_net_options *options)
{
	coap_end_open(&device, options);
	coap_end_open(&server, options);
}

static void close_ends(void)
{
	imp_coap_net.close(device.net);
	imp_coap_net.close(server.net);
}

static uint64_t link_up(bool psk, const struct imp_credentials *server_own,
	const struct imp_credentials *device_own)
{
	bool secure = device_own != NULL;
	unsigned port = coap_end_listen(
		&server, secure ? "coaps://127.0.0.1:0" : "coap://127.0.0.1:0", psk, server_own);

	return coap_end_connect(&device, secure, port, device_own);
}

static void hook_works(void **state)
{
	(void)state;
	assert_true(imp_dtls_hooked());
}

/* ---- modes --------------------------------------------------------------------------------------
 */

enum who { NOBODY, ME, ME_WRONG_KEY, YOU, X509, X509_PINNED, X509_OTHER, RPK, RPK_OTHER };

static struct imp_credentials credentials(enum who who, bool of_server)
{
	static const uint8_t wrong[COAP_KEY_N] = { 8 };
	const struct coap_pki *own = of_server ? &pki_server : &pki_device;
	const struct coap_pki *peer = of_server ? &pki_device : &pki_server;

	switch (who) {
	case ME:
		return coap_psk("me", coap_key);
	case ME_WRONG_KEY:
		return coap_psk("me", wrong);
	case YOU:
		return coap_psk("you", coap_key);
	case X509:
		return coap_x509(own, peer);
	case X509_PINNED:
		return coap_x509(own, NULL);
	case X509_OTHER:
		return coap_x509(&pki_other, peer);
	case RPK:
		return coap_rpk(own);
	case RPK_OTHER:
		return coap_rpk(&pki_other);
	case NOBODY:
	default:
		return (struct imp_credentials){ .kind = IMP_PEER_NONE };
	}
}

static const struct mode {
	const char *name;
	bool psk;
	enum who server, device;
	bool ok, server_refuses, device_refuses;
	unsigned ms;
} modes[] = {
	{ "NoSec", false, NOBODY, NOBODY, true, false, false, SOON_MS },
	{ "PSK", true, NOBODY, ME, true, false, false, SOON_MS },
	{ "PSK, unknown identity", true, NOBODY, YOU, false, false, false, SOON_MS },
	{ "PSK, wrong key", true, NOBODY, ME_WRONG_KEY, false, false, false, HANDSHAKE_MS },
	{ "X.509 with CAs", false, X509, X509, true, false, false, SOON_MS },
	{ "X.509, foreign CA", false, X509, X509_OTHER, false, false, false, SOON_MS },
	{ "X.509, server refuses", false, X509, X509, false, true, false, SOON_MS },
	{ "X.509, device refuses", false, X509, X509, false, false, true, SOON_MS },
	{ "X.509 without CA", false, X509_PINNED, X509_PINNED, true, false, false, SOON_MS },
	{ "X.509 without CA, server refuses", false, X509_PINNED, X509_PINNED, false, true, false,
		SOON_MS },
	{ "X.509 without CA, device refuses", false, X509_PINNED, X509_PINNED, false, false, true,
		SOON_MS },
	{ "RPK", false, RPK, RPK, true, false, false, SOON_MS },
	{ "RPK, server refuses", false, RPK, RPK_OTHER, false, true, false, SOON_MS },
	{ "RPK, device refuses", false, RPK, RPK, false, false, true, SOON_MS },
	{ "PSK at PSK and X.509", true, X509, ME, true, false, false, SOON_MS },
	{ "X.509 at PSK and X.509", true, X509, X509, true, false, false, SOON_MS },
	{ "PSK at PSK and RPK", true, RPK, ME, true, false, false, SOON_MS },
	{ "RPK at PSK and RPK", true, RPK, RPK, true, false, false, SOON_MS },
	{ "RPK at X.509", false, X509, RPK, false, false, false, HANDSHAKE_MS },
	{ "RPK at X.509 without CA", false, X509_PINNED, RPK, false, false, false, HANDSHAKE_MS },
	{ "X.509 at RPK", false, RPK, X509, false, false, false, HANDSHAKE_MS },
	{ "X.509 at PSK", true, NOBODY, X509, false, false, false, HANDSHAKE_MS },
};

static void check_identity(const struct mode *m)
{
	struct imp_credentials d = credentials(m->device, false);

	assert_int_equal(server.kind, d.kind);
	assert_true(imp_span_eq(imp_span(server.identity, server.identity_n), d.identity));
	assert_int_equal(strncmp(server.address, "127.0.0.1:", 10), 0);
}

/* A request each way, and the end of it. */
static void talk(const struct mode *m, uint64_t session)
{
	check_identity(m);
	coap_end_send(&server, server.peer_session, IMP_DELETE, "", imp_span(NULL, 0));
	assert_true(coap_ends_run(&server, &device, &server.responses, 1, SOON_MS));
	assert_int_equal(device.requests, 1);
	assert_string_equal(device.path, "");
	assert_int_equal(device.peer_session, session);
	imp_coap_net.end(device.net, session);
	imp_coap_net.poll(device.net, 0);
	if (m->device != NOBODY) {
		assert_true(coap_ends_run(&server, NULL, &server.closings, 1, SOON_MS));
		assert_int_equal(server.closings, 1);
	}
	assert_int_equal(device.closings, 0);
}

static void every_mode(void **state)
{
	struct imp_net_options quick = { .ack_timeout_ms = QUICK_MS };

	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const struct mode *m = &modes[i];
		struct imp_credentials s = credentials(m->server, true);
		struct imp_credentials d = credentials(m->device, false);
		const unsigned *what;
		uint64_t session;

		print_message("%s\n", m->name);
		open_ends(m->ms == SOON_MS ? NULL : &quick);
		server.refuses = m->server_refuses;
		device.refuses = m->device_refuses;
		session = link_up(m->psk, m->server ? &s : NULL, m->device ? &d : NULL);
		what = m->ok ? &device.responses : &device.closings;
		coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server, what, 1, m->ms));
		assert_int_equal(device.responses, m->ok);
		assert_int_equal(device.failures, !m->ok);
		assert_int_equal(server.requests, m->ok);
		if (m->ok)
			talk(m, session);
		else
			assert_int_equal(device.why, IMP_NET_HANDSHAKE);
		close_ends();
	}
}

/* ---- bodies -------------------------------------------------------------------------------------
 */

static void bodies(void **state)
{
	static const size_t sizes[] = { 0, 1, 1023, 1024, 1025, 2048, 20000, 65536 };
	struct imp_credentials me = coap_psk("me", coap_key);

	(void)state;
	open_ends(NULL);
	for (int secure = 0; secure < 2; secure++) {
		uint64_t session = link_up(secure, NULL, secure ? &me : NULL);

		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct imp_span body = imp_span(octets, sizes[i]);

			device.responses = server.requests = 0;
			coap_end_send(&device, session, IMP_POST, COAP_ECHO, body);
			assert_true(coap_ends_run(&device, &server, &device.responses, 1, SOON_MS));
			assert_int_equal(server.requests, 1);
			assert_int_equal(device.code, IMP_COAP_CHANGED);
			assert_true(imp_span_eq(imp_span(server.body, server.body_n), body));
			assert_true(imp_span_eq(imp_span(device.body, device.body_n), body));
			if (sizes[i] <= 1024)
				assert_string_equal(device.path, "a/b");
		}
		device.responses = 0;
		coap_end_send(&device, session, IMP_PUT, "0/0", imp_span(octets, 65537));
		assert_true(coap_ends_run(&device, &server, &device.responses, 1, SOON_MS));
		assert_int_equal(device.code, IMP_COAP_TOO_LARGE);
		server.give = imp_span(octets, 65536);
		coap_end_send(&device, session, IMP_GET, "3", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server, &device.responses, 2, SOON_MS));
		assert_true(imp_span_eq(imp_span(device.body, device.body_n), server.give));
		assert_int_equal(device.format, IMP_FORMAT_TLV);
		server.give = imp_span(octets, 65537);
		coap_end_send(&device, session, IMP_GET, "3", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server, &device.failures, 1, SOON_MS));
		assert_int_equal(device.why, IMP_NET_MALFORMED);
		device.failures = 0;
	}
	close_ends();
}

/* Many at once of one session: one after the other, all answered. */
static void a_queue(void **state)
{
	uint64_t session;

	(void)state;
	open_ends(NULL);
	session = link_up(false, NULL, NULL);
	for (int i = 0; i < 50; i++)
		coap_end_send(&device, session, IMP_PUT, "1/0", imp_span(octets, 1500));
	assert_true(coap_ends_run(&device, &server, &device.responses, 50, SOON_MS));
	assert_int_equal(server.requests, 50);
	for (int i = 0; i < 5; i++)
		coap_end_send(&device, session, IMP_PUT, "1/0", imp_span(octets, 1500));
	imp_coap_net.end(device.net, session);
	assert_true(coap_ends_run(&device, NULL, &device.failures, 5, SOON_MS));
	assert_int_equal(device.why, IMP_NET_CLOSED);
	close_ends();
}

/* ---- nobody there -------------------------------------------------------------------------------
 */

static void nobody_there(void **state)
{
	struct imp_net_options quick = { .ack_timeout_ms = QUICK_MS };
	struct imp_credentials me = coap_psk("me", coap_key);
	unsigned port;
	uint64_t session;

	(void)state;
	/* A port that somebody has, who never answers. */
	open_ends(&quick);
	port = coap_end_listen(&server, "coap://127.0.0.1:0", false, NULL);
	session = coap_end_connect(&device, false, port, NULL);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, NULL, &device.failures, 1, HANDSHAKE_MS));
	assert_int_equal(device.why, IMP_NET_TIMEOUT);
	assert_int_equal(device.closings, 0);
	/* The same for DTLS: the handshake ends. */
	port = coap_end_listen(&server, "coaps://127.0.0.1:0", true, NULL);
	session = coap_end_connect(&device, true, port, &me);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, NULL, &device.failures, 2, HANDSHAKE_MS));
	assert_int_equal(device.why, IMP_NET_HANDSHAKE);
	/* A port that is closed. */
	imp_coap_net.close(server.net);
	session = coap_end_connect(&device, false, port, NULL);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, NULL, &device.failures, 3, SOON_MS));
	assert_int_equal(device.why, IMP_NET_REFUSED);
	session = coap_end_connect(&device, true, port, &me);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, NULL, &device.failures, 4, SOON_MS));
	assert_int_equal(device.why, IMP_NET_REFUSED);
	imp_coap_net.close(device.net);
}

/* The server goes in the middle: the request ends. */
static void server_dies(void **state)
{
	struct imp_credentials me = coap_psk("me", coap_key);
	uint64_t session;

	(void)state;
	open_ends(NULL);
	session = link_up(true, NULL, &me);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, &server, &device.responses, 1, SOON_MS));
	imp_coap_net.close(server.net);
	coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
	assert_true(coap_ends_run(&device, NULL, &device.closings, 1, SOON_MS));
	assert_int_equal(device.failures, 1);
	imp_coap_net.close(device.net);
}

/* ---- refused before anything is sent
 * --------------------------------------------------------------- */

static void bad_credentials(void **state)
{
	static const uint16_t unknown[] = { 0x1301, 0xFFFF };
	struct imp_credentials me = coap_psk("me", coap_key), long_key = me, nul = me, none = me,
			       long_id = me, x = coap_x509(&pki_device, &pki_server), other = x,
			       cut = x, bad_ca = x, suites = me, r = coap_rpk(&pki_device),
			       empty = { .kind = IMP_PEER_NONE };
	struct {
		const char *uri;
		const struct imp_credentials *own;
		enum imp_status st;
	} rows[] = {
		{ "coaps://127.0.0.1", &me, IMP_OK },
		{ "coaps://127.0.0.1", &r, IMP_OK },
		{ "coaps://127.0.0.1", NULL, IMP_E_USAGE },
		{ "coap://127.0.0.1", &me, IMP_E_USAGE },
		{ "http://127.0.0.1", &me, IMP_E_FORMAT },
		{ "coaps://127.0.0.1:0", &me, IMP_E_FORMAT },
		{ "coaps://127.0.0.1", &long_key, IMP_E_SPACE },
		{ "coaps://127.0.0.1", &long_id, IMP_E_SPACE },
		{ "coaps://127.0.0.1", &nul, IMP_E_UNSUPPORTED },
		{ "coaps://127.0.0.1", &none, IMP_E_USAGE },
		{ "coaps://127.0.0.1", &empty, IMP_E_USAGE },
		{ "coaps://127.0.0.1", &other, IMP_E_MISMATCH },
		{ "coaps://127.0.0.1", &cut, IMP_E_FORMAT },
		{ "coaps://127.0.0.1", &bad_ca, IMP_E_FORMAT },
		{ "coaps://127.0.0.1", &suites, IMP_E_UNSUPPORTED },
	};

	(void)state;
	long_key.key = imp_span(octets, 65);
	long_id.identity = imp_span(octets + 1, 129);
	nul.identity = imp_span("me\0evil", 7);
	none.key = imp_span(NULL, 0);
	other.key = imp_span(pki_other.key, pki_other.key_n);
	cut.identity.n--;
	bad_ca.trust = imp_span(octets, 100);
	suites.suites = unknown;
	suites.suites_n = 2;
	coap_end_open(&device, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_diag diag = { 0 };
		uint64_t session = 0;

		print_message("%zu\n", i);
		assert_int_equal(
			imp_coap_net.connect(device.net, rows[i].uri, rows[i].own, &session, &diag),
			rows[i].st);
		assert_int_equal(diag.status, rows[i].st);
		assert_int_equal(session != 0, rows[i].st == IMP_OK);
	}
	imp_coap_net.close(device.net);
}

static void bad_listen(void **state)
{
	struct imp_credentials me = coap_psk("me", coap_key), x = coap_x509(&pki_server, NULL);
	struct imp_diag diag = { 0 };
	unsigned port;
	char uri[64];

	(void)state;
	coap_end_open(&server, NULL);
	assert_int_equal(
		imp_coap_net.listen(server.net, "coap://127.0.0.1:0", true, NULL, &port, &diag),
		IMP_E_USAGE);
	assert_int_equal(
		imp_coap_net.listen(server.net, "coaps://127.0.0.1:0", false, NULL, &port, &diag),
		IMP_E_USAGE);
	assert_int_equal(
		imp_coap_net.listen(server.net, "coaps://127.0.0.1:0", true, &me, &port, &diag),
		IMP_E_USAGE);
	x.key.n--;
	assert_int_equal(
		imp_coap_net.listen(server.net, "coaps://127.0.0.1:0", true, &x, &port, &diag),
		IMP_E_FORMAT);
	assert_int_equal(
		imp_coap_net.listen(server.net, "coap://203.0.113.1:0", false, NULL, &port, &diag),
		IMP_E_IO);
	port = coap_end_listen(&server, "coap://127.0.0.1:0", false, NULL);
	(void)snprintf(uri, sizeof uri, "coap://127.0.0.1:%u", port);
	assert_int_equal(imp_coap_net.listen(server.net, uri, false, NULL, &port, &diag), IMP_E_IO);
	imp_coap_net.close(server.net);
	imp_coap_net.close(NULL);
}

/* ---- suites -------------------------------------------------------------------------------------
 */

static void suites(void **state)
{
	static const struct imp_net_options quick = { .ack_timeout_ms = QUICK_MS };
	static const struct {
		uint16_t suite;
		enum who server, device;
		bool psk, ok;
	} rows[] = {
		{ 0xC0A8, NOBODY, ME, true, true },  /* PSK, AES-128-CCM-8 */
		{ 0x00AE, NOBODY, ME, true, true },  /* PSK, AES-128-CBC, SHA-256 */
		{ 0xC0AE, X509, X509, false, true }, /* ECDHE-ECDSA, AES-128-CCM-8 */
		{ 0xC023, X509, X509, false, true }, /* ECDHE-ECDSA, AES-128-CBC, SHA-256 */
		{ 0xC0AE, RPK, RPK, false, true },
		{ 0xC0AE, NOBODY, ME, true, false }, /* nothing for a PSK in it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_credentials s = credentials(rows[i].server, true);
		struct imp_credentials d = credentials(rows[i].device, false);
		uint64_t session;

		print_message("%04X\n", (unsigned)rows[i].suite);
		d.suites = &rows[i].suite;
		d.suites_n = 1;
		open_ends(rows[i].ok ? NULL : &quick);
		session = link_up(rows[i].psk, rows[i].server ? &s : NULL, &d);
		coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server,
			rows[i].ok ? &device.responses : &device.closings, 1, HANDSHAKE_MS));
		assert_int_equal(device.responses, rows[i].ok);
		close_ends();
	}
}

/* A server that allows one suite and a device that allows another do not meet. */
static void suites_do_not_meet(void **state)
{
	static const uint16_t ccm[] = { 0xC0AE }, cbc[] = { 0xC023 };

	(void)state;
	for (int same = 0; same < 2; same++) {
		struct imp_credentials s = credentials(X509, true), d = credentials(X509, false);
		uint64_t session;

		s.suites = ccm;
		d.suites = same ? ccm : cbc;
		s.suites_n = d.suites_n = 1;
		open_ends(NULL);
		session = link_up(false, &s, &d);
		coap_end_send(&device, session, IMP_POST, "bs", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server,
			same ? &device.responses : &device.closings, 1, HANDSHAKE_MS));
		close_ends();
	}
}

/* ---- loss --------------------------------------------------------------------------------------
 */

/* One of twenty messages gets lost in each direction: within five attempts all is well, and what is
 * told is told once. */
static void loss(void **state)
{
	struct imp_net_options options = { .ack_timeout_ms = 200 };
	struct imp_credentials me = coap_psk("me", coap_key);
	unsigned port;

	(void)state;
	open_ends(&options);
	port = coap_end_listen(&server, "coaps://127.0.0.1:0", true, NULL);
	coap_debug_set_packet_loss("5%");
	for (int i = 0; i < 6; i++) {
		bool ok = false;

		for (int attempt = 0; !ok && attempt < 5; attempt++) {
			uint64_t session = coap_end_connect(&device, true, port, &me);
			unsigned ended = device.responses + device.failures;

			server.requests = 0;
			coap_end_send(
				&device, session, IMP_POST, COAP_ECHO, imp_span(octets, 5000));
			while (device.responses + device.failures == ended) {
				imp_coap_net.poll(device.net, 1);
				imp_coap_net.poll(server.net, 1);
			}
			ok = device.code == IMP_COAP_CHANGED && device.body_n == 5000;
			assert_in_range(server.requests, ok, 1);
			device.code = 0;
			imp_coap_net.end(device.net, session);
		}
		assert_true(ok);
	}
	coap_debug_set_packet_loss("0%");
	close_ends();
}

/* ---- names --------------------------------------------------------------------------------------
 */

static void addresses(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };

	(void)state;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct imp_diag diag = { 0 };
		uint64_t session;
		unsigned port;
		char uri[64];

		open_ends(NULL);
		(void)snprintf(uri, sizeof uri, "coap://%s:0", hosts[i]);
		if (imp_coap_net.listen(server.net, uri, false, NULL, &port, &diag) != IMP_OK) {
			printf("skipped: %s is no address of this machine\n", hosts[i]);
			close_ends();
			continue;
		}
		(void)snprintf(uri, sizeof uri, "coap://%s:%u/x?y", hosts[i], port);
		assert_int_equal(
			imp_coap_net.connect(device.net, uri, NULL, &session, &diag), IMP_OK);
		coap_end_send(&device, session, IMP_GET, ".well-known/core", imp_span(NULL, 0));
		assert_true(coap_ends_run(&device, &server, &device.responses, 1, SOON_MS));
		assert_int_equal(server.requests, 1);
		assert_string_equal(server.path, ".well-known/core");
		close_ends();
	}
	coap_end_open(&device, NULL);
	coap_end_send(&device, coap_end_connect(&device, false, 5, NULL), IMP_GET, "x",
		imp_span(NULL, 0));
	imp_coap_net.close(device.net); /* with a request under way */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hook_works),
		cmocka_unit_test(every_mode),
		cmocka_unit_test(bodies),
		cmocka_unit_test(a_queue),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(server_dies),
		cmocka_unit_test(bad_credentials),
		cmocka_unit_test(bad_listen),
		cmocka_unit_test(suites),
		cmocka_unit_test(suites_do_not_meet),
		cmocka_unit_test(loss),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
