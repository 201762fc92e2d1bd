/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that is known already: its file is found without EF(DIR), ODF and DODF.  That is outside
 * Appendix G.2.1 of the Core TS, and therefore a call of its own.
 *
 * What was learnt is believed for the very payload that it was learnt with and no other: whatever
 * else is found (another card, other content, no such file) makes the reader look everything up
 * from the beginning, and learn anew.  The one thing that goes unnoticed is an EF(DODF) that leads
 * elsewhere now while the former file was left as it was; a device whose issuer does that calls
 * imr_load().
 */
#ifndef IMR_KNOWN_H
#define IMR_KNOWN_H

#include "reader/imr.h"

#define IMR_PATH_MAX 14

/* To be kept where the device likes, RAM or flash; zero: nothing is known.  No keys are in it, and
 * no value in it does harm.  Without gaps, so that it can be written as it is and compared. */
struct imr_known {
	uint32_t crc; /* CRC-32 of the payload */
	uint8_t sfi;  /* of its file; 0: not asked for yet, FF: none that works */
	uint8_t path_n;
	uint8_t path[IMR_PATH_MAX]; /* of its file, as SELECT takes it */
};

/*
 * As imr_load(), with at most 7 APDUs for 600 octets at the second time and 6 from then on, where
 * the file has an SFI.  *known changes when something is learnt, and only with IMR_OK from the
 * card.  A payload in a part of a file, and a card read on channel 0, are not learnt.
 */
enum imr_status imr_load_known(
	const struct imr_config *config, struct imr_known *known, struct imr_report *report);

#endif
