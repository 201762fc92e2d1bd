/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/layout.h"

#include "codec/slot.h"

static bool power_of_two(uint32_t v)
{
	return v && (v & (v - 1)) == 0;
}

static enum imp_status bad(const struct imp_layout *l, struct imp_diag *diag, const char *what)
{
	return imp_diag(diag, IMP_E_FORMAT, "layout %s: %s", l->name, what);
}

static bool slot_inside(const struct imp_layout *l, uint32_t at)
{
	return at <= l->size && l->slot_size <= l->size - at;
}

enum imp_status imp_layout_check(const struct imp_layout *l, struct imp_diag *diag)
{
	uint32_t a = l->slot[0], b = l->slot[1], apart = a > b ? a - b : b - a;

	if (!power_of_two(l->erase) || l->erase < IMP_SLOT_ALIGN || l->erase > IMP_AREA_MAX)
		return bad(l, diag, "erase block is not a power of two from 32 octets on");
	if (!power_of_two(l->program) || l->program > IMP_SLOT_ALIGN)
		return bad(l, diag, "program unit is not 1, 2, 4, 8, 16 or 32 octets");
	if (l->size == 0 || l->size % l->erase || l->size > IMP_AREA_MAX)
		return bad(l, diag, "area is not a whole number of erase blocks of at most 16 MiB");
	if (l->base % l->erase)
		return bad(l, diag, "base address is not on an erase block");
	if (l->base > UINT32_MAX - (l->size - 1))
		return bad(l, diag, "area passes the end of the address space");
	if (l->slot_size == 0 || l->slot_size % l->erase)
		return bad(l, diag, "slot is not a whole number of erase blocks");
	if (a % l->erase || b % l->erase)
		return bad(l, diag, "slot does not begin on an erase block");
	if (!slot_inside(l, a) || !slot_inside(l, b))
		return bad(l, diag, "slot reaches beyond the area");
	if (apart && apart < l->slot_size)
		return bad(l, diag, "slots overlap");
	return IMP_OK;
}

uint32_t imp_layout_payload_max(const struct imp_layout *l, bool tagged)
{
	/* Slots are whole blocks of IMP_SLOT_ALIGN: the payload's filling comes for nothing. */
	uint32_t taken = IMP_SLOT_PAYLOAD_AT + (tagged ? IMP_SLOT_ALIGN : 0);
	uint32_t room = l->slot_size > taken ? l->slot_size - taken : 0;

	return room < IMP_SLOT_PAYLOAD_MAX ? room : IMP_SLOT_PAYLOAD_MAX;
}
