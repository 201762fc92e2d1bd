/* SPDX-License-Identifier: Apache-2.0 */
/* May this profile be written to the devices of this ledger? */
#ifndef IMP_FACTORY_WRITE_CHECK_H
#define IMP_FACTORY_WRITE_CHECK_H

#include "factory/profile.h"
#include "ledger/ledger.h"

/*
 * A bootstrap account that replaces the device's must not go by the PSK identity of the old one: a
 * server can hold one key for an identity, and both hold until the device has finished.  Compares
 * the templates with those of each batch whose devices the profile can name.  IMP_E_INCONSISTENT,
 * with file and line, when the two could be the same.
 */
IMP_MUST_CHECK enum imp_status imp_write_check(
	struct imp_ledger *ledger, const struct imp_profile *profile, struct imp_diag *diag);

#endif
