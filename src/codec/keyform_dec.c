/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/keyform.h"

#include "codec/der.h"

#define CONTEXT_0 0xA0
#define CONTEXT_1 0xA1
#define CONTEXT_1_BITS 0x81 /* [1] IMPLICIT BIT STRING */

struct curve {
	struct imp_span oid;
	enum imp_key_algorithm algorithm;
	unsigned bits;
};

#define OID(text)                                         \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct imp_span oid_ec = OID("\x2A\x86\x48\xCE\x3D\x02\x01");
static const struct imp_span oid_rsa = OID("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01");
static const struct imp_span oid_p256 = OID("\x2A\x86\x48\xCE\x3D\x03\x01\x07");

/* Named curves, and the algorithms that are a curve by themselves. */
static const struct curve curves[] = {
	{ OID("\x2A\x86\x48\xCE\x3D\x03\x01\x07"), IMP_KEY_EC, 256 },	  /* secp256r1 */
	{ OID("\x2A\x86\x48\xCE\x3D\x03\x01\x01"), IMP_KEY_EC, 192 },	  /* secp192r1 */
	{ OID("\x2B\x81\x04\x00\x21"), IMP_KEY_EC, 224 },		  /* secp224r1 */
	{ OID("\x2B\x81\x04\x00\x22"), IMP_KEY_EC, 384 },		  /* secp384r1 */
	{ OID("\x2B\x81\x04\x00\x23"), IMP_KEY_EC, 521 },		  /* secp521r1 */
	{ OID("\x2B\x81\x04\x00\x0A"), IMP_KEY_EC, 256 },		  /* secp256k1 */
	{ OID("\x2B\x24\x03\x03\x02\x08\x01\x01\x07"), IMP_KEY_EC, 256 }, /* brainpoolP256r1 */
	{ OID("\x2B\x65\x6E"), IMP_KEY_EDWARDS_MONTGOMERY, 255 },	  /* X25519 */
	{ OID("\x2B\x65\x6F"), IMP_KEY_EDWARDS_MONTGOMERY, 448 },	  /* X448 */
	{ OID("\x2B\x65\x70"), IMP_KEY_EDWARDS_MONTGOMERY, 255 },	  /* Ed25519 */
	{ OID("\x2B\x65\x71"), IMP_KEY_EDWARDS_MONTGOMERY, 448 },	  /* Ed448 */
};

static bool next_is(const struct imp_rd *rd, uint8_t tag)
{
	return rd->st == IMP_OK && rd->n && imp_rd_peek(rd) == tag;
}

static void name_curve(struct imp_keyform *k, struct imp_span oid)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (!imp_span_eq(curves[i].oid, oid))
			continue;
		k->algorithm = curves[i].algorithm;
		k->curve_bits = curves[i].bits;
	}
	k->p256 = imp_span_eq(oid, oid_p256);
}

/* AlgorithmIdentifier. */
static void read_algorithm(struct imp_rd *rd, struct imp_keyform *k)
{
	struct imp_rd in = imp_rd(imp_der_take(rd, IMP_DER_SEQUENCE));
	struct imp_span oid = imp_der_take(&in, IMP_DER_OID);

	if (imp_span_eq(oid, oid_rsa)) {
		k->algorithm = IMP_KEY_RSA;
	} else if (imp_span_eq(oid, oid_ec)) {
		k->algorithm = IMP_KEY_EC;
		if (next_is(&in, IMP_DER_OID))
			name_curve(k, imp_der_take(&in, IMP_DER_OID));
	} else {
		name_curve(k, oid);
	}
	if (in.st)
		imp_rd_fail(rd, in.st);
}

/* A public point inside a BIT STRING with no unused bits. */
static void read_point(struct imp_rd *rd, struct imp_keyform *k, struct imp_span bits)
{
	struct imp_rd in = imp_rd(bits);

	if (imp_rd_u8(&in) != 0 || in.st) {
		imp_rd_fail(rd, IMP_E_FORMAT);
		return;
	}
	k->point = imp_rd_take(&in, in.n);
	if (k->algorithm != IMP_KEY_EC)
		return;
	k->compressed = k->point.n && (k->point.p[0] == 2 || k->point.p[0] == 3);
	if (!k->compressed && !(k->point.n && k->point.p[0] == 4))
		imp_rd_fail(rd, IMP_E_FORMAT);
	if (k->p256 && k->point.n != (k->compressed ? 33 : 65))
		imp_rd_fail(rd, IMP_E_FORMAT);
}

