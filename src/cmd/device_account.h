/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account of a device: what it shows to its server, and what it asks of it (0/x/2 to 5, 13 to
 * 16; ref lwm2m 2.1, 2.4).
 *
 * The device has no trust store but 0/x/4.  So certificate usage 0 and 2 both want a chain that
 * ends in that CA, and the host's name in the certificate; usage 1 and 3 both want that very
 * certificate.  A hash of a CA (0/x/13 with usage 0 or 2) cannot be followed by a peer that shows
 * its own certificate alone, and refuses every server.
 */
#ifndef IMP_CMD_DEVICE_ACCOUNT_H
#define IMP_CMD_DEVICE_ACCOUNT_H

#include "bootstrap/transport.h"
#include "reader/ef_edit.h"

#define IMP_DEVICE_URI 256
#define IMP_DEVICE_SUITES 32

/* What a server must show. */
struct imp_device_trust {
	enum imp_peer_kind kind;
	bool chained;	  /* usage 0, 2: the net has checked the chain, the name is left */
	uint8_t matching; /* 0/x/13 */
	char host[IMP_DEVICE_URI];
	uint8_t *expected; /* 0/x/4; heap */
	size_t expected_n;
};

struct imp_device_account {
	char uri[IMP_DEVICE_URI];
	struct imp_credentials own; /* spans into the set */
	uint16_t suites[IMP_DEVICE_SUITES];
	struct imp_device_trust trust;
};

/* Account /0/instance of a set that is in memory.  IMP_E_ABSENT: no such instance;
 * IMP_E_UNSUPPORTED: mode, usage or matching type; with a diagnosis.  imp_device_trust_free() in
 * every case. */
IMP_MUST_CHECK enum imp_status imp_device_account(const struct imr_set *set, uint16_t instance,
	struct imp_device_account *out, struct imp_diag *diag);

/* Is it the server that was meant?  *why is a reason for people when it is not. */
bool imp_device_trusts(const struct imp_device_trust *trust, enum imp_peer_kind kind,
	struct imp_span identity, const char **why);

void imp_device_trust_free(struct imp_device_trust *trust);

#endif
