/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keycheck.h"
#include "factory/plan.h"
#include "factory/profile.h"
#include "host/file.h"
#include "tests/fake/findings.h"
#include "tests/fake/pki.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static int64_t now(void *ctx)
{
	(void)ctx;
	return PKI_NOW;
}

static const struct imp_clock clock_fake = { NULL, NULL, now };

static char dir[] = "/tmp/imprint-profile-XXXXXX"; /* the files that the profiles name */

static void put(const char *name, struct imp_span data)
{
	char path[128];
	struct imp_diag diag = { .text = "" };

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(imp_file_write(path, data, true, &diag), IMP_OK);
}

/* Make a pair and keep it in files: NAME.pem, NAME.key. */
static void put_pki(const char *name, const struct pki_options *options)
{
	struct pki pki;
	char file[64];

	pki_make(&pki, options);
	(void)snprintf(file, sizeof file, "%s.pem", name);
	put(file, pki.cert_pem);
	(void)snprintf(file, sizeof file, "%s.key", name);
	put(file, pki.key_pem);
	(void)snprintf(file, sizeof file, "%s.pub", name);
	put(file, pki.spki_pem);
	pki_free(&pki);
}

static int make_files(void **state)
{
	static const char small_layout[] = "base: 0\nsize: 256\nerase: 128\nprogram: 1\n"
					   "slots: [0, 128]\nslot-size: 128\n";
	static const char bad_layout[] = "base: 0\nsize: 512\nerase: 256\nprogram: 3\n"
					 "slots: [0, 256]\nslot-size: 256\n";

	(void)state;
	assert_non_null(mkdtemp(dir));
	put_pki("ca", &(struct pki_options){
			      .key = PKI_P256, .before = -PKI_YEAR, .after = 30L * PKI_YEAR });
	put_pki("other", &(struct pki_options){ .key = PKI_P256 });
	put_pki("short", &(struct pki_options){ .key = PKI_P256 });
	put_pki("old", &(struct pki_options){
			       .key = PKI_P256, .before = -2L * PKI_YEAR, .after = -PKI_YEAR });
	put_pki("future", &(struct pki_options){
				  .key = PKI_P256, .before = PKI_YEAR, .after = 2L * PKI_YEAR });
	put_pki("weak", &(struct pki_options){ .key = PKI_P224, .leaf = true });
	put_pki("server", &(struct pki_options){ .key = PKI_P256, .leaf = true, .cn = "dm" });
	put_pki("backend", &(struct pki_options){ .key = PKI_RSA2048, .leaf = true });
	put("station.key", imp_span_str("hex:000102030405060708090a0b0c0d0e0f"
					"101112131415161718191a1b1c1d1e1f\n"));
	put("short.sta", imp_span_str("hex:0001020304\n"));
	put("junk", imp_span_str("junk\n"));
	put("small.yaml", imp_span_str(small_layout));
	put("wrong.yaml", imp_span_str(bad_layout));
	return 0;
}

