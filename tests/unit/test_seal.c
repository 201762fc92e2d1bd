/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and data keys under seal: what opens, and that nothing else does. */
#include "crypto/load.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "tests/fake/pki.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct imp_secret key_of(uint8_t v, size_t n)
{
	struct imp_secret key = { .n = n };

	memset(key.b, v, n);
	return key;
}

static struct imp_sealer *sealer_of(uint8_t v)
{
	struct imp_secret key = key_of(v, IMP_DATA_KEY);
	struct imp_sealer *s;

	assert_int_equal(imp_sealer_open(&key, imp_rng_openssl(), &s), IMP_OK);
	return s;
}

/* ---- rows ---- */

static void rows_open_again(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 700, 32768 };
	struct imp_sealer *s = sealer_of(7), *other = sealer_of(7);
	uint8_t *plain = malloc(32768), *sealed = malloc(32768 + IMP_SEAL_OVERHEAD),
		*got = malloc(32768);

	(void)state;
	for (size_t i = 0; i < 32768; i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct imp_wr out = imp_wr(sealed, sizes[i] + IMP_SEAL_OVERHEAD);
		struct imp_span aad = imp_span_str("batch 1 unit 2");
		size_t n = 99;

		assert_int_equal(imp_seal(s, aad, imp_span(plain, sizes[i]), &out), IMP_OK);
		assert_int_equal(out.n, sizes[i] + IMP_SEAL_OVERHEAD);
		assert_int_equal(
			imp_unseal(other, aad, imp_wr_span(&out), got, sizes[i], &n), IMP_OK);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(got, plain, sizes[i]);
		if (sizes[i] >= 16)
			assert_null(memmem(sealed, out.n, plain, 16));
	}
	imp_sealer_close(s);
	imp_sealer_close(other);
	free(plain);
	free(sealed);
	free(got);
}

static void no_room_seals_nothing(void **state)
{
	struct imp_sealer *s = sealer_of(7);
	uint8_t buf[64] = { 0 };
	struct imp_wr out = imp_wr(buf, 16 + IMP_SEAL_OVERHEAD - 1), count = imp_wr_count();

	(void)state;
	assert_int_equal(imp_seal(s, imp_span_str("a"), imp_span("0123456789abcdef", 16), &out),
		IMP_E_SPACE);
	assert_true(imp_span_all(imp_span(buf, sizeof buf), 0));
	assert_int_equal(
		imp_seal(s, imp_span_str("a"), imp_span("0123456789abcdef", 16), &count), IMP_OK);
	assert_int_equal(count.n, 16 + IMP_SEAL_OVERHEAD);
	imp_sealer_close(s);
}

static void nonces_differ(void **state)
{
	enum { N = 2000 };
	static uint8_t nonce[N][IMP_SEAL_NONCE];
	struct imp_sealer *s = sealer_of(7);

	(void)state;
	for (int i = 0; i < N; i++) {
		uint8_t buf[IMP_SEAL_OVERHEAD + 4];
		struct imp_wr out = imp_wr(buf, sizeof buf);

		assert_int_equal(imp_seal(s, imp_span_str("a"), imp_span("same", 4), &out), IMP_OK);
		memcpy(nonce[i], buf, IMP_SEAL_NONCE);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(nonce[i], nonce[k], IMP_SEAL_NONCE);
	}
	imp_sealer_close(s);
}

static const char secret[] = "sixteen octets!!";

/* How many of these inputs a sealer opens; a refused one must leave no octet of the secret. */
static bool opens(struct imp_sealer *s, struct imp_span aad, struct imp_span sealed)
{
	uint8_t got[64];
	size_t n = 0;
	enum imp_status st;

	memset(got, 0x55, sizeof got);
	st = imp_unseal(s, aad, sealed, got, sizeof got, &n);
	if (st == IMP_OK)
		return true;
	assert_true(st == IMP_E_MISMATCH || st == IMP_E_FORMAT);
	assert_true(imp_span_all(imp_span(got, sizeof got), 0));
	assert_int_equal(n, 0);
	return false;
}

