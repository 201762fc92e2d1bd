/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: an own type for key octets, wiped when it leaves scope, taken by no print, span or
 * JSON function by accident.
 */
#ifndef IMP_BASE_SECRET_H
#define IMP_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_SECRET_MAX 256

struct imp_secret {
	uint8_t b[IMP_SECRET_MAX];
	size_t n;
};

/* Overwrite n octets in a way that the compiler may not remove. */
void imp_wipe(void *p, size_t n);

void imp_secret_wipe(struct imp_secret *s);

/* Equal in constant time for a given n. */
bool imp_secret_eq(const void *a, const void *b, size_t n);

#define IMP_SECRET __attribute__((cleanup(imp_secret_wipe))) struct imp_secret

#endif