static int remove_files(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static enum imp_status parse(const char *text, size_t n, bool text_only, struct imp_profile *out,
	struct imp_problems *problems)
{
	const struct imp_profile_options options = { text_only, &clock_fake,
		&imp_keycheck_openssl };
	char *exact = malloc(n ? n : 1);
	enum imp_status st;

	memcpy(exact, text, n);
	st = imp_profile_parse(imp_span(exact, n), "p.yaml", dir, &options, out, problems);
	free(exact);
	return st;
}

static const char psk[] = "product: meter\n"		   /* 1 */
			  "endpoint: \"urn:x:{serial}\"\n" /* 2 */
			  "keys: persistent\n"		   /* 3 */
			  "enabler: \"1.1\"\n"		   /* 4 */
			  "accounts:\n"			   /* 5 */
			  "  - role: bootstrap\n"	   /* 6 */
			  "    uri: coaps://bs.example.com:5684\n"
			  "    security: psk\n"
			  "    hold-off: 5\n" /* 9 */
			  "    psk: {identity: \"bs-{serial}\", length: 32}\n"
			  "  - role: server\n" /* 11 */
			  "    uri: coaps://dm.example.com\n"
			  "    security: psk\n"
			  "    short-server-id: 101\n" /* 14 */
			  "    lifetime: 86400\n"      /* 15 */
			  "    binding: U\n"	       /* 16 */
			  "targets:\n"		       /* 17 */
			  "  flash:\n"
			  "    layout: stm32-2k\n" /* 19 */
			  "    encode: ihex\n"	   /* 20 */
			  "seal:\n"		   /* 21 */
			  "  station-key: station.key\n";

static const char x509[] = "product: meter\n"
			   "endpoint: \"urn:x:{serial}\"\n"
			   "keys: persistent\n"
			   "enabler: \"1.1\"\n"
			   "accounts:\n" /* 5 */
			   "  - role: server\n"
			   "    uri: coaps://dm.example.com\n"
			   "    security: x509\n"
			   "    short-server-id: 101\n"
			   "    server-key: server.pem\n" /* 10 */
			   "x509:\n"
			   "  ca: ca.pem\n"
			   "  ca-key: ca.key\n"
			   "  subject: \"CN={endpoint},O=Maker\"\n" /* 14 */
			   "  validity-days: 3650\n"
			   "targets:\n"
			   "  flash:\n"
			   "    layout: generic-64k\n" /* 18 */
			   "seal:\n"
			   "  certificate: backend.pem\n"; /* 20 */

/* Written over the air: no medium, no seal. */
static const char air[] = "product: meter\n"
			  "endpoint: \"urn:x:{serial}\"\n"
			  "keys: persistent\n"
			  "accounts:\n"
			  "  - role: bootstrap\n" /* 5 */
			  "    uri: coaps://bs.example.com:5684\n"
			  "    security: psk\n"
			  "    psk: {identity: \"bs2-{serial}\", length: 32}\n"
			  "targets:\n"
			  "  server: true\n";

/* Two servers with rules of access. */
static const char access_rules[] = "product: lamp\n"
				   "endpoint: \"urn:x:{serial}\"\n"
				   "keys: persistent\n"
				   "enabler: \"1.2\"\n"
				   "accounts:\n" /* 5 */
				   "  - role: server\n"
				   "    uri: coap://a.example.com\n"
				   "    security: none\n"
				   "    short-server-id: 101\n"
				   "    oscore:\n" /* 10 */
				   "      sender-id: \"hex:{serial}\"\n"
				   "      recipient-id: \"hex:01\"\n"
				   "      salt: random\n"
				   "  - role: server\n"
				   "    uri: coaps+tcp://b.example.com\n" /* 15 */
				   "    security: psk\n"
				   "    short-server-id: 102\n"
				   "    binding: UT\n"
				   "    preferred-transport: T\n"
				   "access-control:\n" /* 20 */
				   "  - object: 3\n"
				   "    instance: 0\n"
				   "    owner: 101\n"
				   "    acl: {101: RWED, 102: RE, 0: R}\n"
				   "  - object: 9\n" /* 25 */
				   "    instance: 65535\n"
				   "    owner: 65535\n"
				   "    acl: {102: C}\n"
				   "targets:\n"
				   "  card: {read-rule: pin}\n" /* 30 */
				   "seal:\n"
				   "  station-key: station.key\n";

/* A profile with one line replaced: the problem that comes of it. */
struct change {
	const char *text, *line, *by;
	enum imp_problem_kind kind;
	unsigned at;
	const char *rule, *part;
};

#define E IMP_PROBLEM_ERROR
#define W IMP_PROBLEM_WARNING

static const struct change changes[] = {
	/* keys and shapes */
	{ psk, "product: meter\n", "", E, 1, "", "key 'product' is missing" },
	{ psk, "product: meter\n", "prodcut: meter\n", E, 1, "", "unknown key 'prodcut'" },
	{ psk, "product: meter\n", "product: meter\nproduct: b\n", E, 2, "", "is in line 1" },
	{ psk, "product: meter\n", "product:\n", E, 1, "", "product has no value" },
	{ psk, "    hold-off: 5\n", "    holdoff: 5\n", E, 9, "",
		"unknown key 'holdoff' in accounts[0]" },
	{ psk, "    uri: coaps://dm.example.com\n", "", E, 11, "",
		"'uri' is missing in accounts[1]" },
	{ psk, "seal:\n  station-key: station.key\n", "", E, 1, "", "'seal' is missing" },
	{ psk, "keys: persistent\n", "keys: forever\n", E, 3, "",
		"'forever' is none of persistent, non-persistent" },
	{ psk, "enabler: \"1.1\"\n", "enabler: \"1.3\"\n", E, 4, "", "none of 1.0, 1.1, 1.2" },
	{ psk, "enabler: \"1.1\"\n", "enabler: \"1.1\"\nobject-versions: yes\n", E, 5, "",
		"none of implicit, explicit" },
	{ psk, "  - role: server\n", "  - role: client\n", E, 11, "", "none of bootstrap, server" },
	{ psk, "    encode: ihex\n", "    encode: hex\n", E, 20, "", "none of bin, ihex" },
	/* numbers */
	{ psk, "    lifetime: 86400\n", "    lifetime: 1.5\n", E, 15, "", "'1.5' is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 1e3\n", E, 15, "", "'1e3' is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 0x10\n", E, 15, "", "is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 010\n", E, 15, "", "is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: +5\n", E, 15, "", "is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: -1\n", E, 15, "", "is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 86400s\n", E, 15, "", "is not a number" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 2147483648\n", E, 15, "",
		"not within 0..2147483647" },
	{ psk, "    lifetime: 86400\n", "    lifetime: 0\n", W, 15, "", "0 means infinite only" },
	{ psk, "    lifetime: 86400\n", "    min-period: 9\n    max-period: 8\n", E, 16, "",
		"smaller than min-period" },
	{ psk, "    lifetime: 86400\n", "    store-notifications: maybe\n", E, 15, "",
		"neither true nor false" },
	{ psk, "    lifetime: 86400\n", "    store-notifications: yes\n", E, 15, "",
		"neither true nor false" },
	{ psk, "length: 32}", "length: 15}", E, 10, "", "15 is not within 16..64" },
	{ psk, "length: 32}", "length: 65}", E, 10, "", "65 is not within 16..64" },
	/* short server ids */
	{ psk, "    short-server-id: 101\n", "    short-server-id: 0\n", E, 14, "",
		"0 is not within 1..65534" },
	{ psk, "    short-server-id: 101\n", "    short-server-id: 65535\n", E, 14, "",
		"65535 is not within 1..65534" },
	{ psk, "    short-server-id: 101\n", "", E, 11, "K3", "needs short-server-id" },
	{ psk, "    hold-off: 5\n", "    short-server-id: 5\n", E, 9, "K3",
		"a bootstrap account has no such key" },
	{ access_rules, "    short-server-id: 102\n", "    short-server-id: 101\n", E, 17, "K2",
		"101 is the id of the account in line 6 already" },
	/* accounts */
	{ psk, "  - role: server\n", "  - role: bootstrap\n", E, 11, "K5",
		"a second bootstrap account; the first is in line 6" },
	{ psk, "    binding: U\n", "    hold-off: 1\n", E, 16, "",
		"a server account has no such key" },
	{ psk, "    hold-off: 5\n", "    lifetime: 5\n", E, 9, "",
		"a bootstrap account has no such key" },
	{ psk, "    binding: U\n", "    server-key: server.pem\n", E, 16, "",
		"no meaning with security psk" },
	{ psk, "    binding: U\n", "    certificate-usage: trust-anchor\n", E, 16, "",
		"no meaning with security psk" },
	{ psk, "    binding: U\n", "    notification-mode: confirmable\n", E, 16, "",
		"since enabler 1.2" },
	{ psk, "enabler: \"1.1\"\n", "enabler: \"1.0\"\n", W, 0, "", "" },
	/* URIs */
	{ psk, "uri: coaps://dm.example.com\n", "uri: coap://dm.example.com\n", E, 12, "K13",
		"'coap' does not go with security psk" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: mqtts://dm.example.com\n", E, 12, "K13",
		"'mqtts' is not one of CoAP" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: dm.example.com\n", E, 12, "K7",
		"no server URI" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: coaps://\n", E, 12, "K7", "no server URI" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: coaps://dm.example.com:0\n", E, 12, "K7",
		"no server URI" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: coaps://dm.example.com:65536\n", E, 12, "K7",
		"no server URI" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: \"coaps://dm example.com\"\n", E, 12, "K7",
		"no server URI" },
	{ psk, "uri: coaps://dm.example.com\n", "uri: \"coaps://dm.example.com/#x\"\n", E, 12, "K7",
		"no server URI" },
	{ access_rules, "coap://a.example.com", "coaps://a.example.com", E, 7, "K13",
		"'coaps' does not go with security none" },
	{ access_rules, "    binding: UT\n    preferred-transport: T\n", "    binding: U\n", W, 18,
		"", "has no T" },
	/* bindings */
	{ psk, "    binding: U\n", "    binding: UQ\n", E, 16, "", "no binding of enabler 1.1" },
	{ psk, "    binding: U\n", "    binding: UU\n", E, 16, "", "no binding of enabler 1.1" },
	{ psk, "    binding: U\n", "    binding: H\n", E, 16, "", "no binding of enabler 1.1" },
	{ access_rules, "    preferred-transport: T\n", "    preferred-transport: S\n", E, 19, "",
		"not one letter of binding 'UT'" },
	/* suites and SNI */
	{ psk, "    binding: U\n", "    ciphersuites: [TLS_PSK_WITH_RC4]\n", E, 16, "",
		"neither a known IANA name" },
	{ psk, "    binding: U\n", "    ciphersuites: [0xC0AG]\n", E, 16, "",
		"neither a known IANA name" },
	{ psk, "    binding: U\n", "    ciphersuites: [49320]\n", E, 16, "",
		"neither a known IANA name" },
	{ psk, "    binding: U\n", "    ciphersuites: [0xC0AE]\n", E, 16, "",
		"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 does not go with security psk" },
	{ psk, "    binding: U\n", "    ciphersuites: [0xC0A8, TLS_PSK_WITH_AES_128_CCM_8]\n", E,
		16, "", "is there twice" },
	{ psk, "    binding: U\n", "    ciphersuites: [0x1234]\n", W, 16, "", "is not known here" },
	{ psk, "    binding: U\n", "    sni: \"a b\"\n", E, 16, "", "is not a host name" },
	{ psk, "    binding: U\n", "    sni: 10.0.0.1\n", E, 16, "", "is not a host name" },
	{ x509, "uri: coaps://dm.example.com\n", "uri: coaps://10.0.0.1\n", W, 7, "",
		"the host is an address" },
	/* templates */
	{ psk, "\"urn:x:{serial}\"", "\"urn:x:{serial\"", E, 2, "", "is not closed" },
	{ psk, "\"urn:x:{serial}\"", "\"urn:x\"", E, 2, "",
		"every device would get the same name" },
	{ psk, "\"bs-{serial}\"", "\"bs-{}\"", E, 10, "", "names no column" },
	{ psk, "\"bs-{serial}\"", "bs", E, 10, "B12", "every device would get the same" },
	{ x509, "CN={endpoint},O=Maker", "CN={endpoint", E, 14, "", "is not closed" },
	{ x509, "CN={endpoint},O=Maker", "XX={endpoint}", E, 14, "", "a type is not one of" },
	{ x509, "CN={endpoint},O=Maker", "CN=other-{serial}", W, 6, "B14", "accounts[0]" },
	/* keys attribute */
	{ psk, "keys: persistent\n", "keys: non-persistent\n", W, 3, "F12", "once purged" },
	{ psk, "    hold-off: 5\n", "    account-timeout: 60\n", E, 9, "F8", "would purge" },
	{ x509, "keys: persistent\n", "keys: non-persistent\n", E, 3, "F8",
		"nothing can be purged" },
	/* access control */
	{ access_rules, "    owner: 101\n", "    owner: 103\n", E, 23, "K11", "no server account" },
	{ access_rules, "    owner: 101\n", "    owner: 0\n", E, 23, "", "not within 1..65535" },
	{ access_rules, "    owner: 65535\n", "    owner: 101\n", E, 27, "K12",
		"belongs to 65535" },
	{ access_rules, "102: RE,", "103: RE,", E, 24, "K11",
		"103 is the id of no server account" },
	{ access_rules, "102: RE,", "102: REX,", E, 24, "", "not made of the letters" },
	{ access_rules, "102: RE,", "102: REE,", E, 24, "", "not made of the letters" },
	{ access_rules, "102: RE,", "102: [R],", E, 24, "", "rights are letters" },
	{ access_rules, "102: RE,", "0102: RE,", E, 24, "K11", "'0102' is not a short server id" },
	{ access_rules, "102: RE,", "65535: RE,", E, 24, "K11", "is not a short server id" },
	{ access_rules, "102: RE,", "101: RE,", E, 24, "", "101 is there twice" },
	{ access_rules, "102: RE,", "102: REC,", E, 24, "K12", "belongs to a rule with" },
	{ access_rules, "{102: C}", "{102: CR}", E, 28, "K12", "the right C alone" },
	{ access_rules, "{102: C}", "C", E, 28, "", "must be a mapping" },
	{ access_rules, "  - object: 9\n    instance: 65535\n", "  - object: 3\n    instance: 0\n",
		E, 26, "K10", "/3/0 has a rule in line 21 already" },
	{ access_rules, "  - object: 9\n", "  - object: 0\n", E, 25, "", "not within 1..65534" },
	{ access_rules, "  - object: 9\n    instance: 65535\n    owner: 65535\n    acl: {102: C}\n",
		"", W, 20, "K12", "no server can create" },
	/* OSCORE */
	{ access_rules, "\"hex:01\"", "\"hex:{serial}\"", E, 12, "OSCORE", "same as sender-id" },
	{ access_rules, "\"hex:01\"", "\"hex:0\"", E, 12, "OSCORE",
		"even number of hexadecimal digits" },
	{ access_rules, "\"hex:01\"", "\"hex:0102030405060708\"", E, 12, "OSCORE",
		"longer than 7 octets" },
	{ access_rules, "      salt: random\n", "      salt: 00\n", E, 13, "",
		"none of none, random" },
	{ access_rules, "      salt: random\n", "      aead: 10\n", E, 13, "", "'10' is none of" },
	{ access_rules, "      salt: random\n", "      hmac: MD5\n", E, 13, "",
		"'MD5' is none of" },
	{ access_rules, "      recipient-id: \"hex:01\"\n", "", E, 10, "",
		"'recipient-id' is missing in accounts[0].oscore" },
	{ access_rules, "enabler: \"1.2\"\n", "enabler: \"1.0\"\n", E, 10, "",
		"since enabler 1.1" },
	/* targets and seal */
	{ psk, "  flash:\n    layout: stm32-2k\n    encode: ihex\n", "  {}\n", E, 17, "",
		"name flash, card or both; or server alone" },
	{ psk, "  flash:\n    layout: stm32-2k\n    encode: ihex\n", "  server: yes\n", E, 18, "",
		"neither true nor false" },
	{ psk, "  flash:\n    layout: stm32-2k\n    encode: ihex\n", "  server: false\n", E, 17, "",
		"name flash, card or both; or server alone" },
	{ psk, "    encode: ihex\n", "    encode: ihex\n  server: true\n", E, 17, "",
		"server stands alone" },
	{ psk, "  flash:\n    layout: stm32-2k\n    encode: ihex\n", "  server: true\n", W, 19, "",
		"without effect" },
	{ air, "  server: true\n", "  flash: {layout: stm32-2k}\n", E, 1, "", "'seal' is missing" },
	{ air, "    psk: {", "    account-timeout: 60\n    psk: {", E, 8, "F8", "would purge" },
	{ air, "keys: persistent\n", "keys: non-persistent\n", W, 3, "F12", "once purged" },
	{ psk, "layout: stm32-2k", "layout: stm33", E, 19, "", "there is none of this name" },
	{ psk, "layout: stm32-2k", "layout: ./lost.yaml", E, 19, "", "No such file" },
	{ psk, "layout: stm32-2k", "layout: small.yaml", E, 19, "", "does not fit a slot" },
	{ psk, "  station-key: station.key\n", "  {}\n", E, 21, "", "not none" },
	{ psk, "  station-key: station.key\n",
		"  station-key: station.key\n  certificate: backend.pem\n", E, 21, "", "not both" },
	{ psk, "station-key: station.key", "station-key: lost.key", E, 22, "", "No such file" },
	{ psk, "station-key: station.key", "station-key: short.sta", E, 22, "", "holds 5 octets" },
	{ psk, "station-key: station.key", "certificate: lost.pem", E, 22, "", "No such file" },
	{ psk, "station-key: station.key", "certificate: junk", E, 22, "", "is no certificate" },
	{ psk, "station-key: station.key", "certificate: old.pem", E, 22, "", "expired on" },
	/* X.509 */
	{ x509, "  ca: ca.pem\n", "  ca: lost.pem\n", E, 12, "", "No such file" },
	{ x509, "  ca: ca.pem\n", "  ca: junk\n", E, 12, "", "junk" },
	{ x509, "  ca: ca.pem\n", "  ca: other.pem\n", E, 12, "", "other.pem" },
	{ x509, "  ca: ca.pem\n  ca-key: ca.key\n", "  ca: old.pem\n  ca-key: old.key\n", E, 12, "",
		"old.pem" },
	{ x509, "  ca: ca.pem\n  ca-key: ca.key\n", "  ca: server.pem\n  ca-key: server.key\n", E,
		12, "", "server.pem" },
	{ x509, "  ca-key: ca.key\n", "  ca-key: lost.key\n", E, 13, "", "No such file" },
	{ x509, "  ca: ca.pem\n  ca-key: ca.key\n", "  ca: short.pem\n  ca-key: short.key\n", W, 15,
		"", "would outlive" },
	{ x509, "  validity-days: 3650\n", "  validity-days: 0\n", E, 15, "",
		"not within 1..36525" },
	{ x509, "    server-key: server.pem\n", "", E, 6, "B15", "needs server-key" },
	{ x509, "    server-key: server.pem\n", "    server-key: lost.pem\n", E, 10, "",
		"No such file" },
	{ x509, "    server-key: server.pem\n", "    server-key: junk\n", E, 10, "B13",
		"neither a certificate nor a public key" },
	{ x509, "    server-key: server.pem\n", "    server-key: server.pub\n", E, 10, "B15",
		"a bare public key" },
	{ x509, "    server-key: server.pem\n", "    server-key: weak.pem\n", E, 10, "B3",
		"too weak" },
	{ x509, "    server-key: server.pem\n", "    server-key: old.pem\n", E, 10, "",
		"expired on" },
	{ x509, "    server-key: server.pem\n", "    server-key: future.pem\n", E, 10, "",
		"is not in force before" },
	{ x509, "    server-key: server.pem\n", "    server-key: ca.pem\n", W, 10, "",
		"is a CA's certificate" },
	{ x509, "    server-key: server.pem\n",
		"    server-key: server.pem\n    certificate-usage: trust-anchor\n", E, 11, "",
		"is no CA's certificate" },
	{ x509,
		"x509:\n  ca: ca.pem\n  ca-key: ca.key\n  subject: \"CN={endpoint},O=Maker\"\n"
		"  validity-days: 3650\n",
		"", E, 8, "", "x509 needs the profile's part x509" },
};

static void changed(char *text, size_t cap, const struct change *c)
{
	const char *at = strstr(c->text, c->line);

	assert_non_null(at);
	(void)snprintf(
		text, cap, "%.*s%s%s", (int)(at - c->text), c->text, c->by, at + strlen(c->line));
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const struct change *c = &changes[i];
		IMP_PROFILE p = { 0 };
		IMP_PROBLEMS problems = { 0 };
		char text[2048];
		enum imp_status st;

		changed(text, sizeof text, c);
		st = parse(text, strlen(text), false, &p, &problems);
		if ((st == IMP_OK) != (problems.errors == 0) || (st != IMP_OK && p.arena.head) ||
			(c->at && !findings_have(&problems, c->kind, c->at, c->rule, c->part))) {
			findings_print(text, &problems);
			fail_msg("row %zu: %s: no problem in line %u (%s) with '%s'", i, c->by,
				c->at, c->rule, c->part);
		}
	}
}

