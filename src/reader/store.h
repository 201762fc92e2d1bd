/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account store: the device's whole configuration as one record in flash, replaced as a whole.
 * Byte-exact: flash-images/STORE.md.
 *
 * Two regions of whole erase blocks; one holds the record in force, the other one is blank.  A
 * change writes a new record into the blank region, marks it, and only then erases the old one: a
 * power cut anywhere leaves the old or the new configuration, and keys that were given up are gone
 * when the call returns IMR_OK.  What a cut left undone imr_store_open() completes.
 *
 * Each function that changes something is one such update, with at most (B blocks a region, f
 * blocks of the factory area, 0 when it is not erased)
 *	4	calls of prog, which together program each unit of the record once
 *	2 B + f	calls of erase, 3 B + f when it fails
 * whatever the content, and imr_store_open() at most B + f calls of erase and none of prog.
 *
 * Freestanding, no heap, no static data.  Success is IMR_OK, a pattern of many bits (imr.h).
 */
#ifndef IMR_STORE_H
#define IMR_STORE_H

#include "reader/ef_edit.h"
#include "reader/imr.h"

/* Octets that the buffer must have beyond the configuration, and a region beyond the buffer. */
#define IMR_STORE_TRAILER 96U
#define IMR_STORE_BUFFER_EXTRA (IMR_STORE_TRAILER + 31U)
#define IMR_STORE_REGION_EXTRA 96U

/* Where, and how.  All callbacks return 0, or non-zero when they failed.  Addresses are the
 * device's own. */
struct imr_store_flash {
	uint32_t region[2];    /* addresses, aligned to blocks */
	uint32_t size;	       /* octets of one region: whole blocks */
	uint32_t block;	       /* octets of one erase block, a multiple of 8 */
	uint32_t unit;	       /* octets of a program unit: 1, 2, 4, 8, 16 or 32 */
	uint32_t factory;      /* the factory area, all slots of it: whole blocks */
	uint32_t factory_size; /* its octets; 0: there is none, or it cannot be erased */
	void *ctx;
	int (*read)(void *ctx, uint32_t addr, void *to, size_t n);
	/* Program n octets: whole aligned units, erased before and programmed once.  from may lie
	 * anywhere in RAM, without alignment. */
	int (*prog)(void *ctx, uint32_t addr, const void *from, size_t n);
	/* Erase the block at addr to FF. */
	int (*erase)(void *ctx, uint32_t addr);
	/* Return when all of that is in the medium; NULL when it is anyway. */
	int (*sync)(void *ctx);
};

/* What a card was when its content was taken (D4). */
struct imr_store_card {
	uint8_t id_n;	    /* 0: no card */
	uint8_t id[10];	    /* ICCID as EF.ICCID holds it */
	uint8_t digest[32]; /* SHA-256 of the file's 4 + size octets, by the device's own function
			     */
};

/* Flags of a record. */
#define IMR_STORE_BOOTSTRAPPED 1U  /* a bootstrap sequence has finished */
#define IMR_STORE_FROM_FACTORY 2U  /* the bootstrap account is the factory's */
#define IMR_STORE_FACTORY_SPENT 4U /* it was replaced or purged: leave the factory slot alone */

struct imr_store {
	const struct imr_store_flash *flash; /* set by the device */

	/* To look at; an account that imr_store_apply() puts in the place of another one wants
	 * remaining set to 0 before. */
	uint32_t remaining; /* seconds of the account timeout as in flash; 0: it does not run */
	uint32_t step;	    /* seconds after which remaining is written again: T/16, rounded up */
	uint32_t unsaved;   /* seconds that have passed but are not in flash yet */
	uint32_t generation;
	enum imr_status closed; /* why nothing may be written, or 0xF0 */
	uint8_t region;		/* in force; IMR_STORE_NO_REGION */
	uint8_t flags;

	/* Part of the record; may be changed between imr_store_read() and imr_store_apply(). */
	uint8_t keys;	    /* 5A; A5: the bootstrap account is non-persistent (D15) */
	struct imr_set set; /* p and size, 256 octets at least, set by the device; wiped by each
			     * function but those that say otherwise */
	struct imr_store_card card;
};

