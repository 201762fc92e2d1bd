/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What form a key or certificate has, by its DER outline (ref lwm2m 2.2; rules B1-B3, B15).  The
 * numbers are not judged: whether a point lies on its curve or a signature holds needs src/crypto.
 * Freestanding.
 */
#ifndef IMP_CODEC_KEYFORM_H
#define IMP_CODEC_KEYFORM_H

#include "base/rd.h"

enum imp_key_form {
	IMP_KEY_SPKI,	       /* SubjectPublicKeyInfo */
	IMP_KEY_PKCS8,	       /* OneAsymmetricKey version 1: what we write */
	IMP_KEY_SEC1,	       /* ECPrivateKey: read, never written */
	IMP_KEY_ASYMMETRIC_V2, /* OneAsymmetricKey version 2: refused */
	IMP_KEY_ENCRYPTED,     /* EncryptedPrivateKeyInfo: refused */
	IMP_KEY_CERTIFICATE,   /* X.509 */
	IMP_KEY_PEM,	       /* text, whatever is in it: refused */
};

enum imp_key_algorithm { IMP_KEY_OTHER, IMP_KEY_EC, IMP_KEY_EDWARDS_MONTGOMERY, IMP_KEY_RSA };

struct imp_keyform {
	enum imp_key_form form;
	/* The rest is IMP_KEY_OTHER, 0, false and empty where the form or the key does not say. */
	enum imp_key_algorithm algorithm;
	unsigned curve_bits;   /* 256 for secp256r1; of elliptic curves we know, else 0 */
	bool p256;	       /* secp256r1 */
	bool compressed;       /* public point of one coordinate */
	struct imp_span point; /* public point, inside the input: 65 or 33 octets for secp256r1 */
};

/* IMP_E_FORMAT: none of these forms, octets left over, or a secp256r1 point of another length. */
IMP_MUST_CHECK enum imp_status imp_keyform(struct imp_span key, struct imp_keyform *out);

/* "SubjectPublicKeyInfo", "PKCS#8", ... for messages.  Never NULL. */
const char *imp_keyform_name(enum imp_key_form form);

#endif
