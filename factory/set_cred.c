/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/set_cred.h"

#include "crypto/cert_view.h"
#include "crypto/seal.h"

static enum imp_status add(struct imp_set_creds *c, enum imp_cred_kind kind, struct imp_span value,
	struct imp_span body)
{
	if (c->n == IMP_SET_CREDS_MAX)
		return IMP_E_SPACE;
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].kind == kind && imp_span_eq(c->v[i].value, value))
			return IMP_OK;
	c->v[c->n++] = (struct imp_cred){ .kind = kind, .value = value, .body = body };
	return IMP_OK;
}

static enum imp_status add_hash(struct imp_set_creds *c, enum imp_cred_kind kind,
	struct imp_span octets, struct imp_span body)
{
	bool secret = kind == IMP_CRED_PSK || kind == IMP_CRED_OSCORE;
	uint8_t *hash;
	enum imp_status st;

	if (c->n == IMP_SET_CREDS_MAX)
		return IMP_E_SPACE;
	hash = c->hashes[c->n];
	st = secret ? imp_fingerprint_secret(octets, hash) : imp_fingerprint_public(octets, hash);
	return st == IMP_OK ? add(c, kind, imp_span(hash, IMP_SHA256), body) : st;
}

static enum imp_status add_certificate(struct imp_set_creds *c, struct imp_span certificate)
{
	struct imp_cert_view view;
	enum imp_status st = imp_cert_view(certificate, &view);

	if (st != IMP_OK)
		return IMP_E_FORMAT;
	st = add_hash(c, IMP_CRED_PUBLIC_KEY, view.spki, imp_span(NULL, 0));
	return st == IMP_OK ? add(c, IMP_CRED_CERTIFICATE, view.serial, certificate) : st;
}

static enum imp_status add_account(
	struct imp_set_creds *c, const struct imp_set *set, uint16_t account)
{
	struct imp_span identity = imp_set_octets(set, IMP_OBJ_SECURITY, account, 3);
	struct imp_span secret = imp_set_octets(set, IMP_OBJ_SECURITY, account, 5);
	enum imp_status st = IMP_OK;

	switch (imp_set_int(set, IMP_OBJ_SECURITY, account, 2, -1)) {
	case IMP_SECURITY_PSK:
		st = add(c, IMP_CRED_PSK_IDENTITY, identity, imp_span(NULL, 0));
		return st == IMP_OK ? add_hash(c, IMP_CRED_PSK, secret, imp_span(NULL, 0)) : st;
	case IMP_SECURITY_RPK:
		return add_hash(c, IMP_CRED_PUBLIC_KEY, identity, identity);
	case IMP_SECURITY_X509:
		return add_certificate(c, identity);
	default:
		return st;
	}
}

enum imp_status imp_set_creds(const struct imp_set *set, struct imp_set_creds *out)
{
	enum imp_status st = IMP_OK;

	out->n = 0;
	for (int32_t i = imp_set_next_instance(set, IMP_OBJ_SECURITY, -1); st == IMP_OK && i >= 0;
		i = imp_set_next_instance(set, IMP_OBJ_SECURITY, i))
		st = add_account(out, set, (uint16_t)i);
	for (int32_t i = imp_set_next_instance(set, IMP_OBJ_OSCORE, -1); st == IMP_OK && i >= 0;
		i = imp_set_next_instance(set, IMP_OBJ_OSCORE, i))
		st = add_hash(out, IMP_CRED_OSCORE,
			imp_set_octets(set, IMP_OBJ_OSCORE, (uint16_t)i, 0), imp_span(NULL, 0));
	return st;
}
