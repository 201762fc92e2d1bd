/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's conversation with a card (ref card.md A).  All answers go straight into the buffer
 * of the configuration, so that a small stack will do.  The status is sticky: after the first
 * failure nothing is sent any more, so that a walk is written down straight and checked at its end.
 */
#ifndef IMR_SESSION_H
#define IMR_SESSION_H

#include "base/span.h"
#include "reader/imr.h"
#include "reader/walk.h" /* IMR_GOOD */

#define IMR_APDUS_MAX 1024 /* a file of 32 KiB in chunks of 128 on T=0 needs half of it */
#define IMR_DATA_MAX 14	   /* of a command: a path, an AID, a PIN */
#define IMR_CHUNK 256

/* A command in one number: INS P1 P2 Le. */
#define IMR_SELECT 0xA4000400U /* P1 says how; answers the FCP */
#define IMR_READ_BINARY 0xB0000000U
#define IMR_READ_RECORD 0xB2000400U
#define IMR_VERIFY 0x20000000U
#define IMR_OPEN_CHANNEL 0x70000001U
#define IMR_CLOSE_CHANNEL 0x70800000U
#define IMR_P1(p1) ((uint32_t)(p1) << 16)
#define IMR_P2(p2) ((uint32_t)(p2) << 8)

#define IMR_NO_LE 0x80U /* added to Lc */

enum {
	IMR_SW_OK = 0x9000,
	IMR_SW_WRONG_LENGTH = 0x6700,
	IMR_SW_SECURITY = 0x6982,
	IMR_SW_NO_RECORD = 0x6A83,
	IMR_SW_WRONG_P1P2 = 0x6A86,
	IMR_SW_WRONG_OFFSET = 0x6B00,
};

struct imr_session {
	/* CLA INS P1 P2 Lc, data, Le; after a command octet 4 holds the Le that the card wanted.
	 * The path of a file stays where the data is until other data is sent. */
	uint8_t cmd[5 + IMR_DATA_MAX + 1];
	uint8_t cla;	 /* with the channel */
	uint8_t channel; /* 0: the basic one */
	uint8_t path_n;	 /* octets of the path in cmd */
	bool pin_tried;	 /* at most once */
	bool part;	 /* only a part of the file is the payload */

	enum imr_status st; /* IMR_GOOD until something fails */
	uint16_t sw;	    /* of the last command */
	uint16_t apdus_max;
	uint16_t chunk;		/* octets that READ BINARY asks for */
	uint16_t by_sfi;	/* P1 P2 that open the file with its first octets, 0: it is open */
	uint32_t size;		/* of the selected file, IMP_FCP_NO_SIZE when not said */
	size_t at;		/* where in the buffer the next answer goes */
	size_t room;		/* how far a file may go: an answer fits behind it */
	struct imp_span answer; /* to the last command */
	uint8_t *buffer;	/* of config */
	const struct imr_config *config;
	struct imr_report *report;
};

#define IMR_CMD_DATA 5

/*
 * Send a command with the lc octets that are in cmd already, follow 61xx and 6Cxx, and judge SW
 * (A.10; failures go into the report).  91xx and 92xx count as 9000, 6282 (end of file) as good.
 * Fails with IMR_E_NONE, IMR_E_DAMAGED, IMR_E_REFUSED, IMR_E_IO, IMR_E_LIMIT or IMR_E_SPACE.
 */
void imr_command(struct imr_session *s, uint32_t ins_p1_p2_le, unsigned lc);

/* Did the last command fail with this SW?  Then the failure is taken back. */
bool imr_forgive(struct imr_session *s, uint16_t sw);

/* Fail, unless something has failed before. */
void imr_fail(struct imr_session *s, enum imr_status st);

/* SELECT the application.  no_le: IMR_NO_LE to do without its FCP, or 0. */
void imr_select_application(struct imr_session *s, unsigned no_le);

/* First octet of the descriptor in the FCP that was just answered, 0 when not said. */
uint8_t imr_descriptor(const struct imr_session *s);

/* Keep the path of a file: 2 octets, or starting with 3F00 or 7FFF. */
void imr_path(struct imr_session *s, struct imp_span fids);

/* Open the file by the path that is kept, or else by its FID alone.  The answer is what its FCP
 * holds. */
void imr_open(struct imr_session *s);

/* Both. */
void imr_open_at(struct imr_session *s, struct imp_span fids);

/* Read on, from s->at octets behind offset `from`, until n octets are there or the file ends. */
void imr_read(struct imr_session *s, uint32_t from, size_t n);

/* All of the file, from the start of the buffer. */
struct imp_span imr_read_all(struct imr_session *s);

/* The opened file, from offset `from` and at most size octets, up to the end of the payload. */
void imr_read_payload(struct imr_session *s, uint32_t from, size_t size);

/*
 * Did reading fail for want of a PIN, and did the card's guard present the one that it takes?
 * Then try again; another file is selected now.
 */
static inline bool imr_retry(struct imr_session *s)
{
	const struct imr_card *card = s->config->card;

	return card->guard && card->guard(s);
}

/* Check and hand over what is in the buffer: IMR_OK, or why not. */
void imr_deliver(struct imr_session *s);

/* ---- card.c ---- */

void imr_begin(struct imr_session *s, const struct imr_config *config, struct imr_report *report);

/* Open the channel that the card gives, never a fixed one. */
void imr_open_channel(struct imr_session *s);

/* Leave channel 0 as it was found; what the card says no longer matters. */
void imr_close_channel(struct imr_session *s);

/* The way of Appendix G.2, from EF(DIR) to the payload. */
void imr_search(struct imr_session *s);

/* Report how it went. */
enum imr_status imr_end(const struct imr_session *s);

/* Load from the card; report->card* are filled.  The buffer is left as it is.  IMR_OK or why not.
 */
enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report);

/* ---- load.c ---- */

/* Zero the report. */
void imr_report(struct imr_report *report);

/* The card ended with st: that is all, or flash comes next.  Wipes the buffer. */
enum imr_status imr_then_flash(
	const struct imr_config *config, enum imr_status st, struct imr_report *report);

#endif
