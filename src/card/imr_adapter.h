/* SPDX-License-Identifier: Apache-2.0 */
/* The device's reader on the host's card seam: what a device would read from this card. */
#ifndef IMP_CARD_IMR_ADAPTER_H
#define IMP_CARD_IMR_ADAPTER_H

#include "base/secret.h"
#include "card/card.h"
#include "reader/imr.h"

struct imp_imr_card {
	struct imr_card imr; /* hand this to imr_load() */
	const struct imp_card *card;
	const struct imp_secret *pin; /* 1..8 octets, or NULL */
	uint8_t pin_asked;	      /* reference of the PIN that the reader wanted; 0: none */
	enum imp_status link;	      /* of the last exchange: tells absence from a link failure */
};

/* card and pin must outlive the adapter, and the adapter must not move. */
void imp_imr_adapt(
	struct imp_imr_card *adapter, const struct imp_card *card, const struct imp_secret *pin);

/*
 * The card refused the reader with this status word: the next step into diag's hint.  IMP_E_DENIED
 * when the PIN is blocked or its last try is kept back, else IMP_E_REFUSED.
 */
enum imp_status imp_imr_refused(
	const struct imp_imr_card *adapter, uint16_t sw, struct imp_diag *diag);

/*
 * Read the card through imr_load() and append the payload as the reader had it, checked, to
 * payload (room for IMP_PAYLOAD_MAX octets).  options: IMR_OPT_*.  report may be NULL.
 * IMP_E_ABSENT: nothing there, card gone; IMP_E_FORMAT: damaged; IMP_E_REFUSED, IMP_E_DENIED as
 * above; IMP_E_IO.
 */
IMP_MUST_CHECK enum imp_status imp_imr_read(const struct imp_card *card,
	const struct imp_secret *pin, uint32_t options, struct imp_wr *payload,
	struct imr_report *report, struct imp_diag *diag);

#endif
