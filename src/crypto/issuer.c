/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/issuer.h"

#include "crypto/asn1.h"
#include "crypto/cert_view.h"
#include "crypto/sha256.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_ID 20 /* octets of the subject key identifier */

struct imp_issuer {
	const struct imp_ca *ca;
	struct imp_signer *signer;
	uint8_t buf[IMP_CERT_MAX];
};

enum imp_status imp_issuer_open(
	const struct imp_ca *ca, struct imp_issuer **out, struct imp_diag *diag)
{
	struct imp_issuer *issuer = calloc(1, sizeof *issuer);
	enum imp_status st;

	if (!issuer)
		return imp_diag(diag, IMP_E_INTERNAL, "no memory for an issuer");
	issuer->ca = ca;
	st = imp_signer_open(ca, &issuer->signer);
	if (st != IMP_OK) {
		free(issuer);
		return imp_diag(diag, st,
			st == IMP_E_DENIED ? "the CA was opened without its private key"
					   : "the CA's key cannot be used for signing");
	}
	*out = issuer;
	return IMP_OK;
}

void imp_issuer_close(struct imp_issuer *issuer)
{
	if (!issuer)
		return;
	imp_signer_close(issuer->signer);
	free(issuer);
}

/* ---- parts of the TBS, each put in front of what follows it ---- */

static void put_bytes(struct imp_asn1_wr *wr, const void *p, size_t n)
{
	imp_asn1_raw(wr, imp_span(p, n));
}

/* Content of the elements that are the same in every device certificate. */
static const uint8_t constraints_usage_eku[] = {
	/* basicConstraints, critical: empty SEQUENCE, so CA is FALSE */
	0x30, 0x0C, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04, 0x02, 0x30, 0x00,
	/* keyUsage, critical: digitalSignature */
	0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01, 0x01, 0xFF, 0x04, 0x04, 0x03, 0x02, 0x07,
	0x80,
	/* extKeyUsage: clientAuth */
	0x30, 0x13, 0x06, 0x03, 0x55, 0x1D, 0x25, 0x04, 0x0C, 0x30, 0x0A, 0x06, 0x08, 0x2B, 0x06,
	0x01, 0x05, 0x05, 0x07, 0x03, 0x02
};
static const uint8_t id_subject_alt_name[] = { 0x55, 0x1D, 0x11 };
static const uint8_t id_subject_key_id[] = { 0x55, 0x1D, 0x0E };
static const uint8_t id_authority_key_id[] = { 0x55, 0x1D, 0x23 };

/* Close an extension whose value was written since mark. */
static void wrap_extension(struct imp_asn1_wr *wr, const uint8_t oid[static 3], size_t mark)
{
	imp_asn1_wrap(wr, IMP_ASN1_OCTET_STRING, mark);
	imp_asn1_put(wr, IMP_ASN1_OID, imp_span(oid, 3));
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
}

static void put_authority_key_id(struct imp_asn1_wr *wr, struct imp_span id)
{
	size_t mark = imp_asn1_mark(wr);

	imp_asn1_put(wr, IMP_ASN1_CONTEXT(0), id);
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	wrap_extension(wr, id_authority_key_id, mark);
}

static void put_subject_key_id(struct imp_asn1_wr *wr, const uint8_t id[static KEY_ID])
{
	size_t mark = imp_asn1_mark(wr);

	imp_asn1_put(wr, IMP_ASN1_OCTET_STRING, imp_span(id, KEY_ID));
	wrap_extension(wr, id_subject_key_id, mark);
}

static void put_subject_alt_name(struct imp_asn1_wr *wr, struct imp_span endpoint)
{
	bool uri = memchr(endpoint.p, ':', endpoint.n) != NULL;
	size_t mark = imp_asn1_mark(wr);

	imp_asn1_put(wr, uri ? IMP_ASN1_CONTEXT(6) : IMP_ASN1_CONTEXT(2), endpoint);
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	wrap_extension(wr, id_subject_alt_name, mark);
}

/* RFC 5280 4.1.2.5: through 2049 UTCTime, which leaves out the century; then GeneralizedTime. */
static enum imp_status put_time(struct imp_asn1_wr *wr, int64_t s)
{
	char text[32] = "99991231235959Z";
	time_t t = (time_t)s;
	struct tm tm;
	bool utc = false;

