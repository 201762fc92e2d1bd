/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnosis: one message for the person at the keyboard, filled by the function that knows the
 * cause, printed by the command at the top and nowhere else.  It names the thing and, in hint, the
 * next step.  It never holds a secret.
 *
 * diag.c is the one file of this layer that needs a hosted C library; it is not part of the device
 * build.
 */
#ifndef IMP_BASE_DIAG_H
#define IMP_BASE_DIAG_H

#include "base/status.h"

struct imp_diag {
	enum imp_status status;
	unsigned sw;	/* status word of a card, 0 when none is the cause */
	char text[512]; /* what is wrong, naming the thing: "profile.yaml:12: unknown key 'foo'" */
	char hint[256]; /* what to do next; may be empty */
};

/* Set status and text, clear hint and sw; returns st, so that callers can return it at once.
 * diag may be NULL. */
enum imp_status imp_diag(struct imp_diag *diag, enum imp_status st, const char *fmt, ...)
	IMP_PRINTF(3, 4);

/* Set the next step.  diag may be NULL. */
void imp_diag_hint(struct imp_diag *diag, const char *fmt, ...) IMP_PRINTF(2, 3);

#endif
