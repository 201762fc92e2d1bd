/* SPDX-License-Identifier: Apache-2.0 */
/* Short command APDUs (ISO 7816-4, TS 102 221 10.1.1): Lc 1..255, Le 1..256; ref card A.1. */
#ifndef IMP_CODEC_APDU_H
#define IMP_CODEC_APDU_H

#include "base/wr.h"

#define IMP_CHANNEL_MAX 19

struct imp_apdu {
	uint8_t cla; /* 00 or 80; the channel is put in when it is encoded */
	uint8_t ins, p1, p2;
	struct imp_span data; /* up to 255 octets; empty: no Lc */
	uint16_t le;	      /* octets wanted, 1..256; 0: no Le */
	/*
	 * Neither the command's data nor the answer's is secret, a trace may show them.  The
	 * default hides both, so that forgetting to say so hides too much and never too little.
	 */
	bool open;
};

/* CLA of a command on a channel: 0..3 in bits 2 and 1, 4..19 as 4x; IMP_CHANNEL_MAX is the last. */
uint8_t imp_apdu_cla(uint8_t cla, unsigned channel);

/* apdu_enc.c: IMP_E_SPACE through the cursor when data, Le or channel are out of range. */
void imp_apdu_put(struct imp_wr *wr, const struct imp_apdu *apdu, unsigned channel);

/* Instructions that the project sends. */
#define IMP_INS_DEACTIVATE 0x04
#define IMP_INS_VERIFY 0x20
#define IMP_INS_ACTIVATE 0x44
#define IMP_INS_MANAGE_CHANNEL 0x70
#define IMP_INS_SELECT 0xA4
#define IMP_INS_READ_BINARY 0xB0
#define IMP_INS_READ_RECORD 0xB2
#define IMP_INS_GET_RESPONSE 0xC0
#define IMP_INS_UPDATE_BINARY 0xD6
#define IMP_INS_UPDATE_RECORD 0xDC
#define IMP_INS_CREATE_FILE 0xE0
#define IMP_INS_DELETE_FILE 0xE4

#endif
