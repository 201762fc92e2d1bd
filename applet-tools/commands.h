/* SPDX-License-Identifier: Apache-2.0 */
/* The command tables of this folder, for main.c and the tests.  Each ends with a NULL noun. */
#ifndef IMP_APPLET_TOOLS_COMMANDS_H
#define IMP_APPLET_TOOLS_COMMANDS_H

#include "cmd/cmd.h"

extern const struct imp_cmd imp_card_cmds[];

#endif
