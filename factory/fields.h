/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a device list as the ledger keeps them: cells with 1F between them (no cell holds a
 * control character).
 */
#ifndef IMP_FACTORY_FIELDS_H
#define IMP_FACTORY_FIELDS_H

#include "factory/devices.h"

#define IMP_FIELD_SEPARATOR '\x1F'

/* The cells joined, on the heap; NULL when there is no memory. */
char *imp_fields_join(const char *const *cells, size_t n);

/* Take text apart in place: up to cap cells, their number returned; cap + 1 when there are more. */
size_t imp_fields_split(char *text, const char **cells, size_t cap);

#endif
