/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP and DTLS on loopback against programs that are not ours. */
#include "tests/fake/coap_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define WORDS_MAX 24
#define SOON_MS 8000
#define BODY_N 3000

static struct coap_end end;
static struct coap_pki ours, theirs;
static char folder[] = "/tmp/imprint-peers-XXXXXX";
static unsigned plain, psk_x509, psk_rpk;

/* ---- files --------------------------------------------------------------------------------------
 */

static const char *in_folder(const char *name)
{
	static char paths[8][80];
	static unsigned next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void write_pem(const char *name, const char *kind, const uint8_t *der, size_t n)
{
	FILE *f = fopen(in_folder(name), "w");
	uint8_t text[4096];

	assert_non_null(f);
	(void)fprintf(f, "-----BEGIN %s-----\n", kind);
	for (size_t at = 0; at < n; at += 48) {
		(void)EVP_EncodeBlock(text, der + at, (int)(n - at < 48 ? n - at : 48));
		(void)fprintf(f, "%s\n", (const char *)text);
	}
	(void)fprintf(f, "-----END %s-----\n", kind);
	assert_int_equal(fclose(f), 0);
}

/* The key as SEC1 has it, for those who want raw public keys so. */
static void write_sec1(const char *name, const struct coap_pki *pki)
{
	const uint8_t *p = pki->key;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)pki->key_n);
	uint8_t *der = NULL;
	int n = i2d_PrivateKey(key, &der);

	assert_true(n > 0);
	write_pem(name, "EC PRIVATE KEY", der, (size_t)n);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static void write_body(void)
{
	FILE *f = fopen(in_folder("body"), "w");

	assert_non_null(f);
	for (int i = 0; i < BODY_N; i++)
		(void)fputc('a' + i % 26, f);
	assert_int_equal(fclose(f), 0);
}

/* ---- programs -----------------------------------------------------------------------------------
 */

struct peer {
	pid_t pid;
	int input;
	bool gone;
	char output[16384];
};

static void take_output(struct peer *p)
{
	FILE *f = fopen(in_folder("output"), "r");
	size_t n = f ? fread(p->output, 1, sizeof p->output - 1, f) : 0;

	p->output[n] = '\0';
	if (f)
		(void)fclose(f);
}

