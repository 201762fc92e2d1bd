/* SPDX-License-Identifier: Apache-2.0 */
/* The maker when its random source fails at any draw, and what it leaves of keys in memory. */
#include "base/secret.h"
#include "crypto/rng.h"
#include "factory/maker_parts.h"
#include "tests/fake/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct pki ca_pki, server_pki;
static struct imp_ca *ca;
static char server_cert[] = "/tmp/imprint-fault-XXXXXX";
static struct imp_profile_account accounts[3];
static struct imp_profile profile;
static struct imp_plan_row row;
static struct imp_made made;

/* An X.509 bootstrap account and two servers: raw public key behind PSK, and OSCORE. */
static int make_world(void **state)
{
	struct imp_ca_source source;
	int fd = mkstemp(server_cert);

	(void)state;
	pki_make(&ca_pki, &(struct pki_options){ .key = PKI_P256 });
	pki_make(&server_pki, &(struct pki_options){ .leaf = true });
	assert_true(fd >= 0);
	assert_int_equal(write(fd, server_pki.cert.p, server_pki.cert.n), server_pki.cert.n);
	close(fd);
	source = (struct imp_ca_source){ ca_pki.cert, ca_pki.key, "ca", "key" };
	assert_int_equal(imp_ca_open(&source, PKI_NOW, &ca, NULL), IMP_OK);
	memset(accounts, 0xFF, sizeof accounts); /* every number left out: -1 */
	for (int i = 0; i < 3; i++) {
		struct imp_profile_account *a = &accounts[i];

		a->bootstrap = i == 0;
		a->security = i == 0 ? IMP_SECURITY_X509 : IMP_SECURITY_PSK;
		a->uri = "coaps://dm.example.com";
		a->ssid = i == 0 ? -1 : 100 + i;
		a->sni = a->preferred_transport = NULL;
		a->suites_n = 0;
		a->server_key = i == 0 ? server_cert : NULL;
		a->psk_length = 32;
		memset(&a->oscore, 0, sizeof a->oscore);
		a->oscore.present = i == 2;
		a->oscore.aead = a->oscore.hmac = -1;
		a->oscore.random_salt = true;
		a->store_notifications = true;
		a->lifetime = 60;
		a->binding = "U";
		row.accounts[i].identity = imp_span_str("urn:dev:1");
	}
	row.accounts[2].sender_id = imp_span_str("c");
	row.accounts[2].recipient_id = imp_span_str("s");
	row.endpoint = imp_span_str("urn:dev:1");
	row.subject = imp_span_str("CN=urn:dev:1");
	profile = (struct imp_profile){ .keys = IMP_KEYS_PERSISTENT,
		.enabler_major = 1,
		.enabler_minor = 1,
		.accounts = accounts,
		.accounts_n = 3,
		.has_bootstrap = true,
		.x509 = { .present = true, .validity_days = 1 } };
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	imp_ca_close(ca);
	unlink(server_cert);
	pki_free(&ca_pki);
	pki_free(&server_pki);
	return 0;
}

/* ---- a source that fails at one draw ---- */

struct failing {
	const struct imp_rng *real;
	int draws, fails_at;
};

static enum imp_status failing_fill(void *ctx, uint8_t *out, size_t n)
{
	struct failing *f = ctx;

	if (++f->draws == f->fails_at)
		return IMP_E_IO;
	return f->real->fill(f->real->ctx, out, n);
}

/* Nothing of the device: no payload, no fact, no value, no key. */
static void assert_empty(const struct imp_maker *m)
{
	assert_true(imp_span_all(imp_span(made.payload, sizeof made.payload), 0));
	assert_int_equal(made.payload_n, 0);
	assert_int_equal(made.credentials_n, 0);
	assert_int_equal(made.certificates_n, 0);
	assert_int_equal(m->set.n, 0);
	assert_true(imp_span_all(imp_span(m->set.arena, sizeof m->set.arena), 0));
	assert_int_equal(m->read_back.n, 0);
	assert_true(imp_span_all(imp_span(m->read_back.arena, sizeof m->read_back.arena), 0));
	for (int i = 0; i < 3; i++)
		assert_true(imp_span_all(
			imp_span(m->accounts[i].pkcs8, sizeof m->accounts[i].pkcs8), 0));
}

