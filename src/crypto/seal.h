/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals.  Each batch has a data key of 32 octets; each row is sealed under it by AES-256-GCM, as
 *	nonce(12) ciphertext(n) tag(16)
 * and bound to its place by additional data.  The data key itself is sealed once per batch: by CMS
 * EnvelopedData (DER) to the backend's certificate, which `openssl cms -decrypt -inform DER` opens,
 * or under a station key of 32 octets, in the form of a row with the additional data
 * "imprint station key v1".
 */
#ifndef IMP_CRYPTO_SEAL_H
#define IMP_CRYPTO_SEAL_H

#include "base/diag.h"
#include "base/secret.h"
#include "base/seam.h"
#include "base/wr.h"
#include "crypto/sha256.h"

#define IMP_DATA_KEY 32
#define IMP_STATION_KEY 32
#define IMP_SEAL_NONCE 12
#define IMP_SEAL_TAG 16
#define IMP_SEAL_OVERHEAD (IMP_SEAL_NONCE + IMP_SEAL_TAG)
#define IMP_SEAL_STATION (IMP_DATA_KEY + IMP_SEAL_OVERHEAD)

/* A fresh data key; wiped on failure. */
IMP_MUST_CHECK enum imp_status imp_data_key_make(const struct imp_rng *rng, struct imp_secret *key);

/* Sealer: one data key ready for use, one thread.  rng draws the nonces and must outlive it. */
struct imp_sealer;

/* IMP_E_FORMAT when key is not IMP_DATA_KEY octets.  The sealer keeps a copy of its own. */
IMP_MUST_CHECK enum imp_status imp_sealer_open(
	const struct imp_secret *key, const struct imp_rng *rng, struct imp_sealer **out);
void imp_sealer_close(struct imp_sealer *sealer); /* wipes; takes NULL */

/* Append plain.n + IMP_SEAL_OVERHEAD octets; nothing on failure. */
IMP_MUST_CHECK enum imp_status imp_seal(
	struct imp_sealer *sealer, struct imp_span aad, struct imp_span plain, struct imp_wr *out);

/*
 * Open a row into plain (cap octets, at least sealed.n - IMP_SEAL_OVERHEAD), length in *n.
 * IMP_E_MISMATCH: other key, other additional data, or changed octets; IMP_E_FORMAT: too short;
 * IMP_E_SPACE.  On failure plain is wiped.
 */
IMP_MUST_CHECK enum imp_status imp_unseal(struct imp_sealer *sealer, struct imp_span aad,
	struct imp_span sealed, uint8_t *plain, size_t cap, size_t *n);

/* Seal a data key to a certificate (PEM or DER; EC or RSA).  name is for messages. */
IMP_MUST_CHECK enum imp_status imp_data_key_seal_cms(const struct imp_secret *key,
	struct imp_span certificate, const char *name, struct imp_wr *out, struct imp_diag *diag);

/*
 * Open with the recipient's private key (PEM or DER, not encrypted).  IMP_E_MISMATCH: not for this
 * key; key is wiped on failure.  An EnvelopedData proves nothing of its origin: one that was
 * changed may open to another key, under which no row opens.
 */
IMP_MUST_CHECK enum imp_status imp_data_key_open_cms(struct imp_span sealed,
	struct imp_span private_key, const char *name, struct imp_secret *key,
	struct imp_diag *diag);

/* The same under a station key.  IMP_E_FORMAT when it is not IMP_STATION_KEY octets;
 * IMP_E_MISMATCH: sealed under another key, or changed. */
IMP_MUST_CHECK enum imp_status imp_data_key_seal_station(const struct imp_secret *key,
	const struct imp_secret *station, const struct imp_rng *rng, struct imp_wr *out,
	struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_data_key_open_station(struct imp_span sealed,
	const struct imp_secret *station, struct imp_secret *key, struct imp_diag *diag);

/*
 * Fingerprints for the ledger's uniqueness rules.  Of public things their SHA-256; of secrets (PSK,
 * OSCORE master secret) the SHA-256 of "imprint-psk-v1" and the octets, which tells nothing about
 * a random key.
 */
IMP_MUST_CHECK enum imp_status imp_fingerprint_public(
	struct imp_span octets, uint8_t out[static IMP_SHA256]);
IMP_MUST_CHECK enum imp_status imp_fingerprint_secret(
	struct imp_span octets, uint8_t out[static IMP_SHA256]);

#endif
