/* SPDX-License-Identifier: Apache-2.0 */
/* A softcard as it leaves the line: EF(DIR), ODF, DODF and one payload. */
#ifndef READY_CARD_H
#define READY_CARD_H

#include "applet-tools/softcard.h"

/* A bootstrap account whose public key makes the payload n octets long, n from 40 on. */
struct imp_span ready_payload(uint8_t *out, size_t n);

/* protocol 0 or 1; NULL when the payload does not fit into 32768 octets. */
struct imp_softcard *ready_card(unsigned protocol, struct imp_span payload);

#endif
