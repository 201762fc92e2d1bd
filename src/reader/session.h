/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's conversation with a card (ref card.md A).  Nothing here is kept between boots; all
 * answers go into the buffer of the configuration, so the stack holds one answer at most.
 */
#ifndef IMR_SESSION_H
#define IMR_SESSION_H

#include "base/span.h"
#include "reader/imr.h"

#define IMR_APDUS_MAX 1024 /* a file of 32 KiB in chunks of 128 on T=0 needs half of it */
#define IMR_KEYS_MAX 4
#define IMR_PATH_MAX 16

enum {
	IMR_SW_OK = 0x9000,
	IMR_SW_END_OF_FILE = 0x6282,
	IMR_SW_WRONG_LENGTH = 0x6700,
	IMR_SW_SECURITY = 0x6982,
	IMR_SW_NO_RECORD = 0x6A83,
	IMR_SW_WRONG_P1P2 = 0x6A86,
	IMR_SW_WRONG_OFFSET = 0x6B00,
};

struct imr_session {
	const struct imr_config *config;
	struct imr_report *report;
	unsigned apdus_max;
	uint16_t sw;	/* of the last exchange */
	uint8_t cla;	/* with the channel */
	bool pin_tried; /* at most once */
	uint16_t chunk; /* octets that READ BINARY asks for */
	uint8_t keys_n; /* enabled for the application */
	uint8_t keys[IMR_KEYS_MAX];
};

struct imr_path {
	uint8_t n;
	uint8_t b[IMR_PATH_MAX];
};

/* What the reader needs of an FCP. */
struct imr_file {
	uint32_t size;	       /* IMP_FCP_NO_SIZE when not said */
	uint8_t kind;	       /* enum imp_fcp_kind */
	uint8_t record_length; /* 0 when not said */
	uint8_t arr_record;    /* 0: none */
	uint16_t arr;	       /* FID of EF.ARR */
	uint16_t fid;	       /* 0 when not said */
	uint8_t keys_n;	       /* DF: enabled; EF: any of them lets READ pass */
	uint8_t keys[IMR_KEYS_MAX];
};

/*
 * Send the command of n octets and follow 61xx and 6Cxx; the answer without SW goes to `to` (room
 * for cap), its length to *got, SW to s->sw.  An answer is expected when cap is not 0; the command
 * then ends with Le.  cmd is changed: after 6Cxx it holds the right Le.  91xx and 92xx become 9000.
 * IMR_OK whatever SW says; IMR_E_IO, IMR_E_LIMIT, IMR_E_SPACE.
 */
enum imr_status imr_exchange(
	struct imr_session *s, uint8_t *cmd, size_t n, uint8_t *to, size_t cap, size_t *got);

/* What s->sw means (A.10); failures go into the report. */
enum imr_status imr_judge(struct imr_session *s);

/* SELECT by P1; the FCP passes through the buffer of the configuration. */
enum imr_status imr_select(
	struct imr_session *s, uint8_t p1, struct imp_span name, struct imr_file *file);

/* SELECT a file by path, or else by its FID alone. */
enum imr_status imr_open(struct imr_session *s, const struct imr_path *path, struct imr_file *file);

/*
 * Read n octets from offset `from` of the file that was opened last, fewer where it ends; how many
 * in *got.  When nothing has been read yet (`to` is the buffer of the configuration) and the card
 * asks for a PIN, the guard is gone through once.
 */
enum imr_status imr_read(struct imr_session *s, const struct imr_path *path,
	const struct imr_file *file, uint32_t from, uint8_t *to, size_t n, size_t *got);

/* Present the PIN that reading this file takes (A.8).  Another file may be selected afterwards. */
enum imr_status imr_pin(struct imr_session *s, const struct imr_file *file);

/* Load from the card; report->card* are filled.  The buffer is left as it is. */
enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report);

#endif
