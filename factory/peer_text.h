/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer has shown of itself. */
#ifndef IMP_FACTORY_PEER_TEXT_H
#define IMP_FACTORY_PEER_TEXT_H

#include "bootstrap/transport.h"

/* "PSK bs-17 at 127.0.0.1:5684"; returns out. */
const char *imp_peer_text(const struct imp_peer *peer, char *out, size_t cap);

/* The SubjectPublicKeyInfo of a raw public key or a certificate; empty when it does not parse. */
struct imp_span imp_peer_public_key(enum imp_peer_kind kind, struct imp_span identity);

#endif