static void changed_rows(void **state)
{
	struct imp_sealer *s = sealer_of(7), *other = sealer_of(8);
	struct imp_span aad = imp_span_str("batch 1 unit 2");
	uint8_t buf[16 + IMP_SEAL_OVERHEAD + 1];
	struct imp_wr out = imp_wr(buf, sizeof buf - 1);
	struct imp_span row;

	(void)state;
	assert_int_equal(imp_seal(s, aad, imp_span(secret, 16), &out), IMP_OK);
	row = imp_wr_span(&out);
	assert_true(opens(s, aad, row));
	for (size_t i = 0; i < row.n * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_false(opens(s, aad, row));
		buf[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t n = 0; n < row.n; n++)
		assert_false(opens(s, aad, imp_span(buf, n)));
	buf[row.n] = 0;
	assert_false(opens(s, aad, imp_span(buf, row.n + 1)));
	assert_false(opens(s, imp_span_str("batch 1 unit 3"), row));
	assert_false(opens(s, imp_span_str("batch 1 unit "), row));
	assert_false(opens(s, imp_span(NULL, 0), row));
	assert_false(opens(other, aad, row));
	/* The sealer is as good as before. */
	assert_true(opens(s, aad, row));
	imp_sealer_close(s);
	imp_sealer_close(other);
}

static void short_output(void **state)
{
	struct imp_sealer *s = sealer_of(7);
	uint8_t buf[16 + IMP_SEAL_OVERHEAD], got[15];
	struct imp_wr out = imp_wr(buf, sizeof buf);
	size_t n;

	(void)state;
	assert_int_equal(imp_seal(s, imp_span_str("a"), imp_span(secret, 16), &out), IMP_OK);
	assert_int_equal(imp_unseal(s, imp_span_str("a"), imp_wr_span(&out), got, sizeof got, &n),
		IMP_E_SPACE);
	imp_sealer_close(s);
}

static void wrong_key_sizes(void **state)
{
	static const size_t sizes[] = { 0, 16, 31, 33, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct imp_secret key = key_of(1, sizes[i]);
		struct imp_sealer *s = NULL;

		assert_int_equal(imp_sealer_open(&key, imp_rng_openssl(), &s), IMP_E_FORMAT);
		assert_null(s);
	}
}

/* ---- station key ---- */

static void station_key(void **state)
{
	struct imp_secret key, station = key_of(3, 32), wrong = key_of(4, 32), bad = key_of(3, 31);
	struct imp_secret got;
	uint8_t buf[IMP_SEAL_STATION];
	struct imp_wr out = imp_wr(buf, sizeof buf), none = imp_wr(buf, sizeof buf);
	struct imp_diag diag;

	(void)state;
	assert_int_equal(imp_data_key_make(imp_rng_openssl(), &key), IMP_OK);
	assert_int_equal(
		imp_data_key_seal_station(&key, &station, imp_rng_openssl(), &out, &diag), IMP_OK);
	assert_int_equal(out.n, IMP_SEAL_STATION);
	assert_int_equal(
		imp_data_key_open_station(imp_wr_span(&out), &station, &got, &diag), IMP_OK);
	assert_int_equal(got.n, IMP_DATA_KEY);
	assert_memory_equal(got.b, key.b, IMP_DATA_KEY);
	assert_int_equal(
		imp_data_key_open_station(imp_wr_span(&out), &wrong, &got, &diag), IMP_E_MISMATCH);
	assert_true(imp_span_all(imp_span(&got, sizeof got), 0));
	assert_non_null(strstr(diag.text, "station key"));
	for (size_t i = 0; i < sizeof buf; i++) {
		buf[i] ^= 0x80;
		assert_int_equal(
			imp_data_key_open_station(imp_span(buf, sizeof buf), &station, &got, &diag),
			IMP_E_MISMATCH);
		buf[i] ^= 0x80;
	}
	assert_int_equal(
		imp_data_key_open_station(imp_span(buf, sizeof buf - 1), &station, &got, &diag),
		IMP_E_FORMAT);
	assert_int_equal(imp_data_key_seal_station(&key, &bad, imp_rng_openssl(), &none, &diag),
		IMP_E_FORMAT);
	assert_int_equal(none.n, 0);
	assert_non_null(strstr(diag.text, "31"));
	imp_secret_wipe(&key);
}

/* ---- CMS ---- */

/* OpenSSL's own way to open an envelope, with the certificate this time. */
static void opens_elsewhere(
	struct imp_span sealed, const struct pki *pki, const struct imp_secret *key)
{
	const uint8_t *p = sealed.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)sealed.n);
	BIO *out = BIO_new(BIO_s_mem());
	EVP_PKEY *private = NULL;
	X509 *x = imp_load_certificate(pki->cert);
	char *got;

	assert_non_null(cms);
	assert_int_equal(OBJ_obj2nid(CMS_get0_type(cms)), NID_pkcs7_enveloped);
	assert_int_equal(imp_load_private(pki->key, &private), IMP_OK);
	assert_int_equal(CMS_decrypt(cms, private, x, NULL, out, 0), 1);
	assert_int_equal(BIO_get_mem_data(out, &got), IMP_DATA_KEY);
	assert_memory_equal(got, key->b, IMP_DATA_KEY);
	EVP_PKEY_free(private);
	X509_free(x);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

