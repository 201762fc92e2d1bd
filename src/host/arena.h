/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: many small pieces of memory that live and die together.  Not for secrets. */
#ifndef IMP_HOST_ARENA_H
#define IMP_HOST_ARENA_H

#include <stddef.h>

struct imp_arena_chunk;

/* Empty when zeroed. */
struct imp_arena {
	struct imp_arena_chunk *head;
};

/* n octets, zeroed, aligned for any type; NULL when there is no memory. */
void *imp_arena_alloc(struct imp_arena *arena, size_t n);

/* A NUL-terminated copy of n octets, not aligned; NULL when there is no memory. */
char *imp_arena_text(struct imp_arena *arena, const char *text, size_t n);

void imp_arena_free(struct imp_arena *arena);
#define IMP_ARENA __attribute__((cleanup(imp_arena_free))) struct imp_arena

#endif
