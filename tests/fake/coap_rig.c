/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/coap_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

const uint8_t coap_key[COAP_KEY_N] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 };

/* ---- ends ---------------------------------------------------------------------------------------
 */

static void on_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct coap_end *e = (struct coap_end *)ctx;

	e->requests++;
	e->peer_session = peer->session;
	e->kind = peer->kind;
	assert_true(peer->identity.n <= sizeof e->identity);
	if (peer->identity.n)
		memcpy(e->identity, peer->identity.p, peer->identity.n);
	e->identity_n = peer->identity.n;
	(void)snprintf(e->address, sizeof e->address, "%s", peer->address);
	(void)snprintf(e->path, sizeof e->path, "%.*s", (int)in->path.n, (const char *)in->path.p);
	assert_true(in->payload.n <= sizeof e->body);
	if (in->payload.n)
		memcpy(e->body, in->payload.p, in->payload.n);
	e->body_n = in->payload.n;
	e->format = in->format;
	out->code = e->code_to_give ? e->code_to_give : IMP_COAP_CHANGED;
	if (e->asks_back)
		coap_end_send(e, peer->session, IMP_DELETE, "0", imp_span(NULL, 0));
	if (in->method == IMP_GET) {
		out->code = IMP_COAP_CONTENT;
		out->format = IMP_FORMAT_TLV;
		out->payload = e->give;
	}
	if (imp_span_eq(in->path, imp_span_str(COAP_ECHO))) {
		out->payload = imp_span(e->body, e->body_n);
		out->location = imp_span_str("a/b");
	}
}

static void on_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct coap_end *e = (struct coap_end *)ctx;

	assert_true(request != 0);
	e->responses++;
	e->session = session;
	e->code = in->code;
	e->format = in->format;
	assert_true(in->payload.n <= sizeof e->body);
	if (in->payload.n)
		memcpy(e->body, in->payload.p, in->payload.n);
	e->body_n = in->payload.n;
	(void)snprintf(
		e->path, sizeof e->path, "%.*s", (int)in->location.n, (const char *)in->location.p);
}

static void on_failed(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	struct coap_end *e = (struct coap_end *)ctx;

	(void)session;
	(void)request;
	e->failures++;
	e->why = why;
}

static void on_closed(void *ctx, uint64_t session)
{
	struct coap_end *e = (struct coap_end *)ctx;

	(void)session;
	e->closings++;
}

static enum imp_status on_psk(
	void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	(void)ctx;
	if (imp_span_eq(identity, imp_span_str("me")))
		memcpy(key, coap_key, COAP_KEY_N);
	else if (imp_span_eq(identity, imp_span_str("peer")))
		memcpy(key, COAP_TEXT_KEY, COAP_KEY_N);
	else
		return IMP_E_ABSENT;
	*n = COAP_KEY_N;
	return IMP_OK;
}

static bool on_judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	struct coap_end *e = (struct coap_end *)ctx;

	(void)kind;
	e->judged++;
	return !e->refuses && (e->wants.n == 0 || imp_span_eq(identity, e->wants));
}

void coap_end_open(struct coap_end *e, const struct imp_net_options *options)
{
	struct imp_net_events events = { e, on_request, on_response, on_failed, on_closed, on_psk,
		on_judge };
	struct imp_diag diag = { 0 };

	memset(e, 0, sizeof *e);
	if (imp_coap_net.open(imp_coap_net.ctx, &events, options, &e->net, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

unsigned coap_end_listen(
	struct coap_end *e, const char *uri, bool psk, const struct imp_credentials *own)
{
	struct imp_diag diag = { 0 };
	unsigned port = 0;

	if (imp_coap_net.listen(e->net, uri, psk, own, &port, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
	assert_in_range(port, 1, 65535);
	return port;
}

uint64_t coap_end_connect(
	struct coap_end *e, bool secure, unsigned port, const struct imp_credentials *own)
{
	struct imp_diag diag = { 0 };
	uint64_t session = 0;
	char uri[64];

	(void)snprintf(uri, sizeof uri, "%s://127.0.0.1:%u/bs", secure ? "coaps" : "coap", port);
	if (imp_coap_net.connect(e->net, uri, own, &session, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
	assert_true(session != 0);
	return session;
}

uint64_t coap_end_send(struct coap_end *e, uint64_t session, enum imp_method method,
	const char *path, struct imp_span body)
{
	struct imp_span ep = imp_span_str("ep=x");
	struct imp_request request = { method, imp_span_str(path), &ep, 1,
		body.n ? IMP_FORMAT_TLV : IMP_FORMAT_NONE, IMP_FORMAT_NONE, body };
	uint64_t id = 0;

	assert_int_equal(imp_coap_net.send(e->net, session, &request, &id), IMP_OK);
	return id;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool coap_ends_run(
	struct coap_end *a, struct coap_end *b, const unsigned *what, unsigned n, unsigned ms)
{
	uint64_t end = now_ms() + ms;

	while (*what < n && now_ms() < end) {
		imp_coap_net.poll(a->net, b ? 0 : 20);
		if (b)
			imp_coap_net.poll(b->net, 1);
	}
	return *what >= n;
}

struct imp_credentials coap_psk(const char *identity, const uint8_t *key)
{
	return (struct imp_credentials){ .kind = IMP_PEER_PSK,
		.identity = imp_span_str(identity),
		.key = imp_span(key, COAP_KEY_N) };
}

/* ---- certificates -------------------------------------------------------------------------------
 */

static X509 *certificate(EVP_PKEY *key, const char *cn, X509 *issuer, EVP_PKEY *by)
{
	static long serial;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *e;

	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(x, key);
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage,
		issuer ? "critical,digitalSignature" : "critical,keyCertSign");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(x, by, EVP_sha256()) > 0);
	return x;
}

static size_t put(const uint8_t *der, int n, uint8_t *out, size_t room)
{
	assert_true(n > 0 && (size_t)n <= room);
	memcpy(out, der, (size_t)n);
	return (size_t)n;
}

static size_t put_cert(X509 *x, uint8_t *out, size_t room)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	size_t put_n = put(der, n, out, room);

	OPENSSL_free(der);
	return put_n;
}

void coap_pki(struct coap_pki *out, const char *cn)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = certificate(ca_key, "Test CA", NULL, ca_key);
	X509 *leaf = certificate(key, cn, ca, ca_key);
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int n;

	out->ca_n = put_cert(ca, out->ca, sizeof out->ca);
	out->cert_n = put_cert(leaf, out->cert, sizeof out->cert);
	n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	out->key_n = put(der, n, out->key, sizeof out->key);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PUBKEY(key, &der);
	out->spki_n = put(der, n, out->spki, sizeof out->spki);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	X509_free(leaf);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

struct imp_credentials coap_x509(const struct coap_pki *own, const struct coap_pki *trusts)
{
	return (struct imp_credentials){ .kind = IMP_PEER_X509,
		.identity = imp_span(own->cert, own->cert_n),
		.key = imp_span(own->key, own->key_n),
		.trust = trusts ? imp_span(trusts->ca, trusts->ca_n) : imp_span(NULL, 0) };
}

struct imp_credentials coap_rpk(const struct coap_pki *own)
{
	return (struct imp_credentials){ .kind = IMP_PEER_RPK,
		.identity = imp_span(own->spki, own->spki_n),
		.key = imp_span(own->key, own->key_n) };
}
