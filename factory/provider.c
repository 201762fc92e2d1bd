/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/provider.h"

#include "crypto/seal.h"
#include "factory/delivery.h"
#include "factory/keyring.h"
#include "factory/leshan.h"
#include "factory/peer_text.h"
#include "factory/write_check.h"
#include "ledger/delivery.h"
#include "model/set_form.h"

#include <stdlib.h>
#include <string.h>

struct imp_provider {
	struct imp_env *env;
	struct imp_ledger *ledger;
	struct imp_provider_options options;
	struct imp_keyring *keyring;
	struct imp_delivery_maker *maker; /* NULL: nothing is made */
	struct imp_set own, delivery;	  /* of the unit at hand */
	struct imp_diag diag;		  /* of the last failure */
};

enum imp_status imp_provider_open(struct imp_env *env, struct imp_ledger *ledger,
	const struct imp_provider_options *options, struct imp_provider **out)
{
	struct imp_provider *p = calloc(1, sizeof *p);
	enum imp_status st;

	if (!p)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	p->env = env;
	p->ledger = ledger;
	p->options = *options;
	imp_set_init(&p->own);
	imp_set_init(&p->delivery);
	st = imp_keyring_open(env, ledger, options->key_files, options->key_files_n, &p->keyring);
	if (st == IMP_OK && options->write)
		st = imp_write_check(ledger, options->write, &env->diag);
	if (st == IMP_OK && options->write)
		st = imp_delivery_maker_open(
			env, ledger, options->write, options->ca, &p->maker, &env->diag);
	if (st != IMP_OK) {
		imp_provider_close(p);
		return st;
	}
	*out = p;
	return IMP_OK;
}

void imp_provider_close(struct imp_provider *p)
{
	if (!p)
		return;
	imp_delivery_maker_close(p->maker);
	imp_keyring_close(p->keyring);
	imp_set_free(&p->own);
	imp_set_free(&p->delivery);
	free(p);
}

const char *imp_provider_why(const struct imp_provider *p)
{
	return p->diag.text;
}

/* ---- the unit at hand -------------------------------------------------------------------------
 */

static enum imp_status read_set(
	struct imp_provider *p, const struct imp_blob *payload, struct imp_set *set)
{
	enum imp_status st = imp_set_from_ef(set, imp_blob_span(payload), false, true, NULL);

	if (st != IMP_OK)
		return imp_diag(&p->diag, st, "a payload of the ledger does not decode");
	return IMP_OK;
}

static enum imp_status load_delivery(
	struct imp_provider *p, const struct imp_unit *unit, struct imp_sealer *sealer)
{
	IMP_BLOB payload = { NULL, 0 };
	enum imp_status st = imp_ledger_delivery(p->ledger, unit, sealer, &payload, &p->diag);

	if (st == IMP_E_ABSENT)
		return IMP_OK;
	return st == IMP_OK ? read_set(p, &payload, &p->delivery) : st;
}

/* Fill p->own and p->delivery (empty when there is none). */
static enum imp_status load(struct imp_provider *p, const struct imp_unit *unit)
{
	IMP_BLOB payload = { NULL, 0 };
	struct imp_sealer *sealer = NULL;
	enum imp_status st;

	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	if (!unit->made || unit->state == IMP_UNIT_SCRAPPED)
		return imp_diag(&p->diag, IMP_E_ABSENT, "'%s' is %s", unit->endpoint,
			imp_unit_state_name(unit->state));
	st = imp_keyring_sealer(p->keyring, unit->batch, &sealer, &p->diag);
	if (st == IMP_OK)
		st = imp_ledger_unseal_with(p->ledger, unit, sealer, &payload, &p->diag);
	if (st == IMP_OK)
		st = read_set(p, &payload, &p->own);
	return st == IMP_OK ? load_delivery(p, unit, sealer) : st;
}

