/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ca.h"

#include "crypto/load.h"
#include "crypto/sha256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_ID_MAX 64
#define RSA_BITS_MIN 2048

struct imp_ca {
	X509 *certificate;
	EVP_PKEY *public; /* owned by certificate */
	EVP_PKEY *key;	  /* NULL when opened without */
	unsigned char *der, *name;
	size_t der_n, name_n;
	uint8_t key_id[KEY_ID_MAX];
	size_t key_id_n;
	int64_t not_before, not_after;
	bool rsa;
};

/* ---- judging ---- */

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

static void day_text(int64_t s, char out[static 32])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

static enum imp_status load_certificate(
	struct imp_ca *ca, const struct imp_ca_source *source, struct imp_diag *diag)
{
	enum imp_status st;

	ca->certificate = imp_load_certificate(source->certificate);
	if (ca->certificate)
		return IMP_OK;
	st = imp_diag(diag, IMP_E_FORMAT, "%s: not a certificate in PEM or DER",
		source->certificate_name);
	imp_diag_hint(diag, "name the CA's certificate, as openssl x509 -in %s reads it",
		source->certificate_name);
	return st;
}

static enum imp_status judge_kind(struct imp_ca *ca, const char *name, struct imp_diag *diag)
{
	char group[32] = "";

	ca->public = X509_get0_pubkey(ca->certificate);
	if (!ca->public)
		return imp_diag(diag, IMP_E_UNSUPPORTED, "%s: unknown kind of public key", name);
	ca->rsa = EVP_PKEY_is_a(ca->public, "RSA") == 1;
	if (ca->rsa) {
		if (EVP_PKEY_get_bits(ca->public) >= RSA_BITS_MIN)
			return IMP_OK;
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"%s: RSA key of %d bits, at least %d wanted", name,
			EVP_PKEY_get_bits(ca->public), RSA_BITS_MIN);
	}
	if (EVP_PKEY_is_a(ca->public, "EC") == 1 &&
		EVP_PKEY_get_group_name(ca->public, group, sizeof group, NULL) == 1 &&
		(strcmp(group, SN_X9_62_prime256v1) == 0 || strcmp(group, SN_secp384r1) == 0))
		return IMP_OK;
	return imp_diag(diag, IMP_E_UNSUPPORTED,
		"%s: a CA's key is EC on P-256 or P-384, or RSA; this one is %s %s", name,
		EVP_PKEY_get0_type_name(ca->public), group);
}

static enum imp_status judge_usage(struct imp_ca *ca, const char *name, struct imp_diag *diag)
{
	uint32_t flags = X509_get_extension_flags(ca->certificate);
	enum imp_status st;

	if (flags & EXFLAG_INVALID)
		return imp_diag(diag, IMP_E_FORMAT, "%s: its extensions are malformed", name);
	if (!(flags & EXFLAG_CA)) {
		st = imp_diag(diag, IMP_E_INCONSISTENT,
			"%s: not a CA certificate (basicConstraints CA:TRUE is missing)", name);
		imp_diag_hint(
			diag, "name the certificate of the CA itself, not one that it issued");
		return st;
	}
	if (X509_get_key_usage(ca->certificate) & KU_KEY_CERT_SIGN)
		return IMP_OK;
	return imp_diag(diag, IMP_E_INCONSISTENT,
		"%s: its keyUsage does not allow to sign certificates (keyCertSign)", name);
}

static enum imp_status judge_time(
	struct imp_ca *ca, const char *name, int64_t now, struct imp_diag *diag)
{
	enum imp_status st;
	char when[32];

	ca->not_before = seconds(X509_get0_notBefore(ca->certificate));
	ca->not_after = seconds(X509_get0_notAfter(ca->certificate));
	if (ca->not_before == INT64_MIN || ca->not_after == INT64_MIN)
		return imp_diag(diag, IMP_E_FORMAT, "%s: malformed validity", name);
	if (now >= ca->not_before && now <= ca->not_after)
		return IMP_OK;
	day_text(now < ca->not_before ? ca->not_before : ca->not_after, when);
	st = imp_diag(diag, IMP_E_INCONSISTENT, "%s: %s %s", name,
		now < ca->not_before ? "not valid before" : "expired at", when);
	imp_diag_hint(diag, "renew the CA certificate, or correct the clock of this machine");
	return st;
}