#define IMR_STORE_NO_REGION 3U

/*
 * Find the record in force, complete what a power cut left undone, and leave the configuration in
 * s->set for imr_store_visit() or an edit.  To be called once after a reset, before anything else.
 * IMR_OK; IMR_E_NONE: never written; IMR_E_LEFT: as IMR_OK, but superseded keys could not be
 * erased.  IMR_E_DAMAGED, IMR_E_IO: no record can be used; nothing has been erased, and the next
 * change starts from nothing.  IMR_E_NEWER, IMR_E_SPACE (of the buffer): nothing may be written.
 */
enum imr_status imr_store_open(struct imr_store *s);

/* Bring the configuration into s->set again, with all that belongs to it; an empty one when nothing
 * was ever written.  IMR_OK, IMR_E_IO, IMR_E_DAMAGED, and why the store is closed. */
enum imr_status imr_store_read(struct imr_store *s);

/* Wipe s->set. */
void imr_store_wipe(struct imr_store *s);

/*
 * Hand over each resource but those of disabled instances, from s->set if there is something in it,
 * else from flash.  IMR_OK, IMR_E_STOPPED, or as imr_store_read().  During the call
 * imr_set_find(&s->set, ...) tells the origin of an instance.
 */
enum imr_status imr_store_visit(struct imr_store *s, imr_visit *visit, void *ctx);

/*
 * Make s->set, with card and keys, the configuration.
 * IMR_OK: it is in force, and nothing else is left.
 * IMR_E_LEFT: it is in force, but the old record, or the factory account that it replaces, could
 * not be erased; imr_store_open() tries again.
 * IMR_E_DAMAGED: not a payload; IMR_E_RULE: two bootstrap accounts, or an instance of unknown
 * origin; IMR_E_SPACE: too large for the buffer or a region; IMR_E_IO; IMR_E_NEWER: the old one
 * is in force, and s says so.
 */
enum imr_status imr_store_apply(struct imr_store *s);

/*
 * A bootstrap sequence has succeeded: s->set is what it made of the configuration, with what it
 * wrote marked IMR_ORIGIN_FRESH.  To be called before the answer to Finish (F7, D10, D11, D15):
 * - a fresh bootstrap account replaces an older non-persistent one (IMR_E_RULE when the older one
 *   is persistent) and is persistent itself unless it carries 0/x/12;
 * - without a fresh one, an account marked non-persistent whose 0/x/12 is at most 1 is purged;
 * - the timeout of the account starts, unless it runs already and the account is the same.
 * Results as imr_store_apply().  After IMR_E_RULE for two accounts s->set is as it was, for a
 * sequence that goes on (F5).
 */
enum imr_status imr_store_finish(struct imr_store *s);

/* Purge the bootstrap account now (F11); its keys are erased, from the factory area too. */
enum imr_status imr_store_purge(struct imr_store *s);

/*
 * Seconds have passed since the last call, by any clock, sleep included.  Call it whenever
 * convenient.  Writes at most 16 times in the life of an account, and purges it when its timeout
 * is over.  A reset loses s->unsaved, always less than s->step: a device that can keep it adds it
 * to its first call, any other one keeps the account longer by less than a step a reset - never
 * shorter, because a purge cannot be taken back (F12).
 */
enum imr_status imr_store_elapsed(struct imr_store *s, uint32_t seconds);

/* The card is gone: delete what came from it, and nothing else (S6). */
enum imr_status imr_store_card_removed(struct imr_store *s);

/* The card has changed: keep what came from it, but hand it over no more (S5).  The digest of what
 * was taken is cleared, so that the same content is something new when it comes back.  Costs
 * nothing when nothing came from the card. */
enum imr_status imr_store_card_disabled(struct imr_store *s);

/*
 * Factory reset (3/0/5, C15).  enough: a card, or a factory slot that is not spent, was found good
 * (imr_load without a visitor) and will do for a bootstrap mode; then nothing is kept.  Otherwise
 * the bootstrap account stays, with what it links to, as if just provisioned; IMR_E_LAST when there
 * is none, and nothing has changed.
 */
enum imr_status imr_store_reset(struct imr_store *s, bool enough);

#endif
