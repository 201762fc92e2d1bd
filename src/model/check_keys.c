/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials by security mode (ref lwm2m 2.1-2.6).  B4, B8 and B9 speak of more than one device or
 * of time; a set cannot break them.  No text here holds an octet of a key.
 */
#include "model/check_rules.h"

#include "base/plural.h"
#include "base/secret.h"
#include "codec/keyform.h"

#include <inttypes.h>

#define PSK_MAX 64
#define PSK_SHOULD 16
#define IDENTITY_MAX 128
#define CURVE_BITS_MIN 255
#define OSCORE_SECRET_SHOULD 16
#define AEAD_DEFAULT 10 /* AES-CCM-16-64-128 */

struct account {
	int32_t instance;
	int64_t mode;	  /* -1: not said */
	int64_t matching; /* 0/x/13 */
	struct imp_span identity, server_key, secret;
};

static struct account account_of(const struct imp_set *s, int32_t instance)
{
	uint16_t i = (uint16_t)instance;
	struct account a = {
		.instance = instance,
		.mode = imp_set_int(s, IMP_OBJ_SECURITY, i, SEC_MODE, -1),
		.matching = imp_set_int(s, IMP_OBJ_SECURITY, i, SEC_MATCHING, 0),
		.identity = imp_set_octets(s, IMP_OBJ_SECURITY, i, SEC_IDENTITY),
		.server_key = imp_set_octets(s, IMP_OBJ_SECURITY, i, SEC_SERVER_KEY),
		.secret = imp_set_octets(s, IMP_OBJ_SECURITY, i, SEC_SECRET),
	};

	return a;
}

static struct imp_path where(const struct account *a, uint16_t resource)
{
	return at(IMP_OBJ_SECURITY, a->instance, resource);
}

/* ---- which resources a mode has (B15) ---- */

enum need { UNUSED, GIVEN };

static const struct mode {
	const char *name;
	enum need identity, server_key, secret;
} modes[] = {
	[MODE_PSK] = { "PSK", GIVEN, UNUSED, GIVEN },
	[MODE_RPK] = { "raw public key", GIVEN, GIVEN, GIVEN },
	[MODE_X509] = { "X.509", GIVEN, GIVEN, GIVEN },
	[MODE_NOSEC] = { "NoSec", UNUSED, UNUSED, UNUSED },
	[MODE_EST] = { "EST", UNUSED, GIVEN, UNUSED },
};

static bool known_mode(int64_t mode)
{
	return mode >= 0 && (size_t)mode < sizeof(modes) / sizeof(modes[0]);
}

static void need(struct check *c, const struct account *a, uint16_t resource, struct imp_span value,
	enum need n)
{
	const char *name = imp_resource_def(IMP_OBJ_SECURITY, resource)->name;

	if (n == GIVEN && value.n == 0)
		imp_findings_add(c->findings, "B15", IMP_ERROR, where(a, resource),
			"security mode %s needs %s", modes[a->mode].name, name);
	if (n == UNUSED && value.n != 0)
		imp_findings_add(c->findings, "B15", IMP_ERROR, where(a, resource),
			"security mode %s has no %s, but %zu octet%s %s given", modes[a->mode].name,
			name, value.n, imp_s(value.n), value.n == 1 ? "is" : "are");
}

static void fit_mode(struct check *c, const struct account *a)
{
	const struct mode *m = &modes[a->mode];

	/* An empty PSK identity is B11. */
	if (a->mode != MODE_PSK)
		need(c, a, SEC_IDENTITY, a->identity, m->identity);
	need(c, a, SEC_SERVER_KEY, a->server_key, m->server_key);
	need(c, a, SEC_SECRET, a->secret, m->secret);
}

/* ---- pre-shared keys (B6, B10, B11) ---- */

static bool is_constant(struct imp_span s)
{
	return s.n && imp_span_all(s, s.p[0]);
}

