/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bootstrap server (Core TS 6.1) as a state machine without I/O: requests of devices go in,
 * requests to devices come out.  What a device is to get, and whether it is the one it claims to
 * be, is asked of the caller.
 *
 *	POST /bs?ep= -> 2.04; then Discover, Delete, Write ..., Finish, each after the answer to the
 *	one before.  A refused Write or Delete is counted and passed over, a refused Finish ends the
 *	session (O10).  GET /bspack?ep= -> the whole as one pack (O7).
 *
 * One session per endpoint: the newest wins.  Every ending is told through event().
 */
#ifndef IMP_BOOTSTRAP_SERVER_H
#define IMP_BOOTSTRAP_SERVER_H

#include "bootstrap/steps.h"
#include "bootstrap/transport.h"

/* The caller's note on a session, given back with its events. */
struct imp_bs_note {
	int64_t batch, unit;
	bool delivery; /* what is written is a delivery of the ledger */
	char who[200]; /* how the peer proved itself, and from where; for people */
};

/* What is done with one device. */
struct imp_bs_policy {
	struct imp_bs_note note;
	enum imp_clearing clearing;
	bool discover;	 /* ask first where its bootstrap account is */
	bool pack;	 /* answer GET /bspack; else 4.05 */
	uint16_t format; /* when the request names none: IMP_FORMAT_TLV and the like */
};

enum imp_bs_event_kind {
	IMP_BS_REQUESTED, /* a session began */
	IMP_BS_REFUSED,	  /* a request was answered with an error: code */
	IMP_BS_STEP,	  /* a request to the device was answered: path, code */
	IMP_BS_FINISHED,  /* Finish was answered 2.04; skipped: Writes and Deletes it refused */
	IMP_BS_PACKED,	  /* a pack was given out */
	IMP_BS_FAILED,	  /* text says why; code when the device said it */
	IMP_BS_REPLACED,  /* a newer session of the same endpoint took over */
};

struct imp_bs_event {
	enum imp_bs_event_kind kind;
	uint64_t session;
	struct imp_span endpoint; /* as the device gave it */
	enum imp_method method;
	const char *path;
	uint8_t code;
	unsigned skipped;
	const char *text;		/* diagnostic text of the device, or what went wrong; "" */
	const struct imp_bs_note *note; /* of the session; NULL when there is none */
};

struct imp_bs_server_seam {
	void *ctx;
	/*
	 * The configuration of an endpoint for this peer, into set (empty, initialised) and policy.
	 * IMP_E_ABSENT: unknown endpoint (4.00); IMP_E_DENIED: the peer is not this endpoint (4.00,
	 * W22; the same answer, so that nobody learns which endpoints there are); any other failure
	 * is 5.00.
	 */
	enum imp_status (*configure)(void *ctx, struct imp_span endpoint,
		const struct imp_peer *peer, struct imp_set *set, struct imp_bs_policy *policy);
	void (*event)(void *ctx, const struct imp_bs_event *event);
};

struct imp_bs_server;

IMP_MUST_CHECK enum imp_status imp_bs_server_open(
	const struct imp_bs_server_seam *seam, struct imp_bs_server **out);
void imp_bs_server_close(struct imp_bs_server *server); /* takes NULL; wipes */

/* A request of a device.  What out points to lasts until the next call. */
void imp_bs_server_request(struct imp_bs_server *server, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out);

/*
 * The next request that is to be sent, on which session; false when there is none.  Each session
 * has one open at a time.  What out points to lasts until the next call.
 */
bool imp_bs_server_next(struct imp_bs_server *server, uint64_t *session, struct imp_request *out);

/* How it ended: the answer, or NULL when it did not come, why. */
void imp_bs_server_answer(struct imp_bs_server *server, uint64_t session,
	const struct imp_response *in, enum imp_net_failure why);

/* The session is gone. */
void imp_bs_server_closed(struct imp_bs_server *server, uint64_t session);

/*
 * Server-initiated, the form of 2015 (M13): write to a device that is known to be ready, without a
 * Bootstrap-Request.  peer is what the session proved.  Failures as configure().
 */
IMP_MUST_CHECK enum imp_status imp_bs_server_begin(
	struct imp_bs_server *server, const struct imp_peer *peer, struct imp_span endpoint);

size_t imp_bs_server_sessions(const struct imp_bs_server *server);

#endif
