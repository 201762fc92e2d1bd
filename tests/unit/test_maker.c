/* SPDX-License-Identifier: Apache-2.0 */
/* The maker: each kind of account, the rules by which sets are written, and the facts it reports.
 */
#include "base/secret.h"
#include "crypto/keycheck.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "crypto/x509_info.h"
#include "factory/maker.h"
#include "host/file.h"
#include "model/check.h"
#include "model/set_form.h"
#include "tests/fake/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- one product, built in memory ---- */

static struct {
	struct pki ca, server;
	char dir[64], certificate[96], public_key[96];
	struct imp_ca *opened;
} world;

static struct imp_profile_account accounts[4];
static struct imp_profile profile;
static struct imp_plan_row row;
static struct imp_made made;

static void write_file(const char *path, struct imp_span data)
{
	assert_int_equal(imp_file_write(path, data, false, NULL), IMP_OK);
}

static int make_world(void **state)
{
	struct imp_ca_source source;

	(void)state;
	pki_make(&world.ca, &(struct pki_options){ .key = PKI_P256 });
	pki_make(&world.server, &(struct pki_options){ .leaf = true, .cn = "dm.example.com" });
	strcpy(world.dir, "/tmp/imprint-maker-XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	snprintf(world.certificate, sizeof world.certificate, "%s/server.pem", world.dir);
	snprintf(world.public_key, sizeof world.public_key, "%s/server.pub", world.dir);
	write_file(world.certificate, world.server.cert_pem);
	write_file(world.public_key, world.server.spki_pem);
	source = (struct imp_ca_source){ world.ca.cert, world.ca.key, "ca", "key" };
	assert_int_equal(imp_ca_open(&source, PKI_NOW, &world.opened, NULL), IMP_OK);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	imp_ca_close(world.opened);
	unlink(world.certificate);
	unlink(world.public_key);
	rmdir(world.dir);
	pki_free(&world.ca);
	pki_free(&world.server);
	return 0;
}

/* An account with everything left out that can be. */
static struct imp_profile_account plain_account(int64_t ssid)
{
	struct imp_profile_account a = {
		.bootstrap = ssid < 0,
		.security = IMP_SECURITY_PSK,
		.uri = ssid < 0 ? "coaps://bs.example.com:5684" : "coaps://dm.example.com:5684",
		.ssid = ssid,
		.hold_off = -1,
		.account_timeout = -1,
		.matching_type = -1,
		.certificate_usage = -1,
		.psk_length = 16,
		.oscore = { .aead = -1, .hmac = -1 },
		.lifetime = ssid < 0 ? -1 : 86400,
		.min_period = -1,
		.max_period = -1,
		.disable_timeout = -1,
		.store_notifications = true,
		.binding = "U",
		.registration_priority = -1,
		.initial_delay = -1,
		.failure_block = -1,
		.bootstrap_on_failure = -1,
		.retry_count = -1,
		.retry_timer = -1,
		.sequence_delay = -1,
		.sequence_count = -1,
		.trigger = -1,
		.mute_send = -1,
		.notification_mode = -1,
	};

	return a;
}

/* Persistent PSK bootstrap account, target 1.1, one row. */
static int reset(void **state)
{
	(void)state;
	accounts[0] = plain_account(-1);
	profile = (struct imp_profile){
		.path = "product.yaml",
		.dir = ".",
		.product = "meter",
		.keys = IMP_KEYS_PERSISTENT,
		.enabler_major = 1,
		.enabler_minor = 1,
		.accounts = accounts,
		.accounts_n = 1,
		.has_bootstrap = true,
		.x509 = { .present = true, .validity_days = 10, .backdate = 60 },
	};
	memset(&row, 0, sizeof row);
	row.serial = imp_span_str("0001");
	row.endpoint = imp_span_str("urn:dev:ops:0001B2-METER-0001");
	row.subject = imp_span_str("CN=urn:dev:ops:0001B2-METER-0001,O=Example");
	for (int i = 0; i < 4; i++)
		row.accounts[i].identity = row.endpoint;
	return 0;
}

static void add_server(int64_t ssid, enum imp_security security)
{
	struct imp_profile_account a = plain_account(ssid);

	a.security = security;
	if (security == IMP_SECURITY_RPK)
		a.server_key = world.public_key;
	if (security == IMP_SECURITY_X509)
		a.server_key = world.certificate;
	if (security == IMP_SECURITY_NONE)
		a.uri = "coap://dm.example.com";
	accounts[profile.accounts_n++] = a;
}

static struct imp_maker *open_maker_with(const struct imp_rng *rng)
{
	struct imp_maker *m = NULL;
	struct imp_diag diag = { .text = "" };

	if (imp_maker_open(&profile, world.opened, rng, PKI_NOW, &m, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
	return m;
}

static struct imp_maker *open_maker(void)
{
	return open_maker_with(imp_rng_openssl());
}

static void make_one(struct imp_maker *m)
{
	struct imp_diag diag = { .text = "" };

	if (imp_maker_make(m, &row, &made, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

/* The payload as anyone else reads it, with the product's key checks. */
static void read_payload(struct imp_set *set, size_t findings)
{
	const struct imp_check_options options = { .keys = &imp_keycheck_openssl,
		.endpoint = row.endpoint };
	static struct imp_findings f;

	imp_set_init(set);
	assert_int_equal(
		imp_set_from_ef(set, imp_span(made.payload, made.payload_n), false, true, NULL),
		IMP_OK);
	set->keys = made.keys;
	f.n = f.errors = f.warnings = 0;
	imp_check(set, &options, &f);
	if (f.n != findings)
		fail_msg("%zu findings, first %s: %s", f.n, f.n ? f.v[0].rule : "-",
			f.n ? f.v[0].text : "-");
}

static const struct imp_credential *credential(uint16_t account, uint8_t kind)
{
	for (size_t i = 0; i < made.credentials_n; i++)
		if (made.credentials[i].account == account && made.credentials[i].kind == kind)
			return &made.credentials[i];
	return NULL;
}

static void assert_octets(struct imp_span got, struct imp_span want)
{
	assert_int_equal(got.n, want.n);
	assert_true(imp_span_eq(got, want));
}

/* ---- accounts ---- */

static void psk_account(void **state)
{
	struct imp_maker *m = open_maker();
	struct imp_set set;
	struct imp_span key;
	uint8_t print[IMP_SHA256];
	uint8_t last[16];

	(void)state;
	make_one(m);
	read_payload(&set, 0);
	assert_octets(imp_set_octets(&set, 0, 0, 0), imp_span_str("coaps://bs.example.com:5684"));
	assert_int_equal(imp_set_int(&set, 0, 0, 1, -1), 1);
	assert_int_equal(imp_set_int(&set, 0, 0, 2, -1), IMP_SECURITY_PSK);
	assert_octets(imp_set_octets(&set, 0, 0, 3), row.endpoint);
	key = imp_set_octets(&set, 0, 0, 5);
	assert_int_equal(key.n, 16);
	assert_int_equal(made.credentials_n, 2);
	assert_octets(imp_span(credential(0, IMP_CREDENTIAL_PSK_IDENTITY)->v, row.endpoint.n),
		row.endpoint);
	assert_int_equal(imp_fingerprint_secret(key, print), IMP_OK);
	assert_memory_equal(credential(0, IMP_CREDENTIAL_PSK)->v, print, sizeof print);
	assert_true(imp_set_equal(&set, imp_maker_set(m)));
	assert_octets(made.endpoint, row.endpoint);
	assert_int_equal(made.keys, IMP_KEYS_PERSISTENT);
	assert_false(made.test);
	memcpy(last, key.p, sizeof last);
	imp_set_free(&set);

	make_one(m);
	read_payload(&set, 0);
	assert_memory_not_equal(imp_set_octets(&set, 0, 0, 5).p, last, sizeof last);
	imp_set_free(&set);
	imp_maker_close(m);
}

static void psk_lengths(void **state)
{
	(void)state;
	for (size_t n = 16; n <= 64; n++) {
		struct imp_maker *m;
		struct imp_set set;

		accounts[0].psk_length = n;
		m = open_maker();
		make_one(m);
		read_payload(&set, 0);
		assert_int_equal(imp_set_octets(&set, 0, 0, 5).n, n);
		imp_set_free(&set);
		imp_maker_close(m);
	}
}

static void rpk_account(void **state)
{
	struct imp_maker *m;
	struct imp_set set;
	uint8_t print[IMP_SHA256];

	(void)state;
	accounts[0].security = IMP_SECURITY_RPK;
	accounts[0].server_key = world.public_key;
	m = open_maker();
	make_one(m);
	read_payload(&set, 0);
	assert_int_equal(imp_set_octets(&set, 0, 0, 3).n, IMP_P256_SPKI);
	assert_octets(imp_set_octets(&set, 0, 0, 4), world.server.spki);
	assert_int_equal(imp_set_octets(&set, 0, 0, 5).n, IMP_P256_PKCS8);
	assert_int_equal(made.credentials_n, 1);
	assert_int_equal(imp_fingerprint_public(imp_set_octets(&set, 0, 0, 3), print), IMP_OK);
	assert_memory_equal(credential(0, IMP_CREDENTIAL_PUBLIC_KEY)->v, print, sizeof print);
	assert_int_equal(made.certificates_n, 0);
	imp_set_free(&set);
	imp_maker_close(m);
}

static void x509_account(void **state)
{
	struct imp_maker *m;
	struct imp_set set;
	struct imp_x509_info info;
	struct imp_span der;
	char serial[64] = "";

	(void)state;
	accounts[0].security = IMP_SECURITY_X509;
	accounts[0].server_key = world.certificate;
	m = open_maker();
	make_one(m);
	read_payload(&set, 0);
	assert_octets(imp_set_octets(&set, 0, 0, 4), world.server.cert);
	assert_int_equal(made.certificates_n, 1);
	der = made.certificates[0].der;
	assert_octets(imp_set_octets(&set, 0, 0, 3), der);
	assert_true(der.p > made.payload && der.p + der.n <= made.payload + made.payload_n);
	assert_int_equal(imp_x509_info(der, &info), IMP_OK);
	assert_string_equal(info.common_name, "urn:dev:ops:0001B2-METER-0001");
	assert_int_equal(info.not_before_s, PKI_NOW - 60);
	assert_int_equal(info.not_after_s, PKI_NOW + 10 * 86400);
	for (size_t i = 0; i < IMP_CERT_SERIAL; i++)
		snprintf(serial + 2 * i, 3, "%02x",
			(unsigned)credential(0, IMP_CREDENTIAL_CERT_SERIAL)->v[i]);
	assert_string_equal(info.serial, serial);
	assert_non_null(credential(0, IMP_CREDENTIAL_PUBLIC_KEY));
	assert_int_equal(made.credentials_n, 2);
	imp_set_free(&set);
	imp_maker_close(m);
}

static void never_ending_certificate(void **state)
{
	struct imp_maker *m;
	struct imp_x509_info info;

	(void)state;
	accounts[0].security = IMP_SECURITY_X509;
	accounts[0].server_key = world.certificate;
	profile.x509.validity_days = IMP_LEFT_OUT;
	m = open_maker();
	make_one(m);
	assert_int_equal(imp_x509_info(made.certificates[0].der, &info), IMP_OK);
	assert_string_equal(info.not_after, "9999-12-31T23:59:59Z");
	imp_maker_close(m);
}

static void hashed_server_key(void **state)
{
	struct imp_maker *m;
	struct imp_set set;
	uint8_t hash[IMP_SHA256];

	(void)state;
	accounts[0].security = IMP_SECURITY_X509;
	accounts[0].server_key = world.certificate;
	accounts[0].matching_type = 1;
	accounts[0].certificate_usage = 3;
	m = open_maker();
	make_one(m);
	read_payload(&set, 0);
	assert_int_equal(imp_sha256(world.server.cert, hash), IMP_OK);
	assert_octets(imp_set_octets(&set, 0, 0, 4), imp_span(hash, sizeof hash));
	assert_int_equal(imp_set_int(&set, 0, 0, 13, -1), 1);
	assert_int_equal(imp_set_int(&set, 0, 0, 15, -1), 3);
	imp_set_free(&set);
	imp_maker_close(m);
}

static void every_number_has_its_place(void **state)
{
	static const struct {
		uint16_t object, resource;
		int64_t v;
	} rows[] = {
		{ 0, 10, 102 },
		{ 1, 0, 102 },
		{ 1, 1, 1000 },
		{ 1, 2, 2 },
		{ 1, 3, 3 },
		{ 1, 5, 5 },
		{ 1, 6, 0 },
		{ 1, 13, 13 },
		{ 1, 14, 14 },
		{ 1, 15, 1 },
		{ 1, 16, 0 },
		{ 1, 17, 17 },
		{ 1, 18, 18 },
		{ 1, 19, 19 },
		{ 1, 20, 20 },
		{ 1, 21, 1 },
		{ 1, 23, 0 },
		{ 1, 26, 1 },
	};
	struct imp_maker *m;
	struct imp_set set;
	struct imp_profile_account *a = &accounts[1];

	(void)state;
	add_server(102, IMP_SECURITY_PSK);
	accounts[0].hold_off = 3600;
	a->lifetime = 1000;
	a->min_period = 2;
	a->max_period = 3;
	a->disable_timeout = 5;
	a->store_notifications = false;
	a->binding = "UT";
	a->registration_priority = 13;
	a->initial_delay = 14;
	a->failure_block = 1;
	a->bootstrap_on_failure = 0;
	a->retry_count = 17;
	a->retry_timer = 18;
	a->sequence_delay = 19;
	a->sequence_count = 20;
	a->trigger = 1;
	a->preferred_transport = "U";
	a->mute_send = 0;
	a->notification_mode = 1;
	a->sni = "dm.example.com";
	a->suites[0] = 0xC0A8;
	a->suites[1] = 0x00AE;
	a->suites_n = 2;
	profile.enabler_minor = 2;
	m = open_maker();
	make_one(m);
	read_payload(&set, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(imp_set_int(&set, rows[i].object, rows[i].object == 0,
					 rows[i].resource, -1),
			rows[i].v);
	assert_int_equal(imp_set_int(&set, 0, 0, 11, -1), 3600);
	assert_octets(imp_set_octets(&set, 1, 0, 7), imp_span_str("UT"));
	assert_octets(imp_set_octets(&set, 1, 0, 22), imp_span_str("U"));
	assert_octets(imp_set_octets(&set, 0, 1, 14), imp_span_str("dm.example.com"));
	for (uint16_t i = 0; i < 2; i++) {
		bool found = false;

		for (size_t k = 0; k < set.n; k++)
			if (set.v[k].path.object == 0 && set.v[k].path.resource == 16 &&
				set.v[k].path.res_instance == i)
				found = set.v[k].u.u == a->suites[i];
		assert_true(found);
	}
	/* An identity shared by the device's accounts is one fact; each key is one of its own. */
	assert_non_null(credential(0, IMP_CREDENTIAL_PSK_IDENTITY));
	assert_null(credential(1, IMP_CREDENTIAL_PSK_IDENTITY));
	assert_non_null(credential(1, IMP_CREDENTIAL_PSK));
	imp_set_free(&set);
	imp_maker_close(m);
}

/* ---- numbering ---- */

static void instances_are_numbered(void **state)
{
	struct imp_profile_access access = { .object = 3, .instance = 0, .owner = 101, .acl_n = 1 };
	struct imp_maker *m;
	struct imp_set set;

	(void)state;
	access.acl[0] = (struct imp_profile_acl){ 102, 1 };
	add_server(101, IMP_SECURITY_NONE);
	add_server(102, IMP_SECURITY_X509);
	add_server(103, IMP_SECURITY_NONE);
	for (int i = 1; i <= 3; i += 2) {
		accounts[i].oscore.present = true;
		accounts[i].oscore.random_salt = i == 1;
		accounts[i].oscore.aead = i == 1 ? 10 : -1;
		row.accounts[i].sender_id = imp_span_str(i == 1 ? "c1" : "c3");
		row.accounts[i].recipient_id = imp_span_str("s");
	}
	accounts[3].oscore.id_context.template.source = "0001";
	row.accounts[3].id_context = imp_span_str("0001");
	profile.access = &access;
	profile.access_n = 1;
	m = open_maker();
	make_one(m);
	/* K9: three servers with one access control instance. */
	imp_set_init(&set);
	assert_int_equal(
		imp_set_from_ef(&set, imp_span(made.payload, made.payload_n), false, true, NULL),
		IMP_OK);
	for (uint16_t i = 1; i <= 3; i++) {
		assert_int_equal(imp_set_int(&set, 0, i, 10, -1), 100 + i);
		assert_int_equal(imp_set_int(&set, 1, i - 1, 0, -1), 100 + i);
	}
	assert_null(imp_set_get(&set, 0, 0, 10));
	assert_int_equal(imp_set_get(&set, 0, 1, 17)->u.link.instance, 0);
	assert_null(imp_set_get(&set, 0, 2, 17));
	assert_int_equal(imp_set_get(&set, 0, 3, 17)->u.link.instance, 1);
	assert_int_equal(imp_set_get(&set, 0, 3, 17)->u.link.object, 21);
	assert_octets(imp_set_octets(&set, 21, 0, 1), imp_span_str("c1"));
	assert_octets(imp_set_octets(&set, 21, 1, 1), imp_span_str("c3"));
	assert_octets(imp_set_octets(&set, 21, 1, 2), imp_span_str("s"));
	assert_octets(imp_set_octets(&set, 21, 1, 6), imp_span_str("0001"));
	assert_int_equal(imp_set_octets(&set, 21, 0, 0).n, 16);
	assert_int_equal(imp_set_octets(&set, 21, 0, 5).n, 8);
	assert_null(imp_set_get(&set, 21, 1, 5));
	assert_int_equal(imp_set_int(&set, 21, 0, 3, -1), 10);
	assert_null(imp_set_get(&set, 21, 1, 3));
	assert_int_equal(imp_set_int(&set, 2, 0, 0, -1), 3);
	assert_int_equal(imp_set_int(&set, 2, 0, 3, -1), 101);
	assert_non_null(credential(1, IMP_CREDENTIAL_OSCORE_SECRET));
	assert_non_null(credential(3, IMP_CREDENTIAL_OSCORE_SECRET));
	assert_int_equal(made.certificates[0].account, 2);
	imp_set_free(&set);
	imp_maker_close(m);
}

/* ---- what the target decides ---- */

/* D1 */
static void unused_key_resources(void **state)
{
	static const struct {
		enum imp_security security;
		uint16_t unused[3];
		size_t n;
	} rows[] = {
		{ IMP_SECURITY_PSK, { 4 }, 1 },
		{ IMP_SECURITY_NONE, { 3, 4, 5 }, 3 },
	};

	(void)state;
	for (uint8_t minor = 0; minor <= 2; minor++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct imp_maker *m;
			struct imp_set set;

			reset(NULL);
			profile.enabler_minor = minor;
			add_server(101, rows[i].security);
			m = open_maker();
			make_one(m);
			read_payload(&set, 0);
			for (size_t k = 0; k < rows[i].n; k++) {
				const struct imp_value *v =
					imp_set_get(&set, 0, 1, rows[i].unused[k]);

				assert_int_equal(v != NULL, minor < 2);
				if (v)
					assert_int_equal(v->u.s.n, 0);
			}
			imp_set_free(&set);
			imp_maker_close(m);
		}
}

/* D15 */
static void account_timeouts(void **state)
{
	static const struct {
		enum imp_keys keys;
		int64_t timeout; /* of the profile */
		int64_t written; /* -1: absent */
		enum imp_status st;
	} rows[] = {
		{ IMP_KEYS_PERSISTENT, -1, -1, IMP_OK },
		{ IMP_KEYS_PERSISTENT, 0, 0, IMP_OK },
		{ IMP_KEYS_PERSISTENT, 60, 0, IMP_E_INCONSISTENT },
		{ IMP_KEYS_NON_PERSISTENT, -1, 1, IMP_OK },
		{ IMP_KEYS_NON_PERSISTENT, 1, 1, IMP_OK },
		{ IMP_KEYS_NON_PERSISTENT, 86400, 86400, IMP_OK },
		{ IMP_KEYS_NON_PERSISTENT, 0, 0, IMP_E_INCONSISTENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_maker *m;
		struct imp_diag diag = { .text = "" };

		profile.keys = rows[i].keys;
		accounts[0].account_timeout = rows[i].timeout;
		m = open_maker();
		assert_int_equal(imp_maker_make(m, &row, &made, &diag), rows[i].st);
		if (rows[i].st == IMP_OK) {
			assert_int_equal(
				imp_set_int(imp_maker_set(m), 0, 0, 12, -1), rows[i].written);
			assert_int_equal(made.keys, rows[i].keys);
		} else {
			assert_non_null(strstr(diag.text, "F8"));
			assert_true(imp_span_all(imp_span(made.payload, sizeof made.payload), 0));
			assert_int_equal(made.payload_n + made.credentials_n, 0);
			assert_int_equal(imp_maker_set(m)->n, 0);
		}
		imp_maker_close(m);
	}
}

static void explicit_versions(void **state)
{
	static const struct {
		uint8_t enabler;
		uint16_t object;
		uint8_t major, minor;
	} rows[] = {
		{ 0, 0, 1, 0 },
		{ 0, 1, 1, 0 },
		{ 1, 0, 1, 1 },
		{ 1, 1, 1, 1 },
		{ 1, 21, 1, 1 },
		{ 2, 0, 1, 2 },
		{ 2, 1, 1, 2 },
		{ 2, 21, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_maker *m;
		struct imp_set set;
		const struct imp_object_version *v;

		reset(NULL);
		profile.enabler_minor = rows[i].enabler;
		profile.explicit_versions = true;
		add_server(101, IMP_SECURITY_PSK);
		if (rows[i].object == 21) {
			accounts[1].oscore.present = true;
			row.accounts[1].sender_id = imp_span_str("c");
			row.accounts[1].recipient_id = imp_span_str("s");
		}
		m = open_maker();
		make_one(m);
		read_payload(&set, 0);
		v = imp_set_version(&set, rows[i].object);
		assert_non_null(v);
		assert_int_equal(v->major, rows[i].major);
		assert_int_equal(v->minor, rows[i].minor);
		assert_null(imp_set_version(&set, 2));
		imp_set_free(&set);
		imp_maker_close(m);
	}
}

/* ---- tests and refusals ---- */

static void test_source_repeats(void **state)
{
	static uint8_t first[IMP_PAYLOAD_MAX];
	size_t n = 0;

	(void)state;
	add_server(101, IMP_SECURITY_RPK);
	for (int i = 0; i < 2; i++) {
		struct imp_rng_test *rng;
		struct imp_maker *m;

		assert_int_equal(imp_rng_test_open(imp_span_str("seed"), &rng), IMP_OK);
		m = open_maker_with(imp_rng_test_rng(rng));
		make_one(m);
		assert_true(made.test);
		assert_memory_equal(imp_set_octets(imp_maker_set(m), 0, 0, 5).p, "TEST", 4);
		if (i == 0) {
			n = made.payload_n;
			memcpy(first, made.payload, n);
		}
		assert_octets(imp_span(made.payload, made.payload_n), imp_span(first, n));
		imp_maker_close(m);
		imp_rng_test_close(rng);
	}
}

static void refusals(void **state)
{
	struct imp_maker *m = NULL;
	struct imp_diag diag;
	enum imp_status st;

	(void)state;
	/* A file that is not there, of the wrong kind, of no kind. */
	accounts[0].security = IMP_SECURITY_RPK;
	accounts[0].server_key = "/nowhere/server.pem";
	st = imp_maker_open(&profile, NULL, imp_rng_openssl(), PKI_NOW, &m, &diag);
	assert_int_equal(st, IMP_E_ABSENT);
	accounts[0].server_key = world.certificate;
	st = imp_maker_open(&profile, NULL, imp_rng_openssl(), PKI_NOW, &m, &diag);
	assert_int_equal(st, IMP_E_INCONSISTENT);
	assert_non_null(strstr(diag.text, "a certificate, but security rpk"));
	accounts[0].server_key = "/dev/null";
	st = imp_maker_open(&profile, NULL, imp_rng_openssl(), PKI_NOW, &m, &diag);
	assert_int_equal(st, IMP_E_FORMAT);
	accounts[0].security = IMP_SECURITY_X509;
	accounts[0].server_key = world.public_key;
	st = imp_maker_open(&profile, world.opened, imp_rng_openssl(), PKI_NOW, &m, &diag);
	assert_int_equal(st, IMP_E_INCONSISTENT);
	st = imp_maker_open(&profile, NULL, imp_rng_openssl(), PKI_NOW, &m, &diag);
	assert_int_equal(st, IMP_E_INTERNAL);
	assert_null(m);

	/* Fields of a row. */
	accounts[0].server_key = world.certificate;
	m = open_maker();
	row.subject = imp_span_str("meter");
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_FORMAT);
	assert_non_null(strstr(diag.text, "subject 'meter'"));
	reset(NULL);
	accounts[0].security = IMP_SECURITY_X509;
	accounts[0].server_key = world.certificate;
	row.endpoint = imp_span_str("urn:dev:m\xC3\xA9ter");
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_FORMAT);
	assert_non_null(strstr(diag.text, "subjectAltName"));
	assert_int_equal(made.payload_n, 0);
	imp_maker_close(m);
}

static void rules_are_kept(void **state)
{
	struct imp_maker *m;
	struct imp_diag diag;

	(void)state;
	/* B11 is the plan's to refuse; the maker still would. */
	m = open_maker();
	row.accounts[0].identity = imp_span(NULL, 0);
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_INCONSISTENT);
	assert_non_null(strstr(diag.text, "B11 at /0/0/3"));
	imp_maker_close(m);

	/* K2 */
	reset(NULL);
	add_server(101, IMP_SECURITY_PSK);
	add_server(101, IMP_SECURITY_PSK);
	m = open_maker();
	assert_int_equal(imp_maker_make(m, &row, &made, &diag), IMP_E_INCONSISTENT);
	assert_non_null(strstr(diag.text, "K2"));
	assert_true(imp_span_all(imp_span(made.payload, sizeof made.payload), 0));
	imp_maker_close(m);
}

static void names_of_credentials(void **state)
{
	(void)state;
	assert_string_equal(imp_credential_name(IMP_CREDENTIAL_PSK_IDENTITY), "psk-identity");
	assert_string_equal(imp_credential_name(IMP_CREDENTIAL_OSCORE_SECRET), "oscore-secret");
	assert_string_equal(imp_credential_name(0), "unknown");
	assert_string_equal(imp_credential_name(255), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(psk_account, reset),
		cmocka_unit_test_setup(psk_lengths, reset),
		cmocka_unit_test_setup(rpk_account, reset),
		cmocka_unit_test_setup(x509_account, reset),
		cmocka_unit_test_setup(never_ending_certificate, reset),
		cmocka_unit_test_setup(hashed_server_key, reset),
		cmocka_unit_test_setup(every_number_has_its_place, reset),
		cmocka_unit_test_setup(instances_are_numbered, reset),
		cmocka_unit_test_setup(unused_key_resources, reset),
		cmocka_unit_test_setup(account_timeouts, reset),
		cmocka_unit_test_setup(explicit_versions, reset),
		cmocka_unit_test_setup(test_source_repeats, reset),
		cmocka_unit_test_setup(refusals, reset),
		cmocka_unit_test_setup(rules_are_kept, reset),
		cmocka_unit_test(names_of_credentials),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