static void psk(struct check *c, const struct account *a)
{
	if (a->identity.n < 1 || a->identity.n > IDENTITY_MAX)
		imp_findings_add(c->findings, "B11", IMP_ERROR, where(a, SEC_IDENTITY),
			"the PSK identity has %zu octets, allowed are 1 to %d", a->identity.n,
			IDENTITY_MAX);
	if (a->secret.n > PSK_MAX)
		imp_findings_add(c->findings, "B10", IMP_ERROR, where(a, SEC_SECRET),
			"the pre-shared key has %zu octets, allowed are up to %d", a->secret.n,
			PSK_MAX);
	if (a->secret.n && a->secret.n < PSK_SHOULD)
		imp_findings_add(c->findings, "B10", IMP_WARNING, where(a, SEC_SECRET),
			"the pre-shared key has %zu octet%s, it should have %d or more",
			a->secret.n, imp_s(a->secret.n), PSK_SHOULD);
	if (is_constant(a->secret))
		imp_findings_add(c->findings, "B6", IMP_WARNING, where(a, SEC_SECRET),
			"the pre-shared key is one octet repeated");
}

/* ---- public keys, certificates and private keys (B1, B2, B5, B13, B14, B15) ---- */

/* Judge a curve that the form names.  False: a finding was made. */
static bool good_curve(struct check *c, struct imp_path path, const struct imp_keyform *k)
{
	if (!k->curve_bits || k->curve_bits >= CURVE_BITS_MIN)
		return true;
	imp_findings_add(c->findings, "B15", IMP_ERROR, path,
		"the curve has %u bits, it must have %d or more", k->curve_bits, CURVE_BITS_MIN);
	return false;
}

/* Text and anything unreadable; true when k is a form to go on with. */
static bool readable(struct check *c, struct imp_path path, struct imp_span key,
	const char *expected, struct imp_keyform *k)
{
	if (imp_keyform(key, k)) {
		imp_findings_add(c->findings, "B13", IMP_ERROR, path,
			"%zu octet%s that %s not parse, expected is %s", key.n, imp_s(key.n),
			key.n == 1 ? "does" : "do", expected);
		return false;
	}
	if (k->form == IMP_KEY_PEM) {
		imp_findings_add(c->findings, "B1", IMP_ERROR, path,
			"PEM text, expected is %s in DER", expected);
		return false;
	}
	return true;
}

/* A public key (mode RPK) or a certificate, of the client or of the server. */
static bool good_public(struct check *c, struct imp_path path, struct imp_span key, bool rpk)
{
	enum imp_key_form form = rpk ? IMP_KEY_SPKI : IMP_KEY_CERTIFICATE;
	struct imp_keyform k;

	if (!readable(c, path, key, imp_keyform_name(form), &k))
		return false;
	if (k.form != form) {
		imp_findings_add(c->findings, rpk ? "B2" : "B13", IMP_ERROR, path,
			"the form is %s, expected is %s", imp_keyform_name(k.form),
			imp_keyform_name(form));
		return false;
	}
	return good_curve(c, path, &k);
}

static bool good_private(struct check *c, struct imp_path path, struct imp_span key)
{
	struct imp_keyform k;

	if (!readable(c, path, key, imp_keyform_name(IMP_KEY_PKCS8), &k))
		return false;
	if (k.form != IMP_KEY_PKCS8 && k.form != IMP_KEY_SEC1) {
		imp_findings_add(c->findings, "B1", IMP_ERROR, path,
			"the form is %s, accepted are %s and %s", imp_keyform_name(k.form),
			imp_keyform_name(IMP_KEY_PKCS8), imp_keyform_name(IMP_KEY_SEC1));
		return false;
	}
	return good_curve(c, path, &k);
}

/* Say what the seam found about a key, its public half or a certificate. */
static void report(struct check *c, struct imp_path path, enum imp_status st, const char *what)
{
	if (st == IMP_OK)
		return;
	if (st == IMP_E_MISMATCH)
		imp_findings_add(c->findings, "B13", IMP_ERROR, path,
			"%s: private key and public key do not belong together", what);
	else if (st == IMP_E_UNSUPPORTED)
		imp_findings_add(c->findings, "B15", IMP_ERROR, path,
			"%s: form or curve is not supported", what);
	else
		imp_findings_add(c->findings, "B13", IMP_ERROR, path, "%s does not parse", what);
}

