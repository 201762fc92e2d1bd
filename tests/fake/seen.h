/* SPDX-License-Identifier: Apache-2.0 */
/* A visitor of the device reader that writes down what it is handed. */
#ifndef SEEN_H
#define SEEN_H

#include "base/wr.h"
#include "reader/imr.h"

#define SEEN_MAX (1U << 17)

struct seen {
	unsigned count;
	unsigned stop_at; /* the visitor says stop at this one, from 1 on; 0: never */
	struct imp_wr wr; /* path, length and value of each */
	uint8_t text[SEEN_MAX];
};

void seen_init(struct seen *seen);
int seen_visit(void *ctx, const struct imr_resource *resource); /* ctx: struct seen */

/* The same resources in the same order. */
bool seen_equal(const struct seen *a, const struct seen *b);

#endif
