/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of the bootstrap interface (Core TS 6.1) as a state machine without I/O, heap
 * or clock: the device hands in what comes from the bootstrap server, and is told what to answer
 * and what to do next.  Freestanding C99, as src/reader is.
 *
 *	begin -> Bootstrap-Request -> Discover, Read, Write, Delete ... -> Finish -> finished
 *	begin -> Bootstrap-Pack-Request -> pack -> finished; after an error Bootstrap-Request (F14)
 *	open  -> Write, Delete ... -> Finish -> finished (the server begins, 2015 text)
 *
 * It works on the configuration in the buffer of the account store, and nothing is written before a
 * Finish that finds it consistent: then all of it in one update, before the answer leaves (D9, F7).
 * A failure, a reset or a power cut at any moment leaves all of the old one.  The buffer is wiped
 * when it ends, however that is.
 *
 * From begin (or the first message after open) to the end the store belongs to the client: call no
 * imr_store_ function meanwhile.  Seconds that pass are told to imr_store_elapsed() afterwards.
 *
 * The free end of the buffer holds requests, answers to Discover and Read, and a copy of an
 * instance of which one resource is written: 5.00 and 4.13 say that it is too small.
 *
 * Where the texts are silent:
 * - Whatever the server sends restarts EXCHANGE_LIFETIME (D8).
 * - A Write of an object or an instance replaces the instances that it names, and no others (O4).
 *   A Write of a resource changes nothing else, not even where the instance came from (S11), unless
 *   it is the key of an account (0/x/5): then that is a new account of the server's (D10).
 * - Unknown resources of known objects are kept as they are (T6).
 * - /3 is not part of the configuration.  A Write to /3 and /3/0 is checked, handed to the device
 *   if it cares, and answered 2.04.
 * - Deleting what is not there, the bootstrap account or /3/0 is 2.02 and does nothing (N8, O5). Of
 *   two bootstrap accounts the older one is safe, the one that this sequence wrote is not.
 * - Unbootstrapping (U1-U4): by a Delete at once; of an account whose Security instance was written
 *   anew with another SSID at Finish, since servers write one resource after the other.
 *   Instances outside the configuration that only such an account could reach (U2) are the device's
 *   own to delete.
 * - Keys (/21, /23, /24) that an account linked to when the sequence began, and none links to at
 *   Finish, go with the account that was overwritten or deleted, in the same update (K4, F7): not
 *   before, so that a server may link to them again.  What the sequence wrote itself stays, and
 *   what nothing ever linked to.
 * - An update that is in force, but could not erase the old keys yet, is a success (F7: the old
 *   account is not active any more): IMR_CLIENT_LEFT.
 * - A second bootstrap account is judged at Finish (D10), so that it can be taken back before.
 */
#ifndef IMR_BOOTSTRAP_CLIENT_H
#define IMR_BOOTSTRAP_CLIENT_H

#include "bootstrap/message.h"
#include "reader/sequence.h"
#include "reader/store.h"

/* ---- what the device decides ----------------------------------------------------------------- */

/* What a request is about; IMR_NO_ID: that part of the path is not there. */
struct imr_client_path {
	uint16_t object, instance, resource;
};

/*
 * Other formats than TLV.  out lies in memory of the converter's and is good until the next call of
 * the client; the converter wipes it then, or when it is closed.
 * IMR_OK; IMR_E_DAMAGED: malformed, or not of this path (4.00); IMR_E_SPACE (4.13); IMR_E_NONE: not
 * a format that it knows (4.15, 4.06).
 */
struct imr_client_formats {
	void *ctx;
	/* Content that is to be written: Object Instance TLVs of path->object, as TLV has them for
	 * PUT /object, whatever the path is.  Without an object (a pack): an EF(LwM2M_Bootstrap).
	 */
	enum imr_status (*decode)(void *ctx, uint16_t format, const struct imr_client_path *path,
		struct imp_span in, struct imp_span *out);
	/* The answer to a Read of path from its Object Instance TLVs.  NULL: TLV only. */
	enum imr_status (*encode)(void *ctx, uint16_t format, const struct imr_client_path *path,
		struct imp_span in, struct imp_span *out);
};

/* What becomes of the bootstrap account after success when none came to replace it (4.2, D15).
 * With 0/x/12 of 2 seconds and more it is purged when they are over, whatever this says. */
enum imr_client_clean {
	IMR_CLEAN_MARKED, /* SEED for one that is marked non-persistent, else TS */
	IMR_CLEAN_SEED,	  /* as if it were marked: without a timeout it is purged at once (M11) */
	IMR_CLEAN_TS,	  /* without a timeout it is kept for ever (F9) */
};

struct imr_client_config {
	struct imp_span endpoint; /* ep, always sent (M6) */
	uint16_t pct;		  /* format that is asked for; IMP_FORMAT_NONE: say nothing, TLV */
	uint8_t version;	  /* of the enabler: 1.0, 1.1, 1.2 as 0, 1, 2 */
	bool pack;		  /* ask for a pack first; needs pct of SenML and formats */
	bool no_uri;		  /* leave the attribute uri out of Discover */
	enum imr_client_clean clean;
	/* Objects that the device has besides 0, 1 and 3, ascending.  NULL: 2 and 21. */
	const uint16_t *objects;
	unsigned objects_n;
	const struct imr_client_formats *formats; /* NULL: TLV only */
	/*
	 * Is the configuration consistent (K1-K15)?  It is well-formed.  Instances of
	 * origin DISABLED are not part of it, nor is account /0/superseded with what belongs to it
	 * (imr_set_divide) unless that is IMR_NO_ID, nor what imr_drop_orphans() takes out of a
	 * copy.  IMR_OK; else *findings may say why in text
	 * that lasts until the next call.  NULL: the client's own minimum (K1-K6, URI), which is
	 * asked in any case.
	 */
	enum imr_status (*check)(void *ctx, const struct imr_set *candidate, uint16_t superseded,
		struct imp_span *findings);
	void *check_ctx;
	imr_visit *device; /* takes what is written to /3/0; non-zero: 4.00.  NULL: passed over */
	void *device_ctx;
};

