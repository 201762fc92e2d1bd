/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `imprint server` that talk to devices are told. */
#ifndef IMP_FACTORY_SERVER_OPTIONS_H
#define IMP_FACTORY_SERVER_OPTIONS_H

#include "cmd/cmd.h"
#include "factory/provider.h"

struct imp_server_options {
	struct imp_provider_options provider;
	struct imp_profile profile; /* --write */
	struct imp_ca *ca;
	const char *key_files[IMP_REPEATS_MAX + 1];
	struct imp_credentials own; /* IMP_PEER_NONE: neither certificate nor raw public key */
	uint8_t identity[8192], key[512];
};

/* Each with out zeroed, or filled by another; imp_server_options_free() in every case.  giving:
 * what devices get.  read: that, and in which format.  read_own: of a server that listens. */
IMP_MUST_CHECK enum imp_status imp_server_options_read_giving(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *out);
IMP_MUST_CHECK enum imp_status imp_server_options_read(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *out);
IMP_MUST_CHECK enum imp_status imp_server_options_read_own(
	struct imp_env *env, const struct imp_args *args, struct imp_server_options *out);
void imp_server_options_free(struct imp_server_options *options); /* wipes */

/* NULL when there are none. */
const struct imp_credentials *imp_server_own(const struct imp_server_options *options);

#endif
