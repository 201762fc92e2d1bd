/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in messages: "%zu unit%s", n, imp_s(n). */
#ifndef IMP_BASE_PLURAL_H
#define IMP_BASE_PLURAL_H

#include <stdint.h>

static inline const char *imp_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#endif
