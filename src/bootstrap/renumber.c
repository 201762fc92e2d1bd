/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/renumber.h"

#include <string.h>

#define INSTANCES_MAX 64 /* of one object in a configuration */

/* From which instance to which, of one object. */
struct map {
	uint16_t object;
	uint16_t from[INSTANCES_MAX], to[INSTANCES_MAX];
	size_t n;
};

static bool is_account(const struct imp_set *set, uint16_t object, uint16_t instance)
{
	if (object == IMP_OBJ_SECURITY)
		return imp_set_int(set, object, instance, 1, 0) != 0;
	for (int32_t i = imp_set_next_instance(set, IMP_OBJ_SECURITY, -1); i >= 0;
		i = imp_set_next_instance(set, IMP_OBJ_SECURITY, i)) {
		const struct imp_value *link = imp_set_get(set, IMP_OBJ_SECURITY, (uint16_t)i, 17);

		if (is_account(set, IMP_OBJ_SECURITY, (uint16_t)i) && link &&
			link->type == IMP_TYPE_OBJLNK && link->u.link.object == object &&
			link->u.link.instance == instance)
			return true;
	}
	return false;
}

/* The device's instance of the object that belongs to its bootstrap account. */
static int32_t device_account(const struct imp_links *device, uint16_t object)
{
	int32_t found = -1;

	if (object == IMP_OBJ_SECURITY)
		return imp_links_account(device);
	for (size_t i = 0; i < device->n; i++)
		if (device->v[i].object == object && device->v[i].instance != IMP_NO_ID &&
			device->v[i].ssid < 0)
			found = device->v[i].instance;
	return found;
}

static bool is_taken(const struct map *map, uint16_t instance)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->to[i] == instance)
			return true;
	return false;
}

static bool in_use(const struct imp_set *set, uint16_t object, uint16_t instance)
{
	const struct imp_path path = { object, instance, IMP_NO_ID, IMP_NO_ID };

	return imp_set_has(set, path);
}

/* The lowest instance that neither the configuration nor the device's account has. */
static uint16_t choose(const struct imp_set *set, const struct map *map, int32_t kept)
{
	uint16_t i = 0;

	while (i == kept || is_taken(map, i) || in_use(set, map->object, i))
		i++;
	return i;
}

static enum imp_status plan(
	const struct imp_set *set, const struct imp_links *device, struct map *map)
{
	int32_t kept = device_account(device, map->object);

	for (int32_t i = imp_set_next_instance(set, map->object, -1); i >= 0;
		i = imp_set_next_instance(set, map->object, i)) {
		uint16_t from = (uint16_t)i, to = from;

		if (map->n == INSTANCES_MAX)
			return IMP_E_SPACE;
		if (kept >= 0 && is_account(set, map->object, from))
			to = (uint16_t)kept;
		else if (i == kept)
			to = choose(set, map, kept);
		map->from[map->n] = from;
		map->to[map->n++] = to;
	}
	return IMP_OK;
}

static uint16_t mapped(const struct map *map, size_t n, uint16_t object, uint16_t instance)
{
	for (size_t m = 0; m < n; m++)
		for (size_t i = 0; map[m].object == object && i < map[m].n; i++)
			if (map[m].from[i] == instance)
				return map[m].to[i];
	return instance;
}

static enum imp_status copy(
	const struct imp_set *from, const struct map *map, size_t n, struct imp_set *to)
{
	enum imp_status st = IMP_OK;

	to->keys = from->keys;
	for (size_t i = 0; st == IMP_OK && i < from->versions_n; i++)
		st = imp_set_put_version(to, from->versions[i].object, from->versions[i].major,
			from->versions[i].minor);
	for (size_t i = 0; st == IMP_OK && i < from->n; i++) {
		struct imp_value v = from->v[i];

		v.path.instance = mapped(map, n, v.path.object, v.path.instance);
		if (v.type == IMP_TYPE_OBJLNK)
			v.u.link.instance = mapped(map, n, v.u.link.object, v.u.link.instance);
		st = imp_set_put(to, &v);
	}
	return st;
}

enum imp_status imp_renumber(
	const struct imp_set *from, const struct imp_links *device, struct imp_set *to)
{
	struct map maps[] = { { .object = IMP_OBJ_SECURITY }, { .object = IMP_OBJ_OSCORE } };
	const size_t n = sizeof maps / sizeof *maps;
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < n; i++)
		st = plan(from, device, &maps[i]);
	return st == IMP_OK ? copy(from, maps, n, to) : st;
}
