/* SPDX-License-Identifier: Apache-2.0 */
/* The key of authentication tags (flash-images/FORMAT.md, Tag), out of a file. */
#ifndef IMP_CMD_TAG_KEY_H
#define IMP_CMD_TAG_KEY_H

#include "cmd/cmd.h"
#include "crypto/cmac.h"

/* Row for the option table of a command. */
/* clang-format off */
#define IMP_TAG_KEY_OPT                                                                            \
	{ "tag-key", "FILE", "AES key of the slot's tag: 16, 24 or 32 octets, or hex: and digits", 0 }
/* clang-format on */

/* Read and judge a file; loose as with imp_file_secret().  IMP_E_FORMAT for another length, and as
 * imp_file_read() has it, with a diagnosis. */
IMP_MUST_CHECK enum imp_status imp_tag_key_read(
	const char *path, struct imp_secret *key, bool *loose, struct imp_diag *diag);

/* --tag-key, ready for use; *out is NULL without it.  Warns when others may read the file. */
IMP_MUST_CHECK enum imp_status imp_tag_key_arg(
	struct imp_env *env, const struct imp_args *args, struct imp_cmac **out);

#endif
