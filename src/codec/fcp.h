/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File control parameters (template 62 of ETSI TS 102 221, ref card A.1, B.1) and access rules
 * (B.2).  One struct for both ways: what SELECT answers and what CREATE FILE takes.  Decoders are
 * freestanding.
 */
#ifndef IMP_CODEC_FCP_H
#define IMP_CODEC_FCP_H

#include "codec/der.h"

enum imp_fcp_kind {
	IMP_FCP_OTHER, /* descriptor absent or of another kind */
	IMP_FCP_TRANSPARENT,
	IMP_FCP_LINEAR,
	IMP_FCP_CYCLIC,
	IMP_FCP_DF,
};

#define IMP_FCP_KEYS_MAX 8
#define IMP_FCP_NO_SFI 0	  /* 88 with length 0 */
#define IMP_FCP_SFI_UNSTATED 0xFF /* 88 absent: SFI = low 5 bits of the FID */
#define IMP_FCP_NO_SIZE 0xFFFFFFFFU

struct imp_fcp {
	enum imp_fcp_kind kind;		 /* 82, first octet */
	uint16_t record_length, records; /* 82, LINEAR and CYCLIC */
	bool has_fid;
	uint16_t fid;	     /* 83 */
	uint32_t size;	     /* 80, IMP_FCP_NO_SIZE when absent */
	uint32_t total;	     /* 81, the same */
	uint8_t sfi;	     /* 88: 1..30, or one of the above */
	uint8_t life_cycle;  /* 8A: 01 creation, 03 initialisation, 05 active, ...; 0 absent */
	struct imp_span aid; /* 84 */
	struct imp_span referenced;  /* 8B: FID of EF.ARR and a record, or SE and record pairs */
	struct imp_span compact;     /* 8C */
	struct imp_span expanded;    /* AB */
	struct imp_span proprietary; /* A5, content */
	uint8_t keys_n;		     /* C6: references in the order of the template */
	uint8_t keys[IMP_FCP_KEYS_MAX];
	uint8_t enabled; /* C6: b8 for keys[0], b7 for keys[1], ...; set when verification is on */
};

/* Bits of 8A (A.1). */
static inline bool imp_fcp_deactivated(const struct imp_fcp *fcp)
{
	return fcp->life_cycle == 0x04 || fcp->life_cycle == 0x06 || fcp->life_cycle >= 0x0C;
}

static inline bool imp_fcp_key_enabled(const struct imp_fcp *fcp, unsigned i)
{
	return i < fcp->keys_n && (fcp->enabled << i & 0x80) != 0;
}

/* Answer of SELECT, without SW: 62 {...}, or 6F {...} with the same inside; tags in any order,
 * unknown ones passed over. */
IMP_MUST_CHECK enum imp_status imp_fcp_get(struct imp_span answer, struct imp_fcp *fcp);

/* Single fields, for a device that needs few of them. */
#define IMP_FCP_SIZE 0x80
#define IMP_FCP_DESCRIPTOR 0x82
#define IMP_FCP_FID 0x83
#define IMP_FCP_SFI 0x88
#define IMP_FCP_REFERENCED 0x8B
#define IMP_FCP_EXPANDED 0xAB
#define IMP_FCP_PIN_STATUS 0xC6

/* Narrow an answer to SELECT to the fields that it holds: content of 62, of 6F, or of 62 in 6F;
 * imp_der_get() finds one.  An answer without these stays as it is. */
void imp_fcp_enter(struct imp_span *answer);

/* First octet of the descriptor. */
static inline bool imp_fcp_is_df(uint8_t descriptor)
{
	return (descriptor & 0xBF) == 0x38;
}

static inline bool imp_fcp_is_transparent(uint8_t descriptor)
{
	return (descriptor & 0xBF) == 0x01;
}

/*
 * Up to four key references for reading, the first one lowest: of the rule for READ in an expanded
 * rule (content of AB, or a record of EF.ARR), or, application set, those switched on in content
 * of C6.
 */
uint32_t imp_fcp_read_keys(struct imp_span run, bool application);

/* The record of EF.ARR, whose FID 8B begins with, that 8B names for security environment 01 (else
 * the first one); 0 when it names none. */
uint8_t imp_fcp_arr(struct imp_span referenced);

/* Access modes of an EF (B.2, 2). */
#define IMP_AM_READ 0x01
#define IMP_AM_UPDATE 0x02
#define IMP_AM_DEACTIVATE 0x08
#define IMP_AM_ACTIVATE 0x10
#define IMP_AM_DELETE 0x40

enum imp_access {
	IMP_ACCESS_NEVER, /* also: no rule names the mode */
	IMP_ACCESS_ALWAYS,
	IMP_ACCESS_KEY,	  /* any one of keys */
	IMP_ACCESS_OTHER, /* a condition that is not understood */
};

struct imp_access_rule {
	enum imp_access access;
	uint8_t keys_n;
	uint8_t keys[IMP_FCP_KEYS_MAX]; /* key references: 01..08, 81..88, 11, 0A..0E, 8A..8E */
};

/* access_dec.c: what an expanded rule (content of AB, or an EF.ARR record with its filling) asks
 * for one access mode. */
IMP_MUST_CHECK enum imp_status imp_access_get(
	struct imp_span expanded, uint8_t mode, struct imp_access_rule *rule);

/* fcp_enc.c: 62 {...} as CREATE FILE takes it: 82 83 [84] 8A (8B | 8C | AB) 80|81 [88] [A5] [C6];
 * linear: record_length only (the card counts).  SFI_UNSTATED writes no 88, NO_SFI 88 00. */
void imp_fcp_put_create(struct imp_wr *wr, const struct imp_fcp *fcp);
/* One pair 80 01 modes, condition; several keys in an OR template. */
void imp_access_put(struct imp_wr *wr, uint8_t modes, const struct imp_access_rule *rule);

#endif
