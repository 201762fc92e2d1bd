/* SPDX-License-Identifier: Apache-2.0 */
/* The command tables of this folder, for main.c and the tests.  Each ends with a NULL noun. */
#ifndef IMP_FACTORY_COMMANDS_H
#define IMP_FACTORY_COMMANDS_H

#include "cmd/cmd.h"

extern const struct imp_cmd imp_profile_cmds[];
extern const struct imp_cmd imp_batch_cmds[];
extern const struct imp_cmd imp_ledger_cmds[];
extern const struct imp_cmd imp_server_cmds[];

enum imp_status imp_batch_new(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_batch_run(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_batch_status(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_batch_retry(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_batch_scrap(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_batch_export(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_server_run(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_server_push(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_server_export(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_server_import(struct imp_env *env, const struct imp_args *args);

/* What batch export and server export have in common: reads the options ledger, batch, out,
 * reveal-secrets, key-file and force. */
enum imp_status imp_export_accounts(struct imp_env *env, const struct imp_args *args, bool csv);

#endif
