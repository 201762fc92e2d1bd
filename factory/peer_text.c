/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/peer_text.h"

#include "base/hex.h"
#include "crypto/cert_view.h"
#include "crypto/seal.h"

#include <stdio.h>
#include <string.h>

struct imp_span imp_peer_public_key(enum imp_peer_kind kind, struct imp_span identity)
{
	struct imp_cert_view view;

	if (kind == IMP_PEER_RPK)
		return identity;
	return imp_cert_view(identity, &view) == IMP_OK ? view.spki : imp_span(NULL, 0);
}

const char *imp_peer_text(const struct imp_peer *peer, char *out, size_t cap)
{
	uint8_t fingerprint[IMP_SHA256] = { 0 };
	char hex[2 * 8 + 1];
	struct imp_wr wr = imp_wr(hex, sizeof hex - 1);
	struct imp_span key;
	size_t n;

	switch (peer->kind) {
	case IMP_PEER_PSK:
		n = (size_t)snprintf(out, cap, "PSK ");
		for (size_t i = 0; i < peer->identity.n && n + 1 < cap; i++) {
			uint8_t c = peer->identity.p[i];

			out[n++] = c >= 0x20 && c < 0x7F ? (char)c : '.';
		}
		(void)snprintf(out + n, cap - n, " at %s", peer->address);
		return out;
	case IMP_PEER_RPK:
	case IMP_PEER_X509:
		key = imp_peer_public_key(peer->kind, peer->identity);
		if (imp_fingerprint_public(key, fingerprint) != IMP_OK)
			memset(fingerprint, 0, sizeof fingerprint);
		imp_hex_put(&wr, imp_span(fingerprint, 8));
		hex[wr.n] = '\0';
		(void)snprintf(out, cap, "%s with key %s at %s",
			peer->kind == IMP_PEER_RPK ? "raw public key" : "certificate", hex,
			peer->address);
		return out;
	case IMP_PEER_NONE:
	default:
		(void)snprintf(out, cap, "nothing proved at %s", peer->address);
		return out;
	}
}
