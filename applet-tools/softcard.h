/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softcard: a UICC in software, strict where a real one is.  One core serves the unit tests and the
 * fuzzer in-process and `imprint card emulate` behind a real PC/SC daemon.  It is written from the
 * card specifications (ETSI TS 102 221 and 102 222, ISO 7816-4) and shares no code with what it
 * tests: no card codec, no APDU builder, no status word table of the host.
 *
 * A new card has, in the MF (3F00), whose rule is EF.ARR record 3:
 *
 *	2F00 EF.DIR	4 records of 38 octets, SFI 1E, rule 1
 *	2F06 EF.ARR	8 records of 40 octets, SFI 06, rule 1:
 *			1 READ always, UPDATE and (DE)ACTIVATE ADM1
 *			2 READ PIN1, the rest as 1
 *			3 for a DF: create, delete and (DE)ACTIVATE with ADM1
 *			4 READ always, nothing else ever
 *			5..8 free
 *	2FE2 EF.ICCID	10 octets, SFI 02, rule 4
 *	7F50		ADF PKCS#15 with an own EF.ARR 6F06 (SFI 17) of the same records, when asked
 *for
 *
 * PIN1 (reference 01, 3 tries) and ADM1 (0A, 10 tries) are verified for all channels until reset.
 * Three logical channels besides the basic one.  State file and faults: applet-tools/SOFTCARD.md.
 */
#ifndef IMP_APPLET_TOOLS_SOFTCARD_H
#define IMP_APPLET_TOOLS_SOFTCARD_H

#include "base/diag.h"
#include "base/span.h"
#include "base/wr.h"
#include "card/card.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_SOFTCARD_ICCID "8988211000000000011" /* when the config names none */
#define IMP_SOFTCARD_PIN "1234"
#define IMP_SOFTCARD_ADM "12345678"
#define IMP_SOFTCARD_MEMORY 65536 /* octets of file content */
#define IMP_SOFTCARD_MEMORY_MAX 1048576
#define IMP_SOFTCARD_PIN_TRIES 3
#define IMP_SOFTCARD_ADM_TRIES 10
#define IMP_SOFTCARD_FAULTS_MAX 32

/* What a new card holds besides the MF's files. */
#define IMP_SOFTCARD_ADF 0x01U /* 7F50 and its EF.ARR */
#define IMP_SOFTCARD_DIR 0x02U /* its record in EF.DIR (record 1) */
/* 5031 (32 octets, SFI 11), 5032 (32), 6430 (128, SFI 10), 6432 (ef_size, SFI 12), all FF; with ADF
 */
#define IMP_SOFTCARD_EFS 0x04U
/* Habits of cards in the field (ref A.4, A.5, A.7, B.1, G.1). */
#define IMP_SOFTCARD_NO_CHANNELS 0x0100U  /* MANAGE CHANNEL is 6881 */
#define IMP_SOFTCARD_NO_CREATE_DF 0x0200U /* CREATE FILE of a DF or ADF is 6A81 */
#define IMP_SOFTCARD_NO_FCP_P2_00 0x0400U /* SELECT with P2 00 answers no data */
#define IMP_SOFTCARD_NO_SFI 0x0800U	  /* SFI forms are 6A82 */
#define IMP_SOFTCARD_LE_MAX_128 0x1000U	  /* READ BINARY of more than 128 octets is 6700 */

struct imp_softcard_config {
	const char *iccid;   /* 18 to 20 digits; NULL: IMP_SOFTCARD_ICCID */
	unsigned protocol;   /* 0 or 1: T=0 answers 61xx and 6Cxx, T=1 does not */
	uint32_t memory;     /* 0: IMP_SOFTCARD_MEMORY */
	uint32_t ef_size;    /* of 6432 with IMP_SOFTCARD_EFS, at most 32768; 0: 1024 */
	unsigned flags;	     /* IMP_SOFTCARD_*; 0: a card without PKCS#15 */
	struct imp_span pin; /* 4 to 8 octets, padded with FF; empty: IMP_SOFTCARD_PIN */
	struct imp_span adm; /* the same; empty: IMP_SOFTCARD_ADM */
	bool read_pin;	     /* 6430 and 6432 of IMP_SOFTCARD_EFS have rule 2 instead of 1 */
};

