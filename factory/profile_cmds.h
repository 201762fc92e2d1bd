/* SPDX-License-Identifier: Apache-2.0 */
/* The run functions of `imprint profile`. */
#ifndef FACTORY_PROFILE_CMDS_H
#define FACTORY_PROFILE_CMDS_H

#include "cmd/cmd.h"

enum imp_status imp_profile_check_cmd(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_profile_show_cmd(struct imp_env *env, const struct imp_args *args);

#endif
