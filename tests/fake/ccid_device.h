/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB card reader of class CCID in software, seen from its bulk pipes: transfers in, transfers
 * out, a card behind it.  It is strict about what the class demands (lengths, zero-length packets,
 * the abort sequence, forms of TPDUs) and can misbehave at a given XfrBlock.
 */
#ifndef CCID_DEVICE_H
#define CCID_DEVICE_H

#include "base/span.h"
#include "card/card.h"

#include <stdbool.h>

#define CCID_SHORT_APDU 0x00020000U
#define CCID_APDU 0x00040000U
#define CCID_TPDU 0x00010000U
#define CCID_AUTO 0x000000BAU /* parameters, activation, voltage, clock, rate */

#define CCID_DESCRIPTORS_MAX 128
#define CCID_ANSWER_MAX 4096

enum ccid_fault {
	CCID_FINE,
	CCID_SEQUENCE,	     /* another sequence number */
	CCID_SLOT,	     /* another slot */
	CCID_STALE,	     /* an older answer before the right one, value times */
	CCID_EXTEND,	     /* value time extensions before the answer */
	CCID_EXTEND_FOREVER, /* as many as anyone reads */
	CCID_MUTE,	     /* no answer; an abort brings the reader back */
	CCID_DEAD,	     /* no answer to anything any more */
	CCID_FAILED,	     /* bStatus failed, bError value */
	CCID_REMOVED,	     /* the card is out, and stays out */
	CCID_UNPLUGGED,	     /* the reader is gone, before it answers */
	CCID_CUT,	     /* the answer's first value octets in one short transfer */
	CCID_FLIP,	     /* bit value of the answer flipped */
	CCID_LONGER,	     /* value octets behind the answer */
	CCID_TYPE,	     /* an answer of another type */
	CCID_SHORT,	     /* value octets of data (0 or 1) */
	CCID_EMPTY,	     /* value zero-length packets before the answer */
	CCID_CHAIN,	     /* bChainParameter value */
};

struct ccid_device {
	/* What the reader is like. */
	const struct imp_card *card;
	uint32_t features, message_max;
	size_t packet;
	uint8_t slots;
	uint8_t voltage; /* the only bPowerSelect that powers the card; 0: any */
	bool no_zlp;	 /* does not end whole packets with an empty one */
	bool no_abort;	 /* stalls the request and does not know the message */
	bool present, unplugged;
	struct imp_span atr; /* T=1 as the default; it must outlive the device */

	/* At which XfrBlock since power on (the first is 1), or at 0 none, what goes wrong. */
	unsigned at;
	enum ccid_fault fault;
	unsigned value;

	/* What happened. */
	unsigned transfers, blocks, aborts, parameters, complaints;
	const char *complaint; /* the last one */

	/* State. */
	bool powered, dead, flood, aborting;
	uint8_t abort_sequence;
	uint8_t in[1024], out[CCID_ANSWER_MAX], rest[300];
	size_t in_n, out_n, out_at, rest_n, rest_at;
	uint16_t ends[64]; /* where transfers end in out */
	size_t ends_n, ends_at;
	uint8_t command[300];
	size_t command_n;
};

/* A reader of extended APDU level and packets of 64, the card powered off. */
void ccid_device(struct ccid_device *d, const struct imp_card *card);

/* Device, configuration, interface, class and endpoint descriptors; their number of octets. */
size_t ccid_device_descriptors(const struct ccid_device *d, uint8_t out[CCID_DESCRIPTORS_MAX]);
/* The class descriptor alone. */
struct imp_span ccid_device_class(const struct ccid_device *d, uint8_t out[54]);

/* One bulk transfer from the host; empty: a zero-length packet. */
void ccid_device_out(struct ccid_device *d, struct imp_span octets);

/* One bulk transfer to the host, at most n octets into to; -1: nothing to send now. */
long ccid_device_in(struct ccid_device *d, uint8_t *to, size_t n);

/* Class request ABORT; false: stalled. */
bool ccid_device_abort(struct ccid_device *d, uint8_t slot, uint8_t sequence);

/* Reader and card as plugged in anew. */
void ccid_device_plug(struct ccid_device *d);

#endif
