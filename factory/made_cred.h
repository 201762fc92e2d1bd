/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a device that was just made, in the ledger's form. */
#ifndef IMP_FACTORY_MADE_CRED_H
#define IMP_FACTORY_MADE_CRED_H

#include "factory/maker.h"
#include "ledger/ledger.h"

/* Credential i of made, which maker made last.  Spans point into made and into the maker's set. */
struct imp_cred imp_made_cred(const struct imp_profile *profile, const struct imp_maker *maker,
	const struct imp_made *made, size_t i);

#endif
