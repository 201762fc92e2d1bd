/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/made_cred.h"

static enum imp_cred_kind kind_of(const struct imp_credential *c)
{
	static const enum imp_cred_kind kinds[] = {
		[IMP_CREDENTIAL_PSK_IDENTITY] = IMP_CRED_PSK_IDENTITY,
		[IMP_CREDENTIAL_PSK] = IMP_CRED_PSK,
		[IMP_CREDENTIAL_PUBLIC_KEY] = IMP_CRED_PUBLIC_KEY,
		[IMP_CREDENTIAL_CERT_SERIAL] = IMP_CRED_CERTIFICATE,
		[IMP_CREDENTIAL_OSCORE_SECRET] = IMP_CRED_OSCORE,
	};

	return kinds[c->kind];
}

/* The public thing behind a fingerprint, so that the server side can be given out of the ledger
 * without opening a payload. */
static struct imp_span body_of(const struct imp_profile *profile, const struct imp_maker *maker,
	const struct imp_made *made, const struct imp_credential *c)
{
	if (c->kind == IMP_CREDENTIAL_CERT_SERIAL)
		for (size_t i = 0; i < made->certificates_n; i++)
			if (made->certificates[i].account == c->account)
				return made->certificates[i].der;
	if (c->kind == IMP_CREDENTIAL_PUBLIC_KEY && c->account < profile->accounts_n &&
		profile->accounts[c->account].security == IMP_SECURITY_RPK)
		return imp_set_octets(imp_maker_set(maker), IMP_OBJ_SECURITY, c->account, 3);
	return imp_span(NULL, 0);
}

struct imp_cred imp_made_cred(const struct imp_profile *profile, const struct imp_maker *maker,
	const struct imp_made *made, size_t i)
{
	const struct imp_credential *c = &made->credentials[i];

	return (struct imp_cred){ .kind = kind_of(c),
		.accounts = 1ULL << c->account,
		.value = imp_span(c->v, c->n),
		.body = body_of(profile, maker, made, c) };
}
