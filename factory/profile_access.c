/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/profile_read.h"
#include "host/text.h"

#include <stdlib.h>
#include <string.h>

static const char letters[] = "RWEDC"; /* by bit, 2/x/2 */

/* "RWED": each letter once, any order. */
static void read_rights(struct imp_reading *r, const char *key, const char *text, uint8_t *out)
{
	uint8_t rights = 0;

	for (const char *p = text; *p; p++) {
		const char *at = strchr(letters, *p);
		unsigned bit = at ? 1U << (at - letters) : 0;

		if (!bit || rights & bit) {
			imp_reading_error(r, key, "",
				"'%s' is not made of the letters R W E D C, each once", text);
			return;
		}
		rights = (uint8_t)(rights | bit);
	}
	*out = rights;
}

static void read_acl_entry(
	struct imp_reading *r, const struct imp_yaml_node *node, struct imp_profile_access *access)
{
	struct imp_profile_acl entry = { 0, 0 };
	uint64_t ssid;

	if (node->kind != IMP_YAML_SCALAR) {
		imp_reading_error(r, node->key, "", "rights are letters, like RWED");
		return;
	}
	if (imp_text_number(node->key, &ssid) != IMP_OK || ssid > 65534) {
		imp_reading_error(r, node->key, "K11",
			"'%s' is not a short server id, or 0 for all others", node->key);
		return;
	}
	entry.ssid = (uint16_t)ssid;
	read_rights(r, node->key, node->value, &entry.rights);
	for (size_t i = 0; i < access->acl_n; i++)
		if (access->acl[i].ssid == entry.ssid)
			imp_reading_error(
				r, node->key, "", "short server id %u is there twice", entry.ssid);
	if (access->acl_n == sizeof access->acl / sizeof access->acl[0])
		imp_reading_error(r, node->key, "", "more entries than there can be servers");
	else
		access->acl[access->acl_n++] = entry;
}

static int by_ssid(const void *left, const void *right)
{
	const struct imp_profile_acl *a = left, *b = right;

	return (a->ssid > b->ssid) - (a->ssid < b->ssid);
}

/* The mapping of an ACL has keys that no schema knows: short server ids. */
static void read_acl(struct imp_reading *r, struct imp_profile_access *access)
{
	const struct imp_yaml *y = r->yaml;
	const struct imp_yaml_node *acl;

	imp_reading_enter(r, "access-control[%u].acl", access->index);
	acl = imp_yaml_node(y, r->at);
	if (!acl)
		return;
	if (acl->kind != IMP_YAML_MAP) {
		imp_reading_error(r, "", "", "it must be a mapping: short server id to rights");
		return;
	}
	for (const struct imp_yaml_node *n = acl + 1; n < y->v + y->n; n++)
		if (n->parent == (size_t)(acl - y->v))
			read_acl_entry(r, n, access);
	qsort(access->acl, access->acl_n, sizeof access->acl[0], by_ssid);
}

static void read_entry(
	struct imp_reading *r, const struct imp_raw_access *raw, struct imp_profile_access *access)
{
	int64_t object = IMP_NO_ID, instance = IMP_NO_ID, owner = IMP_NO_ID;

	imp_reading_enter(r, "access-control[%u]", access->index);
	access->line = imp_reading_line(r, "");
	imp_read_number(r, "object", raw->object, 1, 65534, &object);
	imp_read_number(r, "instance", raw->instance, 0, 65535, &instance);
	imp_read_number(r, "owner", raw->owner, 1, 65535, &owner);
	access->object = (uint16_t)object;
	access->instance = (uint16_t)instance;
	access->owner = (uint16_t)owner;
	read_acl(r, access);
}

static int by_place(const void *left, const void *right)
{
	const struct imp_profile_access *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->instance != b->instance)
		return a->instance < b->instance ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

void imp_read_access(struct imp_reading *r)
{
	struct imp_profile *p = r->profile;

	if (!r->raw->access_n)
		return;
	p->access = imp_arena_alloc(&p->arena, r->raw->access_n * sizeof *p->access);
	if (!p->access) {
		imp_reading_error(r, "access-control", "", "out of memory");
		return;
	}
	p->access_n = r->raw->access_n;
	for (unsigned i = 0; i < p->access_n; i++) {
		p->access[i].index = i;
		read_entry(r, &r->raw->access[i], &p->access[i]);
	}
	imp_reading_enter(r, "%s", "");
	qsort(p->access, p->access_n, sizeof *p->access, by_place);
}
