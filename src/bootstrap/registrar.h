/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registration interface of a server, as small as proofs and tests need it: Register, Update,
 * De-register (Core TS 6.2).  No I/O, no clock.  A request to a registered device is sent on the
 * session that its entry names.
 */
#ifndef IMP_BOOTSTRAP_REGISTRAR_H
#define IMP_BOOTSTRAP_REGISTRAR_H

#include "base/status.h"
#include "bootstrap/transport.h"

#define IMP_REGISTRAR_LIST 1024

struct imp_registered {
	char endpoint[IMP_ENDPOINT_MAX + 1];
	char list[IMP_REGISTRAR_LIST]; /* link-format as it came, cut */
	char version[8];	       /* lwm2m= */
	char binding[8];	       /* b= */
	uint32_t lifetime;	       /* lt=; 0: for ever */
	uint32_t location;	       /* /rd/LOCATION */
	uint32_t until;		       /* seconds of the caller's clock */
	unsigned updates;	       /* since it registered */
	uint64_t session;
	bool gone; /* de-registered or expired */
};

enum imp_registrar_event { IMP_REGISTERED, IMP_UPDATED, IMP_DEREGISTERED, IMP_EXPIRED };

struct imp_registrar_seam {
	void *ctx;
	/* May this peer register under this endpoint (2.3)?  NULL: anybody. */
	bool (*admit)(void *ctx, struct imp_span endpoint, const struct imp_peer *peer);
	void (*event)(void *ctx, enum imp_registrar_event event,
		const struct imp_registered *who); /* NULL: nobody cares */
};

struct imp_registrar;

IMP_MUST_CHECK enum imp_status imp_registrar_open(
	const struct imp_registrar_seam *seam, struct imp_registrar **out);
void imp_registrar_close(struct imp_registrar *registrar); /* takes NULL */

/* A request of a device; out may point into the registrar until the next call. */
void imp_registrar_request(struct imp_registrar *registrar, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out, uint32_t now);

/* End what has outlived its lifetime. */
void imp_registrar_tick(struct imp_registrar *registrar, uint32_t now);

/* Lose the registration without a word (ETS 105). */
void imp_registrar_forget(struct imp_registrar *registrar, const char *endpoint);

/* NULL: not registered.  Good until the next call of a function that takes requests or time. */
const struct imp_registered *imp_registrar_find(
	const struct imp_registrar *registrar, const char *endpoint);

size_t imp_registrar_count(const struct imp_registrar *registrar);

#endif
