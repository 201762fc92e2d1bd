/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger as a bootstrap server sees it: who may connect, what proves it, and what each device
 * is to get.  Everything is looked up when it is asked for, so batches that come into the ledger
 * meanwhile are served as well.
 *
 * Who: the bootstrap account of the unit's payload; when a delivery has a bootstrap account of its
 * own (the replacement), that one too, and it alone once a device has finished with it.
 * What: with a profile to write, its accounts, made for the unit once and recorded before their
 * first octet is sent (ledger/delivery.h); without, the server accounts of the unit's own payload.
 */
#ifndef IMP_FACTORY_PROVIDER_H
#define IMP_FACTORY_PROVIDER_H

#include "bootstrap/server.h"
#include "cmd/env.h"
#include "crypto/ca.h"
#include "factory/profile.h"
#include "ledger/ledger.h"

struct imp_provider_options {
	const char *const *key_files; /* tried in turn; none: what the batch names */
	size_t key_files_n;
	const struct imp_profile *write; /* NULL: nothing is made */
	const struct imp_ca *ca;	 /* of write; NULL when it needs none */
	bool nosec;			 /* devices that prove nothing may connect */
	struct imp_bs_policy policy;
};

struct imp_provider;

/* env, ledger and what options name must outlive it.  Not for several threads.  A profile to write
 * that cannot be: as imp_write_check() and imp_delivery_maker_open(). */
IMP_MUST_CHECK enum imp_status imp_provider_open(struct imp_env *env, struct imp_ledger *ledger,
	const struct imp_provider_options *options, struct imp_provider **out);
void imp_provider_close(struct imp_provider *provider); /* wipes; takes NULL */

/* As psk and judge of struct imp_net_events. */
enum imp_status imp_provider_psk(
	struct imp_provider *provider, struct imp_span identity, uint8_t key[static 64], size_t *n);
bool imp_provider_judge(
	struct imp_provider *provider, enum imp_peer_kind kind, struct imp_span identity);

/* Whose identity it is that a peer has proved, by the ledger's index alone; IMP_E_ABSENT: nobody's,
 * or it proves nothing. */
IMP_MUST_CHECK enum imp_status imp_provider_owner(
	struct imp_provider *provider, const struct imp_peer *peer, int64_t *batch, int64_t *unit);

/* As configure of struct imp_bs_server_seam.  A failure has a text in imp_provider_why(). */
enum imp_status imp_provider_configure(struct imp_provider *provider, struct imp_span endpoint,
	const struct imp_peer *peer, struct imp_set *set, struct imp_bs_policy *policy);
const char *imp_provider_why(const struct imp_provider *provider);

/* Own credentials towards a device for which the server is the client (server push): of its
 * bootstrap account.  Only PSK and NoSec; IMP_E_UNSUPPORTED otherwise.  The spans last until the
 * next call. */
IMP_MUST_CHECK enum imp_status imp_provider_credentials(struct imp_provider *provider,
	struct imp_span endpoint, struct imp_credentials *out, struct imp_diag *diag);

/*
 * For another server that is to do this one's work: what the unit is to get, into set (empty,
 * initialised) - made and recorded first, as for a device that asks -, and its bootstrap account
 * that is in force: an instance of /0 in *holder, NULL when there is none, until the next call.
 * Failures as configure, with a text in imp_provider_why().
 */
IMP_MUST_CHECK enum imp_status imp_provider_hand_over(struct imp_provider *provider,
	const struct imp_unit *unit, struct imp_set *set, const struct imp_set **holder,
	uint16_t *account);

/*
 * Take over what another server gives to the unit: *known when it would get that here already, as
 * far as Leshan's form can tell; else record it as its delivery, or, without record, only see that
 * it could be.  IMP_E_DENIED: it has another delivery; IMP_E_INCONSISTENT: a bootstrap account with
 * the PSK identity of the one that it replaces; else as configure.  A text in
 * imp_provider_why().
 */
IMP_MUST_CHECK enum imp_status imp_provider_take_over(struct imp_provider *provider,
	const struct imp_unit *unit, const struct imp_set *set, bool record, bool *known);

/* Does any unit of the ledger have something to be written, without a profile?  Looks at one unit
 * of each batch. */
IMP_MUST_CHECK enum imp_status imp_provider_has_work(
	struct imp_provider *provider, bool *out, struct imp_diag *diag);

#endif
