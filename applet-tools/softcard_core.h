/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the softcard, shared by its softcard_*.c files only.
 *
 * A card is one block of memory without pointers into itself, so a copy of the block is a copy of
 * the card.  Files are slots of a table, named by their index; contents lie without gaps in a pool
 * behind the struct.  Commands return the status word and append data to a cursor; the transport
 * (softcard_apdu.c) turns that into what T=0 or T=1 shows.
 */
#ifndef IMP_APPLET_TOOLS_SOFTCARD_CORE_H
#define IMP_APPLET_TOOLS_SOFTCARD_CORE_H

#include "applet-tools/softcard.h"
#include "base/rd.h"
#include "base/secret.h"

#define SC_FILES 64
#define SC_CHANNELS 4
#define SC_PINS 2
#define SC_RULE_MAX 64
#define SC_NAME_MAX 16
#define SC_RESPONSE_MAX 256
#define SC_NONE 0xFF /* no file */
#define SC_MF 0	     /* index of the MF */

#define SC_FID_MF 0x3F00
#define SC_FID_ADF 0x7FFF /* the current application, TS 102 221 8.4.1 */

/* Status words, TS 102 221 10.2.1. */
#define SW_OK 0x9000U
#define SW_NO_CHANGE 0x6200U
#define SW_END_OF_FILE 0x6282U
#define SW_SELECTED_DEACTIVATED 0x6283U
#define SW_TRIES 0x63C0U
#define SW_LENGTH 0x6700U
#define SW_NO_CHANNEL 0x6881U
#define SW_NO_SM 0x6882U
#define SW_NO_CHAINING 0x6884U
#define SW_STRUCTURE 0x6981U
#define SW_SECURITY 0x6982U
#define SW_BLOCKED 0x6983U
#define SW_DEACTIVATED 0x6984U
#define SW_CONDITIONS 0x6985U
#define SW_NO_EF 0x6986U
#define SW_DATA 0x6A80U
#define SW_NOT_SUPPORTED 0x6A81U
#define SW_NO_FILE 0x6A82U
#define SW_NO_RECORD 0x6A83U
#define SW_NO_MEMORY 0x6A84U
#define SW_P1P2 0x6A86U
#define SW_NO_REFERENCE 0x6A88U
#define SW_FILE_EXISTS 0x6A89U
#define SW_NAME_EXISTS 0x6A8AU
#define SW_OFFSET 0x6B00U
#define SW_WRONG_LE 0x6C00U
#define SW_INS 0x6D00U
#define SW_CLA 0x6E00U
#define SW_MORE 0x6100U

/* Access mode bits of a rule, TS 102 221 9.2.4. */
#define SC_AM_READ 0x01U
#define SC_AM_UPDATE 0x02U
#define SC_AM_DELETE_CHILD 0x01U
#define SC_AM_CREATE_EF 0x02U
#define SC_AM_CREATE_DF 0x04U
#define SC_AM_DEACTIVATE 0x08U
#define SC_AM_ACTIVATE 0x10U
#define SC_AM_DELETE_SELF 0x40U

enum sc_kind { SC_FREE, SC_DF, SC_TRANSPARENT, SC_LINEAR };

struct sc_file {
	enum sc_kind kind;
	uint16_t fid;
	uint8_t parent; /* index; the MF's is itself */
	uint8_t lcs;	/* life cycle, tag 8A */
	uint8_t sfi;	/* 0: none */
	uint8_t record; /* octets of a record, SC_LINEAR only */
	uint8_t rule_n, name_n;
	uint8_t rule[SC_RULE_MAX]; /* the whole data object: 8B, 8C or AB with its length */
	uint8_t name[SC_NAME_MAX]; /* AID of an ADF */
	uint32_t at, size;	   /* of an EF, in the pool */
};

struct sc_pin {
	uint8_t ref;
	uint8_t max, tries;
	bool verified;
	uint8_t value[8];
};

struct sc_channel {
	bool open;
	uint8_t df, ef, adf; /* indexes or SC_NONE */
	uint8_t record;	     /* record pointer, 0: not set */
};

struct imp_softcard {
	unsigned protocol, flags;
	uint32_t memory, used; /* octets of pool, of contents */
	struct sc_file files[SC_FILES];
	struct sc_pin pins[SC_PINS];
	struct sc_channel channels[SC_CHANNELS];

	/* An answer of T=0 that waits for GET RESPONSE. */
	uint8_t pending[SC_RESPONSE_MAX];
	size_t pending_n;
	unsigned pending_sw;
	uint8_t pending_channel;

	bool gone, mute;
	size_t keep; /* octets that the UPDATE at hand will keep: SIZE_MAX, less when torn */
	struct imp_softcard_fault faults[IMP_SOFTCARD_FAULTS_MAX];
	size_t faults_n;
	struct imp_softcard_counts counts;
	uint64_t generation;
	uint8_t pool[];
};

