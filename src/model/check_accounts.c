/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and what connects their parts (ref lwm2m 3.3).  K10, K14 and K15 speak of a client's
 * behaviour; a set cannot break them.
 */
#include "model/check_rules.h"

#include "model/uri.h"

#include <inttypes.h>

#define SSID_MIN 1
#define SSID_MAX 65534
#define ACL_ANY 65535 /* as instance: the object level; as owner: bootstrap only */
#define ACL_CREATE 16
#define NOT_GIVEN INT64_MIN

#define FOR_INSTANCES(i, set, object)                                        \
	for (int32_t i = imp_set_next_instance((set), (object), -1); i >= 0; \
		i = imp_set_next_instance((set), (object), i))

/* ---- Short Server IDs (K2, K3) ---- */

static bool legal_ssid(int64_t id)
{
	return id >= SSID_MIN && id <= SSID_MAX;
}

/* Enter the id of an account or a /1 instance into ids. */
static void enter_ssid(struct check *c, struct ssids *ids, int64_t id, struct imp_path where)
{
	if (!legal_ssid(id)) {
		imp_findings_add(c->findings, "K2", IMP_ERROR, where,
			"Short Server ID %" PRId64 " is outside %d..%d", id, SSID_MIN, SSID_MAX);
		return;
	}
	if (ssids_has(ids, id)) {
		imp_findings_add(c->findings, "K2", IMP_ERROR, where,
			"Short Server ID %" PRId64 " is used twice", id);
		return;
	}
	ssids_add(ids, id);
}

/* 1 bootstrap account, 0 server account, -1 not said (K7 reports that). */
static int64_t account_kind(const struct check *c, int32_t instance)
{
	return imp_set_int(c->set, IMP_OBJ_SECURITY, (uint16_t)instance, SEC_BOOTSTRAP, -1);
}

static int64_t account_ssid(const struct check *c, int32_t instance)
{
	return imp_set_int(c->set, IMP_OBJ_SECURITY, (uint16_t)instance, SEC_SSID, NOT_GIVEN);
}

static void collect_ssids(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_SECURITY)
	{
		struct imp_path where = at(IMP_OBJ_SECURITY, i, SEC_SSID);
		int64_t id = account_ssid(c, i);

		if (account_kind(c, i) == 1 && legal_ssid(id))
			ssids_add(&c->bootstrap, id);
		if (account_kind(c, i) != 0)
			continue;
		if (id != NOT_GIVEN) {
			enter_ssid(c, &c->security, id, where);
			continue;
		}
		c->ssid_missing = true;
		imp_findings_add(c->findings, "K3", IMP_ERROR, where,
			"the server account has no Short Server ID");
	}
	FOR_INSTANCES(i, c->set, IMP_OBJ_SERVER)
	{
		int64_t id = imp_set_int(c->set, IMP_OBJ_SERVER, (uint16_t)i, SRV_SSID, NOT_GIVEN);

		if (id != NOT_GIVEN)
			enter_ssid(c, &c->server, id, at(IMP_OBJ_SERVER, i, SRV_SSID));
	}
}

/* ---- accounts (K1, K4, K5, K6) ---- */

static void pair_security(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_SECURITY)
	{
		int64_t id = account_ssid(c, i);

		if (account_kind(c, i) == 0 && legal_ssid(id) && !ssids_has(&c->server, id))
			imp_findings_add(c->findings, "K1", IMP_ERROR,
				at(IMP_OBJ_SECURITY, i, SEC_SSID),
				"no Server instance has the Short Server ID %" PRId64, id);
	}
}

static void pair_server(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_SERVER)
	{
		int64_t id = imp_set_int(c->set, IMP_OBJ_SERVER, (uint16_t)i, SRV_SSID, NOT_GIVEN);
		struct imp_path where = at(IMP_OBJ_SERVER, i, SRV_SSID);

		if (!legal_ssid(id) || ssids_has(&c->security, id))
			continue;
		if (ssids_has(&c->bootstrap, id))
			imp_findings_add(c->findings, "K4", IMP_ERROR, where,
				"Short Server ID %" PRId64
				" is that of the bootstrap account, which "
				"has no Server instance",
				id);
		else if (!c->ssid_missing) /* else K3 has said why the two do not meet */
			imp_findings_add(c->findings, "K1", IMP_ERROR, where,
				"no Security instance of a server account has the Short Server ID "
				"%" PRId64,
				id);
	}
}

static void bootstrap_accounts(struct check *c)
{
	int32_t first = -1;

	FOR_INSTANCES(i, c->set, IMP_OBJ_SECURITY)
	{
		int64_t id = account_ssid(c, i);

		if (account_kind(c, i) != 1)
			continue;
		if (first >= 0)
			imp_findings_add(c->findings, "K5", IMP_ERROR,
				at(IMP_OBJ_SECURITY, i, SEC_BOOTSTRAP),
				"a second bootstrap account, the first is /0/%d", (int)first);
		else
			first = i;
		if (id != NOT_GIVEN && id != 0)
			imp_findings_add(c->findings, "K3", IMP_WARNING,
				at(IMP_OBJ_SECURITY, i, SEC_SSID),
				"Short Server ID %" PRId64 " is not used for a bootstrap account",
				id);
	}
}