static void every_draw_fails_once(void **state)
{
	struct imp_rng_test *test;
	struct failing f = { .fails_at = 0 };
	const struct imp_rng rng = { &f, failing_fill };
	struct imp_maker *m;
	struct imp_diag diag;
	int draws;

	(void)state;
	assert_int_equal(imp_rng_test_open(imp_span_str("fault"), &test), IMP_OK);
	f.real = imp_rng_test_rng(test);
	assert_int_equal(imp_maker_open(&profile, ca, &rng, PKI_NOW, &m, &diag), IMP_OK);
	if (imp_maker_make(m, &row, &made, &diag) != IMP_OK) /* the control: it can work */
		fail_msg("%s", diag.text);
	draws = f.draws;
	/* Scalar, serial number, two PSKs, OSCORE secret and salt. */
	assert_int_equal(draws, 6);
	for (int n = 1; n <= draws; n++) {
		f.draws = 0;
		f.fails_at = n;
		diag.text[0] = '\0';
		assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_IO);
		assert_true(diag.text[0] != '\0');
		assert_empty(m);
	}
	f.fails_at = 0;
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_OK);
	assert_int_not_equal(made.payload_n, 0);
	imp_maker_close(m);
	imp_rng_test_close(test);
}

static enum imp_status dead_fill(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	(void)out;
	(void)n;
	return IMP_E_IO;
}

static void a_dead_source(void **state)
{
	const struct imp_rng rng = { NULL, dead_fill };
	struct imp_maker *m;
	struct imp_diag diag;

	(void)state;
	assert_int_equal(imp_maker_open(&profile, ca, &rng, PKI_NOW, &m, &diag), IMP_OK);
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_IO);
	assert_empty(m);
	imp_maker_close(m);
}

/* ---- what is left in memory ---- */

#define PIECE 16

/* Octets are read wherever they stand. */
#define UNCHECKED __attribute__((no_sanitize("address")))

/* Secrets are remembered bit by bit inverted, so that the search does not find the memory of it. */
static void remember(struct imp_span secret, uint8_t inverted[PIECE])
{
	assert_true(secret.n >= PIECE);
	for (size_t i = 0; i < PIECE; i++)
		inverted[i] = secret.p[i] ^ 0xFF;
}

UNCHECKED static bool same(const volatile uint8_t *p, const uint8_t inverted[PIECE])
{
	for (size_t i = 0; i < PIECE; i++)
		if ((p[i] ^ inverted[i]) != 0xFF)
			return false;
	return true;
}

/* Sanitizers reserve terabytes; a product's heap and stacks are small. */
#define REGION_MAX (64UL << 20)

/* Places in this process's writable memory where the octets stand. */
UNCHECKED static size_t copies(const uint8_t inverted[PIECE])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512], mode[8];
	size_t found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || mode[0] != 'r' ||
			mode[1] != 'w' || end - start > REGION_MAX || strstr(line, "[v"))
			continue;
		for (unsigned long at = start; at + PIECE <= end; at++)
			found += same((const volatile uint8_t *)at, inverted);
	}
	fclose(maps);
	return found;
}

static void no_key_stays_in_memory(void **state)
{
	uint8_t scalar[PIECE], psk[PIECE], oscore[PIECE];
	struct imp_maker *m;
	const struct imp_set *set;

	(void)state;
	assert_int_equal(
		imp_maker_open(&profile, ca, imp_rng_openssl(), PKI_NOW, &m, NULL), IMP_OK);
	assert_int_equal(imp_maker_make(m, &row, &made, NULL), IMP_OK);
	set = imp_maker_set(m);
	/* The scalar stands behind 36 octets of PKCS#8. */
	remember(imp_span(imp_set_octets(set, 0, 0, 5).p + 36, 32), scalar);
	remember(imp_set_octets(set, 0, 1, 5), psk);
	remember(imp_set_octets(set, 21, 0, 0), oscore);
	/* The control: while the device is in hand, the search finds its keys. */
	assert_true(copies(scalar) >= 2);
	assert_true(copies(psk) >= 2);
	assert_true(copies(oscore) >= 2);
	imp_made_wipe(&made);
	imp_maker_close(m);
	assert_int_equal(copies(scalar), 0);
	assert_int_equal(copies(psk), 0);
	assert_int_equal(copies(oscore), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_draw_fails_once),
		cmocka_unit_test(a_dead_source),
		cmocka_unit_test(no_key_stays_in_memory),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
