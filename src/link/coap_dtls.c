/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_dtls.h"

#include "base/secret.h"
#include "link/coap_net.h"

#include <gnutls/abstract.h>
#include <gnutls/dtls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ID_MAX 64
#define CHAIN_DEPTH 3

/* ---- check and copy ----------------------------------------------------------------------------
 */

static gnutls_datum_t datum(struct imp_span s)
{
	gnutls_datum_t d = { .size = (unsigned)s.n };

	memcpy(&d.data, &s.p, sizeof d.data); /* GnuTLS does not write to it */
	return d;
}

struct key_id {
	uint8_t octets[KEY_ID_MAX];
	size_t n;
};

static bool id_of_certificate(struct imp_span der, struct key_id *id)
{
	gnutls_datum_t d = datum(der);
	gnutls_x509_crt_t c;
	bool ok;

	if (gnutls_x509_crt_init(&c) < 0)
		return false;
	id->n = sizeof id->octets;
	ok = gnutls_x509_crt_import(c, &d, GNUTLS_X509_FMT_DER) >= 0 &&
	     gnutls_x509_crt_get_key_id(c, GNUTLS_KEYID_USE_SHA256, id->octets, &id->n) >= 0;
	gnutls_x509_crt_deinit(c);
	return ok;
}

static bool id_of_public_key(struct imp_span der, struct key_id *id)
{
	gnutls_datum_t d = datum(der);
	gnutls_pubkey_t k;
	bool ok;

	if (gnutls_pubkey_init(&k) < 0)
		return false;
	id->n = sizeof id->octets;
	ok = gnutls_pubkey_import(k, &d, GNUTLS_X509_FMT_DER) >= 0 &&
	     gnutls_pubkey_get_key_id(k, GNUTLS_KEYID_USE_SHA256, id->octets, &id->n) >= 0;
	gnutls_pubkey_deinit(k);
	return ok;
}

static bool id_of_private_key(struct imp_span der, struct key_id *id)
{
	gnutls_datum_t d = datum(der);
	gnutls_x509_privkey_t k;
	bool ok;

	if (gnutls_x509_privkey_init(&k) < 0)
		return false;
	id->n = sizeof id->octets;
	ok = gnutls_x509_privkey_import2(k, &d, GNUTLS_X509_FMT_DER, NULL, 0) >= 0 &&
	     gnutls_x509_privkey_get_key_id(k, GNUTLS_KEYID_USE_SHA256, id->octets, &id->n) >= 0;
	gnutls_x509_privkey_deinit(k);
	return ok;
}

static enum imp_status check_psk(const struct imp_credentials *own, struct imp_diag *diag)
{
	if (own->identity.n == 0 || own->key.n == 0)
		return imp_diag(diag, IMP_E_USAGE, "a PSK account without identity or key");
	if (own->identity.n > IMP_PSK_IDENTITY_MAX)
		return imp_diag(diag, IMP_E_SPACE, "a PSK identity of %zu octets; at most %d",
			own->identity.n, IMP_PSK_IDENTITY_MAX);
	if (own->key.n > IMP_PSK_MAX)
		return imp_diag(diag, IMP_E_SPACE, "a PSK of %zu octets; at most %d", own->key.n,
			IMP_PSK_MAX);
	if (memchr(own->identity.p, 0, own->identity.n)) {
		(void)imp_diag(diag, IMP_E_UNSUPPORTED,
			"a PSK identity with a NUL octet cannot be used with libcoap");
		imp_diag_hint(diag, "give the account an identity of UTF-8 text");
		return IMP_E_UNSUPPORTED;
	}
	return IMP_OK;
}

static enum imp_status check_pair(const struct imp_credentials *own, struct imp_diag *diag)
{
	bool x509 = own->kind == IMP_PEER_X509;
	struct key_id public = { .n = 0 }, private = { .n = 0 }, trust = { .n = 0 };

