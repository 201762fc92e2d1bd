/* SPDX-License-Identifier: Apache-2.0 */
#include "host/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)64 << 10)

struct imp_arena_chunk {
	struct imp_arena_chunk *next;
	size_t used, cap;
	alignas(max_align_t) unsigned char data[];
};

/* A chunk with room for n octets; the largest requests get one of their own. */
static struct imp_arena_chunk *chunk_for(struct imp_arena *arena, size_t n)
{
	struct imp_arena_chunk *c = arena->head;
	size_t cap = n > CHUNK ? n : CHUNK;

	if (c && c->cap - c->used >= n)
		return c;
	if (n > SIZE_MAX / 2)
		return NULL;
	c = calloc(1, sizeof *c + cap);
	if (!c)
		return NULL;
	c->cap = cap;
	c->next = arena->head;
	arena->head = c;
	return c;
}

void *imp_arena_alloc(struct imp_arena *arena, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct imp_arena_chunk *c = arena->head;
	void *p;

	if (c) {
		size_t pad = (align - c->used % align) % align;

		c->used = c->cap - c->used < pad ? c->cap : c->used + pad;
	}
	c = chunk_for(arena, n);
	if (!c)
		return NULL;
	p = c->data + c->used;
	c->used += n;
	return p;
}

char *imp_arena_text(struct imp_arena *arena, const char *text, size_t n)
{
	struct imp_arena_chunk *c = n == SIZE_MAX ? NULL : chunk_for(arena, n + 1);
	char *p;

	if (!c)
		return NULL;
	p = (char *)c->data + c->used;
	if (n)
		memcpy(p, text, n);
	p[n] = '\0';
	c->used += n + 1;
	return p;
}

void imp_arena_free(struct imp_arena *arena)
{
	while (arena->head) {
		struct imp_arena_chunk *c = arena->head;

		arena->head = c->next;
		free(c);
	}
}
