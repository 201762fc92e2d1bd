/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that the text of a profile can break.  A value that did not read has been reported and is
 * as if left out: no rule here says so again.
 */
#include "base/hex.h"
#include "crypto/name.h"
#include "factory/profile_read.h"
#include "factory/suites.h"
#include "model/uri.h"

#include <stdio.h>
#include <string.h>

static void enter_account(struct imp_reading *r, const struct imp_profile_account *a)
{
	imp_reading_enter(r, "accounts[%u]", a->index);
}

static const struct imp_profile_account *server_with(const struct imp_profile *p, uint16_t ssid)
{
	for (size_t i = 0; i < p->accounts_n; i++)
		if (!p->accounts[i].bootstrap && p->accounts[i].ssid == ssid)
			return &p->accounts[i];
	return NULL;
}

static size_t servers(const struct imp_profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->accounts_n; i++)
		n += !p->accounts[i].bootstrap;
	return n;
}

static bool uses_x509(const struct imp_profile *p)
{
	for (size_t i = 0; i < p->accounts_n; i++)
		if (p->accounts[i].security == IMP_SECURITY_X509)
			return true;
	return false;
}

/* A template that cannot fit, whatever the list holds: every column gives one octet at least. */
static void check_length(
	struct imp_reading *r, const char *key, const struct imp_template *t, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->v[i].column ? 1 : t->v[i].n;
	if (n > max)
		imp_reading_error(r, key, "", "'%s' is longer than %zu octets", t->source, max);
}

/* ---- one account ---- */

static bool has(struct imp_span s, const char *text)
{
	return s.n >= strlen(text) && memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static bool is_address(struct imp_span host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!strchr("0123456789.", host.p[i]))
			return memchr(host.p, ':', host.n) != NULL;
	return true;
}

static void check_uri(struct imp_reading *r, const struct imp_profile_account *a)
{
	struct imp_uri uri;

	if (imp_uri(imp_span_str(a->uri), &uri) != IMP_OK || strchr(a->uri, '#')) {
		imp_reading_error(r, "uri", "K7",
			"'%s' is no server URI: scheme://host[:port][/path], at most 255 octets",
			a->uri);
		return;
	}
	if (imp_uri_security(&uri) == IMP_URI_FOREIGN)
		imp_reading_error(r, "uri", "K13", "scheme '%.*s' is not one of CoAP",
			(int)uri.scheme.n, (const char *)uri.scheme.p);
	else if (!imp_uri_fits_mode(&uri, a->security))
		imp_reading_error(r, "uri", "K13",
			"scheme '%.*s' does not go with security %s: "
			"coaps with psk, rpk and x509, coap with none",
			(int)uri.scheme.n, (const char *)uri.scheme.p,
			imp_security_name(a->security));
	if (has(uri.scheme, "+tcp") && r->profile->enabler_minor == 0)
		imp_reading_error(r, "uri", "", "TCP exists since enabler 1.1");
	if (has(uri.scheme, "+tcp") && a->binding && !strchr(a->binding, 'T'))
		imp_reading_warning(
			r, "binding", "", "the URI uses TCP, binding '%s' has no T", a->binding);
	if (a->security == IMP_SECURITY_X509 && is_address(uri.host) && !a->sni)
		imp_reading_warning(r, "uri", "",
			"the host is an address: without sni the server's name cannot be matched");
}

/* A host name as SNI carries it: labels of letters, digits and hyphens, no trailing dot. */
static void check_sni(struct imp_reading *r, const struct imp_profile_account *a)
{
	static const char set[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
	size_t n;

	if (!a->sni)
		return;
	n = strlen(a->sni);
	if (n > 255 || strspn(a->sni, set) != n || a->sni[0] == '.' || a->sni[n - 1] == '.' ||
		strstr(a->sni, "..") || is_address(imp_span_str(a->sni)))
		imp_reading_error(r, "sni", "", "'%s' is not a host name", a->sni);
}

/* 1.0 has six words, later versions a letter for each transport. */
static bool binding_fits(const char *binding, unsigned minor)
{
	static const char *const words[] = { "U", "UQ", "S", "SQ", "US", "UQS" };
	const char *letters = minor >= 2 ? "UMHTSN" : "UTSN";

	for (size_t i = 0; minor == 0 && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i], binding) == 0)
			return true;
	if (minor == 0)
		return false;
	for (const char *p = binding; *p; p++)
		if (!strchr(letters, *p) || strchr(p + 1, *p))
			return false;
	return binding[0] != '\0';
}

