/* SPDX-License-Identifier: Apache-2.0 */
/* The newest good slot of a factory area (flash-images/FORMAT.md).  Reads only. */
#include "reader/imr.h"

#include "base/crc32.h"
#include "base/secret.h"
#include "codec/slot.h"
#include "reader/walk.h"

/* Read n octets at addr into the buffer. */
static __attribute__((noinline)) enum imr_status fetch(
	const struct imr_config *config, uint32_t addr, size_t n)
{
	if (n > config->size)
		return IMR_E_SPACE;
	if (config->flash->read(config->flash->ctx, addr, config->buffer, n) != 0)
		return IMR_E_IO;
	return IMR_GOOD;
}

/* Judge the slot at addr by its first 64 octets, which stay in the buffer. */
static enum imr_status head(const struct imr_config *config, uint32_t addr, struct imp_slot *slot)
{
	enum imr_status st = fetch(config, addr, IMP_SLOT_PAYLOAD_AT);
	enum imp_status judged;

	if (st != IMR_GOOD)
		return st;
	judged = imp_slot_header(config->buffer, config->flash->size, slot);
	if (judged == IMP_OK)
		return IMR_GOOD;
	if (judged == IMP_E_ABSENT)
		return IMR_E_NONE;
	return judged == IMP_E_UNSUPPORTED ? IMR_E_NEWER : IMR_E_DAMAGED;
}

/* Bring the payload of a slot into the buffer. */
static __attribute__((noinline)) enum imr_status payload(
	const struct imr_config *config, unsigned which, struct imr_report *report)
{
	uint32_t addr = config->flash->slot[which];
	struct imp_slot slot;
	uint32_t crc;
	enum imr_status st = head(config, addr, &slot);

	if (st != IMR_GOOD)
		return st;
	report->keys = slot.keys;
	report->generation = slot.generation;
	report->length = slot.length;
	crc = imp_crc32(0, imp_span(config->buffer, IMP_SLOT_CRC_AT));
	st = fetch(config, addr + IMP_SLOT_PAYLOAD_AT, slot.length);
	if (st == IMR_GOOD && imp_crc32(crc, imp_span(config->buffer, slot.length)) != slot.crc)
		st = IMR_E_DAMAGED;
	return st;
}

/* The slot to try first.  Not inlined: its frame is gone before the payload is looked at. */
static __attribute__((noinline)) unsigned newest(
	const struct imr_config *config, enum imr_status st[static 2])
{
	const uint32_t *addr = config->flash->slot;
	struct imp_slot a, b;

	st[0] = head(config, addr[0], &a);
	st[1] = IMR_E_NONE;
	if (addr[1] != addr[0])
		st[1] = head(config, addr[1], &b);
	return st[1] == IMR_GOOD &&
	       (st[0] != IMR_GOOD || imp_slot_newer(b.generation, a.generation));
}

enum imr_status imr_load_flash(const struct imr_config *config, struct imr_report *report)
{
	enum imr_status *st = report->slot;
	unsigned first = newest(config, st), which = first;

	do {
		enum imr_status got = st[which];

		if (got == IMR_GOOD)
			got = payload(config, which, report);
		if (got == IMR_GOOD)
			got = imr_ef(imp_span(config->buffer, report->length), config->visit,
				config->ctx);
		if (got == IMR_GOOD) {
			report->source = IMR_FROM_SLOT_A + which;
			got = IMR_OK;
		}
		st[which] = got;
		if (got == IMR_OK || got == IMR_E_STOPPED)
			break;
		which ^= 1;
	} while (which != first);
	if (st[which ^ 1] == IMR_GOOD)
		st[which ^ 1] = IMR_E_OLDER; /* not tried any more */
	imp_wipe(config->buffer, config->size);
	/* Not loaded: what was tried first says why, unless there is nothing in it. */
	if (st[which] == IMR_E_NONE)
		which ^= 1;
	return st[which];
}
