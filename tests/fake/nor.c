/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/nor.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static uint32_t mix(uint32_t v)
{
	v = (v ^ v >> 16) * 0x7FEB352DU;
	v = (v ^ v >> 15) * 0x846CA68BU;
	return v ^ v >> 16;
}

/* Which bits of octet i, of n octets in units, have changed when the operation was torn. */
static uint8_t torn_mask(const struct nor *nor, uint32_t i, uint32_t n, uint8_t changing)
{
	uint32_t half = n == nor->unit ? n / 2 : nor->unit;
	uint32_t chosen = mix(nor->seed ^ nor->operations) % n;

	switch ((int)nor->way) {
	case NOR_AFTER:
		return 0xFF;
	case NOR_FIRST_BYTE:
		return i == 0 ? 0xFF : 0;
	case NOR_FIRST_UNIT:
		return i < half ? 0xFF : 0;
	case NOR_HALF:
		return n == 1 ? 0xF0 : i < n / 2 ? 0xFF : 0;
	case NOR_BUT_LAST_BYTE:
		return i + 1 < n ? 0xFF : 0;
	case NOR_BUT_ONE_BIT:
		return i == chosen ? (uint8_t) ~(changing & (0U - changing)) : 0xFF;
	case NOR_ONE_BIT:
		return i == chosen ? changing & (uint8_t)(0U - changing) : 0;
	case NOR_RANDOM_1:
	case NOR_RANDOM_2:
		return (uint8_t)mix(nor->seed ^ mix(nor->operations * 64 + (unsigned)nor->way) ^ i);
	default:
		return 0;
	}
}

static uint8_t programmed(const struct nor *nor, uint8_t was, const uint8_t *to)
{
	if (!to)
		return nor->erased;
	return nor->erased ? was & *to : was | *to;
}

/* One operation: the n octets at addr are to become `to`, or erased when that is NULL. */
static void change(struct nor *nor, uint32_t addr, const uint8_t *to, uint32_t n, bool cut)
{
	struct nor_state *state = &nor->state;
	bool done = !cut || nor->way == NOR_AFTER;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *at = &state->mem[addr + i];
		uint8_t after = programmed(nor, *at, to ? &to[i] : NULL), changing = *at ^ after;

		if (done)
			*at = after;
		else if (changing)
			*at ^= changing & torn_mask(nor, i, n, changing);
		if (done && !to)
			state->loose[addr + i] = 0;
		else if (cut && nor->way == NOR_UNSTABLE)
			state->loose[addr + i] |= changing;
	}
	if (cut && nor->way == NOR_BEFORE)
		return;
	state->torn |= !done && nor->way >= NOR_UNREADABLE;
	for (uint32_t unit = addr / nor->unit; unit < (addr + n) / nor->unit; unit++) {
		state->used[unit] = !(done && !to);
		state->unreadable[unit] = !done && nor->way == NOR_UNREADABLE;
	}
}

static void remember(struct nor *nor, uint32_t addr, const uint8_t *to, uint32_t n)
{
	struct nor_cached *entry = &nor->journal[nor->cached];

	assert_true(nor->cached++ < NOR_CACHED_MAX);
	entry->addr = addr;
	entry->n = to ? (uint8_t)n : 0;
	if (to)
		memcpy(entry->octets, to, n);
}

/* Power is lost: one operation since the last sync, the first one or any, is not in the medium. */
static void lose(struct nor *nor)
{
	unsigned missing = mix(nor->seed ^ nor->operations) % nor->cached;

	if (nor->operations % 2)
		missing = 0;
	if (missing == nor->cached - 1)
		return; /* the one that was cut */
	nor->lost++;
	nor->state = nor->synced;
	for (unsigned i = 0; i < nor->cached; i++) {
		const struct nor_cached *entry = &nor->journal[i];
		bool last = i == nor->cached - 1;

		if (i != missing)
			change(nor, entry->addr, entry->n ? entry->octets : NULL,
				entry->n ? entry->n : nor->block, last);
	}
}

/* Count an operation and do it, unless it fails.  Does not come back when power is lost. */
static int operate(struct nor *nor, uint32_t addr, const uint8_t *to, uint32_t n)
{
	bool cut = ++nor->operations == nor->cut_at;

	if (nor->fails_at && nor->operations >= nor->fails_at && nor->operations <= nor->fails_to)
		return nor->fault == NOR_REPORTED ? -1 : 0;
	if (nor->cache)
		remember(nor, addr, to, n);
	change(nor, addr, to, n, cut);
	if (cut && nor->cache)
		lose(nor);
	if (cut)
		longjmp(*nor->out, 1);
	return 0;
}

