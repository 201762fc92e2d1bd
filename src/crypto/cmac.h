/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CMAC (RFC 4493), as the tag of a slot has it: flash-images/FORMAT.md, Tag. */
#ifndef IMP_CRYPTO_CMAC_H
#define IMP_CRYPTO_CMAC_H

#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#define IMP_CMAC 16

/* One key ready for use, one thread. */
struct imp_cmac;

/* IMP_E_FORMAT when key is not 16, 24 or 32 octets (AES-128, -192, -256).  A copy of its own is
 * kept. */
IMP_MUST_CHECK enum imp_status imp_cmac_open(const struct imp_secret *key, struct imp_cmac **out);
void imp_cmac_close(struct imp_cmac *cmac); /* wipes; takes NULL */

/* The tag over both spans, one behind the other.  out is untouched on failure. */
IMP_MUST_CHECK enum imp_status imp_cmac(
	struct imp_cmac *cmac, struct imp_span a, struct imp_span b, uint8_t out[static IMP_CMAC]);

#endif
