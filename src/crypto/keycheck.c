/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keycheck.h"

#include "crypto/asn1.h"
#include "crypto/load.h"

#include <openssl/err.h>
#include <string.h>

#define EC_BITS_MIN 255 /* B3 */
#define RSA_BITS_MIN 2048

/* ---- which form is it (B1) ---- */

/*
 * By the octets behind the outer header: version 0 and a SEQUENCE is PKCS#8 version 1; version 1
 * and an OCTET STRING is SEC1; version 1 and a SEQUENCE is OneAsymmetricKey version 2; a SEQUENCE
 * at once is an EncryptedPrivateKeyInfo.
 */
static enum imp_status judge_form(struct imp_span key)
{
	struct imp_rd file = imp_rd(key), rd;
	struct imp_span version;

	if (imp_is_pem(key))
		return IMP_E_UNSUPPORTED;
	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	if (imp_rd_done(&file) != IMP_OK)
		return IMP_E_FORMAT;
	if (imp_rd_peek(&rd) == IMP_ASN1_SEQUENCE)
		return IMP_E_UNSUPPORTED;
	version = imp_asn1_take(&rd, IMP_ASN1_INTEGER, NULL);
	if (rd.st != IMP_OK || version.n != 1 || version.p[0] > 1)
		return IMP_E_FORMAT;
	if (version.p[0] == 0)
		return imp_rd_peek(&rd) == IMP_ASN1_SEQUENCE ? IMP_OK : IMP_E_FORMAT;
	if (imp_rd_peek(&rd) == IMP_ASN1_SEQUENCE)
		return IMP_E_UNSUPPORTED;
	return imp_rd_peek(&rd) == IMP_ASN1_OCTET_STRING ? IMP_OK : IMP_E_FORMAT;
}

/* ---- what OpenSSL reads over ---- */

/* A BIT STRING with a point: no spare bits, and not the hybrid form that no device knows. */
static bool is_point(struct imp_span bits)
{
	return bits.n >= 2 && bits.p[0] == 0 && bits.p[1] >= 0x02 && bits.p[1] <= 0x04;
}

/* ECPrivateKey of RFC 5915: version 1, and a point that is well formed where there is one. */
static bool strict_sec1(struct imp_span key)
{
	struct imp_rd file = imp_rd(key), rd, point;
	struct imp_span version, bits;

	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	version = imp_asn1_take(&rd, IMP_ASN1_INTEGER, NULL);
	(void)imp_asn1_take(&rd, IMP_ASN1_OCTET_STRING, NULL);
	if (imp_rd_peek(&rd) == IMP_ASN1_CONTEXT_CONSTRUCTED(0))
		(void)imp_asn1_take(&rd, IMP_ASN1_CONTEXT_CONSTRUCTED(0), NULL);
	if (imp_rd_done(&file) != IMP_OK || rd.st != IMP_OK || version.n != 1 || version.p[0] != 1)
		return false;
	if (rd.n == 0)
		return true;
	point = imp_rd(imp_asn1_take(&rd, IMP_ASN1_CONTEXT_CONSTRUCTED(1), NULL));
	bits = imp_asn1_take(&point, IMP_ASN1_BIT_STRING, NULL);
	return imp_rd_done(&rd) == IMP_OK && imp_rd_done(&point) == IMP_OK && is_point(bits);
}

/* An EC key as SEC1, or the SEC1 inside of PKCS#8. */
static bool strict_ec_private(struct imp_span key)
{
	struct imp_rd file = imp_rd(key), rd;

	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	(void)imp_asn1_take(&rd, IMP_ASN1_INTEGER, NULL);
	if (imp_rd_peek(&rd) != IMP_ASN1_SEQUENCE)
		return strict_sec1(key);
	(void)imp_asn1_take(&rd, IMP_ASN1_SEQUENCE, NULL);
	return strict_sec1(imp_asn1_take(&rd, IMP_ASN1_OCTET_STRING, NULL));
}

