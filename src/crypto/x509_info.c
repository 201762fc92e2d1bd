/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_info.h"

#include "crypto/load.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A name as RFC 4514 text; UTF-8 stays UTF-8. */
static enum imp_status name_text(const X509_NAME *name, char *out, size_t cap)
{
	BIO *mem = BIO_new(BIO_s_mem());
	enum imp_status st = IMP_E_FORMAT;
	char *p = NULL;
	long n;

	if (mem && X509_NAME_print_ex(mem, name, 0,
			   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		n = BIO_get_mem_data(mem, &p);
		st = n >= 0 && (size_t)n < cap ? IMP_OK : IMP_E_SPACE;
		if (st == IMP_OK) {
			if (n)
				memcpy(out, p, (size_t)n);
			out[n] = '\0';
		}
	}
	BIO_free(mem);
	return st;
}

static enum imp_status common_name(const X509_NAME *name, char *out, size_t cap)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	enum imp_status st;
	int n;

	if (at < 0)
		return IMP_OK;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n < 0 || memchr(text, 0, (size_t)n))
		st = IMP_E_FORMAT;
	else
		st = (size_t)n < cap ? IMP_OK : IMP_E_SPACE;
	if (st == IMP_OK)
		memcpy(out, text, (size_t)n + 1);
	OPENSSL_free(text);
	return st;
}

static enum imp_status serial_text(const ASN1_INTEGER *serial, char *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	int n = ASN1_STRING_length(serial);
	size_t at = 0;

	/* A negative number is not allowed (RFC 5280 4.1.2.2), but it exists: "-" and its amount.
	 */
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		out[at++] = '-';
	if (n < 0 || at + 2 * (size_t)n >= cap)
		return IMP_E_SPACE;
	for (int i = 0; i < n; i++) {
		out[at++] = digits[p[i] >> 4];
		out[at++] = digits[p[i] & 0x0F];
	}
	out[at] = '\0';
	return IMP_OK;
}

static enum imp_status time_text(const ASN1_TIME *t, char *out, size_t cap, int64_t *s)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 || strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return IMP_E_FORMAT;
	*s = (int64_t)timegm(&tm);
	return IMP_OK;
}

static void key_text(X509 *x, struct imp_x509_info *info)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

	(void)snprintf(info->key_type, sizeof info->key_type, "%s", type ? type : "unknown");
	if (!key)
		return;
	info->key_bits = EVP_PKEY_get_bits(key);
	if (EVP_PKEY_is_a(key, "EC") != 1 ||
		EVP_PKEY_get_group_name(key, info->curve, sizeof info->curve, NULL) != 1)
		info->curve[0] = '\0';
}

static enum imp_status describe(X509 *x, struct imp_x509_info *info)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	enum imp_status st = name_text(subject, info->subject, sizeof info->subject);

	if (st == IMP_OK)
		st = name_text(X509_get_issuer_name(x), info->issuer, sizeof info->issuer);
	if (st == IMP_OK)
		st = common_name(subject, info->common_name, sizeof info->common_name);
	if (st == IMP_OK)
		st = serial_text(X509_get0_serialNumber(x), info->serial, sizeof info->serial);
	if (st == IMP_OK)
		st = time_text(X509_get0_notBefore(x), info->not_before, sizeof info->not_before,
			&info->not_before_s);
	if (st == IMP_OK)
		st = time_text(X509_get0_notAfter(x), info->not_after, sizeof info->not_after,
			&info->not_after_s);
	if (st != IMP_OK)
		return st;
	key_text(x, info);
	info->ca = X509_check_ca(x) == 1;
	return IMP_OK;
}

enum imp_status imp_x509_info(struct imp_span certificate, struct imp_x509_info *info)
{
	IMP_X509 x = imp_load_certificate(certificate);
	struct imp_x509_info got = { 0 };
	enum imp_status st = x ? describe(x, &got) : IMP_E_FORMAT;

	ERR_clear_error();
	if (st == IMP_OK)
		*info = got;
	return st;
}

enum imp_status imp_x509_spki(struct imp_span certificate, struct imp_wr *out)
{
	IMP_X509 x = imp_load_certificate(certificate);
	unsigned char *der = NULL;
	int n = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : 0;

	if (n <= 0)
		return IMP_E_FORMAT;
	imp_wr_put(out, imp_span(der, (size_t)n));
	OPENSSL_free(der);
	return out->st;
}
