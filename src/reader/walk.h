/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of an EF(LwM2M_Bootstrap), walked without recursion and without memory of its own. */
#ifndef IMR_WALK_H
#define IMR_WALK_H

#include "base/span.h"
#include "reader/imr.h"

/* Levels of TLVs below an object. */
enum imr_level { IMR_INSTANCE, IMR_RESOURCE, IMR_RES_INSTANCE, IMR_LEVELS };

struct imr_walk {
	imr_visit *visit; /* NULL: check only */
	void *ctx;
	bool any;		/* there was a value */
	struct imr_resource at; /* object, and above top the other ids, are the caller's */
};

/* All TLVs of run, which belong to level top, and everything below them.  IMR_OK, IMR_E_DAMAGED,
 * IMR_E_STOPPED. */
enum imr_status imr_walk(struct imr_walk *walk, enum imr_level top, struct imp_span run);

/* A whole payload with its header, twice: check everything, then visit.  IMR_E_NONE: no resource.
 */
enum imr_status imr_ef(struct imp_span file, imr_visit *visit, void *ctx);

#endif
