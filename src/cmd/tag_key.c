/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tag_key.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "host/file.h"

enum imp_status imp_tag_key_read(
	const char *path, struct imp_secret *key, bool *loose, struct imp_diag *diag)
{
	IMP_SECRET read = { { 0 }, 0 };
	enum imp_status st = imp_file_secret(path, &read, loose, diag);

	if (st != IMP_OK)
		return st;
	if (read.n != 16 && read.n != 24 && read.n != 32)
		return imp_diag(diag, IMP_E_FORMAT,
			"%s: %zu octet%s; a tag key has 16, 24 or 32, or hex: and twice as many "
			"digits",
			path, read.n, imp_s(read.n));
	*key = read;
	return IMP_OK;
}

enum imp_status imp_tag_key_arg(
	struct imp_env *env, const struct imp_args *args, struct imp_cmac **out)
{
	const char *path = imp_arg(args, "tag-key");
	IMP_SECRET key = { { 0 }, 0 };
	bool loose = false;
	enum imp_status st;

	*out = NULL;
	if (!path)
		return IMP_OK;
	st = imp_tag_key_read(path, &key, &loose, &env->diag);
	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(env, "%s: others may read it; chmod 600 keeps it to you", path);
	st = imp_cmac_open(&key, out);
	return st == IMP_OK ? st : imp_diag(&env->diag, st, "AES-CMAC cannot be set up");
}
