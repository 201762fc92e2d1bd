/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/plan.h"

#include "base/hex.h"
#include "crypto/name.h"
#include "host/textset.h"

#include <stdio.h>
#include <string.h>

#define EXPANSION_MAX 1024 /* octets; nothing that is planned may be longer */

struct planner {
	const struct imp_profile *profile;
	struct imp_template_row source;
	struct imp_plan_row *out;
	struct imp_diag *diag;
};

static bool uses_x509(const struct imp_profile *p)
{
	for (size_t i = 0; i < p->accounts_n; i++)
		if (p->accounts[i].security == IMP_SECURITY_X509)
			return true;
	return false;
}

/* Expand one template behind what the row holds already. */
static enum imp_status expand(struct planner *p, const struct imp_template *t,
	enum imp_template_form form, const char *what, size_t max, struct imp_span *out)
{
	char text[EXPANSION_MAX];
	struct imp_wr wr = imp_wr(text, max < sizeof text ? max : sizeof text);
	const char *blame = "";
	char *to = p->out->text + p->out->used;
	enum imp_status st = imp_template_expand(t, &p->source, form, &wr, &blame);

	if (st == IMP_E_FORMAT)
		return imp_diag(p->diag, st, "%s '%s': column '%s' is empty or not in the list",
			what, t->source, blame);
	if (st == IMP_E_SPACE)
		return imp_diag(p->diag, IMP_E_FORMAT, "%s '%s' is longer than %zu octets", what,
			t->source, max);
	if (sizeof p->out->text - p->out->used < wr.n)
		return imp_diag(p->diag, IMP_E_FORMAT, "the texts of one device exceed %d octets",
			IMP_PLAN_TEXT);
	memcpy(to, text, wr.n);
	p->out->used += wr.n;
	*out = imp_span(to, wr.n);
	return IMP_OK;
}

/* The same for an id: at most max octets, from text or from hex digits. */
static enum imp_status expand_octets(struct planner *p, const struct imp_profile_octets *o,
	const char *what, size_t max, struct imp_span *out)
{
	uint8_t octets[EXPANSION_MAX / 2];
	struct imp_wr wr = imp_wr(octets, sizeof octets);
	struct imp_span text = { NULL, 0 };
	enum imp_status st;

	if (!o->template.source)
		return IMP_OK;
	st = expand(p, &o->template, IMP_TEMPLATE_PLAIN, what, o->hex ? EXPANSION_MAX : max, &text);
	if (st != IMP_OK || !o->hex) {
		if (st == IMP_OK)
			*out = text;
		return st;
	}
	if (imp_hex_get(&wr, text) != IMP_OK)
		return imp_diag(p->diag, IMP_E_FORMAT,
			"%s '%.*s' is not an even number of hexadecimal digits", what, (int)text.n,
			(const char *)text.p);
	if (wr.n > max)
		return imp_diag(p->diag, IMP_E_FORMAT, "%s '%.*s' is longer than %zu octets", what,
			(int)text.n, (const char *)text.p, max);
	/* Octets take the place of their digits, which are twice as long. */
	p->out->used -= text.n;
	memcpy(p->out->text + p->out->used, octets, wr.n);
	*out = imp_span(p->out->text + p->out->used, wr.n);
	p->out->used += wr.n;
	return IMP_OK;
}

static enum imp_status plan_endpoint(struct planner *p)
{
	bool x509 = uses_x509(p->profile);
	size_t max = x509 ? IMP_COMMON_NAME_MAX : IMP_IDENTITY_MAX;
	struct imp_span *endpoint = &p->out->endpoint;
	enum imp_status st = expand(p, &p->profile->endpoint, IMP_TEMPLATE_PLAIN,
		x509 ? "endpoint (a common name with x509)" : "endpoint", max, endpoint);

	for (size_t i = 0; st == IMP_OK && x509 && i < endpoint->n; i++)
		if (endpoint->p[i] > 0x7E)
			return imp_diag(p->diag, IMP_E_FORMAT,
				"endpoint '%.*s' is not ASCII, as a certificate needs it",
				(int)endpoint->n, (const char *)endpoint->p);
	if (st == IMP_OK)
		p->source.endpoint = *endpoint;
	return st;
}

