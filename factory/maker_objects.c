/* SPDX-License-Identifier: Apache-2.0 */
/* Server, Access Control and OSCORE instances, and the versions of objects. */
#include "crypto/seal.h"
#include "factory/maker_parts.h"

#include <stddef.h>

#define OSCORE_SECRET 16
#define OSCORE_SALT 8

/* ---- /1 ---- */

/* A number of the profile's account and the resource it goes to, when it is there. */
struct number {
	uint16_t resource;
	bool boolean;
	size_t at;
};

#define NUMBER(r, b, field)                                       \
	{                                                         \
		r, b, offsetof(struct imp_profile_account, field) \
	}

static const struct number numbers[] = {
	NUMBER(0, false, ssid),
	NUMBER(1, false, lifetime),
	NUMBER(2, false, min_period),
	NUMBER(3, false, max_period),
	NUMBER(5, false, disable_timeout),
	NUMBER(13, false, registration_priority),
	NUMBER(14, false, initial_delay),
	NUMBER(15, true, failure_block),
	NUMBER(16, true, bootstrap_on_failure),
	NUMBER(17, false, retry_count),
	NUMBER(18, false, retry_timer),
	NUMBER(19, false, sequence_delay),
	NUMBER(20, false, sequence_count),
	NUMBER(21, true, trigger),
	NUMBER(23, true, mute_send),
	NUMBER(26, false, notification_mode),
};

static enum imp_status put_number(struct imp_maker *m, uint16_t instance,
	const struct imp_profile_account *a, const struct number *n)
{
	int64_t v = *(const int64_t *)(const void *)((const uint8_t *)a + n->at);

	if (v == IMP_LEFT_OUT)
		return IMP_OK;
	if (n->boolean)
		return imp_set_put_bool(&m->set, IMP_OBJ_SERVER, instance, n->resource, v != 0);
	return imp_set_put_int(&m->set, IMP_OBJ_SERVER, instance, n->resource, v);
}

static enum imp_status put_text(
	struct imp_maker *m, uint16_t instance, uint16_t resource, const char *text)
{
	if (!text)
		return IMP_OK;
	return imp_set_put_octets(&m->set, IMP_OBJ_SERVER, instance, resource, imp_span_str(text));
}

static enum imp_status put_server(
	struct imp_maker *m, uint16_t instance, const struct imp_profile_account *a)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < sizeof numbers / sizeof *numbers; i++)
		st = put_number(m, instance, a, &numbers[i]);
	if (st == IMP_OK)
		st = imp_set_put_bool(&m->set, IMP_OBJ_SERVER, instance, 6, a->store_notifications);
	if (st == IMP_OK)
		st = put_text(m, instance, 7, a->binding);
	if (st == IMP_OK)
		st = put_text(m, instance, 22, a->preferred_transport);
	return st;
}

static enum imp_status put_servers(struct imp_maker *m)
{
	enum imp_status st = IMP_OK;
	uint16_t instance = 0;

	for (size_t i = 0; st == IMP_OK && i < m->profile->accounts_n; i++)
		if (!m->profile->accounts[i].bootstrap)
			st = put_server(m, instance++, &m->profile->accounts[i]);
	return st;
}

/* ---- /2 ---- */

static enum imp_status put_access(
	struct imp_maker *m, uint16_t instance, const struct imp_profile_access *a)
{
	enum imp_status st =
		imp_set_put_int(&m->set, IMP_OBJ_ACCESS_CONTROL, instance, 0, a->object);

	if (st == IMP_OK)
		st = imp_set_put_int(&m->set, IMP_OBJ_ACCESS_CONTROL, instance, 1, a->instance);
	for (size_t i = 0; st == IMP_OK && i < a->acl_n; i++)
		st = imp_set_put_int_at(&m->set, IMP_OBJ_ACCESS_CONTROL, instance, 2,
			a->acl[i].ssid, a->acl[i].rights);
	if (st == IMP_OK)
		st = imp_set_put_int(&m->set, IMP_OBJ_ACCESS_CONTROL, instance, 3, a->owner);
	return st;
}

/* ---- /21 ---- */

static enum imp_status put_oscore_octets(
	struct imp_maker *m, uint16_t instance, uint16_t resource, struct imp_span octets)
{
	return imp_set_put_octets(&m->set, IMP_OBJ_OSCORE, instance, resource, octets);
}

