/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress of long work, for people: a bar with rate and time to go, redrawn on a terminal, one
 * line per 10 % otherwise.  Nothing is shown for work that ends within a second on a terminal.
 */
#ifndef IMP_HOST_PROGRESS_H
#define IMP_HOST_PROGRESS_H

#include "base/seam.h"

#include <stdbool.h>
#include <stdio.h>

struct imp_progress {
	FILE *to; /* NULL: silent */
	const struct imp_clock *clock;
	const char *what; /* "units" */
	bool terminal;
	bool drawn;
	uint64_t total, done, first; /* first: done before this run began */
	uint64_t started_ms, drawn_ms;
	unsigned tenths; /* of the work, already reported off a terminal */
};

/* to NULL is silent.  what: plural noun, kept by pointer. */
void imp_progress_start(struct imp_progress *p, FILE *to, const struct imp_clock *clock,
	const char *what, uint64_t done, uint64_t total);

/* done so far, over all runs.  Cheap; call it as often as you like, from one thread at a time. */
void imp_progress_step(struct imp_progress *p, uint64_t done);

/* Clear the bar (terminal) or print the last line. */
void imp_progress_end(struct imp_progress *p);

/* "1h02m", "3m20s", "45s"; returns buf. */
const char *imp_duration_text(uint64_t seconds, char buf[static 24]);

#endif
