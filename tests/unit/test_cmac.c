/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CMAC against the vectors of RFC 4493 and NIST SP 800-38B. */
#include "crypto/cmac.h"

#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char message[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
			      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

static const struct {
	const char *key;
	size_t n; /* octets of the message */
	const char *tag;
} rows[] = {
	{ "2b7e151628aed2a6abf7158809cf4f3c", 0, "bb1d6929e95937287fa37d129b756746" },
	{ "2b7e151628aed2a6abf7158809cf4f3c", 16, "070a16b46b4d4144f79bdd9dd04a287c" },
	{ "2b7e151628aed2a6abf7158809cf4f3c", 40, "dfa66747de9ae63030ca32611497c827" },
	{ "2b7e151628aed2a6abf7158809cf4f3c", 64, "51f0bebf7e3b9d92fc49741779363cfe" },
	{ "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", 0,
		"d17ddf46adaacde531cac483de7a9367" },
	{ "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", 40,
		"8a1de5be2eb31aad089a82e6ee908b0e" },
	{ "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", 64,
		"a1d5df0eed790f794d77589659f39a11" },
	{ "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 0,
		"028962f61b7bf89efc6b551f4667d983" },
	{ "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 40,
		"aaf3d8f1de5640c232f5b169b9c911e6" },
	{ "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 64,
		"e1992190549f6ed5696a2c056c315410" },
};

static size_t octets(const char *digits, uint8_t *out, size_t cap)
{
	struct imp_wr wr = imp_wr(out, cap);

	assert_int_equal(imp_hex_get(&wr, imp_span_str(digits)), IMP_OK);
	return wr.n;
}

static struct imp_cmac *open_key(const char *digits)
{
	struct imp_secret key;
	struct imp_cmac *cmac = NULL;

	key.n = octets(digits, key.b, sizeof key.b);
	assert_int_equal(imp_cmac_open(&key, &cmac), IMP_OK);
	return cmac;
}

/* Wherever the message is cut in two, and one after the other with one key. */
static void vectors(void **state)
{
	uint8_t text[64], want[IMP_CMAC];

	(void)state;
	octets(message, text, sizeof text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_cmac *cmac = open_key(rows[i].key);

		octets(rows[i].tag, want, sizeof want);
		for (size_t cut = 0; cut <= rows[i].n; cut++) {
			uint8_t got[IMP_CMAC] = { 0 };

			assert_int_equal(imp_cmac(cmac, imp_span(text, cut),
						 imp_span(text + cut, rows[i].n - cut), got),
				IMP_OK);
			assert_memory_equal(got, want, sizeof want);
		}
		imp_cmac_close(cmac);
	}
}

/* The control: another message, or another key, has another tag. */
static void others_differ(void **state)
{
	struct imp_cmac *cmac = open_key(rows[0].key);
	uint8_t text[64], tag[IMP_CMAC], got[IMP_CMAC];

	(void)state;
	octets(message, text, sizeof text);
	octets(rows[3].tag, tag, sizeof tag);
	for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
		text[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(
			imp_cmac(cmac, imp_span(text, 32), imp_span(text + 32, 32), got), IMP_OK);
		assert_memory_not_equal(got, tag, sizeof tag);
		text[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	imp_cmac_close(cmac);
	cmac = open_key("2b7e151628aed2a6abf7158809cf4f3d");
	assert_int_equal(
		imp_cmac(cmac, imp_span(text, sizeof text), imp_span(NULL, 0), got), IMP_OK);
	assert_memory_not_equal(got, tag, sizeof tag);
	imp_cmac_close(cmac);
}

static void lengths_of_keys(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 64; n++) {
		struct imp_secret key = { .n = n };
		struct imp_cmac *cmac = NULL;
		bool aes = n == 16 || n == 24 || n == 32;

		assert_int_equal(imp_cmac_open(&key, &cmac), aes ? IMP_OK : IMP_E_FORMAT);
		assert_true(aes == (cmac != NULL));
		imp_cmac_close(cmac);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(others_differ),
		cmocka_unit_test(lengths_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