static void cms_recipients(void **state)
{
	static const enum pki_key kinds[] = { PKI_P256, PKI_P384, PKI_RSA2048 };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct pki pki, other;
		struct imp_secret key, got;
		uint8_t buf[2048];
		struct imp_wr out = imp_wr(buf, sizeof buf);
		struct imp_wr again = imp_wr_count();
		struct imp_diag diag;

		pki_make(&pki, &(struct pki_options){ .key = kinds[i], .leaf = true });
		pki_make(&other, &(struct pki_options){ .key = kinds[i], .leaf = true });
		assert_int_equal(imp_data_key_make(imp_rng_openssl(), &key), IMP_OK);
		assert_int_equal(
			imp_data_key_seal_cms(&key, pki.cert_pem, "backend.pem", &out, &diag),
			IMP_OK);
		assert_int_equal(
			imp_data_key_seal_cms(&key, pki.cert, "backend.der", &again, &diag),
			IMP_OK);
		opens_elsewhere(imp_wr_span(&out), &pki, &key);
		assert_int_equal(
			imp_data_key_open_cms(imp_wr_span(&out), pki.key_pem, "k.pem", &got, &diag),
			IMP_OK);
		assert_int_equal(got.n, IMP_DATA_KEY);
		assert_memory_equal(got.b, key.b, IMP_DATA_KEY);
		assert_int_equal(imp_data_key_open_cms(
					 imp_wr_span(&out), other.key_pem, "o.pem", &got, &diag),
			IMP_E_MISMATCH);
		assert_true(imp_span_all(imp_span(&got, sizeof got), 0));
		assert_non_null(strstr(diag.text, "o.pem"));
		assert_int_equal(imp_data_key_open_cms(imp_wr_span(&out), pki.key_encrypted,
					 "e.pem", &got, &diag),
			IMP_E_UNSUPPORTED);
		assert_int_equal(imp_data_key_open_cms(
					 imp_wr_span(&out), pki.cert_pem, "c.pem", &got, &diag),
			IMP_E_FORMAT);
		pki_free(&pki);
		pki_free(&other);
	}
}

