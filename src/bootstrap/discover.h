/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to Bootstrap-Discover in CoRE Link Format (O2).  Freestanding. */
#ifndef IMR_BOOTSTRAP_DISCOVER_H
#define IMR_BOOTSTRAP_DISCOVER_H

#include "base/wr.h"
#include "reader/ef_edit.h"

struct imr_discover {
	const struct imr_set *set;
	const uint16_t *objects; /* that the device has besides 0, 1 and 3, ascending */
	unsigned objects_n;
	uint8_t version; /* of the enabler: 1.version; 0 has its own form */
	bool no_uri;
};

/* Does the device have the object: 0, 1, 3, one of the list, or one that has instances? */
bool imr_discover_known(const struct imr_discover *d, uint16_t object);

/*
 * All objects (object IMR_NO_ID), or one, ascending; disabled instances are left out.  /0, /1, /21
 * and what else belongs to one server account carry ssid, the Security instance its uri from 1.1
 * on; those of the bootstrap account carry neither.
 */
void imr_discover(const struct imr_discover *d, uint16_t object, struct imp_wr *out);

/* The bootstrap account and what it links to as bare links, "</0/0>,</21/0>" (acc of O7). */
void imr_discover_account(const struct imr_set *set, uint16_t account, struct imp_wr *out);

#endif