enum imp_softcard_fault_do {
	IMP_SOFTCARD_GONE,	 /* torn out before the command is carried out */
	IMP_SOFTCARD_GONE_AFTER, /* carried out, but torn out before the answer */
	IMP_SOFTCARD_TORN,	 /* torn out while writing: UPDATE keeps its first value octets */
	IMP_SOFTCARD_SW,	 /* not carried out, answers value as SW1 SW2 */
	IMP_SOFTCARD_SW_AFTER,	 /* carried out, answers value as SW1 SW2 */
	IMP_SOFTCARD_SLOW,	 /* carried out value milliseconds later */
	IMP_SOFTCARD_LE,	 /* not carried out, answers 6C and the low octet of value */
	IMP_SOFTCARD_MUTE,	 /* carried out, no answer ever: IMP_E_IO */
};

struct imp_softcard_fault {
	uint32_t at; /* number of the APDU, the first is 1; 0: the next one with this ins */
	uint8_t ins; /* read when at is 0 */
	enum imp_softcard_fault_do what;
	unsigned value;
};

/* What the card was asked since it was made or imp_softcard_count_from_zero(). */
struct imp_softcard_counts {
	uint32_t apdus; /* also those that failed; GET RESPONSE is one */
	uint64_t octets_in, octets_out;
	uint32_t ins[256];
};

/* All state: files, PINs and tries, channels, faults, counts. */
struct imp_softcard;

/* NULL with a diagnosis on a config out of range (IMP_E_USAGE) or without memory.  Powered. */
struct imp_softcard *imp_softcard_new(
	const struct imp_softcard_config *config, struct imp_diag *diag);

/* A copy of everything: keep one aside and clone it again to start over.  NULL without memory. */
struct imp_softcard *imp_softcard_clone(const struct imp_softcard *card);

void imp_softcard_free(struct imp_softcard *card); /* wipes; takes NULL */

/*
 * The card seam.  transceive answers IMP_E_ABSENT once the card is gone and IMP_E_IO when it is
 * mute; reset brings a mute card back and a gone one not.  close resets; the softcard stays.
 */
void imp_softcard_as_card(struct imp_softcard *card, struct imp_card *out);

/* Put a torn out card back and power it: contents, tries and counts stay, sessions are over. */
void imp_softcard_insert(struct imp_softcard *card);

bool imp_softcard_gone(const struct imp_softcard *card);

/* Each fault strikes once.  IMP_E_SPACE beyond IMP_SOFTCARD_FAULTS_MAX pending ones. */
IMP_MUST_CHECK enum imp_status imp_softcard_add_fault(
	struct imp_softcard *card, const struct imp_softcard_fault *fault);
void imp_softcard_clear_faults(struct imp_softcard *card);

/* Faults count on from the card's first APDU; imp_softcard_count_from_zero() restarts that too. */
const struct imp_softcard_counts *imp_softcard_counts(const struct imp_softcard *card);
void imp_softcard_count_from_zero(struct imp_softcard *card);

/*
 * The content of EF fid in the DF df (3F00, 7F50, ...), of a record file all records in a row; the
 * card's own memory, until its next command.  IMP_E_ABSENT: no such file.
 */
IMP_MUST_CHECK enum imp_status imp_softcard_file(
	const struct imp_softcard *card, uint16_t df, uint16_t fid, struct imp_span *content);

/* Overwrite content from offset at, past all rules: for making odd cards.  IMP_E_ABSENT,
 * IMP_E_SPACE. */
IMP_MUST_CHECK enum imp_status imp_softcard_poke(
	struct imp_softcard *card, uint16_t df, uint16_t fid, uint32_t at, struct imp_span data);

/* Tries left of key reference ref (01 or 0A); 0 when blocked or unknown. */
unsigned imp_softcard_tries(const struct imp_softcard *card, uint8_t ref);

/* Grows with every change of what the state file keeps: content, files, tries, fired faults. */
uint64_t imp_softcard_generation(const struct imp_softcard *card);

/* softcard_save.c, softcard_load.c: the state file's text (JSON, see SOFTCARD.md).  Holds PINs:
 * keep it 0600. */
void imp_softcard_save(const struct imp_softcard *card, struct imp_wr *json);

/* NULL with a diagnosis that names the member (name: the file, for messages).  Powered. */
struct imp_softcard *imp_softcard_load(
	struct imp_span json, const char *name, struct imp_diag *diag);

#endif
