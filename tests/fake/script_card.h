/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small UICC for tests of the device reader: a table of files, habits of cards in the field as
 * switches, faults at a given APDU.  It only reads, and it complains (6F00 and a count) about
 * commands that no reader should send.
 */
#ifndef SCRIPT_CARD_H
#define SCRIPT_CARD_H

#include "base/span.h"
#include "reader/imr.h"

#define SCRIPT_FILES 8
#define SCRIPT_PIN "1234\xFF\xFF\xFF\xFF"

enum script_rule {
	SCRIPT_ALWAYS,
	SCRIPT_PIN_IN_ADF, /* READ takes the PIN; only C6 of the ADF names it */
	SCRIPT_PIN_IN_FCP, /* the same, named by AB of the file */
	SCRIPT_PIN_IN_ARR, /* the same, by 8B and EF.ARR 6F06 */
};

/* Of FID 6442 it would be 02. */
enum script_sfi {
	SCRIPT_SFI_UNKEPT, /* the FCP says nothing, and READ BINARY by SFI finds nothing */
	SCRIPT_SFI,
	SCRIPT_NO_SFI, /* the FCP says so */
};

struct script_file {
	uint16_t df; /* 0x3F00, or 0x7FFF for the application */
	uint16_t fid;
	struct imp_span content;
	uint8_t record; /* length of a record; 0: transparent */
	enum script_rule rule;
};

struct script_card {
	/* What the card is like. */
	struct script_file files[SCRIPT_FILES];
	size_t files_n;
	bool t0;	     /* 61xx and 6Cxx */
	bool no_dir_sfi;     /* EF(DIR) cannot be read by its SFI */
	bool no_path;	     /* SELECT by path is 6A86 */
	bool no_fcp;	     /* SELECT with P2 04 is 6A86 */
	bool fcp_of_file;    /* the application answers with the FCP of an EF */
	bool fcp_wrong_fid;  /* every FCP names 6FFF */
	bool no_size;	     /* FCP without tag 80 */
	enum script_sfi sfi; /* of files of the application */
	uint16_t le_max;     /* READ BINARY beyond is 6700; 0: none */
	uint16_t sw_channel; /* answer to MANAGE CHANNEL when not 0 */
	uint16_t sw_select;  /* SW of SELECT of the application when not 0 */
	uint8_t channel;     /* the one that it gives */
	uint8_t tries;	     /* of the PIN */
	bool pin_off;	     /* verification is switched off */
	unsigned gone_at;    /* this APDU is lost and the card does not come back; 0: none */
	unsigned lost_at;    /* this APDU is lost, the next ones are not */
	unsigned sw_at;	     /* this APDU answers sw and does nothing */
	uint16_t sw;

	/* What happened. */
	unsigned apdus, faults, verifies;
	bool channel_open;
	bool pin_verified;
	bool basic_touched; /* something was selected on channel 0 and not restored */
	struct {
		int file; /* -1: none */
		bool in_adf;
	} at[2]; /* channel 0, and the one given */
	uint8_t pending[256];
	size_t pending_n;

	struct imr_card imr; /* hand this to the reader */
	const char *pin;     /* what its pin callback gives; NULL: none */
	unsigned pin_asked;
};

/* A T=1 card without files, three tries, channel 1. */
void script_card(struct script_card *card);

void script_file(struct script_card *card, uint16_t df, uint16_t fid, struct imp_span content,
	uint8_t record, enum script_rule rule);

/* EF(DIR), ODF, DODF and this payload at 6442, as the writer of the project makes them. */
void script_card_standard(struct script_card *card, struct imp_span payload);

/* Content of the file with this FID, for a test to change. */
struct script_file *script_card_file(struct script_card *card, uint16_t fid);

#endif
