/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of real CoAP on loopback for tests: what was told is counted, each request is answered. */
#ifndef COAP_RIG_H
#define COAP_RIG_H

#include "link/coap.h"

#define COAP_KEY_N 16
#define COAP_ECHO "echo" /* POST here gives the body back */

struct coap_end {
	struct imp_net *net;
	unsigned requests, responses, failures, closings, judged;
	enum imp_net_failure why;
	uint8_t code, code_to_give;
	uint64_t session, peer_session; /* the latest of a response, of a request */
	enum imp_peer_kind kind;
	char address[80];
	uint8_t identity[2048];
	size_t identity_n;
	uint8_t body[200000];
	size_t body_n;
	uint16_t format;
	char path[64];
	struct imp_span give;  /* payload of GET */
	bool asks_back;	       /* a DELETE from inside of each request */
	bool refuses;	       /* judge() says no */
	struct imp_span wants; /* judge() says yes to this alone, when there is one */
};

#define COAP_TEXT_KEY "0123456789abcdef"

/* PSK "me" with sixteen octets of 7, and "peer" with COAP_TEXT_KEY. */
extern const uint8_t coap_key[COAP_KEY_N];

void coap_end_open(struct coap_end *e, const struct imp_net_options *options);
unsigned coap_end_listen(
	struct coap_end *e, const char *uri, bool psk, const struct imp_credentials *own);
uint64_t coap_end_connect(
	struct coap_end *e, bool secure, unsigned port, const struct imp_credentials *own);
uint64_t coap_end_send(struct coap_end *e, uint64_t session, enum imp_method method,
	const char *path, struct imp_span body);

/* Poll both (b may be NULL) until *what is at least n, at most ms. */
bool coap_ends_run(
	struct coap_end *a, struct coap_end *b, const unsigned *what, unsigned n, unsigned ms);

struct imp_credentials coap_psk(const char *identity, const uint8_t *key);

/* A CA, a certificate of it, keys. */
struct coap_pki {
	uint8_t ca[1024], cert[1024], key[256], spki[128];
	size_t ca_n, cert_n, key_n, spki_n;
};

/* Certificate for cn by a CA of this name; the same CA when `of` is another one of it. */
void coap_pki(struct coap_pki *out, const char *cn);
struct imp_credentials coap_x509(const struct coap_pki *own, const struct coap_pki *trusts);
struct imp_credentials coap_rpk(const struct coap_pki *own);

#endif
