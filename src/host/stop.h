/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM as a question that long work asks itself. */
#ifndef IMP_HOST_STOP_H
#define IMP_HOST_STOP_H

#include <signal.h>
#include <stdbool.h>

/* What the signals did before. */
struct imp_stop {
	struct sigaction interrupt, terminate;
};

/* From here on a signal only makes imp_stop_asked() true.  One at a time in a process. */
void imp_stop_catch(struct imp_stop *old);
bool imp_stop_asked(void);
void imp_stop_restore(const struct imp_stop *old);

#endif
