/* SPDX-License-Identifier: Apache-2.0 */
/* A server's public key as 0/x/4 takes it (ref lwm2m 2.1, 2.4). */
#ifndef IMP_CRYPTO_SERVER_KEY_H
#define IMP_CRYPTO_SERVER_KEY_H

#include "base/span.h"
#include "base/status.h"
#include "base/wr.h"

/*
 * file: a certificate or a SubjectPublicKeyInfo, PEM or DER.  Appends its DER, or, by the matching
 * type of 0/x/13, the hash of that DER: 0 exact, 1 SHA-256, 2 SHA-384, 3 SHA-512.  *is_certificate
 * says which it was.  IMP_E_FORMAT: neither; IMP_E_UNSUPPORTED: another matching type, a weak key
 * (B3).  Nothing is appended on failure.
 */
IMP_MUST_CHECK enum imp_status imp_server_key(
	struct imp_span file, int matching_type, struct imp_wr *out, bool *is_certificate);

#endif