static enum imp_status plan_subject(struct planner *p)
{
	uint8_t der[IMP_NAME_MAX];
	struct imp_wr wr = imp_wr(der, sizeof der);
	enum imp_status st;

	if (!uses_x509(p->profile))
		return IMP_OK;
	st = expand(p, &p->profile->x509.subject, IMP_TEMPLATE_NAME, "subject", EXPANSION_MAX,
		&p->out->subject);
	if (st == IMP_OK && imp_name_encode(p->out->subject, &wr, p->diag) != IMP_OK)
		st = IMP_E_FORMAT;
	return st;
}

static enum imp_status plan_oscore(
	struct planner *p, const struct imp_profile_oscore *o, struct imp_plan_account *out)
{
	enum imp_status st =
		expand_octets(p, &o->sender_id, "sender-id", IMP_OSCORE_ID_MAX, &out->sender_id);

	if (st == IMP_OK)
		st = expand_octets(
			p, &o->recipient_id, "recipient-id", IMP_OSCORE_ID_MAX, &out->recipient_id);
	if (st == IMP_OK)
		st = expand_octets(
			p, &o->id_context, "id-context", IMP_IDENTITY_MAX, &out->id_context);
	if (st == IMP_OK && imp_span_eq(out->sender_id, out->recipient_id))
		st = imp_diag(p->diag, IMP_E_FORMAT, "sender-id and recipient-id are the same");
	return st;
}

static enum imp_status plan_account(
	struct planner *p, const struct imp_profile_account *a, struct imp_plan_account *out)
{
	enum imp_status st = IMP_OK;

	if (a->security == IMP_SECURITY_PSK)
		st = expand(p, &a->identity, IMP_TEMPLATE_PLAIN, "PSK identity", IMP_IDENTITY_MAX,
			&out->identity);
	if (st == IMP_OK && a->oscore.present)
		st = plan_oscore(p, &a->oscore, out);
	return st;
}

enum imp_status imp_plan_row(const struct imp_profile *profile, const struct imp_devices *devices,
	const struct imp_device *device, struct imp_plan_row *out, struct imp_diag *diag)
{
	struct planner p = { profile, { devices, device, { NULL, 0 } }, out, diag };
	enum imp_status st;

	out->line = device->line;
	out->serial = imp_span_str(imp_device_serial(devices, device));
	out->iccid = imp_span_str(imp_device_iccid(devices, device));
	out->subject = imp_span(NULL, 0);
	out->used = 0;
	memset(out->accounts, 0, profile->accounts_n * sizeof out->accounts[0]);
	st = plan_endpoint(&p);
	if (st == IMP_OK)
		st = plan_subject(&p);
	for (size_t i = 0; st == IMP_OK && i < profile->accounts_n; i++)
		st = plan_account(&p, &profile->accounts[i], &out->accounts[i]);
	return st;
}

/* ---- the whole list ---- */

struct checker {
	const struct imp_profile *profile;
	struct imp_devices *devices;
	struct imp_problems *problems;
	bool skip_bad;
	size_t bad;
	struct imp_plan_row row;
	struct imp_textset endpoints, identities;
	struct imp_arena texts; /* of the sets */
};

static void checker_close(struct checker *c)
{
	imp_textset_free(&c->endpoints);
	imp_textset_free(&c->identities);
	imp_arena_free(&c->texts);
}

static void bad_row(struct checker *c, unsigned line, const char *rule, const char *what)
{
	c->bad++;
	if (c->skip_bad)
		imp_problem_warning(
			c->problems, c->devices->path, line, rule, "row left out: %s", what);
	else
		imp_problem_error(c->problems, c->devices->path, line, rule, "%s", what);
}

static void unknown_column(
	struct checker *c, const struct imp_template *t, bool endpoint_known, const char *what)
{
	const char *column = imp_template_unknown(t, c->devices, endpoint_known);

	if (column)
		imp_problem_error(c->problems, c->profile->path, 0, "",
			"%s '%s': the device list %s has no column '%s'", what, t->source,
			c->devices->path, column);
}

/* Reported once and not for every row: it is the profile that does not fit the list. */
static enum imp_status check_columns(struct checker *c)
{
	const struct imp_profile *p = c->profile;
	size_t before = c->problems->errors;

