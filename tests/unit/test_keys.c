/* SPDX-License-Identifier: Apache-2.0 */
/* Random sources, SHA-256, and key pairs: each written form is read by OpenSSL's own decoders. */
#include "base/hex.h"
#include "base/secret.h"
#include "crypto/keys.h"
#include "crypto/rng.h"
#include "crypto/sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void hex(struct imp_span s, char *out)
{
	struct imp_wr wr = imp_wr(out, 2 * s.n);

	imp_hex_put(&wr, s);
	assert_int_equal(wr.st, IMP_OK);
	out[wr.n] = '\0';
}

/* ---- SHA-256 ---- */

static const struct {
	const char *in, *out;
} sha_rows[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void sha_vectors(void **state)
{
	struct imp_sha256 *h;

	(void)state;
	assert_int_equal(imp_sha256_open(&h), IMP_OK);
	for (size_t i = 0; i < sizeof sha_rows / sizeof *sha_rows; i++) {
		struct imp_span in = imp_span_str(sha_rows[i].in);
		uint8_t out[IMP_SHA256];
		char text[2 * IMP_SHA256 + 1];

		assert_int_equal(imp_sha256(in, out), IMP_OK);
		hex(imp_span(out, sizeof out), text);
		assert_string_equal(text, sha_rows[i].out);
		imp_sha256_start(h);
		for (size_t k = 0; k < in.n; k++)
			imp_sha256_add(h, imp_span(in.p + k, 1));
		assert_int_equal(imp_sha256_finish(h, out), IMP_OK);
		hex(imp_span(out, sizeof out), text);
		assert_string_equal(text, sha_rows[i].out);
	}
	imp_sha256_close(h);
}

static void *hash_much(void *ctx)
{
	uint8_t *out = ctx;

	for (int i = 0; i < 500; i++)
		if (imp_sha256(imp_span_str("abc"), out) != IMP_OK)
			return NULL;
	return out;
}

static void sha_threads(void **state)
{
	pthread_t t[4];
	uint8_t out[4][IMP_SHA256];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hash_much, out[i]), 0);
	for (int i = 0; i < 4; i++) {
		void *done;

		pthread_join(t[i], &done);
		assert_ptr_equal(done, out[i]);
		assert_memory_equal(out[i], out[0], IMP_SHA256);
	}
}

/* ---- random sources ---- */

static void test_source(void **state)
{
	struct imp_rng_test *a, *b, *c;
	uint8_t x[64], y[64], z[64], nonce[12];
	const struct imp_rng *ra, *rb, *rc;

	(void)state;
	assert_int_equal(imp_rng_test_open(imp_span_str("seed"), &a), IMP_OK);
	assert_int_equal(imp_rng_test_open(imp_span_str("seed"), &b), IMP_OK);
	assert_int_equal(imp_rng_test_open(imp_span_str("deed"), &c), IMP_OK);
	ra = imp_rng_test_rng(a);
	rb = imp_rng_test_rng(b);
	rc = imp_rng_test_rng(c);
	assert_true(imp_rng_is_test(ra) && !imp_rng_is_openssl(ra));
	assert_true(!imp_rng_is_test(imp_rng_openssl()) && imp_rng_is_openssl(imp_rng_openssl()));
	assert_int_equal(ra->fill(ra->ctx, x, sizeof x), IMP_OK);
	assert_int_equal(rb->fill(rb->ctx, y, sizeof y), IMP_OK);
	assert_int_equal(rc->fill(rc->ctx, z, sizeof z), IMP_OK);
	assert_memory_equal(x, y, sizeof x);
	assert_memory_not_equal(x, z, sizeof x);
	assert_memory_equal(x, "TEST", 4);
	assert_int_equal(ra->fill(ra->ctx, y, sizeof y), IMP_OK);
	assert_memory_not_equal(x + 4, y + 4, sizeof x - 4);
	assert_int_equal(ra->fill(ra->ctx, nonce, sizeof nonce), IMP_OK);
	assert_memory_not_equal(nonce, "TEST", 4);
	imp_rng_test_close(a);
	imp_rng_test_close(b);
	imp_rng_test_close(c);
}

static void drawer_hands_out_once(void **state)
{
	enum { N = 1000, SIZE = 16 };
	static uint8_t seen[N][SIZE];
	struct imp_drawer d;

	(void)state;
	imp_drawer_init(&d, imp_rng_openssl());
	for (int i = 0; i < N; i++) {
		assert_int_equal(imp_drawer_take(&d, seen[i], SIZE), IMP_OK);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(seen[i], seen[k], SIZE);
		/* What was handed out is gone from the drawer. */
		assert_null(memmem(d.buf, sizeof d.buf, seen[i], SIZE));
	}
	imp_drawer_wipe(&d);
	assert_true(imp_span_all(imp_span(d.buf, sizeof d.buf), 0));
	assert_int_equal(d.left, 0);
}

static void drawer_after_fork(void **state)
{
	struct imp_drawer d;
	uint8_t first[16], mine[16], child[16];
	int fd[2], status;
	pid_t pid;

	(void)state;
	imp_drawer_init(&d, imp_rng_openssl());
	assert_int_equal(imp_drawer_take(&d, first, sizeof first), IMP_OK);
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool ok = imp_drawer_take(&d, child, sizeof child) == IMP_OK &&
			  write(fd[1], child, sizeof child) == sizeof child;
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(imp_drawer_take(&d, mine, sizeof mine), IMP_OK);
	assert_int_equal(read(fd[0], child, sizeof child), sizeof child);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_not_equal(mine, child, sizeof mine);
	close(fd[0]);
	close(fd[1]);
}

/* ---- key pairs ---- */

