/* SPDX-License-Identifier: Apache-2.0 */
#include "applet-tools/card_use.h"

#include "card/pin.h"
#include "host/file.h"

#include <stdio.h>

void card_use_end(struct card_use *use)
{
	imp_secret_wipe(&use->pin);
	imp_secret_wipe(&use->adm);
	imp_card_close(&use->card);
}

static enum imp_status secret(struct imp_env *env, const struct imp_args *args, const char *option,
	struct imp_secret *out, bool *have)
{
	const char *path = imp_arg(args, option);
	bool loose = false;
	enum imp_status st;

	*have = false;
	if (!path)
		return IMP_OK;
	st = imp_file_secret(path, out, &loose, &env->diag);
	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(env, "%s: others may read it; chmod 600 keeps it to you", path);
	if (out->n == 0 || out->n > IMP_PIN_MAX) {
		imp_diag(&env->diag, IMP_E_FORMAT, "%s: %zu octets, a card takes 1 to %d", path,
			out->n, IMP_PIN_MAX);
		imp_diag_hint(&env->diag,
			"the file holds the characters, or hex: and two hex digits an octet");
		return IMP_E_FORMAT;
	}
	*have = true;
	return IMP_OK;
}

enum imp_status card_use_pin(struct imp_env *env, const struct imp_args *args, struct card_use *use)
{
	return secret(env, args, "pin-file", &use->pin, &use->have_pin);
}

enum imp_status card_use_adm(struct imp_env *env, const struct imp_args *args, struct card_use *use)
{
	return secret(env, args, "adm-file", &use->adm, &use->have_adm);
}

static void trace(void *ctx, const char *line)
{
	(void)fprintf((FILE *)ctx, "%s\n", line);
}

enum imp_status card_use_begin(
	struct imp_env *env, const struct imp_args *args, struct card_use *use)
{
	enum imp_status st = imp_reader_open(
		env->readers, imp_arg(args, "reader"), use->reader, &use->card, &env->diag);

	if (st != IMP_OK)
		return st;
	use->session = (struct imp_session){ .card = &use->card };
	if (imp_flag(args, "trace")) {
		use->session.trace = trace;
		use->session.trace_ctx = env->err;
	}
	return IMP_OK;
}
