/* SPDX-License-Identifier: Apache-2.0 */
/* The operating system's clock, and a process that leaks nothing. */
#ifndef IMP_HOST_SYSTEM_H
#define IMP_HOST_SYSTEM_H

#include "base/seam.h"

#include <stdbool.h>

extern const struct imp_clock imp_clock_system;

/* No core dumps, not dumpable by others, new files for the owner alone. */
void imp_system_harden(void);

/* Processors this process may use, at least 1. */
unsigned imp_system_cpus(void);

/* "2026-11-21T20:48:00Z"; returns buf. */
const char *imp_time_text(int64_t wall_s, char buf[static 24]);

#endif
