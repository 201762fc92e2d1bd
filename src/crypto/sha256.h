/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 with contexts that are made once. */
#ifndef IMP_CRYPTO_SHA256_H
#define IMP_CRYPTO_SHA256_H

#include "base/span.h"
#include "base/status.h"

#define IMP_SHA256 32

/* Of one span; any thread (each keeps a context until it ends).  IMP_E_INTERNAL: no memory. */
IMP_MUST_CHECK enum imp_status imp_sha256(struct imp_span s, uint8_t out[static IMP_SHA256]);

/* Of several spans, one thread at a time: start, add..., finish, and again. */
struct imp_sha256;

IMP_MUST_CHECK enum imp_status imp_sha256_open(struct imp_sha256 **out);
void imp_sha256_close(struct imp_sha256 *h); /* wipes; takes NULL */

/* A failure on the way is kept and returned by finish. */
void imp_sha256_start(struct imp_sha256 *h);
void imp_sha256_add(struct imp_sha256 *h, struct imp_span s);
IMP_MUST_CHECK enum imp_status imp_sha256_finish(
	struct imp_sha256 *h, uint8_t out[static IMP_SHA256]);

#endif
