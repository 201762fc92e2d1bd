/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_suites.h"

#include <stdio.h>
#include <string.h>

/* Certificates and raw public keys of the curve that LwM2M names, and RSA for those who have it. */
#define FRAME                                                                           \
	"NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CURVE-ALL:+CTYPE-CLI-ALL:" \
	"+CTYPE-SRV-ALL"

#define ALL                                                                           \
	"NORMAL:-VERS-ALL:+VERS-DTLS1.2:+ECDHE-PSK:+PSK:+ECDHE-ECDSA:+AES-128-CCM-8:" \
	"+AES-128-CCM:+AES-128-CBC:+SHA256:+CTYPE-CLI-ALL:+CTYPE-SRV-ALL"

struct suite {
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
};

static bool find(uint16_t number, struct suite *out)
{
	unsigned char id[2];

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &out->kx, &out->cipher, &out->mac, NULL);
		i++)
		if ((unsigned)(id[0] << 8 | id[1]) == number)
			return out->kx != GNUTLS_KX_UNKNOWN; /* else of TLS 1.3 */
	return false;
}

/* ":+NAME" behind text, once. */
static void add(char text[static IMP_PRIORITY_MAX], const char *name)
{
	char word[64];
	size_t n = strlen(text);
	const char *at;

	(void)snprintf(word, sizeof word, ":+%s", name);
	for (at = strstr(text, word); at; at = strstr(at + 1, word))
		if (at[strlen(word)] == ':' || at[strlen(word)] == '\0')
			return;
	if (n + strlen(word) < IMP_PRIORITY_MAX)
		memcpy(text + n, word, strlen(word) + 1);
}

enum imp_status imp_suites_priority(const uint16_t *suites, size_t suites_n,
	char out[static IMP_PRIORITY_MAX], struct imp_diag *diag)
{
	char text[IMP_PRIORITY_MAX] = FRAME;
	size_t known = 0;
	struct suite s;

	if (suites_n == 0) {
		memcpy(out, ALL, sizeof ALL);
		return IMP_OK;
	}
	for (size_t i = 0; i < suites_n; i++) {
		if (!find(suites[i], &s))
			continue;
		known++;
		add(text, gnutls_kx_get_name(s.kx));
		add(text, gnutls_cipher_get_name(s.cipher));
		add(text, gnutls_mac_get_name(s.mac));
	}
	if (known == 0) {
		(void)imp_diag(diag, IMP_E_UNSUPPORTED,
			"no ciphersuite of 0/x/16 (the first is 0x%04X) is known to GnuTLS",
			(unsigned)suites[0]);
		imp_diag_hint(diag, "allow 0xC0A8, which every LwM2M device has to know for PSK, "
				    "or 0xC0AE for certificates");
		return IMP_E_UNSUPPORTED;
	}
	memcpy(out, text, sizeof text);
	return IMP_OK;
}

bool imp_suite_allowed(gnutls_session_t session, const uint16_t *suites, size_t suites_n)
{
	struct suite s;

	for (size_t i = 0; i < suites_n; i++)
		if (find(suites[i], &s) && s.kx == gnutls_kx_get(session) &&
			s.cipher == gnutls_cipher_get(session) && s.mac == gnutls_mac_get(session))
			return true;
	return suites_n == 0;
}
