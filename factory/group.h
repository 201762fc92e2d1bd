/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One group of units on its way through one thread: make the keys of all, record them in one
 * transaction, write and read back all files, make them durable with one sync, record the results
 * in one transaction.  Whatever moment a process dies at, the next run finds each unit either
 * without keys or with its keys in the ledger.
 */
#ifndef IMP_FACTORY_GROUP_H
#define IMP_FACTORY_GROUP_H

#include "factory/manifest.h"

#include <semaphore.h>

#define IMP_GROUP_MAX 256

struct imp_group_options {
	const char *dir; /* where files go */
	int dirfd;
	enum imp_encode encode;
	bool force;		       /* overwrite files that hold something else */
	struct imp_manifest *manifest; /* takes the lines of released units; NULL: nobody wants
					  them */
	sem_t *cpu; /* the crew's: taken while a group computes, given back while it waits for a
		       disk */
};

/* What a group came to. */
struct imp_group_result {
	size_t made;	/* keys made by this run */
	size_t written; /* files written and verified by this run */
	size_t failed;
};

struct imp_group;

/* One per thread; job and options must outlive it. */
IMP_MUST_CHECK enum imp_status imp_group_open(const struct imp_job *job,
	const struct imp_group_options *options, struct imp_group **out, struct imp_diag *diag);
void imp_group_close(struct imp_group *group); /* wipes; takes NULL */

/*
 * Carry units (planned, or made with their file still to be written) through.  Takes their
 * contents: they are freed on return.  A unit that goes wrong alone becomes failed, with a reason;
 * what concerns all of them is returned, and nothing of the group is lost: the next run continues
 * it.
 */
IMP_MUST_CHECK enum imp_status imp_group_run(struct imp_group *group, struct imp_unit *units,
	size_t n, struct imp_group_result *result, struct imp_diag *diag);

#endif
