/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/server_key.h"

#include "crypto/keycheck.h"
#include "crypto/load.h"

#include <openssl/err.h>

static enum imp_status put_hash(struct imp_span der, const EVP_MD *md, struct imp_wr *out)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(der.p, der.n, hash, &n, md, NULL) != 1)
		return IMP_E_INTERNAL;
	imp_wr_put(out, imp_span(hash, n));
	return out->st;
}

static enum imp_status put_value(struct imp_span der, int matching_type, struct imp_wr *out)
{
	switch (matching_type) {
	case 0:
		imp_wr_put(out, der);
		return out->st;
	case 1:
		return put_hash(der, EVP_sha256(), out);
	case 2:
		return put_hash(der, EVP_sha384(), out);
	case 3:
		return put_hash(der, EVP_sha512(), out);
	default:
		return IMP_E_UNSUPPORTED;
	}
}

/* DER in OpenSSL's memory; 0 when the file holds neither. */
static int to_der(struct imp_span file, unsigned char **der, bool *is_certificate)
{
	IMP_X509 x = imp_load_certificate(file);
	IMP_PKEY key = x ? NULL : imp_load_public(file);

	*is_certificate = x != NULL;
	if (x)
		return i2d_X509(x, der);
	return key ? i2d_PUBKEY(key, der) : 0;
}

enum imp_status imp_server_key(
	struct imp_span file, int matching_type, struct imp_wr *out, bool *is_certificate)
{
	unsigned char *octets = NULL;
	bool certificate;
	int n = to_der(file, &octets, &certificate);
	struct imp_span der = imp_span(octets, n > 0 ? (size_t)n : 0);
	enum imp_status st = IMP_E_FORMAT;

	ERR_clear_error();
	if (n > 0)
		st = imp_keycheck_openssl.public_key(NULL, der, certificate);
	if (st == IMP_OK)
		st = put_value(der, matching_type, out);
	OPENSSL_free(octets);
	if (st == IMP_OK)
		*is_certificate = certificate;
	return st;
}
