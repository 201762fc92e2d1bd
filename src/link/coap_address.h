/* SPDX-License-Identifier: Apache-2.0 */
/* From a URI to the address of a socket, and back to text. */
#ifndef IMP_LINK_COAP_ADDRESS_H
#define IMP_LINK_COAP_ADDRESS_H

#include "base/diag.h"

#include <stdbool.h>
#include <sys/socket.h>

#define IMP_HOST_MAX 255
#define IMP_ADDRESS_TEXT 64

struct imp_coap_uri {
	bool secure;		     /* coaps */
	bool literal;		     /* host is an address, not a name */
	unsigned port;		     /* the scheme's when none is given */
	char host[IMP_HOST_MAX + 1]; /* without [] */
};

/* "coap://HOST[:PORT][/...]" or coaps; path and query are not looked at.  PORT 0 only when any. */
IMP_MUST_CHECK enum imp_status imp_coap_uri(
	const char *text, bool any, struct imp_coap_uri *out, struct imp_diag *diag);

/* The first address of the host.  IMP_E_ABSENT: unknown. */
IMP_MUST_CHECK enum imp_status imp_coap_resolve(const struct imp_coap_uri *uri, bool passive,
	struct sockaddr_storage *out, socklen_t *n, struct imp_diag *diag);

/* "127.0.0.1:5683", "[::1]:5684". */
void imp_address_text(
	const struct sockaddr *address, socklen_t n, char out[static IMP_ADDRESS_TEXT]);

#endif
