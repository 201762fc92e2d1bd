/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

enum imp_status imp_diag(struct imp_diag *diag, enum imp_status st, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return st;
	diag->status = st;
	diag->sw = 0;
	diag->hint[0] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(diag->text, sizeof diag->text, fmt, ap);
	va_end(ap);
	return st;
}

void imp_diag_hint(struct imp_diag *diag, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(diag->hint, sizeof diag->hint, fmt, ap);
	va_end(ap);
}
