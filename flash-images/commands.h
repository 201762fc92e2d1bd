/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the noun image. */
#ifndef IMP_FLASH_IMAGES_COMMANDS_H
#define IMP_FLASH_IMAGES_COMMANDS_H

#include "cmd/cmd.h"

extern const struct imp_cmd imp_image_cmds[];

enum imp_status imp_image_build(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_image_inspect(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_image_check(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_image_merge(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_image_wipe(struct imp_env *env, const struct imp_args *args);

#endif
