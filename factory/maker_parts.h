/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the maker: what its files share.  Everyone else includes factory/maker.h. */
#ifndef IMP_FACTORY_MAKER_PARTS_H
#define IMP_FACTORY_MAKER_PARTS_H

#include "crypto/keys.h"
#include "crypto/rng.h"
#include "factory/maker.h"
#include "host/file.h"
#include "model/check.h"

struct imp_maker_account {
	struct imp_blob server_key; /* 0/x/4; the same for every device */

	/* Of the device in hand. */
	bool has_key;
	uint8_t pkcs8[IMP_P256_PKCS8]; /* secret */
	uint8_t spki[IMP_P256_SPKI];
	uint8_t certificate[IMP_CERT_MAX];
	size_t certificate_n;
};

struct imp_maker {
	const struct imp_profile *profile;
	const struct imp_rng *rng;
	struct imp_drawer drawer;
	struct imp_keygen *keygen;
	struct imp_issuer *issuer; /* NULL without x509 */
	int64_t not_before, not_after;
	const struct imp_plan_row *row; /* the device in hand */
	struct imp_maker_account accounts[IMP_ACCOUNTS_MAX];
	struct imp_set set, read_back;
	struct imp_findings findings;
};

/* Add one fact.  IMP_E_INTERNAL: too many, too long. */
IMP_MUST_CHECK enum imp_status imp_made_credential(struct imp_made *made, size_t account,
	enum imp_credential_kind kind, struct imp_span value);

/* maker_security.c: read the file of account i's server key. */
IMP_MUST_CHECK enum imp_status imp_maker_server_key(
	struct imp_maker *m, size_t i, struct imp_diag *diag);

/* maker_security.c: make the credentials of account i and put /0/i. */
IMP_MUST_CHECK enum imp_status imp_maker_security(
	struct imp_maker *m, size_t i, struct imp_made *made, struct imp_diag *diag);

/* maker_objects.c: put /1, /2, /21 and the explicit object versions. */
IMP_MUST_CHECK enum imp_status imp_maker_objects(struct imp_maker *m, struct imp_made *made);

/*
 * maker_keycheck.c: key checks for the set in hand.  What the maker itself made and verified a
 * moment ago is recognised by its octets, everything else goes to OpenSSL: decoding each key again
 * would cost more than making it.
 */
struct imp_keycheck imp_maker_keycheck(struct imp_maker *m);

#endif