static bool strict_spki(struct imp_span spki, bool ec)
{
	struct imp_rd file = imp_rd(spki), rd;
	struct imp_span bits;

	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	(void)imp_asn1_take(&rd, IMP_ASN1_SEQUENCE, NULL);
	bits = imp_asn1_take(&rd, IMP_ASN1_BIT_STRING, NULL);
	if (imp_rd_done(&file) != IMP_OK || imp_rd_done(&rd) != IMP_OK)
		return false;
	return ec ? is_point(bits) : bits.n >= 2 && bits.p[0] == 0;
}

/* ---- judging ---- */

/* B3: curves from 255 bits on, the two of 255 bits by name; RSA from 2048. */
static enum imp_status judge_strength(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "EC") == 1)
		return bits >= EC_BITS_MIN ? IMP_OK : IMP_E_UNSUPPORTED;
	if (EVP_PKEY_is_a(key, "RSA") == 1)
		return bits >= RSA_BITS_MIN ? IMP_OK : IMP_E_UNSUPPORTED;
	if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "X25519") == 1)
		return IMP_OK;
	return IMP_E_UNSUPPORTED;
}

/* The private key is in range, and a public key written beside it is its own. */
static enum imp_status judge_pair(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_private_check(ctx) == 1 && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status load_key(struct imp_span octets, EVP_PKEY **key)
{
	enum imp_status st = judge_form(octets);

	if (st == IMP_OK)
		st = imp_load_private(octets, key);
	if (st == IMP_OK)
		st = judge_strength(*key);
	if (st == IMP_OK && EVP_PKEY_is_a(*key, "EC") == 1 && !strict_ec_private(octets))
		st = IMP_E_FORMAT;
	if (st == IMP_OK)
		st = judge_pair(*key);
	return st;
}

static enum imp_status load_public(struct imp_span pub, bool certificate, EVP_PKEY **key)
{
	if (imp_is_pem(pub))
		return IMP_E_UNSUPPORTED;
	if (certificate) {
		IMP_X509 x = imp_load_certificate(pub);

		*key = x ? X509_get_pubkey(x) : NULL;
	} else {
		*key = imp_load_public(pub);
	}
	if (!*key || (!certificate && !strict_spki(pub, EVP_PKEY_is_a(*key, "EC") == 1)))
		return IMP_E_FORMAT;
	return judge_strength(*key);
}

/* ---- the seam ---- */

static enum imp_status pair(void *ctx, struct imp_span key, struct imp_span pub, bool certificate)
{
	IMP_PKEY private = NULL;
	IMP_PKEY public = NULL;
	enum imp_status st = load_key(key, &private);

	(void)ctx;
	if (st == IMP_OK && pub.n)
		st = load_public(pub, certificate, &public);
	if (st == IMP_OK && pub.n && EVP_PKEY_eq(private, public) != 1)
		st = IMP_E_MISMATCH;
	ERR_clear_error();
	return st;
}

static enum imp_status common_name(
	void *ctx, struct imp_span certificate, char *cn, size_t cap, size_t *n)
{
	IMP_X509 x = imp_load_certificate(certificate);
	const X509_NAME *name;
	unsigned char *text = NULL;
	int last, len;

	(void)ctx;
	if (!x)
		return IMP_E_FORMAT;
	name = X509_get_subject_name(x);
	last = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (last < 0) {
		*n = 0;
		return IMP_OK;
	}
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	if (len < 0 || (size_t)len > cap) {
		OPENSSL_free(text);
		ERR_clear_error();
		return len < 0 ? IMP_E_FORMAT : IMP_E_SPACE;
	}
	memcpy(cn, text, (size_t)len);
	*n = (size_t)len;
	OPENSSL_free(text);
	return IMP_OK;
}

static enum imp_status public_key(void *ctx, struct imp_span pub, bool certificate)
{
	IMP_PKEY key = NULL;
	enum imp_status st = load_public(pub, certificate, &key);

	(void)ctx;
	ERR_clear_error();
	return st;
}

const struct imp_keycheck imp_keycheck_openssl = { NULL, pair, common_name, public_key };