/* No changed octet opens to the same key, and no input leaves the key's octets behind. */
static void changed_cms(void **state)
{
	struct pki pki;
	struct imp_secret key, got;
	uint8_t buf[1024];
	struct imp_wr out = imp_wr(buf, sizeof buf);
	size_t same = 0, opened = 0;

	(void)state;
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256, .leaf = true });
	assert_int_equal(imp_data_key_make(imp_rng_openssl(), &key), IMP_OK);
	assert_int_equal(imp_data_key_seal_cms(&key, pki.cert, "b", &out, NULL), IMP_OK);
	for (size_t i = 0; i < out.n; i++) {
		enum imp_status st;

		buf[i] ^= 0x01;
		st = imp_data_key_open_cms(imp_wr_span(&out), pki.key, "k", &got, NULL);
		opened += st == IMP_OK;
		/* What names the recipient is not needed to open; the content is. */
		same += st == IMP_OK && memcmp(got.b, key.b, IMP_DATA_KEY) == 0 && i >= out.n - 48;
		if (st != IMP_OK)
			assert_true(imp_span_all(imp_span(&got, sizeof got), 0));
		buf[i] ^= 0x01;
	}
	assert_int_equal(same, 0);
	assert_true(opened < out.n);
	for (size_t n = 0; n < out.n; n++)
		assert_int_equal(imp_data_key_open_cms(imp_span(buf, n), pki.key, "k", &got, NULL),
			IMP_E_FORMAT);
	assert_int_equal(imp_data_key_open_cms(imp_span(buf, out.n + 1), pki.key, "k", &got, NULL),
		IMP_E_FORMAT);
	/* The control: unchanged, it opens. */
	assert_int_equal(
		imp_data_key_open_cms(imp_wr_span(&out), pki.key, "k", &got, NULL), IMP_OK);
	assert_memory_equal(got.b, key.b, IMP_DATA_KEY);
	pki_free(&pki);
}

static void bad_recipients(void **state)
{
	struct pki ed;
	struct imp_secret key = key_of(1, 32);
	uint8_t buf[2048];
	struct imp_wr out = imp_wr(buf, sizeof buf);
	struct imp_diag diag;

	(void)state;
	pki_make(&ed, &(struct pki_options){ .key = PKI_ED25519, .leaf = true });
	assert_int_equal(
		imp_data_key_seal_cms(&key, ed.cert, "ed.pem", &out, &diag), IMP_E_UNSUPPORTED);
	assert_non_null(strstr(diag.text, "ed.pem"));
	assert_int_equal(imp_data_key_seal_cms(&key, ed.key, "key.der", &out, &diag), IMP_E_FORMAT);
	assert_int_equal(
		imp_data_key_seal_cms(&key, imp_span(NULL, 0), "empty", &out, &diag), IMP_E_FORMAT);
	assert_int_equal(out.n, 0);
	pki_free(&ed);
}

/* ---- fingerprints ---- */

static void fingerprints(void **state)
{
	uint8_t psk[IMP_SHA256], plain[IMP_SHA256], joined[IMP_SHA256];
	static const uint8_t long_key[IMP_SECRET_MAX + 1];

	(void)state;
	assert_int_equal(imp_fingerprint_secret(imp_span("key", 3), psk), IMP_OK);
	assert_int_equal(imp_fingerprint_public(imp_span("key", 3), plain), IMP_OK);
	assert_int_equal(imp_sha256(imp_span_str("imprint-psk-v1key"), joined), IMP_OK);
	assert_memory_equal(psk, joined, sizeof psk);
	assert_memory_not_equal(psk, plain, sizeof psk);
	assert_int_equal(imp_sha256(imp_span("key", 3), joined), IMP_OK);
	assert_memory_equal(plain, joined, sizeof plain);
	assert_int_equal(
		imp_fingerprint_secret(imp_span(long_key, sizeof long_key), psk), IMP_E_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_open_again),
		cmocka_unit_test(no_room_seals_nothing),
		cmocka_unit_test(nonces_differ),
		cmocka_unit_test(changed_rows),
		cmocka_unit_test(short_output),
		cmocka_unit_test(wrong_key_sizes),
		cmocka_unit_test(station_key),
		cmocka_unit_test(cms_recipients),
		cmocka_unit_test(changed_cms),
		cmocka_unit_test(bad_recipients),
		cmocka_unit_test(fingerprints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
