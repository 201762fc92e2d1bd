/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bootstrap server gives to a unit beyond what lies on its medium: a second payload, made
 * once, recorded and sealed before its first octet is sent; and what became of each bootstrap.
 */
#ifndef IMP_LEDGER_DELIVERY_H
#define IMP_LEDGER_DELIVERY_H

#include "ledger/ledger.h"

/* Additional data of its seal: imp_unit_aad() and these octets. */
#define IMP_DELIVERY_AAD "delivery"
#define IMP_DELIVERY_AAD_MAX (IMP_UNIT_AAD_MAX + sizeof IMP_DELIVERY_AAD - 1)
size_t imp_delivery_aad(const struct imp_unit *unit, uint8_t out[static IMP_DELIVERY_AAD_MAX]);

/*
 * Record the delivery of made->unit: its sealed payload and credentials (payload_bytes, generation
 * and status are not read).  IMP_E_DENIED: there is one already, the unit has no keys or is
 * scrapped, or a credential belongs to another unit; nothing is recorded then.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_deliver(
	struct imp_ledger *ledger, const struct imp_unit_made *made, struct imp_diag *diag);

/* The delivery of a unit, opened.  IMP_E_ABSENT without a diagnosis: none was made. IMP_E_MISMATCH:
 * it does not open under this key. */
IMP_MUST_CHECK enum imp_status imp_ledger_delivery(struct imp_ledger *ledger,
	const struct imp_unit *unit, struct imp_sealer *sealer, struct imp_blob *out,
	struct imp_diag *diag);

/* The unit that holds a credential; IMP_E_ABSENT without a diagnosis when none does. */
IMP_MUST_CHECK enum imp_status imp_ledger_unit_by_credential(struct imp_ledger *ledger,
	enum imp_cred_kind kind, struct imp_span value, struct imp_unit *out,
	struct imp_diag *diag);

/* Something that a device did, or that was proved of it. */
struct imp_unit_event {
	int64_t batch, unit;
	bool proof;	    /* end-of-line proof; else a bootstrap */
	bool delivered;	    /* the delivery is in the device from now on */
	const char *detail; /* JSON: who, how, result */
};

/* Append events, in one transaction. */
IMP_MUST_CHECK enum imp_status imp_ledger_unit_events(
	struct imp_ledger *ledger, const struct imp_unit_event *v, size_t n, struct imp_diag *diag);

#endif
