/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot of a card reader by the USB device class CCID 1.10: its descriptor, its messages and the
 * card in it.  The wire is a seam, so nothing here knows of USB transfers.
 *
 * Readers that take whole APDUs are spoken to as they are (long messages in chains, 6.1.4).  At
 * TPDU level T=0 is carried out here but for 61xx and 6Cxx, which the caller follows anyway; T=1
 * would need its blocks and is refused by name.  Character level is refused.
 */
#ifndef IMP_LINK_CCID_SLOT_H
#define IMP_LINK_CCID_SLOT_H

#include "base/diag.h"
#include "base/span.h"
#include "base/wr.h"
#include "card/card.h"

#define IMP_CCID_CLASS 0x0B
#define IMP_CCID_PACKET_MAX 1024
#define IMP_CCID_MESSAGE_MAX (10 + IMP_RESPONSE_MAX + 3) /* the longest one ever exchanged here */

/* The wire to one reader; one thread at a time. */
struct imp_ccid_pipe {
	void *ctx;
	/* One bulk transfer out; empty: a zero-length packet.  IMP_E_ABSENT: the reader is gone;
	 * IMP_E_IO: it did not take all of it in time. */
	enum imp_status (*out)(void *ctx, struct imp_span octets);
	/*
	 * One bulk transfer in: at most n octets (whole packets) into to, their number into *got;
	 * it ends with a short packet or when n are there.  IMP_E_ABSENT; IMP_E_IO: none in time,
	 * or the pipe is stalled.
	 */
	enum imp_status (*in)(void *ctx, uint8_t *to, size_t n, unsigned timeout_ms, size_t *got);
	/* Class request ABORT on the control pipe (5.3.1). */
	enum imp_status (*abort)(void *ctx, uint8_t slot, uint8_t sequence);
	/* End the stall of both bulk pipes. */
	enum imp_status (*clear)(void *ctx);
	size_t packet;	     /* wMaxPacketSize of the bulk pipes, at most IMP_CCID_PACKET_MAX */
	unsigned timeout_ms; /* how long an answer may take; 0: the usual 5 s */
};

enum imp_ccid_level { IMP_CCID_TPDU, IMP_CCID_SHORT_APDU, IMP_CCID_APDU };

/* What the class descriptor says (5.1). */
struct imp_ccid_info {
	uint8_t slots;	  /* 1 .. 16 */
	uint8_t voltages; /* bit 0: 5 V, 1: 3 V, 2: 1.8 V */
	bool auto_voltage, auto_parameters;
	enum imp_ccid_level level;
	uint32_t message_max; /* octets of a message, header included */
};

/*
 * Find the class descriptor (54 octets, type 21) in what follows an interface descriptor.
 * IMP_E_ABSENT: there is none; IMP_E_FORMAT: malformed; IMP_E_UNSUPPORTED: character level only.
 * name: the reader, for messages.
 */
IMP_MUST_CHECK enum imp_status imp_ccid_info(
	struct imp_ccid_info *info, struct imp_span extra, const char *name, struct imp_diag *diag);

struct imp_ccid_slot {
	struct imp_ccid_pipe pipe;
	struct imp_ccid_info info;
	uint8_t number;
	uint8_t sequence; /* of the next command */
	bool lost;	  /* answers no longer follow commands: resynchronise before the next one */
	uint8_t protocol; /* 0 or 1, of the powered card */
	uint8_t icc; /* state of the card in the last good answer: 0 active, 1 present, 2 absent */
	uint8_t error; /* bError of the last command that failed, 0 when none did */
	uint8_t atr[IMP_ATR_MAX];
	size_t atr_n;
};

/* Nothing is sent.  The pipe is copied. */
void imp_ccid_slot(struct imp_ccid_slot *slot, const struct imp_ccid_pipe *pipe,
	const struct imp_ccid_info *info, uint8_t number);

/* Is there a card?  *present only on IMP_OK; IMP_E_ABSENT: the reader is gone. */
IMP_MUST_CHECK enum imp_status imp_ccid_present(struct imp_ccid_slot *slot, bool *present);

/*
 * Power the card from nothing: atr, protocol.  IMP_E_ABSENT: no card, or no reader any more;
 * IMP_E_UNSUPPORTED: T=1 at TPDU level; IMP_E_IO.  name: the reader, for messages.
 */
IMP_MUST_CHECK enum imp_status imp_ccid_power_on(
	struct imp_ccid_slot *slot, const char *name, struct imp_diag *diag);

/* What comes of it no longer matters. */
void imp_ccid_power_off(struct imp_ccid_slot *slot);

/* As transceive of struct imp_card.  After IMP_E_IO the reader is resynchronised, the card not. */
IMP_MUST_CHECK enum imp_status imp_ccid_transceive(
	struct imp_ccid_slot *slot, struct imp_span cmd, struct imp_wr *rsp);

#endif