static enum imp_status load_key(
	struct imp_ca *ca, const struct imp_ca_source *source, struct imp_diag *diag)
{
	enum imp_status st = imp_load_private(source->key, &ca->key);

	if (st == IMP_E_UNSUPPORTED) {
		imp_diag(diag, st, "%s: the private key is encrypted", source->key_name);
		imp_diag_hint(diag,
			"give the decrypted key in a file that only you can read: "
			"openssl pkey -in %s -out NEW",
			source->key_name);
		return st;
	}
	if (st != IMP_OK)
		return imp_diag(diag, st, "%s: not a private key in PEM or DER", source->key_name);
	if (EVP_PKEY_eq(ca->public, ca->key) == 1)
		return IMP_OK;
	ERR_clear_error();
	st = imp_diag(diag, IMP_E_INCONSISTENT, "%s: the private key does not belong to %s",
		source->key_name, source->certificate_name);
	imp_diag_hint(diag, "name the key with which this CA certificate was made");
	return st;
}

/* ---- what issuing needs ---- */

static bool key_id(struct imp_ca *ca)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(ca->certificate);
	unsigned n = sizeof ca->key_id;

	if (!id) {
		if (X509_pubkey_digest(ca->certificate, EVP_sha1(), ca->key_id, &n) != 1)
			return false;
		ca->key_id_n = n;
		return true;
	}
	ca->key_id_n = (size_t)ASN1_STRING_length(id);
	if (ca->key_id_n > sizeof ca->key_id)
		return false;
	memcpy(ca->key_id, ASN1_STRING_get0_data(id), ca->key_id_n);
	return true;
}

static enum imp_status collect(struct imp_ca *ca, const char *name, struct imp_diag *diag)
{
	int der_n = i2d_X509(ca->certificate, &ca->der);
	int name_n = i2d_X509_NAME(X509_get_subject_name(ca->certificate), &ca->name);

	if (der_n <= 0 || name_n <= 0 || !key_id(ca))
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"%s: a key identifier of more than %d octets", name, KEY_ID_MAX);
	ca->der_n = (size_t)der_n;
	ca->name_n = (size_t)name_n;
	/* RFC 5280 4.1.2.6: a CA has a name. */
	if (ca->name_n <= 2)
		return imp_diag(diag, IMP_E_INCONSISTENT, "%s: a CA without a subject", name);
	return IMP_OK;
}

static enum imp_status open_ca(
	struct imp_ca *ca, const struct imp_ca_source *source, int64_t now, struct imp_diag *diag)
{
	const char *name = source->certificate_name;
	enum imp_status st = load_certificate(ca, source, diag);

	if (st == IMP_OK)
		st = judge_kind(ca, name, diag);
	if (st == IMP_OK)
		st = judge_usage(ca, name, diag);
	if (st == IMP_OK)
		st = judge_time(ca, name, now, diag);
	if (st == IMP_OK && source->key_name)
		st = load_key(ca, source, diag);
	if (st == IMP_OK)
		st = collect(ca, name, diag);
	return st;
}

enum imp_status imp_ca_open(
	const struct imp_ca_source *source, int64_t now, struct imp_ca **out, struct imp_diag *diag)
{
	struct imp_ca *ca = calloc(1, sizeof *ca);
	enum imp_status st;

	if (!ca)
		return imp_diag(diag, IMP_E_INTERNAL, "no memory for a CA");
	st = open_ca(ca, source, now, diag);
	ERR_clear_error();
	if (st != IMP_OK) {
		imp_ca_close(ca);
		return st;
	}
	*out = ca;
	return IMP_OK;
}

