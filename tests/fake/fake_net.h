/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP in memory: any number of nets in one process, joined by an air with a virtual clock that
 * loses, repeats, delays and reorders messages as its seed says.  Behind struct imp_net_seam, so
 * that state machines and commands are tested without sockets and without waiting.
 *
 *   struct fake_air air;
 *   struct imp_net_seam seam;
 *
 *   fake_air(&air, 42);
 *   fake_air_seam(&air, &seam);
 *   ... seam.open() for each end, listen, connect, send ...
 *   fake_air_run(&air, 1000);    one second passes at once: everything due is told
 *   fake_air_free(&air);
 *
 * poll(net, ms) lets time pass for all nets until something was told to this one, at most ms; so
 * code that loops over its own net runs against a peer that answers from its callbacks.  For a peer
 * that has timers there is on_step.
 *
 * Modelled: confirmable messages with retransmission (62 to 93 s to give up) and answers from
 * memory; DTLS as four flights that give up after 6 s (HANDSHAKE), PSK by comparison of keys,
 * certificates and public keys by judge() on both ends; close alerts; a port that nobody listens at
 * (REFUSED); body_max.  Not modelled: chains (`trust`), ciphersuites, blocks (a body is one
 * message), sessions_max, idle_s.
 */
#ifndef FAKE_NET_H
#define FAKE_NET_H

#include "base/seam.h"
#include "bootstrap/transport.h"

struct fake_event;

struct fake_air {
	/* What the air is like; may change at any moment.  Per mille. */
	unsigned loss, duplicate, reorder;
	unsigned delay_ms; /* of each message; 1 at first */

	/* Called after each event and each jump of the clock, outside of any callback. */
	void (*on_step)(void *ctx);
	void *on_step_ctx;

	/* What happened: messages, without those of handshakes. */
	unsigned long sent, lost, duplicated, handshakes;

	uint64_t now_ms;	/* since the beginning */
	struct imp_clock clock; /* the same for the code under test */

	/* Own. */
	uint64_t random, last_id, order;
	unsigned last_port;
	struct fake_event *events; /* soonest first */
	struct imp_net *nets;
	struct fake_pair *pairs;
	struct fake_exchange *exchanges;
};

void fake_air(struct fake_air *air, uint64_t seed);

/* Frees all, nets that were not closed as well. */
void fake_air_free(struct fake_air *air);

/* The seam stays good as long as the air. */
void fake_air_seam(struct fake_air *air, struct imp_net_seam *seam);

/* Let ms pass. */
void fake_air_run(struct fake_air *air, uint64_t ms);

/* Let time pass until nothing is under way, at most an hour. */
void fake_air_settle(struct fake_air *air);

/* The process behind a net dies: no alerts, its ports are closed, it is told nothing any more.
 * close() is still to be called. */
void fake_net_kill(struct imp_net *net);

/* All sessions of a net that exist now, for tests of what is left open. */
size_t fake_net_sessions(const struct imp_net *net);

#endif
