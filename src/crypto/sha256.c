/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

struct imp_sha256 {
	EVP_MD_CTX *ctx;
	bool failed;
};

enum imp_status imp_sha256_open(struct imp_sha256 **out)
{
	struct imp_sha256 *h = calloc(1, sizeof *h);

	if (!h)
		return IMP_E_INTERNAL;
	h->ctx = EVP_MD_CTX_new();
	/* The algorithm is looked up here, once; start() only resets it. */
	if (!h->ctx || EVP_DigestInit_ex2(h->ctx, EVP_sha256(), NULL) != 1) {
		imp_sha256_close(h);
		return IMP_E_INTERNAL;
	}
	*out = h;
	return IMP_OK;
}

void imp_sha256_close(struct imp_sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void imp_sha256_start(struct imp_sha256 *h)
{
	h->failed = EVP_DigestInit_ex2(h->ctx, NULL, NULL) != 1;
}

void imp_sha256_add(struct imp_sha256 *h, struct imp_span s)
{
	if (!h->failed && s.n)
		h->failed = EVP_DigestUpdate(h->ctx, s.p, s.n) != 1;
}

enum imp_status imp_sha256_finish(struct imp_sha256 *h, uint8_t out[static IMP_SHA256])
{
	if (h->failed || EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		return IMP_E_INTERNAL;
	return IMP_OK;
}

/* ---- one context for each thread that asks ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t per_thread;
static bool per_thread_ok;
static _Thread_local struct imp_sha256 *mine;

static void thread_ends(void *h)
{
	mine = NULL;
	imp_sha256_close(h);
}

/* A thread that returns from main() runs no destructor; nothing else is left to do then. */
static void make_key(void)
{
	per_thread_ok = pthread_key_create(&per_thread, thread_ends) == 0;
}

/* Make this thread's context; its key is there for the end of the thread alone. */
static struct imp_sha256 *make_mine(void)
{
	struct imp_sha256 *h;

	if (pthread_once(&once, make_key) != 0 || !per_thread_ok || imp_sha256_open(&h) != IMP_OK)
		return NULL;
	if (pthread_setspecific(per_thread, h) != 0) {
		imp_sha256_close(h);
		return NULL;
	}
	mine = h;
	return h;
}

enum imp_status imp_sha256(struct imp_span s, uint8_t out[static IMP_SHA256])
{
	struct imp_sha256 *h = mine ? mine : make_mine();

	if (!h)
		return IMP_E_INTERNAL;
	imp_sha256_start(h);
	imp_sha256_add(h, s);
	return imp_sha256_finish(h, out);
}
