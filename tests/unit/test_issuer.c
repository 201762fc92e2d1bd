/* SPDX-License-Identifier: Apache-2.0 */
/* The CA that is loaded, names, and device certificates, judged by OpenSSL's own parser and path
 * validation. */
#include "crypto/ca.h"
#include "crypto/cert_view.h"
#include "crypto/issuer.h"
#include "crypto/rng.h"
#include "crypto/x509_info.h"
#include "tests/fake/pki.h"
#include "tests/fake/vec.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- the CA ---- */

static struct imp_ca_source source_of(const struct pki *pki)
{
	struct imp_ca_source s = { pki->cert_pem, pki->key_pem, "ca.pem", "ca-key.pem" };

	return s;
}

static struct imp_ca *open_ca(const struct pki *pki)
{
	struct imp_ca_source source = source_of(pki);
	struct imp_ca *ca = NULL;
	struct imp_diag diag = { .text = "" };

	if (imp_ca_open(&source, PKI_NOW, &ca, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
	return ca;
}

static void ca_is_judged(void **state)
{
	static const struct {
		struct pki_options options;
		enum imp_status st;
		const char *says;
	} rows[] = {
		{ { .key = PKI_P256 }, IMP_OK, "" },
		{ { .key = PKI_P384 }, IMP_OK, "" },
		{ { .key = PKI_RSA2048 }, IMP_OK, "" },
		{ { .key = PKI_P256, .no_key_id = true }, IMP_OK, "" },
		{ { .key = PKI_RSA1024 }, IMP_E_UNSUPPORTED, "1024 bits" },
		{ { .key = PKI_P224 }, IMP_E_UNSUPPORTED, "P-256 or P-384" },
		{ { .key = PKI_ED25519 }, IMP_E_UNSUPPORTED, "ED25519" },
		{ { .leaf = true }, IMP_E_INCONSISTENT, "not a CA" },
		{ { .no_constraints = true }, IMP_E_INCONSISTENT, "not a CA" },
		{ { .no_cert_sign = true }, IMP_E_INCONSISTENT, "keyCertSign" },
		{ { .before = -100, .after = -1 }, IMP_E_INCONSISTENT,
			"expired at 2027-01-15T07:59:59Z" },
		{ { .before = 1, .after = 100 }, IMP_E_INCONSISTENT,
			"not valid before 2027-01-15T08:00:01Z" },
		{ { .before = 0, .after = 1 }, IMP_OK, "" },
		{ { .before = -1, .after = 0 }, IMP_OK, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pki pki;
		struct imp_ca *ca = NULL;
		struct imp_diag diag = { .text = "" };
		struct imp_ca_source source;

		pki_make(&pki, &rows[i].options);
		source = source_of(&pki);
		assert_int_equal(imp_ca_open(&source, PKI_NOW, &ca, &diag), rows[i].st);
		assert_true((ca != NULL) == (rows[i].st == IMP_OK));
		if (!strstr(diag.text, rows[i].says))
			fail_msg("row %zu: '%s' lacks '%s'", i, diag.text, rows[i].says);
		if (rows[i].st != IMP_OK)
			assert_non_null(strstr(diag.text, "ca.pem: "));
		imp_ca_close(ca);
		pki_free(&pki);
	}
}

static void ca_key_must_fit(void **state)
{
	struct pki pki, other;
	struct imp_ca *ca = NULL;
	struct imp_signer *signer = NULL;
	struct imp_diag diag;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	pki_make(&other, &(struct pki_options){ .key = PKI_P256 });
	const struct {
		struct imp_span certificate, key;
		enum imp_status st;
		const char *says;
	} rows[] = {
		{ pki.cert, pki.key, IMP_OK, "" },
		{ pki.cert_pem, pki.key, IMP_OK, "" },
		{ pki.cert, other.key, IMP_E_INCONSISTENT, "k: the private key does not belong" },
		{ pki.cert, pki.key_encrypted, IMP_E_UNSUPPORTED, "k: the private key is encr" },
		{ pki.cert, pki.cert_pem, IMP_E_FORMAT, "k: not a private key" },
		{ pki.cert, pki.spki_pem, IMP_E_FORMAT, "k: not a private key" },
		{ pki.cert, imp_span("", 0), IMP_E_FORMAT, "k: not a private key" },
		{ pki.key_pem, pki.key, IMP_E_FORMAT, "c: not a certificate" },
		{ imp_span("", 0), pki.key, IMP_E_FORMAT, "c: not a certificate" },
		{ imp_span(pki.cert.p, pki.cert.n - 1), pki.key, IMP_E_FORMAT, "c: not a cert" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_ca_source source = { rows[i].certificate, rows[i].key, "c", "k" };

		diag.text[0] = '\0';
		assert_int_equal(imp_ca_open(&source, PKI_NOW, &ca, &diag), rows[i].st);
		assert_non_null(strstr(diag.text, rows[i].says));
		if (rows[i].st == IMP_OK)
			imp_ca_close(ca);
	}
	/* Without a key it can be judged, and cannot sign. */
	struct imp_ca_source source = { pki.cert, imp_span(NULL, 0), "c", NULL };

	assert_int_equal(imp_ca_open(&source, PKI_NOW, &ca, &diag), IMP_OK);
	assert_int_equal(imp_signer_open(ca, &signer), IMP_E_DENIED);
	assert_int_equal(imp_ca_not_after(ca), PKI_NOW + PKI_YEAR);
	assert_int_equal(imp_ca_not_before(ca), PKI_NOW - PKI_YEAR);
	imp_ca_close(ca);
	pki_free(&pki);
	pki_free(&other);
}

/* ---- names ---- */

static const struct {
	const char *text;
	const char *rfc2253; /* what OpenSSL prints; NULL: refused */
	const char *says;
} names[] = {
	{ "CN=meter-1", "CN=meter-1", "" },
	{ "cn=meter-1", "CN=meter-1", "" },
	{ "CN=a,O=b,C=SE", "CN=a,O=b,C=SE", "" },
	{ "C=SE,O=b,CN=a", "C=SE,O=b,CN=a", "" },
	{ "CN=urn:dev:ops:0001B2-METER-1", "CN=urn:dev:ops:0001B2-METER-1", "" },
	{ "CN=a,O=Example\\, Inc.", "CN=a,O=Example\\, Inc.", "" },
	{ "CN=a\\2Cb", "CN=a\\,b", "" },
	{ "CN=a\\+b\\\"c\\\\d\\<e\\>f\\;g", "CN=a\\+b\\\"c\\\\d\\<e\\>f\\;g", "" },
	{ "CN=\\ a\\ ", "CN=\\ a\\ ", "" },
	{ "CN=\\#a", "CN=\\#a", "" },
	{ "CN=a=b", "CN=a=b", "" },
	{ "CN=\xC3\xA9t\xC3\xA9", "CN=\xC3\xA9t\xC3\xA9", "" },
	{ "CN=\\C3\\A9", "CN=\xC3\xA9", "" },
	{ "CN=a,OU=x,OU=y", "CN=a,OU=x,OU=y", "" },
	{ "CN=a,DC=example,DC=com", "CN=a,DC=example,DC=com", "" },
	{ "CN=a,serialNumber=0001,ST=s,L=l,STREET=t,UID=u",
		"CN=a,serialNumber=0001,ST=s,L=l,street=t,UID=u", "" },
	{ "", NULL, "empty" },
	{ "meter", NULL, "TYPE=value" },
	{ "CN", NULL, "TYPE=value" },
	{ "CN=", NULL, "empty" },
	{ "CN=a,", NULL, "TYPE=value" },
	{ ",CN=a", NULL, "TYPE=value" },
	{ "CN=a,,O=b", NULL, "TYPE=value" },
	{ "=a", NULL, "not one of" },
	{ "XX=a", NULL, "not one of" },
	{ "2.5.4.3=a", NULL, "not one of" },
	{ " CN=a", NULL, "not one of" },
	{ "CN =a", NULL, "not one of" },
	{ "CN=a, O=b", NULL, "not one of" },
	{ "CN= a", NULL, "begins with" },
	{ "CN=#04", NULL, "begins with" },
	{ "CN=a ", NULL, "ends with" },
	{ "CN=a ,O=b", NULL, "ends with" },
	{ "CN=a+O=b", NULL, "not escaped" },
	{ "CN=a;O=b", NULL, "not escaped" },
	{ "CN=\"a\"", NULL, "not escaped" },
	{ "CN=<a>", NULL, "not escaped" },
	{ "CN=a\\", NULL, "backslash" },
	{ "CN=a\\x", NULL, "backslash" },
	{ "CN=a\\4", NULL, "backslash" },
	{ "CN=a\\00", NULL, "control" },
	{ "CN=a\\0A", NULL, "control" },
	{ "CN=a\nb", NULL, "control" },
	{ "CN=a\x7F", NULL, "control" },
	{ "CN=\xFF", NULL, "UTF-8" },
	{ "CN=\xC3", NULL, "UTF-8" },
	{ "CN=a,CN=b", NULL, "twice" },
	{ "CN=a,C=SE,C=DE", NULL, "twice" },
	{ "CN=a,C=S", NULL, "two letters" },
	{ "CN=a,C=SWE", NULL, "longer" },
	{ "CN=a,C=S_", NULL, "PrintableString" },
	{ "CN=a,serialNumber=1_2", NULL, "PrintableString" },
	{ "CN=a,DC=\xC3\xA9", NULL, "ASCII" },
	{ "CN=0123456789012345678901234567890123456789012345678901234567890123",
		"CN=0123456789012345678901234567890123456789012345678901234567890123", "" },
	{ "CN=01234567890123456789012345678901234567890123456789012345678901234", NULL, "longer" },
};

static void print_name(struct imp_span der, char *out, size_t cap)
{
	const uint8_t *p = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);
	BIO *mem = BIO_new(BIO_s_mem());
	char *text;
	long n;

	assert_non_null(name);
	assert_ptr_equal(p, der.p + der.n);
	X509_NAME_print_ex(mem, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	n = BIO_get_mem_data(mem, &text);
	assert_true((size_t)n < cap);
	memcpy(out, text, (size_t)n);
	out[n] = '\0';
	BIO_free(mem);
	X509_NAME_free(name);
}

static void names_encode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct imp_span text = vec_copy(imp_span_str(names[i].text));
		uint8_t der[IMP_NAME_MAX];
		struct imp_wr out = imp_wr(der, sizeof der);
		struct imp_diag diag = { .text = "" };
		enum imp_status st = imp_name_encode(text, &out, &diag);
		char got[512];

		vec_free(text);
		if (st != (names[i].rfc2253 ? IMP_OK : IMP_E_FORMAT))
			fail_msg("'%s': status %d, %s", names[i].text, st, diag.text);
		if (!strstr(diag.text, names[i].says))
			fail_msg("'%s': '%s' lacks '%s'", names[i].text, diag.text, names[i].says);
		if (!names[i].rfc2253) {
			assert_int_equal(out.n, 0);
			continue;
		}
		print_name(imp_wr_span(&out), got, sizeof got);
		assert_string_equal(got, names[i].rfc2253);
	}
}

/* Whatever a column holds, escaping makes it one value, which comes back as it was. */
static void escaped_values(void **state)
{
	static const char *const values[] = { "a", "a,O=evil", "a+b", " a ", "#a", "a\\", "\"<>;",
		"a=b", " ", "\xC3\xA9" };

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char text[128], want[128];
		uint8_t der[IMP_NAME_MAX];
		struct imp_wr wr = imp_wr(text, sizeof text), out = imp_wr(der, sizeof der);
		struct imp_span cn;

		imp_wr_text(&wr, "CN=");
		imp_name_escape(imp_span_str(values[i]), &wr);
		assert_int_equal(imp_name_encode(imp_wr_span(&wr), &out, NULL), IMP_OK);
		assert_int_equal(imp_name_common(imp_wr_span(&out), &cn), IMP_OK);
		snprintf(want, sizeof want, "%.*s", (int)cn.n, (const char *)cn.p);
		assert_string_equal(want, values[i]);
	}
}

/* ---- certificates ---- */

struct device {
	struct imp_keypair pair;
	struct imp_cert_request request;
	uint8_t der[IMP_CERT_MAX];
	struct imp_span cert;
};

static void request_of(struct device *d, const char *subject, const char *endpoint)
{
	struct imp_keygen *gen;

	assert_int_equal(imp_keygen_open(imp_rng_openssl(), &gen), IMP_OK);
	assert_int_equal(imp_keygen_make(gen, &d->pair), IMP_OK);
	imp_keygen_close(gen);
	d->request = (struct imp_cert_request){
		.serial = "Eserial-number!",
		.subject = imp_span_str(subject),
		.endpoint = imp_span_str(endpoint),
		.not_before = PKI_NOW - 60,
		.not_after = PKI_NOW + 1000,
		.point = d->pair.point,
	};
}

static void issue(struct imp_issuer *issuer, struct device *d)
{
	struct imp_wr out = imp_wr(d->der, sizeof d->der);
	struct imp_diag diag = { .text = "" };

	if (imp_issuer_issue(issuer, &d->request, &out, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
	d->cert = imp_wr_span(&out);
	if (imp_issuer_verify(issuer, d->cert, &d->request, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

static X509 *parse(struct imp_span der)
{
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	assert_non_null(x);
	assert_ptr_equal(p, der.p + der.n);
	return x;
}

/* Path validation as strict as OpenSSL has it, for a TLS client, at the tests' moment. */
static int validate(struct imp_span cert, struct imp_span ca)
{
	X509 *x = parse(cert), *root = parse(ca);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int error;

	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(ctx, store, x, NULL);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(
		param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(param, PKI_NOW);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
	error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(x);
	X509_free(root);
	return error;
}

static void check_fields(const struct device *d, const struct pki *pki)
{
	X509 *x = parse(d->cert), *ca = parse(pki->cert);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	uint8_t spki[IMP_P256_SPKI], *again = NULL, *key = NULL;
	struct imp_cert_view view;

	assert_int_equal(X509_get_version(x), 2);
	assert_int_equal(ASN1_STRING_length(serial), IMP_CERT_SERIAL);
	assert_memory_equal(ASN1_STRING_get0_data(serial), d->request.serial, IMP_CERT_SERIAL);
	assert_int_equal(X509_check_issued(ca, x), X509_V_OK);
	imp_point_spki(d->pair.point, spki);
	assert_int_equal(i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &key), sizeof spki);
	assert_memory_equal(key, spki, sizeof spki);
	assert_int_equal(X509_get_ext_count(x), 6);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	assert_int_equal(X509_check_ca(x), 0);
	assert_non_null(X509_get0_subject_key_id(x));
	assert_non_null(X509_get0_authority_key_id(x));
	/* DER: encoding again what was decoded gives the same octets. */
	assert_int_equal(imp_cert_view(d->cert, &view), IMP_OK);
	assert_int_equal(i2d_re_X509_tbs(x, &again), view.tbs.n);
	assert_memory_equal(again, view.tbs.p, view.tbs.n);
	OPENSSL_free(again);
	OPENSSL_free(key);
	X509_free(x);
	X509_free(ca);
}

static void certificates_hold(void **state)
{
	static const struct pki_options cas[] = {
		{ .key = PKI_P256 },
		{ .key = PKI_P384 },
		{ .key = PKI_RSA2048 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cas / sizeof *cas; i++) {
		struct pki pki, other;
		struct imp_ca *ca;
		struct imp_issuer *issuer;
		struct device d;

		pki_make(&pki, &cas[i]);
		pki_make(&other, &cas[i]);
		ca = open_ca(&pki);
		assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
		for (int k = 0; k < 20; k++) {
			request_of(&d, "CN=urn:dev:ops:0001B2-METER-1,O=Example", "urn:dev:ops:1");
			issue(issuer, &d);
			check_fields(&d, &pki);
			assert_int_equal(validate(d.cert, pki.cert), X509_V_OK);
		}
		/* The control: another CA of the same name does not vouch for it. */
		assert_int_not_equal(validate(d.cert, other.cert), X509_V_OK);
		imp_issuer_close(issuer);
		imp_ca_close(ca);
		pki_free(&pki);
		pki_free(&other);
	}
}

/* A CA without key identifier: its own certificate is not strict, what it issues still parses. */
static void ca_without_key_id(void **state)
{
	struct pki pki;
	struct imp_ca *ca;
	struct imp_issuer *issuer;
	struct device d;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .no_key_id = true });
	ca = open_ca(&pki);
	assert_int_equal(imp_ca_key_id(ca).n, 20);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	request_of(&d, "CN=a", "a");
	issue(issuer, &d);
	check_fields(&d, &pki);
	imp_issuer_close(issuer);
	imp_ca_close(ca);
	pki_free(&pki);
}

static void alternative_names(void **state)
{
	static const struct {
		const char *endpoint;
		int type; /* -1: refused */
	} rows[] = {
		{ "urn:dev:ops:0001B2-METER-1", GEN_URI },
		{ "urn:uuid:00000000-0000-0000-0000-000000000000", GEN_URI },
		{ "meter-1", GEN_DNS },
		{ "meter-1.example.com", GEN_DNS },
		{ "", -1 },
		{ "meter 1", -1 },
		{ "met\xC3\xA9r", -1 },
		{ "a\nb", -1 },
	};
	struct pki pki;
	struct imp_ca *ca;
	struct imp_issuer *issuer;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	ca = open_ca(&pki);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device d;
		struct imp_wr out = imp_wr(d.der, sizeof d.der);
		GENERAL_NAMES *names_of;
		GENERAL_NAME *name;
		X509 *x;
		int type;
		ASN1_STRING *value;

		request_of(&d, "CN=a", rows[i].endpoint);
		if (rows[i].type < 0) {
			assert_int_equal(
				imp_issuer_issue(issuer, &d.request, &out, NULL), IMP_E_FORMAT);
			assert_int_equal(out.n, 0);
			continue;
		}
		issue(issuer, &d);
		x = parse(d.cert);
		names_of = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_num(names_of), 1);
		name = sk_GENERAL_NAME_value(names_of, 0);
		value = GENERAL_NAME_get0_value(name, &type);
		assert_int_equal(type, rows[i].type);
		assert_int_equal(ASN1_STRING_length(value), strlen(rows[i].endpoint));
		assert_memory_equal(
			ASN1_STRING_get0_data(value), rows[i].endpoint, strlen(rows[i].endpoint));
		GENERAL_NAMES_free(names_of);
		X509_free(x);
	}
	imp_issuer_close(issuer);
	imp_ca_close(ca);
	pki_free(&pki);
}

static void validity_forms(void **state)
{
	static const struct {
		int64_t before, after;
		const char *after_text; /* NULL: refused */
		int after_type;
	} rows[] = {
		{ PKI_NOW, PKI_NOW, "270115080000Z", V_ASN1_UTCTIME },
		{ PKI_NOW, 2524607999, "491231235959Z", V_ASN1_UTCTIME },
		{ PKI_NOW, 2524608000, "20500101000000Z", V_ASN1_GENERALIZEDTIME },
		{ PKI_NOW, IMP_NEVER, "99991231235959Z", V_ASN1_GENERALIZEDTIME },
		{ PKI_NOW, 253402300799, "99991231235959Z", V_ASN1_GENERALIZEDTIME },
		{ PKI_NOW, 253402300800, NULL, 0 }, { PKI_NOW, PKI_NOW - 1, NULL, 0 },
		{ -631152001, PKI_NOW, NULL, 0 }, /* 1949 */
	};
	struct pki pki;
	struct imp_ca *ca;
	struct imp_issuer *issuer;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	ca = open_ca(&pki);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device d;
		struct imp_wr out = imp_wr(d.der, sizeof d.der);
		const ASN1_TIME *t;
		X509 *x;

		request_of(&d, "CN=a", "a");
		d.request.not_before = rows[i].before;
		d.request.not_after = rows[i].after;
		if (!rows[i].after_text) {
			assert_int_equal(
				imp_issuer_issue(issuer, &d.request, &out, NULL), IMP_E_FORMAT);
			continue;
		}
		issue(issuer, &d);
		x = parse(d.cert);
		t = X509_get0_notAfter(x);
		assert_int_equal(ASN1_STRING_type(t), rows[i].after_type);
		assert_int_equal(ASN1_STRING_length(t), strlen(rows[i].after_text));
		assert_memory_equal(
			ASN1_STRING_get0_data(t), rows[i].after_text, strlen(rows[i].after_text));
		X509_free(x);
	}
	imp_issuer_close(issuer);
	imp_ca_close(ca);
	pki_free(&pki);
}

static void refused_requests(void **state)
{
	struct pki pki;
	struct imp_ca *ca;
	struct imp_issuer *issuer;
	struct device d;
	struct imp_wr out = imp_wr(d.der, sizeof d.der), small = imp_wr(d.der, 300);

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	ca = open_ca(&pki);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	request_of(&d, "CN=a", "a");
	assert_int_equal(imp_issuer_issue(issuer, &d.request, &small, NULL), IMP_E_SPACE);
	assert_int_equal(small.n, 0);
	d.request.serial[0] = 0x80;
	assert_int_equal(imp_issuer_issue(issuer, &d.request, &out, NULL), IMP_E_FORMAT);
	d.request.serial[0] = 0x3F;
	assert_int_equal(imp_issuer_issue(issuer, &d.request, &out, NULL), IMP_E_FORMAT);
	d.request.serial[0] = 0x40;
	d.request.subject = imp_span_str("meter");
	assert_int_equal(imp_issuer_issue(issuer, &d.request, &out, NULL), IMP_E_FORMAT);
	assert_int_equal(out.n, 0);
	imp_issuer_close(issuer);
	imp_ca_close(ca);
	pki_free(&pki);
}

/* ---- reading back ---- */

struct reading {
	struct imp_issuer *issuer;
	const struct device *d;
};

static bool accepted(void *ctx, struct imp_span cert)
{
	const struct reading *r = ctx;

	return imp_issuer_verify(r->issuer, cert, &r->d->request, NULL) == IMP_OK;
}

static void reading_back_sees_everything(void **state)
{
	struct pki pki, other;
	struct imp_ca *ca, *ca2;
	struct imp_issuer *issuer, *issuer2;
	struct device d, e;
	struct reading r;
	struct imp_diag diag;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	pki_make(&other, &(struct pki_options){ .key = PKI_P256 });
	ca = open_ca(&pki);
	ca2 = open_ca(&other);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	assert_int_equal(imp_issuer_open(ca2, &issuer2, NULL), IMP_OK);
	request_of(&d, "CN=a", "a");
	issue(issuer, &d);
	r = (struct reading){ issuer, &d };
	assert_true(accepted(&r, d.cert)); /* the control of both sweeps */
	assert_int_equal(vec_prefixes(d.cert, accepted, &r), 0);
	assert_int_equal(vec_flips(d.cert, accepted, &r), 0);

	/* Same name, other key. */
	assert_int_equal(imp_issuer_verify(issuer2, d.cert, &d.request, &diag), IMP_E_MISMATCH);
	assert_non_null(strstr(diag.text, "signature"));
	request_of(&e, "CN=a", "a");
	assert_int_equal(imp_issuer_verify(issuer, d.cert, &e.request, &diag), IMP_E_MISMATCH);
	assert_non_null(strstr(diag.text, "public key"));
	e.request = d.request;
	e.request.serial[3] ^= 1;
	assert_int_equal(imp_issuer_verify(issuer, d.cert, &e.request, &diag), IMP_E_MISMATCH);
	assert_non_null(strstr(diag.text, "serial"));
	imp_issuer_close(issuer);
	imp_issuer_close(issuer2);
	imp_ca_close(ca);
	imp_ca_close(ca2);
	pki_free(&pki);
	pki_free(&other);
}

/* ---- what a certificate says ---- */

static void info(void **state)
{
	struct pki pki;
	struct imp_ca *ca;
	struct imp_issuer *issuer;
	struct imp_x509_info i;
	struct imp_span cn;
	struct imp_cert_view view;
	struct device d;
	uint8_t spki[200];
	struct imp_wr out = imp_wr(spki, sizeof spki);

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_RSA2048 });
	ca = open_ca(&pki);
	assert_int_equal(imp_issuer_open(ca, &issuer, NULL), IMP_OK);
	request_of(&d, "CN=m\xC3\xA9ter\\,1,O=Example,C=SE", "urn:x:1");
	d.request.not_after = IMP_NEVER;
	issue(issuer, &d);
	assert_int_equal(imp_x509_info(d.cert, &i), IMP_OK);
	assert_string_equal(i.subject, "CN=m\xC3\xA9ter\\,1,O=Example,C=SE");
	assert_string_equal(i.issuer, "CN=Factory CA 01,O=Example");
	assert_string_equal(i.common_name, "m\xC3\xA9ter,1");
	assert_string_equal(i.serial, "4573657269616c2d6e756d6265722100");
	assert_string_equal(i.not_before, "2027-01-15T07:59:00Z");
	assert_string_equal(i.not_after, "9999-12-31T23:59:59Z");
	assert_int_equal(i.not_before_s, PKI_NOW - 60);
	assert_string_equal(i.key_type, "EC");
	assert_string_equal(i.curve, "prime256v1");
	assert_int_equal(i.key_bits, 256);
	assert_false(i.ca);
	assert_int_equal(imp_x509_info(pki.cert_pem, &i), IMP_OK);
	assert_true(i.ca);
	assert_string_equal(i.key_type, "RSA");
	assert_int_equal(i.key_bits, 2048);
	assert_string_equal(i.serial, "1267");
	assert_int_equal(imp_x509_info(pki.key, &i), IMP_E_FORMAT);
	assert_int_equal(imp_x509_info(imp_span(d.cert.p, d.cert.n - 1), &i), IMP_E_FORMAT);
	assert_int_equal(imp_x509_spki(d.cert, &out), IMP_OK);
	assert_int_equal(out.n, IMP_P256_SPKI);
	assert_memory_equal(spki + 26, d.pair.point, IMP_P256_POINT);
	/* Our own outline agrees. */
	assert_int_equal(imp_cert_view(d.cert, &view), IMP_OK);
	assert_int_equal(imp_name_common(view.subject, &cn), IMP_OK);
	assert_memory_equal(cn.p, "m\xC3\xA9ter,1", cn.n);
	assert_int_equal(imp_cert_view(pki.cert, &view), IMP_OK);
	imp_issuer_close(issuer);
	imp_ca_close(ca);
	pki_free(&pki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ca_is_judged),
		cmocka_unit_test(ca_key_must_fit),
		cmocka_unit_test(names_encode),
		cmocka_unit_test(escaped_values),
		cmocka_unit_test(certificates_hold),
		cmocka_unit_test(ca_without_key_id),
		cmocka_unit_test(alternative_names),
		cmocka_unit_test(validity_forms),
		cmocka_unit_test(refused_requests),
		cmocka_unit_test(reading_back_sees_everything),
		cmocka_unit_test(info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
