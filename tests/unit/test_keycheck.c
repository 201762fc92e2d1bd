/* SPDX-License-Identifier: Apache-2.0 */
/* The key checks behind rules B1 to B3 and B13 to B15, on published keys and on keys made here. */
#include "crypto/keycheck.h"
#include "crypto/keys.h"
#include "crypto/rng.h"
#include "crypto/server_key.h"
#include "crypto/sha256.h"
#include "tests/fake/pki.h"
#include "tests/fake/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define KEYS VEC_SHARED "lwm2m/key/"

static const struct imp_keycheck *const check = &imp_keycheck_openssl;

/* ---- shared vectors ---- */

static const struct {
	const char *key, *pub; /* pub NULL: the key alone */
	enum imp_status st;
} pairs[] = {
	{ "k1_pkcs8", NULL, IMP_OK },
	{ "k1_pkcs8_no_pub", NULL, IMP_OK },
	{ "k1_sec1", NULL, IMP_OK },
	{ "k1_sec1_no_pub", NULL, IMP_OK },
	{ "k1_oneasymmetric_v2", NULL, IMP_E_UNSUPPORTED },
	{ "k1_spki", NULL, IMP_E_UNSUPPORTED }, /* begins like an encrypted key */
	{ "k1_pkcs8", "k1_spki", IMP_OK },
	{ "k1_pkcs8", "k1_spki_compressed", IMP_OK },
	{ "k1_pkcs8_no_pub", "k1_spki", IMP_OK },
	{ "k1_sec1", "k1_spki", IMP_OK },
	{ "k1_sec1_no_pub", "k1_spki_compressed", IMP_OK },
	{ "k2_pkcs8", "k2_spki", IMP_OK },
	{ "k2_pkcs8", "k1_spki", IMP_E_MISMATCH },
	{ "k1_pkcs8", "k2_spki", IMP_E_MISMATCH },
	{ "k1_oneasymmetric_v2", "k1_spki", IMP_E_UNSUPPORTED },
	{ "k1_pkcs8", "k1_pkcs8", IMP_E_FORMAT },
};

static struct imp_span key_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, KEYS "%s.hex", name);
	return vec_hex(path);
}

static void vector_pairs(void **state)
{
	(void)state;
	if (!vec_there(KEYS))
		return;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct imp_span key = key_file(pairs[i].key);
		struct imp_span pub = pairs[i].pub ? key_file(pairs[i].pub) : imp_span(NULL, 0);
		enum imp_status st = check->pair(check->ctx, key, pub, false);

		if (st != pairs[i].st)
			fail_msg("%s with %s: %s", pairs[i].key,
				pairs[i].pub ? pairs[i].pub : "nothing", imp_status_text(st));
		vec_free(key);
		vec_free(pub);
	}
}

/* ---- sweeps over a key made here ---- */

struct sweep {
	struct imp_span key, pub;
};

static bool key_accepted(void *ctx, struct imp_span key)
{
	const struct sweep *s = ctx;

	return check->pair(check->ctx, key, s->pub, false) == IMP_OK;
}

static bool key_alone_accepted(void *ctx, struct imp_span key)
{
	(void)ctx;
	return check->pair(check->ctx, key, imp_span(NULL, 0), false) == IMP_OK;
}

static bool pub_accepted(void *ctx, struct imp_span pub)
{
	const struct sweep *s = ctx;

	return pub.n && check->pair(check->ctx, s->key, pub, false) == IMP_OK;
}

static void changed_keys(void **state)
{
	uint8_t pkcs8[IMP_P256_PKCS8], spki[IMP_P256_SPKI];
	struct imp_rng_test *rng;
	struct imp_keygen *gen;
	struct imp_keypair pair;
	struct sweep s = { imp_span(pkcs8, sizeof pkcs8), imp_span(spki, sizeof spki) };

	(void)state;
	assert_int_equal(imp_rng_test_open(imp_span_str("keycheck"), &rng), IMP_OK);
	assert_int_equal(imp_keygen_open(imp_rng_test_rng(rng), &gen), IMP_OK);
	assert_int_equal(imp_keygen_make(gen, &pair), IMP_OK);
	imp_keypair_pkcs8(&pair, pkcs8);
	imp_point_spki(pair.point, spki);
	assert_true(key_accepted(&s, s.key)); /* the control of the sweeps */
	assert_true(pub_accepted(&s, s.pub));
	assert_int_equal(vec_prefixes(s.key, key_accepted, &s), 0);
	assert_int_equal(vec_flips(s.key, key_accepted, &s), 0);
	assert_int_equal(vec_prefixes(s.key, key_alone_accepted, &s), 0);
	assert_int_equal(vec_flips(s.key, key_alone_accepted, &s), 0);
	assert_int_equal(vec_prefixes(s.pub, pub_accepted, &s), 0);
	assert_int_equal(vec_flips(s.pub, pub_accepted, &s), 0);
	imp_keygen_close(gen);
	imp_rng_test_close(rng);
}

/* ---- kinds, forms, certificates ---- */

