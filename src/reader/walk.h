/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of an EF(LwM2M_Bootstrap), walked without recursion and without memory of its own. */
#ifndef IMR_WALK_H
#define IMR_WALK_H

#include "base/span.h"
#include "reader/imr.h"

/* What functions inside the reader return when all is well.  Like IMR_OK, which the public ones
 * return, it is neither 0 nor 1, and four bits at least away from every failure; unlike it, it fits
 * into an instruction. */
#define IMR_GOOD ((enum imr_status)0xF0)

/* Not inlined: its frame need not be there while others run. */
#define IMR_APART __attribute__((noinline))

/* Levels of TLVs below an object. */
enum imr_level { IMR_INSTANCE, IMR_RESOURCE, IMR_RES_INSTANCE, IMR_LEVELS };

struct imr_walk {
	imr_visit *visit; /* NULL: check only */
	void *ctx;
	struct imr_resource at; /* ids above top and value NULL are the caller's; value is set by
				 * the first one */
	size_t looks;		/* the walk's own */
};

/*
 * Ids may come in any order (T10), but only once (T11).  Where they rise, nothing is looked at
 * twice; where they do not, each TLV is compared with those behind it, and so many at most may
 * stand side by side: time stays linear, whatever somebody puts on a card.  The objects of LwM2M
 * have half as many resources.
 */
#define IMR_UNORDERED 64U

/* All of these TLVs, which belong to level top, and everything below them.  IMR_GOOD,
 * IMR_E_DAMAGED, IMR_E_STOPPED. */
enum imr_status imr_walk(struct imr_walk *walk, enum imr_level top, struct imp_span all);

/* A payload with its header and nothing behind it, twice: check everything, then visit.
 * IMR_GOOD, IMR_E_NONE without a resource, IMR_E_DAMAGED, IMR_E_STOPPED. */
enum imr_status imr_ef(struct imp_span file, imr_visit *visit, void *ctx);

/* The same with filling behind it, or never written (IMR_E_NONE): as files of cards are. */
enum imr_status imr_padded(struct imp_span file, imr_visit *visit, void *ctx);

/* Does a Resource TLV stand where the header should?  It would be a count of 49152 objects.  An
 * erased file looks different. */
bool imr_has_no_header(struct imp_span file);

#endif
