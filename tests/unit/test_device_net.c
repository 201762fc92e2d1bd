/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated device over real DTLS on loopback: int-2, int-401, int-402 and int-403, raw public
 * keys, and what of 0/x/4, 13, 14, 15 and 16 a server must fit.  Its flash is a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bootstrap/registrar.h"
#include "bootstrap/server.h"
#include "cmd/device.h"
#include "cmd/device_flash.h"
#include "codec/slot.h"
#include "codec/tlv.h"
#include "crypto/sha256.h"
#include "host/system.h"
#include "model/set_form.h"
#include "tests/fake/coap_rig.h"

#define EP "dev-1"
#define AREA 8192
#define FILE_MAX 4096
#define HOST "server.example.com"

/* ---- a server: registrar and bootstrap server behind one port ---------------------------------
 */

static struct {
	struct imp_net *net;
	struct imp_registrar *registrar;
	struct imp_bs_server *bs;
	struct imp_set set; /* what it gives */
	unsigned port, finished;
} server;

static void on_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	(void)ctx;
	if (imp_span_starts(in->path, imp_span_str("rd")))
		imp_registrar_request(server.registrar, peer, in, out, 0);
	else
		imp_bs_server_request(server.bs, peer, in, out);
}

static void on_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	(void)ctx;
	(void)request;
	imp_bs_server_answer(server.bs, session, in, IMP_NET_CLOSED);
}

static void on_failed(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	(void)ctx;
	(void)request;
	imp_bs_server_answer(server.bs, session, NULL, why);
}

static enum imp_status on_psk(
	void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	(void)ctx;
	if (!imp_span_eq(identity, imp_span_str("me")))
		return IMP_E_ABSENT;
	memcpy(key, coap_key, COAP_KEY_N);
	*n = COAP_KEY_N;
	return IMP_OK;
}

static bool on_judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	(void)ctx;
	(void)kind;
	return identity.n != 0;
}

static enum imp_status configure(void *ctx, struct imp_span endpoint, const struct imp_peer *peer,
	struct imp_set *set, struct imp_bs_policy *policy)
{
	(void)ctx;
	(void)peer;
	(void)endpoint;
	for (size_t i = 0; i < server.set.n; i++)
		assert_int_equal(imp_set_put(set, &server.set.v[i]), IMP_OK);
	*policy = (struct imp_bs_policy){ .discover = true, .format = IMP_FORMAT_TLV };
	return IMP_OK;
}

static void on_event(void *ctx, const struct imp_bs_event *event)
{
	(void)ctx;
	server.finished += event->kind == IMP_BS_FINISHED;
}