/* Both forms through OpenSSL's decoders: the same key, and the scalar belongs to the point. */
static void check_forms(const struct imp_keypair *pair)
{
	uint8_t pkcs8[IMP_P256_PKCS8], spki[IMP_P256_SPKI];
	const uint8_t *p = pkcs8, *q = spki;
	uint8_t *again = NULL;
	EVP_PKEY *key, *pub;
	EVP_PKEY_CTX *ctx;
	PKCS8_PRIV_KEY_INFO *info;

	imp_keypair_pkcs8(pair, pkcs8);
	imp_point_spki(pair->point, spki);
	key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, sizeof pkcs8);
	pub = d2i_PUBKEY(NULL, &q, sizeof spki);
	assert_non_null(key);
	assert_non_null(pub);
	assert_ptr_equal(p, pkcs8 + sizeof pkcs8);
	assert_ptr_equal(q, spki + sizeof spki);
	assert_int_equal(EVP_PKEY_eq(key, pub), 1);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_check(ctx), 1);
	info = EVP_PKEY2PKCS8(key);
	assert_int_equal(i2d_PKCS8_PRIV_KEY_INFO(info, &again), sizeof pkcs8);
	assert_memory_equal(again, pkcs8, sizeof pkcs8);
	OPENSSL_free(again);
	again = NULL;
	assert_int_equal(i2d_PUBKEY(pub, &again), sizeof spki);
	assert_memory_equal(again, spki, sizeof spki);
	OPENSSL_free(again);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	EVP_PKEY_free(pub);
}

static void generated_keys(void **state)
{
	struct imp_keygen *gen;
	struct imp_keypair last = { { 0 }, { 0 } };

	(void)state;
	assert_int_equal(imp_keygen_open(imp_rng_openssl(), &gen), IMP_OK);
	for (int i = 0; i < 20; i++) {
		struct imp_keypair pair;

		assert_int_equal(imp_keygen_make(gen, &pair), IMP_OK);
		check_forms(&pair);
		assert_memory_not_equal(pair.scalar, last.scalar, sizeof pair.scalar);
		last = pair;
	}
	imp_keygen_close(gen);
}

static void test_keys_repeat_and_say_so(void **state)
{
	struct imp_keypair pair[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct imp_rng_test *rng;
		struct imp_keygen *gen;

		assert_int_equal(imp_rng_test_open(imp_span_str("seed"), &rng), IMP_OK);
		assert_int_equal(imp_keygen_open(imp_rng_test_rng(rng), &gen), IMP_OK);
		assert_int_equal(imp_keygen_make(gen, &pair[i]), IMP_OK);
		check_forms(&pair[i]);
		imp_keygen_close(gen);
		imp_rng_test_close(rng);
	}
	assert_memory_equal(&pair[0], &pair[1], sizeof pair[0]);
	assert_memory_equal(pair[0].scalar, "TEST", 4);
}

/* RFC 6979 A.2.5: a scalar whose point is published. */
static const uint8_t rfc6979_x[IMP_P256_SCALAR] = { 0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16,
	0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1, 0xD6, 0x93, 0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B,
	0x12, 0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21 };
static const uint8_t rfc6979_ux[] = { 0x60, 0xFE, 0xD4, 0xBA, 0x25, 0x5A, 0x9D, 0x31, 0xC9, 0x61,
	0xEB, 0x74, 0xC6, 0x35, 0x6D, 0x68, 0xC0, 0x49, 0xB8, 0x92, 0x3B, 0x61, 0xFA, 0x6C, 0xE6,
	0x69, 0x62, 0x2E, 0x60, 0xF2, 0x9F, 0xB6 };

struct script {
	const uint8_t *rows[4]; /* of 32 octets; NULL: fail */
	int at;
};

static enum imp_status scripted(void *ctx, uint8_t *out, size_t n)
{
	struct script *s = ctx;
	const uint8_t *row = s->rows[s->at++];

	assert_int_equal(n, 32);
	if (!row)
		return IMP_E_IO;
	memcpy(out, row, n);
	return IMP_OK;
}

static void drawn_scalars(void **state)
{
	static const uint8_t zero[32];
	uint8_t ones[32];
	struct {
		const uint8_t *rows[4];
		enum imp_status st;
	} row[] = {
		{ { rfc6979_x }, IMP_OK },
		{ { ones, rfc6979_x }, IMP_OK }, /* over the order: drawn again */
		{ { zero, rfc6979_x }, IMP_OK },
		{ { ones, ones, rfc6979_x }, IMP_E_INTERNAL },
		{ { NULL }, IMP_E_IO },
	};

	(void)state;
	memset(ones, 0xFF, sizeof ones);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct script script = { .at = 0 };
		const struct imp_rng rng = { &script, scripted };
		struct imp_keygen *gen;
		struct imp_keypair pair;

		memcpy(script.rows, row[i].rows, sizeof script.rows);
		memset(&pair, 0xAA, sizeof pair);
		assert_int_equal(imp_keygen_open(&rng, &gen), IMP_OK);
		assert_int_equal(imp_keygen_make(gen, &pair), row[i].st);
		if (row[i].st == IMP_OK) {
			assert_memory_equal(pair.scalar, rfc6979_x, sizeof rfc6979_x);
			assert_memory_equal(pair.point + 1, rfc6979_ux, sizeof rfc6979_ux);
			check_forms(&pair);
		} else {
			assert_true(imp_span_all(imp_span(&pair, sizeof pair), 0));
		}
		imp_keygen_close(gen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha_vectors),
		cmocka_unit_test(sha_threads),
		cmocka_unit_test(test_source),
		cmocka_unit_test(drawer_hands_out_once),
		cmocka_unit_test(drawer_after_fork),
		cmocka_unit_test(generated_keys),
		cmocka_unit_test(test_keys_repeat_and_say_so),
		cmocka_unit_test(drawn_scalars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
