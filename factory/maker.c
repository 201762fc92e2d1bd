/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/maker.h"

#include "base/plural.h"
#include "factory/maker_parts.h"
#include "model/check.h"
#include "model/set_form.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400

/* ---- opening ---- */

static enum imp_status open_issuer(
	struct imp_maker *m, const struct imp_ca *ca, int64_t now, struct imp_diag *diag)
{
	const struct imp_profile_x509 *x = &m->profile->x509;

	for (size_t i = 0; i < m->profile->accounts_n; i++)
		if (m->profile->accounts[i].security == IMP_SECURITY_X509) {
			if (!ca)
				return imp_diag(diag, IMP_E_INTERNAL, "x509 accounts, but no CA");
			m->not_before = now - (x->backdate > 0 ? x->backdate : 0);
			m->not_after =
				x->validity_days > 0 ? now + x->validity_days * DAY : IMP_NEVER;
			return imp_issuer_open(ca, &m->issuer, diag);
		}
	return IMP_OK;
}

static enum imp_status open_maker(
	struct imp_maker *m, const struct imp_ca *ca, int64_t now, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	if (imp_keygen_open(m->rng, &m->keygen) != IMP_OK)
		return imp_diag(diag, IMP_E_INTERNAL, "no generator for keys");
	st = open_issuer(m, ca, now, diag);
	for (size_t i = 0; st == IMP_OK && i < m->profile->accounts_n; i++)
		st = imp_maker_server_key(m, i, diag);
	return st;
}

enum imp_status imp_maker_open(const struct imp_profile *profile, const struct imp_ca *ca,
	const struct imp_rng *rng, int64_t now, struct imp_maker **out, struct imp_diag *diag)
{
	struct imp_maker *m = calloc(1, sizeof *m);
	enum imp_status st;

	if (!m)
		return imp_diag(diag, IMP_E_INTERNAL, "no memory for a maker");
	m->profile = profile;
	m->rng = rng;
	imp_drawer_init(&m->drawer, rng);
	imp_set_init(&m->set);
	imp_set_init(&m->read_back);
	st = open_maker(m, ca, now, diag);
	if (st != IMP_OK) {
		imp_maker_close(m);
		return st;
	}
	*out = m;
	return IMP_OK;
}

void imp_maker_close(struct imp_maker *maker)
{
	if (!maker)
		return;
	for (size_t i = 0; i < IMP_ACCOUNTS_MAX; i++)
		imp_blob_free(&maker->accounts[i].server_key);
	imp_keygen_close(maker->keygen);
	imp_issuer_close(maker->issuer);
	imp_set_free(&maker->set);
	imp_set_free(&maker->read_back);
	imp_wipe(maker, sizeof *maker);
	free(maker);
}

const struct imp_set *imp_maker_set(const struct imp_maker *maker)
{
	return &maker->set;
}

/* ---- the result ---- */

void imp_made_wipe(struct imp_made *made)
{
	imp_wipe(made->payload, sizeof made->payload);
	made->payload_n = 0;
	made->credentials_n = 0;
	made->certificates_n = 0;
	made->endpoint = imp_span(NULL, 0);
	made->keys = IMP_KEYS_UNSTATED;
	made->test = false;
}

const char *imp_credential_name(uint8_t kind)
{
	static const char *const names[] = {
		[IMP_CREDENTIAL_PSK_IDENTITY] = "psk-identity",
		[IMP_CREDENTIAL_PSK] = "psk",
		[IMP_CREDENTIAL_PUBLIC_KEY] = "public-key",
		[IMP_CREDENTIAL_CERT_SERIAL] = "certificate-serial",
		[IMP_CREDENTIAL_OSCORE_SECRET] = "oscore-secret",
	};

	if (kind >= sizeof names / sizeof *names || !names[kind])
		return "unknown";
	return names[kind];
}

static bool has_credential(
	const struct imp_made *made, enum imp_credential_kind kind, struct imp_span value)
{
	for (size_t i = 0; i < made->credentials_n; i++) {
		const struct imp_credential *c = &made->credentials[i];

		if (c->kind == (uint8_t)kind && imp_span_eq(imp_span(c->v, c->n), value))
			return true;
	}
	return false;
}

enum imp_status imp_made_credential(
	struct imp_made *made, size_t account, enum imp_credential_kind kind, struct imp_span value)
{
	struct imp_credential *c = &made->credentials[made->credentials_n];

	if (made->credentials_n == IMP_CREDENTIALS_MAX || value.n > sizeof c->v)
		return IMP_E_INTERNAL;
	if (kind == IMP_CREDENTIAL_PSK_IDENTITY && has_credential(made, kind, value))
		return IMP_OK;
	c->account = (uint16_t)account;
	c->kind = (uint8_t)kind;
	c->n = (uint8_t)value.n;
	if (value.n)
		memcpy(c->v, value.p, value.n);
	made->credentials_n++;
	return IMP_OK;
}