	if (!(x509 ? id_of_certificate : id_of_public_key)(own->identity, &public))
		return imp_diag(diag, IMP_E_FORMAT, "own %s is not one in DER",
			x509 ? "certificate" : "public key");
	if (!id_of_private_key(own->key, &private))
		return imp_diag(
			diag, IMP_E_FORMAT, "own private key is neither PKCS#8 nor SEC1 in DER");
	if (public.n != private.n || memcmp(public.octets, private.octets, public.n) != 0)
		return imp_diag(diag, IMP_E_MISMATCH, "own private key is not that of the %s",
			x509 ? "certificate" : "public key");
	if (own->trust.n && (!x509 || !id_of_certificate(own->trust, &trust)))
		return imp_diag(diag, IMP_E_FORMAT, "the CA certificate is not one in DER");
	return IMP_OK;
}

static struct imp_span put(struct imp_dtls *d, struct imp_span s)
{
	uint8_t *p = d->octets + d->octets_n;

	if (s.n)
		memcpy(p, s.p, s.n);
	d->octets_n += s.n;
	return imp_span(p, s.n);
}

/* Who goes by bare keys has nothing to judge a certificate by, and a server that has both kinds
 * sends the first that it is offered. */
#define BARE_KEYS ":-CTYPE-CLI-X.509:-CTYPE-SRV-X.509"

static enum imp_status make_offer(
	const struct imp_credentials *own, gnutls_priority_t *out, struct imp_diag *diag)
{
	char text[IMP_PRIORITY_MAX + sizeof BARE_KEYS];
	enum imp_status st =
		imp_suites_priority(own ? own->suites : NULL, own ? own->suites_n : 0, text, diag);

	if (st == IMP_OK && own && own->kind == IMP_PEER_RPK)
		memcpy(text + strlen(text), BARE_KEYS, sizeof BARE_KEYS);
	if (st == IMP_OK && gnutls_priority_init(out, text, NULL) < 0)
		st = imp_diag(diag, IMP_E_UNSUPPORTED, "GnuTLS does not take '%s'", text);
	return st;
}

/* Copy what was found good. */
static enum imp_status copy(
	const struct imp_credentials *own, struct imp_dtls *d, struct imp_diag *diag)
{
	d->octets = (uint8_t *)malloc(own->identity.n + own->key.n + own->trust.n);
	if (d->octets == NULL)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	d->identity = put(d, own->identity);
	d->key = put(d, own->key);
	d->trust = put(d, own->trust);
	if (own->sni.n && own->sni.n < sizeof d->sni)
		memcpy(d->sni, own->sni.p, own->sni.n);
	if (own->suites_n)
		memcpy(d->suites, own->suites, own->suites_n * sizeof *d->suites);
	d->suites_n = own->suites_n;
	return IMP_OK;
}

enum imp_status imp_dtls(
	const struct imp_credentials *own, struct imp_dtls *out, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	if (own && own->kind == IMP_PEER_NONE)
		return imp_diag(diag, IMP_E_USAGE, "credentials of no kind");
	if (own)
		st = own->kind == IMP_PEER_PSK ? check_psk(own, diag) : check_pair(own, diag);
	if (st == IMP_OK && own && own->suites_n > IMP_SUITES_MAX)
		st = imp_diag(diag, IMP_E_SPACE, "more than %d ciphersuites", IMP_SUITES_MAX);
	if (st != IMP_OK)
		return st;
	memset(out, 0, sizeof *out);
	out->kind = own ? own->kind : IMP_PEER_PSK;
	st = make_offer(own, &out->offer, diag);
	if (st == IMP_OK && own)
		st = copy(own, out, diag);
	if (st != IMP_OK)
		imp_dtls_free(out);
	return st;
}

void imp_dtls_free(struct imp_dtls *d)
{
	if (d->octets)
		imp_wipe(d->octets, d->octets_n);
	free(d->octets);
	if (d->offer)
		gnutls_priority_deinit(d->offer);
	memset(d, 0, sizeof *d);
}

/* ---- libcoap's questions -----------------------------------------------------------------------
 */

/* libcoap copies it; wiped with that copy by imp_dtls_wipe(). */
static _Thread_local uint8_t answer[IMP_PSK_MAX];

