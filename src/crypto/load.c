/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/load.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* The largest file worth parsing; above it lengths no longer fit the types of OpenSSL. */
#define FILE_MAX (16U << 20)

void imp_x509_release(X509 **x)
{
	X509_free(*x);
}

void imp_pkey_release(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

bool imp_is_pem(struct imp_span file)
{
	static const char begin[] = "-----BEGIN ";

	return file.n && memmem(file.p, file.n, begin, sizeof begin - 1);
}

static BIO *bio(struct imp_span file)
{
	return file.n && file.n <= FILE_MAX ? BIO_new_mem_buf(file.p, (int)file.n) : NULL;
}

/* Called for an encrypted key: note that, and give no password. */
static int no_password(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static X509 *pem_certificate(struct imp_span file)
{
	bool asked = false;
	BIO *in = bio(file);
	X509 *x = in ? PEM_read_bio_X509(in, NULL, no_password, &asked) : NULL;

	BIO_free(in);
	return x;
}

static X509 *der_certificate(struct imp_span file)
{
	const unsigned char *p = file.p;
	X509 *x = file.n && file.n <= FILE_MAX ? d2i_X509(NULL, &p, (long)file.n) : NULL;

	if (!x || p == file.p + file.n)
		return x;
	X509_free(x);
	return NULL;
}

X509 *imp_load_certificate(struct imp_span file)
{
	X509 *x = imp_is_pem(file) ? pem_certificate(file) : der_certificate(file);

	ERR_clear_error();
	return x;
}

static enum imp_status pem_private(struct imp_span file, EVP_PKEY **out)
{
	bool asked = false;
	BIO *in = bio(file);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, &asked) : NULL;

	BIO_free(in);
	if (!key)
		return asked ? IMP_E_UNSUPPORTED : IMP_E_FORMAT;
	*out = key;
	return IMP_OK;
}

/* EncryptedPrivateKeyInfo: an AlgorithmIdentifier and an OCTET STRING. */
static bool encrypted_der(struct imp_span file)
{
	const unsigned char *p = file.p;
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)file.n);

	X509_SIG_free(sig);
	return sig != NULL;
}

static enum imp_status der_private(struct imp_span file, EVP_PKEY **out)
{
	const unsigned char *p = file.p;
	EVP_PKEY *key;

	if (file.n == 0 || file.n > FILE_MAX)
		return IMP_E_FORMAT;
	key = d2i_AutoPrivateKey(NULL, &p, (long)file.n);
	if (!key)
		return encrypted_der(file) ? IMP_E_UNSUPPORTED : IMP_E_FORMAT;
	if (p != file.p + file.n) {
		EVP_PKEY_free(key);
		return IMP_E_FORMAT;
	}
	*out = key;
	return IMP_OK;
}

enum imp_status imp_load_private(struct imp_span file, EVP_PKEY **out)
{
	enum imp_status st = imp_is_pem(file) ? pem_private(file, out) : der_private(file, out);

	ERR_clear_error();
	return st;
}

static EVP_PKEY *pem_public(struct imp_span file)
{
	bool asked = false;
	BIO *in = bio(file);
	EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, no_password, &asked) : NULL;

	BIO_free(in);
	return key;
}

static EVP_PKEY *der_public(struct imp_span file)
{
	const unsigned char *p = file.p;
	EVP_PKEY *key = file.n && file.n <= FILE_MAX ? d2i_PUBKEY(NULL, &p, (long)file.n) : NULL;

	if (!key || p == file.p + file.n)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY *imp_load_public(struct imp_span file)
{
	EVP_PKEY *key = imp_is_pem(file) ? pem_public(file) : der_public(file);

	ERR_clear_error();
	return key;
}
