/* SPDX-License-Identifier: Apache-2.0 */
/* The newest good slot of a factory area (flash-images/FORMAT.md).  Reads only. */
#include "reader/imr.h"

#include "base/crc32.h"
#include "base/secret.h"
#include "codec/ef.h"
#include "codec/slot.h"
#include "reader/walk.h"

/* A slot by its first 64 octets. */
struct head {
	struct imp_slot slot;
	uint32_t crc; /* over the header, to be continued over the payload */
};

static enum imr_status read_at(const struct imr_config *config, uint32_t at, size_t n)
{
	if (n > config->size)
		return IMR_E_SPACE;
	if (config->flash->read(config->flash->ctx, at, config->buffer, n) != 0)
		return IMR_E_IO;
	return IMR_OK;
}

static enum imr_status head(const struct imr_config *config, uint32_t at, struct head *h)
{
	enum imr_status st = read_at(config, at, IMP_SLOT_PAYLOAD_AT);
	enum imp_status judged;

	if (st != IMR_OK)
		return st;
	h->crc = imp_slot_crc(config->buffer, imp_span(NULL, 0));
	judged = imp_slot_header(config->buffer, config->flash->size, &h->slot);
	if (judged == IMP_OK)
		return IMR_OK;
	if (judged == IMP_E_ABSENT)
		return IMR_E_NONE;
	return judged == IMP_E_UNSUPPORTED ? IMR_E_NEWER : IMR_E_DAMAGED;
}

static enum imr_status payload(const struct imr_config *config, uint32_t at, const struct head *h)
{
	struct imp_span p = imp_span(config->buffer, h->slot.length);
	enum imr_status st = read_at(config, at + IMP_SLOT_PAYLOAD_AT, p.n);

	if (st != IMR_OK)
		return st;
	if (imp_crc32(h->crc, p) != h->slot.crc || imp_ef_extent(p) != p.n)
		return IMR_E_DAMAGED;
	return imr_ef(p, config->visit, config->ctx);
}

static enum imr_status load(const struct imr_config *config, struct imr_report *report)
{
	const uint32_t *at = config->flash->slot;
	enum imr_status *st = report->slot;
	struct head h[2];
	int which = 0;

	st[0] = head(config, at[0], &h[0]);
	if (at[1] != at[0])
		st[1] = head(config, at[1], &h[1]);
	if (st[1] == IMR_OK &&
		(st[0] != IMR_OK || imp_slot_newer(h[1].slot.generation, h[0].slot.generation)))
		which = 1;
	for (int tries = 2; tries > 0; tries--, which ^= 1) {
		const struct imp_slot *slot = &h[which].slot;

		if (st[which] == IMR_OK)
			st[which] = payload(config, at[which], &h[which]);
		if (st[which] == IMR_OK) {
			report->source = which ? IMR_FROM_SLOT_B : IMR_FROM_SLOT_A;
			report->keys = slot->keys;
			report->generation = slot->generation;
			report->length = slot->length;
			if (st[which ^ 1] == IMR_OK)
				st[which ^ 1] = IMR_E_OLDER;
		}
		if (st[which] == IMR_OK || st[which] == IMR_E_STOPPED)
			return st[which];
	}
	return st[0] != IMR_E_NONE ? st[0] : st[1];
}

enum imr_status imr_load_flash(const struct imr_config *config, struct imr_report *report)
{
	struct imr_report own;
	enum imr_status st = IMR_E_NONE;

	if (!report)
		report = &own;
	report->slot[0] = IMR_E_NONE;
	report->slot[1] = IMR_E_NONE;
	if (config->flash)
		st = load(config, report);
	imp_wipe(config->buffer, config->size);
	return st;
}
