/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger in a folder of its own, with units in any state, without profiles or makers. */
#ifndef FAKE_LEDGER_RIG_H
#define FAKE_LEDGER_RIG_H

#include "ledger/ledger.h"

struct ledger_rig {
	char dir[64];
	char path[96];
	struct imp_ledger *ledger;
	struct imp_diag diag;
	struct imp_secret data_key, station;
	char station_file[96];
};

extern const struct imp_clock ledger_rig_clock; /* a second later with each look */

/* Make the folder and an empty ledger in it; fails the test when it cannot. */
void ledger_rig_open(struct ledger_rig *rig);
void ledger_rig_close(struct ledger_rig *rig); /* folder and all */

/* Close and open the ledger again. */
void ledger_rig_reopen(struct ledger_rig *rig);

/* A path inside the folder; static, overwritten by the next call. */
const char *ledger_rig_path(const struct ledger_rig *rig, const char *name);

/* Fill a batch that is ready for plan_begin(); sealed to the rig's station key. */
void ledger_rig_batch(
	struct ledger_rig *rig, const char *name, unsigned targets, struct imp_batch *out);

/* Plan n units "NAME-0".. with endpoint "ep-NAME-i" and PSK identity "id-NAME-i". */
void ledger_rig_plan(struct ledger_rig *rig, const char *name, unsigned targets, size_t n);

/* Plan one unit into a batch that is begun. */
enum imp_status ledger_rig_unit(struct ledger_rig *rig, const struct imp_batch *batch,
	const char *serial, const char *endpoint, const char *iccid, const char *identity);

/* Make a unit: payload is sealed, key is its PSK fingerprint (one octet repeated). */
enum imp_status ledger_rig_make(
	struct ledger_rig *rig, const char *endpoint, const char *payload, uint8_t key);

/* Give a unit a delivery: payload is sealed, key is its PSK fingerprint, identity its PSK identity
 * (NULL: none). */
enum imp_status ledger_rig_deliver(struct ledger_rig *rig, const char *endpoint,
	const char *payload, uint8_t key, const char *identity);

/* Record a verified file, or a failure. */
enum imp_status ledger_rig_flash(struct ledger_rig *rig, const char *endpoint, const char *failure);

enum imp_unit_state ledger_rig_state(struct ledger_rig *rig, const char *endpoint);

#endif