/* Content of SubjectPublicKeyInfo. */
static enum imp_status read_spki(struct imp_span body, struct imp_keyform *k)
{
	struct imp_rd rd = imp_rd(body);

	k->form = IMP_KEY_SPKI;
	read_algorithm(&rd, k);
	read_point(&rd, k, imp_der_take(&rd, IMP_DER_BIT_STRING));
	return imp_rd_done(&rd);
}

/* Content of ECPrivateKey (RFC 5915), alone or inside PKCS#8. */
static enum imp_status read_sec1(struct imp_span body, struct imp_keyform *k)
{
	struct imp_rd rd = imp_rd(body);
	struct imp_span version = imp_der_take(&rd, IMP_DER_INTEGER);

	if (version.n != 1 || version.p[0] != 1)
		return IMP_E_FORMAT;
	(void)imp_der_take(&rd, IMP_DER_OCTETS);
	if (next_is(&rd, CONTEXT_0)) {
		struct imp_rd in = imp_rd(imp_der_take(&rd, CONTEXT_0));

		name_curve(k, imp_der_take(&in, IMP_DER_OID));
		if (imp_rd_done(&in))
			return IMP_E_FORMAT;
	}
	k->algorithm = IMP_KEY_EC;
	if (next_is(&rd, CONTEXT_1)) {
		struct imp_rd in = imp_rd(imp_der_take(&rd, CONTEXT_1));

		read_point(&rd, k, imp_der_take(&in, IMP_DER_BIT_STRING));
		if (imp_rd_done(&in))
			return IMP_E_FORMAT;
	}
	return imp_rd_done(&rd);
}

/* Content of OneAsymmetricKey (RFC 5958); version 1 is PKCS#8. */
static enum imp_status read_asymmetric(struct imp_span body, struct imp_keyform *k)
{
	struct imp_rd rd = imp_rd(body), in;
	struct imp_span version = imp_der_take(&rd, IMP_DER_INTEGER), key;
	enum imp_status st;

	if (version.n != 1 || version.p[0] > 1)
		return IMP_E_FORMAT;
	read_algorithm(&rd, k);
	key = imp_der_take(&rd, IMP_DER_OCTETS);
	if (next_is(&rd, CONTEXT_0)) /* attributes */
		(void)imp_der_take(&rd, CONTEXT_0);
	if (version.p[0] == 1 && next_is(&rd, CONTEXT_1_BITS))
		read_point(&rd, k, imp_der_take(&rd, CONTEXT_1_BITS));
	st = imp_rd_done(&rd);
	if (!st && k->algorithm == IMP_KEY_EC) {
		in = imp_rd(key);
		st = read_sec1(imp_der_take(&in, IMP_DER_SEQUENCE), k);
		if (!st)
			st = imp_rd_done(&in);
	}
	k->form = version.p[0] ? IMP_KEY_ASYMMETRIC_V2 : IMP_KEY_PKCS8;
	return st;
}

/* Content of Certificate (RFC 5280): only as far as its public key. */
static enum imp_status read_certificate(struct imp_span body, struct imp_keyform *k)
{
	struct imp_rd rd = imp_rd(body);
	struct imp_rd tbs = imp_rd(imp_der_take(&rd, IMP_DER_SEQUENCE));
	enum imp_status st;

	if (next_is(&tbs, CONTEXT_0)) /* version */
		(void)imp_der_take(&tbs, CONTEXT_0);
	(void)imp_der_take(&tbs, IMP_DER_INTEGER);  /* serialNumber */
	(void)imp_der_take(&tbs, IMP_DER_SEQUENCE); /* signature */
	(void)imp_der_take(&tbs, IMP_DER_SEQUENCE); /* issuer */
	(void)imp_der_take(&tbs, IMP_DER_SEQUENCE); /* validity */
	(void)imp_der_take(&tbs, IMP_DER_SEQUENCE); /* subject */
	st = read_spki(imp_der_take(&tbs, IMP_DER_SEQUENCE), k);
	(void)imp_der_take(&rd, IMP_DER_SEQUENCE);
	(void)imp_der_take(&rd, IMP_DER_BIT_STRING);
	k->form = IMP_KEY_CERTIFICATE;
	if (tbs.st)
		return tbs.st;
	return st ? st : imp_rd_done(&rd);
}

