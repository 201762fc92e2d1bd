/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image.h"

#include "base/plural.h"
#include "base/secret.h"
#include "codec/slot.h"

#include <string.h>

#define ERASED 0xFF

/* ---- writing ----------------------------------------------------------------------------------
 */

/* The tag of the slot at `at`, over its finished header and the payload, in a unit of its own. */
static enum imp_status put_tag(
	uint8_t *at, struct imp_span payload, struct imp_cmac *cmac, struct imp_diag *diag)
{
	uint32_t end = imp_slot_extent((uint32_t)payload.n, IMP_SLOT_TAG_NONE);
	enum imp_status st = imp_cmac(cmac, imp_span(at, IMP_SLOT_HEADER), payload, at + end);

	return st == IMP_OK ? st : imp_diag(diag, st, "AES-CMAC failed");
}

enum imp_status imp_image_put(const struct imp_layout *layout, int slot, struct imp_span payload,
	enum imp_keys keys, uint32_t generation, struct imp_cmac *cmac, uint8_t *area,
	struct imp_diag *diag)
{
	uint32_t room = imp_layout_payload_max(layout, cmac != NULL);
	uint8_t *at = area + layout->slot[slot];
	struct imp_slot header = {
		.keys = keys == IMP_KEYS_NON_PERSISTENT ? IMP_SLOT_KEYS_NON_PERSISTENT
							: IMP_SLOT_KEYS_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.tag = cmac ? IMP_SLOT_TAG_CMAC : IMP_SLOT_TAG_NONE,
		.generation = generation,
		.length = (uint32_t)payload.n,
	};

	if (payload.n == 0 || payload.n > room)
		return imp_diag(diag, IMP_E_SPACE,
			"payload of %zu octets does not fit the slot of layout %s (at most %u%s)",
			payload.n, layout->name, room, cmac ? " with a tag" : "");
	memset(at, ERASED, layout->slot_size);
	memcpy(at + IMP_SLOT_PAYLOAD_AT, payload.p, payload.n);
	imp_slot_put_header(&header, payload, at);
	memcpy(at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	return cmac ? put_tag(at, payload, cmac, diag) : IMP_OK;
}

enum imp_status imp_image_render(const struct imp_layout *layout, struct imp_span payload,
	enum imp_keys keys, uint32_t generation, struct imp_cmac *cmac, uint8_t *area,
	struct imp_diag *diag)
{
	enum imp_status st = imp_image_put(layout, 0, payload, keys, generation, cmac, area, diag);
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

static int compute(
	void *ctx, const uint8_t head[32], const uint8_t *payload, size_t n, uint8_t tag[IMR_TAG])
{
	struct imp_cmac *cmac = (struct imp_cmac *)ctx;

	return imp_cmac(cmac, imp_span(head, IMP_SLOT_HEADER), imp_span(payload, n), tag) != IMP_OK;
}

struct imr_authority imp_image_authority(struct imp_cmac *cmac)
{
	return (struct imr_authority){ .ctx = cmac, .cmac = compute };
}

static enum imr_status load(const struct imp_layout *layout, struct imp_span *area,
	struct imp_cmac *cmac, uint8_t *work, struct imr_report *report)
{
	struct imr_authority authority = imp_image_authority(cmac);
	struct imr_flash flash = { area, read_area, { layout->slot[0], layout->slot[1] },
		layout->slot_size };
	struct imr_config config = { .flash = &flash, .buffer = work, .size = IMP_PAYLOAD_MAX };

	return cmac ? imr_load_authentic(&config, &authority, report) : imr_load(&config, report);
}

static const char *slot_text(const struct imr_report *report, int slot)
{
	return imr_status_text(report->slot[slot]);
}

static enum imp_status find(const struct imp_layout *layout, struct imp_span area,
	struct imp_cmac *cmac, struct imp_span *payload, struct imr_report *report, uint8_t *work,
	struct imp_diag *diag)
{
	enum imr_status got;
	uint32_t at;

	memset(report, 0, sizeof *report);
	if (area.n != layout->size)
		return imp_diag(diag, IMP_E_MISMATCH,
			"image has %zu octet%s, layout %s has an area of %u", area.n, imp_s(area.n),
			layout->name, layout->size);
	got = load(layout, &area, cmac, work, report);
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
	struct imp_cmac *cmac, struct imp_span *payload, struct imr_report *report,
	struct imp_diag *diag)
{
	uint8_t work[IMP_PAYLOAD_MAX];

	return find(layout, area, cmac, payload, report, work, diag); /* the reader wipes work */
}

static const uint8_t *slot_of(
	const struct imp_layout *layout, struct imp_span area, const struct imr_report *report)
{
	return area.p + layout->slot[report->source == IMR_FROM_SLOT_B];
}

bool imp_image_tagged(
	const struct imp_layout *layout, struct imp_span area, const struct imr_report *report)
{
	struct imp_slot slot;

	return imp_slot_header(slot_of(layout, area, report), layout->slot_size, &slot) == IMP_OK &&
	       slot.tag != IMP_SLOT_TAG_NONE;
}

/* Octets [from, to) of an area. */
static bool erased(struct imp_span area, uint32_t from, uint32_t to)
{
	return imp_span_all(imp_span(area.p + from, to - from), ERASED);
}

/* Everything of a fresh area that its writer left alone: all of the other slot and the rest. */
static bool rest_erased(
	const struct imp_layout *layout, struct imp_span area, const struct imr_report *report)
{
	uint32_t at = layout->slot[report->source == IMR_FROM_SLOT_B];
	uint32_t length = (uint32_t)report->length;
	uint32_t tag_at = at + imp_slot_extent(length, IMP_SLOT_TAG_NONE);
	uint32_t tag_end = tag_at;

	if (imp_image_tagged(layout, area, report))
		tag_end += IMP_SLOT_TAG;
	return erased(area, 0, at) &&
	       erased(area, at + IMP_SLOT_COMMIT_AT + IMP_SLOT_COMMIT, at + IMP_SLOT_PAYLOAD_AT) &&
	       erased(area, at + IMP_SLOT_PAYLOAD_AT + length, tag_at) &&
	       erased(area, tag_end, layout->size);
}

enum imp_status imp_image_verify(const struct imp_layout *layout, struct imp_span area,
	struct imp_span payload, enum imp_keys keys, bool fresh, struct imp_cmac *cmac,
	uint8_t *work, struct imp_diag *diag)
{
	struct imr_report report;
	struct imp_span found = imp_span(NULL, 0);
	enum imp_status st = find(layout, area, cmac, &found, &report, work, diag);
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
	if (fresh && !rest_erased(layout, area, &report))
		return imp_diag(diag, IMP_E_MISMATCH,
			"read back: octets outside the slot are not erased (FF)");
	return IMP_OK;
}