/* ---- self-check ---- */

static enum imp_status encode(struct imp_maker *m, struct imp_made *made, struct imp_diag *diag)
{
	struct imp_wr out = imp_wr(made->payload, sizeof made->payload);
	enum imp_status st = imp_set_to_ef(&m->set, &out);

	if (st == IMP_E_SPACE)
		return imp_diag(diag, st, "the payload is over %d octets", IMP_PAYLOAD_MAX);
	if (st != IMP_OK)
		return imp_diag(diag, st, "the set cannot be encoded");
	made->payload_n = out.n;
	return IMP_OK;
}

static enum imp_status read_back(
	struct imp_maker *m, const struct imp_made *made, struct imp_diag *diag)
{
	struct imp_span payload = imp_span(made->payload, made->payload_n);
	enum imp_status st = imp_set_from_ef(&m->read_back, payload, false, true, NULL);

	if (st == IMP_OK && imp_set_equal(&m->set, &m->read_back))
		return IMP_OK;
	return imp_diag(diag, IMP_E_MISMATCH, "the payload does not read back as the set");
}

/* The first error of the rules, as a diagnosis. */
static enum imp_status judge(struct imp_maker *m, struct imp_diag *diag)
{
	const struct imp_keycheck keys = imp_maker_keycheck(m);
	const struct imp_check_options options = { .keys = &keys, .endpoint = m->row->endpoint };
	struct imp_findings *f = &m->findings;
	char where[32];

	f->n = f->errors = f->warnings = 0;
	m->read_back.keys = m->set.keys;
	imp_check(&m->read_back, &options, f);
	if (f->errors == 0)
		return IMP_OK;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].severity == IMP_ERROR)
			return imp_diag(diag, IMP_E_INCONSISTENT, "%s at %s: %s", f->v[i].rule,
				imp_path_text(f->v[i].where, where), f->v[i].text);
	return imp_diag(
		diag, IMP_E_INCONSISTENT, "the set breaks %zu rule%s", f->errors, imp_s(f->errors));
}

/* Certificates stand in the payload as they are: point at them there. */
static enum imp_status find_certificates(struct imp_maker *m, struct imp_made *made)
{
	for (size_t i = 0; i < m->profile->accounts_n; i++) {
		const struct imp_maker_account *a = &m->accounts[i];
		const uint8_t *at;

		if (a->certificate_n == 0)
			continue;
		at = memmem(made->payload, made->payload_n, a->certificate, a->certificate_n);
		if (!at)
			return IMP_E_INTERNAL;
		made->certificates[made->certificates_n].account = (uint16_t)i;
		made->certificates[made->certificates_n].der = imp_span(at, a->certificate_n);
		made->certificates_n++;
	}
	return IMP_OK;
}

/* ---- making ---- */

static void forget(struct imp_maker *m)
{
	imp_set_wipe(&m->set);
	imp_set_wipe(&m->read_back);
	for (size_t i = 0; i < m->profile->accounts_n; i++) {
		imp_wipe(m->accounts[i].pkcs8, sizeof m->accounts[i].pkcs8);
		m->accounts[i].has_key = false;
		m->accounts[i].certificate_n = 0;
	}
}

static enum imp_status make(struct imp_maker *m, struct imp_made *made, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < m->profile->accounts_n; i++)
		st = imp_maker_security(m, i, made, diag);
	if (st != IMP_OK)
		return st;
	st = imp_maker_objects(m, made);
	if (st == IMP_E_SPACE)
		return imp_diag(diag, st, "the payload is over %d octets", IMP_PAYLOAD_MAX);
	if (st != IMP_OK)
		return imp_diag(diag, st, "making the objects failed: %s", imp_status_text(st));
	st = encode(m, made, diag);
	if (st == IMP_OK)
		st = read_back(m, made, diag);
	if (st == IMP_OK)
		st = judge(m, diag);
	if (st == IMP_OK)
		st = find_certificates(m, made);
	imp_set_wipe(&m->read_back);
	return st;
}

enum imp_status imp_maker_make(struct imp_maker *maker, const struct imp_plan_row *row,
	struct imp_made *made, struct imp_diag *diag)
{
	enum imp_status st;

	imp_made_wipe(made);
	forget(maker);
	maker->row = row;
	maker->set.keys = maker->profile->keys;
	st = make(maker, made, diag);
	if (st != IMP_OK) {
		imp_made_wipe(made);
		forget(maker);
		return st;
	}
	made->endpoint = row->endpoint;
	made->keys = maker->profile->keys;
	made->test = imp_rng_is_test(maker->rng);
	return IMP_OK;
}