/* The unchanged ones have nothing against them: without it the table above proves nothing. */
static void test_good(void **state)
{
	static const char *const texts[] = { psk, x509, access_rules, air };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		IMP_PROFILE p = { 0 };
		IMP_PROBLEMS problems = { 0 };

		if (parse(texts[i], strlen(texts[i]), false, &p, &problems) != IMP_OK ||
			problems.warnings) {
			findings_print(texts[i], &problems);
			fail();
		}
	}
}

static void test_values(void **state)
{
	IMP_PROFILE p = { 0 };
	IMP_PROBLEMS problems = { 0 };
	const struct imp_profile_account *a;
	char path[128];

	(void)state;
	assert_int_equal(parse(psk, strlen(psk), false, &p, &problems), IMP_OK);
	assert_string_equal(p.product, "meter");
	assert_int_equal(p.keys, IMP_KEYS_PERSISTENT);
	assert_int_equal(p.enabler_minor, 1);
	assert_true(p.has_bootstrap);
	assert_int_equal(p.accounts_n, 2);
	a = &p.accounts[0];
	assert_true(a->bootstrap);
	assert_int_equal(a->hold_off, 5);
	assert_int_equal(a->account_timeout, IMP_LEFT_OUT);
	assert_int_equal(a->ssid, IMP_LEFT_OUT);
	assert_string_equal(a->identity.source, "bs-{serial}");
	assert_int_equal(a->psk_length, 32);
	a = &p.accounts[1];
	assert_int_equal(a->ssid, 101);
	assert_int_equal(a->lifetime, 86400);
	assert_string_equal(a->binding, "U");
	assert_true(a->store_notifications);
	assert_int_equal(a->retry_count, IMP_LEFT_OUT);
	assert_string_equal(a->identity.source, "{endpoint}");
	assert_int_equal(a->psk_length, 16);
	assert_true(p.flash.present);
	assert_int_equal(p.flash.encode, IMP_ENCODE_IHEX);
	assert_int_equal(p.flash.layout.base, 0x0803E000);
	assert_false(p.card.present);
	assert_int_equal(p.seal.kind, IMP_SEAL_STATION_KEY);
	(void)snprintf(path, sizeof path, "%s/station.key", dir);
	assert_string_equal(p.seal.file, path);
}