static void kinds_of_keys(void **state)
{
	static const struct {
		enum pki_key key;
		enum imp_status st;
	} rows[] = {
		{ PKI_P256, IMP_OK },
		{ PKI_P384, IMP_OK },
		{ PKI_RSA2048, IMP_OK },
		{ PKI_ED25519, IMP_OK },
		{ PKI_P224, IMP_E_UNSUPPORTED },
		{ PKI_RSA1024, IMP_E_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pki pki;

		pki_make(&pki, &(struct pki_options){ .key = rows[i].key, .leaf = true });
		assert_int_equal(check->pair(NULL, pki.key, imp_span(NULL, 0), false), rows[i].st);
		assert_int_equal(check->pair(NULL, pki.key, pki.spki, false), rows[i].st);
		assert_int_equal(check->pair(NULL, pki.key, pki.cert, true), rows[i].st);
		assert_int_equal(check->public_key(NULL, pki.spki, false), rows[i].st);
		assert_int_equal(check->public_key(NULL, pki.cert, true), rows[i].st);
		pki_free(&pki);
	}
}

static void forms_of_keys(void **state)
{
	struct pki a, b;

	(void)state;
	pki_make(&a, &(struct pki_options){ .key = PKI_P256, .leaf = true });
	pki_make(&b, &(struct pki_options){ .key = PKI_P256, .leaf = true });
	const struct {
		struct imp_span key, pub;
		bool certificate;
		enum imp_status st;
	} rows[] = {
		{ a.key, a.cert, true, IMP_OK },
		{ a.key, b.cert, true, IMP_E_MISMATCH },
		{ b.key, a.spki, false, IMP_E_MISMATCH },
		{ a.key, a.cert, false, IMP_E_FORMAT },
		{ a.key, a.spki, true, IMP_E_FORMAT },
		{ a.key_pem, a.cert, true, IMP_E_UNSUPPORTED },
		{ a.key_encrypted, a.cert, true, IMP_E_UNSUPPORTED },
		{ a.key, a.cert_pem, true, IMP_E_UNSUPPORTED },
		{ a.cert, a.cert, true, IMP_E_UNSUPPORTED },
		{ imp_span("", 0), a.cert, true, IMP_E_FORMAT },
		{ imp_span("\x30\x00", 2), a.cert, true, IMP_E_FORMAT },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum imp_status st =
			check->pair(NULL, rows[i].key, rows[i].pub, rows[i].certificate);

		if (st != rows[i].st)
			fail_msg("row %zu: %s", i, imp_status_text(st));
	}
	assert_int_equal(check->public_key(NULL, imp_span("", 0), false), IMP_E_FORMAT);
	assert_int_equal(check->public_key(NULL, imp_span("", 0), true), IMP_E_FORMAT);
	pki_free(&a);
	pki_free(&b);
}

static void common_names(void **state)
{
	struct pki pki;
	char cn[16];
	size_t n = 99;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .leaf = true, .cn = "m\xC3\xA9ter 1" });
	assert_int_equal(check->common_name(NULL, pki.cert, cn, sizeof cn, &n), IMP_OK);
	assert_int_equal(n, 8);
	assert_memory_equal(cn, "m\xC3\xA9ter 1", n);
	assert_int_equal(check->common_name(NULL, pki.cert, cn, 7, &n), IMP_E_SPACE);
	assert_int_equal(check->common_name(NULL, pki.key, cn, sizeof cn, &n), IMP_E_FORMAT);
	pki_free(&pki);
}

/* ---- 0/x/4 ---- */

static void server_keys(void **state)
{
	struct pki pki, weak;
	uint8_t hash[IMP_SHA256], buf[2048];
	struct imp_wr out;
	bool certificate;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256, .leaf = true });
	pki_make(&weak, &(struct pki_options){ .key = PKI_P224, .leaf = true });
	const struct {
		struct imp_span file, der;
		bool certificate;
	} rows[] = {
		{ pki.cert_pem, pki.cert, true },
		{ pki.cert, pki.cert, true },
		{ pki.spki_pem, pki.spki, false },
		{ pki.spki, pki.spki, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		out = imp_wr(buf, sizeof buf);
		assert_int_equal(imp_server_key(rows[i].file, 0, &out, &certificate), IMP_OK);
		assert_true(imp_span_eq(imp_wr_span(&out), rows[i].der));
		assert_int_equal(certificate, rows[i].certificate);
		for (int type = 1; type <= 3; type++) {
			out = imp_wr(buf, sizeof buf);
			assert_int_equal(
				imp_server_key(rows[i].file, type, &out, &certificate), IMP_OK);
			assert_int_equal(out.n, 16 + 16 * type);
			assert_int_equal(imp_sha256(rows[i].der, hash), IMP_OK);
			if (type == 1)
				assert_memory_equal(buf, hash, sizeof hash);
		}
	}
	out = imp_wr(buf, sizeof buf);
	assert_int_equal(imp_server_key(pki.cert, 4, &out, &certificate), IMP_E_UNSUPPORTED);
	assert_int_equal(imp_server_key(weak.cert, 0, &out, &certificate), IMP_E_UNSUPPORTED);
	assert_int_equal(imp_server_key(pki.key_pem, 0, &out, &certificate), IMP_E_FORMAT);
	assert_int_equal(imp_server_key(imp_span("", 0), 0, &out, &certificate), IMP_E_FORMAT);
	assert_int_equal(out.n, 0);
	pki_free(&pki);
	pki_free(&weak);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_pairs),
		cmocka_unit_test(changed_keys),
		cmocka_unit_test(kinds_of_keys),
		cmocka_unit_test(forms_of_keys),
		cmocka_unit_test(common_names),
		cmocka_unit_test(server_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
