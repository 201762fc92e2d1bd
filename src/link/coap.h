/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP over UDP and DTLS 1.2 by libcoap 4.3 (GnuTLS build) behind struct imp_net_seam.
 *
 * What is libcoap's: sockets, messages, retransmission, DTLS sessions.  What is ours, because
 * libcoap's does not hold: block-wise transfer (its own takes parts for wholes and passes gaps),
 * answers to repeated messages, the end of every request, limits.
 *
 * Ciphersuites (0/x/16), DTLS 1.2 alone, and certificates judged without a CA need the GnuTLS
 * session between its making and its first message, where libcoap 4.3.1 calls nobody.  It calls
 * gnutls_handshake_set_timeout() there, so this program has a function of that name (coap_hook.c)
 * which calls GnuTLS's.  That works with shared libraries, as Debian has them; where it does not
 * (static linking) the net knows, refuses `suites` and judging without `trust` on a server
 * (IMP_E_UNSUPPORTED), and the rest works.  A suite that the offer could not exclude is refused
 * when the handshake ends.
 *
 * X.509 and RPK at one port are impossible with libcoap; so are PSK identities with a NUL octet
 * (refused) and keys of more than 64 octets.
 *
 * Each X.509 or RPK client session costs three descriptors, others one.
 */
#ifndef IMP_LINK_COAP_H
#define IMP_LINK_COAP_H

#include "bootstrap/transport.h"

extern const struct imp_net_seam imp_coap_net;

#endif