/* Accounts and rules come in canonical order, whatever the file's. */
static void test_order(void **state)
{
	static const char text[] =
		"product: p\nendpoint: \"{serial}\"\nkeys: persistent\n"
		"accounts:\n"
		"  - {role: server, uri: \"coaps://c\", security: psk, "
		"short-server-id: 9}\n"
		"  - {role: server, uri: \"coaps://b\", security: psk, "
		"short-server-id: 2}\n"
		"  - {role: bootstrap, uri: \"coaps://a\", security: psk}\n"
		"access-control:\n"
		"  - {object: 9, instance: 65535, owner: 65535, acl: {2: C}}\n"
		"  - {object: 3, instance: 0, owner: 9, acl: {9: R, 0: R, 2: W}}\n"
		"targets: {card: {}}\nseal: {station-key: k}\n";
	IMP_PROFILE p = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, true, &p, &problems), IMP_OK);
	assert_true(p.accounts[0].bootstrap);
	assert_int_equal(p.accounts[0].index, 2);
	assert_int_equal(p.accounts[1].ssid, 2);
	assert_int_equal(p.accounts[2].ssid, 9);
	assert_int_equal(p.access[0].object, 3);
	assert_int_equal(p.access[0].acl[0].ssid, 0);
	assert_int_equal(p.access[0].acl[1].ssid, 2);
	assert_int_equal(p.access[0].acl[1].rights, 2);
	assert_int_equal(p.access[0].acl[2].ssid, 9);
	assert_int_equal(p.access[1].acl[0].rights, 16);
	assert_true(p.card.present);
	assert_true(p.card.opensc_compatible);
	assert_int_equal(p.card.read_rule, IMP_READ_ALWAYS);
}

