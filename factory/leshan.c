/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/leshan.h"

#include "base/hex.h"
#include "base/secret.h"
#include "factory/leshan_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table --------------------------------------------------------------------------------
 */

static const struct imp_leshan_word modes[] = { { "PSK", 0 }, { "RPK", 1 }, { "X509", 2 },
	{ "NO_SEC", 3 }, { NULL, 0 } };
static const struct imp_leshan_word sms_modes[] = { { "RESERVED", 0 }, { "SPS_DEVICE", 1 },
	{ "SPS_SMARTCARD", 2 }, { "NO_SEC", 3 }, { NULL, 0 } };
static const struct imp_leshan_word matchings[] = { { "EXACT_MATCH", 0 }, { "SHA256", 1 },
	{ "SHA384", 2 }, { "SHA512", 3 }, { NULL, 0 } };
static const struct imp_leshan_word usages[] = { { "CA_CONSTRAINT", 0 },
	{ "SERVICE_CERTIFICATE_CONSTRAINT", 1 }, { "TRUST_ANCHOR_ASSERTION", 2 },
	{ "DOMAIN_ISSUER_CERTIFICATE", 3 }, { NULL, 0 } };

#define TEXT(name, id, absent)                                 \
	{                                                      \
		name, absent, NULL, IMP_LESHAN_TEXT, id, false \
	}
#define OCTETS(name, id)                                       \
	{                                                      \
		name, "[]", NULL, IMP_LESHAN_OCTETS, id, false \
	}
#define KEY(name, id)                                         \
	{                                                     \
		name, "[]", NULL, IMP_LESHAN_OCTETS, id, true \
	}
#define NUMBER(name, id, absent)                                 \
	{                                                        \
		name, absent, NULL, IMP_LESHAN_NUMBER, id, false \
	}
#define BOOL(name, id, absent)                                 \
	{                                                      \
		name, absent, NULL, IMP_LESHAN_BOOL, id, false \
	}
#define WORD(name, id, absent, words)                           \
	{                                                       \
		name, absent, words, IMP_LESHAN_WORD, id, false \
	}
#define OF(name, id, form)                        \
	{                                         \
		name, NULL, NULL, form, id, false \
	}
#define END                                                 \
	{                                                   \
		NULL, NULL, NULL, IMP_LESHAN_TEXT, 0, false \
	}

/* A member that has a default of its own there is written as null, where that means "none". */
static const struct imp_leshan_member security[] = {
	TEXT("uri", 0, "\"\""),
	BOOL("bootstrapServer", 1, "false"),
	WORD("securityMode", 2, NULL, modes),
	KEY("publicKeyOrId", 3),
	KEY("serverPublicKey", 4),
	KEY("secretKey", 5),
	WORD("smsSecurityMode", 6, "\"NO_SEC\"", sms_modes),
	OCTETS("smsBindingKeyParam", 7),
	OCTETS("smsBindingKeySecret", 8),
	TEXT("serverSmsNumber", 9, "\"\""),
	NUMBER("serverId", 10, "null"),
	NUMBER("clientOldOffTime", 11, "null"),
	NUMBER("bootstrapServerAccountTimeout", 12, "null"),
	WORD("matchingType", 13, NULL, matchings),
	TEXT("sni", 14, NULL),
	WORD("certificateUsage", 15, NULL, usages),
	OF("oscoreSecurityMode", 17, IMP_LESHAN_OSCORE),
	END,
};

static const struct imp_leshan_member servers[] = {
	NUMBER("shortId", 0, NULL),
	NUMBER("lifetime", 1, NULL),
	NUMBER("defaultMinPeriod", 2, "null"),
	NUMBER("defaultMaxPeriod", 3, NULL),
	NUMBER("disableTimeout", 5, NULL),
	BOOL("notifIfDisabled", 6, NULL),
	TEXT("binding", 7, NULL),
	NUMBER("registrationPriority", 13, NULL),
	NUMBER("initialDelay", 14, NULL),
	BOOL("registrationFailure", 15, NULL),
	BOOL("bootstrapOnRegistrationFailure", 16, NULL),
	NUMBER("communicationRetryCount", 17, NULL),
	NUMBER("CommunicationRetryTimer", 18, NULL),
	NUMBER("SequenceDelayTimer", 19, NULL),
	NUMBER("SequenceRetryCount", 20, NULL),
	BOOL("trigger", 21, NULL),
	TEXT("preferredTransport", 22, NULL),
	BOOL("muteSend", 23, NULL),
	END,
};

static const struct imp_leshan_member rules[] = {
	NUMBER("objectId", 0, NULL),
	NUMBER("objectInstanceId", 1, NULL),
	OF("acls", 2, IMP_LESHAN_RIGHTS),
	NUMBER("AccessControlOwner", 3, NULL),
	END,
};

