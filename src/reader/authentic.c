/* SPDX-License-Identifier: Apache-2.0 */
/* A guard between the reader and its flash: it sees every octet that is read, once, and lets a
 * payload pass only with its tag. */
#include "reader/authentic.h"

#include "base/secret.h"
#include "codec/slot.h"

#include <string.h>

/* The verdict.  Each equal octet brings one step; nothing else than sixteen steps and no difference
 * is PROVEN. */
#define STEP 0x03A5C691U
#define PROVEN (IMR_TAG * STEP)

struct guard {
	const struct imr_config *config; /* the device's */
	const struct imr_authority *authority;
	uint32_t verdict; /* on what was read last */
	uint32_t at;	  /* address of the slot that head is of */
	enum imr_status refused, slot[2];
	uint8_t head[IMP_SLOT_PAYLOAD_AT];
};

/* Does not stop at the first difference, and a round that is skipped is missed.  Inputs are
 * volatile, so that a compiler cannot make it shorter. */
static uint32_t compare(const volatile uint8_t *a, const volatile uint8_t *b)
{
	volatile uint32_t steps = 0;
	uint32_t differ = 0;

	for (unsigned i = 0; i < IMR_TAG; i++) {
		differ |= (uint32_t)(a[i] ^ b[i]);
		steps += STEP;
	}
	return steps ^ differ * 0x01010101U;
}

/* The verdict on a payload by the tag at addr.  0, or non-zero when there is none. */
static int prove(struct guard *g, uint32_t addr, const uint8_t *payload, size_t n)
{
	const struct imr_flash *flash = g->config->flash;
	const struct imr_authority *authority = g->authority;
	uint8_t tag[IMR_TAG], made[IMR_TAG];
	int failed = flash->read(flash->ctx, addr, tag, sizeof tag);

	if (failed)
		return failed;
	/* A function that writes nothing proves nothing. */
	for (unsigned i = 0; i < IMR_TAG; i++)
		made[i] = (uint8_t)~tag[i];
	failed = authority->cmac(authority->ctx, g->head, payload, n, made);
	if (!failed)
		g->verdict = compare(tag, made);
	imp_wipe(made, sizeof made); /* for a forged payload it is what the forger wants to know */
	return failed;
}

static int refuse(struct guard *g, enum imr_status why)
{
	g->verdict = 0;
	g->slot[g->at != g->config->flash->slot[0]] = why;
	if (!g->refused)
		g->refused = why;
	return -1;
}

/* Judge a payload that has just been read, by the header that was read before it. */
static int judge(struct guard *g, const uint8_t *payload, size_t n)
{
	const uint32_t *minimum = g->authority->minimum;
	struct imp_slot slot;
	uint32_t tag_at;

	if (imp_slot_header(g->head, g->config->flash->size, &slot) != IMP_OK || slot.length != n)
		return -1;
	tag_at = g->at + imp_slot_extent(slot.length, slot.tag) - IMP_SLOT_ALIGN;
	if (slot.tag == IMP_SLOT_TAG_CMAC && prove(g, tag_at, payload, n) != 0)
		return -1;
	if (g->verdict != PROVEN) {
		/* Damage is for the reader to find, as it always does. */
		if (imp_slot_crc(g->head, imp_span(payload, n)) != slot.crc)
			return 0;
		return refuse(g, IMR_E_FORGED);
	}
	if (minimum && imp_slot_newer(*minimum, slot.generation))
		return refuse(g, IMR_E_ROLLBACK);
	return 0;
}

static int guarded_read(void *ctx, uint32_t addr, void *to, size_t n)
{
	struct guard *g = (struct guard *)ctx;
	const struct imr_flash *flash = g->config->flash;
	int failed = flash->read(flash->ctx, addr, to, n);

	g->verdict = 0;
	if (failed)
		return failed;
	if (addr != flash->slot[0] && addr != flash->slot[1])
		return judge(g, (const uint8_t *)to, n);
	memcpy(g->head, to, sizeof g->head);
	g->at = addr;
	return 0;
}

static int guarded_visit(void *ctx, const struct imr_resource *resource)
{
	const struct guard *g = (const struct guard *)ctx;

	return g->verdict == PROVEN ? g->config->visit(g->config->ctx, resource) : -1;
}

enum imr_status imr_load_flash_authentic(const struct imr_config *config,
	const struct imr_authority *authority, struct imr_report *report)
{
	struct imr_flash flash = *config->flash;
	struct imr_config guarded = *config;
	struct guard g;
	enum imr_status st;

	memset(&g, 0, sizeof g);
	g.config = config;
	g.authority = authority;
	flash.ctx = &g;
	flash.read = guarded_read;
	guarded.flash = &flash;
	guarded.ctx = &g;
	if (config->visit)
		guarded.visit = guarded_visit;
	st = imr_load_flash(&guarded, report);
	for (unsigned i = 0; i < 2; i++)
		if (g.slot[i])
			report->slot[i] = g.slot[i];
	if (g.verdict == PROVEN && (st == IMR_OK || st == IMR_E_STOPPED))
		return st;
	if (g.refused)
		return g.refused;
	return st == IMR_OK || st == IMR_E_STOPPED ? IMR_E_FORGED : st;
}
