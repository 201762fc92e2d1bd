/* SPDX-License-Identifier: Apache-2.0 */
#include "card/pick.h"

#include <stdio.h>
#include <string.h>

struct readers {
	struct imp_reader_info v[IMP_READERS_MAX];
	size_t n;
};

/* ---- which ones fit ---- */

typedef bool fits(const struct readers *readers, size_t i, const char *spec);

static bool by_index(const struct readers *readers, size_t i, const char *spec)
{
	char text[24];

	(void)readers;
	(void)snprintf(text, sizeof text, "%zu", i);
	return strcmp(text, spec) == 0;
}

static bool by_name(const struct readers *readers, size_t i, const char *spec)
{
	return strcmp(readers->v[i].name, spec) == 0;
}

static bool by_part(const struct readers *readers, size_t i, const char *spec)
{
	return strstr(readers->v[i].name, spec) != NULL;
}

static bool by_part_in_any_case(const struct readers *readers, size_t i, const char *spec)
{
	return strcasestr(readers->v[i].name, spec) != NULL;
}

static bool any(const struct readers *readers, size_t i, const char *spec)
{
	(void)readers;
	(void)i;
	(void)spec;
	return true;
}

static bool with_card(const struct readers *readers, size_t i, const char *spec)
{
	(void)spec;
	return readers->v[i].card_present;
}

/* How many fit; the last of them in *which. */
static size_t count(const struct readers *readers, fits *fit, const char *spec, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < readers->n; i++) {
		if (fit(readers, i, spec)) {
			*which = i;
			n++;
		}
	}
	return n;
}

/* ---- messages ---- */

/* "0: NAME; 1: NAME" as far as they fit. */
static void name_all(const struct readers *readers, char *text, size_t cap)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < readers->n && at + 1 < cap; i++) {
		int n = snprintf(text + at, cap - at, "%s%zu: %s%s", i ? "; " : "", i,
			readers->v[i].name, readers->v[i].card_present ? " (card)" : "");

		at += n > 0 ? (size_t)n : 0;
	}
}

static enum imp_status not_one(const struct imp_readers *seam, const struct readers *readers,
	const char *spec, size_t n, struct imp_diag *diag)
{
	const char *option = seam->option;
	char names[200];

	name_all(readers, names, sizeof names);
	if (n == 0) {
		imp_diag(diag, IMP_E_ABSENT, "no reader '%s'; there are %s", spec, names);
		imp_diag_hint(diag, "name one of them: %s INDEX or %s NAME", option, option);
		return IMP_E_ABSENT;
	}
	if (spec)
		imp_diag(diag, IMP_E_USAGE, "%s '%s' fits %zu readers: %s", option, spec, n, names);
	else
		imp_diag(diag, IMP_E_USAGE, "%zu readers could be meant: %s", n, names);
	imp_diag_hint(diag, "name one: %s INDEX or %s NAME", option, option);
	return IMP_E_USAGE;
}

/* ---- picking ---- */

static enum imp_status choose(const struct imp_readers *seam, const struct readers *readers,
	const char *spec, size_t *which, struct imp_diag *diag)
{
	static fits *const named[] = { by_index, by_name, by_part, by_part_in_any_case };
	static fits *const unnamed[] = { any, with_card };
	fits *const *order = spec ? named : unnamed;
	size_t tries = spec ? sizeof named / sizeof *named : sizeof unnamed / sizeof *unnamed;
	size_t several = 0;

	for (size_t i = 0; i < tries; i++) {
		size_t n = count(readers, order[i], spec, which);

		if (n == 1)
			return IMP_OK;
		if (n)
			several = n;
	}
	return not_one(seam, readers, spec, several, diag);
}

enum imp_status imp_reader_pick(const struct imp_readers *readers, const char *spec,
	char name[static 128], struct imp_diag *diag)
{
	struct readers found = { .n = 0 };
	size_t which = 0;
	enum imp_status st = readers->list(readers->ctx, found.v, IMP_READERS_MAX, &found.n, diag);

	if (st != IMP_OK)
		return st;
	if (found.n > IMP_READERS_MAX)
		found.n = IMP_READERS_MAX;
	if (found.n == 0) {
		imp_diag(diag, IMP_E_ABSENT, "no card reader");
		imp_diag_hint(diag, "plug one in");
		return IMP_E_ABSENT;
	}
	st = choose(readers, &found, spec, &which, diag);
	if (st == IMP_OK)
		(void)snprintf(name, 128, "%s", found.v[which].name);
	return st;
}

enum imp_status imp_reader_open(const struct imp_readers *readers, const char *spec,
	char name[static 128], struct imp_card *card, struct imp_diag *diag)
{
	enum imp_status st = imp_reader_pick(readers, spec, name, diag);

	return st == IMP_OK ? readers->open(readers->ctx, name, card, diag) : st;
}

void imp_card_close(struct imp_card *card)
{
	if (card->close)
		card->close(card->ctx);
	*card = (struct imp_card){ .ctx = NULL };
}
