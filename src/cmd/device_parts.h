/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the simulated device: its parts see each other here. */
#ifndef IMP_CMD_DEVICE_PARTS_H
#define IMP_CMD_DEVICE_PARTS_H

#include "bootstrap/objects.h"
#include "bootstrap/registration.h"
#include "cmd/device.h"
#include "cmd/device_account.h"

#define IMP_DEVICE_QUEUE 32 /* events and acts of one round */

/* A server and the registration there. */
struct imp_device_link {
	uint16_t ssid;		   /* 0: free */
	uint64_t session, request; /* 0: none */
	bool again; /* registered since the latest bootstrap: 1/x/14 counts no more */
	struct imp_registration registration;
};

struct imp_device_act {
	enum imp_objects_act act;
	uint16_t ssid;
};

struct imp_device {
	struct imp_device_options options;
	char endpoint[IMP_ENDPOINT_MAX + 1];
	struct imr_store store;
	uint8_t *memory; /* the set, the reader's buffer, answers */
	size_t memory_n;
	struct imp_net *net;

	struct imp_device_life life;
	struct imr_client client;
	struct imr_client_config client_config;
	struct imp_objects objects;
	struct imp_objects_device texts;
	struct imp_device_link links[IMR_SERVERS_MAX];

	/* The bootstrap that goes on. */
	uint64_t bs_session, bs_request;
	bool bs_unasked;   /* the server began */
	unsigned bs_tries; /* handshakes that failed */
	unsigned bs_vain;  /* bootstraps finished since a registration succeeded */
	bool bs_again;	   /* another one at bs_at */
	uint32_t bs_at;
	uint64_t bs_last; /* session of the latest success, for repeated questions */
	uint32_t bs_last_until;
	enum imr_client_next bs_end; /* FINISHED or FAILED, to be seen to after the poll; 0 */
	const char *bs_why;	     /* of FAILED */

	struct imp_device_trust trust; /* of the session that was opened last */
	const char *distrust;	       /* why judge() said no, until it was told */

	/* What a round has brought. */
	struct imr_event events[IMP_DEVICE_QUEUE];
	size_t events_n;
	struct imp_device_act acts[IMP_DEVICE_QUEUE];
	size_t acts_n;

	/* Time. */
	uint64_t begin_ms;
	uint32_t told; /* seconds that the store has been told of */
	int64_t time_offset;
	bool waiting;
	uint32_t wake;

	bool leaving, on;
	unsigned bootstraps;
};

uint32_t imp_device_now(const struct imp_device *d); /* seconds since it was opened */
void imp_device_tell(const struct imp_device *d, struct imp_device_event event);
void imp_device_push(struct imp_device *d, struct imr_event event);

/* Switch off and on again: sessions end, the sequence starts anew. */
void imp_device_reboot(struct imp_device *d);

/* Is the store the client's at the moment? */
bool imp_device_bootstrapping(const struct imp_device *d);

/* "0/1" of a request, NUL-terminated; returns out. */
const char *imp_device_path(struct imp_span path, char out[static 64]);

/* "no answer", "handshake failed", ... */
const char *imp_device_failure(enum imp_net_failure why);

/* A session to account /0/instance of the set in memory; its trust becomes the device's.  0 with a
 * diagnosis when there is none; uri has what was tried. */
uint64_t imp_device_connect(struct imp_device *d, uint16_t instance,
	char uri[static IMP_DEVICE_URI], struct imp_diag *diag);
void imp_device_end(struct imp_device *d, uint64_t *session);

/* ---- device_register.c ---- */
void imp_device_register(struct imp_device *d, uint16_t ssid);
void imp_device_renew(struct imp_device *d, uint16_t ssid);
void imp_device_disable(struct imp_device *d, uint16_t ssid);
struct imp_device_link *imp_device_link(struct imp_device *d, uint64_t session);
struct imp_device_link *imp_device_link_of(struct imp_device *d, uint16_t ssid);
void imp_device_link_answer(struct imp_device *d, struct imp_device_link *link,
	const struct imp_response *in, const char *why);
void imp_device_link_tick(struct imp_device *d, struct imp_device_link *link);
void imp_device_link_leave(struct imp_device *d, struct imp_device_link *link);
/* End what the plan no longer has; all: end everything, and 1/x/14 counts again. */
void imp_device_links_prune(struct imp_device *d, bool all);

/* ---- device_bootstrap.c ---- */
/* The sequence wants it: now, or after a wait when the latest ones led to no registration. */
void imp_device_bootstrap(struct imp_device *d);
void imp_device_bootstrap_answer(
	struct imp_device *d, const struct imp_response *in, enum imp_net_failure why);
/* A request on the bootstrap server's session, or on one that nobody knows. */
void imp_device_bootstrap_request(struct imp_device *d, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out);
/* After a poll: time, and what has ended. */
void imp_device_bootstrap_round(struct imp_device *d);
enum imp_status imp_device_bootstrap_psk(
	struct imp_device *d, struct imp_span identity, uint8_t key[static 64], size_t *n);

#endif