/* One run tells all of it. */
static void test_all_at_once(void **state)
{
	static const char text[] = "product: p\nendpoint: x\nkeys: persistent\nprodcut: q\n"
				   "accounts:\n"
				   "  - {role: bootstrap, uri: \"coap://a\", security: psk}\n"
				   "  - {role: bootstrap, uri: \"coaps://b\", security: psk,\n"
				   "     hold-off: 1.5}\n"
				   "  - {role: server, uri: \"coaps://c\", security: psk,\n"
				   "     short-server-id: 0}\n"
				   "targets: {flash: {layout: none-such}}\n"
				   "seal: {station-key: lost}\n";
	static const unsigned lines[] = { 2, 4, 6, 7, 8, 10, 11, 12 };
	IMP_PROFILE p = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, false, &p, &problems), IMP_E_FORMAT);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_true(findings_have(&problems, IMP_PROBLEM_ERROR, lines[i], "", ""));
	assert_int_equal(problems.errors, sizeof lines / sizeof lines[0]);
}

/* Text alone: files are not looked for. */
static void test_text_only(void **state)
{
	IMP_PROFILE p = { 0 };
	IMP_PROBLEMS problems = { 0 };
	struct change c = { x509, "  ca: ca.pem\n", "  ca: lost.pem\n", E, 0, "", "" };
	char text[2048];

	(void)state;
	changed(text, sizeof text, &c);
	assert_int_equal(parse(text, strlen(text), true, &p, &problems), IMP_OK);
	assert_int_equal(problems.errors, 0);
}

