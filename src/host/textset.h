/* SPDX-License-Identifier: Apache-2.0 */
/* A set of texts, each with the line where it was first seen: finds duplicates among millions. */
#ifndef IMP_HOST_TEXTSET_H
#define IMP_HOST_TEXTSET_H

#include "base/span.h"
#include "base/status.h"

struct imp_textset_slot;

/* Empty when zeroed. */
struct imp_textset {
	struct imp_textset_slot *v;
	size_t n, cap;
};

/* Add text, which must outlive the set; *first is the line of the equal one that was there before,
 * 0 when it is new.  IMP_E_SPACE: no memory, *first untouched. */
IMP_MUST_CHECK enum imp_status imp_textset_add(
	struct imp_textset *set, struct imp_span text, unsigned line, unsigned *first);

void imp_textset_free(struct imp_textset *set);
#define IMP_TEXTSET __attribute__((cleanup(imp_textset_free))) struct imp_textset

#endif
