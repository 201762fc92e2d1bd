/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems of input files: all of them at once, each with file and line.  Functions that read a
 * file add to a list; the command at the top shows it (cmd/problems_report.h).
 */
#ifndef IMP_HOST_PROBLEMS_H
#define IMP_HOST_PROBLEMS_H

#include "base/diag.h"
#include "host/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum imp_problem_kind { IMP_PROBLEM_WARNING, IMP_PROBLEM_ERROR };

struct imp_problem {
	const char *file; /* owned by the list */
	unsigned line;	  /* from 1; 0: the file as a whole */
	enum imp_problem_kind kind;
	const char *rule; /* "K2", "F12"; static text, "" when no rule is behind it */
	const char *text; /* owned by the list */
};

#define IMP_PROBLEMS_KEPT 1000

/* Empty when zeroed. */
struct imp_problems {
	struct imp_problem *v;
	size_t n; /* kept: the first IMP_PROBLEMS_KEPT; further ones are only counted */
	size_t errors, warnings;
	enum imp_status status; /* of the first error; IMP_OK without one */
	struct imp_arena arena; /* holds the texts */
};

/* Add one; errors have status IMP_E_FORMAT. */
void imp_problem_error(struct imp_problems *p, const char *file, unsigned line, const char *rule,
	const char *fmt, ...) IMP_PRINTF(5, 6);
void imp_problem_warning(struct imp_problems *p, const char *file, unsigned line, const char *rule,
	const char *fmt, ...) IMP_PRINTF(5, 6);

/* Add an error of another status: a file that is absent, unreadable, ... */
void imp_problem_status(struct imp_problems *p, enum imp_status st, const char *file, unsigned line,
	const char *fmt, ...) IMP_PRINTF(5, 6);

/* Add what another function has diagnosed as an error; a text that begins with file itself is not
 * given it twice. */
void imp_problem_diag(
	struct imp_problems *p, const char *file, unsigned line, const struct imp_diag *diag);

/* "profile.yaml:12: two bootstrap accounts (K5)"; returns buf. */
const char *imp_problem_text(const struct imp_problem *problem, char *buf, size_t cap);

/* One diagnosis for the whole list: its only error, or the first and the number of others.  Returns
 * the status of the first error, IMP_OK when there is none (diag untouched). */
enum imp_status imp_problems_diag(const struct imp_problems *p, struct imp_diag *diag);

void imp_problems_free(struct imp_problems *p);
#define IMP_PROBLEMS __attribute__((cleanup(imp_problems_free))) struct imp_problems

#endif
