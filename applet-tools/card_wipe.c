/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card wipe: the bootstrap information away, the directories stay. */
#include "applet-tools/card_report.h"
#include "applet-tools/card_use.h"

static enum imp_status carry_out(
	struct imp_env *env, const struct card_use *use, struct imp_writer *writer)
{
	enum imp_status st = imp_confirm(env, "wipe the bootstrap information of card %s in %s",
		writer->card.name, use->reader);

	if (st == IMP_OK)
		st = imp_writer_run(writer, &env->diag);
	if (st == IMP_OK)
		st = imp_writer_verify_wiped(writer, &env->diag);
	return st == IMP_OK ? card_report(env, use, writer, "wiped") : st;
}

static enum imp_status wipe(
	struct imp_env *env, const struct imp_args *args, const struct card_use *use)
{
	CARD_WRITER *writer = card_writer_new(use, imp_flag(args, "force"));
	enum imp_status st;

	if (!writer)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	st = imp_writer_begin(writer, &env->diag);
	if (st == IMP_OK)
		st = imp_writer_plan_wipe(writer, &env->diag);
	if (st != IMP_OK)
		return st;
	if (env->dry_run)
		return card_report(env, use, writer, "planned");
	return carry_out(env, use, writer);
}

enum imp_status imp_card_wipe(struct imp_env *env, const struct imp_args *args)
{
	CARD_USE use = { .have_pin = false };
	enum imp_status st = card_use_pin(env, args, &use);

	if (st == IMP_OK)
		st = card_use_adm(env, args, &use);
	if (st == IMP_OK)
		st = card_use_begin(env, args, &use);
	return st == IMP_OK ? wipe(env, args, &use) : st;
}
