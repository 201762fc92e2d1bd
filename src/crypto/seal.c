/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include "base/plural.h"
#include "crypto/rng.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct imp_sealer {
	EVP_CIPHER_CTX *seal, *open; /* keyed once; each row sets its nonce only */
	struct imp_drawer nonces;
};

enum imp_status imp_data_key_make(const struct imp_rng *rng, struct imp_secret *key)
{
	enum imp_status st = rng->fill(rng->ctx, key->b, IMP_DATA_KEY);

	if (st != IMP_OK) {
		imp_secret_wipe(key);
		return st;
	}
	key->n = IMP_DATA_KEY;
	return IMP_OK;
}

enum imp_status imp_sealer_open(
	const struct imp_secret *key, const struct imp_rng *rng, struct imp_sealer **out)
{
	struct imp_sealer *s;

	if (key->n != IMP_DATA_KEY)
		return IMP_E_FORMAT;
	s = calloc(1, sizeof *s);
	if (!s)
		return IMP_E_INTERNAL;
	imp_drawer_init(&s->nonces, rng);
	s->seal = EVP_CIPHER_CTX_new();
	s->open = EVP_CIPHER_CTX_new();
	if (!s->seal || !s->open ||
		EVP_EncryptInit_ex2(s->seal, EVP_aes_256_gcm(), key->b, NULL, NULL) != 1 ||
		EVP_DecryptInit_ex2(s->open, EVP_aes_256_gcm(), key->b, NULL, NULL) != 1) {
		imp_sealer_close(s);
		return IMP_E_INTERNAL;
	}
	*out = s;
	return IMP_OK;
}

void imp_sealer_close(struct imp_sealer *sealer)
{
	if (!sealer)
		return;
	EVP_CIPHER_CTX_free(sealer->seal);
	EVP_CIPHER_CTX_free(sealer->open);
	imp_drawer_wipe(&sealer->nonces);
	free(sealer);
}

static bool encrypt(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, struct imp_span aad,
	struct imp_span plain, uint8_t *cipher)
{
	int n = 0, last = 0;

	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1)
		return false;
	if (aad.n && EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) != 1)
		return false;
	n = 0;
	if (plain.n && EVP_EncryptUpdate(ctx, cipher, &n, plain.p, (int)plain.n) != 1)
		return false;
	return EVP_EncryptFinal_ex(ctx, cipher + n, &last) == 1 && (size_t)n == plain.n &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, IMP_SEAL_TAG, cipher + plain.n) == 1;
}

enum imp_status imp_seal(
	struct imp_sealer *sealer, struct imp_span aad, struct imp_span plain, struct imp_wr *out)
{
	size_t start = out->n;
	enum imp_status st;
	uint8_t *p;

	if (plain.n > INT32_MAX || aad.n > INT32_MAX)
		return IMP_E_SPACE;
	imp_wr_fill(out, 0, plain.n + IMP_SEAL_OVERHEAD);
	if (out->st != IMP_OK || !out->p)
		return out->st;
	p = out->p + start;
	st = imp_drawer_take(&sealer->nonces, p, IMP_SEAL_NONCE);
	if (st == IMP_OK && !encrypt(sealer->seal, p, aad, plain, p + IMP_SEAL_NONCE))
		st = IMP_E_INTERNAL;
	if (st != IMP_OK) {
		imp_wipe(p, plain.n + IMP_SEAL_OVERHEAD);
		out->n = start;
	}
	return st;
}

static bool decrypt(
	EVP_CIPHER_CTX *ctx, struct imp_span aad, struct imp_span sealed, uint8_t *plain, size_t n)
{
	const uint8_t *cipher = sealed.p + IMP_SEAL_NONCE;
	uint8_t tag[IMP_SEAL_TAG];
	int got = 0, last = 0;

	memcpy(tag, cipher + n, sizeof tag);
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, sealed.p, NULL) != 1)
		return false;
	if (aad.n && EVP_DecryptUpdate(ctx, NULL, &got, aad.p, (int)aad.n) != 1)
		return false;
	got = 0;
	if (n && EVP_DecryptUpdate(ctx, plain, &got, cipher, (int)n) != 1)
		return false;
	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, plain + got, &last) == 1 && (size_t)got == n;
}

