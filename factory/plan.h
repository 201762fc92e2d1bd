/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: what one device of the list gets from the profile, before any key exists. */
#ifndef FACTORY_PLAN_H
#define FACTORY_PLAN_H

#include "factory/profile.h"

#define IMP_PLAN_TEXT 8192

struct imp_plan_account {
	struct imp_span identity; /* psk: 0/x/3, 1..128 octets; else empty */
	/* oscore: 21/x/1, 2, 6; empty without */
	struct imp_span sender_id, recipient_id, id_context;
};

/* Spans point into text: a row must not be copied. */
struct imp_plan_row {
	unsigned line;		  /* in the device list */
	struct imp_span serial;	  /* these two belong to the list */
	struct imp_span iccid;	  /* empty when there is none */
	struct imp_span endpoint; /* 1..128 octets */
	struct imp_span subject;  /* x509: expanded, "CN=...,O=..."; else empty */
	struct imp_plan_account accounts[IMP_ACCOUNTS_MAX]; /* in the order of the profile's */
	size_t used;
	char text[IMP_PLAN_TEXT];
};

/*
 * Expand everything for one device.  IMP_E_FORMAT, with a diagnosis without file and line: a
 * column that is unknown or empty, an endpoint or identity over 128 octets, an id that is not hex
 * or too long, sender and recipient the same.  *out is then in no defined state.
 */
IMP_MUST_CHECK enum imp_status imp_plan_row(const struct imp_profile *profile,
	const struct imp_devices *devices, const struct imp_device *device,
	struct imp_plan_row *out, struct imp_diag *diag);

/*
 * Plan every device of the list and report what cannot be: unknown columns once, each bad row with
 * its line, endpoints and PSK identities that two devices would share, cards without ICCID.
 * skip_bad as for imp_devices_load(): bad rows leave the list and become warnings.  IMP_E_FORMAT
 * when an error was added, or when no row is left.
 */
IMP_MUST_CHECK enum imp_status imp_plan_check(const struct imp_profile *profile,
	struct imp_devices *devices, bool skip_bad, struct imp_problems *problems);

#endif
