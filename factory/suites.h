/* SPDX-License-Identifier: Apache-2.0 */
/* Cipher suites by their IANA names (0/x/16). */
#ifndef FACTORY_SUITES_H
#define FACTORY_SUITES_H

#include "base/status.h"

#include <stdint.h>

enum imp_suite_family { IMP_SUITE_ANY, IMP_SUITE_PSK, IMP_SUITE_ECDSA };

/* A name of the table, or 0x and four hexadecimal digits.  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_suite_parse(const char *text, uint16_t *out);

/* Which credentials a suite goes with; IMP_SUITE_ANY for TLS 1.3 and for numbers not in the table.
 */
enum imp_suite_family imp_suite_family(uint16_t suite);

/* The IANA name, or NULL. */
const char *imp_suite_name(uint16_t suite);

#endif
