/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of one account and its Security instance, /0/i. */
#include "crypto/seal.h"
#include "crypto/server_key.h"
#include "factory/maker_parts.h"

#include <stdlib.h>
#include <string.h>

enum { URI = 0, BOOTSTRAP, MODE, IDENTITY, SERVER_KEY, SECRET, SSID = 10, HOLD_OFF, TIMEOUT };
enum { MATCHING = 13, SNI, USAGE, SUITES, OSCORE };

#define SERVER_KEY_FILE_MAX 65536
#define SERVER_KEY_MAX 8192

/* ---- server key ---- */

/* B2, B13: rpk takes a bare public key, x509 a certificate. */
static enum imp_status judge_server_key(
	const struct imp_profile_account *a, bool certificate, struct imp_diag *diag)
{
	if (certificate == (a->security == IMP_SECURITY_X509))
		return IMP_OK;
	imp_diag(diag, IMP_E_INCONSISTENT, "%s: %s, but security %s takes %s", a->server_key,
		certificate ? "a certificate" : "a bare public key", imp_security_name(a->security),
		certificate ? "a bare public key" : "a certificate");
	if (certificate)
		imp_diag_hint(
			diag, "extract it: openssl x509 -in %s -noout -pubkey", a->server_key);
	else
		imp_diag_hint(diag, "name the certificate of the server or of its CA");
	return IMP_E_INCONSISTENT;
}

enum imp_status imp_maker_server_key(struct imp_maker *m, size_t i, struct imp_diag *diag)
{
	const struct imp_profile_account *a = &m->profile->accounts[i];
	struct imp_blob *key = &m->accounts[i].server_key;
	IMP_BLOB file = { NULL, 0 };
	struct imp_wr out;
	bool certificate;
	enum imp_status st;

	if (!a->server_key)
		return IMP_OK;
	st = imp_file_read(a->server_key, SERVER_KEY_FILE_MAX, &file, diag);
	if (st != IMP_OK)
		return st;
	key->p = malloc(SERVER_KEY_MAX);
	if (!key->p)
		return imp_diag(diag, IMP_E_INTERNAL, "no memory for a server key");
	out = imp_wr(key->p, SERVER_KEY_MAX);
	st = imp_server_key(imp_blob_span(&file), a->matching_type > 0 ? (int)a->matching_type : 0,
		&out, &certificate);
	if (st != IMP_OK) {
		imp_diag(diag, st, "%s: %s", a->server_key,
			st == IMP_E_UNSUPPORTED ? "a key that is too weak or of an unknown kind"
						: "neither a certificate nor a public key");
		imp_diag_hint(diag, "name the server's certificate or SubjectPublicKeyInfo, PEM or "
				    "DER");
		return st;
	}
	key->n = out.n;
	return judge_server_key(a, certificate, diag);
}

/* ---- credentials ---- */

static enum imp_status fingerprint(
	struct imp_made *made, size_t i, enum imp_credential_kind kind, struct imp_span octets)
{
	bool secret = kind == IMP_CREDENTIAL_PSK || kind == IMP_CREDENTIAL_OSCORE_SECRET;
	uint8_t hash[IMP_SHA256];
	enum imp_status st = secret ? imp_fingerprint_secret(octets, hash)
				    : imp_fingerprint_public(octets, hash);

	return st == IMP_OK ? imp_made_credential(made, i, kind, imp_span(hash, sizeof hash)) : st;
}

static enum imp_status make_psk(
	struct imp_maker *m, size_t i, struct imp_secret *psk, struct imp_made *made)
{
	struct imp_span identity = m->row->accounts[i].identity;
	size_t n = m->profile->accounts[i].psk_length;
	enum imp_status st;

	if (n == 0 || n > sizeof psk->b)
		return IMP_E_INTERNAL;
	st = imp_drawer_take(&m->drawer, psk->b, n);
	psk->n = n;
	if (st == IMP_OK)
		st = imp_made_credential(made, i, IMP_CREDENTIAL_PSK_IDENTITY, identity);
	if (st == IMP_OK)
		st = fingerprint(made, i, IMP_CREDENTIAL_PSK, imp_span(psk->b, psk->n));
	return st;
}