struct sc_apdu {
	uint8_t cla, ins, p1, p2;
	uint8_t channel;
	bool has_le;
	unsigned le; /* 1..256 */
	struct imp_span data;
};

/* ---- softcard_new.c: a card without files, and its power-on state */

struct imp_softcard *imp_sc_alloc(uint32_t memory);
void imp_sc_power(struct imp_softcard *card);

/* Digits of an ICCID, packed low nibble first, F behind an odd end.  False: not 18 to 20 digits. */
bool imp_sc_pack_iccid(const char *digits, uint8_t out[static 10]);

/* ---- softcard_fs.c */

/* First file that matches, or SC_NONE. */
uint8_t imp_sc_child(const struct imp_softcard *card, uint8_t df, uint16_t fid);
uint8_t imp_sc_by_sfi(const struct imp_softcard *card, uint8_t df, uint8_t sfi);
uint8_t imp_sc_by_name(const struct imp_softcard *card, struct imp_span aid);

/* Take file (parent set, at not read) into the table, content all fill.  SW_OK or SW_FILE_EXISTS,
 * SW_NAME_EXISTS, SW_DATA (SFI taken), SW_NO_MEMORY. */
unsigned imp_sc_add(
	struct imp_softcard *card, const struct sc_file *file, uint8_t fill, uint8_t *index);

/* Remove a file and all below it; channels that stood there go up to what is left. */
void imp_sc_remove(struct imp_softcard *card, uint8_t index);

uint8_t *imp_sc_body(struct imp_softcard *card, uint8_t index);
struct imp_span imp_sc_content(const struct imp_softcard *card, uint8_t index);

/* The file itself or a DF above it is deactivated. */
bool imp_sc_deactivated(const struct imp_softcard *card, uint8_t index);

/* ---- softcard_rule.c */

/* What the file's rule says of one access mode bit, with the keys verified now. */
bool imp_sc_allowed(const struct imp_softcard *card, uint8_t index, unsigned am);

/* A data object 8B, 8C or AB that this card can store and follow. */
bool imp_sc_rule_valid(struct imp_span rule);

/* ---- softcard_fcp.c */

/* What CREATE FILE asks for. */
struct sc_wish {
	struct sc_file file; /* without parent and place */
	uint8_t fill;
	bool sfi_implied; /* no tag 88: the SFI is the low bits of the identifier, if it is free */
};

/* Read the file control parameters of CREATE FILE; SW_OK or SW_DATA. */
unsigned imp_sc_fcp_parse(struct imp_span fcp, struct sc_wish *wish);
void imp_sc_fcp_put(const struct imp_softcard *card, uint8_t index, struct imp_wr *out);

/* A BER-TLV data object with one octet of tag and the short or 81 form of length. */
struct imp_span imp_sc_tlv(struct imp_rd *rd, uint8_t *tag);

/* ---- softcard_save.c: words of the state file, for softcard_load.c too */

#define SC_STATE_FORMAT "imprint-softcard"
#define SC_STATE_VERSION 1

struct sc_word {
	const char *word; /* NULL ends a table */
	unsigned value;
};

extern const struct sc_word imp_sc_habits[], imp_sc_kinds[], imp_sc_deeds[];

/* What the value of a fault is: so many octets in hex, or a number, or not there. */
size_t imp_sc_deed_hex(unsigned what);
bool imp_sc_deed_number(unsigned what);

/* Digits of EF.ICCID; false when it holds something else. */
bool imp_sc_unpack_iccid(const struct imp_softcard *card, char out[static 21]);

/* ---- softcard_apdu.c */

/* Carry out one command: appends data and SW to rsp, at most IMP_RESPONSE_MAX octets. */
void imp_sc_command(struct imp_softcard *card, struct imp_span cmd, struct imp_wr *rsp);

/* ---- commands: softcard_select.c, softcard_data.c, softcard_admin.c, softcard_pin.c */

typedef unsigned imp_sc_fn(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out);

imp_sc_fn imp_sc_select, imp_sc_status, imp_sc_manage_channel;
imp_sc_fn imp_sc_read_binary, imp_sc_update_binary, imp_sc_read_record, imp_sc_update_record;
imp_sc_fn imp_sc_create, imp_sc_delete, imp_sc_activate, imp_sc_deactivate;
imp_sc_fn imp_sc_verify;

/* softcard_select.c: what SELECT finds for P1 and data, without selecting it; SC_NONE with *sw. */
uint8_t imp_sc_find(const struct imp_softcard *card, const struct sc_apdu *c, unsigned *sw);
void imp_sc_make_current(struct imp_softcard *card, struct sc_channel *ch, uint8_t index);

#endif