static enum imp_status put_oscore_secret(
	struct imp_maker *m, uint16_t instance, size_t account, struct imp_made *made)
{
	IMP_SECRET secret = { .n = OSCORE_SECRET };
	struct imp_span octets = imp_span(secret.b, secret.n);
	uint8_t hash[IMP_SHA256];
	enum imp_status st = imp_drawer_take(&m->drawer, secret.b, secret.n);

	if (st == IMP_OK)
		st = imp_fingerprint_secret(octets, hash);
	if (st == IMP_OK)
		st = imp_made_credential(
			made, account, IMP_CREDENTIAL_OSCORE_SECRET, imp_span(hash, sizeof hash));
	return st == IMP_OK ? put_oscore_octets(m, instance, 0, octets) : st;
}

static enum imp_status put_oscore_int(
	struct imp_maker *m, uint16_t instance, uint16_t resource, int64_t v)
{
	if (v == IMP_LEFT_OUT)
		return IMP_OK;
	return imp_set_put_int(&m->set, IMP_OBJ_OSCORE, instance, resource, v);
}

static enum imp_status put_salt(struct imp_maker *m, uint16_t instance)
{
	uint8_t salt[OSCORE_SALT];
	enum imp_status st = imp_drawer_take(&m->drawer, salt, sizeof salt);

	return st == IMP_OK ? put_oscore_octets(m, instance, 5, imp_span(salt, sizeof salt)) : st;
}

static enum imp_status put_oscore(
	struct imp_maker *m, uint16_t instance, size_t account, struct imp_made *made)
{
	const struct imp_profile_oscore *o = &m->profile->accounts[account].oscore;
	const struct imp_plan_account *row = &m->row->accounts[account];
	enum imp_status st = put_oscore_secret(m, instance, account, made);

	if (st == IMP_OK)
		st = put_oscore_octets(m, instance, 1, row->sender_id);
	if (st == IMP_OK)
		st = put_oscore_octets(m, instance, 2, row->recipient_id);
	if (st == IMP_OK)
		st = put_oscore_int(m, instance, 3, o->aead);
	if (st == IMP_OK)
		st = put_oscore_int(m, instance, 4, o->hmac);
	if (st == IMP_OK && o->random_salt)
		st = put_salt(m, instance);
	if (st == IMP_OK && o->id_context.template.source)
		st = put_oscore_octets(m, instance, 6, row->id_context);
	return st;
}

static enum imp_status put_all_oscore(struct imp_maker *m, struct imp_made *made)
{
	enum imp_status st = IMP_OK;
	uint16_t instance = 0;

	for (size_t i = 0; st == IMP_OK && i < m->profile->accounts_n; i++)
		if (m->profile->accounts[i].oscore.present)
			st = put_oscore(m, instance++, i, made);
	return st;
}

/* ---- versions ---- */

/* Object versions that belong to an enabler (ref lwm2m 0); ID Context came with 21 version 1.1. */
static enum imp_status put_versions(struct imp_maker *m)
{
	static const struct {
		uint16_t object;
		uint8_t major[3], minor[3]; /* for 1.0, 1.1, 1.2 */
	} versions[] = {
		{ IMP_OBJ_SECURITY, { 1, 1, 1 }, { 0, 1, 2 } },
		{ IMP_OBJ_SERVER, { 1, 1, 1 }, { 0, 1, 2 } },
		{ IMP_OBJ_ACCESS_CONTROL, { 1, 1, 1 }, { 0, 0, 1 } },
		{ IMP_OBJ_OSCORE, { 1, 1, 2 }, { 1, 1, 0 } },
	};
	unsigned at = m->profile->enabler_minor < 2 ? m->profile->enabler_minor : 2;
	enum imp_status st = IMP_OK;

	if (!m->profile->explicit_versions)
		return IMP_OK;
	for (size_t i = 0; st == IMP_OK && i < sizeof versions / sizeof *versions; i++)
		if (imp_set_next_instance(&m->set, versions[i].object, -1) >= 0)
			st = imp_set_put_version(&m->set, versions[i].object, versions[i].major[at],
				versions[i].minor[at]);
	return st;
}

enum imp_status imp_maker_objects(struct imp_maker *m, struct imp_made *made)
{
	enum imp_status st = put_servers(m);

	for (size_t i = 0; st == IMP_OK && i < m->profile->access_n; i++)
		st = put_access(m, (uint16_t)i, &m->profile->access[i]);
	if (st == IMP_OK)
		st = put_all_oscore(m, made);
	if (st == IMP_OK)
		st = put_versions(m);
	return st;
}
