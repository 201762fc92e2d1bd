/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to CoAP over UDP and DTLS.  One net is one set of sockets with its sessions, driven by
 * poll() from one thread; all callbacks come from inside poll(), and may call anything of the net
 * but poll() and close().  src/link/coap.h has libcoap's.
 *
 * What a net promises: a path with '/' or NUL inside a segment is answered 4.00; bodies are whole
 * (up to body_max; a longer one is answered 4.13, blocks out of order 4.08); a repeated confirmable
 * message is answered from memory and is told once (EXCHANGE_LIFETIME, or as long as memory for the
 * 64 latest of a session lasts); every request sent ends in exactly one response() or failed();
 * memory is bounded by sessions_max, and beyond it, or with too many handshakes that stand open,
 * the oldest idle session is dropped.
 */
#ifndef IMP_BOOTSTRAP_TRANSPORT_H
#define IMP_BOOTSTRAP_TRANSPORT_H

#include "base/diag.h"
#include "bootstrap/message.h"

enum imp_peer_kind { IMP_PEER_NONE, IMP_PEER_PSK, IMP_PEER_RPK, IMP_PEER_X509 };

/* Who is at the other end, as DTLS proved it. */
struct imp_peer {
	uint64_t session; /* never 0, never used twice by a net */
	enum imp_peer_kind kind;
	struct imp_span identity; /* PSK: its octets; RPK: SubjectPublicKeyInfo; X.509: the end
				     certificate in DER; NONE: empty */
	const char *address;	  /* "127.0.0.1:5683", for people */
};

enum imp_net_failure {
	IMP_NET_TIMEOUT,   /* no answer after all retransmissions */
	IMP_NET_REFUSED,   /* RST, or nobody listens */
	IMP_NET_HANDSHAKE, /* DTLS: wrong key, refused certificate, no common suite */
	IMP_NET_CLOSED,	   /* the session ended meanwhile */
	IMP_NET_MALFORMED, /* an answer that cannot be put together, or is longer than body_max */
};

struct imp_net_events {
	void *ctx;
	/* A request: fill *out (code IMP_COAP_NOT_FOUND and no payload before); what it points to
	 * must last until the next call into the net. */
	void (*request)(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
		struct imp_response *out);
	/* The end of a request that was sent. */
	void (*response)(
		void *ctx, uint64_t session, uint64_t request, const struct imp_response *in);
	void (*failed)(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why);
	/* A session that was told or connected is gone, and not by end(); its requests have failed
	 * before, nothing more comes of it.  NULL: nobody cares. */
	void (*closed)(void *ctx, uint64_t session);
	/* A server's PSK for an identity.  IMP_E_ABSENT: unknown, refused with an alert. */
	enum imp_status (*psk)(
		void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n);
	/* The peer's certificate (chain checked against `trust` when there is one) or raw public
	 * key, before any message is told.  false: refuse the handshake.  NULL refuses all. */
	bool (*judge)(void *ctx, enum imp_peer_kind kind, struct imp_span identity);
};

/* Own credentials in the forms that LwM2M stores.  All is copied by the call that takes it. */
struct imp_credentials {
	enum imp_peer_kind kind;
	struct imp_span identity; /* PSK: identity; RPK: SubjectPublicKeyInfo; X.509: certificate */
	struct imp_span key;	  /* PSK: key; else PKCS#8 or SEC1 in DER */
	struct imp_span trust;	  /* X.509: CA certificate in DER that the peer's chain must end in;
				     empty: judge() alone decides */
	struct imp_span sni;	  /* a client's; empty: the host of the URI */
	const uint16_t *suites;	  /* 0/x/16: ciphersuites allowed, by their numbers; NULL: any */
	size_t suites_n;
};

struct imp_net_options {
	size_t body_max;	 /* octets of one body; 0: 64 KiB */
	size_t sessions_max;	 /* of a server; 0: 16384 */
	size_t handshakes_max;	 /* of a server, open at the same time; 0: 1024 */
	unsigned idle_s;	 /* a server's session that is silent ends; 0: 300 */
	unsigned ack_timeout_ms; /* ACK_TIMEOUT of CoAP; 0: 2000, so that a request to the dead
				    fails after 62 to 93 seconds */
};

struct imp_net;

struct imp_net_seam {
	void *ctx;
	/* events is copied; options NULL: all 0. */
	enum imp_status (*open)(void *ctx, const struct imp_net_events *events,
		const struct imp_net_options *options, struct imp_net **out, struct imp_diag *diag);
	/*
	 * Listen at "coap://HOST:PORT" or "coaps://HOST:PORT" (HOST an address, [::] for all;
	 * PORT 0: any, *port tells it).  With coaps: PSK by events.psk when psk, and own as the
	 * server's certificate or raw public key (NULL: none).  X.509 and RPK cannot share a port.
	 */
	enum imp_status (*listen)(struct imp_net *net, const char *uri, bool psk,
		const struct imp_credentials *own, unsigned *port, struct imp_diag *diag);
	/* A session to the host and port of an LwM2M Server URI.  own NULL with coap.  Nothing is
	 * sent before the first request, and a failure of the handshake comes with it; what to do
	 * then (another session, later) is the caller's. */
	enum imp_status (*connect)(struct imp_net *net, const char *uri,
		const struct imp_credentials *own, uint64_t *session, struct imp_diag *diag);
	/* Send a confirmable request on a session of either kind; everything is copied.  *request
	 * names it in the callback.  One at a time of a session is under way, the others wait; from
	 * inside of request() it goes out behind the answer.  IMP_E_ABSENT: no such session (any
	 * more). */
	enum imp_status (*send)(struct imp_net *net, uint64_t session, const struct imp_request *in,
		uint64_t *request);
	/* End a session (close alert) when the answers given so far are out; its open requests fail
	 * with IMP_NET_CLOSED at the next poll.  An answer that gets lost is not given again then:
	 * who has answered last waits a little. */
	void (*end)(struct imp_net *net, uint64_t session);
	/* Wait at most ms for something to happen, and tell it. */
	void (*poll)(struct imp_net *net, unsigned ms);
	/* A file descriptor that is readable when poll() has something to do, for an own loop;
	 * -1 when there is none. */
	int (*fd)(struct imp_net *net);
	void (*close)(struct imp_net *net); /* takes NULL */
};

#endif
