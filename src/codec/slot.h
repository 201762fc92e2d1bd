/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot: our flash container of one payload.  Byte-exact description: flash-images/FORMAT.md.
 *
 *	0	32	header (little-endian)
 *	32	32	commit mark: 8 octets, rest FF; programmed last, in units of its own
 *	64	n	payload
 *	64 + n up to a multiple of 32: FF, then 16 octets of tag when the header says so
 *
 *	header	0	4	magic "IMPS"
 *		4	1	format version, 01
 *		5	1	keys: 5A persistent, A5 non-persistent
 *		6	1	payload form: 01 EF(LwM2M_Bootstrap), 02 record of the account store
 *		7	1	tag: 00 none, 01 AES-CMAC
 *		8	4	generation
 *		12	4	payload length n, 1..32768
 *		16	12	zero
 *		28	4	CRC-32 over header [0,28) and the payload
 *
 * Every offset that is programmed apart is a multiple of 32, so the same bytes serve program units
 * of 1, 2, 4, 8, 16 and 32 octets.
 */
#ifndef IMP_CODEC_SLOT_H
#define IMP_CODEC_SLOT_H

#include "base/rd.h"
#include "base/wr.h"

#define IMP_SLOT_HEADER 32
#define IMP_SLOT_CRC_AT 28
#define IMP_SLOT_COMMIT_AT 32
#define IMP_SLOT_COMMIT 8
#define IMP_SLOT_PAYLOAD_AT 64
#define IMP_SLOT_ALIGN 32
#define IMP_SLOT_TAG 16
#define IMP_SLOT_VERSION 1
#define IMP_SLOT_KEYS_PERSISTENT 0x5A
#define IMP_SLOT_KEYS_NON_PERSISTENT 0xA5
#define IMP_SLOT_FORM_EF 0x01
#define IMP_SLOT_FORM_STORE 0x02 /* a record of the account store; no slot of a factory area */
#define IMP_SLOT_TAG_NONE 0x00
#define IMP_SLOT_TAG_CMAC 0x01
#define IMP_SLOT_PAYLOAD_MAX 32768

struct imp_slot {
	uint8_t keys; /* IMP_SLOT_KEYS_* */
	uint8_t form; /* IMP_SLOT_FORM_* */
	uint8_t tag;  /* IMP_SLOT_TAG_* */
	uint32_t generation;
	uint32_t length; /* of the payload */
	uint32_t crc;
};

extern const uint8_t imp_slot_commit[IMP_SLOT_COMMIT];

/*
 * Judge a header and its commit mark (the first 64 octets of a slot) by themselves; size: octets of
 * the slot.  IMP_E_ABSENT: blank (all FF or all 00).  IMP_E_UNSUPPORTED: a newer format version.
 * IMP_E_TRUNC: no commit mark, the write did not finish.  IMP_E_FORMAT: anything else.
 */
IMP_MUST_CHECK enum imp_status imp_slot_header(
	const uint8_t head[static IMP_SLOT_PAYLOAD_AT], uint32_t size, struct imp_slot *slot);

/* CRC-32 over header [0,28) and payload. */
uint32_t imp_slot_crc(const uint8_t head[static IMP_SLOT_HEADER], struct imp_span payload);

/* a is newer than b: signed difference, so that the counter may wrap. */
static inline bool imp_slot_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* Octets that a slot with this payload occupies: 64 + n rounded up to 32, and the tag's 32. */
static inline uint32_t imp_slot_extent(uint32_t payload, uint8_t tag)
{
	uint32_t padded = (payload + IMP_SLOT_ALIGN - 1) & ~(IMP_SLOT_ALIGN - 1U);

	return IMP_SLOT_PAYLOAD_AT + padded + (tag ? IMP_SLOT_ALIGN : 0);
}

/* slot_enc.c: the header with its CRC (slot->crc is not read). */
void imp_slot_put_header(
	const struct imp_slot *slot, struct imp_span payload, uint8_t head[static IMP_SLOT_HEADER]);

#endif
