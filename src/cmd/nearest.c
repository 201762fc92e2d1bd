/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/nearest.h"

#include <string.h>

#define LONGEST 31
#define FAR 3 /* more edits than this are another word */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace) from a to b; FAR when either is too long to be a name. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return FAR;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned above = row[j];

			row[j] =
				least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

static void nearer(const char *name, const char *given, const char **best, unsigned *edits)
{
	unsigned d = distance(name, given);

	if (d < *edits) {
		*edits = d;
		*best = name;
	}
}

const char *imp_nearest_noun(const struct imp_noun *nouns, const char *given)
{
	const char *best = NULL;
	unsigned edits = FAR;

	for (const struct imp_noun *n = nouns; n->name; n++)
		nearer(n->name, given, &best, &edits);
	return best;
}

const char *imp_nearest_verb(const struct imp_noun *noun, const char *given)
{
	const char *best = NULL;
	unsigned edits = FAR;

	for (const struct imp_cmd *c = noun->cmds; c->noun; c++)
		nearer(c->verb, given, &best, &edits);
	return best;
}
