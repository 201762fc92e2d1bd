/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fcp.h"

#define TAG_FCP 0x62
#define TAG_SIZE 0x80
#define TAG_TOTAL 0x81
#define TAG_DESCRIPTOR 0x82
#define TAG_FID 0x83
#define TAG_AID 0x84
#define TAG_SFI 0x88
#define TAG_LIFE_CYCLE 0x8A
#define TAG_REFERENCED 0x8B
#define TAG_COMPACT 0x8C
#define TAG_PROPRIETARY 0xA5
#define TAG_EXPANDED 0xAB
#define TAG_PIN_STATUS 0xC6

#define DATA_CODING 0x21 /* proprietary write, one octet per data unit */

static void put_u8(struct imp_wr *wr, uint16_t tag, uint8_t v)
{
	imp_der_put(wr, tag, imp_span(&v, 1));
}

static void put_present(struct imp_wr *wr, uint16_t tag, struct imp_span value)
{
	if (value.n)
		imp_der_put(wr, tag, value);
}

static uint8_t descriptor(enum imp_fcp_kind kind)
{
	switch (kind) {
	case IMP_FCP_TRANSPARENT:
		return 0x41;
	case IMP_FCP_LINEAR:
		return 0x42;
	case IMP_FCP_CYCLIC:
		return 0x46;
	case IMP_FCP_DF:
		return 0x78;
	case IMP_FCP_OTHER:
	default:
		return 0;
	}
}

static void put_descriptor(struct imp_wr *wr, const struct imp_fcp *fcp)
{
	bool records = fcp->kind == IMP_FCP_LINEAR || fcp->kind == IMP_FCP_CYCLIC;

	imp_der_put_header(wr, TAG_DESCRIPTOR, records ? 4 : 2);
	imp_wr_u8(wr, descriptor(fcp->kind));
	imp_wr_u8(wr, DATA_CODING);
	if (records)
		imp_wr_be16(wr, fcp->record_length);
}

/* At least two octets (TS 102 221 11.1.1.4.1). */
static void put_size(struct imp_wr *wr, uint16_t tag, uint32_t size)
{
	if (size == IMP_FCP_NO_SIZE)
		return;
	imp_der_put_header(wr, tag, size > 0xFFFF ? 4 : 2);
	if (size > 0xFFFF)
		imp_wr_be32(wr, size);
	else
		imp_wr_be16(wr, (uint16_t)size);
}

/* b8 to b4 carry the short identifier. */
static void put_sfi(struct imp_wr *wr, uint8_t sfi)
{
	if (sfi == IMP_FCP_NO_SFI)
		imp_der_put_header(wr, TAG_SFI, 0);
	else if (sfi != IMP_FCP_SFI_UNSTATED)
		put_u8(wr, TAG_SFI, (uint8_t)(sfi << 3));
}

static void pin_status(struct imp_wr *wr, const void *of)
{
	const struct imp_fcp *fcp = (const struct imp_fcp *)of;

	put_u8(wr, 0x90, fcp->enabled);
	for (size_t i = 0; i < fcp->keys_n && i < IMP_FCP_KEYS_MAX; i++)
		put_u8(wr, 0x83, fcp->keys[i]);
}

static void content(struct imp_wr *wr, const void *of)
{
	const struct imp_fcp *fcp = (const struct imp_fcp *)of;

	put_descriptor(wr, fcp);
	if (fcp->has_fid) {
		imp_der_put_header(wr, TAG_FID, 2);
		imp_wr_be16(wr, fcp->fid);
	}
	put_present(wr, TAG_AID, fcp->aid);
	if (fcp->life_cycle)
		put_u8(wr, TAG_LIFE_CYCLE, fcp->life_cycle);
	put_present(wr, TAG_REFERENCED, fcp->referenced);
	put_present(wr, TAG_COMPACT, fcp->compact);
	put_present(wr, TAG_EXPANDED, fcp->expanded);
	put_size(wr, TAG_SIZE, fcp->size);
	put_size(wr, TAG_TOTAL, fcp->total);
	if (fcp->kind != IMP_FCP_DF)
		put_sfi(wr, fcp->sfi);
	put_present(wr, TAG_PROPRIETARY, fcp->proprietary);
	if (fcp->keys_n)
		imp_der_put_nested(wr, TAG_PIN_STATUS, pin_status, fcp);
}

void imp_fcp_put_create(struct imp_wr *wr, const struct imp_fcp *fcp)
{
	if (!descriptor(fcp->kind)) {
		imp_wr_fail(wr, IMP_E_UNSUPPORTED);
		return;
	}
	imp_der_put_nested(wr, TAG_FCP, content, fcp);
}

/* Key reference, verified by the user. */
static void put_key(struct imp_wr *wr, uint8_t key)
{
	imp_der_put_header(wr, 0xA4, 6);
	put_u8(wr, 0x83, key);
	put_u8(wr, 0x95, 0x08);
}

static void any_key(struct imp_wr *wr, const void *of)
{
	const struct imp_access_rule *rule = (const struct imp_access_rule *)of;

	for (size_t i = 0; i < rule->keys_n && i < IMP_FCP_KEYS_MAX; i++)
		put_key(wr, rule->keys[i]);
}

void imp_access_put(struct imp_wr *wr, uint8_t modes, const struct imp_access_rule *rule)
{
	put_u8(wr, 0x80, modes);
	if (rule->access == IMP_ACCESS_ALWAYS)
		imp_der_put_header(wr, 0x90, 0);
	else if (rule->access == IMP_ACCESS_NEVER)
		imp_der_put_header(wr, 0x97, 0);
	else if (rule->access == IMP_ACCESS_KEY && rule->keys_n > 1)
		imp_der_put_nested(wr, 0xA0, any_key, rule);
	else if (rule->access == IMP_ACCESS_KEY && rule->keys_n == 1)
		put_key(wr, rule->keys[0]);
	else
		imp_wr_fail(wr, IMP_E_UNSUPPORTED);
}
