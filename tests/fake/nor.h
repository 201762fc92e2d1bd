/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR flash in memory that loses power on demand.
 *
 * Programming clears bits of whole aligned units, each once after an erase; erasing sets whole
 * blocks to FF.  Each program unit and each block erased is one operation with a number.  At the
 * operation that is asked for, power is lost before, inside or after it: the code under test is
 * left by longjmp, nothing runs on.  A breach of the part's rules fails the test at once.
 *
 * A part whose erased value is 00 sets bits where others clear them (nor_erased).  A medium with a
 * write cache (nor_cache) may lose one operation since the last sync when power is lost, though
 * later ones were done.
 */
#ifndef NOR_H
#define NOR_H

#include <setjmp.h>
#include <stdbool.h>

#include "reader/store.h"

#define NOR_SIZE 2048

/* How an operation ends when power is lost; torn ways change a part of the bits that should. */
enum nor_way {
	NOR_BEFORE,
	NOR_AFTER,
	NOR_FIRST_BYTE,
	NOR_FIRST_UNIT, /* of a program: the first half */
	NOR_HALF,
	NOR_BUT_LAST_BYTE,
	NOR_BUT_ONE_BIT,
	NOR_ONE_BIT,
	NOR_RANDOM_1, /* half of the bits, drawn by seed, operation and way */
	NOR_RANDOM_2,
	NOR_UNREADABLE, /* a part with ECC: the torn units cannot be read until erased */
	NOR_WAYS,
	NOR_UNSTABLE = NOR_WAYS, /* what should have changed reads differently from boot to boot */
};

enum nor_rule { NOR_STRICT, NOR_TO_ZERO, NOR_FREE }; /* programming a unit twice */
enum nor_fault { NOR_REPORTED, NOR_SILENT };	     /* an operation that does nothing */

/* An operation that is in the cache, but perhaps not in the medium. */
struct nor_cached {
	uint32_t addr;
	uint8_t n; /* octets of a program; 0: an erase */
	uint8_t octets[32];
};

#define NOR_CACHED_MAX 1024

/* The part's content; copied whole for a snapshot. */
struct nor_state {
	uint8_t torn; /* there may be something in loose or unreadable */
	uint8_t mem[NOR_SIZE];
	uint8_t loose[NOR_SIZE];      /* bits that read as they like */
	uint8_t used[NOR_SIZE];	      /* by unit: programmed, or torn, since the last whole erase */
	uint8_t unreadable[NOR_SIZE]; /* by unit */
};

struct nor {
	struct nor_state state;
	uint32_t size, block, unit;
	enum nor_rule rule;
	uint32_t seed; /* of torn bits */
	uint32_t boot; /* changes what loose bits read as */

	/* The next cut. */
	jmp_buf *out;
	unsigned cut_at; /* operation, from 1 on; 0: none */
	enum nor_way way;

	/* Operations that fail. */
	unsigned fails_at, fails_to; /* first and last one; 0: none */
	enum nor_fault fault;

	/* Counts since nor_counts(). */
	unsigned operations, programs, erases, calls, reads;
	unsigned worn[NOR_SIZE]; /* erases, by block; never reset */

	uint8_t erased;	 /* FF, or 00 */
	bool inverts;	 /* the seam does: the device sees FF where the part holds 00 */
	bool cache;	 /* operations may be lost out of order */
	unsigned lost;	 /* of those: how many cuts had one */
	unsigned cached; /* operations since the last sync */
	struct nor_cached journal[NOR_CACHED_MAX];
	struct nor_state synced;

	struct imr_store_flash seam; /* hand this to the store */
};

/* A blank part; block and unit divide size.  The seam's regions are for the caller to set. */
void nor_init(struct nor *nor, uint32_t size, uint32_t block, uint32_t unit);

/* The same part with this erased value; inverts: the port inverts all that it reads and programs.
 */
void nor_erased(struct nor *nor, uint8_t erased, bool inverts);

/* Behind a write cache; synced: the seam has a sync, else nothing is ever known to be there. */
void nor_cache(struct nor *nor, bool synced);

/* Start counting anew, with nothing in the cache, and take back cuts and faults. */
void nor_counts(struct nor *nor);

/* Do the n octets that the device sees stand anywhere in the array? */
bool nor_holds(const struct nor *nor, const void *octets, size_t n);

#endif
