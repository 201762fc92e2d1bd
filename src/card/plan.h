/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a card write: every command that will be sent, as data.  It is made from what the
 * card has (card/walk.h) and what it shall hold, refuses whatever can be known to fail, can be
 * printed without a secret, and is carried out by card/writer.h.  Byte-exact description of what is
 * written: applet-tools/CARD.md.
 *
 * Order (ref card B.3): keys, EF(DIR) record, application, EF(TokenInfo), EF(ODF), EF(DODF), then
 * EF(LwM2M_Bootstrap): header of zeros first, content, read back, the true header last.  A card
 * torn out in between says "count 0, size 0" or still holds what it held.
 */
#ifndef IMP_CARD_PLAN_H
#define IMP_CARD_PLAN_H

#include "card/walk.h"

enum imp_step_kind {
	IMP_STEP_VERIFY,	     /* PIN or ADM key; value from the writer's options */
	IMP_STEP_SELECT_APPLICATION, /* by AID */
	IMP_STEP_SELECT,
	IMP_STEP_CREATE,
	IMP_STEP_DELETE,
	IMP_STEP_UPDATE,
	IMP_STEP_COMPARE, /* READ BINARY, must give data */
	IMP_STEP_UPDATE_RECORD,
	IMP_STEP_COMPARE_RECORD,
	IMP_STEP_KINDS
};

struct imp_step {
	enum imp_step_kind kind;
	uint16_t fid;		   /* of the file, for people */
	uint16_t offset;	   /* UPDATE, COMPARE */
	uint8_t record;		   /* of EF(DIR) */
	uint8_t reference;	   /* VERIFY */
	bool open;		   /* data is no secret; VERIFY: the card does not want it */
	uint32_t size;		   /* CREATE: octets of the file */
	struct imp_uicc_path path; /* SELECT, DELETE */
	struct imp_span data;	   /* in the plan's arena or in the payload */
};

#define IMP_PLAN_STEPS_MAX 320
#define IMP_PLAN_ARENA 1024

struct imp_plan {
	struct imp_step step[IMP_PLAN_STEPS_MAX];
	size_t n; /* 0: the card holds everything already */
	struct imp_uicc_path ef_path;
	uint8_t arena[IMP_PLAN_ARENA]; /* nothing secret */
	size_t used;
};

enum imp_card_rule {
	IMP_CARD_READ_KEEP, /* as an existing file has it; a new one: always */
	IMP_CARD_READ_ALWAYS,
	IMP_CARD_READ_PIN,
};

/* EF.ARR records to refer to instead of writing the rules out: fid 0 for none. */
struct imp_arr {
	uint16_t fid;
	uint8_t always; /* record: READ always, UPDATE ADM */
	uint8_t pin;	/* record: READ PIN, UPDATE ADM; 0: none */
};

struct imp_wish {
	struct imp_span payload; /* EF(LwM2M_Bootstrap), 4 + size octets */
	bool same;		 /* the card's file holds it already */
	bool empty;		 /* the card's file holds no bootstrap information */
	uint32_t old_extent;	 /* octets of the payload that it holds now; 0: none */
	bool opensc;		 /* EF(TokenInfo), and an opaqueDO before the oidDO (D18) */
	bool recreate;		 /* delete and create EF(LwM2M_Bootstrap) */
	enum imp_card_rule read;
	uint32_t ef_size; /* of a new EF(LwM2M_Bootstrap); 0: the payload, rounded up to 256 */
	struct imp_arr arr;
	uint8_t adm, pin; /* references */
	bool have_pin;	  /* its value is at hand */
};

/*
 * Plan a write.  wish->payload must outlive the plan.  IMP_E_SPACE: payload too long, or a file of
 * the card too small; IMP_E_ABSENT: the card lacks EF(DIR); IMP_E_FORMAT: a directory cannot be
 * extended; IMP_E_UNSUPPORTED: a form that is not written; IMP_E_USAGE: the PIN is missing.
 */
IMP_MUST_CHECK enum imp_status imp_plan_write(struct imp_plan *plan, const struct imp_card_map *map,
	const struct imp_wish *wish, struct imp_diag *diag);

/* Plan a wipe: header of zeros, then FF over the whole file, read back.  IMP_E_ABSENT: no file. */
IMP_MUST_CHECK enum imp_status imp_plan_wipe(struct imp_plan *plan, const struct imp_card_map *map,
	const struct imp_wish *wish, struct imp_diag *diag);

/* The command of a step, but for VERIFY, which is card/pin.h's.  Points into step. */
void imp_step_apdu(const struct imp_step *step, struct imp_apdu *apdu);

/* "UPDATE BINARY 6432 at 4, 255 octets"; never content.  Returns buf. */
const char *imp_step_text(const struct imp_step *step, char buf[static 96]);

/* "UPDATE BINARY" and the like; never NULL. */
const char *imp_step_name(enum imp_step_kind kind);

/*
 * How long the plan takes at the rate that the ATR announces, in milliseconds: characters on the
 * wire at 4 MHz by T=0, 2.5 ms per command, 4 ms per 64 octets of memory (ref card E.1, E.2).  An
 * estimate: no card was measured.
 */
unsigned imp_plan_estimate_ms(const struct imp_plan *plan, struct imp_span atr);

#endif