	if (s != IMP_NEVER) {
		if (!gmtime_r(&t, &tm) || tm.tm_year < 50 || tm.tm_year > 9999 - 1900 ||
			strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm) == 0)
			return IMP_E_FORMAT;
		utc = tm.tm_year < 150;
	}
	if (utc)
		imp_asn1_put(wr, IMP_ASN1_UTC_TIME, imp_span_str(text + 2));
	else
		imp_asn1_put(wr, IMP_ASN1_GENERALIZED_TIME, imp_span_str(text));
	return IMP_OK;
}

static enum imp_status put_validity(struct imp_asn1_wr *wr, const struct imp_cert_request *r)
{
	size_t mark = imp_asn1_mark(wr);

	if (r->not_before > r->not_after || put_time(wr, r->not_after) != IMP_OK ||
		put_time(wr, r->not_before) != IMP_OK)
		return IMP_E_FORMAT;
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	return IMP_OK;
}

/* RFC 7093 method 1: the first 160 bits of the key's SHA-256. */
static enum imp_status key_id(const uint8_t *point, uint8_t id[static KEY_ID])
{
	uint8_t hash[IMP_SHA256];
	enum imp_status st = imp_sha256(imp_span(point, IMP_P256_POINT), hash);

	if (st == IMP_OK)
		memcpy(id, hash, KEY_ID);
	return st;
}

/* ---- issuing ---- */

static enum imp_status judge_request(const struct imp_cert_request *r, struct imp_diag *diag)
{
	if (r->serial[0] < 0x40 || r->serial[0] > 0x7F)
		return imp_diag(diag, IMP_E_FORMAT,
			"a certificate's serial number begins with 40..7F, not %02X", r->serial[0]);
	if (r->endpoint.n == 0)
		return imp_diag(diag, IMP_E_FORMAT, "a certificate needs an endpoint name");
	for (size_t i = 0; i < r->endpoint.n; i++)
		if (r->endpoint.p[i] <= 0x20 || r->endpoint.p[i] >= 0x7F)
			return imp_diag(diag, IMP_E_FORMAT,
				"endpoint name: octet %zu (%02X) cannot stand in a subjectAltName; "
				"only printable ASCII without blanks can",
				i, r->endpoint.p[i]);
	return IMP_OK;
}

static enum imp_status put_tbs(struct imp_issuer *issuer, const struct imp_cert_request *r,
	struct imp_span subject, struct imp_asn1_wr *wr)
{
	static const uint8_t version_3[] = { 0xA0, 0x03, 0x02, 0x01, 0x02 };
	uint8_t id[KEY_ID], spki[IMP_P256_SPKI];
	size_t mark = imp_asn1_mark(wr);
	enum imp_status st = key_id(r->point, id);

	if (st != IMP_OK)
		return st;
	put_authority_key_id(wr, imp_ca_key_id(issuer->ca));
	put_subject_key_id(wr, id);
	put_subject_alt_name(wr, r->endpoint);
	put_bytes(wr, constraints_usage_eku, sizeof constraints_usage_eku);
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	imp_asn1_wrap(wr, IMP_ASN1_CONTEXT_CONSTRUCTED(3), mark);
	imp_point_spki(r->point, spki);
	put_bytes(wr, spki, sizeof spki);
	imp_asn1_raw(wr, subject);
	st = put_validity(wr, r);
	if (st != IMP_OK)
		return st;
	imp_asn1_raw(wr, imp_ca_name(issuer->ca));
	imp_asn1_raw(wr, imp_signer_algorithm(issuer->signer));
	imp_asn1_put(wr, IMP_ASN1_INTEGER, imp_span(r->serial, sizeof r->serial));
	put_bytes(wr, version_3, sizeof version_3);
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	return wr->st;
}

/*
 * The TBS is written first, at the end of the buffer; algorithm and signature then go straight to
 * the output behind it, since they come last and their length is known only now.
 */
