/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a profile names: its CA, and a digest of all that decides what a unit gets. */
#ifndef IMP_FACTORY_INPUTS_H
#define IMP_FACTORY_INPUTS_H

#include "crypto/ca.h"
#include "crypto/sha256.h"
#include "factory/profile.h"

/* The CA of a profile, judged at now; NULL in *out when no account uses x509. */
IMP_MUST_CHECK enum imp_status imp_profile_ca(
	const struct imp_profile *profile, int64_t now, struct imp_ca **out, struct imp_diag *diag);

/* SHA-256 over the layout's numbers, the CA certificate, the servers' keys and what the tag key
 * makes of a text, so that a run does not go on with other files than the ones the batch was
 * planned with. */
IMP_MUST_CHECK enum imp_status imp_profile_inputs(
	const struct imp_profile *profile, uint8_t out[static IMP_SHA256], struct imp_diag *diag);

#endif
