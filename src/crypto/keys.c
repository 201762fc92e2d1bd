/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include "base/secret.h"
#include "crypto/rng.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct imp_keygen {
	const struct imp_rng *rng;
	EVP_PKEY_CTX *ctx; /* NULL when scalars are drawn from rng */
};

void imp_keypair_wipe(struct imp_keypair *pair)
{
	imp_wipe(pair, sizeof *pair);
}

/* ---- forms ---- */

/* PrivateKeyInfo, version 0, id-ecPublicKey on prime256v1, around an ECPrivateKey, version 1. */
static const uint8_t pkcs8_head[] = { 0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
	0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03,
	0x01, 0x07, 0x04, 0x6D, 0x30, 0x6B, 0x02, 0x01, 0x01, 0x04, 0x20 };
static const uint8_t pkcs8_public[] = { 0xA1, 0x44, 0x03, 0x42, 0x00 };
static const uint8_t spki_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE,
	0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42,
	0x00 };

_Static_assert(sizeof pkcs8_head + IMP_P256_SCALAR + sizeof pkcs8_public + IMP_P256_POINT ==
		       IMP_P256_PKCS8,
	"PKCS#8 adds up");
_Static_assert(sizeof spki_head + IMP_P256_POINT == IMP_P256_SPKI, "SPKI adds up");

void imp_keypair_pkcs8(const struct imp_keypair *pair, uint8_t out[static IMP_P256_PKCS8])
{
	uint8_t *p = out;

	memcpy(p, pkcs8_head, sizeof pkcs8_head);
	p += sizeof pkcs8_head;
	memcpy(p, pair->scalar, IMP_P256_SCALAR);
	p += IMP_P256_SCALAR;
	memcpy(p, pkcs8_public, sizeof pkcs8_public);
	p += sizeof pkcs8_public;
	memcpy(p, pair->point, IMP_P256_POINT);
}

void imp_point_spki(const uint8_t point[static IMP_P256_POINT], uint8_t out[static IMP_P256_SPKI])
{
	memcpy(out, spki_head, sizeof spki_head);
	memcpy(out + sizeof spki_head, point, IMP_P256_POINT);
}

/* ---- generation ---- */

enum imp_status imp_keygen_open(const struct imp_rng *rng, struct imp_keygen **out)
{
	struct imp_keygen *gen = calloc(1, sizeof *gen);

	if (!gen)
		return IMP_E_INTERNAL;
	gen->rng = rng;
	if (imp_rng_is_openssl(rng)) {
		gen->ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
		if (!gen->ctx || EVP_PKEY_keygen_init(gen->ctx) != 1 ||
			EVP_PKEY_CTX_set_group_name(gen->ctx, "P-256") != 1) {
			imp_keygen_close(gen);
			return IMP_E_INTERNAL;
		}
	}
	*out = gen;
	return IMP_OK;
}

void imp_keygen_close(struct imp_keygen *gen)
{
	if (!gen)
		return;
	EVP_PKEY_CTX_free(gen->ctx);
	free(gen);
}

static bool scalar_of(EVP_PKEY *key, struct imp_keypair *pair)
{
	BIGNUM *d = NULL;
	bool ok;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1)
		return false;
	ok = BN_bn2binpad(d, pair->scalar, IMP_P256_SCALAR) == IMP_P256_SCALAR;
	BN_clear_free(d);
	return ok;
}

static bool point_of(EVP_PKEY *key, struct imp_keypair *pair)
{
	size_t n = 0;

	return EVP_PKEY_get_octet_string_param(
		       key, OSSL_PKEY_PARAM_PUB_KEY, pair->point, IMP_P256_POINT, &n) == 1 &&
	       n == IMP_P256_POINT && pair->point[0] == 0x04;
}

static enum imp_status generate(struct imp_keygen *gen, struct imp_keypair *pair)
{
	EVP_PKEY *key = NULL;
	bool ok = EVP_PKEY_generate(gen->ctx, &key) == 1 && scalar_of(key, pair) &&
		  point_of(key, pair);

	EVP_PKEY_free(key);
	return ok ? IMP_OK : IMP_E_INTERNAL;
}

/* Reading a scalar does not judge it: it must lie in [1, order). */
static bool in_range(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_private_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* PKCS#8 without the public key: OpenSSL works it out while it reads. */
static enum imp_status derive(struct imp_keypair *pair)
{
	static const uint8_t head[] = { 0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A,
		0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03,
		0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20 };
	uint8_t der[sizeof head + IMP_P256_SCALAR];
	const uint8_t *p = der;
	EVP_PKEY *key;
	bool ok;

	memcpy(der, head, sizeof head);
	memcpy(der + sizeof head, pair->scalar, IMP_P256_SCALAR);
	key = d2i_AutoPrivateKey(NULL, &p, sizeof der);
	imp_wipe(der, sizeof der);
	ok = key && in_range(key) && point_of(key, pair);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok ? IMP_OK : IMP_E_FORMAT;
}

static enum imp_status draw(struct imp_keygen *gen, struct imp_keypair *pair)
{
	/* A scalar out of range comes once in 2^32; two in a row mean a source that is broken. */
	for (int try = 0; try < 2; try++) {
		enum imp_status st = gen->rng->fill(gen->rng->ctx, pair->scalar, IMP_P256_SCALAR);

		if (st != IMP_OK)
			return st;
		if (derive(pair) == IMP_OK)
			return IMP_OK;
	}
	return IMP_E_INTERNAL;
}

enum imp_status imp_keygen_make(struct imp_keygen *gen, struct imp_keypair *pair)
{
	enum imp_status st = gen->ctx ? generate(gen, pair) : draw(gen, pair);

	if (st != IMP_OK)
		imp_keypair_wipe(pair);
	return st;
}
