/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_dedup.h"

#include "base/secret.h"
#include "bootstrap/message.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4

struct imp_dedup_entry {
	uint64_t until_ms;
	struct imp_answer answer;
	uint8_t *octets; /* payload and location */
	size_t octets_n;
	uint16_t mid;
};

static struct imp_dedup_entry *entry(const struct imp_dedup *d, size_t i)
{
	return &d->entries[(d->first + i) % d->room];
}

static void forget_oldest(struct imp_dedup *d)
{
	struct imp_dedup_entry *e = entry(d, 0);

	if (e->octets)
		imp_wipe(e->octets, e->octets_n);
	free(e->octets);
	d->octets -= e->octets_n;
	d->first = (d->first + 1) % d->room;
	d->n--;
}

const struct imp_answer *imp_dedup_find(struct imp_dedup *d, uint16_t mid, uint64_t now_ms)
{
	while (d->n && entry(d, 0)->until_ms <= now_ms)
		forget_oldest(d);
	for (size_t i = d->n; i-- > 0;)
		if (entry(d, i)->mid == mid)
			return &entry(d, i)->answer;
	return NULL;
}

/* Twice the room, the ring laid out from 0. */
static bool grow(struct imp_dedup *d)
{
	size_t room = d->room ? 2 * d->room : FIRST_ROOM;
	struct imp_dedup_entry *entries = (struct imp_dedup_entry *)calloc(room, sizeof *entries);

	if (entries == NULL)
		return false;
	for (size_t i = 0; i < d->n; i++)
		entries[i] = *entry(d, i);
	free(d->entries);
	d->entries = entries;
	d->first = 0;
	d->room = room;
	return true;
}

void imp_dedup_keep(
	struct imp_dedup *d, uint16_t mid, const struct imp_answer *answer, uint64_t now_ms)
{
	struct imp_dedup_entry e = { now_ms + IMP_EXCHANGE_LIFETIME * 1000U, *answer, NULL,
		answer->payload.n + answer->location.n, mid };

	while (d->n && (d->n == IMP_DEDUP_MAX || d->octets + e.octets_n > IMP_DEDUP_OCTETS))
		forget_oldest(d);
	if (d->n == d->room && !grow(d))
		return;
	if (e.octets_n) {
		e.octets = (uint8_t *)malloc(e.octets_n);
		if (e.octets == NULL)
			return;
		if (answer->payload.n)
			memcpy(e.octets, answer->payload.p, answer->payload.n);
		if (answer->location.n)
			memcpy(e.octets + answer->payload.n, answer->location.p,
				answer->location.n);
		e.answer.payload.p = e.octets;
		e.answer.location.p = e.octets + answer->payload.n;
	}
	d->octets += e.octets_n;
	d->entries[(d->first + d->n++) % d->room] = e;
}

void imp_dedup_free(struct imp_dedup *d)
{
	while (d->n)
		forget_oldest(d);
	free(d->entries);
	*d = (struct imp_dedup){ NULL, 0, 0, 0, 0 };
}