static enum imp_status make_key(
	struct imp_maker *m, size_t i, struct imp_keypair *pair, struct imp_made *made)
{
	struct imp_maker_account *a = &m->accounts[i];
	enum imp_status st = imp_keygen_make(m->keygen, pair);

	if (st != IMP_OK)
		return st;
	imp_keypair_pkcs8(pair, a->pkcs8);
	imp_point_spki(pair->point, a->spki);
	a->has_key = true;
	return fingerprint(made, i, IMP_CREDENTIAL_PUBLIC_KEY, imp_span(a->spki, sizeof a->spki));
}

static enum imp_status make_certificate(struct imp_maker *m, size_t i, const uint8_t *point,
	struct imp_made *made, struct imp_diag *diag)
{
	struct imp_maker_account *a = &m->accounts[i];
	struct imp_wr out = imp_wr(a->certificate, sizeof a->certificate);
	struct imp_cert_request request = {
		.subject = m->row->subject,
		.endpoint = m->row->endpoint,
		.not_before = m->not_before,
		.not_after = m->not_after,
		.point = point,
	};
	enum imp_status st = imp_drawer_take(&m->drawer, request.serial, sizeof request.serial);

	if (st != IMP_OK)
		return imp_diag(diag, st, "no random octets for a serial number");
	request.serial[0] = (request.serial[0] & 0x3F) | 0x40;
	st = imp_issuer_issue(m->issuer, &request, &out, diag);
	if (st == IMP_OK)
		st = imp_issuer_verify(m->issuer, imp_wr_span(&out), &request, diag);
	if (st != IMP_OK)
		return st;
	a->certificate_n = out.n;
	return imp_made_credential(made, i, IMP_CREDENTIAL_CERT_SERIAL,
		imp_span(request.serial, sizeof request.serial));
}

/* ---- resources ---- */

static enum imp_status put(struct imp_maker *m, size_t i, uint16_t resource, struct imp_span octets)
{
	return imp_set_put_octets(&m->set, IMP_OBJ_SECURITY, (uint16_t)i, resource, octets);
}

static enum imp_status put_int(struct imp_maker *m, size_t i, uint16_t resource, int64_t v)
{
	if (v == IMP_LEFT_OUT)
		return IMP_OK;
	return imp_set_put_int(&m->set, IMP_OBJ_SECURITY, (uint16_t)i, resource, v);
}

/* D1: a key resource that the mode does not use is empty for 1.0 and 1.1, absent from 1.2 on. */
static enum imp_status put_key(
	struct imp_maker *m, size_t i, uint16_t resource, struct imp_span octets)
{
	const struct imp_profile *p = m->profile;
	bool writes_unused = p->enabler_major == 1 && p->enabler_minor < 2;

	return octets.n || writes_unused ? put(m, i, resource, octets) : IMP_OK;
}

static enum imp_status put_keys(
	struct imp_maker *m, size_t i, struct imp_span identity, struct imp_span secret)
{
	enum imp_status st = put_key(m, i, IDENTITY, identity);

	if (st == IMP_OK)
		st = put_key(m, i, SERVER_KEY, imp_blob_span(&m->accounts[i].server_key));
	if (st == IMP_OK)
		st = put_key(m, i, SECRET, secret);
	return st;
}

static enum imp_status put_psk(struct imp_maker *m, size_t i, struct imp_made *made)
{
	IMP_SECRET psk = { .n = 0 };
	enum imp_status st = make_psk(m, i, &psk, made);

	if (st != IMP_OK)
		return st;
	return put_keys(m, i, m->row->accounts[i].identity, imp_span(psk.b, psk.n));
}

static enum imp_status put_key_pair(
	struct imp_maker *m, size_t i, struct imp_made *made, struct imp_diag *diag)
{
	const struct imp_maker_account *a = &m->accounts[i];
	IMP_KEYPAIR pair;
	struct imp_span identity = imp_span(a->spki, sizeof a->spki);
	enum imp_status st = make_key(m, i, &pair, made);

