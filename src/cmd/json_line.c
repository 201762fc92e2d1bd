/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/json_line.h"

#include "host/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum imp_status imp_json_line(struct imp_env *env, imp_json_fill *fill, const void *ctx)
{
	struct imp_wr count = imp_wr_count(), wr;
	struct imp_json j = imp_json(&count);
	IMP_BLOB text = { NULL, 0 };

	fill(&j, ctx);
	if (count.st != IMP_OK)
		return imp_diag(&env->diag, count.st, "the result has no form in JSON");
	text.n = count.n + 1;
	text.p = malloc(text.n);
	if (!text.p)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(text.p, text.n);
	j = imp_json(&wr);
	fill(&j, ctx);
	imp_wr_u8(&wr, '\n');
	if (wr.st != IMP_OK || fwrite(text.p, 1, wr.n, env->out) != wr.n)
		return imp_diag(&env->diag, IMP_E_IO, "standard output: %s", strerror(errno));
	return IMP_OK;
}
