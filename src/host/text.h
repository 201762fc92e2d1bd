/* SPDX-License-Identifier: Apache-2.0 */
/* Text as people write it into files, read strictly. */
#ifndef IMP_HOST_TEXT_H
#define IMP_HOST_TEXT_H

#include "base/span.h"
#include "base/status.h"

/* Digits only, no sign, no leading zero, at most 2^64-1.  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_text_number(const char *text, uint64_t *out);

/* The same, or 0x and hexadecimal digits: for addresses and sizes in memory. */
IMP_MUST_CHECK enum imp_status imp_text_address(const char *text, uint64_t *out);

/* "true" or "false".  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_text_bool(const char *text, bool *out);

/* The first line (from 1) that is not well-formed UTF-8 or holds a NUL; 0 when there is none. */
unsigned imp_text_bad_line(struct imp_span text);

/* A control character (U+0000 to U+001F, U+007F to U+009F) anywhere in this UTF-8? */
bool imp_text_has_control(struct imp_span text);

#endif
