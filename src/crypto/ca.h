/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate authority: a CA certificate with its private key, loaded and judged once, then only
 * read, by any number of threads.  EC P-256 and P-384, RSA from 2048 bits.
 */
#ifndef IMP_CRYPTO_CA_H
#define IMP_CRYPTO_CA_H

#include "base/diag.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_ca;

/* Where the octets came from, for messages. */
struct imp_ca_source {
	struct imp_span certificate;  /* PEM (the first one in it) or DER */
	struct imp_span key;	      /* PEM or DER, not encrypted */
	const char *certificate_name; /* "pki/ca.pem" */
	const char *key_name;
};

/*
 * Load and judge: both parse, the key belongs to the certificate, which is a CA that may sign
 * certificates and is in force at now (seconds since 1970).  key may be empty with key_name NULL:
 * then only the certificate is judged, and issuing is IMP_E_DENIED.
 * IMP_E_FORMAT: does not parse; IMP_E_UNSUPPORTED: encrypted key, other kind of key;
 * IMP_E_INCONSISTENT: a pair that does not match, no CA, not in force.
 */
IMP_MUST_CHECK enum imp_status imp_ca_open(const struct imp_ca_source *source, int64_t now,
	struct imp_ca **out, struct imp_diag *diag);
void imp_ca_close(struct imp_ca *ca); /* takes NULL */

/* The subject of the CA as a DER Name: the issuer of what it signs. */
struct imp_span imp_ca_name(const struct imp_ca *ca);

/* The subject key identifier: from the extension, else the SHA-1 of its public key (RFC 5280
 * 4.2.1.2). */
struct imp_span imp_ca_key_id(const struct imp_ca *ca);

struct imp_span imp_ca_certificate(const struct imp_ca *ca); /* DER */
int64_t imp_ca_not_before(const struct imp_ca *ca);	     /* seconds since 1970 */
int64_t imp_ca_not_after(const struct imp_ca *ca);

/* Signer: signing and verifying contexts of one thread.  The CA must outlive it. */
#define IMP_SIGNATURE_MAX 512

struct imp_signer;

/* IMP_E_DENIED when the CA was opened without its key. */
IMP_MUST_CHECK enum imp_status imp_signer_open(const struct imp_ca *ca, struct imp_signer **out);
void imp_signer_close(struct imp_signer *signer); /* takes NULL */

/* DER AlgorithmIdentifier of what imp_signer_sign() makes (SHA-256 with ECDSA or RSA). */
struct imp_span imp_signer_algorithm(const struct imp_signer *signer);

/* Sign octets; *n is the length of sig. */
IMP_MUST_CHECK enum imp_status imp_signer_sign(struct imp_signer *signer, struct imp_span octets,
	uint8_t sig[static IMP_SIGNATURE_MAX], size_t *n);

/* IMP_E_MISMATCH when the signature is not the CA's over these octets. */
IMP_MUST_CHECK enum imp_status imp_signer_verify(
	struct imp_signer *signer, struct imp_span octets, struct imp_span sig);

#endif