static enum imp_status put_signed(
	struct imp_issuer *issuer, struct imp_span tbs, struct imp_wr *out)
{
	uint8_t sig[IMP_SIGNATURE_MAX];
	uint8_t tail[IMP_SIGNATURE_MAX + 32], head[8];
	struct imp_asn1_wr end = imp_asn1_wr(tail, sizeof tail);
	struct imp_asn1_wr start = imp_asn1_wr(head, sizeof head);
	static const uint8_t no_spare_bits[] = { 0 };
	size_t n = 0;
	enum imp_status st = imp_signer_sign(issuer->signer, tbs, sig, &n);

	if (st != IMP_OK)
		return st;
	put_bytes(&end, sig, n);
	put_bytes(&end, no_spare_bits, 1);
	imp_asn1_wrap(&end, IMP_ASN1_BIT_STRING, 0);
	imp_asn1_raw(&end, imp_signer_algorithm(issuer->signer));
	imp_asn1_header(&start, IMP_ASN1_SEQUENCE, tbs.n + imp_asn1_mark(&end));
	if (end.st != IMP_OK || start.st != IMP_OK)
		return IMP_E_SPACE;
	if (out->cap - out->n < imp_asn1_mark(&start) + tbs.n + imp_asn1_mark(&end))
		return IMP_E_SPACE;
	imp_wr_put(out, imp_asn1_span(&start));
	imp_wr_put(out, tbs);
	imp_wr_put(out, imp_asn1_span(&end));
	return out->st;
}

enum imp_status imp_issuer_issue(struct imp_issuer *issuer, const struct imp_cert_request *request,
	struct imp_wr *out, struct imp_diag *diag)
{
	struct imp_asn1_wr tbs = imp_asn1_wr(issuer->buf, sizeof issuer->buf);
	uint8_t name[IMP_NAME_MAX];
	struct imp_wr subject = imp_wr(name, sizeof name);
	enum imp_status st = judge_request(request, diag);

	if (st == IMP_OK)
		st = imp_name_encode(request->subject, &subject, diag);
	if (st != IMP_OK)
		return st;
	st = put_tbs(issuer, request, imp_wr_span(&subject), &tbs);
	if (st == IMP_E_FORMAT)
		return imp_diag(diag, st,
			"a certificate's validity ends before it begins, or lies "
			"outside the years 1950 to 9999");
	if (st == IMP_OK)
		st = put_signed(issuer, imp_asn1_span(&tbs), out);
	if (st == IMP_E_SPACE)
		return imp_diag(diag, st, "a certificate of more than %d octets", IMP_CERT_MAX);
	return st == IMP_OK ? st : imp_diag(diag, st, "the CA's key failed to sign");
}

/* ---- reading back ---- */

/* What of the certificate differs from the request; NULL when nothing does. */
static const char *difference(const struct imp_issuer *issuer, const struct imp_cert_view *v,
	const struct imp_cert_request *r)
{
	uint8_t spki[IMP_P256_SPKI];

	imp_point_spki(r->point, spki);
	if (!imp_span_eq(v->serial, imp_span(r->serial, sizeof r->serial)))
		return "serial number";
	if (!imp_span_eq(v->algorithm, imp_signer_algorithm(issuer->signer)))
		return "signature algorithm";
	if (!imp_span_eq(v->issuer, imp_ca_name(issuer->ca)))
		return "issuer";
	if (!imp_span_eq(v->spki, imp_span(spki, sizeof spki)))
		return "public key";
	return NULL;
}

enum imp_status imp_issuer_verify(struct imp_issuer *issuer, struct imp_span certificate,
	const struct imp_cert_request *request, struct imp_diag *diag)
{
	struct imp_cert_view view;
	const char *what;
	enum imp_status st = imp_cert_view(certificate, &view);

	if (st != IMP_OK)
		return imp_diag(diag, IMP_E_MISMATCH, "read back: the certificate does not parse");
	what = difference(issuer, &view, request);
	if (what)
		return imp_diag(
			diag, IMP_E_MISMATCH, "read back: the certificate has another %s", what);
	st = imp_signer_verify(issuer->signer, view.tbs, view.signature);
	return st == IMP_OK ? st
			    : imp_diag(diag, st, "read back: the CA's signature does not hold");
}