/* Content of EncryptedPrivateKeyInfo. */
static enum imp_status read_encrypted(struct imp_span body, struct imp_keyform *k)
{
	struct imp_rd rd = imp_rd(body);

	read_algorithm(&rd, k);
	(void)imp_der_take(&rd, IMP_DER_OCTETS);
	*k = (struct imp_keyform){ .form = IMP_KEY_ENCRYPTED };
	return imp_rd_done(&rd);
}

static enum imp_status sec1_alone(struct imp_span body, struct imp_keyform *k)
{
	k->form = IMP_KEY_SEC1;
	return read_sec1(body, k);
}

/* Tags of the first elements tell the forms apart. */
static const struct {
	uint8_t tag[3]; /* 0: any or none */
	enum imp_status (*read)(struct imp_span body, struct imp_keyform *k);
} outlines[] = {
	{ { IMP_DER_SEQUENCE, IMP_DER_BIT_STRING, 0 }, read_spki },
	{ { IMP_DER_SEQUENCE, IMP_DER_OCTETS, 0 }, read_encrypted },
	{ { IMP_DER_SEQUENCE, IMP_DER_SEQUENCE, IMP_DER_BIT_STRING }, read_certificate },
	{ { IMP_DER_INTEGER, IMP_DER_OCTETS, 0 }, sec1_alone },
	{ { IMP_DER_INTEGER, IMP_DER_SEQUENCE, IMP_DER_OCTETS }, read_asymmetric },
};

/* Tags of the first three elements, 0 where there is none. */
static enum imp_status read_tags(struct imp_span body, uint8_t tag[3])
{
	struct imp_rd rd = imp_rd(body);
	struct imp_der der;

	for (int i = 0; i < 3; i++) {
		tag[i] = imp_rd_peek(&rd);
		if (rd.n && imp_der_next(&rd, &der))
			return IMP_E_FORMAT;
	}
	return IMP_OK;
}

enum imp_status imp_keyform(struct imp_span key, struct imp_keyform *out)
{
	static const struct imp_span pem = OID("-----BEGIN ");
	struct imp_rd rd = imp_rd(key);
	struct imp_keyform k = { .form = IMP_KEY_PEM };
	struct imp_span body;
	uint8_t tag[3];

	if (imp_span_starts(key, pem)) {
		*out = k;
		return IMP_OK;
	}
	body = imp_der_take(&rd, IMP_DER_SEQUENCE);
	if (imp_rd_done(&rd) || read_tags(body, tag))
		return IMP_E_FORMAT;
	for (size_t i = 0; i < sizeof(outlines) / sizeof(outlines[0]); i++) {
		const uint8_t *o = outlines[i].tag;

		if (tag[0] != o[0] || tag[1] != o[1] || (o[2] && tag[2] != o[2]))
			continue;
		if (outlines[i].read(body, &k))
			return IMP_E_FORMAT;
		*out = k;
		return IMP_OK;
	}
	return IMP_E_FORMAT;
}

const char *imp_keyform_name(enum imp_key_form form)
{
	switch (form) {
	case IMP_KEY_SPKI:
		return "SubjectPublicKeyInfo";
	case IMP_KEY_PKCS8:
		return "PKCS#8 version 1";
	case IMP_KEY_SEC1:
		return "SEC1 ECPrivateKey";
	case IMP_KEY_ASYMMETRIC_V2:
		return "OneAsymmetricKey version 2";
	case IMP_KEY_ENCRYPTED:
		return "EncryptedPrivateKeyInfo";
	case IMP_KEY_CERTIFICATE:
		return "X.509 certificate";
	case IMP_KEY_PEM:
		return "PEM text";
	}
	return "unknown form";
}