static void check_binding(struct imp_reading *r, const struct imp_profile_account *a)
{
	unsigned minor = r->profile->enabler_minor;
	const char *first = a->preferred_transport;

	if (!binding_fits(a->binding, minor))
		imp_reading_error(r, "binding", "",
			"'%s' is no binding of enabler 1.%u, which has %s", a->binding, minor,
			minor == 0   ? "U, UQ, S, SQ, US, UQS"
			: minor == 1 ? "the letters U T S N, each once"
				     : "the letters U M H T S N, each once");
	else if (first && (strlen(first) != 1 || !strchr(a->binding, first[0])))
		imp_reading_error(r, "preferred-transport", "",
			"'%s' is not one letter of binding '%s'", first, a->binding);
}

static void check_suites(struct imp_reading *r, const struct imp_profile_account *a)
{
	enum imp_suite_family want =
		a->security == IMP_SECURITY_PSK ? IMP_SUITE_PSK : IMP_SUITE_ECDSA;

	for (size_t i = 0; i < a->suites_n; i++) {
		enum imp_suite_family family = imp_suite_family(a->suites[i]);

		if (family != IMP_SUITE_ANY && family != want)
			imp_reading_error(r, "ciphersuites", "", "%s does not go with security %s",
				imp_suite_name(a->suites[i]), imp_security_name(a->security));
		else if (!imp_suite_name(a->suites[i]))
			imp_reading_warning(r, "ciphersuites", "", "suite 0x%04X is not known here",
				a->suites[i]);
	}
}

static void check_server_key(struct imp_reading *r, const struct imp_profile_account *a)
{
	bool needed = a->security == IMP_SECURITY_RPK || a->security == IMP_SECURITY_X509;

	if (needed && !a->server_key)
		imp_reading_error(r, "", "B15", "security %s needs server-key: the server's %s",
			imp_security_name(a->security),
			a->security == IMP_SECURITY_RPK ? "public key"
							: "certificate, or its CA's");
}

static void check_numbers(struct imp_reading *r, const struct imp_profile_account *a)
{
	if (a->bootstrap)
		return;
	if (a->lifetime == 0 && r->profile->enabler_minor < 2)
		imp_reading_warning(r, "lifetime", "", "0 means infinite only since enabler 1.2");
	if (a->max_period > 0 && a->min_period > a->max_period)
		imp_reading_error(r, "max-period", "", "it is smaller than min-period");
}

/* An id without {column} can be judged here; others when the device list is there. */
static void check_id(
	struct imp_reading *r, const char *key, const struct imp_profile_octets *o, size_t max)
{
	uint8_t octets[IMP_IDENTITY_MAX];
	struct imp_wr wr = imp_wr(octets, sizeof octets);
	const struct imp_template *t = &o->template;
	enum imp_status st = IMP_OK;

	if (!t->source || imp_template_uses(t, NULL))
		return;
	for (size_t i = 0; i < t->n && !o->hex; i++)
		imp_wr_put(&wr, imp_span(t->v[i].text, t->v[i].n));
	if (o->hex)
		st = imp_hex_get(&wr, imp_span_str(t->source));
	if (st == IMP_E_FORMAT)
		imp_reading_error(r, key, "OSCORE",
			"'%s' is not an even number of hexadecimal digits", t->source);
	else if (wr.st != IMP_OK || wr.n > max)
		imp_reading_error(
			r, key, "OSCORE", "'%s' is longer than %zu octets", t->source, max);
}

static void check_oscore(struct imp_reading *r, const struct imp_profile_account *a)
{
	const struct imp_profile_oscore *o = &a->oscore;

	if (!o->present || !o->sender_id.template.source || !o->recipient_id.template.source)
		return;
	imp_reading_enter(r, "accounts[%u].oscore", a->index);
	check_id(r, "sender-id", &o->sender_id, IMP_OSCORE_ID_MAX);
	check_id(r, "recipient-id", &o->recipient_id, IMP_OSCORE_ID_MAX);
	check_id(r, "id-context", &o->id_context, IMP_IDENTITY_MAX);
	if (o->sender_id.hex == o->recipient_id.hex &&
		strcmp(o->sender_id.template.source, o->recipient_id.template.source) == 0)
		imp_reading_error(r, "recipient-id", "OSCORE", "it is the same as sender-id");
	enter_account(r, a);
}

