/* SPDX-License-Identifier: Apache-2.0 */
/* The command tables of this folder, for main.c and the tests.  Each ends with a NULL noun. */
#ifndef IMP_CMD_COMMANDS_H
#define IMP_CMD_COMMANDS_H

#include "cmd/cmd.h"

extern const struct imp_cmd imp_set_cmds[];
extern const struct imp_cmd imp_inspect_cmds[];
extern const struct imp_cmd imp_boot_cmds[];
extern const struct imp_cmd imp_device_cmds[];

#endif