static void within(const struct nor *nor, uint32_t addr, size_t n, uint32_t unit)
{
	if (addr > nor->size || n > nor->size - addr)
		fail_msg("flash: %zu octets at %u are outside", n, addr);
	if (addr % unit || n % unit || n == 0)
		fail_msg("flash: %zu octets at %u are not units of %u", n, addr, unit);
}

static int nor_read(void *ctx, uint32_t addr, void *to, size_t n)
{
	struct nor *nor = ctx;
	uint8_t *p = to;

	within(nor, addr, n, 1);
	nor->reads++;
	memcpy(to, nor->state.mem + addr, n);
	for (size_t i = 0; nor->inverts && i < n; i++)
		p[i] ^= 0xFF;
	for (uint32_t i = 0; nor->state.torn && i < n; i++) {
		uint32_t at = addr + i;

		if (nor->state.unreadable[at / nor->unit])
			return -1;
		if (nor->state.loose[at])
			p[i] ^= nor->state.loose[at] & (uint8_t)mix(nor->boot * NOR_SIZE + at);
	}
	return 0;
}

static bool may_program(const struct nor *nor, uint32_t addr, const uint8_t *from)
{
	if (!nor->state.used[addr / nor->unit] || nor->rule == NOR_FREE)
		return true;
	if (nor->rule == NOR_STRICT)
		return false;
	for (uint32_t i = 0; i < nor->unit; i++)
		if (from[i] != 0)
			return false;
	return true;
}

static int nor_prog(void *ctx, uint32_t addr, const void *from, size_t n)
{
	struct nor *nor = ctx;

	within(nor, addr, n, nor->unit);
	nor->calls++;
	for (uint32_t at = 0; at < n; at += nor->unit) {
		uint8_t unit[32];

		memcpy(unit, (const uint8_t *)from + at, nor->unit);
		for (size_t i = 0; nor->inverts && i < nor->unit; i++)
			unit[i] ^= 0xFF;
		if (!may_program(nor, addr + at, unit))
			fail_msg("flash: unit at %u programmed twice", addr + at);
		nor->programs++;
		if (operate(nor, addr + at, unit, nor->unit) != 0)
			return -1;
	}
	return 0;
}

static int nor_erase(void *ctx, uint32_t addr)
{
	struct nor *nor = ctx;

	within(nor, addr, nor->block, nor->block);
	nor->erases++;
	nor->worn[addr / nor->block]++;
	return operate(nor, addr, NULL, nor->block);
}

static int nor_sync(void *ctx)
{
	struct nor *nor = ctx;

	nor->cached = 0;
	nor->synced = nor->state;
	return 0;
}

void nor_init(struct nor *nor, uint32_t size, uint32_t block, uint32_t unit)
{
	memset(nor, 0, sizeof(*nor));
	nor->erased = 0xFF;
	memset(nor->state.mem, nor->erased, sizeof(nor->state.mem));
	nor->size = size;
	nor->block = block;
	nor->unit = unit;
	nor->seed = 1;
	nor->seam.ctx = nor;
	nor->seam.read = nor_read;
	nor->seam.prog = nor_prog;
	nor->seam.erase = nor_erase;
	nor->seam.block = block;
	nor->seam.unit = unit;
}

void nor_erased(struct nor *nor, uint8_t erased, bool inverts)
{
	nor->erased = erased;
	nor->inverts = inverts;
	memset(nor->state.mem, erased, sizeof(nor->state.mem));
}

void nor_cache(struct nor *nor, bool synced)
{
	nor->cache = true;
	nor->seam.sync = synced ? nor_sync : NULL;
	(void)nor_sync(nor);
}

void nor_counts(struct nor *nor)
{
	if (nor->cache)
		(void)nor_sync(nor);
	nor->operations = nor->programs = nor->erases = nor->calls = nor->reads = 0;
	nor->cut_at = nor->fails_at = nor->fails_to = 0;
}

bool nor_holds(const struct nor *nor, const void *octets, size_t n)
{
	uint8_t want[NOR_SIZE];

	assert_true(n <= sizeof(want));
	memcpy(want, octets, n);
	for (size_t i = 0; nor->inverts && i < n; i++)
		want[i] ^= 0xFF;
	for (size_t at = 0; at + n <= nor->size; at++)
		if (memcmp(nor->state.mem + at, want, n) == 0)
			return true;
	return false;
}
