/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal and base64 text.  Both work without tables indexed by secret octets. */
#ifndef IMP_BASE_HEX_H
#define IMP_BASE_HEX_H

#include "base/rd.h"
#include "base/wr.h"

/* Append two lower-case digits per octet. */
void imp_hex_put(struct imp_wr *wr, struct imp_span s);

/* Append the octets that text spells; either case; IMP_E_FORMAT on an odd length or a non-digit. */
IMP_MUST_CHECK enum imp_status imp_hex_get(struct imp_wr *wr, struct imp_span text);

/* Append base64url without padding (RFC 4648, section 5). */
void imp_b64url_put(struct imp_wr *wr, struct imp_span s);

/*
 * Append the octets of base64 text; takes both alphabets, with or without padding; IMP_E_FORMAT on
 * anything else, and on bits left over that are not zero.
 */
IMP_MUST_CHECK enum imp_status imp_b64_get(struct imp_wr *wr, struct imp_span text);

#endif
