/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the checker: what its rule files share.  Everyone else includes model/check.h. */
#ifndef IMP_MODEL_CHECK_RULES_H
#define IMP_MODEL_CHECK_RULES_H

#include "model/check.h"

/* Resources of /0 and /1 that rules speak of. */
enum {
	SEC_URI = 0,
	SEC_BOOTSTRAP = 1,
	SEC_MODE = 2,
	SEC_IDENTITY = 3, /* or public key, or certificate */
	SEC_SERVER_KEY = 4,
	SEC_SECRET = 5,
	SEC_SMS_KEYS = 8,
	SEC_SSID = 10,
	SEC_TIMEOUT = 12,
	SEC_MATCHING = 13,
	SEC_OSCORE = 17,
	SEC_MORE_URIS = 25,
	SEC_MQTT = 26,
	SEC_COSE = 27,
	SRV_SSID = 0,
	ACL_OBJECT = 0,
	ACL_INSTANCE = 1,
	ACL_ENTRY = 2,
	ACL_OWNER = 3,
	OSC_SECRET = 0,
	OSC_SENDER = 1,
	OSC_RECIPIENT = 2,
	OSC_AEAD = 3,
};

enum { MODE_PSK = 0, MODE_RPK = 1, MODE_X509 = 2, MODE_NOSEC = 3, MODE_EST = 4 };

/* One bit per Short Server ID. */
struct ssids {
	uint8_t bit[65536 / 8];
	unsigned count;
};

struct check {
	const struct imp_set *set;
	const struct imp_check_options *options;
	struct imp_findings *findings;
	/* Legal Short Server IDs, for the rules behind the one that collects them. */
	struct ssids security;	/* of server accounts */
	struct ssids server;	/* of /1 instances */
	struct ssids bootstrap; /* of bootstrap accounts, which should have none */
	bool ssid_missing;	/* a server account without 0/x/10 */
};

static inline bool ssids_has(const struct ssids *ids, int64_t id)
{
	return id >= 0 && id <= 65535 && ids->bit[id / 8] & 1U << id % 8;
}

static inline void ssids_add(struct ssids *ids, int64_t id)
{
	ids->bit[id / 8] |= (uint8_t)(1U << id % 8);
	ids->count++;
}

static inline struct imp_path at_instance(uint16_t object, int32_t instance)
{
	struct imp_path path = { object, (uint16_t)instance, IMP_NO_ID, IMP_NO_ID };

	return path;
}

static inline struct imp_path at(uint16_t object, int32_t instance, uint16_t resource)
{
	struct imp_path path = { object, (uint16_t)instance, resource, IMP_NO_ID };

	return path;
}

/* check_table.c: mandatory resources (K7), ranges, versions. */
void check_table(struct check *c);
/* check_accounts.c: K1-K6, K8, K11-K13, F8, F12, URIs. */
void check_accounts(struct check *c);
/* K9, which counts on the accounts that check_accounts() found. */
void check_access_control_needed(struct check *c);
/* check_keys.c: B1-B15 and OSCORE. */
void check_keys(struct check *c);

#endif
