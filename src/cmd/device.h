/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated LwM2M device: the reader, the boot sequence, the account store, the bootstrap client,
 * its registrations and the objects it serves, joined over one net.  No globals: a process may hold
 * thousands, each driven by its own pump.
 *
 * Where the texts are silent:
 * - Registrations are attempted one after the other (imr_sequence), each with all of its attempts.
 * - Bootstrapping, the device answers management servers 5.03 (C12, C13).
 * - The unsolicited form (2015 text) is taken at the listening address only, from the server of the
 *   bootstrap account: with its PSK, or from anybody when the account is NoSec and the address
 *   coap://.  After its Finish the device starts again as after a reset.
 * - The bootstrap server's session stays for 93 seconds after its Finish was answered.
 * - A configuration that no server registers is not fetched again at once: the next bootstrap waits
 *   60 seconds, twice as long each time.
 * - After success all servers are registered with anew, on new sessions (F6, U5).
 */
#ifndef IMP_CMD_DEVICE_H
#define IMP_CMD_DEVICE_H

#include "base/seam.h"
#include "bootstrap/client.h"
#include "bootstrap/transport.h"
#include "cmd/device_life.h"

enum imp_device_event_kind {
	IMP_DEVICE_STARTED,	  /* store: what it said when it was opened */
	IMP_DEVICE_CARD,	  /* the card was looked at: change */
	IMP_DEVICE_APPLIED,	  /* from: "card" or "factory"; ok */
	IMP_DEVICE_DISABLED,	  /* what came from the card is disabled (S5) */
	IMP_DEVICE_DELETED,	  /* what came from the card is deleted (S6) */
	IMP_DEVICE_WAITING,	  /* seconds, until the next attempt */
	IMP_DEVICE_HOLDING,	  /* seconds, before Bootstrap-Request (C14) */
	IMP_DEVICE_REGISTERING,	  /* ssid, uri */
	IMP_DEVICE_REGISTERED,	  /* ssid, path: its location */
	IMP_DEVICE_REFUSED,	  /* registration at ssid failed: code, or text */
	IMP_DEVICE_UPDATED,	  /* ssid */
	IMP_DEVICE_LOST,	  /* ssid: the registration is no longer known; code or text */
	IMP_DEVICE_LEFT,	  /* ssid: de-registered */
	IMP_DEVICE_OFF,		  /* ssid: disabled for seconds (1/x/4) */
	IMP_DEVICE_BOOTSTRAPPING, /* uri; by the server when it is NULL */
	IMP_DEVICE_WRITTEN,	  /* a request of the bootstrap server: method, path, code, text */
	IMP_DEVICE_BOOTSTRAPPED,  /* result: IMR_CLIENT_REPLACED ... */
	IMP_DEVICE_FAILED,	  /* the bootstrap: code, or text */
	IMP_DEVICE_PURGED,	  /* the account's timeout is over (F8) */
	IMP_DEVICE_SERVED,	  /* a request of a management server: ssid, method, path, code */
	IMP_DEVICE_UNTRUSTED,	  /* a server was refused: text */
	IMP_DEVICE_LISTENING,	  /* uri, port */
	IMP_DEVICE_REBOOT,
	IMP_DEVICE_RESET, /* factory reset; ok, or text */
};

struct imp_device_event {
	enum imp_device_event_kind kind;
	uint16_t ssid;
	uint8_t code; /* of CoAP; 0: none */
	uint8_t result;
	enum imp_method method;
	uint32_t seconds;
	unsigned port;
	bool ok;
	const char *uri, *path, *from, *text; /* NULL: not said */
};

struct imp_device_options {
	const char *endpoint;
	const struct imp_net_seam *net; /* NULL: imp_device_boot() only */
	const struct imp_clock *clock;
	unsigned time_scale; /* seconds of the device in one of the clock; 0: 1 */
	const struct imr_store_flash *store;
	const struct imp_device_slot *slot; /* NULL: no card */
	const struct imr_flash *factory;    /* NULL: no factory area */
	size_t payload_max;		    /* octets of a configuration; 0: 32 KiB */
	enum imr_client_clean clean;
	uint16_t pct;	 /* IMP_FORMAT_NONE: not said */
	uint8_t version; /* of the enabler: 1.version */
	bool pack;
	const struct imr_client_formats *formats; /* may be shared by devices of one thread */
	enum imr_status (*check)(void *ctx, const struct imr_set *candidate, uint16_t superseded,
		struct imp_span *findings); /* as in struct imr_client_config, shared too */
	void *check_ctx;
	const char *listen;	 /* NULL: no unsolicited bootstrap */
	unsigned ack_timeout_ms; /* 0: CoAP's */
	void (*event)(void *ctx, const struct imp_device_event *event); /* NULL: nobody cares */
	void *event_ctx;
};

struct imp_device;

/* All that options name must outlive the device, but the struct itself. */
IMP_MUST_CHECK enum imp_status imp_device_open(
	const struct imp_device_options *options, struct imp_device **out, struct imp_diag *diag);
void imp_device_close(struct imp_device *device); /* wipes; takes NULL; says nothing to servers */

/* Steps 1 and 2 of the sequence alone: what would be done next is returned, nothing is sent. */
struct imr_action imp_device_boot(struct imp_device *device);

/* Switch on: listen, start the sequence. */
IMP_MUST_CHECK enum imp_status imp_device_start(struct imp_device *device, struct imp_diag *diag);

/* One round: wait at most ms for the net, then do what is due. */
void imp_device_pump(struct imp_device *device, unsigned ms);

/* Milliseconds until something is due without the net. */
unsigned imp_device_due(struct imp_device *device);

/* De-register everywhere and do nothing else any more; pump until imp_device_resting(). */
void imp_device_leave(struct imp_device *device);
bool imp_device_resting(const struct imp_device *device);

/* A server that is provisioned from the card is to be looked at, an Update is due, by hand: tests
 * and the command's signals. */
void imp_device_update(struct imp_device *device, uint16_t ssid);

/* ---- to look at ---- */

const struct imr_plan *imp_device_plan(const struct imp_device *device);
struct imr_store *imp_device_store(struct imp_device *device);
unsigned imp_device_registered(const struct imp_device *device); /* servers */
unsigned imp_device_bootstraps(const struct imp_device *device); /* finished since it was opened */
struct imp_net *imp_device_net(struct imp_device *device);

#endif
