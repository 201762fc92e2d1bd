/* SPDX-License-Identifier: Apache-2.0 */
/* A batch opened for work: the profile as it was when the batch was planned, its CA, its key. */
#ifndef IMP_FACTORY_JOB_H
#define IMP_FACTORY_JOB_H

#include "cmd/env.h"
#include "crypto/ca.h"
#include "factory/profile.h"
#include "ledger/ledger.h"

struct imp_job {
	struct imp_env *env;
	struct imp_ledger *ledger;
	struct imp_batch batch;
	struct imp_profile profile;
	struct imp_ca *ca; /* NULL when no account uses x509 */
	struct imp_secret data_key;
	struct imp_secret tag_key;  /* of slots; empty: no tags */
	int lock;		    /* of the batch; -1 when not held */
	struct imp_devices columns; /* of the device list, without rows */
	char *column_text;
	const char *column_v[IMP_COLUMNS_MAX];
};

/* out zeroed; imp_job_close() in every case.  Ledger, batch, and the lock when locked. */
IMP_MUST_CHECK enum imp_status imp_job_open(struct imp_env *env, const char *ledger,
	const char *batch, bool locked, struct imp_job *out);

/* Parse the profile, and refuse when what it names has changed since. */
IMP_MUST_CHECK enum imp_status imp_job_load_profile(struct imp_job *job);

void imp_job_close(struct imp_job *job);
#define IMP_JOB __attribute__((cleanup(imp_job_close))) struct imp_job

#endif
