/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated device with everything around it, in memory: NOR flash, a factory slot, a card that
 * comes and goes, a bootstrap server and two management servers behind a net with a virtual clock.
 * What the device tells is kept as words, one line each.
 */
#ifndef DEVICE_RIG_H
#define DEVICE_RIG_H

#include "bootstrap/registrar.h"
#include "bootstrap/server.h"
#include "cmd/device.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/script_card.h"
#include "tests/fake/store_rig.h"

#define DEVICE_RIG_EP "dev-1"
#define DEVICE_RIG_FILE 500

/* A management server: SSID 101 or 102. */
struct device_rig_server {
	struct device_rig *rig;
	struct imp_net *net;
	struct imp_registrar *registrar;
	struct imp_credentials own; /* of a server with a certificate or a raw public key */
	char uri[64];
	uint8_t refuses; /* code for every Register; 0: none */
	uint8_t code;	 /* of the device's latest answer; 0: none came */
	char body[600];	 /* of it, text or octets */
	size_t body_n;
	unsigned registers, updates, leavings, expiries;
};

struct device_rig {
	struct fake_air air;
	struct imp_net_seam seam;
	struct rig flash;
	struct imr_flash factory;
	struct imp_device_options options;
	struct imp_device *device;

	/* The card slot. */
	struct script_card card;
	struct imp_device_slot slot;
	uint8_t file[DEVICE_RIG_FILE];
	uint8_t card_id; /* 0: no card */
	unsigned looks;

	/* The bootstrap server. */
	struct imp_net *bs_net;
	struct imp_bs_server *bs;
	struct imp_set bs_set;
	struct imp_bs_policy bs_policy;
	bool bs_refuses; /* 4.00 to every Request */
	bool bs_mute;	 /* it answers, and writes nothing */
	char bs_uri[64];
	unsigned bs_finished, bs_failed, bs_requests;
	char bs_text[200]; /* why the latest one failed */

	struct device_rig_server server[2];

	char log[8192];
	size_t log_n;
};

/* The servers are up, the device is off, its flash blank. */
void device_rig_init(struct device_rig *r, uint64_t seed);
void device_rig_free(struct device_rig *r);

/* Accounts as TLV into a set: PSK with identity "id-N" and a key of the text N repeated.  ssid 0:
 * the bootstrap account, at instance; timeout and hold_off 0: none.  uri NULL: that of the rig's
 * server. */
void device_rig_account(struct device_rig *r, struct imr_set *set, uint16_t instance, uint16_t ssid,
	const char *uri);
void device_rig_bootstrap(struct device_rig *r, struct imr_set *set, uint16_t instance,
	unsigned timeout, unsigned hold_off);
/* A resource more, or another value, for an instance: a number. */
void device_rig_number(
	struct imr_set *set, uint16_t object, uint16_t instance, uint16_t resource, int64_t v);
/* Access control row /2/instance: object, instance, one or two entries (ssid 0: none), owner. */
void device_rig_row(struct imr_set *set, uint16_t instance, uint16_t object, uint16_t of,
	uint16_t ssid, unsigned rights, uint16_t ssid2, unsigned rights2, uint16_t owner);

/* A set to fill, of a static buffer. */
struct imr_set device_rig_set(void);

/* What it holds becomes the factory slot, the card (id 1 and more), what the bootstrap server
 * gives. */
void device_rig_factory(struct device_rig *r, const struct imr_set *set, bool persistent);
void device_rig_card(struct device_rig *r, const struct imr_set *set, uint8_t id);
void device_rig_gives(struct device_rig *r, const struct imr_set *set);

/* Switch on (a new process over the same flash), let seconds pass, switch off without a word. */
void device_rig_on(struct device_rig *r);
void device_rig_run(struct device_rig *r, unsigned seconds);
void device_rig_off(struct device_rig *r);

/* A request of a management server to the device; the answer's code, 0 when none came. */
uint8_t device_rig_ask(struct device_rig *r, unsigned server, enum imp_method method,
	const char *path, uint16_t format, struct imp_span payload);

/* How often the log has the words; clears nothing. */
unsigned device_rig_said(const struct device_rig *r, const char *words);

#endif
