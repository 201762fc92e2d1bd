/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert_view.h"
#include "crypto/keycheck.h"
#include "factory/maker_parts.h"

#include <string.h>

/* Account i's public key, in the form that goes to 0/x/3. */
static struct imp_span own_public(const struct imp_maker_account *a, bool certificate)
{
	return certificate ? imp_span(a->certificate, a->certificate_n)
			   : imp_span(a->spki, sizeof a->spki);
}

static bool is_own(const struct imp_maker_account *a, struct imp_span pub, bool certificate)
{
	return a->has_key && pub.n && imp_span_eq(pub, own_public(a, certificate));
}

static enum imp_status pair(void *ctx, struct imp_span key, struct imp_span pub, bool certificate)
{
	const struct imp_maker *m = ctx;

	for (size_t i = 0; i < m->profile->accounts_n; i++) {
		const struct imp_maker_account *a = &m->accounts[i];

		if (!a->has_key || key.n != sizeof a->pkcs8 ||
			!imp_secret_eq(key.p, a->pkcs8, sizeof a->pkcs8))
			continue;
		if (pub.n == 0 || is_own(a, pub, certificate))
			return IMP_OK;
	}
	return imp_keycheck_openssl.pair(NULL, key, pub, certificate);
}

static enum imp_status common_name(
	void *ctx, struct imp_span certificate, char *cn, size_t cap, size_t *n)
{
	struct imp_cert_view view;
	struct imp_span name;
	enum imp_status st = imp_cert_view(certificate, &view);

	(void)ctx;
	if (st == IMP_OK)
		st = imp_name_common(view.subject, &name);
	if (st != IMP_OK)
		return IMP_E_FORMAT;
	if (name.n > cap)
		return IMP_E_SPACE;
	if (name.n)
		memcpy(cn, name.p, name.n);
	*n = name.n;
	return IMP_OK;
}

static enum imp_status public_key(void *ctx, struct imp_span pub, bool certificate)
{
	const struct imp_maker *m = ctx;

	for (size_t i = 0; i < m->profile->accounts_n; i++) {
		const struct imp_maker_account *a = &m->accounts[i];

		if (is_own(a, pub, certificate))
			return IMP_OK;
		/* Parsed and judged when the maker was opened. */
		if (pub.n && imp_span_eq(pub, imp_blob_span(&a->server_key)))
			return IMP_OK;
	}
	return imp_keycheck_openssl.public_key(NULL, pub, certificate);
}

struct imp_keycheck imp_maker_keycheck(struct imp_maker *m)
{
	struct imp_keycheck keys = { m, pair, common_name, public_key };

	return keys;
}