static const struct imp_leshan_member oscore[] = {
	OCTETS("oscoreMasterSecret", 0),
	OCTETS("oscoreSenderId", 1),
	OCTETS("oscoreRecipientId", 2),
	NUMBER("oscoreAeadAlgorithm", 3, "null"),
	NUMBER("oscoreHmacAlgorithm", 4, "null"),
	OCTETS("oscoreMasterSalt", 5),
	END,
};

const struct imp_leshan_map imp_leshan_maps[IMP_LESHAN_MAPS] = {
	{ "security", IMP_OBJ_SECURITY, security },
	{ "servers", IMP_OBJ_SERVER, servers },
	{ "acls", IMP_OBJ_ACCESS_CONTROL, rules },
	{ "oscore", IMP_OBJ_OSCORE, oscore },
};

const struct imp_leshan_member *imp_leshan_member_of(uint16_t object, uint16_t resource)
{
	for (size_t i = 0; i < IMP_LESHAN_MAPS; i++)
		for (const struct imp_leshan_member *m = imp_leshan_maps[i].members; m->name; m++)
			if (imp_leshan_maps[i].object == object && m->resource == resource)
				return m;
	return NULL;
}

const char *imp_leshan_word_of(const struct imp_leshan_member *m, int64_t value)
{
	for (const struct imp_leshan_word *w = m->words; w->text; w++)
		if (w->value == value)
			return w->text;
	return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static int64_t number_of(const struct imp_value *v)
{
	switch (v->type) {
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		return v->u.i;
	case IMP_TYPE_UNSIGNED:
		return (int64_t)v->u.u;
	case IMP_TYPE_BOOLEAN:
		return v->u.b;
	case IMP_TYPE_NONE:
	case IMP_TYPE_STRING:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_OPAQUE:
	case IMP_TYPE_OBJLNK:
	default:
		return 0;
	}
}

static void put_octets(struct imp_json *j, const char *key, struct imp_span s)
{
	imp_json_array(j, key);
	for (size_t i = 0; i < s.n; i++)
		imp_json_uint(j, NULL, s.p[i]);
	imp_json_array_end(j);
}

static void put_rights(struct imp_json *j, const char *key, const struct imp_set *set,
	const struct imp_value *first)
{
	char id[8];

	imp_json_object(j, key);
	for (const struct imp_value *v = first; v < set->v + set->n; v++) {
		if (v->path.object != first->path.object ||
			v->path.instance != first->path.instance ||
			v->path.resource != first->path.resource)
			break;
		(void)snprintf(id, sizeof id, "%u", v->path.res_instance);
		imp_json_int(j, id, number_of(v));
	}
	imp_json_object_end(j);
}

static void put_member(struct imp_json *j, const struct imp_leshan_member *m,
	const struct imp_set *set, const struct imp_value *v)
{
	switch (m->form) {
	case IMP_LESHAN_TEXT:
		imp_json_span(j, m->name, v->u.s);
		return;
	case IMP_LESHAN_OCTETS:
		put_octets(j, m->name, v->u.s);
		return;
	case IMP_LESHAN_NUMBER:
		imp_json_int(j, m->name, number_of(v));
		return;
	case IMP_LESHAN_BOOL:
		imp_json_bool(j, m->name, v->u.b);
		return;
	case IMP_LESHAN_WORD:
		imp_json_str(j, m->name, imp_leshan_word_of(m, number_of(v)));
		return;
	case IMP_LESHAN_OSCORE:
		imp_json_uint(j, m->name, v->u.link.instance);
		return;
	case IMP_LESHAN_RIGHTS:
		put_rights(j, m->name, set, v);
		return;
	}
}

/* The resource; of a multiple one its first instance. */
static const struct imp_value *find(
	const struct imp_set *set, uint16_t object, uint16_t instance, uint16_t resource)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct imp_value *v = &set->v[i];

		if (v->path.object == object && v->path.instance == instance &&
			v->path.resource == resource)
			return v->type == IMP_TYPE_NONE ? NULL : v;
	}
	return NULL;
}

static void put_instance(struct imp_json *j, const struct imp_leshan_map *map,
	const struct imp_set *set, uint16_t instance)
{
	char id[8];

	(void)snprintf(id, sizeof id, "%u", instance);
	imp_json_object(j, id);
	for (const struct imp_leshan_member *m = map->members; m->name; m++) {
		const struct imp_value *v = find(set, map->object, instance, m->resource);

		if (v)
			put_member(j, m, set, v);
		else if (m->absent)
			imp_json_raw(j, m->name, imp_span_str(m->absent));
	}
	imp_json_object_end(j);
}

static void put_deletions(struct imp_json *j, const struct imp_set *set, enum imp_clearing clearing)
{
	char path[8];

	imp_json_array(j, "toDelete");
	if (clearing == IMP_CLEAR_ALL)
		imp_json_str(j, NULL, "/");
	for (size_t i = 0; clearing == IMP_CLEAR_ACCOUNTS && i < IMP_LESHAN_MAPS; i++) {
		if (imp_set_next_instance(set, imp_leshan_maps[i].object, -1) < 0)
			continue;
		(void)snprintf(path, sizeof path, "/%u", imp_leshan_maps[i].object);
		imp_json_str(j, NULL, path);
	}
	imp_json_array_end(j);
}

