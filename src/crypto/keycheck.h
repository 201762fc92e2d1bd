/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's imp_keycheck (model/check.h), by OpenSSL.  Stateless; any thread.  It is the one
 * place of this layer that includes a header of the model: the seam belongs to the checker, which
 * must not know OpenSSL.
 */
#ifndef IMP_CRYPTO_KEYCHECK_H
#define IMP_CRYPTO_KEYCHECK_H

#include "model/check.h"

extern const struct imp_keycheck imp_keycheck_openssl;

#endif
