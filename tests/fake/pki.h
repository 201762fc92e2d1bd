/* SPDX-License-Identifier: Apache-2.0 */
/* A public key infrastructure in memory, made when a test asks for it. */
#ifndef FAKE_PKI_H
#define FAKE_PKI_H

#include "base/span.h"

#define PKI_NOW 1800000000 /* 2027-01-15T08:00:00Z, the moment that tests live in */
#define PKI_YEAR (365 * 86400)

enum pki_key { PKI_P256, PKI_P384, PKI_RSA2048, PKI_RSA1024, PKI_P224, PKI_ED25519 };

struct pki_options {
	enum pki_key key;
	bool leaf;	       /* CA:FALSE; else CA:TRUE with keyCertSign */
	bool no_constraints;   /* no basicConstraints at all */
	bool no_cert_sign;     /* a CA whose keyUsage is cRLSign alone */
	bool no_key_id;	       /* no subjectKeyIdentifier */
	const char *cn;	       /* NULL: "Factory CA 01" */
	int64_t before, after; /* seconds from PKI_NOW; 0, 0: a year each way */
};

/* One key with its self-signed certificate, in each form. */
struct pki {
	struct imp_span cert, cert_pem; /* cert: DER */
	struct imp_span key, key_pem;	/* PKCS#8 */
	struct imp_span key_encrypted;	/* PEM, password "imprint" */
	struct imp_span spki, spki_pem;
};

/* Fails the test when OpenSSL does. */
void pki_make(struct pki *pki, const struct pki_options *options);
void pki_free(struct pki *pki);

#endif
