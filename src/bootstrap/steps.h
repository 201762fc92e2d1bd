/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that bring a configuration into a device, in order: Delete, Write of each instance,
 * Finish.  Identifiers are chosen around what the device has: the configuration's bootstrap account
 * goes where the device's is (F7a: overwriting is how it is replaced), and no other instance does.
 */
#ifndef IMP_BOOTSTRAP_STEPS_H
#define IMP_BOOTSTRAP_STEPS_H

#include "base/wr.h"
#include "bootstrap/links.h"
#include "bootstrap/message.h"

enum imp_clearing {
	IMP_CLEAR_ACCOUNTS, /* Delete of /0, /1, /2 and /21 as far as they are written */
	IMP_CLEAR_ALL,	    /* Delete of "/" */
	IMP_CLEAR_NOTHING,
};

struct imp_step {
	enum imp_method method;
	char path[24]; /* as in a request */
	size_t at, n;  /* of octets */
	bool finish;
};

struct imp_steps {
	struct imp_step *v; /* heap */
	size_t n, cap;
	uint8_t *octets; /* heap; payloads, wiped when freed */
	size_t octets_n, octets_cap;
	uint16_t format; /* of the payloads */
};

/*
 * set: what the device is to have; may hold a bootstrap account, or not.  device: its answer to
 * Discover; NULL when it was not asked: identifiers stay as they are.  format: IMP_FORMAT_TLV,
 * _SENML_CBOR or _SENML_JSON.
 * IMP_E_SPACE: an instance is more than a payload; IMP_E_UNSUPPORTED: another format;
 * IMP_E_INTERNAL: no memory.  steps must be zero or of an earlier call, and are empty on failure.
 */
IMP_MUST_CHECK enum imp_status imp_steps_make(struct imp_steps *steps, const struct imp_set *set,
	const struct imp_links *device, uint16_t format, enum imp_clearing clearing);

/* The same configuration as one Bootstrap-Pack (O7) in SenML CBOR or JSON.  acc: the device's
 * bootstrap account, bare links; empty when it did not say. */
IMP_MUST_CHECK enum imp_status imp_steps_pack(
	const struct imp_set *set, struct imp_span acc, uint16_t format, struct imp_wr *out);

void imp_steps_free(struct imp_steps *steps); /* wipes; leaves it empty */

#endif