/* The client's half: what it shows and what it keeps, apart and together. */
static void client_keys(struct check *c, const struct account *a)
{
	const struct imp_keycheck *keys = c->options->keys;
	bool rpk = a->mode == MODE_RPK;
	bool pub = a->identity.n && good_public(c, where(a, SEC_IDENTITY), a->identity, rpk);
	bool key = a->secret.n && good_private(c, where(a, SEC_SECRET), a->secret);

	if (keys && pub && key)
		report(c, where(a, SEC_SECRET), keys->pair(keys->ctx, a->secret, a->identity, !rpk),
			rpk ? "the client's key pair" : "the client's key and certificate");
	else if (keys && key)
		report(c, where(a, SEC_SECRET),
			keys->pair(keys->ctx, a->secret, imp_span(NULL, 0), false),
			"the private key");
	else if (keys && pub)
		report(c, where(a, SEC_IDENTITY), keys->public_key(keys->ctx, a->identity, !rpk),
			rpk ? "the client's public key" : "the client's certificate");
}

/* Octets of the digest that 0/x/13 announces; 0: the key or certificate itself (2.4). */
static size_t digest_size(int64_t matching)
{
	static const size_t size[] = { 0, 32, 48, 64 };

	return matching >= 0 && matching < 4 ? size[matching] : 0;
}

static void server_key(struct check *c, const struct account *a)
{
	const struct imp_keycheck *keys = c->options->keys;
	struct imp_path path = where(a, SEC_SERVER_KEY);
	size_t digest = digest_size(a->matching);
	bool rpk = a->mode == MODE_RPK;

	if (a->server_key.n == 0)
		return;
	if (digest) {
		if (a->server_key.n != digest)
			imp_findings_add(c->findings, "B15", IMP_ERROR, path,
				"Matching Type %" PRId64 " means %zu octets of hash, here are %zu",
				a->matching, digest, a->server_key.n);
		return;
	}
	if (!good_public(c, path, a->server_key, rpk) || !keys)
		return;
	report(c, path, keys->public_key(keys->ctx, a->server_key, !rpk),
		rpk ? "the server's public key" : "the server's certificate");
}

/* Judged when the client's pair is one: of a mixed-up pair B13 says enough. */
static void own_pair(struct check *c, const struct account *a)
{
	if (a->identity.n && imp_span_eq(a->identity, a->server_key))
		imp_findings_add(c->findings, "B5", IMP_WARNING, where(a, SEC_SERVER_KEY),
			"client and server have the same public key or certificate");
}

static void certificate_name(struct check *c, const struct account *a)
{
	const struct imp_keycheck *keys = c->options->keys;
	struct imp_span endpoint = c->options->endpoint;
	char cn[256];
	size_t n = 0;

	if (a->mode != MODE_X509 || !keys || endpoint.n == 0 || a->identity.n == 0)
		return;
	if (keys->common_name(keys->ctx, a->identity, cn, sizeof(cn), &n))
		return; /* B13 has said that it does not parse */
	if (!imp_span_eq(imp_span(cn, n), endpoint))
		imp_findings_add(c->findings, "B14", IMP_WARNING, where(a, SEC_IDENTITY),
			n ? "the certificate's common name is not the endpoint name"
			  : "the certificate has no common name, it should be the endpoint name");
}

static void account(struct check *c, int32_t instance)
{
	struct account a = account_of(c->set, instance);

	if (!known_mode(a.mode)) /* K7 or the range says so */
		return;
	fit_mode(c, &a);
	if (a.mode == MODE_PSK)
		psk(c, &a);
	if (a.mode == MODE_RPK || a.mode == MODE_X509) {
		size_t errors = c->findings->errors;

		client_keys(c, &a);
		if (c->findings->errors == errors)
			own_pair(c, &a);
		certificate_name(c, &a);
	}
	if (a.mode == MODE_RPK || a.mode == MODE_X509 || a.mode == MODE_EST)
		server_key(c, &a);
}

/* ---- the same secret twice (B7, B12) ---- */

static bool is_secret_key(const struct imp_value *v)
{
	return v->path.object == IMP_OBJ_SECURITY && v->path.resource == SEC_SECRET && v->u.s.n;
}

static bool is_master_secret(const struct imp_value *v)
{
	return v->path.object == IMP_OBJ_OSCORE && v->path.resource == OSC_SECRET && v->u.s.n;
}

/* The first value before v that is a secret with the same octets. */
static const struct imp_value *same_secret_before(const struct check *c, const struct imp_value *v)
{
	for (const struct imp_value *w = c->set->v; w < v; w++)
		if ((is_secret_key(w) || is_master_secret(w)) && w->u.s.n == v->u.s.n &&
			imp_secret_eq(w->u.s.p, v->u.s.p, v->u.s.n))
			return w;
	return NULL;
}

