/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing a configuration in place: the octets of an EF(LwM2M_Bootstrap) in a buffer that the
 * caller owns, and next to them where each instance came from (S11).
 *
 * The octets must have passed imr_payload() (an empty configuration, 00 00 00 00, is good as well);
 * whatever they hold, nothing is read or written outside the buffer.  What is taken out is wiped.
 * An instance that is written again keeps its place; a new one follows those of the same object.
 */
#ifndef IMR_EF_EDIT_H
#define IMR_EF_EDIT_H

#include "base/rd.h"
#include "reader/imr.h"

/* Instances of all objects that one configuration may have. */
#define IMR_INSTANCES_MAX 44U

/* Any two differ in four bits at least. */
enum imr_origin {
	IMR_ORIGIN_FACTORY = 0x5A,
	IMR_ORIGIN_CARD = 0xC3,
	IMR_ORIGIN_SERVER = 0x3C, /* a bootstrap server, in a sequence that has finished */
	IMR_ORIGIN_FRESH = 0x69,  /* a bootstrap server, in the sequence that runs; RAM only */
	IMR_ORIGIN_DISABLED =
		0xA5, /* a card whose content has changed (S5): kept, not handed over */
};

struct imr_set {
	uint8_t *p;
	size_t size;			   /* of the buffer */
	size_t n;			   /* octets of the configuration; 0: none in the buffer */
	uint8_t origin[IMR_INSTANCES_MAX]; /* of each instance as they stand; 0 behind them */
};

/* An instance in a set; zeroed, or after imr_set_start(), it stands before the first one. */
struct imr_at {
	uint16_t object, instance;
	unsigned index;		   /* into the set's origin */
	unsigned origin;	   /* what stands there */
	struct imp_span resources; /* TLVs of the instance */
	/* By imr_at_account() alone: whether it is a bootstrap account; its 0/x/12 in seconds, 0
	 * when absent or negative, at most UINT32_MAX (F8, F9). */
	bool account;
	uint32_t timeout;
	/* The editor's own: objects and instances behind this one, the object's header and first
	 * instance, this one. */
	struct imp_rd objects, instances;
	uint8_t *frame, *first, *here;
};

static inline void imr_set_start(struct imr_at *at)
{
	at->objects.p = NULL;
}

/* The next instance; false at the end.  A set of more than IMR_INSTANCES_MAX ends there. */
bool imr_set_next(const struct imr_set *set, struct imr_at *at);

/* Find one; false when it is not there. */
bool imr_set_find(const struct imr_set *set, uint16_t object, uint16_t instance, struct imr_at *at);

/* Value of a single resource of the instance; p is NULL when it does not have it. */
struct imp_span imr_at_resource(const struct imr_at *at, uint16_t resource);

/* Is it a bootstrap account: instance of /0 whose resource 1 is true (K4)?  at->account and
 * at->timeout say so. */
bool imr_at_account(struct imr_at *at);

/* The next bootstrap account behind the cursor. */
bool imr_set_account(const struct imr_set *set, struct imr_at *at);

/* Make the set empty: four octets. */
void imr_set_clear(struct imr_set *set);

/* Take an instance out; at then stands before the one that followed.  An object without instances
 * goes with its last one. */
void imr_set_remove(struct imr_set *set, struct imr_at *at);

/* The same with every instance whose origin is 0. */
void imr_set_sweep(struct imr_set *set);

/*
 * What belongs to account /0/account: itself, and what it links to of /21, /23, /24 (K4).
 * keep false: take it out, but what another account links to as well (F11); true: take out all
 * else.
 */
void imr_set_divide(struct imr_set *set, uint16_t account, bool keep);

/*
 * Write an instance as a bootstrap server does (O4): the resources, TLVs, become its content
 * whether it was there or not.  They must not lie in the buffer.  The object gets no version of its
 * own when it is new.  IMR_OK; IMR_E_SPACE: buffer, 32 KiB or IMR_INSTANCES_MAX, or nothing is in
 * the buffer; the set is unchanged.
 */
enum imr_status imr_set_put(struct imr_set *set, uint16_t object, uint16_t instance,
	struct imp_span resources, enum imr_origin origin);

#endif