static void check_account(struct imp_reading *r, const struct imp_profile_account *a)
{
	enter_account(r, a);
	check_uri(r, a);
	check_sni(r, a);
	check_suites(r, a);
	check_server_key(r, a);
	check_numbers(r, a);
	if (!a->bootstrap)
		check_binding(r, a);
	if (!a->bootstrap && !r->raw->accounts[a->index].ssid)
		imp_reading_error(r, "", "K3", "a server account needs short-server-id, 1..65534");
	if (a->security == IMP_SECURITY_PSK && a->identity.source &&
		!imp_template_uses(&a->identity, NULL))
		imp_reading_error(r, "psk", "B12",
			"identity '%s' has no {column}: every device would get the same",
			a->identity.source);
	check_length(r, "psk", &a->identity, IMP_IDENTITY_MAX);
	if (a->security == IMP_SECURITY_X509 && !r->profile->x509.present)
		imp_reading_error(
			r, "security", "", "x509 needs the profile's part x509: with a CA");
	if (a->security == IMP_SECURITY_NONE && !a->oscore.present)
		imp_reading_warning(r, "security", "",
			"none without oscore: this account has no protection of its own");
	check_oscore(r, a);
}

/* ---- accounts among each other ---- */

static void check_numbering(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;

	for (size_t i = 1; i < p->accounts_n; i++) {
		const struct imp_profile_account *a = &p->accounts[i], *before = a - 1;

		enter_account(r, a);
		if (a->bootstrap)
			imp_reading_error(r, "role", "K5",
				"a second bootstrap account; the first is in line %u",
				before->line);
		else if (!before->bootstrap && a->ssid == before->ssid && a->ssid != IMP_LEFT_OUT)
			imp_reading_error(r, "short-server-id", "K2",
				"%lld is the id of the account in line %u already",
				(long long)a->ssid, before->line);
	}
}

/* The subject with a stand-in for every column must be a distinguished name. */
static void check_subject(struct imp_reading *r)
{
	const struct imp_template *t = &r->profile->x509.subject;
	uint8_t der[IMP_NAME_MAX];
	char text[IMP_YAML_VALUE_MAX];
	struct imp_wr name = imp_wr(der, sizeof der), wr = imp_wr(text, sizeof text);
	struct imp_diag diag = { .text = "" };

	if (!t->source)
		return;
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].column)
			imp_wr_text(&wr, "XX");
		else
			imp_wr_put(&wr, imp_span(t->v[i].text, t->v[i].n));
	}
	imp_reading_enter(r, "%s", "x509");
	if (wr.st != IMP_OK)
		imp_reading_error(r, "subject", "", "it is too long");
	else if (imp_name_encode(imp_wr_span(&wr), &name, &diag) != IMP_OK)
		imp_reading_error(r, "subject", "", "%s", diag.text);
	imp_reading_enter(r, "%s", "");
}

static void check_x509_used(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;

	for (size_t i = 0; i < p->accounts_n; i++)
		if (p->accounts[i].security == IMP_SECURITY_X509)
			return;
	if (p->x509.present)
		imp_reading_warning(r, "x509", "", "no account has security x509");
}

/* How the keys attribute is expressed: ref lwm2m 4.2 (D15). */
static void check_keys(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;
	const struct imp_profile_account *boot = p->has_bootstrap ? &p->accounts[0] : NULL;

	imp_reading_enter(r, "%s", "");
	if (p->keys == IMP_KEYS_UNSTATED)
		return;
	if (p->keys == IMP_KEYS_PERSISTENT) {
		if (boot && boot->account_timeout > 0) {
			enter_account(r, boot);
			imp_reading_error(r, "account-timeout", "F8",
				"with keys: persistent a client would purge the account after %lld "
				"s",
				(long long)boot->account_timeout);
		}
		return;
	}
	if (!boot) {
		imp_reading_error(r, "keys", "F8",
			"non-persistent without a bootstrap account: nothing can be purged");
		return;
	}
	enter_account(r, boot);
	if (boot->account_timeout == 0)
		imp_reading_error(r, "account-timeout", "F8",
			"0 keeps the account for ever, keys: non-persistent cannot be purged");
	imp_reading_enter(r, "%s", "");
	imp_reading_warning(r, "keys", "F12",
		"once purged and not replaced by the bootstrap server, the account comes back only "
		"by card, factory or firmware");
	if (p->card.present)
		imp_reading_warning(r, "targets", "F11",
			"a device purges its own copy of a card's account, not the card's file");
}