void imp_ca_close(struct imp_ca *ca)
{
	if (!ca)
		return;
	X509_free(ca->certificate);
	EVP_PKEY_free(ca->key);
	OPENSSL_free(ca->der);
	OPENSSL_free(ca->name);
	free(ca);
}

struct imp_span imp_ca_name(const struct imp_ca *ca)
{
	return imp_span(ca->name, ca->name_n);
}

struct imp_span imp_ca_key_id(const struct imp_ca *ca)
{
	return imp_span(ca->key_id, ca->key_id_n);
}

struct imp_span imp_ca_certificate(const struct imp_ca *ca)
{
	return imp_span(ca->der, ca->der_n);
}

int64_t imp_ca_not_before(const struct imp_ca *ca)
{
	return ca->not_before;
}

int64_t imp_ca_not_after(const struct imp_ca *ca)
{
	return ca->not_after;
}

/* ---- signer ---- */

struct imp_signer {
	EVP_PKEY_CTX *sign, *verify;
	bool rsa;
};

static bool prepare(EVP_PKEY_CTX *ctx, bool rsa)
{
	return EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	       (!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
}

static bool open_signer(const struct imp_ca *ca, struct imp_signer *s)
{
	s->rsa = ca->rsa;
	s->sign = EVP_PKEY_CTX_new_from_pkey(NULL, ca->key, NULL);
	s->verify = EVP_PKEY_CTX_new_from_pkey(NULL, ca->public, NULL);
	return s->sign && s->verify && EVP_PKEY_sign_init(s->sign) == 1 &&
	       EVP_PKEY_verify_init(s->verify) == 1 && prepare(s->sign, s->rsa) &&
	       prepare(s->verify, s->rsa) && EVP_PKEY_get_size(ca->key) <= IMP_SIGNATURE_MAX;
}

enum imp_status imp_signer_open(const struct imp_ca *ca, struct imp_signer **out)
{
	struct imp_signer *s;

	if (!ca->key)
		return IMP_E_DENIED;
	s = calloc(1, sizeof *s);
	if (!s)
		return IMP_E_INTERNAL;
	if (!open_signer(ca, s)) {
		ERR_clear_error();
		imp_signer_close(s);
		return IMP_E_INTERNAL;
	}
	*out = s;
	return IMP_OK;
}

void imp_signer_close(struct imp_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_CTX_free(signer->sign);
	EVP_PKEY_CTX_free(signer->verify);
	free(signer);
}

struct imp_span imp_signer_algorithm(const struct imp_signer *signer)
{
	/* ecdsa-with-SHA256 has no parameters, sha256WithRSAEncryption has NULL. */
	static const uint8_t ecdsa[] = { 0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04,
		0x03, 0x02 };
	static const uint8_t rsa[] = { 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D,
		0x01, 0x01, 0x0B, 0x05, 0x00 };

	return signer->rsa ? imp_span(rsa, sizeof rsa) : imp_span(ecdsa, sizeof ecdsa);
}

enum imp_status imp_signer_sign(struct imp_signer *signer, struct imp_span octets,
	uint8_t sig[static IMP_SIGNATURE_MAX], size_t *n)
{
	uint8_t hash[IMP_SHA256];
	size_t got = IMP_SIGNATURE_MAX;
	enum imp_status st = imp_sha256(octets, hash);

	if (st != IMP_OK)
		return st;
	if (EVP_PKEY_sign(signer->sign, sig, &got, hash, sizeof hash) != 1) {
		ERR_clear_error();
		return IMP_E_INTERNAL;
	}
	*n = got;
	return IMP_OK;
}

enum imp_status imp_signer_verify(
	struct imp_signer *signer, struct imp_span octets, struct imp_span sig)
{
	uint8_t hash[IMP_SHA256];
	enum imp_status st = imp_sha256(octets, hash);

	if (st != IMP_OK)
		return st;
	if (EVP_PKEY_verify(signer->verify, sig.p, sig.n, hash, sizeof hash) == 1)
		return IMP_OK;
	ERR_clear_error();
	return IMP_E_MISMATCH;
}
