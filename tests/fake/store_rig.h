/* SPDX-License-Identifier: Apache-2.0 */
/* A device with an account store in NOR flash, and configurations to put into it. */
#ifndef STORE_RIG_H
#define STORE_RIG_H

#include "tests/fake/nor.h"

#define RIG_REGION 768
#define RIG_BLOCK 256
#define RIG_BUFFER 640
#define RIG_FACTORY (2 * RIG_REGION)

struct rig {
	struct nor nor;
	uint8_t buffer[RIG_BUFFER];
	struct imr_store store;
};

/* Two regions of three blocks, and a factory slot of two that can be erased. */
void rig_init(struct rig *rig, uint32_t unit);

/* A reset: all of RAM is lost, the store is opened. */
enum imr_status rig_boot(struct rig *rig);

/* Write accounts, each with a secret of 16 octets that is found nowhere else: its text, repeated to
 * 16 characters.  oscore: also /21/instance, with `secret` in lower case.  timeout 0: none. */
void rig_put_bootstrap(struct imr_set *set, uint16_t instance, const char *secret, uint32_t timeout,
	bool oscore, enum imr_origin origin);
void rig_put_server(
	struct imr_set *set, uint16_t instance, const char *secret, enum imr_origin origin);

/* Is the secret anywhere in flash, in either spelling? */
bool rig_holds(const struct rig *rig, const char *secret);

/* Put something that holds the secret into the factory slot. */
void rig_fill_factory(struct rig *rig, const char *secret);

/* What a boot finds. */
struct rig_view {
	enum imr_status st; /* IMR_OK; IMR_E_NONE for all that leaves the device without one */
	size_t n;
	uint8_t octets[RIG_BUFFER];
	uint8_t origin[IMR_INSTANCES_MAX];
	struct imr_store_card card;
	uint8_t keys, flags;
	uint32_t remaining;
};

/* Boot, complete what is to be completed, and look. */
void rig_look(struct rig *rig, struct rig_view *view);

bool rig_same(const struct rig_view *a, const struct rig_view *b);

#endif
