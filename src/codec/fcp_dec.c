/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fcp.h"

#include <string.h>

enum {
	FCP = 0x62,
	FCI = 0x6F,
	SIZE = 0x80,
	TOTAL = 0x81,
	DESCRIPTOR = 0x82,
	FID = 0x83,
	DF_NAME = 0x84,
	SFI = 0x88,
	LIFE_CYCLE = 0x8A,
	REFERENCED = 0x8B,
	COMPACT = 0x8C,
	PROPRIETARY = 0xA5,
	EXPANDED = 0xAB,
	PIN_STATUS = 0xC6,
	KEY_REFERENCE = 0x83,
	PS_DO = 0x90,
	USAGE = 0x95,
};

static enum imp_status number(struct imp_span v, size_t max, uint32_t *out)
{
	uint32_t n = 0;

	if (v.n == 0 || v.n > max)
		return IMP_E_FORMAT;
	for (size_t i = 0; i < v.n; i++)
		n = n << 8 | v.p[i];
	*out = n;
	return IMP_OK;
}

static enum imp_fcp_kind kind(uint8_t descriptor)
{
	if ((descriptor & 0xBF) == 0x38)
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
		enum imp_status st = imp_der_next(&rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.value.n == 0)
			continue;
		if (der.tag == PS_DO) {
			fcp->enabled = der.value.p[0];
		} else if (der.tag == USAGE) {
			used = der.value.p[0] != 0;
		} else if (der.tag == KEY_REFERENCE && fcp->keys_n < IMP_FCP_KEYS_MAX) {
			if (!used)
				fcp->enabled &= (uint8_t) ~(0x80U >> fcp->keys_n);
			fcp->keys[fcp->keys_n++] = der.value.p[0];
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
	case SIZE:
		return number(der->value, 4, &fcp->size);
	case TOTAL:
		return number(der->value, 4, &fcp->total);
	case DESCRIPTOR:
		return descriptor_get(der->value, fcp);
	case FID:
		st = number(der->value, 2, &v);
		fcp->fid = (uint16_t)v;
		fcp->has_fid = st == IMP_OK;
		return st;
	case DF_NAME:
		fcp->aid = der->value;
		return IMP_OK;
	case SFI:
		return sfi_get(der->value, fcp);
	case LIFE_CYCLE:
		st = number(der->value, 1, &v);
		fcp->life_cycle = (uint8_t)v;
		return st;
	case REFERENCED:
		fcp->referenced = der->value;
		return IMP_OK;
	case COMPACT:
		fcp->compact = der->value;
		return IMP_OK;
	case EXPANDED:
		fcp->expanded = der->value;
		return IMP_OK;
	case PROPRIETARY:
		fcp->proprietary = der->value;
		return IMP_OK;
	case PIN_STATUS:
		return pin_status_get(der->value, fcp);
	default:
		return IMP_OK;
	}
}

enum imp_status imp_fcp_get(struct imp_span answer, struct imp_fcp *fcp)
{
	struct imp_fcp got;
	struct imp_rd rd = imp_rd(answer);
	struct imp_der der;
	enum imp_status st = imp_der_next(&rd, &der);

	if (st == IMP_OK && der.tag != FCP && der.tag != FCI)
		st = IMP_E_FORMAT;
	memset(&got, 0, sizeof got);
	got.size = IMP_FCP_NO_SIZE;
	got.total = IMP_FCP_NO_SIZE;
	got.sfi = IMP_FCP_SFI_UNSTATED;
	for (rd = imp_rd(der.value); st == IMP_OK && rd.n;) {
		st = imp_der_next(&rd, &der);
		if (st == IMP_OK && der.tag == FCP) /* 6F {62 {...}} */
			rd = imp_rd(der.value);
		else if (st == IMP_OK)
			st = field_get(&der, &got);
	}
	if (st == IMP_OK)
		*fcp = got;
	return st;
}

enum imp_status imp_fcp_arr(struct imp_span referenced, uint16_t *fid, uint8_t *record)
{
	struct imp_rd rd = imp_rd(referenced);
	uint16_t arr = imp_rd_be16(&rd);
	uint8_t number_of_one = 0;

	if (rd.n == 1)
		number_of_one = imp_rd_u8(&rd);
	else if (rd.n % 2)
		return IMP_E_FORMAT;
	while (rd.n) {
		uint8_t environment = imp_rd_u8(&rd), number_here = imp_rd_u8(&rd);

		if (environment == 1 || number_of_one == 0)
			number_of_one = number_here;
	}
	if (rd.st != IMP_OK)
		return rd.st;
	if (number_of_one == 0)
		return IMP_E_FORMAT;
	*fid = arr;
	*record = number_of_one;
	return IMP_OK;
}