static const coap_bin_const_t *on_identity(coap_bin_const_t *identity, coap_session_t *s, void *arg)
{
	static _Thread_local coap_bin_const_t found;
	const struct port *port = (const struct port *)arg;
	const struct imp_net_events *e = &port->net->events;
	size_t n = 0;

	(void)s;
	if (e->psk == NULL ||
		e->psk(e->ctx, imp_span(identity->s, identity->length), answer, &n) != IMP_OK)
		return NULL;
	found = (coap_bin_const_t){ n, answer };
	return n && n <= sizeof answer ? &found : NULL;
}

static enum imp_peer_kind kind_of(gnutls_session_t tls)
{
	switch (gnutls_auth_get_type(tls)) {
	case GNUTLS_CRD_PSK:
		return IMP_PEER_PSK;
	case GNUTLS_CRD_CERTIFICATE:
		return gnutls_certificate_type_get2(tls, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_RAW
			       ? IMP_PEER_RPK
			       : IMP_PEER_X509;
	case GNUTLS_CRD_ANON:
	case GNUTLS_CRD_SRP:
	case GNUTLS_CRD_IA:
	default:
		return IMP_PEER_NONE;
	}
}

/* Name and verdict of libcoap are not used: the name of a certificate may be "RPK", and there is
 * no verdict without a CA. */
static int on_certificate(const char *name, const uint8_t *der, size_t n, coap_session_t *s,
	unsigned depth, int valid, void *arg)
{
	const struct port *port = (const struct port *)arg;
	const struct imp_net_events *e = &port->net->events;
	gnutls_session_t tls = (gnutls_session_t)coap_session_get_tls(s, NULL);
	enum imp_peer_kind kind = tls ? kind_of(tls) : IMP_PEER_NONE;

	(void)name;
	(void)depth;
	return valid && kind == port->dtls.kind && e->judge &&
	       e->judge(e->ctx, kind, imp_span(der, n));
}

/* libcoap does not write to it. */
static char *sni(const struct imp_dtls *d)
{
	const char *name = d->sni[0] ? d->sni : NULL;
	char *p;

	memcpy(&p, &name, sizeof p);
	return p;
}

static void fill_pki(struct port *port, coap_dtls_pki_t *pki)
{
	const struct imp_dtls *d = &port->dtls;
	bool chain = d->trust.n > 0;

	*pki = (coap_dtls_pki_t){
		.version = COAP_DTLS_PKI_SETUP_VERSION,
		/* A server asks for a certificate only with this; see imp_dtls_prepare(). */
		.verify_peer_cert = chain || d->kind == IMP_PEER_RPK,
		.check_common_ca = chain,
		.is_rpk_not_cert = d->kind == IMP_PEER_RPK,
		.cert_chain_validation = 1,
		.cert_chain_verify_depth = CHAIN_DEPTH,
		.validate_cn_call_back = on_certificate,
		.cn_call_back_arg = port,
		.client_sni = sni(d),
		.pki_key.key_type = COAP_PKI_KEY_ASN1,
		.pki_key.key.asn1 = {
			.ca_cert = d->trust.n ? d->trust.p : NULL,
			.ca_cert_len = d->trust.n,
			.public_cert = d->identity.p,
			.public_cert_len = d->identity.n,
			.private_key = d->key.p,
			.private_key_len = d->key.n,
			/* Not _EC: libcoap would take a raw public key out of the
			 * private key, and read beyond its end. */
			.private_key_type = COAP_ASN1_PKEY_NONE,
		},
	};
}

bool imp_dtls_listen(struct port *port, bool psk)
{
	coap_dtls_spsk_t spsk = {
		.version = COAP_DTLS_SPSK_SETUP_VERSION,
		.validate_id_call_back = on_identity,
		.id_call_back_arg = port,
		/* No hint: an empty one makes clients fail. */
	};
	coap_dtls_pki_t pki;

	if (psk && !coap_context_set_psk2(port->coap, &spsk))
		return false;
	if (port->dtls.octets == NULL)
		return true;
	fill_pki(port, &pki);
	return coap_context_set_pki(port->coap, &pki);
}

coap_session_t *imp_dtls_connect(
	struct port *port, const struct imp_dtls *d, const coap_address_t *to)
{
	coap_dtls_pki_t pki;
	coap_dtls_cpsk_t cpsk;

