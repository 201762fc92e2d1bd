/* SPDX-License-Identifier: Apache-2.0 */
/* Making what a bootstrap server writes to a unit, from a profile, and recording it. */
#ifndef IMP_FACTORY_DELIVERY_H
#define IMP_FACTORY_DELIVERY_H

#include "cmd/env.h"
#include "crypto/ca.h"
#include "crypto/seal.h"
#include "factory/profile.h"
#include "ledger/ledger.h"

struct imp_delivery_maker;

/* All must outlive the maker.  Templates may use the columns of each unit's own device list. */
IMP_MUST_CHECK enum imp_status imp_delivery_maker_open(struct imp_env *env,
	struct imp_ledger *ledger, const struct imp_profile *profile, const struct imp_ca *ca,
	struct imp_delivery_maker **out, struct imp_diag *diag);
void imp_delivery_maker_close(struct imp_delivery_maker *maker); /* wipes; takes NULL */

/* Make and seal, nothing recorded yet; payload gets a copy in clear.  Failures as
 * imp_maker_make(); IMP_E_FORMAT: a template names a column that the unit's list does not have. */
IMP_MUST_CHECK enum imp_status imp_delivery_make(struct imp_delivery_maker *maker,
	const struct imp_unit *unit, struct imp_sealer *sealer, struct imp_blob *payload,
	struct imp_diag *diag);

/* Record what was made last; durable on return.  Failures as imp_ledger_deliver(). */
IMP_MUST_CHECK enum imp_status imp_delivery_record(
	struct imp_delivery_maker *maker, struct imp_diag *diag);

/* Record accounts that were made elsewhere as the delivery of a unit; durable on return.  Failures
 * as imp_ledger_deliver(); IMP_E_SPACE: no payload has room for them. */
IMP_MUST_CHECK enum imp_status imp_delivery_adopt(struct imp_ledger *ledger,
	const struct imp_unit *unit, struct imp_sealer *sealer, const struct imp_set *set,
	struct imp_diag *diag);

#endif
