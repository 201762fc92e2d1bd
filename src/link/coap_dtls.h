/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a net, checked and copied, in the form that libcoap and GnuTLS want. */
#ifndef IMP_LINK_COAP_DTLS_H
#define IMP_LINK_COAP_DTLS_H

#include "bootstrap/transport.h"
#include "link/coap_suites.h"

#include <coap3/coap.h>

#define IMP_PSK_MAX 64
#define IMP_PSK_IDENTITY_MAX 128
#define IMP_SUITES_MAX 32

/* Own credentials of a port.  All zero: none. */
struct imp_dtls {
	enum imp_peer_kind kind;
	uint8_t *octets; /* identity, key, trust behind each other; wiped when freed */
	size_t octets_n;
	struct imp_span identity, key, trust;
	char sni[256];
	uint16_t suites[IMP_SUITES_MAX];
	size_t suites_n;
	gnutls_priority_t offer; /* of the suites; NULL: libcoap's own */
};

/*
 * Check and copy.  IMP_E_USAGE: no such kind, or parts missing; IMP_E_UNSUPPORTED: a PSK identity
 * with a NUL octet, no known suite; IMP_E_SPACE: longer than libcoap takes; IMP_E_FORMAT: not what
 * it is said to be; IMP_E_MISMATCH: certificate or public key of another private key.  own NULL: a
 * server with PSKs alone.  After a failure out holds nothing.
 */
IMP_MUST_CHECK enum imp_status imp_dtls(
	const struct imp_credentials *own, struct imp_dtls *out, struct imp_diag *diag);

void imp_dtls_free(struct imp_dtls *d);

/* Hand them to libcoap: the port's own to listen; d, which are the port's own or a PSK, to connect.
 * The port's own stay until its context is gone, a PSK is copied. */
struct port;
bool imp_dtls_listen(struct port *port, bool psk);
coap_session_t *imp_dtls_connect(
	struct port *port, const struct imp_dtls *d, const coap_address_t *to);

/* Who is at the other end of a session, once it stands. */
struct session;
void imp_dtls_peer(const struct session *s, enum imp_peer_kind *kind, struct imp_span *identity);

/* libcoap's copy of the PSK, which it would free as it is. */
void imp_dtls_wipe(coap_session_t *s);

/* coap_hook.c: called for each DTLS session between its making and its first message. */
void imp_dtls_prepare(gnutls_session_t session);

/* Does imp_dtls_prepare() get called in this program? */
bool imp_dtls_hooked(void);

/* Calls into libcoap stand between these. */
void imp_dtls_enter(void);
void imp_dtls_leave(void);

#endif
