/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fcp.h"

enum {
	FCP = 0x62,
	FCI = 0x6F,
	TOTAL = 0x81,
	DF_NAME = 0x84,
	LIFE_CYCLE = 0x8A,
	COMPACT = 0x8C,
	PROPRIETARY = 0xA5,
	KEY_REFERENCE = 0x83,
	PS_DO = 0x90,
	USAGE = 0x95,
};

static enum imp_status number(struct imp_span v, size_t max, uint32_t *out)
{
	return v.n > max ? IMP_E_FORMAT : imp_der_unsigned(v, out);
}

static enum imp_fcp_kind kind(uint8_t descriptor)
{
	if (imp_fcp_is_df(descriptor))
		return IMP_FCP_DF;
	if (descriptor & 0xB0)
		return IMP_FCP_OTHER;
	switch (descriptor & 7) {
	case 1:
		return IMP_FCP_TRANSPARENT;
	case 2:
		return IMP_FCP_LINEAR;
	case 6:
		return IMP_FCP_CYCLIC;
	default:
		return IMP_FCP_OTHER;
	}
}

/* 42 21 length(1 or 2) [records(1 or 2)] for records, 41 21 or 78 21 for the rest. */
static enum imp_status descriptor_get(struct imp_span v, struct imp_fcp *fcp)
{
	struct imp_rd rd = imp_rd(v);

	fcp->kind = kind(imp_rd_u8(&rd));
	imp_rd_u8(&rd);
	if (v.n >= 4) {
		fcp->record_length = imp_rd_be16(&rd);
		fcp->records = v.n == 6 ? imp_rd_be16(&rd) : v.n == 5 ? imp_rd_u8(&rd) : 0;
	} else if (v.n == 3) {
		fcp->record_length = imp_rd_u8(&rd);
	} else if (v.n == 1) {
		return IMP_OK; /* no coding octet */
	}
	return imp_rd_done(&rd);
}

static enum imp_status sfi_get(struct imp_span v, struct imp_fcp *fcp)
{
	if (v.n > 1)
		return IMP_E_FORMAT;
	fcp->sfi = v.n ? v.p[0] >> 3 : IMP_FCP_NO_SFI;
	if (fcp->sfi == 31)
		fcp->sfi = IMP_FCP_NO_SFI;
	return IMP_OK;
}

/* 90 flags, then per key [95 usage] 83 reference.  A usage of 00 says that it is not asked for. */
static enum imp_status pin_status_get(struct imp_span v, struct imp_fcp *fcp)
{
	struct imp_rd rd = imp_rd(v);
	struct imp_der der;
	bool used = true;

	while (rd.n) {
		uint8_t first;

		if (imp_der_next(&rd, &der) != IMP_OK)
			return rd.st;
		if (der.value.n == 0)
			continue;
		first = der.value.p[0];
		if (der.tag == PS_DO) {
			fcp->enabled = first;
		} else if (der.tag == USAGE) {
			used = first != 0;
		} else if (der.tag == KEY_REFERENCE && fcp->keys_n < IMP_FCP_KEYS_MAX) {
			if (!used)
				fcp->enabled &= (uint8_t) ~(0x80U >> fcp->keys_n);
			fcp->keys[fcp->keys_n++] = first;
			used = true;
		}
	}
	return IMP_OK;
}

static enum imp_status field_get(const struct imp_der *der, struct imp_fcp *fcp)
{
	enum imp_status st = IMP_OK;
	uint32_t v = 0;

	switch (der->tag) {
	case IMP_FCP_SIZE:
		return number(der->value, 4, &fcp->size);
	case TOTAL:
		return number(der->value, 4, &fcp->total);
	case IMP_FCP_DESCRIPTOR:
		return descriptor_get(der->value, fcp);
	case IMP_FCP_FID:
		st = number(der->value, 2, &v);
		fcp->fid = (uint16_t)v;
		fcp->has_fid = st == IMP_OK;
		return st;
	case DF_NAME:
		fcp->aid = der->value;
		return IMP_OK;
	case IMP_FCP_SFI:
		return sfi_get(der->value, fcp);
	case LIFE_CYCLE:
		st = number(der->value, 1, &v);
		fcp->life_cycle = (uint8_t)v;
		return st;
	case IMP_FCP_REFERENCED:
		fcp->referenced = der->value;
		return IMP_OK;
	case COMPACT:
		fcp->compact = der->value;
		return IMP_OK;
	case IMP_FCP_EXPANDED:
		fcp->expanded = der->value;
		return IMP_OK;
	case PROPRIETARY:
		fcp->proprietary = der->value;
		return IMP_OK;
	case IMP_FCP_PIN_STATUS:
		return pin_status_get(der->value, fcp);
	default:
		return IMP_OK;
	}
}

/* Content of 62, of 6F, or of 62 in 6F. */
static enum imp_status fields(struct imp_span answer, struct imp_span *out)
{
	enum imp_status st = imp_der_find(answer, FCP, out);

	if (st != IMP_E_ABSENT)
		return st;
	if (imp_der_find(answer, FCI, out) != IMP_OK)
		return IMP_E_FORMAT;
	(void)!imp_der_find(*out, FCP, out);
	return IMP_OK;
}

void imp_fcp_enter(struct imp_span *answer)
{
	(void)imp_der_get(answer, FCI, answer);
	(void)imp_der_get(answer, FCP, answer);
}

enum imp_status imp_fcp_get(struct imp_span answer, struct imp_fcp *fcp)
{
	struct imp_fcp got = {
		.size = IMP_FCP_NO_SIZE, .total = IMP_FCP_NO_SIZE, .sfi = IMP_FCP_SFI_UNSTATED
	};
	struct imp_span run = { NULL, 0 };
	enum imp_status st = fields(answer, &run);
	struct imp_rd rd = imp_rd(run);
	struct imp_der der;

	while (st == IMP_OK && rd.n) {
		st = imp_der_next(&rd, &der);
		if (st == IMP_OK)
			st = field_get(&der, &got);
	}
	if (st == IMP_OK)
		*fcp = got;
	return st;
}

uint8_t imp_fcp_arr(struct imp_span referenced)
{
	const uint8_t *p = referenced.p;
	size_t n = referenced.n;
	uint8_t found = 0;

	if (n == 3)
		return p[2];
	if (n % 2)
		return 0;
	for (size_t i = 2; i < n; i += 2)
		if (p[i] == 1 || found == 0)
			found = p[i + 1];
	return found;
}
