/* SPDX-License-Identifier: Apache-2.0 */
#include "host/textset.h"

#include <stdlib.h>

/* Open addressing, at most half full. */
struct imp_textset_slot {
	struct imp_span text;
	uint64_t hash;
	unsigned line; /* 0: free */
};

static uint64_t hash_of(struct imp_span text)
{
	uint64_t h = 0xCBF29CE484222325; /* FNV-1a */

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ text.p[i]) * 0x100000001B3;
	return h ^ h >> 32;
}

static struct imp_textset_slot *find(
	const struct imp_textset *set, struct imp_span text, uint64_t hash)
{
	size_t i = hash & (set->cap - 1);

	while (set->v[i].line && (set->v[i].hash != hash || !imp_span_eq(set->v[i].text, text)))
		i = (i + 1) & (set->cap - 1);
	return &set->v[i];
}

static enum imp_status grow(struct imp_textset *set)
{
	struct imp_textset bigger = { .n = set->n, .cap = set->cap ? set->cap * 2 : 64 };

	bigger.v = calloc(bigger.cap, sizeof *bigger.v);
	if (!bigger.v)
		return IMP_E_SPACE;
	for (size_t i = 0; i < set->cap; i++)
		if (set->v[i].line)
			*find(&bigger, set->v[i].text, set->v[i].hash) = set->v[i];
	free(set->v);
	*set = bigger;
	return IMP_OK;
}

enum imp_status imp_textset_add(
	struct imp_textset *set, struct imp_span text, unsigned line, unsigned *first)
{
	uint64_t hash = hash_of(text);
	struct imp_textset_slot *slot;

	if (set->n * 2 >= set->cap && grow(set) != IMP_OK)
		return IMP_E_SPACE;
	slot = find(set, text, hash);
	*first = slot->line;
	if (slot->line)
		return IMP_OK;
	*slot = (struct imp_textset_slot){ text, hash, line };
	set->n++;
	return IMP_OK;
}

void imp_textset_free(struct imp_textset *set)
{
	free(set->v);
	*set = (struct imp_textset){ 0 };
}