/* The bootstrap account of a set; -1: it has none. */
static int32_t account_of(const struct imp_set *set)
{
	int32_t i = imp_set_next_instance(set, IMP_OBJ_SECURITY, -1);

	while (i >= 0 && !imp_set_int(set, IMP_OBJ_SECURITY, (uint16_t)i, 1, 0))
		i = imp_set_next_instance(set, IMP_OBJ_SECURITY, i);
	return i;
}

static bool is_account(const struct imp_set *set, int64_t mode, struct imp_span identity)
{
	int32_t i = account_of(set);

	return i >= 0 && imp_set_int(set, IMP_OBJ_SECURITY, (uint16_t)i, 2, -1) == mode &&
	       imp_span_eq(imp_set_octets(set, IMP_OBJ_SECURITY, (uint16_t)i, 3), identity);
}

/* The set of the unit whose bootstrap account goes by this identity; NULL: none that holds. */
static const struct imp_set *find_account(const struct imp_provider *p, const struct imp_unit *unit,
	int64_t mode, struct imp_span identity)
{
	if (is_account(&p->delivery, mode, identity))
		return &p->delivery;
	if (unit->delivered && account_of(&p->delivery) >= 0) /* replaced */
		return NULL;
	return is_account(&p->own, mode, identity) ? &p->own : NULL;
}

/* ---- who --------------------------------------------------------------------------------------
 */

static enum imp_status unit_of_peer(struct imp_provider *p, enum imp_peer_kind kind,
	struct imp_span identity, struct imp_unit *out)
{
	uint8_t fingerprint[IMP_SHA256];
	enum imp_status st;

	if (kind == IMP_PEER_PSK)
		return imp_ledger_unit_by_credential(
			p->ledger, IMP_CRED_PSK_IDENTITY, identity, out, &p->diag);
	identity = imp_peer_public_key(kind, identity);
	if (!identity.n)
		return IMP_E_ABSENT;
	st = imp_fingerprint_public(identity, fingerprint);
	if (st != IMP_OK)
		return st;
	return imp_ledger_unit_by_credential(p->ledger, IMP_CRED_PUBLIC_KEY,
		imp_span(fingerprint, sizeof fingerprint), out, &p->diag);
}

enum imp_status imp_provider_owner(
	struct imp_provider *p, const struct imp_peer *peer, int64_t *batch, int64_t *unit)
{
	IMP_UNIT u = { 0 };
	enum imp_status st;

	if (peer->kind == IMP_PEER_NONE)
		return IMP_E_ABSENT;
	st = unit_of_peer(p, peer->kind, peer->identity, &u);
	if (st != IMP_OK)
		return st;
	*batch = u.batch;
	*unit = u.id;
	return IMP_OK;
}

/* The unit and the set that holds the account, by what a peer has shown. */
static enum imp_status find_peer(struct imp_provider *p, enum imp_peer_kind kind,
	struct imp_span identity, struct imp_unit *unit, const struct imp_set **set)
{
	static const int64_t modes[] = { [IMP_PEER_PSK] = IMP_SECURITY_PSK,
		[IMP_PEER_RPK] = IMP_SECURITY_RPK,
		[IMP_PEER_X509] = IMP_SECURITY_X509 };
	enum imp_status st = unit_of_peer(p, kind, identity, unit);

	if (st == IMP_OK)
		st = load(p, unit);
	if (st != IMP_OK)
		return st;
	*set = find_account(p, unit, modes[kind], identity);
	return *set ? IMP_OK : IMP_E_ABSENT;
}

enum imp_status imp_provider_psk(
	struct imp_provider *p, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	IMP_UNIT unit = { 0 };
	const struct imp_set *set = NULL;
	struct imp_span found;
	enum imp_status st = find_peer(p, IMP_PEER_PSK, identity, &unit, &set);

	if (st == IMP_OK) {
		found = imp_set_octets(set, IMP_OBJ_SECURITY, (uint16_t)account_of(set), 5);
		if (found.n && found.n <= 64) {
			memcpy(key, found.p, found.n);
			*n = found.n;
		} else {
			st = IMP_E_ABSENT;
		}
	}
	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	return st;
}

