/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device serves to management servers: Read, Write, Execute and Discover of objects 1 and 3,
 * Read and Discover of 2, under access control (A4, A5).  0, 21 and 23 are 4.01, whoever asks and
 * whatever for (A1).  No I/O and no heap; objects 1 and 2 live in the account store.
 *
 * Where the texts are silent:
 * - Access control is in force when there are several servers and any instance of /2 (K9): without
 *   one all have full rights.
 * - A Read of an object gives the instances that the server may read; 4.01 when there are some, but
 *   none that it may.
 * - Without Accept a Read is answered in TLV; with text/plain a single resource.
 * - Create and Delete are 4.05 everywhere; so are Observe and Write-Attributes.
 * - 1/x/9 is 4.05 when there is no bootstrap account, and before the sources were tried (C6, F11).
 */
#ifndef IMP_BOOTSTRAP_OBJECTS_H
#define IMP_BOOTSTRAP_OBJECTS_H

#include "bootstrap/client.h"

/* What the device is to do, once the answer is out. */
enum imp_objects_act {
	IMP_ACT_NONE,
	IMP_ACT_UPDATE,	   /* 1/x/8, or something that servers are to be told has changed */
	IMP_ACT_DISABLE,   /* 1/x/4 */
	IMP_ACT_BOOTSTRAP, /* 1/x/9 */
	IMP_ACT_REBOOT,	   /* 3/0/4 */
	IMP_ACT_RESET,	   /* 3/0/5 */
};

struct imp_objects_device {
	struct imp_span manufacturer, model, serial, firmware;
	int64_t time; /* 3/0/13, seconds since 1970 */
};

struct imp_objects {
	/* Set by the device. */
	struct imr_store *store;
	const struct imr_client_formats *formats; /* NULL: TLV only */
	const struct imp_objects_device *device;
	uint8_t *out; /* for one answer, and half of it for what is composed on the way */
	size_t out_size;
	bool may_bootstrap; /* would a trigger be obeyed? */

	/* Of the last request. */
	enum imp_objects_act act;
	uint16_t ssid; /* of the Server instance that it is about; 0: of none */
	bool timed;    /* 3/0/13 was written: */
	int64_t time;  /* its value */
};

/*
 * A request of the server with this SSID.  *out is filled whatever the result; what it points to
 * lies in o->out, or in the converter's memory.  The store must be at rest, and is again.
 */
void imp_objects_request(struct imp_objects *o, uint16_t ssid, const struct imp_request *in,
	struct imp_response *out);

/* Rights of a server on an instance as bits (R 1, W 2, E 4, D 8, C 16), by A4. */
unsigned imp_objects_rights(
	const struct imr_set *set, uint16_t ssid, uint16_t object, uint16_t instance);

#endif
