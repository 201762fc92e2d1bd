/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of bad inputs: what a list of problems must hold. */
#ifndef FAKE_FINDINGS_H
#define FAKE_FINDINGS_H

#include "host/problems.h"

/* Is there a problem with this line, kind, rule ("" for any) and this part in its text? */
bool findings_have(const struct imp_problems *problems, enum imp_problem_kind kind, unsigned line,
	const char *rule, const char *part);

/* All of them on stderr, under a title: for a case that failed. */
void findings_print(const char *title, const struct imp_problems *problems);

#endif