bool imp_provider_judge(struct imp_provider *p, enum imp_peer_kind kind, struct imp_span identity)
{
	IMP_UNIT unit = { 0 };
	const struct imp_set *set = NULL;
	enum imp_status st = find_peer(p, kind, identity, &unit, &set);

	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	return st == IMP_OK;
}

/* Is this peer the endpoint it says it is?  p->own and p->delivery are the unit's then. */
static enum imp_status check_peer(struct imp_provider *p, const struct imp_peer *peer,
	const char *endpoint, struct imp_unit *unit)
{
	const struct imp_set *set = NULL;
	enum imp_status st;

	if (peer->kind == IMP_PEER_NONE) {
		if (!p->options.nosec)
			return imp_diag(&p->diag, IMP_E_DENIED, "it proves nothing of itself");
		st = imp_ledger_unit_by_endpoint(p->ledger, endpoint, unit, &p->diag);
		return st == IMP_OK ? load(p, unit) : st;
	}
	st = find_peer(p, peer->kind, peer->identity, unit, &set);
	if (st != IMP_OK)
		return imp_diag(&p->diag, st, "its identity is not in force");
	if (strcmp(unit->endpoint, endpoint) != 0)
		return imp_diag(
			&p->diag, IMP_E_DENIED, "its identity belongs to '%s'", unit->endpoint);
	return IMP_OK;
}

/* ---- what -------------------------------------------------------------------------------------
 */

static bool belongs_to(const struct imp_set *set, int32_t account, const struct imp_value *v)
{
	const struct imp_value *link;

	if (account < 0)
		return false;
	if (v->path.object == IMP_OBJ_SECURITY)
		return v->path.instance == account;
	link = imp_set_get(set, IMP_OBJ_SECURITY, (uint16_t)account, 17);
	return link && link->type == IMP_TYPE_OBJLNK && link->u.link.object == v->path.object &&
	       link->u.link.instance == v->path.instance;
}

/* All but the bootstrap account, which the device has. */
static enum imp_status give_own(struct imp_provider *p, struct imp_set *out)
{
	int32_t account = account_of(&p->own);
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < p->own.n; i++)
		if (!belongs_to(&p->own, account, &p->own.v[i]))
			st = imp_set_put(out, &p->own.v[i]);
	if (st == IMP_OK && imp_set_next_instance(out, IMP_OBJ_SECURITY, -1) < 0)
		return imp_diag(&p->diag, IMP_E_DENIED,
			"its payload has no server account, and no profile to write was given");
	return st;
}

static enum imp_status give_all(const struct imp_set *from, struct imp_set *out)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < from->versions_n; i++)
		st = imp_set_put_version(out, from->versions[i].object, from->versions[i].major,
			from->versions[i].minor);
	for (size_t i = 0; st == IMP_OK && i < from->n; i++)
		st = imp_set_put(out, &from->v[i]);
	return st;
}

/* Two keys for one identity cannot be told apart by a DTLS server. */
static enum imp_status check_identities(struct imp_provider *p)
{
	int32_t old = account_of(&p->own), new = account_of(&p->delivery);

	if (old < 0 || new < 0 ||
		imp_set_int(&p->own, IMP_OBJ_SECURITY, (uint16_t)old, 2, -1) != IMP_SECURITY_PSK)
		return IMP_OK;
	if (!is_account(&p->delivery, IMP_SECURITY_PSK,
		    imp_set_octets(&p->own, IMP_OBJ_SECURITY, (uint16_t)old, 3)))
		return IMP_OK;
	return imp_diag(&p->diag, IMP_E_INCONSISTENT,
		"the replacement of its bootstrap account has the same PSK identity");
}

static enum imp_status deliver(struct imp_provider *p, const struct imp_unit *unit)
{
	struct imp_sealer *sealer = NULL;
	IMP_BLOB payload = { NULL, 0 };
	enum imp_status st = imp_keyring_sealer(p->keyring, unit->batch, &sealer, &p->diag);