/* Words apart by spaces. */
static void start(struct peer *p, const char *line)
{
	char text[1024], *words[WORDS_MAX + 1], *save = NULL;
	size_t n = 0;
	int ends[2];

	(void)snprintf(text, sizeof text, "%s", line);
	for (char *w = strtok_r(text, " ", &save); w && n < WORDS_MAX;
		w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*p = (struct peer){ .pid = fork(), .input = ends[1] };
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		int out = open(in_folder("output"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		(void)dup2(ends[0], 0);
		(void)dup2(out, 1);
		(void)dup2(out, 2);
		(void)execvp(words[0], words);
		_exit(127);
	}
	(void)close(ends[0]);
}

static void stop(struct peer *p)
{
	int status;

	(void)close(p->input);
	if (!p->gone) {
		(void)kill(p->pid, SIGTERM);
		(void)waitpid(p->pid, &status, 0);
	}
	take_output(p);
}

static bool is_gone(struct peer *p)
{
	int status;

	if (!p->gone && waitpid(p->pid, &status, WNOHANG) == p->pid)
		p->gone = true;
	return p->gone;
}

static bool there(const char *program)
{
	char command[128];

	(void)snprintf(command, sizeof command, "command -v %s >/dev/null", program);
	if (system(command) == 0) /* NOLINT(cert-env33-c): a name of ours */
		return true;
	printf("skipped: %s is not installed\n", program);
	return false;
}

/* ---- they ask -----------------------------------------------------------------------------------
 */

static const struct row {
	const char *name, *line; /* P: our port, F: the folder */
	unsigned *port;
	unsigned requests;
	enum imp_peer_kind kind;
	const char *output; /* what it says; NULL: nothing to look for */
	const char *never;  /* what it does not say */
} rows[] = {
	{ "coap-client, NoSec", "coap-client-gnutls -B 5 -m put -f F/body coap://127.0.0.1:P/0/0",
		&plain, 1, IMP_PEER_NONE, NULL, NULL },
	{ "coap-client, PSK",
		"coap-client-gnutls -B 5 -u peer -k " COAP_TEXT_KEY
		" -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_x509, 1, IMP_PEER_PSK, NULL, NULL },
	{ "coap-client, PSK beside RPK",
		"coap-client-gnutls -B 5 -u peer -k " COAP_TEXT_KEY
		" -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_rpk, 1, IMP_PEER_PSK, NULL, NULL },
	{ "coap-client, wrong PSK",
		"coap-client-gnutls -B 3 -u peer -k 0123456789abcdeX"
		" -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_x509, 0, IMP_PEER_NONE, NULL, NULL },
	{ "coap-client, X.509",
		"coap-client-gnutls -B 5 -c F/cert.pem -j F/key.pem -C F/ca.pem"
		" -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_x509, 1, IMP_PEER_X509, NULL, NULL },
	{ "coap-client, RPK",
		"coap-client-gnutls -B 5 -M F/sec1.pem -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_rpk, 1, IMP_PEER_RPK, NULL, NULL },
	{ "coap-client, built with OpenSSL, PSK",
		"coap-client-openssl -B 5 -u peer -k " COAP_TEXT_KEY
		" -m put -f F/body coaps://127.0.0.1:P/0/0",
		&psk_x509, 1, IMP_PEER_PSK, NULL, NULL },
	{ "gnutls-cli, PSK",
		"gnutls-cli --udp --pskusername peer --pskkey 30313233343536373839616263646566"
		" --priority NORMAL:-KX-ALL:+PSK --insecure -p P 127.0.0.1",
		&psk_x509, 0, IMP_PEER_NONE, "Handshake was completed", NULL },
	{ "openssl, PSK-AES128-CCM8",
		"openssl s_client -dtls1_2 -psk_identity peer -psk 30313233343536373839616263646566"
		" -cipher PSK-AES128-CCM8 -connect 127.0.0.1:P",
		&psk_x509, 0, IMP_PEER_NONE, "Cipher is PSK-AES128-CCM8", NULL },
	{ "openssl, PSK-AES128-CBC-SHA256",
		"openssl s_client -dtls1_2 -psk_identity peer -psk 30313233343536373839616263646566"
		" -cipher PSK-AES128-CBC-SHA256 -connect 127.0.0.1:P",
		&psk_x509, 0, IMP_PEER_NONE, "Cipher is PSK-AES128-CBC-SHA256", NULL },
	{ "openssl, ECDHE-ECDSA-AES128-CCM8",
		"openssl s_client -dtls1_2 -cert F/cert.pem -key F/key.pem -CAfile F/ca.pem"
		" -cipher ECDHE-ECDSA-AES128-CCM8 -connect 127.0.0.1:P",
		&psk_x509, 0, IMP_PEER_NONE, "Cipher is ECDHE-ECDSA-AES128-CCM8", NULL },
	{ "openssl without certificate",
		"openssl s_client -dtls1_2 -cipher ECDHE-ECDSA-AES128-CCM8 -connect 127.0.0.1:P",
		&psk_x509, 0, IMP_PEER_NONE, "alert", NULL },
	{ "openssl, DTLS 1.0",
		"timeout 2 openssl s_client -dtls1 -psk_identity peer"
		" -psk 30313233343536373839616263646566"
		" -cipher PSK-AES128-CBC-SHA@SECLEVEL=0 -connect 127.0.0.1:P",
		&psk_x509, 0, IMP_PEER_NONE, NULL, "Cipher is PSK" },
};

/* P and F of a line become what they stand for. */
static void fill(const char *line, unsigned port, char *out, size_t room)
{
	size_t n = 0;

	for (; *line && n + 64 < room; line++) {
		if (strchr(": ", line[-(n > 0)]) && line[0] == 'P' && strchr("/ ", line[1]))
			n += (size_t)snprintf(out + n, room - n, "%u", port);
		else if (line[0] == 'F' && line[1] == '/')
			n += (size_t)snprintf(out + n, room - n, "%s", folder);
		else
			out[n++] = *line;
	}
	out[n] = '\0';
}

static void they_ask(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		char line[1024], program[32];
		struct peer p;

		(void)snprintf(
			program, sizeof program, "%.*s", (int)strcspn(r->line, " "), r->line);
		if (!there(program))
			continue;
		print_message("%s\n", r->name);
		fill(r->line, *r->port, line, sizeof line);
		end.requests = 0;
		end.body_n = 0;
		start(&p, line);
		for (unsigned t = 0; t < SOON_MS && !is_gone(&p); t += 10) {
			imp_coap_net.poll(end.net, 10);
			take_output(&p);
			if (r->output && strstr(p.output, r->output))
				break;
		}
		stop(&p);
		assert_int_equal(end.requests, r->requests);
		if (r->requests) {
			assert_int_equal(end.kind, r->kind);
			assert_int_equal(end.body_n, BODY_N);
			assert_int_equal(end.body[2999], 'a' + 2999 % 26);
		}
		if (r->output && !strstr(p.output, r->output))
			fail_msg("no \"%s\" in:\n%s", r->output, p.output);
		if (r->never && strstr(p.output, r->never))
			fail_msg("\"%s\" in:\n%s", r->never, p.output);
	}
}

/* ---- we ask -------------------------------------------------------------------------------------
 */

/* A port that was free a moment ago, and the one above it. */
static unsigned free_ports(void)
{
	for (;;) {
		struct sockaddr_in a = { .sin_family = AF_INET };
		socklen_t n = sizeof a;
		int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
		bool ok;
		unsigned port;

		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		assert_int_equal(bind(one, (struct sockaddr *)&a, sizeof a), 0);
		assert_int_equal(getsockname(one, (struct sockaddr *)&a, &n), 0);
		port = ntohs(a.sin_port);
		a.sin_port = htons((uint16_t)(port + 1));
		ok = port < 65535 && bind(two, (struct sockaddr *)&a, sizeof a) == 0;
		(void)close(one);
		(void)close(two);
		if (ok)
			return port;
	}
}

/* Ask until it is up. */
static bool get_root(bool secure, unsigned port, const struct imp_credentials *own)
{
	for (int i = 0; i < 40; i++) {
		uint64_t session = coap_end_connect(&end, secure, port, own);
		unsigned before = end.responses + end.failures;

		end.body_n = 0;
		coap_end_send(&end, session, IMP_GET, "", imp_span(NULL, 0));
		while (end.responses + end.failures == before)
			imp_coap_net.poll(end.net, 50);
		imp_coap_net.end(end.net, session);
		imp_coap_net.poll(end.net, 0);
		if (end.why != IMP_NET_REFUSED || end.body_n)
			return end.body_n > 0;
		(void)usleep(50000);
	}
	return false;
}

static void we_ask(void **state)
{
	struct imp_credentials psk = coap_psk("peer", (const uint8_t *)COAP_TEXT_KEY);
	struct imp_credentials x509 = coap_x509(&ours, &theirs), rpk = coap_rpk(&ours);
	const struct {
		const char *name, *line;
		const struct imp_credentials *own;
		bool refuses, ok;
	} servers[] = {
		{ "NoSec", "coap-server-gnutls -A 127.0.0.1 -p P", NULL, false, true },
		{ "PSK", "coap-server-gnutls -A 127.0.0.1 -p P -k " COAP_TEXT_KEY, &psk, false,
			true },
		{ "X.509",
			"coap-server-gnutls -A 127.0.0.1 -p P -c F/cert.pem -j F/key.pem -C "
			"F/ours.pem",
			&x509, false, true },
		{ "X.509, refused",
			"coap-server-gnutls -A 127.0.0.1 -p P -c F/cert.pem -j F/key.pem -C "
			"F/ours.pem",
			&x509, true, false },
		{ "RPK", "coap-server-gnutls -A 127.0.0.1 -p P -M F/sec1.pem", &rpk, false, true },
		{ "RPK, refused", "coap-server-gnutls -A 127.0.0.1 -p P -M F/sec1.pem", &rpk, true,
			false },
		{ "PSK, built with OpenSSL",
			"coap-server-openssl -A 127.0.0.1 -p P -k " COAP_TEXT_KEY, &psk, false,
			true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		bool secure = servers[i].own != NULL, ok;
		unsigned port = free_ports();
		char line[1024], program[32];
		struct peer p;

		(void)snprintf(program, sizeof program, "%.*s", (int)strcspn(servers[i].line, " "),
			servers[i].line);
		if (!there(program))
			continue;
		print_message("%s\n", servers[i].name);
		fill(servers[i].line, port, line, sizeof line);
		end.refuses = servers[i].refuses;
		end.why = IMP_NET_REFUSED;
		start(&p, line);
		(void)usleep(100000);
		ok = get_root(secure, port + secure, servers[i].own);
		stop(&p);
		end.refuses = false;
		assert_int_equal(ok, servers[i].ok);
	}
}

static int set_up(void **state)
{
	struct imp_credentials x509, rpk;

	(void)state;
	coap_pki(&ours, "server.test");
	coap_pki(&theirs, "device-1");
	assert_non_null(mkdtemp(folder));
	write_pem("cert.pem", "CERTIFICATE", theirs.cert, theirs.cert_n);
	write_pem("key.pem", "PRIVATE KEY", theirs.key, theirs.key_n);
	write_pem("ca.pem", "CERTIFICATE", ours.ca, ours.ca_n);
	write_pem("ours.pem", "CERTIFICATE", ours.ca, ours.ca_n);
	write_sec1("sec1.pem", &theirs);
	write_body();
	coap_end_open(&end, NULL);
	x509 = coap_x509(&ours, &theirs);
	rpk = coap_rpk(&ours);
	plain = coap_end_listen(&end, "coap://127.0.0.1:0", false, NULL);
	psk_x509 = coap_end_listen(&end, "coaps://127.0.0.1:0", true, &x509);
	psk_rpk = coap_end_listen(&end, "coaps://127.0.0.1:0", true, &rpk);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = { "cert.pem", "key.pem", "ca.pem", "ours.pem",
		"sec1.pem", "body", "output" };

	(void)state;
	imp_coap_net.close(end.net);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		(void)unlink(in_folder(files[i]));
	(void)rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_ask),
		cmocka_unit_test(we_ask),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
