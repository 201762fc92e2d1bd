/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/slot.h"

void imp_slot_put_header(
	const struct imp_slot *slot, struct imp_span payload, uint8_t head[static IMP_SLOT_HEADER])
{
	struct imp_wr wr = imp_wr(head, IMP_SLOT_HEADER);

	imp_wr_text(&wr, "IMPS");
	imp_wr_u8(&wr, IMP_SLOT_VERSION);
	imp_wr_u8(&wr, slot->keys);
	imp_wr_u8(&wr, slot->form);
	imp_wr_u8(&wr, slot->tag);
	imp_wr_le32(&wr, slot->generation);
	imp_wr_le32(&wr, slot->length);
	imp_wr_fill(&wr, 0x00, IMP_SLOT_CRC_AT - wr.n);
	imp_wr_le32(&wr, imp_slot_crc(head, payload));
}
