/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/write_check.h"

#include <string.h>

/* The bootstrap account, when it goes by a PSK identity. */
static const struct imp_profile_account *psk_account(const struct imp_profile *p)
{
	if (!p->has_bootstrap || p->accounts[0].security != IMP_SECURITY_PSK)
		return NULL;
	return &p->accounts[0];
}

static enum imp_status compare(
	const struct imp_profile *new, const struct imp_batch *batch, struct imp_diag *diag)
{
	const struct imp_profile_options how = { .text_only = true };
	IMP_PROFILE old = { .path = NULL };
	IMP_PROBLEMS problems = { 0 };
	const struct imp_profile_account *a = psk_account(new), *b;

	if (imp_profile_parse(imp_span_str(batch->profile), batch->profile_path, ".", &how, &old,
		    &problems) != IMP_OK)
		return imp_problems_diag(&problems, diag);
	b = psk_account(&old);
	if (!a || !b || !imp_template_may_equal(&new->endpoint, NULL, &old.endpoint, NULL) ||
		!imp_template_may_equal(&a->identity, &new->endpoint, &b->identity, &old.endpoint))
		return IMP_OK;
	(void)imp_diag(diag, IMP_E_INCONSISTENT,
		"%s:%u: identity '%s' could be '%s', which devices of batch '%s' have already",
		new->path, a->line, a->identity.source, b->identity.source, batch->name);
	imp_diag_hint(diag, "the account that replaces theirs needs an identity of its own");
	return IMP_E_INCONSISTENT;
}

enum imp_status imp_write_check(
	struct imp_ledger *ledger, const struct imp_profile *profile, struct imp_diag *diag)
{
	int64_t after = 0;
	enum imp_status st = IMP_OK;

	while (st == IMP_OK && psk_account(profile)) {
		IMP_BATCH batch = { 0 };

		st = imp_ledger_batch_next(ledger, after, &batch, diag);
		if (st == IMP_E_ABSENT)
			return IMP_OK;
		if (st == IMP_OK) {
			after = batch.id;
			st = compare(profile, &batch, diag);
		}
	}
	return st;
}