static void server_account_exists(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_SECURITY)
	if (account_kind(c, i) == 0)
		return;
	if (c->options->final)
		imp_findings_add(c->findings, "K6", IMP_ERROR,
			at_instance(IMP_OBJ_SECURITY, IMP_NO_ID), "there is no server account");
}

/* ---- the attribute keys and the account timeout (4.2, F12) ---- */

static void keys_attribute(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_SECURITY)
	{
		struct imp_path where = at(IMP_OBJ_SECURITY, i, SEC_TIMEOUT);
		int64_t timeout =
			imp_set_int(c->set, IMP_OBJ_SECURITY, (uint16_t)i, SEC_TIMEOUT, 0);

		if (account_kind(c, i) != 1)
			continue;
		if (c->set->keys == IMP_KEYS_NON_PERSISTENT && timeout < 1)
			imp_findings_add(c->findings, "F8", IMP_ERROR, where,
				"keys are non-persistent, but without an account timeout of 1 or "
				"more a device keeps the account for ever");
		if (c->set->keys == IMP_KEYS_PERSISTENT && timeout > 0)
			imp_findings_add(c->findings, "F8", IMP_ERROR, where,
				"keys are persistent, but the account timeout of %" PRId64
				" s makes a device purge the account",
				timeout);
		if (c->set->keys == IMP_KEYS_NON_PERSISTENT)
			imp_findings_add(c->findings, "F12", IMP_WARNING, where,
				"once the bootstrap account is purged and not replaced, no account "
				"can be changed any more: the bootstrap server must write a new "
				"one");
	}
}

/* ---- links (K8) ---- */

static bool is_link_resource(const struct imp_value *v)
{
	return v->type == IMP_TYPE_OBJLNK && v->path.object == IMP_OBJ_SECURITY;
}

static bool is_null_link(const struct imp_value *v)
{
	return v->u.link.object == 65535 && v->u.link.instance == 65535;
}

static uint16_t link_target(uint16_t resource)
{
	switch (resource) {
	case SEC_OSCORE:
		return IMP_OBJ_OSCORE;
	case SEC_MQTT:
		return IMP_OBJ_MQTT;
	default:
		return IMP_OBJ_COSE;
	}
}

/* The first earlier value of 0/x/17 with the same target. */
static const struct imp_value *earlier_link(const struct check *c, const struct imp_value *v)
{
	for (const struct imp_value *w = c->set->v; w < v; w++)
		if (is_link_resource(w) && w->path.resource == SEC_OSCORE &&
			w->u.link.object == v->u.link.object &&
			w->u.link.instance == v->u.link.instance)
			return w;
	return NULL;
}

static void link(struct check *c, const struct imp_value *v)
{
	uint16_t object = v->u.link.object, instance = v->u.link.instance;
	uint16_t target = link_target(v->path.resource);
	const struct imp_value *other;

	if (object != target) {
		imp_findings_add(c->findings, "K8", IMP_ERROR, v->path,
			"the link goes to /%u/%u, it must go to an instance of /%u", object,
			instance, target);
		return;
	}
	if (instance == IMP_NO_ID || !imp_set_has(c->set, at_instance(object, instance)))
		imp_findings_add(c->findings, "K8", IMP_ERROR, v->path,
			"the link goes to /%u/%u, which is not there", object, instance);
	other = v->path.resource == SEC_OSCORE ? earlier_link(c, v) : NULL;
	if (other)
		imp_findings_add(c->findings, "K8", IMP_ERROR, v->path,
			"/%u/%u is linked from /0/%u already", object, instance,
			other->path.instance);
}

static void links(struct check *c)
{
	for (size_t i = 0; i < c->set->n; i++)
		if (is_link_resource(&c->set->v[i]) && !is_null_link(&c->set->v[i]))
			link(c, &c->set->v[i]);
}

/* ---- access control (K11, K12) ---- */

static bool known_server(const struct check *c, int64_t id)
{
	return ssids_has(&c->server, id) || ssids_has(&c->security, id);
}

static void owner(struct check *c, int32_t instance)
{
	struct imp_path where = at(IMP_OBJ_ACCESS_CONTROL, instance, ACL_OWNER);
	int64_t id =
		imp_set_int(c->set, IMP_OBJ_ACCESS_CONTROL, (uint16_t)instance, ACL_OWNER, ACL_ANY);

	if (id != ACL_ANY && !known_server(c, id))
		imp_findings_add(c->findings, "K11", IMP_ERROR, where,
			"the owner %" PRId64 " is no Short Server ID of this set", id);
}

