/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image.h"

#include "base/plural.h"
#include "base/secret.h"
#include "codec/slot.h"

#include <string.h>

#define ERASED 0xFF

/* ---- writing ----------------------------------------------------------------------------------
 */

enum imp_status imp_image_put(const struct imp_layout *layout, int slot, struct imp_span payload,
	enum imp_keys keys, uint32_t generation, uint8_t *area, struct imp_diag *diag)
{
	uint8_t *at = area + layout->slot[slot];
	struct imp_slot header = {
		.keys = keys == IMP_KEYS_NON_PERSISTENT ? IMP_SLOT_KEYS_NON_PERSISTENT
							: IMP_SLOT_KEYS_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.tag = IMP_SLOT_TAG_NONE,
		.generation = generation,
		.length = (uint32_t)payload.n,
	};

	if (payload.n == 0 || payload.n > imp_layout_payload_max(layout))
		return imp_diag(diag, IMP_E_SPACE,
			"payload of %zu octets does not fit the slot of layout %s (at most %u)",
			payload.n, layout->name, imp_layout_payload_max(layout));
	memset(at, ERASED, layout->slot_size);
	memcpy(at + IMP_SLOT_PAYLOAD_AT, payload.p, payload.n);
	imp_slot_put_header(&header, payload, at);
	memcpy(at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	return IMP_OK;
}

enum imp_status imp_image_render(const struct imp_layout *layout, struct imp_span payload,
	enum imp_keys keys, uint32_t generation, uint8_t *area, struct imp_diag *diag)
{
	enum imp_status st = imp_image_put(layout, 0, payload, keys, generation, area, diag);
	uint32_t slot_end = layout->slot[0] + layout->slot_size;

	if (st != IMP_OK)
		return st;
	memset(area, ERASED, layout->slot[0]);
	memset(area + slot_end, ERASED, layout->size - slot_end);
	return IMP_OK;
}

/* ---- reading, with the device's reader ----------------------------------------------------------
 */

static int read_area(void *ctx, uint32_t addr, void *to, size_t n)
{
	const struct imp_span *area = ctx;

	if (addr > area->n || n > area->n - addr)
		return -1;
	memcpy(to, area->p + addr, n);
	return 0;
}

static enum imr_status load(const struct imp_layout *layout, struct imp_span *area, uint8_t *work,
	struct imr_report *report)
{
	struct imr_flash flash = { area, read_area, { layout->slot[0], layout->slot[1] },
		layout->slot_size };
	struct imr_config config = { .flash = &flash, .buffer = work, .size = IMP_PAYLOAD_MAX };

	return imr_load(&config, report);
}

static const char *slot_text(const struct imr_report *report, int slot)
{
	return imr_status_text(report->slot[slot]);
}

static enum imp_status find(const struct imp_layout *layout, struct imp_span area,
	struct imp_span *payload, struct imr_report *report, uint8_t *work, struct imp_diag *diag)
{
	enum imr_status got;
	uint32_t at;

	memset(report, 0, sizeof *report);
	if (area.n != layout->size)
		return imp_diag(diag, IMP_E_MISMATCH,
			"image has %zu octet%s, layout %s has an area of %u", area.n, imp_s(area.n),
			layout->name, layout->size);
	got = load(layout, &area, work, report);
	if (got == IMR_OK) {
		at = layout->slot[report->source == IMR_FROM_SLOT_B] + IMP_SLOT_PAYLOAD_AT;
		*payload = imp_span(area.p + at, report->length);
		return IMP_OK;
	}
	if (got == IMR_E_NONE)
		return imp_diag(diag, IMP_E_ABSENT, "both slots are blank");
	return imp_diag(diag, got == IMR_E_NEWER ? IMP_E_UNSUPPORTED : IMP_E_MISMATCH,
		"no good slot: A %s, B %s", slot_text(report, 0), slot_text(report, 1));
}

enum imp_status imp_image_find(const struct imp_layout *layout, struct imp_span area,
	struct imp_span *payload, struct imr_report *report, struct imp_diag *diag)
{
	uint8_t work[IMP_PAYLOAD_MAX];

	return find(layout, area, payload, report, work, diag); /* the reader wipes work */
}

/* Everything of a fresh area that its writer left alone: all of the other slot and the rest. */
static bool rest_erased(
	const struct imp_layout *layout, struct imp_span area, uint32_t at, size_t payload)
{
	uint32_t end = at + imp_slot_extent((uint32_t)payload, IMP_SLOT_TAG_NONE);
	uint32_t payload_end = at + IMP_SLOT_PAYLOAD_AT + (uint32_t)payload;

	return imp_span_all(imp_span(area.p, at), ERASED) &&
	       imp_span_all(imp_span(area.p + at + IMP_SLOT_COMMIT_AT + IMP_SLOT_COMMIT,
				    IMP_SLOT_PAYLOAD_AT - IMP_SLOT_COMMIT_AT - IMP_SLOT_COMMIT),
		       ERASED) &&
	       imp_span_all(imp_span(area.p + payload_end, end - payload_end), ERASED) &&
	       imp_span_all(imp_span(area.p + end, layout->size - end), ERASED);
}

enum imp_status imp_image_verify(const struct imp_layout *layout, struct imp_span area,
	struct imp_span payload, enum imp_keys keys, bool fresh, uint8_t *work,
	struct imp_diag *diag)
{
	struct imr_report report;
	struct imp_span found = imp_span(NULL, 0);
	enum imp_status st = find(layout, area, &found, &report, work, diag);
	uint8_t want = keys == IMP_KEYS_NON_PERSISTENT ? IMP_SLOT_KEYS_NON_PERSISTENT
						       : IMP_SLOT_KEYS_PERSISTENT;

	if (st == IMP_E_ABSENT)
		return imp_diag(diag, IMP_E_MISMATCH, "read back: both slots are blank");
	if (st != IMP_OK)
		return st;
	if (found.n != payload.n || !imp_secret_eq(found.p, payload.p, payload.n))
		return imp_diag(
			diag, IMP_E_MISMATCH, "read back: another payload than was written");
	if (report.keys != want)
		return imp_diag(diag, IMP_E_MISMATCH, "read back: keys attribute differs");
	if (fresh && !rest_erased(layout, area, layout->slot[report.source == IMR_FROM_SLOT_B],
			     payload.n))
		return imp_diag(diag, IMP_E_MISMATCH,
			"read back: octets outside the slot are not erased (FF)");
	return IMP_OK;
}
