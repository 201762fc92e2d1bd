/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the command table. */
#ifndef IMP_CMD_HELP_H
#define IMP_CMD_HELP_H

#include "cmd/cmd.h"

#include <stdio.h>

/* The options that every command takes; ends with IMP_OPT_END. */
extern const struct imp_opt imp_global_opts[];

void imp_help_all(FILE *to, const struct imp_noun *nouns);
void imp_help_noun(FILE *to, const struct imp_noun *noun);
void imp_help_cmd(FILE *to, const struct imp_cmd *cmd);

/* The whole table and the exit codes as one JSON document: for completion and the man-page check.
 */
void imp_help_json(FILE *to, const struct imp_noun *nouns);

#endif