	if (d->kind != IMP_PEER_PSK) {
		fill_pki(port, &pki);
		return coap_new_client_session_pki(port->coap, NULL, to, COAP_PROTO_DTLS, &pki);
	}
	cpsk = (coap_dtls_cpsk_t){
		.version = COAP_DTLS_CPSK_SETUP_VERSION,
		.client_sni = sni(d),
		.psk_info = { { d->identity.n, d->identity.p }, { d->key.n, d->key.p } },
	};
	return coap_new_client_session_psk2(port->coap, NULL, to, COAP_PROTO_DTLS, &cpsk);
}

/* ---- GnuTLS sessions ----------------------------------------------------------------------------
 */

/* The last message of the handshake has come, and it was right. */
static int on_finished(gnutls_session_t tls, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	coap_session_t *s = (coap_session_t *)gnutls_transport_get_ptr(tls);
	const struct port *port =
		(const struct port *)coap_get_app_data(coap_session_get_context(s));
	struct session *record = (struct session *)coap_session_get_app_data(s);

	(void)type;
	(void)when;
	(void)message;
	if (!incoming)
		return 0;
	if (!imp_suite_allowed(tls, port->dtls.suites, port->dtls.suites_n))
		return GNUTLS_E_UNKNOWN_CIPHER_SUITE;
	imp_dtls_wipe(s);
	if (record)
		record->established = true;
	return 0;
}

/*
 * libcoap's own function for this looks at descriptor 0 for a server and overruns its set with
 * descriptors above 1023.  What GnuTLS wants to know: is there something to read, or is it time to
 * send again?
 */
static int on_wait(gnutls_transport_ptr_t transport, unsigned ms)
{
	const coap_session_t *s = (const coap_session_t *)transport;
	gnutls_session_t tls = (gnutls_session_t)coap_session_get_tls(s, NULL);

	(void)ms;
	return tls == NULL || gnutls_dtls_get_timeout(tls) > 0;
}

void imp_dtls_prepare(gnutls_session_t tls)
{
	const coap_session_t *s = (const coap_session_t *)gnutls_transport_get_ptr(tls);
	const struct port *port =
		(const struct port *)coap_get_app_data(coap_session_get_context(s));

	if (port->dtls.offer)
		(void)gnutls_priority_set(tls, port->dtls.offer);
	gnutls_transport_set_pull_timeout_function(tls, on_wait);
	gnutls_handshake_set_hook_function(
		tls, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, on_finished);
	if (port->server && port->dtls.kind == IMP_PEER_X509 && port->dtls.octets)
		gnutls_certificate_server_set_request(tls, GNUTLS_CERT_REQUIRE);
}

void imp_dtls_peer(const struct session *s, enum imp_peer_kind *kind, struct imp_span *identity)
{
	gnutls_session_t tls =
		s->secure ? (gnutls_session_t)coap_session_get_tls(s->coap, NULL) : NULL;
	const coap_bin_const_t *psk;
	const gnutls_datum_t *list;
	unsigned n = 0;

	*kind = tls ? kind_of(tls) : IMP_PEER_NONE;
	*identity = imp_span(NULL, 0);
	if (*kind == IMP_PEER_PSK) {
		psk = coap_session_get_psk_identity(s->coap);
		if (psk)
			*identity = imp_span(psk->s, psk->length);
	} else if (*kind != IMP_PEER_NONE) {
		list = gnutls_certificate_get_peers(tls, &n);
		if (list && n)
			*identity = imp_span(list[0].data, list[0].size);
	}
}

void imp_dtls_wipe(coap_session_t *s)
{
	const coap_bin_const_t *key = coap_session_get_psk_key(s);
	uint8_t *p;

	imp_wipe(answer, sizeof answer);
	if (key == NULL)
		return;
	memcpy(&p, &key->s, sizeof p); /* libcoap's heap */
	imp_wipe(p, key->length);
}
