/* SPDX-License-Identifier: Apache-2.0 */
/* Own credentials of a server, from files (PEM or DER) to the forms that LwM2M stores. */
#ifndef IMP_CRYPTO_OWN_KEY_H
#define IMP_CRYPTO_OWN_KEY_H

#include "base/secret.h"
#include "base/wr.h"

/* The private key as PKCS#8 in DER.  IMP_E_FORMAT: no private key; IMP_E_UNSUPPORTED: encrypted;
 * IMP_E_SPACE: larger than out, which is wiped then. */
IMP_MUST_CHECK enum imp_status imp_own_private(struct imp_span file, struct imp_wr *out);

/* Its public half as SubjectPublicKeyInfo in DER. */
IMP_MUST_CHECK enum imp_status imp_own_public(struct imp_span file, struct imp_wr *out);

/* A certificate in DER (the first of a PEM file).  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_own_certificate(struct imp_span file, struct imp_wr *out);

/* IMP_E_MISMATCH when the private key of one file is not that of the other's certificate. */
IMP_MUST_CHECK enum imp_status imp_own_pair(struct imp_span key, struct imp_span certificate);

#endif