static void server_open(const struct imp_credentials *own)
{
	const struct imp_net_events events = { NULL, on_request, on_response, on_failed, NULL,
		on_psk, on_judge };
	const struct imp_registrar_seam seam = { NULL, NULL, NULL };
	const struct imp_bs_server_seam bs = { NULL, configure, on_event };
	struct imp_diag diag = { .status = IMP_OK };

	memset(&server, 0, sizeof server);
	imp_set_init(&server.set);
	assert_int_equal(imp_registrar_open(&seam, &server.registrar), IMP_OK);
	assert_int_equal(imp_bs_server_open(&bs, &server.bs), IMP_OK);
	assert_int_equal(
		imp_coap_net.open(imp_coap_net.ctx, &events, NULL, &server.net, &diag), IMP_OK);
	if (imp_coap_net.listen(
		    server.net, "coaps://127.0.0.1:0", true, own, &server.port, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

static void server_close(void)
{
	imp_coap_net.close(server.net);
	imp_bs_server_close(server.bs);
	imp_registrar_close(server.registrar);
	imp_set_free(&server.set);
}

static void server_pump(void)
{
	struct imp_request out;
	uint64_t session, request;

	imp_coap_net.poll(server.net, 1);
	while (imp_bs_server_next(server.bs, &session, &out))
		if (imp_coap_net.send(server.net, session, &out, &request) != IMP_OK)
			imp_bs_server_answer(server.bs, session, NULL, IMP_NET_CLOSED);
}

/* ---- a device ---------------------------------------------------------------------------------
 */

static struct {
	uint8_t area[AREA], octets[FILE_MAX];
	struct imr_set set; /* what its factory slot holds */
	struct imr_flash factory;
	struct imp_device_flash flash;
	char path[64];
	struct imp_device *device;
	char said[400]; /* why a server was not good */
	bool failed;
} dev;

static int read_area(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	memcpy(to, dev.area + addr, n);
	return 0;
}

static void on_device(void *ctx, const struct imp_device_event *e)
{
	(void)ctx;
	if (e->kind == IMP_DEVICE_UNTRUSTED)
		(void)snprintf(dev.said, sizeof dev.said, "%s", e->text);
	if (e->kind == IMP_DEVICE_REFUSED && !dev.said[0])
		(void)snprintf(dev.said, sizeof dev.said, "%s", e->text ? e->text : "code");
	dev.failed = dev.failed || e->kind == IMP_DEVICE_REFUSED || e->kind == IMP_DEVICE_FAILED;
}

static void account_begin(void)
{
	memset(&dev, 0, sizeof dev);
	dev.set = (struct imr_set){ .p = dev.octets, .size = sizeof dev.octets };
	imr_set_clear(&dev.set);
}

static void put(uint16_t object, uint16_t instance, const struct imp_wr *wr)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(
		imr_set_put(&dev.set, object, instance, imp_wr_span(wr), IMR_ORIGIN_FACTORY),
		IMR_OK);
}

/* What varies of an account. */
struct account {
	const char *name;
	unsigned mode;
	struct imp_span identity, expected, key; /* 0/x/3, 4, 5 */
	int matching, usage;			 /* -1: absent */
	const char *sni;
	unsigned suite;	  /* 0: absent */
	const char *says; /* NULL: it registers; else why not */
};

static void put_account(const struct account *a, uint16_t instance, unsigned ssid)
{
	uint8_t out[3000], suite[8];
	struct imp_wr wr = imp_wr(out, sizeof out), list = imp_wr(suite, sizeof suite);
	char uri[64];

	(void)snprintf(uri, sizeof uri, "coaps://127.0.0.1:%u", server.port);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 0, imp_span_str(uri));
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 1, ssid == 0);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 2, a->mode);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 3, a->identity);
	if (a->expected.n)
		imp_tlv_put(&wr, IMP_TLV_RESOURCE, 4, a->expected);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 5, a->key);
	if (ssid)
		imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 10, ssid);
	if (a->matching >= 0)
		imp_tlv_put_unsigned(&wr, IMP_TLV_RESOURCE, 13, (uint64_t)a->matching);
	if (a->sni)
		imp_tlv_put(&wr, IMP_TLV_RESOURCE, 14, imp_span_str(a->sni));
	if (a->usage >= 0)
		imp_tlv_put_unsigned(&wr, IMP_TLV_RESOURCE, 15, (uint64_t)a->usage);
	imp_tlv_put_unsigned(&list, IMP_TLV_RES_INSTANCE, 0, a->suite);
	if (a->suite)
		imp_tlv_put(&wr, IMP_TLV_MULTIPLE, 16, imp_wr_span(&list));
	put(0, instance, &wr);
	if (!ssid)
		return;
	wr = imp_wr(out, sizeof out);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, ssid);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, 300);
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 6, false);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 7, imp_span_str("U"));
	imp_tlv_put_unsigned(&wr, IMP_TLV_RESOURCE, 17, 1);
	put(1, instance, &wr);
}