void imp_leshan_put(struct imp_json *j, const char *key, const struct imp_set *set,
	enum imp_clearing clearing, bool renumber)
{
	imp_json_object(j, key);
	imp_json_bool(j, "autoIdForSecurityObject", renumber);
	put_deletions(j, set, clearing);
	for (size_t k = 0; k < IMP_LESHAN_MAPS; k++) {
		const struct imp_leshan_map *map = &imp_leshan_maps[k];

		imp_json_object(j, map->name);
		for (int32_t i = imp_set_next_instance(set, map->object, -1); i >= 0;
			i = imp_set_next_instance(set, map->object, i))
			put_instance(j, map, set, (uint16_t)i);
		imp_json_object_end(j);
	}
	imp_json_object_end(j);
}

const struct imp_value *imp_leshan_lacks(const struct imp_set *set, size_t *i)
{
	while (*i < set->n) {
		const struct imp_value *v = &set->v[(*i)++];
		const struct imp_leshan_member *m =
			imp_leshan_member_of(v->path.object, v->path.resource);

		if (v->type == IMP_TYPE_NONE)
			continue;
		if (!m || (m->form == IMP_LESHAN_WORD && !imp_leshan_word_of(m, number_of(v))) ||
			(m->form == IMP_LESHAN_OSCORE && v->u.link.object != IMP_OBJ_OSCORE))
			return v;
	}
	return NULL;
}

bool imp_leshan_equal(const struct imp_set *a, const struct imp_set *b)
{
	const struct imp_set *sets[2] = { a, b };
	uint8_t *texts[2] = { NULL, NULL };
	size_t n[2] = { 0, 0 };
	bool equal;

	for (size_t i = 0; i < 2; i++) {
		struct imp_wr count = imp_wr_count(), wr;
		struct imp_json j = imp_json(&count);

		imp_leshan_put(&j, NULL, sets[i], IMP_CLEAR_NOTHING, false);
		n[i] = count.n;
		texts[i] = malloc(n[i]);
		if (!texts[i])
			break;
		wr = imp_wr(texts[i], n[i]);
		j = imp_json(&wr);
		imp_leshan_put(&j, NULL, sets[i], IMP_CLEAR_NOTHING, false);
	}
	equal = texts[0] && texts[1] && n[0] == n[1] && memcmp(texts[0], texts[1], n[0]) == 0;
	for (size_t i = 0; i < 2; i++) {
		if (texts[i])
			imp_wipe(texts[i], n[i]);
		free(texts[i]);
	}
	return equal;
}

/* ---- what the device proves -------------------------------------------------------------------
 */

static struct imp_span octets(const struct imp_set *set, uint16_t account, uint16_t resource)
{
	return imp_set_octets(set, IMP_OBJ_SECURITY, account, resource);
}

static void put_tls(struct imp_json *j, const struct imp_set *set, uint16_t account, int64_t mode)
{
	imp_json_object(j, "tls");
	imp_json_str(j, "mode", mode == 0 ? "psk" : mode == 1 ? "rpk" : "x509");
	if (mode < 2)
		imp_json_object(j, "details");
	if (mode == 0) {
		imp_json_span(j, "identity", octets(set, account, 3));
		imp_json_hex(j, "key", octets(set, account, 5));
	} else if (mode == 1) {
		imp_json_hex(j, "key", octets(set, account, 3));
	}
	if (mode < 2)
		imp_json_object_end(j);
	imp_json_object_end(j);
}

/* The ids are the server's own there: it sends with what the device receives with. */
static void put_oscore(struct imp_json *j, const struct imp_set *set, uint16_t instance)
{
	imp_json_object(j, "oscore");
	imp_json_hex(j, "sid", imp_set_octets(set, IMP_OBJ_OSCORE, instance, 2));
	imp_json_hex(j, "rid", imp_set_octets(set, IMP_OBJ_OSCORE, instance, 1));
	imp_json_hex(j, "msec", imp_set_octets(set, IMP_OBJ_OSCORE, instance, 0));
	imp_json_object_end(j);
}

void imp_leshan_put_security(struct imp_json *j, const char *key, const char *endpoint,
	const struct imp_set *set, uint16_t account)
{
	const struct imp_value *link = imp_set_get(set, IMP_OBJ_SECURITY, account, 17);
	int64_t mode = imp_set_int(set, IMP_OBJ_SECURITY, account, 2, 3);
	bool oscored =
		link && link->type == IMP_TYPE_OBJLNK && link->u.link.object == IMP_OBJ_OSCORE;

	if (mode == 3 && !oscored) {
		imp_json_null(j, key);
		return;
	}
	imp_json_object(j, key);
	imp_json_str(j, "endpoint", endpoint);
	if (mode != 3)
		put_tls(j, set, account, mode);
	if (oscored)
		put_oscore(j, set, link->u.link.instance);
	imp_json_object_end(j);
}