/* ---- access control ---- */

static void check_access_entry(struct imp_reading *r, const struct imp_profile_access *a)
{
	const struct imp_profile *p = r->profile;

	imp_reading_enter(r, "access-control[%u]", a->index);
	if (a->owner != IMP_NO_ID && !server_with(p, a->owner))
		imp_reading_error(r, "owner", "K11", "%u is the id of no server account, nor 65535",
			a->owner);
	if (a->instance == IMP_NO_ID && a->owner != IMP_NO_ID)
		imp_reading_error(r, "owner", "K12",
			"the rule of a whole object (instance 65535) belongs to 65535");
	for (size_t i = 0; i < a->acl_n; i++) {
		bool create = a->acl[i].rights & 0x10, other = a->acl[i].rights & 0x0F;

		if (a->acl[i].ssid && !server_with(p, a->acl[i].ssid))
			imp_reading_error(r, "acl", "K11", "%u is the id of no server account",
				a->acl[i].ssid);
		if (a->instance == IMP_NO_ID && other)
			imp_reading_error(r, "acl", "K12",
				"the rule of a whole object (instance 65535) knows the right C "
				"alone");
		if (a->instance != IMP_NO_ID && create)
			imp_reading_error(r, "acl", "K12",
				"the right C belongs to a rule with instance 65535");
	}
}

static void check_access(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;
	bool create = false;

	for (size_t i = 0; i < p->access_n; i++) {
		const struct imp_profile_access *a = &p->access[i];

		check_access_entry(r, a);
		create = create || a->instance == IMP_NO_ID;
		if (i && a[-1].object == a->object && a[-1].instance == a->instance)
			imp_reading_error(r, "instance", "K10",
				"/%u/%u has a rule in line %u already", a->object, a->instance,
				a[-1].line);
	}
	imp_reading_enter(r, "%s", "");
	if (servers(p) > 1 && !p->access_n)
		imp_reading_warning(r, "accounts", "K9",
			"%zu servers and no access-control: each may do everything", servers(p));
	if (p->access_n && !create)
		imp_reading_warning(r, "access-control", "K12",
			"no rule with instance 65535: no server can create an instance");
}

/* ---- the whole ---- */

/* The product is a column of the ledger and a word in listings. */
static void check_product(struct imp_reading *r)
{
	if (strlen(r->profile->product) > 64)
		imp_reading_error(r, "product", "", "it is longer than 64 octets");
}

static void check_endpoint(struct imp_reading *r)
{
	const struct imp_template *t = &r->profile->endpoint;

	if (t->source && !imp_template_uses(t, NULL))
		imp_reading_error(r, "endpoint", "",
			"'%s' has no {column}: every device would get the same name", t->source);
	check_length(
		r, "endpoint", t, uses_x509(r->profile) ? IMP_COMMON_NAME_MAX : IMP_IDENTITY_MAX);
}

static void check_targets(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;

	imp_reading_enter(r, "%s", "");
	if (p->server && (p->flash.present || p->card.present))
		imp_reading_error(r, "targets", "",
			"server stands alone: a profile with a medium may be written over the air "
			"without it");
	else if (!p->server && !p->flash.present && !p->card.present)
		imp_reading_error(r, "targets", "", "name flash, card or both; or server alone");
	if (p->server && p->seal.kind != IMP_SEAL_NONE)
		imp_reading_warning(r, "seal", "",
			"without effect: what is written over the air is sealed like the batch of "
			"its device");
}

void imp_profile_check_text(struct imp_reading *r)
{
	const struct imp_profile *p = r->profile;

	imp_reading_enter(r, "%s", "");
	check_product(r);
	check_endpoint(r);
	for (size_t i = 0; i < p->accounts_n; i++)
		if (!r->unknown_kind[p->accounts[i].index])
			check_account(r, &p->accounts[i]);
	check_numbering(r);
	imp_reading_enter(r, "%s", "");
	check_x509_used(r);
	check_subject(r);
	check_keys(r);
	check_access(r);
	check_targets(r);
}