	if (st == IMP_OK)
		st = imp_delivery_make(p->maker, unit, sealer, &payload, &p->diag);
	if (st == IMP_OK)
		st = read_set(p, &payload, &p->delivery);
	if (st == IMP_OK)
		st = check_identities(p);
	return st == IMP_OK ? imp_delivery_record(p->maker, &p->diag) : st;
}

static enum imp_status give(
	struct imp_provider *p, const struct imp_unit *unit, struct imp_set *out)
{
	enum imp_status st = IMP_OK;

	if (!p->maker)
		return p->delivery.n ? give_all(&p->delivery, out) : give_own(p, out);
	if (!p->delivery.n)
		st = deliver(p, unit);
	return st == IMP_OK ? give_all(&p->delivery, out) : st;
}

enum imp_status imp_provider_configure(struct imp_provider *p, struct imp_span endpoint,
	const struct imp_peer *peer, struct imp_set *set, struct imp_bs_policy *policy)
{
	IMP_UNIT unit = { 0 };
	char name[IMP_ENDPOINT_MAX + 1];
	enum imp_status st;

	if (endpoint.n > IMP_ENDPOINT_MAX || memchr(endpoint.p, 0, endpoint.n))
		return imp_diag(&p->diag, IMP_E_ABSENT, "no endpoint name");
	memcpy(name, endpoint.p, endpoint.n);
	name[endpoint.n] = '\0';
	p->diag = (struct imp_diag){ .status = IMP_OK };
	st = check_peer(p, peer, name, &unit);
	if (st == IMP_OK)
		st = give(p, &unit, set);
	if (st == IMP_OK) {
		*policy = p->options.policy;
		policy->note = (struct imp_bs_note){
			.batch = unit.batch, .unit = unit.id, .delivery = p->delivery.n != 0
		};
		imp_peer_text(peer, policy->note.who, sizeof policy->note.who);
	}
	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	return st;
}

/* ---- for the command --------------------------------------------------------------------------
 */

enum imp_status imp_provider_credentials(struct imp_provider *p, struct imp_span endpoint,
	struct imp_credentials *out, struct imp_diag *diag)
{
	IMP_UNIT unit = { 0 };
	char name[IMP_ENDPOINT_MAX + 1];
	const struct imp_set *set = &p->own;
	int32_t i;
	enum imp_status st;

	if (endpoint.n > IMP_ENDPOINT_MAX)
		return imp_diag(diag, IMP_E_ABSENT, "no endpoint name");
	memcpy(name, endpoint.p, endpoint.n);
	name[endpoint.n] = '\0';
	st = imp_ledger_unit_by_endpoint(p->ledger, name, &unit, diag);
	if (st != IMP_OK)
		return st;
	st = load(p, &unit);
	if (st != IMP_OK) {
		*diag = p->diag;
		return st;
	}
	if (unit.delivered && account_of(&p->delivery) >= 0)
		set = &p->delivery;
	i = account_of(set);
	if (i < 0)
		return imp_diag(diag, IMP_E_DENIED, "'%s' has no bootstrap account", name);
	*out = (struct imp_credentials){ .kind = IMP_PEER_NONE };
	switch (imp_set_int(set, IMP_OBJ_SECURITY, (uint16_t)i, 2, -1)) {
	case IMP_SECURITY_PSK:
		out->kind = IMP_PEER_PSK;
		out->identity = imp_set_octets(set, IMP_OBJ_SECURITY, (uint16_t)i, 3);
		out->key = imp_set_octets(set, IMP_OBJ_SECURITY, (uint16_t)i, 5);
		return IMP_OK;
	case IMP_SECURITY_NONE:
		return IMP_OK;
	default:
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"'%s': only PSK and NoSec accounts are written to unasked", name);
	}
}

enum imp_status imp_provider_hand_over(struct imp_provider *p, const struct imp_unit *unit,
	struct imp_set *set, const struct imp_set **holder, uint16_t *account)
{
	enum imp_status st;
	int32_t i;

