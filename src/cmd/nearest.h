/* SPDX-License-Identifier: Apache-2.0 */
/* The name that a mistyped one most likely meant; NULL when none is near. */
#ifndef IMP_CMD_NEAREST_H
#define IMP_CMD_NEAREST_H

#include "cmd/cmd.h"

const char *imp_nearest_noun(const struct imp_noun *nouns, const char *given);
const char *imp_nearest_verb(const struct imp_noun *noun, const char *given);

#endif
