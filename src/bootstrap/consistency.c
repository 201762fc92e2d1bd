/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/consistency.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "bootstrap/client_account.h"
#include "model/set_form.h"

void imp_consistency_init(struct imp_consistency *c)
{
	memset(c, 0, sizeof(*c));
	imp_set_init(&c->set);
}

void imp_consistency_free(struct imp_consistency *c)
{
	imp_set_free(&c->set);
	imp_wipe(c->octets, sizeof(c->octets));
}

/* The candidate without what does not count, in octets. */
static struct imr_set reduce(
	struct imp_consistency *c, const struct imr_set *candidate, uint16_t superseded)
{
	struct imr_set copy = *candidate;

	memcpy(c->octets, candidate->p, candidate->n);
	copy.p = c->octets;
	copy.size = sizeof(c->octets);
	imr_drop_orphans(&copy);
	if (superseded != IMR_NO_ID)
		imr_set_divide(&copy, superseded, false);
	for (unsigned i = 0; i < IMR_INSTANCES_MAX; i++)
		if (copy.origin[i] == IMR_ORIGIN_DISABLED)
			copy.origin[i] = 0;
	imr_set_sweep(&copy);
	return copy;
}

/*
 * Keys of the SMS binding that are there and empty: Eclipse Leshan's bootstrap server writes them
 * into every account, whatever its binding is.  They say as much as if they were not there.
 */
static bool says_nothing(const struct imp_value *v)
{
	return v->path.object == IMP_OBJ_SECURITY &&
	       (v->path.resource == 7 || v->path.resource == 8) && v->type == IMP_TYPE_OPAQUE &&
	       v->u.s.n == 0;
}

static void leave_out_empty(struct imp_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (!says_nothing(&set->v[i]))
			set->v[n++] = set->v[i];
	set->n = n;
}

static void tell(struct imp_consistency *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->findings.n && n < sizeof(c->text) - 1; i++) {
		const struct imp_finding *f = &c->findings.v[i];
		char path[32];
		int k;

		if (f->severity != IMP_ERROR)
			continue;
		k = snprintf(c->text + n, sizeof(c->text) - n, "%s%s %s: %s", n ? "; " : "",
			f->rule, imp_path_text(f->where, path), f->text);
		n = k < 0 ? n : n + (size_t)k;
	}
}

enum imr_status imp_consistency_check(
	void *ctx, const struct imr_set *candidate, uint16_t superseded, struct imp_span *findings)
{
	struct imp_consistency *c = ctx;
	struct imp_check_options options = {
		.keys = c->keys, .endpoint = c->endpoint, .final = true
	};
	struct imr_set copy;
	enum imp_status st;

	memset(&c->findings, 0, sizeof(c->findings));
	c->text[0] = '\0';
	if (candidate->n > sizeof(c->octets))
		return IMR_E_SPACE;
	copy = reduce(c, candidate, superseded);
	st = imp_set_from_ef(&c->set, imp_span(copy.p, copy.n), false, true, NULL);
	if (st == IMP_OK) {
		leave_out_empty(&c->set);
		imp_check(&c->set, &options, &c->findings);
	}
	imp_set_wipe(&c->set);
	imp_wipe(c->octets, sizeof(c->octets));
	if (st == IMP_OK && c->findings.errors == 0)
		return IMR_OK;
	if (st == IMP_OK)
		tell(c);
	else
		(void)snprintf(c->text, sizeof(c->text), "%s", imp_status_text(st));
	*findings = imp_span_str(c->text);
	return st == IMP_OK ? IMR_E_RULE : IMR_E_DAMAGED;
}