/* Every prefix is refused or a whole profile; every changed bit as well: no crash, no half
 * profile.  (Text only: the files are another matter.) */
static void test_sweep(void **state)
{
	size_t n = strlen(access_rules), refused = 0;
	char *text = strdup(access_rules);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		IMP_PROFILE p = { 0 };
		IMP_PROBLEMS problems = { 0 };

		refused += parse(text, i, true, &p, &problems) != IMP_OK;
	}
	assert_true(
		refused == n - strlen("station.key\n") + 1); /* of a file name any part is one */
	for (size_t bit = 0; bit < n * 8; bit++) {
		IMP_PROFILE p = { 0 };
		IMP_PROBLEMS problems = { 0 };
		enum imp_status st;

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		st = parse(text, n, true, &p, &problems);
		assert_int_equal(st == IMP_OK, problems.errors == 0);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	free(text);
}

/* ---- what ships ---- */

static void test_shipped(void **state)
{
	static const char *const names[] = { "x509-persistent", "psk-persistent",
		"psk-non-persistent", "psk-over-air", "rpk-oscore" };
	const struct imp_profile_options options = { true, NULL, NULL };
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };

	(void)state;
	assert_int_equal(
		imp_devices_load("factory/profiles/devices.csv", false, &list, &problems), IMP_OK);
	assert_int_equal(list.n, 24);
	assert_int_equal(problems.warnings, 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		IMP_PROFILE p = { 0 };
		char path[128];

		(void)snprintf(path, sizeof path, "factory/profiles/%s.yaml", names[i]);
		if (imp_profile_load(path, &options, &p, &problems) != IMP_OK ||
			imp_plan_check(&p, &list, false, &problems) != IMP_OK) {
			findings_print(path, &problems);
			fail();
		}
		assert_int_equal(list.n, 24);
	}
	/* the one warning is that of keys which serve once */
	assert_int_equal(problems.warnings, 1);
	assert_string_equal(problems.v[0].rule, "F12");
}