	if (st == IMP_OK && m->profile->accounts[i].security == IMP_SECURITY_X509) {
		st = make_certificate(m, i, pair.point, made, diag);
		identity = imp_span(a->certificate, a->certificate_n);
	}
	if (st == IMP_OK)
		st = put_keys(m, i, identity, imp_span(a->pkcs8, sizeof a->pkcs8));
	return st;
}

static enum imp_status put_credentials(
	struct imp_maker *m, size_t i, struct imp_made *made, struct imp_diag *diag)
{
	switch (m->profile->accounts[i].security) {
	case IMP_SECURITY_PSK:
		return put_psk(m, i, made);
	case IMP_SECURITY_RPK:
	case IMP_SECURITY_X509:
		return put_key_pair(m, i, made, diag);
	case IMP_SECURITY_NONE:
		return put_keys(m, i, imp_span(NULL, 0), imp_span(NULL, 0));
	}
	return IMP_E_INTERNAL;
}

/*
 * 0/x/12 by D15: persistent keys leave it out, unless the profile writes 0; non-persistent ones
 * must carry it, and where the profile names no time they carry 1, the smallest there is.
 */
static int64_t account_timeout(const struct imp_maker *m, const struct imp_profile_account *a)
{
	if (a->bootstrap && m->profile->keys == IMP_KEYS_NON_PERSISTENT &&
		a->account_timeout == IMP_LEFT_OUT)
		return 1;
	return a->account_timeout;
}

static enum imp_status put_suites(
	struct imp_maker *m, size_t i, const struct imp_profile_account *a)
{
	enum imp_status st = IMP_OK;

	for (size_t k = 0; st == IMP_OK && k < a->suites_n; k++)
		st = imp_set_put_int_at(
			&m->set, IMP_OBJ_SECURITY, (uint16_t)i, SUITES, (uint16_t)k, a->suites[k]);
	return st;
}

/* /21 is numbered over the accounts that have OSCORE. */
static enum imp_status put_oscore_link(struct imp_maker *m, size_t i)
{
	uint16_t instance = 0;

	if (!m->profile->accounts[i].oscore.present)
		return IMP_OK;
	for (size_t k = 0; k < i; k++)
		instance += m->profile->accounts[k].oscore.present;
	return imp_set_put_link(
		&m->set, IMP_OBJ_SECURITY, (uint16_t)i, OSCORE, IMP_OBJ_OSCORE, instance);
}

static enum imp_status put_server_part(
	struct imp_maker *m, size_t i, const struct imp_profile_account *a)
{
	enum imp_status st = a->bootstrap ? IMP_OK : put_int(m, i, SSID, a->ssid);

	if (st == IMP_OK)
		st = put_int(m, i, HOLD_OFF, a->hold_off);
	if (st == IMP_OK)
		st = put_int(m, i, TIMEOUT, account_timeout(m, a));
	if (st == IMP_OK)
		st = put_int(m, i, MATCHING, a->matching_type);
	if (st == IMP_OK && a->sni)
		st = put(m, i, SNI, imp_span_str(a->sni));
	if (st == IMP_OK)
		st = put_int(m, i, USAGE, a->certificate_usage);
	if (st == IMP_OK)
		st = put_suites(m, i, a);
	if (st == IMP_OK)
		st = put_oscore_link(m, i);
	return st;
}

enum imp_status imp_maker_security(
	struct imp_maker *m, size_t i, struct imp_made *made, struct imp_diag *diag)
{
	const struct imp_profile_account *a = &m->profile->accounts[i];
	struct imp_diag inner = { .status = IMP_OK };
	enum imp_status st = put(m, i, URI, imp_span_str(a->uri));

	if (st == IMP_OK)
		st = imp_set_put_bool(
			&m->set, IMP_OBJ_SECURITY, (uint16_t)i, BOOTSTRAP, a->bootstrap);
	if (st == IMP_OK)
		st = put_int(m, i, MODE, a->security);
	if (st == IMP_OK)
		st = put_credentials(m, i, made, &inner);
	if (st == IMP_OK)
		st = put_server_part(m, i, a);
	if (st == IMP_OK)
		return st;
	if (inner.status == IMP_OK)
		return imp_diag(diag, st, "account %zu (%s): %s", i, a->uri, imp_status_text(st));
	if (diag)
		*diag = inner;
	return st;
}
