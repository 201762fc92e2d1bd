/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>

void imp_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	/* The empty statement claims to read *p: the memset before it must really happen. */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

void imp_secret_wipe(struct imp_secret *s)
{
	imp_wipe(s, sizeof *s);
}

bool imp_secret_eq(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = (const volatile uint8_t *)a;
	const volatile uint8_t *y = (const volatile uint8_t *)b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}