static void device_open(void)
{
	const struct imp_device_options options = { .endpoint = EP,
		.net = &imp_coap_net,
		.clock = &imp_clock_system,
		.store = &dev.flash.flash,
		.factory = &dev.factory,
		.pct = IMP_FORMAT_NONE,
		.version = 1,
		.event = on_device };
	const struct imp_slot slot = { .keys = IMP_SLOT_KEYS_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.generation = 1,
		.length = (uint32_t)dev.set.n };
	struct imp_diag diag = { .status = IMP_OK };
	int fd;

	memset(dev.area, 0xFF, sizeof dev.area);
	imp_slot_put_header(&slot, imp_span(dev.octets, dev.set.n), dev.area);
	memcpy(dev.area + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	memcpy(dev.area + IMP_SLOT_PAYLOAD_AT, dev.octets, dev.set.n);
	dev.factory = (struct imr_flash){ .read = read_area, .size = sizeof dev.area };
	(void)snprintf(dev.path, sizeof dev.path, "/tmp/imprint-device-XXXXXX");
	fd = mkstemp(dev.path);
	assert_true(fd >= 0);
	(void)close(fd);
	if (imp_device_flash_open(dev.path, false, &dev.flash, &diag) != IMP_OK ||
		imp_device_open(&options, &dev.device, &diag) != IMP_OK ||
		imp_device_start(dev.device, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

static void device_close(void)
{
	imp_device_close(dev.device);
	imp_device_flash_close(&dev.flash);
	(void)unlink(dev.path);
}

static uint64_t now_ms(void)
{
	return imp_clock_system.mono_ms(imp_clock_system.ctx);
}

/* Until it is registered or has failed. */
static bool registers(unsigned seconds)
{
	uint64_t end = now_ms() + 1000ULL * seconds;

	while (!imp_device_registered(dev.device) && !dev.failed && now_ms() < end) {
		imp_device_pump(dev.device, 1);
		server_pump();
	}
	return imp_device_registered(dev.device) == 1 &&
	       imp_registrar_find(server.registrar, EP) != NULL;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static void run(const struct account *a)
{
	bool good;

	account_begin();
	put_account(a, 0, 101);
	device_open();
	good = registers(20);
	if (good != (a->says == NULL))
		fail_msg("%s: %s, %s", a->name, good ? "registered" : "not registered", dev.said);
	if (a->says && !strstr(dev.said, a->says))
		fail_msg("%s: says %s", a->name, dev.said);
	device_close();
}

static void int_401_psk(void **state)
{
	const struct account rows[] = {
		{ "PSK", 0, imp_span_str("me"), imp_span(NULL, 0), imp_span(coap_key, COAP_KEY_N),
			-1, -1, NULL, 0, NULL },
		{ "PSK with a suite", 0, imp_span_str("me"), imp_span(NULL, 0),
			imp_span(coap_key, COAP_KEY_N), -1, -1, NULL, 0xC0A8, NULL },
		{ "unknown identity", 0, imp_span_str("you"), imp_span(NULL, 0),
			imp_span(coap_key, COAP_KEY_N), -1, -1, NULL, 0, "handshake" },
	};

	(void)state;
	server_open(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		run(&rows[i]);
	server_close();
}

static void int_402_certificate(void **state)
{
	static struct coap_pki own, theirs, other;
	uint8_t digest[IMP_SHA256];
	struct imp_credentials s;

	(void)state;
	coap_pki(&own, EP);
	coap_pki(&theirs, HOST);
	coap_pki(&other, HOST);
	s = coap_x509(&theirs, &own);
	server_open(&s);
	assert_int_equal(imp_sha256(imp_span(theirs.cert, theirs.cert_n), digest), IMP_OK);
	{
		const struct imp_span id = imp_span(own.cert, own.cert_n);
		const struct imp_span key = imp_span(own.key, own.key_n);
		const struct imp_span cert = imp_span(theirs.cert, theirs.cert_n);
		const struct imp_span ca = imp_span(theirs.ca, theirs.ca_n);
		const struct account rows[] = {
			{ "the very certificate", 2, id, cert, key, -1, -1, NULL, 0, NULL },
			{ "the same, said aloud", 2, id, cert, key, 0, 3, NULL, 0, NULL },
			{ "its hash", 2, id, imp_span(digest, sizeof digest), key, 1, 3, NULL, 0,
				NULL },
			{ "usage 1", 2, id, cert, key, 0, 1, NULL, 0, NULL },
			{ "trust anchor and name", 2, id, ca, key, 0, 2, HOST, 0, NULL },
			{ "CA constraint and name", 2, id, ca, key, 0, 0, HOST, 0, NULL },
			{ "a suite", 2, id, cert, key, 0, 3, NULL, 0xC0AE, NULL },
			{ "another certificate", 2, id, imp_span(other.cert, other.cert_n), key, -1,
				-1, NULL, 0, "not the one of 0/x/4" },
			{ "another one's hash", 2, id, imp_span(digest, sizeof digest - 1), key, 1,
				3, NULL, 0, "not the one of 0/x/4" },
			{ "no certificate expected", 2, id, imp_span(NULL, 0), key, -1, -1, NULL, 0,
				"not the one of 0/x/4" },
			{ "another CA", 2, id, imp_span(other.ca, other.ca_n), key, 0, 2, HOST, 0,
				"handshake" },
			{ "int-403: wrong host name", 2, id, ca, key, 0, 2,
				"server-fail.example.com", 0, "another host" },
			{ "int-403: the address has no certificate", 2, id, ca, key, 0, 2, NULL, 0,
				"another host" },
			{ "int-403 with usage 0", 2, id, ca, key, 0, 0, "server-fail.example.com",
				0, "another host" },
			{ "a CA's hash", 2, id, imp_span(digest, sizeof digest), key, 1, 2, HOST, 0,
				"not supported" },
		};

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			run(&rows[i]);
	}
	server_close();
}

static void raw_public_keys(void **state)
{
	static struct coap_pki own, theirs, other;
	struct imp_credentials s;

	(void)state;
	coap_pki(&own, EP);
	coap_pki(&theirs, HOST);
	coap_pki(&other, HOST);
	s = coap_rpk(&theirs);
	server_open(&s);
	{
		const struct imp_span id = imp_span(own.spki, own.spki_n);
		const struct imp_span key = imp_span(own.key, own.key_n);
		const struct account rows[] = {
			{ "the very key", 1, id, imp_span(theirs.spki, theirs.spki_n), key, -1, -1,
				NULL, 0, NULL },
			{ "another key", 1, id, imp_span(other.spki, other.spki_n), key, -1, -1,
				NULL, 0, "not the one of 0/x/4" },
			{ "another private key", 1, id, imp_span(theirs.spki, theirs.spki_n),
				imp_span(other.key, other.key_n), -1, -1, NULL, 0, "" },
		};

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			run(&rows[i]);
	}
	server_close();
}

/* int-2: bootstrapped with a PSK, registered with what came. */
static void int_2_full_certificate(void **state)
{
	static struct coap_pki own, theirs;
	struct imp_credentials s;
	struct imp_ef_extent extent;
	struct account bs = { "bootstrap account", 2, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, 3,
		NULL, 0, NULL };
	struct account dm;

	(void)state;
	coap_pki(&own, EP);
	coap_pki(&theirs, HOST);
	s = coap_x509(&theirs, &own);
	server_open(&s);
	bs.identity = imp_span(own.cert, own.cert_n);
	bs.key = imp_span(own.key, own.key_n);
	bs.expected = imp_span(theirs.cert, theirs.cert_n);
	dm = bs;
	dm.expected = imp_span(theirs.ca, theirs.ca_n);
	dm.usage = 2;
	dm.sni = HOST;
	account_begin();
	put_account(&dm, 0, 101);
	assert_int_equal(
		imp_set_from_ef(&server.set, imp_span(dev.octets, dev.set.n), false, true, &extent),
		IMP_OK);
	account_begin();
	put_account(&bs, 1, 0);
	device_open();
	assert_true(registers(20));
	assert_int_equal(server.finished, 1);
	assert_string_equal(imp_registrar_find(server.registrar, EP)->list, "</1/0>,</3/0>");
	device_close();
	server_close();
}

/* ---- the file that is its flash ---------------------------------------------------------------
 */

static void flash_keeps_the_rules(void **state)
{
	static const uint8_t unit[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct imp_device_flash f, second;
	struct imp_diag diag = { .status = IMP_OK };
	char path[] = "/tmp/imprint-device-XXXXXX";
	uint8_t got[8];
	int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	assert_int_equal(imp_device_flash_open(path, false, &f, &diag), IMP_OK);
	assert_int_equal(f.flash.read(&f, 8, got, 8), 0);
	assert_true(imp_span_all(imp_span(got, 8), 0xFF));
	assert_int_equal(f.flash.prog(&f, 8, unit, 8), 0);
	assert_int_not_equal(f.flash.prog(&f, 8, unit, 8), 0); /* once */
	assert_int_not_equal(f.flash.prog(&f, 12, unit, 8), 0);
	assert_int_not_equal(f.flash.prog(&f, 16, unit, 4), 0);
	assert_int_not_equal(f.flash.prog(&f, 2 * IMP_DEVICE_REGION, unit, 8), 0);
	assert_int_not_equal(f.flash.erase(&f, 8), 0);
	assert_int_not_equal(f.flash.read(&f, 2 * IMP_DEVICE_REGION - 4, got, 8), 0);
	assert_int_equal(imp_device_flash_open(path, false, &second, &diag), IMP_E_DENIED);
	assert_int_equal(f.flash.sync(&f), 0);
	imp_device_flash_close(&f);
	assert_int_equal(imp_device_flash_open(path, false, &f, &diag), IMP_OK);
	assert_int_equal(f.flash.read(&f, 8, got, 8), 0);
	assert_memory_equal(got, unit, 8);
	/* A copy changes nothing, not even while the file is in use. */
	assert_int_equal(imp_device_flash_open(path, true, &second, &diag), IMP_OK);
	assert_int_equal(second.flash.read(&second, 8, got, 8), 0);
	assert_memory_equal(got, unit, 8);
	assert_int_equal(second.flash.erase(&second, 0), 0);
	imp_device_flash_close(&second);
	assert_int_equal(f.flash.read(&f, 8, got, 8), 0);
	assert_memory_equal(got, unit, 8);
	assert_int_equal(f.flash.erase(&f, 0), 0);
	assert_int_equal(f.flash.read(&f, 8, got, 8), 0);
	assert_true(imp_span_all(imp_span(got, 8), 0xFF));
	imp_device_flash_close(&f);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(imp_device_flash_open(path, false, &f, &diag), IMP_E_FORMAT);
	(void)unlink(path);
	assert_int_equal(
		imp_device_flash_open("/no/such/folder/x", false, &f, &diag), IMP_E_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flash_keeps_the_rules),
		cmocka_unit_test(int_401_psk),
		cmocka_unit_test(int_402_certificate),
		cmocka_unit_test(raw_public_keys),
		cmocka_unit_test(int_2_full_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
