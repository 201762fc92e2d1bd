/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and parts of the manifest.  That workers and ledger make the same lines:
 * tests/e2e/test_batch.sh. */
#include "factory/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t sum[IMP_SHA256];
static const struct imp_manifest_file file = { "7.bin", 4096, sum, 106, 1 };

static struct imp_cred cred(enum imp_cred_kind kind, uint64_t accounts, const char *value)
{
	return (struct imp_cred){
		.kind = kind, .accounts = accounts, .value = imp_span_str(value)
	};
}

/* Any order, equal ones twice: out by kind and value, equal ones as one that serves both. */
static void credentials_as_the_ledger_gives_them(void **state)
{
	static const char want[] = "\"credentials\":["
				   "{\"kind\":\"psk-identity\",\"accounts\":[0,2],\"value\":\"a\"},"
				   "{\"kind\":\"psk-identity\",\"accounts\":[1],\"value\":\"ab\"},"
				   "{\"kind\":\"psk-identity\",\"accounts\":[4],\"value\":\"b\"},"
				   "{\"kind\":\"psk\",\"accounts\":[1],\"hex\":\"30\"}]}\n";
	struct imp_cred v[] = {
		cred(IMP_CRED_PSK, 2, "0"),
		cred(IMP_CRED_PSK_IDENTITY, 16, "b"),
		cred(IMP_CRED_PSK_IDENTITY, 4, "a"),
		cred(IMP_CRED_SERIAL, 1, "7"),
		cred(IMP_CRED_PSK_IDENTITY, 2, "ab"),
		cred(IMP_CRED_PSK_IDENTITY, 1, "a"),
	};
	struct imp_job job = { .batch = { .keys = IMP_KEYS_PERSISTENT } };
	struct imp_manifest_part part = { 0 };
	struct imp_unit u = { .id = 7, .serial = "7", .endpoint = "urn:7" };
	struct imp_diag diag = { 0 };

	(void)state;
	assert_int_equal(
		imp_manifest_line(&job, &u, &file, v, sizeof v / sizeof *v, &part, &diag), IMP_OK);
	assert_int_equal(part.units, 1);
	assert_int_equal(part.first, 7);
	assert_true(part.n > sizeof want);
	assert_memory_equal(part.p + part.n - (sizeof want - 1), want, sizeof want - 1);
	imp_manifest_part_free(&part);
	assert_null(part.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_as_the_ledger_gives_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
