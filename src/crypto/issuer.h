/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device certificates: X.509 version 3 in DER (RFC 5280, RFC 7925 profile), written straight into a
 * buffer.  Extensions: basicConstraints CA:FALSE and keyUsage digitalSignature (both critical),
 * extendedKeyUsage clientAuth, subjectAltName (the endpoint: URI when it has a colon, else
 * dNSName), subject and authority key identifiers.
 */
#ifndef IMP_CRYPTO_ISSUER_H
#define IMP_CRYPTO_ISSUER_H

#include "base/wr.h"
#include "crypto/ca.h"
#include "crypto/keys.h"
#include "crypto/name.h"

#define IMP_CERT_MAX 2048
#define IMP_CERT_SERIAL 16  /* octets; the first is 40..7F: positive, fixed length */
#define IMP_NEVER INT64_MAX /* notAfter without an end: 99991231235959Z */

struct imp_cert_request {
	uint8_t serial[IMP_CERT_SERIAL];
	struct imp_span subject;  /* as for imp_name_encode() */
	struct imp_span endpoint; /* subjectAltName */
	int64_t not_before;	  /* seconds since 1970 */
	int64_t not_after;	  /* inclusive; IMP_NEVER: no end */
	const uint8_t *point;	  /* IMP_P256_POINT octets */
};

/* Issuer: what one thread needs to issue.  The CA must outlive it. */
struct imp_issuer;

IMP_MUST_CHECK enum imp_status imp_issuer_open(
	const struct imp_ca *ca, struct imp_issuer **out, struct imp_diag *diag);
void imp_issuer_close(struct imp_issuer *issuer); /* takes NULL */

/* Append one certificate; nothing is appended on failure.  IMP_E_FORMAT for a bad request (subject,
 * serial number, endpoint that is not ASCII, validity). */
IMP_MUST_CHECK enum imp_status imp_issuer_issue(struct imp_issuer *issuer,
	const struct imp_cert_request *request, struct imp_wr *out, struct imp_diag *diag);

/*
 * Read a certificate back from its octets alone: outline, algorithm, issuer, serial number and
 * public point as requested, and the CA's signature.  IMP_E_MISMATCH names what differs.
 */
IMP_MUST_CHECK enum imp_status imp_issuer_verify(struct imp_issuer *issuer,
	struct imp_span certificate, const struct imp_cert_request *request, struct imp_diag *diag);

#endif
