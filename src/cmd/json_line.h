/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON document as one line on env->out. */
#ifndef IMP_CMD_JSON_LINE_H
#define IMP_CMD_JSON_LINE_H

#include "cmd/env.h"
#include "codec/json_enc.h"

/* Write one value, the same each time it is called. */
typedef void imp_json_fill(struct imp_json *j, const void *ctx);

/* Measure, write, print with a newline, wipe: fill is called twice.  IMP_E_FORMAT when a text is
 * not UTF-8 or a number has no JSON; env->diag is filled then and nothing was printed. */
IMP_MUST_CHECK enum imp_status imp_json_line(
	struct imp_env *env, imp_json_fill *fill, const void *ctx);

#endif
