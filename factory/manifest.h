/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/manifest.jsonl: one line for each unit of a batch whose file is written and verified, without
 * secrets, made from the ledger alone, so that it can be made again at any time.
 */
#ifndef IMP_FACTORY_MANIFEST_H
#define IMP_FACTORY_MANIFEST_H

#include "codec/json_enc.h"
#include "factory/job.h"

/* Write it anew (0600, at once or not at all).  The profile of the job must be loaded. */
IMP_MUST_CHECK enum imp_status imp_manifest_write(
	const struct imp_job *job, const char *dir, struct imp_diag *diag);

/* The array "credentials" of one unit: kinds with their public values or fingerprints. */
IMP_MUST_CHECK enum imp_status imp_manifest_credentials(
	struct imp_ledger *ledger, int64_t unit, struct imp_json *j, struct imp_diag *diag);

#endif