	unknown_column(c, &p->endpoint, false, "endpoint");
	if (uses_x509(p))
		unknown_column(c, &p->x509.subject, true, "subject");
	for (size_t i = 0; i < p->accounts_n; i++) {
		const struct imp_profile_account *a = &p->accounts[i];

		if (a->security == IMP_SECURITY_PSK)
			unknown_column(c, &a->identity, true, "PSK identity");
		unknown_column(c, &a->oscore.sender_id.template, true, "sender-id");
		unknown_column(c, &a->oscore.recipient_id.template, true, "recipient-id");
		unknown_column(c, &a->oscore.id_context.template, true, "id-context");
	}
	return c->problems->errors == before ? IMP_OK : IMP_E_FORMAT;
}

/* First line of a device that has this text already; 0: none.  Two accounts of one device may share
 * an identity. */
static enum imp_status seen(struct checker *c, struct imp_textset *set, struct imp_span s,
	unsigned line, unsigned *first)
{
	const char *copy = imp_arena_text(&c->texts, (const char *)s.p, s.n);

	if (!copy || imp_textset_add(set, imp_span(copy, s.n), line, first) != IMP_OK) {
		imp_problem_status(
			c->problems, IMP_E_INTERNAL, c->devices->path, line, "out of memory");
		return IMP_E_INTERNAL;
	}
	if (*first == line)
		*first = 0;
	return IMP_OK;
}

static enum imp_status check_unique(struct checker *c, bool *good)
{
	const struct imp_plan_row *row = &c->row;
	char what[IMP_IDENTITY_MAX + 96];
	unsigned first = 0;
	enum imp_status st = seen(c, &c->endpoints, row->endpoint, row->line, &first);

	if (st == IMP_OK && first) {
		(void)snprintf(what, sizeof what, "endpoint '%.*s' is that of line %u already",
			(int)row->endpoint.n, (const char *)row->endpoint.p, first);
		bad_row(c, row->line, "", what);
		*good = false;
	}
	for (size_t i = 0; st == IMP_OK && *good && i < c->profile->accounts_n; i++) {
		struct imp_span identity = row->accounts[i].identity;

		if (!identity.n)
			continue;
		st = seen(c, &c->identities, identity, row->line, &first);
		if (st == IMP_OK && first) {
			(void)snprintf(what, sizeof what,
				"PSK identity '%.*s' is that of line %u already", (int)identity.n,
				(const char *)identity.p, first);
			bad_row(c, row->line, "B12", what);
			*good = false;
		}
	}
	return st;
}

static enum imp_status check_device(struct checker *c, const struct imp_device *device, bool *good)
{
	struct imp_diag diag = { .text = "" };

	*good = false;
	if (imp_plan_row(c->profile, c->devices, device, &c->row, &diag) != IMP_OK) {
		bad_row(c, device->line, "", diag.text);
		return IMP_OK;
	}
	if (c->profile->card.present && !c->profile->flash.present && !c->row.iccid.n &&
		c->devices->iccid != IMP_NO_COLUMN) {
		bad_row(c, device->line, "", "no iccid, though the list has a column for it");
		return IMP_OK;
	}
	*good = true;
	return check_unique(c, good);
}

enum imp_status imp_plan_check(const struct imp_profile *profile, struct imp_devices *devices,
	bool skip_bad, struct imp_problems *problems)
{
	__attribute__((cleanup(checker_close))) struct checker c = {
		.profile = profile,
		.devices = devices,
		.problems = problems,
		.skip_bad = skip_bad,
	};
	size_t kept = 0;
	enum imp_status st;

	st = check_columns(&c);
	for (size_t i = 0; st == IMP_OK && i < devices->n; i++) {
		bool good;

		st = check_device(&c, &devices->v[i], &good);
		if (good)
			devices->v[kept++] = devices->v[i];
	}
	if (st != IMP_OK)
		return st;
	if (c.bad && !skip_bad)
		return IMP_E_FORMAT;
	devices->n = kept;
	if (kept)
		return IMP_OK;
	imp_problem_error(problems, devices->path, 0, "", "no good row is left");
	return IMP_E_FORMAT;
}
