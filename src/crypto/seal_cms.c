/* SPDX-License-Identifier: Apache-2.0 */
/* A data key in CMS EnvelopedData: AES-256-CBC; RSA by OAEP with SHA-256, EC by ECDH with SHA-256.
 */
#include "crypto/load.h"
#include "crypto/seal.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

static void release_cms(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

/* Memory BIOs clear their octets when they are freed. */
static void release_bio(BIO **bio)
{
	BIO_free(*bio);
}

#define CMS __attribute__((cleanup(release_cms))) CMS_ContentInfo *
#define MEM __attribute__((cleanup(release_bio))) BIO *

/* SHA-1 is OpenSSL's default in both places. */
static bool modern_hash(CMS_RecipientInfo *recipient)
{
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(recipient);

	if (!ctx)
		return false;
	if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_AGREE)
		return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1;
}

static bool envelope(const struct imp_secret *key, X509 *recipient, CMS_ContentInfo **out)
{
	MEM in = BIO_new_mem_buf(key->b, (int)key->n);
	CMS cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), CMS_PARTIAL | CMS_BINARY);
	CMS_RecipientInfo *info =
		cms ? CMS_add1_recipient_cert(cms, recipient, CMS_KEY_PARAM) : NULL;

	if (!in || !info || !modern_hash(info) || CMS_final(cms, in, NULL, CMS_BINARY) != 1)
		return false;
	*out = cms;
	cms = NULL;
	return true;
}

static bool put_der(CMS_ContentInfo *cms, struct imp_wr *out)
{
	unsigned char *der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);

	if (n <= 0)
		return false;
	imp_wr_put(out, imp_span(der, (size_t)n));
	OPENSSL_free(der);
	return true;
}

static bool fit_for_sealing(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	return key && (EVP_PKEY_is_a(key, "EC") == 1 || EVP_PKEY_is_a(key, "RSA") == 1);
}

enum imp_status imp_data_key_seal_cms(const struct imp_secret *key, struct imp_span certificate,
	const char *name, struct imp_wr *out, struct imp_diag *diag)
{
	IMP_X509 x = imp_load_certificate(certificate);
	CMS cms = NULL;
	bool done;

	if (!x) {
		imp_diag(diag, IMP_E_FORMAT, "%s: not a certificate in PEM or DER", name);
		imp_diag_hint(diag, "name the certificate of the backend that receives the keys");
		return IMP_E_FORMAT;
	}
	if (!fit_for_sealing(x))
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"%s: keys can be sealed to EC and RSA certificates only", name);
	done = envelope(key, x, &cms) && put_der(cms, out);
	ERR_clear_error();
	if (!done)
		return imp_diag(diag, IMP_E_INTERNAL, "%s: sealing to it failed", name);
	return out->st;
}

static CMS_ContentInfo *parse(struct imp_span sealed)
{
	const unsigned char *p = sealed.p;
	CMS_ContentInfo *cms = NULL;

	if (sealed.n && sealed.n <= INT32_MAX)
		cms = d2i_CMS_ContentInfo(NULL, &p, (long)sealed.n);
	if (!cms || p == sealed.p + sealed.n)
		return cms;
	CMS_ContentInfo_free(cms);
	return NULL;
}

/* The content of the envelope, when it is as long as a data key. */
static bool open_envelope(CMS_ContentInfo *cms, EVP_PKEY *key, struct imp_secret *out)
{
	MEM plain = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;

	if (!plain || CMS_decrypt(cms, key, NULL, NULL, plain, CMS_BINARY) != 1)
		return false;
	n = BIO_get_mem_data(plain, &p);
	if (n != IMP_DATA_KEY)
		return false;
	memcpy(out->b, p, IMP_DATA_KEY);
	out->n = IMP_DATA_KEY;
	return true;
}

enum imp_status imp_data_key_open_cms(struct imp_span sealed, struct imp_span private_key,
	const char *name, struct imp_secret *key, struct imp_diag *diag)
{
	IMP_PKEY recipient = NULL;
	enum imp_status st = imp_load_private(private_key, &recipient);
	CMS cms = NULL;
	bool done;

	imp_secret_wipe(key);
	if (st != IMP_OK)
		return imp_diag(diag, st,
			st == IMP_E_UNSUPPORTED ? "%s: the private key is encrypted"
						: "%s: not a private key in PEM or DER",
			name);
	cms = parse(sealed);
	if (!cms || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped) {
		ERR_clear_error();
		return imp_diag(
			diag, IMP_E_FORMAT, "the sealed data key is not a CMS EnvelopedData");
	}
	done = open_envelope(cms, recipient, key);
	ERR_clear_error();
	if (done)
		return IMP_OK;
	imp_diag(diag, IMP_E_MISMATCH, "%s: does not open the batch's data key", name);
	imp_diag_hint(diag, "give the private key of the certificate that the profile seals to");
	return IMP_E_MISMATCH;
}
