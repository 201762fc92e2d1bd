/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 key pairs as bare octets, and the two forms in which they are written (B1, B2; ref lwm2m
 * 2.2): PKCS#8 version 1 with the public key, and SubjectPublicKeyInfo with the uncompressed point.
 */
#ifndef IMP_CRYPTO_KEYS_H
#define IMP_CRYPTO_KEYS_H

#include "base/seam.h"
#include "base/span.h"

#define IMP_P256_SCALAR 32
#define IMP_P256_POINT 65
#define IMP_P256_PKCS8 138
#define IMP_P256_SPKI 91

struct imp_keypair {
	uint8_t scalar[IMP_P256_SCALAR]; /* secret, big-endian */
	uint8_t point[IMP_P256_POINT];	 /* 04 x y */
};

void imp_keypair_wipe(struct imp_keypair *pair);

#define IMP_KEYPAIR __attribute__((cleanup(imp_keypair_wipe))) struct imp_keypair

/* Generator: one per thread, made once. */
struct imp_keygen;

/*
 * With the product's source (imp_rng_openssl()) OpenSSL generates the keys; with any other the
 * scalar is drawn from it, which costs several times as much and is meant for tests.
 */
IMP_MUST_CHECK enum imp_status imp_keygen_open(const struct imp_rng *rng, struct imp_keygen **out);
void imp_keygen_close(struct imp_keygen *gen); /* takes NULL */

/* A new pair; pair is wiped on failure. */
IMP_MUST_CHECK enum imp_status imp_keygen_make(struct imp_keygen *gen, struct imp_keypair *pair);

/* The private key as PKCS#8; out holds a secret. */
void imp_keypair_pkcs8(const struct imp_keypair *pair, uint8_t out[static IMP_P256_PKCS8]);

void imp_point_spki(const uint8_t point[static IMP_P256_POINT], uint8_t out[static IMP_P256_SPKI]);

#endif
