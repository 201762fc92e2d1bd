/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of a run: each takes the next group of open units until none is left. */
#ifndef IMP_FACTORY_CREW_H
#define IMP_FACTORY_CREW_H

#include "factory/group.h"
#include "host/progress.h"

struct imp_crew_options {
	unsigned jobs;
	uint64_t open; /* units to do, to choose the size of groups */
	struct imp_progress
		*progress; /* stepped after each group; started and ended by the caller */
	uint64_t done;	   /* units done before, for the progress */
	/* Asked before each group; true: finish what is begun and stop. */
	bool (*stop)(void);
};

/*
 * Do all open units of the job.  Counts are added to result also on failure.  The first failure
 * ends the run: other threads finish their group.  *stopped: stop() said so before the end.
 */
IMP_MUST_CHECK enum imp_status imp_crew_run(const struct imp_job *job,
	const struct imp_group_options *options, const struct imp_crew_options *crew,
	struct imp_group_result *result, bool *stopped, struct imp_diag *diag);

#endif
