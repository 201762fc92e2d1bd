/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this layer: octets of files to OpenSSL's objects.  PEM or DER, told apart by the text. */
#ifndef IMP_CRYPTO_LOAD_H
#define IMP_CRYPTO_LOAD_H

#include "base/span.h"
#include "base/status.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

bool imp_is_pem(struct imp_span file);

/* The first certificate of a PEM file, or a DER file that holds exactly one.  NULL: none. */
X509 *imp_load_certificate(struct imp_span file);

/* IMP_E_FORMAT: no private key; IMP_E_UNSUPPORTED: encrypted.  Never asks for a password. */
IMP_MUST_CHECK enum imp_status imp_load_private(struct imp_span file, EVP_PKEY **out);

/* SubjectPublicKeyInfo.  NULL: none. */
EVP_PKEY *imp_load_public(struct imp_span file);

/* Release for __attribute__((cleanup)). */
void imp_x509_release(X509 **x);
void imp_pkey_release(EVP_PKEY **key);

#define IMP_X509 __attribute__((cleanup(imp_x509_release))) X509 *
#define IMP_PKEY __attribute__((cleanup(imp_pkey_release))) EVP_PKEY *

#endif