/* ---- the machine ----------------------------------------------------------------------------- */

/* What to do next.  Any two differ in four bits at least, as states do. */
enum imr_client_next {
	IMR_CLIENT_WAIT = 0x5A,	    /* for the server, or for time */
	IMR_CLIENT_SEND = 0xC3,	    /* send client->send to the bootstrap server */
	IMR_CLIENT_FINISHED = 0x3C, /* it is done: see client->result; first send the answer */
	IMR_CLIENT_FAILED = 0xA5,   /* the old configuration is in force: client->why says why */
};

enum imr_client_state {
	IMR_CLIENT_REST = 0x0F,	   /* zeroed counts as this */
	IMR_CLIENT_PACK = 0x96,	   /* the pack was asked for */
	IMR_CLIENT_ASKED = 0x69,   /* the answer to Bootstrap-Request is awaited */
	IMR_CLIENT_OPEN = 0x33,	   /* the server may begin; the store is not touched yet */
	IMR_CLIENT_ACTIVE = 0xCC,  /* the server writes */
	IMR_CLIENT_SUCCESS = 0xF0, /* finished; Finish again is 2.04 again (F13) */
};

enum imr_client_why {
	IMR_CLIENT_NO_ACCOUNT = 1, /* nothing to bootstrap with (C10) */
	IMR_CLIENT_REFUSED,	   /* an error answered the request: client->code */
	IMR_CLIENT_LOST,	   /* the transport failed, or the device gave up */
	IMR_CLIENT_TIMEOUT,	   /* no Finish within EXCHANGE_LIFETIME (F3) */
	IMR_CLIENT_STORE,	   /* the store failed: client->store_status */
	IMR_CLIENT_SPACE,	   /* the request, or an edit, does not fit into the buffer */
};

/* What a success has led to, as bits. */
#define IMR_CLIENT_REPLACED 1U /* a new bootstrap account took the place of the old one */
#define IMR_CLIENT_PURGED 2U   /* the account is gone: nothing can be changed any more (F12) */
#define IMR_CLIENT_CLOSING 4U  /* the account goes when its timeout is over (F8, F12) */
#define IMR_CLIENT_LEFT 8U     /* superseded keys could not be erased yet (IMR_E_LEFT) */

#define IMR_CLIENT_QUERIES 6U /* parameters of a request: ep, pct, and four of the URI's */

struct imr_client {
	/* Set by the device before anything else; the rest is zeroed. */
	struct imr_store *store;
	const struct imr_client_config *config;

	/* To look at. */
	enum imr_client_state state;
	struct imp_request send;	/* with IMR_CLIENT_SEND; good until the next call */
	enum imr_client_why why;	/* with IMR_CLIENT_FAILED */
	uint8_t code;			/* with IMR_CLIENT_REFUSED */
	enum imr_status store_status;	/* with IMR_CLIENT_STORE */
	uint8_t result;			/* with IMR_CLIENT_FINISHED */
	uint16_t account;		/* instance of /0 in use; IMR_NO_ID: none */
	uint8_t ssid_n;			/* servers that were there before: */
	uint16_t ssid[IMR_SERVERS_MAX]; /* their SSIDs */
	uint8_t gone;			/* with IMR_CLIENT_FINISHED: bit i, account ssid[i] is gone
					   or was deleted in between: drop its observations (U5) and
					   its session */

	/* The client's own. */
	uint32_t heard; /* when the deadline was last moved */
	struct imp_span query[IMR_CLIENT_QUERIES];
};

/*
 * Client-initiated bootstrap, after the hold-off: read the store, make the request.  Whatever went
 * on before is given up.  SEND, or FAILED.  client->account says with which account; its content
 * can be looked at with imr_set_find(&client->store->set, 0, client->account, &at) until the next
 * call.  now: seconds by any clock that goes on.
 */
enum imr_client_next imr_client_begin(struct imr_client *c, uint32_t now);

/*
 * Let the bootstrap server begin (2015 text, M13).  To be called only where policy has it and steps
 * 1 and 2 of the sequence have been tried (C6, sequence.sources_tried).  imr_client_end() takes it
 * back.
 */
void imr_client_open(struct imr_client *c);

/* The answer to the request that was sent. */
enum imr_client_next imr_client_response(
	struct imr_client *c, const struct imp_response *in, uint32_t now);

/*
 * A request of the bootstrap server, on a session that is known to be its own.  *out is filled
 * whatever the result; what it points to is good until the next call.  All that is no bootstrap is
 * refused (C13): 4.05.
 */
enum imr_client_next imr_client_request(
	struct imr_client *c, const struct imp_request *in, struct imp_response *out, uint32_t now);

/* Time has passed.  FAILED when it was too much. */
enum imr_client_next imr_client_tick(struct imr_client *c, uint32_t now);

/* Seconds until imr_client_tick() has something to say; UINT32_MAX: nothing. */
uint32_t imr_client_due(const struct imr_client *c, uint32_t now);

/* The transport failed, or the device gives up: nothing has changed.  FAILED (LOST) when something
 * was going on, else WAIT. */
enum imr_client_next imr_client_end(struct imr_client *c);

#endif
