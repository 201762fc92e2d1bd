/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the CoAP net share; for no one else.
 *
 *   net      the seam's handle: an epoll descriptor over ports, the table of sessions
 *   port     a libcoap context: an endpoint, or the client sessions of one kind of credentials
 *            (libcoap keeps certificates per context, so each of those has a port of its own)
 *   session  our record of a libcoap session that a message came over, or that connects
 *   exchange a request of ours until its end; one at a time of a session is under way
 *
 * libcoap calls back from the middle of its lists.  So what happens there is only marked (lost,
 * failed) and told by imp_coap_flush(), at the level of poll().
 */
#ifndef IMP_LINK_COAP_NET_H
#define IMP_LINK_COAP_NET_H

#include "bootstrap/transport.h"
#include "link/coap_address.h"
#include "link/coap_body.h"
#include "link/coap_dedup.h"
#include "link/coap_dtls.h"

#include <coap3/coap.h>

#define IMP_COAP_TOKEN 8
#define IMP_QUERY_MAX 16

struct port {
	struct port *next;
	struct imp_net *net;
	coap_context_t *coap;
	struct imp_dtls dtls;
	bool server, secure;
	bool touched;		    /* something was sent outside of its turn: timers are old */
	bool single;		    /* goes with its one session */
	coap_session_t **half_open; /* a ring of the latest that came, of a server with DTLS */
	size_t half_open_n, half_open_at;
};

struct exchange {
	struct exchange *next;
	uint64_t id;
	enum imp_method method;
	struct imp_span path, query[IMP_QUERY_MAX], payload; /* in octets */
	size_t query_n;
	uint16_t format, accept;
	uint8_t *octets;
	size_t octets_n;

	uint8_t token[IMP_COAP_TOKEN]; /* of the message under way */
	uint64_t deadline_ms;
	struct imp_block sent;	  /* part of the payload under way */
	struct imp_body received; /* answer put together */
	uint8_t code;		  /* of the answer's first part */
	uint16_t answer_format;
};

/* Where a client session is to go, and as whom. */
struct wish {
	struct imp_coap_uri uri;
	struct imp_dtls own;
};

struct session {
	struct imp_net *net;
	struct port *port;    /* NULL: not connected yet */
	coap_session_t *coap; /* NULL: not yet, or gone */
	uint64_t id;
	bool client, secure, established, held; /* held: a reference for open exchanges */
	uint64_t handshake_until_ms;		/* of a client */
	bool lost, failed, ended;		/* to be told by the next flush */
	bool starts;				/* the first exchange, by the next flush */
	bool queued;				/* stands in net->changed */
	enum imp_net_failure why;
	struct session *next_changed;
	char address[IMP_ADDRESS_TEXT];

	/* asking */
	struct exchange *exchanges, *last_exchange; /* the first is under way */
	struct wish *wish;			    /* of a client that has not connected yet */

	/* answering */
	struct imp_dedup dedup;
	struct imp_body upload;
	uint64_t upload_key;
	struct imp_body download; /* body of the latest long answer */
	uint64_t download_key;
	uint8_t download_code;
	uint16_t download_format;
};

struct imp_net {
	struct imp_net_events events;
	struct imp_net_options options;
	int epoll, timer;
	struct port *ports;
	struct port *plain, *psk; /* shared by client sessions */
	struct session **slots;
	size_t slots_n, free_slot;
	uint64_t last_number;
	size_t busy; /* sessions with exchanges */
	struct session *changed;
	struct imp_body_pool pool;
	uint64_t next_look_ms;
	bool polling;
	bool serving; /* a request is being told: what that sends goes out behind its answer */
	enum { TIMER_OFF, TIMER_LATER, TIMER_NOW } armed; /* the timer that fd() shows */
	unsigned long told;
};

uint64_t imp_coap_now_ms(void);

/* coap.c */
enum imp_status imp_coap_port(
	struct imp_net *net, bool server, bool secure, struct port **out, struct imp_diag *diag);
void imp_coap_port_free(struct port *port);
/* Wake the loop for what was marked outside of poll(). */
void imp_coap_wake(struct imp_net *net);

/* coap_session.c */
struct session *imp_coap_new_session(struct imp_net *net);
struct session *imp_coap_find(const struct imp_net *net, uint64_t id);
/* The record of a libcoap session, made when it is new; NULL: no memory. */
struct session *imp_coap_session_of(coap_session_t *s);
void imp_coap_set_timing(const struct session *s);
void imp_coap_peer(const struct session *s, struct imp_peer *out);
/* This session cannot go on; all its exchanges end so. */
void imp_coap_lose(struct session *s, enum imp_net_failure why);
void imp_coap_changed(struct session *s);
/* Tell all that was marked. */
void imp_coap_flush(struct imp_net *net);
void imp_coap_forget(struct session *s);
void imp_coap_free_sessions(struct imp_net *net);
int imp_coap_on_event(coap_session_t *s, coap_event_t event);

/* coap_ask.c */
void imp_coap_free_wish(struct session *s);
/* Send the first message of the first exchange. */
void imp_coap_start(struct session *s);
enum imp_status imp_coap_send(
	struct imp_net *net, uint64_t session, const struct imp_request *in, uint64_t *request);
enum imp_status imp_coap_connect(struct imp_net *net, const char *uri,
	const struct imp_credentials *own, uint64_t *session, struct imp_diag *diag);
coap_response_t imp_coap_on_response(
	coap_session_t *s, const coap_pdu_t *sent, const coap_pdu_t *in, coap_mid_t mid);
void imp_coap_on_nack(
	coap_session_t *s, const coap_pdu_t *sent, coap_nack_reason_t reason, coap_mid_t mid);
/* Fail the first exchange; the next one starts. */
void imp_coap_fail_first(struct session *s, enum imp_net_failure why);
/* Fail those that have waited too long. */
void imp_coap_look_at_clock(struct imp_net *net);

/* coap_serve.c */
void imp_coap_on_request(coap_resource_t *resource, coap_session_t *s, const coap_pdu_t *in,
	const coap_string_t *query, coap_pdu_t *out);

#endif
