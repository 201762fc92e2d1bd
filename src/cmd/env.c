/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/env.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

void imp_out(struct imp_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(env->out, fmt, ap);
	va_end(ap);
}

void imp_note(struct imp_env *env, const char *fmt, ...)
{
	va_list ap;

	if (env->quiet)
		return;
	va_start(ap, fmt);
	(void)vfprintf(env->err, fmt, ap);
	va_end(ap);
	fputc('\n', env->err);
}

void imp_warn(struct imp_env *env, const char *fmt, ...)
{
	va_list ap;

	fputs("imprint: warning: ", env->err);
	va_start(ap, fmt);
	(void)vfprintf(env->err, fmt, ap);
	va_end(ap);
	fputc('\n', env->err);
}

enum imp_status imp_confirm(struct imp_env *env, const char *fmt, ...)
{
	char question[256], answer[16] = "";
	va_list ap;

	if (env->yes)
		return IMP_OK;
	va_start(ap, fmt);
	(void)vsnprintf(question, sizeof question, fmt, ap);
	va_end(ap);
	if (!isatty(STDIN_FILENO)) {
		imp_diag(&env->diag, IMP_E_DENIED, "%s: not confirmed", question);
		imp_diag_hint(&env->diag, "say --yes when you mean it");
		return IMP_E_DENIED;
	}
	fprintf(env->err, "%s? Type yes: ", question);
	(void)fflush(env->err);
	if (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0)
		return IMP_OK;
	return imp_diag(&env->diag, IMP_E_DENIED, "%s: not confirmed", question);
}