/* ---- plans ---- */

struct planned {
	const char *profile, *line, *by, *list;
	unsigned at;
	const char *part;
};

#define S128                                                               \
	"0123456789012345678901234567890123456789012345678901234567890123" \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct planned plans[] = {
	{ psk, "", "", "serial\nA\nB\n", 0, NULL },
	{ psk, "urn:x:{serial}", "{lost}", "serial\nA\n", 0, "has no column 'lost'" },
	{ psk, "bs-{serial}", "{lost}", "serial\nA\n", 0, "has no column 'lost'" },
	{ x509, "CN={endpoint},O=Maker", "CN={endpoint},O={lost}", "serial\nA\n", 0,
		"has no column 'lost'" },
	{ access_rules, "hex:{serial}", "hex:{lost}", "serial\n01\n", 0, "has no column 'lost'" },
	{ psk, "urn:x:{serial}", "{lot}-{serial}", "serial,lot\nA,1\nB,\n", 3,
		"column 'lot' is empty" },
	{ psk, "urn:x:{serial}", "{lot}", "serial,lot\nA,1\nB,1\n", 3,
		"endpoint '1' is that of line 2 already" },
	{ psk, "bs-{serial}", "{lot}", "serial,lot\nA,1\nB,1\n", 3,
		"PSK identity '1' is that of line 2 already" },
	{ psk, "urn:x:{serial}", "{lot}{serial}", "serial,lot\nA," S128 "\n", 2,
		"longer than 128 octets" },
	{ psk, "bs-{serial}", "{lot}{serial}", "serial,lot\nA," S128 "\n", 2,
		"longer than 128 octets" },
	{ psk, "bs-{serial}", "{lot}", "serial,lot\nA," S128 "\n", 0, NULL },
	{ x509, "urn:x:{serial}", "urn:{lot}{serial}",
		"serial,lot\nA,0123456789012345678901234567890123456789012345678901234567890\n", 2,
		"longer than 64 octets" },
	{ x509, "", "", "serial\n\xC3\xA9\n", 2, "is not ASCII" },
	{ x509, "O=Maker", "C={lot}", "serial,lot\nA,XYZ\n", 2, "" },
	{ x509, "O=Maker", "O={lot}", "serial,lot\nA,\"B, C=D\"\n", 0, NULL },
	{ access_rules, "", "", "serial\n0102\n", 0, NULL },
	{ access_rules, "", "", "serial\n01\n", 2, "sender-id and recipient-id are the same" },
	{ access_rules, "", "", "serial\n012\n", 2, "even number of hexadecimal digits" },
	{ access_rules, "", "", "serial\n0g\n", 2, "even number of hexadecimal digits" },
	{ access_rules, "", "", "serial\n0102030405060708\n", 2, "longer than 7 octets" },
	{ access_rules, "", "", "serial,iccid\n0102,\n", 2, "no iccid" },
};

