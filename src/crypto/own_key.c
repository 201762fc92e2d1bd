/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/own_key.h"

#include "crypto/load.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

/* n octets of an OpenSSL encoder, released and wiped. */
static enum imp_status take(unsigned char *der, int n, struct imp_wr *out)
{
	if (n <= 0)
		return IMP_E_INTERNAL;
	imp_wr_put(out, imp_span(der, (size_t)n));
	OPENSSL_clear_free(der, (size_t)n);
	if (out->st == IMP_OK)
		return IMP_OK;
	imp_wipe(out->p, out->n);
	return out->st;
}

enum imp_status imp_own_private(struct imp_span file, struct imp_wr *out)
{
	IMP_PKEY key = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	enum imp_status st = imp_load_private(file, &key);
	int n;

	if (st != IMP_OK)
		return st;
	info = EVP_PKEY2PKCS8(key);
	if (!info)
		return IMP_E_INTERNAL;
	n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return take(der, n, out);
}

enum imp_status imp_own_public(struct imp_span file, struct imp_wr *out)
{
	IMP_PKEY key = NULL;
	unsigned char *der = NULL;
	enum imp_status st = imp_load_private(file, &key);
	int n;

	if (st != IMP_OK)
		return st;
	n = i2d_PUBKEY(key, &der);
	return take(der, n, out);
}

enum imp_status imp_own_certificate(struct imp_span file, struct imp_wr *out)
{
	IMP_X509 certificate = imp_load_certificate(file);
	unsigned char *der = NULL;
	int n;

	if (!certificate)
		return IMP_E_FORMAT;
	n = i2d_X509(certificate, &der);
	return take(der, n, out);
}

enum imp_status imp_own_pair(struct imp_span key_file, struct imp_span certificate_file)
{
	IMP_X509 certificate = imp_load_certificate(certificate_file);
	IMP_PKEY key = NULL;
	enum imp_status st = imp_load_private(key_file, &key);

	if (st != IMP_OK)
		return st;
	if (!certificate)
		return IMP_E_FORMAT;
	return X509_check_private_key(certificate, key) == 1 ? IMP_OK : IMP_E_MISMATCH;
}
