/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rng.h"

#include "base/secret.h"
#include "crypto/sha256.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the product's source ---- */

static enum imp_status openssl_fill(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	if (n <= INT32_MAX && RAND_priv_bytes(out, (int)n) == 1)
		return IMP_OK;
	imp_wipe(out, n);
	return IMP_E_IO;
}

const struct imp_rng *imp_rng_openssl(void)
{
	static const struct imp_rng rng = { NULL, openssl_fill };

	return &rng;
}

bool imp_rng_is_openssl(const struct imp_rng *rng)
{
	return rng->fill == openssl_fill;
}

/* ---- the repeatable source ---- */

static const uint8_t mark[] = { 0x54, 0x45, 0x53, 0x54 }; /* "TEST" */

#define MARKED_FROM 16 /* shorter draws are nonces and the like */

struct imp_rng_test {
	struct imp_rng rng;
	pthread_mutex_t lock;
	EVP_CIPHER_CTX *ctr;
};

/* The key stream: AES-CTR over zeros, in place. */
static bool stream(EVP_CIPHER_CTX *ctr, uint8_t *out, size_t n)
{
	int got = 0;

	memset(out, 0, n);
	return n <= INT32_MAX && EVP_EncryptUpdate(ctr, out, &got, out, (int)n) == 1 &&
	       (size_t)got == n;
}

static enum imp_status test_fill(void *ctx, uint8_t *out, size_t n)
{
	struct imp_rng_test *test = ctx;
	bool done;

	if (n == 0)
		return IMP_OK;
	pthread_mutex_lock(&test->lock);
	done = stream(test->ctr, out, n);
	pthread_mutex_unlock(&test->lock);
	if (!done) {
		imp_wipe(out, n);
		return IMP_E_INTERNAL;
	}
	if (n >= MARKED_FROM)
		memcpy(out, mark, sizeof mark);
	return IMP_OK;
}

enum imp_status imp_rng_test_open(struct imp_span seed, struct imp_rng_test **out)
{
	static const uint8_t iv[16];
	struct imp_rng_test *test = calloc(1, sizeof *test);
	uint8_t key[IMP_SHA256];

	if (!test)
		return IMP_E_INTERNAL;
	test->rng = (struct imp_rng){ test, test_fill };
	pthread_mutex_init(&test->lock, NULL);
	test->ctr = EVP_CIPHER_CTX_new();
	if (!test->ctr || imp_sha256(seed, key) != IMP_OK ||
		EVP_EncryptInit_ex2(test->ctr, EVP_aes_256_ctr(), key, iv, NULL) != 1) {
		imp_rng_test_close(test);
		return IMP_E_INTERNAL;
	}
	*out = test;
	return IMP_OK;
}

void imp_rng_test_close(struct imp_rng_test *test)
{
	if (!test)
		return;
	EVP_CIPHER_CTX_free(test->ctr);
	pthread_mutex_destroy(&test->lock);
	free(test);
}

const struct imp_rng *imp_rng_test_rng(struct imp_rng_test *test)
{
	return &test->rng;
}

bool imp_rng_is_test(const struct imp_rng *rng)
{
	return rng->fill == test_fill;
}

/* ---- the drawer ---- */

void imp_drawer_init(struct imp_drawer *drawer, const struct imp_rng *rng)
{
	drawer->rng = rng;
	drawer->pid = getpid();
	drawer->left = 0;
}

void imp_drawer_wipe(struct imp_drawer *drawer)
{
	imp_wipe(drawer->buf, sizeof drawer->buf);
	drawer->left = 0;
}

static enum imp_status refill(struct imp_drawer *drawer)
{
	enum imp_status st = drawer->rng->fill(drawer->rng->ctx, drawer->buf, sizeof drawer->buf);

	drawer->left = st == IMP_OK ? sizeof drawer->buf : 0;
	return st;
}

/* After a fork both processes hold the same octets; the child must not hand them out again. */
static void forget_parent(struct imp_drawer *drawer)
{
	long pid = getpid();

	if (pid == drawer->pid)
		return;
	imp_drawer_wipe(drawer);
	drawer->pid = pid;
}

enum imp_status imp_drawer_take(struct imp_drawer *drawer, uint8_t *out, size_t n)
{
	uint8_t *from;

	if (!imp_rng_is_openssl(drawer->rng) || n > sizeof drawer->buf)
		return drawer->rng->fill(drawer->rng->ctx, out, n);
	forget_parent(drawer);
	if (drawer->left < n) {
		enum imp_status st = refill(drawer);

		if (st != IMP_OK) {
			imp_wipe(out, n);
			return st;
		}
	}
	from = drawer->buf + sizeof drawer->buf - drawer->left;
	memcpy(out, from, n);
	imp_wipe(from, n);
	drawer->left -= n;
	return IMP_OK;
}
