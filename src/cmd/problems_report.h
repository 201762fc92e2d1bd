/* SPDX-License-Identifier: Apache-2.0 */
/* How a command shows the problems of its input files. */
#ifndef IMP_CMD_PROBLEMS_REPORT_H
#define IMP_CMD_PROBLEMS_REPORT_H

#include "cmd/env.h"
#include "host/problems.h"

/*
 * Warnings go to env->err.  A single error becomes env->diag; several are listed on env->err and
 * env->diag counts them.  Returns the status of the first error, IMP_OK when there is none.
 */
IMP_MUST_CHECK enum imp_status imp_problems_report(
	struct imp_env *env, const struct imp_problems *problems);

#endif