static void shared_secrets(struct check *c)
{
	for (size_t i = 0; i < c->set->n; i++) {
		const struct imp_value *v = &c->set->v[i], *w;
		char path[32];

		if (!is_secret_key(v) && !is_master_secret(v))
			continue;
		w = same_secret_before(c, v);
		if (w)
			imp_findings_add(c->findings, "B12", IMP_ERROR, v->path,
				"the same secret as in %s: each account and each protocol needs "
				"its own",
				imp_path_text(w->path, path));
	}
}

/* ---- OSCORE (2.6, B7) ---- */

/* Longest Sender or Recipient ID: nonce length less 6 (RFC 8613, 3.3); -1 for what we do not know.
 */
static int oscore_id_max(int64_t aead)
{
	switch (aead) {
	case 10: /* AES-CCM-16-*: nonce of 13 octets */
	case 11:
	case 30:
	case 31:
		return 7;
	case 12: /* AES-CCM-64-*: 7 */
	case 13:
	case 32:
	case 33:
		return 1;
	case 1: /* AES-GCM: 12 */
	case 2:
	case 3:
	case 24: /* ChaCha20/Poly1305: 12 */
		return 6;
	default:
		return -1;
	}
}

static void oscore_id(struct check *c, int32_t instance, uint16_t resource, struct imp_span id)
{
	int64_t aead =
		imp_set_int(c->set, IMP_OBJ_OSCORE, (uint16_t)instance, OSC_AEAD, AEAD_DEFAULT);
	int max = oscore_id_max(aead);

	if (max >= 0 && id.n > (size_t)max)
		imp_findings_add(c->findings, "OSCORE", IMP_ERROR,
			at(IMP_OBJ_OSCORE, instance, resource),
			"%s has %zu octets, with AEAD algorithm %" PRId64 " it has at most %d",
			imp_resource_def(IMP_OBJ_OSCORE, resource)->name, id.n, aead, max);
}

static void oscore_secret(struct check *c, int32_t instance)
{
	struct imp_path path = at(IMP_OBJ_OSCORE, instance, OSC_SECRET);
	const struct imp_value *v =
		imp_set_get(c->set, IMP_OBJ_OSCORE, (uint16_t)instance, OSC_SECRET);

	if (!v) /* K7 */
		return;
	if (v->u.s.n == 0)
		imp_findings_add(
			c->findings, "OSCORE", IMP_ERROR, path, "the Master Secret is empty");
	else if (v->u.s.n < OSCORE_SECRET_SHOULD)
		imp_findings_add(c->findings, "B7", IMP_WARNING, path,
			"the Master Secret has %zu octet%s, it should have %d or more", v->u.s.n,
			imp_s(v->u.s.n), OSCORE_SECRET_SHOULD);
	if (is_constant(v->u.s))
		imp_findings_add(c->findings, "B7", IMP_WARNING, path,
			"the Master Secret is one octet repeated");
}

static void oscore(struct check *c, int32_t instance)
{
	uint16_t i = (uint16_t)instance;
	const struct imp_value *sender = imp_set_get(c->set, IMP_OBJ_OSCORE, i, OSC_SENDER);
	const struct imp_value *recipient = imp_set_get(c->set, IMP_OBJ_OSCORE, i, OSC_RECIPIENT);

	oscore_secret(c, instance);
	if (sender)
		oscore_id(c, instance, OSC_SENDER, sender->u.s);
	if (recipient)
		oscore_id(c, instance, OSC_RECIPIENT, recipient->u.s);
	if (sender && recipient && imp_span_eq(sender->u.s, recipient->u.s))
		imp_findings_add(c->findings, "OSCORE", IMP_ERROR,
			at(IMP_OBJ_OSCORE, instance, OSC_RECIPIENT),
			"Sender ID and Recipient ID are the same");
}

void check_keys(struct check *c)
{
	const struct imp_set *s = c->set;

	for (int32_t i = imp_set_next_instance(s, IMP_OBJ_SECURITY, -1); i >= 0;
		i = imp_set_next_instance(s, IMP_OBJ_SECURITY, i))
		account(c, i);
	shared_secrets(c);
	for (int32_t i = imp_set_next_instance(s, IMP_OBJ_OSCORE, -1); i >= 0;
		i = imp_set_next_instance(s, IMP_OBJ_OSCORE, i))
		oscore(c, i);
}
