/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static EVP_PKEY *generate(enum pki_key key)
{
	switch (key) {
	case PKI_P256:
		return EVP_EC_gen("P-256");
	case PKI_P384:
		return EVP_EC_gen("P-384");
	case PKI_P224:
		return EVP_EC_gen("P-224");
	case PKI_RSA2048:
		return EVP_RSA_gen(2048);
	case PKI_RSA1024:
		return EVP_RSA_gen(1024);
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
	return NULL;
}

static void extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void extensions(X509 *x, const struct pki_options *o)
{
	if (!o->no_constraints)
		extend(x, NID_basic_constraints,
			o->leaf ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (!o->leaf)
		extend(x, NID_key_usage,
			o->no_cert_sign ? "critical,cRLSign" : "critical,keyCertSign,cRLSign");
	if (!o->no_key_id)
		extend(x, NID_subject_key_identifier, "hash");
}

static X509 *certificate(EVP_PKEY *key, const struct pki_options *o)
{
	const char *cn = o->cn ? o->cn : "Factory CA 01";
	bool usual = o->before == 0 && o->after == 0;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	assert_int_equal(X509_set_version(x, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 4711), 1);
	ASN1_TIME_set(X509_getm_notBefore(x), PKI_NOW + (usual ? -PKI_YEAR : o->before));
	ASN1_TIME_set(X509_getm_notAfter(x), PKI_NOW + (usual ? PKI_YEAR : o->after));
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Example", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(x, name);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	extensions(x, o);
	assert_true(X509_sign(x, key, o->key == PKI_ED25519 ? NULL : EVP_sha256()) > 0);
	return x;
}

static struct imp_span keep(const void *p, long n)
{
	uint8_t *copy = malloc((size_t)n);

	assert_true(n > 0);
	assert_non_null(copy);
	memcpy(copy, p, (size_t)n);
	return imp_span(copy, (size_t)n);
}

static struct imp_span take_bio(BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	struct imp_span s = keep(p, n);

	BIO_free(bio);
	return s;
}

static struct imp_span take_der(uint8_t *der, int n)
{
	struct imp_span s = keep(der, n);

	OPENSSL_free(der);
	return s;
}

static void private_forms(struct pki *pki, EVP_PKEY *key)
{
	static unsigned char password[] = "imprint";
	BIO *der = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem()), *enc = BIO_new(BIO_s_mem());

	i2d_PKCS8PrivateKey_bio(der, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_PrivateKey(enc, key, EVP_aes_128_cbc(), password, 7, NULL, NULL);
	pki->key = take_bio(der);
	pki->key_pem = take_bio(pem);
	pki->key_encrypted = take_bio(enc);
}

static void public_forms(struct pki *pki, EVP_PKEY *key, X509 *x)
{
	BIO *cert = BIO_new(BIO_s_mem()), *pub = BIO_new(BIO_s_mem());
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);

	pki->cert = take_der(der, n);
	der = NULL;
	n = i2d_PUBKEY(key, &der);
	pki->spki = take_der(der, n);
	PEM_write_bio_X509(cert, x);
	PEM_write_bio_PUBKEY(pub, key);
	pki->cert_pem = take_bio(cert);
	pki->spki_pem = take_bio(pub);
}

void pki_make(struct pki *pki, const struct pki_options *options)
{
	EVP_PKEY *key = generate(options->key);
	X509 *x;

	assert_non_null(key);
	x = certificate(key, options);
	private_forms(pki, key);
	public_forms(pki, key, x);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void drop(struct imp_span *s)
{
	void *p;

	memcpy(&p, &s->p, sizeof p);
	free(p);
	*s = imp_span(NULL, 0);
}

void pki_free(struct pki *pki)
{
	drop(&pki->cert);
	drop(&pki->cert_pem);
	drop(&pki->key);
	drop(&pki->key_pem);
	drop(&pki->key_encrypted);
	drop(&pki->spki);
	drop(&pki->spki_pem);
}
