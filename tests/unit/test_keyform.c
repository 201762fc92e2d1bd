/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of keys by their outline: golden files of every form, vectors, sweeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/keyform.h"
#include "tests/fake/vec.h"

#define GOLDEN "tests/golden/key/"
#define SHARED VEC_SHARED "lwm2m/key/"

/* Found in the input itself, or not at all. */
static bool inside(struct imp_span s, struct imp_span all)
{
	return s.n == 0 || (s.p >= all.p && s.n <= all.n && s.p + s.n <= all.p + all.n);
}

static bool recognised(void *ctx, struct imp_span input)
{
	struct imp_keyform k;

	(void)ctx;
	return imp_keyform(input, &k) == IMP_OK;
}

/* A flipped bit may give another key of a form, never a point outside of the input. */
static bool harmful(void *ctx, struct imp_span input)
{
	struct imp_keyform k;

	(void)ctx;
	return imp_keyform(input, &k) == IMP_OK && !inside(k.point, input);
}

static void golden_row(void *ctx, char *cell[8])
{
	struct imp_keyform k = { .curve_bits = 9999 };
	char path[256];
	struct imp_span in;
	enum imp_status st;

	(void)ctx;
	snprintf(path, sizeof(path), GOLDEN "%s.hex", cell[0]);
	in = vec_hex(path);
	st = imp_keyform(in, &k);
	if (strcmp(cell[1], "refuse") == 0) {
		if (st != IMP_E_FORMAT)
			fail_msg("%s is not refused", cell[0]);
		assert_int_equal(k.curve_bits, 9999);
	} else {
		if (st)
			fail_msg("%s is refused", cell[0]);
		assert_string_equal(imp_keyform_name(k.form), cell[1]);
		assert_int_equal(k.curve_bits, atoi(cell[2]));
		assert_int_equal(k.compressed, atoi(cell[3]));
		assert_int_equal(k.point.n, atoi(cell[4]));
		assert_int_equal(k.p256, k.curve_bits == 256);
		assert_true(inside(k.point, in));
	}
	/* "-----BEGIN " is enough for PEM. */
	if (st == IMP_OK && k.form != IMP_KEY_PEM)
		assert_int_equal(vec_prefixes(in, recognised, NULL), 0);
	assert_int_equal(vec_flips(in, harmful, NULL), 0);
	vec_free(in);
}

static void golden(void **state)
{
	(void)state;
	assert_true(vec_rows(GOLDEN "index.tsv", golden_row, NULL) > 30);
}

static void algorithms(void **state)
{
	static const struct {
		const char *path;
		enum imp_key_algorithm algorithm;
	} rows[] = {
		{ GOLDEN "spki.hex", IMP_KEY_EC },
		{ GOLDEN "sec1.hex", IMP_KEY_EC },
		{ GOLDEN "spki_unknown_curve.hex", IMP_KEY_EC },
		{ GOLDEN "spki_x25519.hex", IMP_KEY_EDWARDS_MONTGOMERY },
		{ GOLDEN "pkcs8_ed448.hex", IMP_KEY_EDWARDS_MONTGOMERY },
		{ GOLDEN "spki_rsa.hex", IMP_KEY_RSA },
		{ GOLDEN "encrypted.hex", IMP_KEY_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_hex(rows[i].path);
		struct imp_keyform k;

		assert_int_equal(imp_keyform(in, &k), IMP_OK);
		assert_int_equal(k.algorithm, rows[i].algorithm);
		vec_free(in);
	}
}

/* The sweep of prefixes must see a decoder that fills up what is missing. */
static bool fills_up(void *ctx, struct imp_span input)
{
	struct imp_span whole = *(const struct imp_span *)ctx;
	struct imp_keyform k;
	struct imp_span copy = vec_copy(whole);
	bool taken;

	if (input.n)
		assert_memory_equal(copy.p, input.p, input.n);
	taken = imp_keyform(copy, &k) == IMP_OK;
	vec_free(copy);
	return taken;
}

static void negative_control(void **state)
{
	struct imp_span in = vec_hex(GOLDEN "spki.hex");

	(void)state;
	assert_int_equal(vec_prefixes(in, fills_up, &in), in.n);
	vec_free(in);
}

static void vectors(void **state)
{
	static const struct {
		const char *path;
		enum imp_key_form form;
		bool compressed;
	} rows[] = {
		{ SHARED "k1_spki.hex", IMP_KEY_SPKI, false },
		{ SHARED "k1_spki_compressed.hex", IMP_KEY_SPKI, true },
		{ SHARED "k1_pkcs8.hex", IMP_KEY_PKCS8, false },
		{ SHARED "k1_pkcs8_no_pub.hex", IMP_KEY_PKCS8, false },
		{ SHARED "k1_sec1.hex", IMP_KEY_SEC1, false },
		{ SHARED "k1_sec1_no_pub.hex", IMP_KEY_SEC1, false },
		{ SHARED "k1_oneasymmetric_v2.hex", IMP_KEY_ASYMMETRIC_V2, false },
		{ SHARED "k2_spki.hex", IMP_KEY_SPKI, false },
		{ SHARED "k2_pkcs8.hex", IMP_KEY_PKCS8, false },
	};

	(void)state;
	if (!vec_there(SHARED))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_hex(rows[i].path);
		struct imp_keyform k;

		assert_int_equal(imp_keyform(in, &k), IMP_OK);
		assert_int_equal(k.form, rows[i].form);
		assert_true(k.p256);
		assert_int_equal(k.compressed, rows[i].compressed);
		vec_free(in);
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(imp_keyform_name((enum imp_key_form)99), "unknown form");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(negative_control),
		cmocka_unit_test(vectors),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
