/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a simulated device's configuration comes from: the boot sequence decides, the account store
 * remembers, the reader fetches from card and factory slot.  What the sequence wants of flash and
 * card is done here; what it wants of the network is handed on.
 */
#ifndef IMP_CMD_DEVICE_LIFE_H
#define IMP_CMD_DEVICE_LIFE_H

#include "base/span.h"
#include "reader/sequence.h"

/* The card slot of a device, looked at whenever the sequence wants to. */
struct imp_device_slot {
	void *ctx;
	/* A card that is there and its identity (*id_n 0: it cannot be read); false: no card.  To
	 * be closed in either case. */
	bool (*open)(void *ctx, struct imr_card *card, uint8_t id[static 10], uint8_t *id_n);
	void (*close)(void *ctx);
};

struct imp_device_life {
	/* Set by the device. */
	const struct imp_device_slot *slot; /* NULL: none */
	const struct imr_flash *factory;    /* NULL: no factory area */
	uint8_t *buffer; /* for the file of card or slot; size >= IMR_BUFFER_MIN + IMR_CARD_ROOM */
	size_t size;
	struct imr_store *store; /* its flash, set.p and set.size are set */
	/* What was done, for whoever watches; NULL: nobody. */
	void (*done)(void *ctx, const struct imr_action *action, bool ok);
	void *done_ctx;

	/* To look at. */
	struct imr_sequence sequence;
	struct imr_report report;    /* of the latest load */
	enum imr_card_change change; /* of the latest look at the card */
	enum imr_status opened;	     /* what the store said when it was opened */

	/* Own. */
	struct imr_store_card now;
	enum imr_origin origin;
	enum imr_status taken;
	bool seen;
};

/* After a reset. */
struct imr_action imp_device_life_start(struct imp_device_life *life);

/* Tell an event; the next action that is the caller's. */
struct imr_action imp_device_life_event(
	struct imp_device_life *life, const struct imr_event *event);

/* The configuration in the store has changed: plan anew. */
void imp_device_life_changed(struct imp_device_life *life);

/* Seconds have passed; true when the account has gone with them (F8). */
bool imp_device_life_elapsed(struct imp_device_life *life, uint32_t seconds);

/* 3/0/5: IMR_OK, IMR_E_LEFT, or why not.  Then start again. */
enum imr_status imp_device_life_reset(struct imp_device_life *life);

#endif
