/* SPDX-License-Identifier: Apache-2.0 */
/* What of a credential set must never occur twice, in the ledger's form: for sets that were not
 * made here. */
#ifndef IMP_FACTORY_SET_CRED_H
#define IMP_FACTORY_SET_CRED_H

#include "crypto/sha256.h"
#include "factory/profile.h"
#include "ledger/ledger.h"

#define IMP_SET_CREDS_MAX ((size_t)IMP_ACCOUNTS_MAX * 4)

struct imp_set_creds {
	struct imp_cred v[IMP_SET_CREDS_MAX]; /* spans into the set and into hashes */
	size_t n;
	uint8_t hashes[IMP_SET_CREDS_MAX][IMP_SHA256];
};

/* Of all accounts of set, of none in particular.  IMP_E_SPACE: more than there is room for;
 * IMP_E_FORMAT: a certificate that does not parse. */
IMP_MUST_CHECK enum imp_status imp_set_creds(const struct imp_set *set, struct imp_set_creds *out);

#endif
