/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maker: makes the credential set of one device from a profile and a planned row, the payload
 * that goes into flash or onto a card, and the facts that the ledger keeps.  One maker per thread;
 * everything that can be prepared once is prepared when it opens.
 *
 * Instances are numbered by one rule: /0 the bootstrap account first, then the server accounts by
 * ascending short server id; /1 one for each server account in the same order; /2 as the profile
 * lists them; /21 one for each account with OSCORE, linked by 0/x/17.  All from 0 on.
 */
#ifndef IMP_FACTORY_MAKER_H
#define IMP_FACTORY_MAKER_H

#include "base/diag.h"
#include "base/seam.h"
#include "base/secret.h"
#include "crypto/ca.h"
#include "crypto/issuer.h"
#include "crypto/sha256.h"
#include "factory/plan.h"
#include "model/set.h"

/* What must never occur twice in a ledger (B4, B12). */
enum imp_credential_kind {
	/* The octets of 0/x/3; once, when several accounts of the device go by the same one. */
	IMP_CREDENTIAL_PSK_IDENTITY = 1,
	IMP_CREDENTIAL_PSK,	      /* imp_fingerprint_secret() of 0/x/5 */
	IMP_CREDENTIAL_PUBLIC_KEY,    /* imp_fingerprint_public() of the SubjectPublicKeyInfo */
	IMP_CREDENTIAL_CERT_SERIAL,   /* the octets of the serial number */
	IMP_CREDENTIAL_OSCORE_SECRET, /* imp_fingerprint_secret() of 21/x/0 */
};

#define IMP_CREDENTIAL_MAX 128

struct imp_credential {
	uint16_t account; /* instance of /0 */
	uint8_t kind;	  /* enum imp_credential_kind */
	uint8_t n;
	uint8_t v[IMP_CREDENTIAL_MAX];
};

/* "psk-identity", "psk", "public-key", "certificate-serial", "oscore-secret"; "unknown". */
const char *imp_credential_name(uint8_t kind);

#define IMP_CREDENTIALS_MAX (IMP_ACCOUNTS_MAX * 3)

/* One made device.  Large: on the heap, zeroed, reused from device to device. */
struct imp_made {
	struct imp_span endpoint; /* of the row; valid as long as it */
	bool test;		  /* made of a TEST source: worthless as a secret */
	enum imp_keys keys;

	uint8_t payload[IMP_PAYLOAD_MAX]; /* EF(LwM2M_Bootstrap); secret */
	size_t payload_n;

	struct imp_credential credentials[IMP_CREDENTIALS_MAX];
	size_t credentials_n;

	/* Device certificates in DER, none secret: spans inside payload. */
	struct {
		uint16_t account;
		struct imp_span der;
	} certificates[IMP_ACCOUNTS_MAX];
	size_t certificates_n;
};

/* Wipe what is secret and make it empty. */
void imp_made_wipe(struct imp_made *made);

struct imp_maker;

/*
 * profile, ca and rng must outlive the maker.  ca: NULL when no account of the profile uses x509
 * (IMP_E_INTERNAL otherwise).  now: seconds since 1970, the moment from which the certificates of
 * this batch are valid.  The files of server keys that the profile names are read here.
 */
IMP_MUST_CHECK enum imp_status imp_maker_open(const struct imp_profile *profile,
	const struct imp_ca *ca, const struct imp_rng *rng, int64_t now, struct imp_maker **out,
	struct imp_diag *diag);
void imp_maker_close(struct imp_maker *maker); /* wipes; takes NULL */

/*
 * Make one device.  The result has been read back and checked: the payload decodes to the set, its
 * certificates verify under the CA, and imp_check() has no error.  On failure made is wiped and
 * empty: IMP_E_SPACE the payload does not fit, IMP_E_INCONSISTENT a rule is broken (diag names it),
 * IMP_E_FORMAT a field of the row, IMP_E_IO or whatever the random source returned.
 */
IMP_MUST_CHECK enum imp_status imp_maker_make(struct imp_maker *maker,
	const struct imp_plan_row *row, struct imp_made *made, struct imp_diag *diag);

/* The set of the device made last, for listings and tests; wiped by the next make and by close. */
const struct imp_set *imp_maker_set(const struct imp_maker *maker);

#endif
