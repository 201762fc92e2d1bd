/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flash images in memory: an area with its slots, as bytes at the layout's base address.  Pure: no
 * files, no randomness.  Byte-exact description: flash-images/FORMAT.md.
 */
#ifndef IMP_FLASH_IMAGE_H
#define IMP_FLASH_IMAGE_H

#include "base/diag.h"
#include "base/wr.h"
#include "crypto/cmac.h"
#include "flash/layout.h"
#include "model/set.h"
#include "reader/authentic.h"

/* How a file spells an area: its octets, or Intel HEX at the layout's base address. */
enum imp_encode { IMP_ENCODE_BIN, IMP_ENCODE_IHEX };

/* A reader's authority that computes with a key at hand; no minimum. */
struct imr_authority imp_image_authority(struct imp_cmac *cmac);

/*
 * Render a fresh area into out, which holds exactly layout->size octets: slot A with the payload,
 * everything else FF.  IMP_E_SPACE when the payload does not fit a slot (area untouched).  cmac
 * makes the slot's authentication tag; NULL: none.
 */
IMP_MUST_CHECK enum imp_status imp_image_render(const struct imp_layout *layout,
	struct imp_span payload, enum imp_keys keys, uint32_t generation, struct imp_cmac *cmac,
	uint8_t *area, struct imp_diag *diag);

/*
 * Put a payload into one slot of an existing area, the way a station with a flash tool does: the
 * slot is erased, the other one is left alone.
 */
IMP_MUST_CHECK enum imp_status imp_image_put(const struct imp_layout *layout, int slot,
	struct imp_span payload, enum imp_keys keys, uint32_t generation, struct imp_cmac *cmac,
	uint8_t *area, struct imp_diag *diag);

/*
 * Read an area back with the device's reader, from a copy of its own, and compare: the newest good
 * slot must hold exactly this payload with this keys attribute, and, when fresh, everything that
 * was not written must be FF.  With cmac the slot must carry a tag, and the right one; without, a
 * tag is not looked at.  IMP_E_MISMATCH with a diagnosis.  work: scratch of IMP_PAYLOAD_MAX octets,
 * wiped on return.
 */
IMP_MUST_CHECK enum imp_status imp_image_verify(const struct imp_layout *layout,
	struct imp_span area, struct imp_span payload, enum imp_keys keys, bool fresh,
	struct imp_cmac *cmac, uint8_t *work, struct imp_diag *diag);

/*
 * The payload of the newest good slot, as a span inside area; what the device's reader says of both
 * slots in *report.  With cmac only a slot with the right tag is good.  IMP_E_ABSENT: no slot holds
 * anything; IMP_E_MISMATCH: none is good; IMP_E_UNSUPPORTED: a newer format.
 */
IMP_MUST_CHECK enum imp_status imp_image_find(const struct imp_layout *layout, struct imp_span area,
	struct imp_cmac *cmac, struct imp_span *payload, struct imr_report *report,
	struct imp_diag *diag);

/* Was a slot passed over because of its tag? */
static inline bool imp_image_forged(const struct imr_report *report)
{
	return report->slot[0] == IMR_E_FORGED || report->slot[1] == IMR_E_FORGED;
}

/* Does the slot that was found carry a tag? */
bool imp_image_tagged(
	const struct imp_layout *layout, struct imp_span area, const struct imr_report *report);

#endif