static void test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		const struct planned *row = &plans[i];
		struct change c = { row->profile, row->line, row->by, E, 0, "", "" };
		IMP_PROFILE p = { 0 };
		IMP_DEVICES list = { 0 };
		IMP_PROBLEMS problems = { 0 };
		char text[2048];
		enum imp_status st;

		changed(text, sizeof text, &c);
		assert_int_equal(parse(text, strlen(text), true, &p, &problems), IMP_OK);
		assert_int_equal(imp_devices_parse(
					 imp_span_str(row->list), "d.csv", false, &list, &problems),
			IMP_OK);
		st = imp_plan_check(&p, &list, false, &problems);
		if ((st == IMP_OK) != !row->part ||
			(row->part && !findings_have(&problems, IMP_PROBLEM_ERROR, row->at, "",
					      row->part))) {
			findings_print(row->list, &problems);
			fail_msg("plan %zu: line %u, '%s'", i, row->at,
				row->part ? row->part : "no error");
		}
	}
}

static void test_plan_row(void **state)
{
	IMP_PROFILE p = { 0 };
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };
	struct imp_diag diag = { .text = "" };
	struct imp_plan_row row;

	(void)state;
	assert_int_equal(parse(psk, strlen(psk), true, &p, &problems), IMP_OK);
	assert_int_equal(imp_devices_parse(imp_span_str("iccid,serial\n8946071200000042107,SN7\n"),
				 "d.csv", false, &list, &problems),
		IMP_OK);
	assert_int_equal(imp_plan_row(&p, &list, &list.v[0], &row, &diag), IMP_OK);
	assert_int_equal(row.line, 2);
	assert_true(imp_span_eq(row.serial, imp_span_str("SN7")));
	assert_true(imp_span_eq(row.iccid, imp_span_str("8946071200000042107")));
	assert_true(imp_span_eq(row.endpoint, imp_span_str("urn:x:SN7")));
	assert_true(imp_span_eq(row.accounts[0].identity, imp_span_str("bs-SN7")));
	assert_true(imp_span_eq(row.accounts[1].identity, imp_span_str("urn:x:SN7")));
	assert_int_equal(row.subject.n, 0);
	imp_profile_free(&p);
	assert_int_equal(parse(access_rules, strlen(access_rules), true, &p, &problems), IMP_OK);
	imp_devices_free(&list);
	assert_int_equal(
		imp_devices_parse(imp_span_str("serial\na1B2\n"), "d.csv", false, &list, &problems),
		IMP_OK);
	assert_int_equal(imp_plan_row(&p, &list, &list.v[0], &row, &diag), IMP_OK);
	assert_true(imp_span_eq(row.accounts[0].sender_id, imp_span("\xA1\xB2", 2)));
	assert_true(imp_span_eq(row.accounts[0].recipient_id, imp_span("\x01", 1)));
	assert_int_equal(row.accounts[0].id_context.n, 0);
	assert_int_equal(row.accounts[1].sender_id.n, 0);
}

static void test_plan_skip(void **state)
{
	struct change c = { psk, "urn:x:{serial}", "{lot}", E, 0, "", "" };
	IMP_PROFILE p = { 0 };
	IMP_DEVICES list = { 0 };
	IMP_PROBLEMS problems = { 0 };
	char text[2048];

	(void)state;
	changed(text, sizeof text, &c);
	assert_int_equal(parse(text, strlen(text), true, &p, &problems), IMP_OK);
	assert_int_equal(imp_devices_parse(imp_span_str("serial,lot\nA,1\nB,1\nC,2\nD,\n"), "d.csv",
				 false, &list, &problems),
		IMP_OK);
	assert_int_equal(imp_plan_check(&p, &list, true, &problems), IMP_OK);
	assert_int_equal(list.n, 2);
	assert_string_equal(imp_device_serial(&list, &list.v[1]), "C");
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_text_only),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_plan_row),
		cmocka_unit_test(test_plan_skip),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
