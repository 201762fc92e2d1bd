/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates of the parts that make a device, on one thread: bare key generation, signature and
 * verification of P-256, then the issuer, the maker and the sealer on top of them.
 *	bench_issuer [SECONDS]		the table, SECONDS per line (default 1)
 *	bench_issuer --keygen		keys per second, the number alone
 */
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "factory/maker.h"
#include "host/file.h"
#include "tests/fake/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct imp_ca *ca;
static struct imp_keygen *gen;
static struct imp_signer *signer;
static struct imp_issuer *issuer;
static struct imp_sealer *sealer;
static struct imp_maker *maker;
static struct imp_made made;
static struct imp_plan_row row;
static struct imp_keypair pair;
static uint8_t sig[IMP_SIGNATURE_MAX];
static size_t sig_n;
static const struct imp_span octets = { (const uint8_t *)"about as long as a name", 23 };

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_issuer: %s failed\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rate(void (*one)(void), double seconds)
{
	double start, t;
	unsigned long n = 0;

	for (int i = 0; i < 200; i++)
		one();
	start = now();
	do {
		for (int i = 0; i < 50; i++)
			one();
		n += 50;
		t = now() - start;
	} while (t < seconds);
	return (double)n / t;
}

static void keygen(void)
{
	must(imp_keygen_make(gen, &pair) == IMP_OK, "key generation");
}

static void sign(void)
{
	must(imp_signer_sign(signer, octets, sig, &sig_n) == IMP_OK, "signing");
}

static void verify(void)
{
	must(imp_signer_verify(signer, octets, imp_span(sig, sig_n)) == IMP_OK, "verifying");
}

static void certificate(void)
{
	uint8_t der[IMP_CERT_MAX];
	struct imp_wr out = imp_wr(der, sizeof der);
	struct imp_cert_request request = { .serial = { 0x40 },
		.subject = row.subject,
		.endpoint = row.endpoint,
		.not_before = PKI_NOW,
		.not_after = IMP_NEVER,
		.point = pair.point };

	must(imp_issuer_issue(issuer, &request, &out, NULL) == IMP_OK, "issuing");
}

static void device(void)
{
	must(imp_maker_make(maker, &row, &made, NULL) == IMP_OK, "making a device");
}

static void seal(void)
{
	uint8_t buf[1024 + IMP_SEAL_OVERHEAD];
	static const uint8_t payload[1024];
	struct imp_wr out = imp_wr(buf, sizeof buf);

	must(imp_seal(sealer, octets, imp_span(payload, sizeof payload), &out) == IMP_OK,
		"sealing");
}

static void open_ca(const struct pki *pki)
{
	struct imp_ca_source source = { pki->cert, pki->key, "ca", "key" };
	struct imp_secret key;

	must(imp_ca_open(&source, PKI_NOW, &ca, NULL) == IMP_OK, "the CA");
	must(imp_signer_open(ca, &signer) == IMP_OK, "the signer");
	must(imp_issuer_open(ca, &issuer, NULL) == IMP_OK, "the issuer");
	must(imp_data_key_make(imp_rng_openssl(), &key) == IMP_OK, "a data key");
	must(imp_sealer_open(&key, imp_rng_openssl(), &sealer) == IMP_OK, "the sealer");
	imp_secret_wipe(&key);
}

/* One bootstrap account; the server's certificate lies in a file, as a profile names it. */
static double devices(enum imp_security security, struct imp_span server, double seconds)
{
	char path[] = "/tmp/imprint-bench-XXXXXX";
	struct imp_profile_account account;
	struct imp_profile profile = { .keys = IMP_KEYS_PERSISTENT,
		.enabler_major = 1,
		.enabler_minor = 1,
		.accounts = &account,
		.accounts_n = 1,
		.has_bootstrap = true,
		.x509 = { .present = true, .validity_days = 3650 } };
	int fd = mkstemp(path);
	double r;

	must(fd >= 0 && write(fd, server.p, server.n) == (ssize_t)server.n, "a file");
	close(fd);
	memset(&account, 0xFF, sizeof account); /* every number left out: -1 */
	account.bootstrap = true;
	account.security = security;
	account.uri = "coaps://bs.example.com:5684";
	account.sni = NULL;
	account.suites_n = 0;
	account.server_key = security == IMP_SECURITY_X509 ? path : NULL;
	account.psk_length = 16;
	account.oscore.present = false;
	account.store_notifications = false;
	must(imp_maker_open(&profile, ca, imp_rng_openssl(), PKI_NOW, &maker, NULL) == IMP_OK,
		"the maker");
	unlink(path);
	r = rate(device, seconds);
	imp_maker_close(maker);
	return r;
}

static void line(const char *name, double r)
{
	printf("%-44s %10.0f /s %9.2f us\n", name, r, 1e6 / r);
	fflush(stdout);
}

static void table(const struct pki *pki, double seconds)
{
	double k = rate(keygen, seconds), s = rate(sign, seconds), v = rate(verify, seconds);
	double limit = 1 / (1 / k + 1 / s + 1 / v), x;

	line("key generation, P-256", k);
	line("signature", s);
	line("verification", v);
	line("1/(t_keygen + t_sign + t_verify)", limit);
	line("certificate, key given, not read back", rate(certificate, seconds));
	x = devices(IMP_SECURITY_X509, pki->cert, seconds);
	line("x509 device: set, payload, read back", x);
	line("psk device: set, payload, read back",
		devices(IMP_SECURITY_PSK, imp_span(NULL, 0), seconds));
	line("seal of 1 KiB", rate(seal, seconds));
	printf("%-44s %10.1f %%\n", "x509 device of the limit", 100 * x / limit);
}

int main(int argc, char **argv)
{
	struct pki pki;

	must(imp_keygen_open(imp_rng_openssl(), &gen) == IMP_OK, "the generator");
	if (argc > 1 && strcmp(argv[1], "--keygen") == 0) {
		printf("%.0f\n", rate(keygen, 2));
		imp_keygen_close(gen);
		return 0;
	}
	pki_make(&pki, &(struct pki_options){ .key = PKI_P256 });
	row.endpoint = imp_span_str("urn:dev:ops:0001B2-METER-00000001");
	row.subject = imp_span_str("CN=urn:dev:ops:0001B2-METER-00000001,O=Example");
	row.accounts[0].identity = row.endpoint;
	open_ca(&pki);
	table(&pki, argc > 1 ? atof(argv[1]) : 1);
	imp_sealer_close(sealer);
	imp_issuer_close(issuer);
	imp_signer_close(signer);
	imp_keygen_close(gen);
	imp_ca_close(ca);
	pki_free(&pki);
	return 0;
}