/* One entry of 2/x/2: its resource instance is the Short Server ID, its value the rights. */
static void acl_entry(struct check *c, const struct imp_value *v)
{
	uint16_t instance = v->path.instance, id = v->path.res_instance;
	bool object_level =
		imp_set_int(c->set, IMP_OBJ_ACCESS_CONTROL, instance, ACL_INSTANCE, 0) == ACL_ANY;

	if (id != 0 && !known_server(c, id))
		imp_findings_add(c->findings, "K11", IMP_ERROR, v->path,
			"the entry is for server %u, which is no Short Server ID of this set", id);
	if (v->u.i < 0 || v->u.i > 31) /* out of range: no rights to speak of */
		return;
	if (object_level && (v->u.i & ~ACL_CREATE))
		imp_findings_add(c->findings, "K12", IMP_WARNING, v->path,
			"rights %" PRId64 ": on the object level only 16 (Create) has a meaning",
			v->u.i);
	if (!object_level && (v->u.i & ACL_CREATE))
		imp_findings_add(c->findings, "K12", IMP_WARNING, v->path,
			"rights %" PRId64 ": Create (16) has a meaning on the object level only, "
			"with instance 65535",
			v->u.i);
}

static void object_level_owner(struct check *c, int32_t instance)
{
	uint16_t i = (uint16_t)instance;
	int64_t id = imp_set_int(c->set, IMP_OBJ_ACCESS_CONTROL, i, ACL_OWNER, ACL_ANY);

	if (imp_set_int(c->set, IMP_OBJ_ACCESS_CONTROL, i, ACL_INSTANCE, 0) == ACL_ANY &&
		id != ACL_ANY)
		imp_findings_add(c->findings, "K12", IMP_WARNING,
			at(IMP_OBJ_ACCESS_CONTROL, instance, ACL_OWNER),
			"the owner of an object-level instance is 65535, not %" PRId64, id);
}

static void access_control(struct check *c)
{
	FOR_INSTANCES(i, c->set, IMP_OBJ_ACCESS_CONTROL)
	{
		owner(c, i);
		object_level_owner(c, i);
	}
	for (size_t i = 0; i < c->set->n; i++) {
		const struct imp_value *v = &c->set->v[i];

		if (v->path.object == IMP_OBJ_ACCESS_CONTROL && v->path.resource == ACL_ENTRY &&
			v->type == IMP_TYPE_INTEGER)
			acl_entry(c, v);
	}
}

/* ---- server URIs (K7, K13) ---- */

/* The beginning of foreign text, in characters that harm no terminal; returns buf. */
static const char *plain(struct imp_span s, char buf[static 96])
{
	size_t n = s.n < 95 ? s.n : 95;

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?');
	buf[n] = '\0';
	return buf;
}

static void uri(struct check *c, const struct imp_value *v)
{
	int64_t mode = imp_set_int(c->set, IMP_OBJ_SECURITY, v->path.instance, SEC_MODE, NOT_GIVEN);
	struct imp_uri parts;
	char text[96];

	if (v->u.s.n == 0)
		imp_findings_add(c->findings, "K7", IMP_ERROR, v->path, "the server URI is empty");
	else if (v->u.s.n > IMP_URI_MAX) /* the table's range says so */
		return;
	else if (imp_uri(v->u.s, &parts))
		imp_findings_add(c->findings, "K13", IMP_ERROR, v->path,
			"'%s' is not a URI of the form scheme://host[:port]", plain(v->u.s, text));
	else if (mode != NOT_GIVEN && !imp_uri_fits_mode(&parts, mode))
		imp_findings_add(c->findings, "K13", IMP_ERROR, v->path,
			"scheme %.*s does not fit security mode %" PRId64 ": use %s",
			(int)parts.scheme.n, (const char *)parts.scheme.p, mode,
			mode == MODE_NOSEC ? "coap" : "coaps");
}

static void uris(struct check *c)
{
	for (size_t i = 0; i < c->set->n; i++) {
		const struct imp_value *v = &c->set->v[i];

		if (v->path.object == IMP_OBJ_SECURITY && v->type == IMP_TYPE_STRING &&
			(v->path.resource == SEC_URI || v->path.resource == SEC_MORE_URIS))
			uri(c, v);
	}
}

void check_accounts(struct check *c)
{
	static void (*const rules[])(struct check *) = {
		collect_ssids, /* first: the others ask what it found */
		pair_security,
		pair_server,
		bootstrap_accounts,
		server_account_exists,
		keys_attribute,
		links,
		access_control,
		uris,
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](c);
}

void check_access_control_needed(struct check *c)
{
	if (c->server.count < 2 || imp_set_next_instance(c->set, IMP_OBJ_ACCESS_CONTROL, -1) >= 0)
		return;
	imp_findings_add(c->findings, "K9", IMP_WARNING,
		at_instance(IMP_OBJ_ACCESS_CONTROL, IMP_NO_ID),
		"%u server accounts, but no Access Control instance: needed unless all of them "
		"have full rights on everything",
		c->server.count);
}
