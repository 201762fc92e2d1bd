/* SPDX-License-Identifier: Apache-2.0 */
/* The card slot of a simulated device: a reader, opened for each look and given back after it. */
#ifndef IMP_CMD_DEVICE_CARD_H
#define IMP_CMD_DEVICE_CARD_H

#include "card/imr_adapter.h"
#include "cmd/device_life.h"

struct imp_device_card {
	struct imp_device_slot slot; /* for the device; the struct must not move */
	const struct imp_readers *readers;
	char name[128]; /* of the reader */
	struct imp_secret pin;
	struct imp_card card;
	struct imp_imr_card adapter;
};

/*
 * spec: as in imp_reader_pick(), looked up once.  A reader without a card is a device without one.
 * A card without an ICCID is known by its ATR.  IMP_E_ABSENT: no reader service, or no such reader.
 */
IMP_MUST_CHECK enum imp_status imp_device_card_open(const struct imp_readers *readers,
	const char *spec, struct imp_device_card *out, struct imp_diag *diag);
void imp_device_card_close(struct imp_device_card *card); /* wipes; takes a zeroed one */

#endif
