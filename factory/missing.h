/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the ledger knows and the folder does not hold any more. */
#ifndef IMP_FACTORY_MISSING_H
#define IMP_FACTORY_MISSING_H

#include "factory/job.h"

struct imp_missing {
	uint64_t n;	       /* units whose file is not there, or is no file of its length */
	struct imp_unit first; /* one of them; the rest is named by name only */
	char names[160];       /* the first few files, "A.bin, B.bin, ..." */
};

void imp_missing_free(struct imp_missing *missing);
#define IMP_MISSING __attribute__((cleanup(imp_missing_free))) struct imp_missing

/*
 * Look for the file of each unit of the job's batch that has one, in the open folder dirfd: one
 * fstatat() each, no content is read.  out zeroed.
 */
IMP_MUST_CHECK enum imp_status imp_missing_look(
	const struct imp_job *job, int dirfd, struct imp_missing *out, struct imp_diag *diag);

/* A warning with the command that makes the first of them again; nothing when none is missing. */
void imp_missing_warn(
	const struct imp_job *job, const char *dir, const struct imp_missing *missing);

#endif
