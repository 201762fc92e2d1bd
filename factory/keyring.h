/* SPDX-License-Identifier: Apache-2.0 */
/* Data keys of the batches of a ledger, each opened when it is first needed and kept until the end.
 */
#ifndef IMP_FACTORY_KEYRING_H
#define IMP_FACTORY_KEYRING_H

#include "cmd/env.h"
#include "crypto/seal.h"
#include "ledger/ledger.h"

struct imp_keyring;

/* files are tried in turn; none: what each batch names (its station key, its resume key).  All must
 * outlive the ring.  One thread. */
IMP_MUST_CHECK enum imp_status imp_keyring_open(struct imp_env *env, struct imp_ledger *ledger,
	const char *const *files, size_t n, struct imp_keyring **out);
void imp_keyring_close(struct imp_keyring *ring); /* wipes; takes NULL */

/*
 * The sealer of a batch; it belongs to the ring.  A key that does not open is warned about once;
 * after that and as well the first time: IMP_E_ABSENT, IMP_E_DENIED or IMP_E_REFUSED as
 * imp_ledger_data_key().
 */
IMP_MUST_CHECK enum imp_status imp_keyring_sealer(
	struct imp_keyring *ring, int64_t batch, struct imp_sealer **out, struct imp_diag *diag);

#endif
