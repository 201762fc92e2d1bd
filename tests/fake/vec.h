/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test data: hex files, tables of them, and the sweeps that every decoder has to pass.  Paths are
 * from the root of the tree; what lies outside of it (VEC_SHARED) may be absent, which is said
 * aloud.
 */
#ifndef VEC_H
#define VEC_H

#include "base/span.h"

#define VEC_SHARED "../shared/vectors/"

/* True when the file or folder is there; else prints "skipped: PATH is not there". */
bool vec_there(const char *path);

/* The octets that a hex file spells, in a block of exactly that size (free() it).  Fails the test
 * when the file is not there or not hex. */
struct imp_span vec_hex(const char *path);

/* A copy in a block of exactly that size, so that ASan sees one octet too many (free() it). */
struct imp_span vec_copy(struct imp_span s);
void vec_free(struct imp_span s);

/* Call row for each line of a tab-separated file but the first; cell has up to 8 columns, further
 * ones NULL.  Returns the number of lines. */
size_t vec_rows(const char *path, void (*row)(void *ctx, char *cell[8]), void *ctx);

/* Tell whether something is wrong with input; true is bad. */
typedef bool vec_bad(void *ctx, struct imp_span input);

/* How many proper prefixes (each in a block of its exact size), or inputs with one bit flipped, are
 * bad. */
size_t vec_prefixes(struct imp_span s, vec_bad *bad, void *ctx);
size_t vec_flips(struct imp_span s, vec_bad *bad, void *ctx);

#endif
