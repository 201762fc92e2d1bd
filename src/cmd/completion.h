/* SPDX-License-Identifier: Apache-2.0 */
/* `imprint completion bash`: a completion script made from the command table. */
#ifndef IMP_CMD_COMPLETION_H
#define IMP_CMD_COMPLETION_H

#include "cmd/cmd.h"

/* shell: "bash"; NULL or another is IMP_E_USAGE. */
enum imp_status imp_completion(
	struct imp_env *env, const struct imp_noun *nouns, const char *shell);

#endif