enum imp_status imp_unseal(struct imp_sealer *sealer, struct imp_span aad, struct imp_span sealed,
	uint8_t *plain, size_t cap, size_t *n)
{
	size_t len = sealed.n - IMP_SEAL_OVERHEAD;

	imp_wipe(plain, cap);
	if (sealed.n < IMP_SEAL_OVERHEAD || sealed.n > INT32_MAX || aad.n > INT32_MAX)
		return IMP_E_FORMAT;
	if (len > cap)
		return IMP_E_SPACE;
	if (!decrypt(sealer->open, aad, sealed, plain, len)) {
		imp_wipe(plain, cap);
		return IMP_E_MISMATCH;
	}
	*n = len;
	return IMP_OK;
}

/* ---- station key ---- */

#define STATION_AAD "imprint station key v1"

static void release(struct imp_sealer **sealer)
{
	imp_sealer_close(*sealer);
}

static enum imp_status station_sealer(const struct imp_secret *station, const struct imp_rng *rng,
	struct imp_sealer **out, struct imp_diag *diag)
{
	enum imp_status st = imp_sealer_open(station, rng, out);

	if (st == IMP_OK)
		return IMP_OK;
	if (st != IMP_E_FORMAT) {
		imp_diag(diag, st, "no memory for a sealer");
		return st;
	}
	imp_diag(diag, st, "the station key has %zu octet%s, not %d", station->n, imp_s(station->n),
		IMP_STATION_KEY);
	imp_diag_hint(diag, "make one with: openssl rand -out FILE 32");
	return st;
}

enum imp_status imp_data_key_seal_station(const struct imp_secret *key,
	const struct imp_secret *station, const struct imp_rng *rng, struct imp_wr *out,
	struct imp_diag *diag)
{
	__attribute__((cleanup(release))) struct imp_sealer *sealer = NULL;
	enum imp_status st = station_sealer(station, rng, &sealer, diag);

	if (st != IMP_OK)
		return st;
	st = imp_seal(sealer, imp_span_str(STATION_AAD), imp_span(key->b, key->n), out);
	return st == IMP_OK ? st : imp_diag(diag, st, "sealing the data key failed");
}

enum imp_status imp_data_key_open_station(struct imp_span sealed, const struct imp_secret *station,
	struct imp_secret *key, struct imp_diag *diag)
{
	__attribute__((cleanup(release))) struct imp_sealer *sealer = NULL;
	enum imp_status st = station_sealer(station, imp_rng_openssl(), &sealer, diag);

	imp_secret_wipe(key);
	if (st != IMP_OK)
		return st;
	if (sealed.n != IMP_SEAL_STATION)
		return imp_diag(diag, IMP_E_FORMAT,
			"a data key under a station key has %d octets, not %zu", IMP_SEAL_STATION,
			sealed.n);
	st = imp_unseal(sealer, imp_span_str(STATION_AAD), sealed, key->b, IMP_DATA_KEY, &key->n);
	if (st != IMP_E_MISMATCH)
		return st;
	imp_diag(diag, st, "this station key does not open the batch's data key");
	imp_diag_hint(diag, "give the station key with which the batch was planned");
	return st;
}

/* ---- fingerprints ---- */

#define SECRET_LABEL "imprint-psk-v1"

enum imp_status imp_fingerprint_public(struct imp_span octets, uint8_t out[static IMP_SHA256])
{
	return imp_sha256(octets, out);
}

enum imp_status imp_fingerprint_secret(struct imp_span octets, uint8_t out[static IMP_SHA256])
{
	uint8_t buf[sizeof SECRET_LABEL - 1 + IMP_SECRET_MAX];
	struct imp_wr wr = imp_wr(buf, sizeof buf);
	enum imp_status st;

	imp_wr_text(&wr, SECRET_LABEL);
	imp_wr_put(&wr, octets);
	st = wr.st == IMP_OK ? imp_sha256(imp_wr_span(&wr), out) : wr.st;
	imp_wipe(buf, sizeof buf);
	return st;
}