	p->diag = (struct imp_diag){ .status = IMP_OK };
	st = load(p, unit);
	if (st == IMP_OK)
		st = give(p, unit, set);
	if (st != IMP_OK)
		return st;
	*holder = unit->delivered && account_of(&p->delivery) >= 0 ? &p->delivery : &p->own;
	i = account_of(*holder);
	if (i < 0)
		*holder = NULL;
	*account = i < 0 ? 0 : (uint16_t)i;
	return IMP_OK;
}

/* What the unit would get already. */
static const struct imp_set *given_already(struct imp_provider *p, struct imp_set *own)
{
	if (p->delivery.n)
		return &p->delivery;
	return give_own(p, own) == IMP_OK ? own : NULL;
}

static enum imp_status adopt(struct imp_provider *p, const struct imp_unit *unit, bool record)
{
	struct imp_sealer *sealer = NULL;
	enum imp_status st = check_identities(p);

	if (st == IMP_OK)
		st = imp_keyring_sealer(p->keyring, unit->batch, &sealer, &p->diag);
	if (st == IMP_OK && record)
		st = imp_delivery_adopt(p->ledger, unit, sealer, &p->delivery, &p->diag);
	return st;
}

enum imp_status imp_provider_take_over(struct imp_provider *p, const struct imp_unit *unit,
	const struct imp_set *set, bool record, bool *known)
{
	const struct imp_set *have;
	struct imp_set *own;
	bool same;
	enum imp_status st;

	p->diag = (struct imp_diag){ .status = IMP_OK };
	st = load(p, unit);
	if (st != IMP_OK)
		return st;
	own = malloc(sizeof *own);
	if (!own)
		return imp_diag(&p->diag, IMP_E_INTERNAL, "out of memory");
	imp_set_init(own);
	have = given_already(p, own);
	same = have && imp_leshan_equal(have, set);
	imp_set_free(own);
	free(own);
	if (!same && p->delivery.n)
		st = imp_diag(&p->diag, IMP_E_DENIED,
			"something else was made for it, and a device may have it already");
	if (!same && st == IMP_OK)
		st = give_all(set, &p->delivery);
	if (!same && st == IMP_OK)
		st = adopt(p, unit, record);
	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	if (st == IMP_OK)
		*known = same;
	return st;
}

/* Does the first made unit of this batch have a server account? */
static enum imp_status look_at_batch(
	struct imp_provider *p, int64_t batch, bool *found, struct imp_diag *diag)
{
	const unsigned states = ~(1U << IMP_UNIT_PLANNED | 1U << IMP_UNIT_SCRAPPED);
	IMP_UNIT unit = { 0 };
	size_t n = 0;
	enum imp_status st = imp_ledger_units(p->ledger, batch, states, 0, &unit, 1, &n, diag);

	if (st != IMP_OK || n == 0)
		return st;
	if (load(p, &unit) != IMP_OK) /* the key ring has warned */
		return IMP_OK;
	for (int32_t i = imp_set_next_instance(&p->own, IMP_OBJ_SECURITY, -1); i >= 0;
		i = imp_set_next_instance(&p->own, IMP_OBJ_SECURITY, i))
		*found |= !imp_set_int(&p->own, IMP_OBJ_SECURITY, (uint16_t)i, 1, 0);
	*found |= p->delivery.n != 0;
	return IMP_OK;
}

enum imp_status imp_provider_has_work(struct imp_provider *p, bool *out, struct imp_diag *diag)
{
	int64_t after = 0;
	bool found = false;
	enum imp_status st = IMP_OK;

	while (st == IMP_OK && !found) {
		IMP_BATCH batch = { 0 };

		st = imp_ledger_batch_next(p->ledger, after, &batch, diag);
		if (st == IMP_OK) {
			after = batch.id;
			st = look_at_batch(p, batch.id, &found, diag);
		}
	}
	imp_set_wipe(&p->own);
	imp_set_wipe(&p->delivery);
	*out = found;
	return st == IMP_E_ABSENT ? IMP_OK : st;
}
