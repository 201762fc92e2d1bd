/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/client_edit.h"

#include <string.h>

#include "base/secret.h"
#include "bootstrap/client_account.h"
#include "codec/ef.h"
#include "codec/tlv.h"
#include "reader/walk.h"

#define SECURITY 0
#define SECRET_KEY 5
#define DEVICE 3
#define FRAME 5 /* octets of an object header */

/* Is all of it well-formed and well typed? */
static bool good(uint16_t object, enum imr_level level, struct imp_span run)
{
	struct imr_walk walk = { .at = { .object = object } };
	enum imr_status st = imr_walk(&walk, level, run);

	return st == IMR_OK || st == IMR_GOOD;
}

/* ---- Write ----------------------------------------------------------------------------------- */

/* What several writes will make of the size of a set. */
struct tally {
	const struct imr_set *set;
	size_t n, most;
	unsigned instances;
	bool framed; /* there is a header of the object */
};

static void tally(
	struct tally *t, uint16_t object, uint16_t instance, const struct imp_span resources)
{
	size_t n = resources.n;
	struct imr_at at;

	if (imr_set_find(t->set, object, instance, &at))
		t->n -= (size_t)(at.instances.p - at.here);
	else
		t->instances++;
	t->n += n + 2 + (instance > 0xFF) + (n > 7) + (n > 0xFF) + (t->framed ? 0 : FRAME);
	t->framed = true;
	if (t->n > t->most)
		t->most = t->n;
}

static struct tally tally_of(const struct imr_set *set, uint16_t object)
{
	struct tally t = { set, set->n, set->n, 0, false };
	struct imr_at at;

	imr_set_start(&at);
	for (; imr_set_next(set, &at); t.instances++)
		if (at.object == object)
			t.framed = true;
	return t;
}

static bool fits(const struct tally *t, size_t limit)
{
	return t->most <= limit && t->instances <= IMR_INSTANCES_MAX;
}

/* All instances of the run, which is good. */
static enum imr_status put_run(
	struct imr_set *set, size_t limit, uint16_t object, struct imp_span run)
{
	struct tally t = tally_of(set, object);
	struct imp_rd rd = imp_rd(run);
	enum imr_status st = IMR_OK;
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK)
		tally(&t, object, tlv.id, tlv.value);
	if (!fits(&t, limit))
		return IMR_E_SPACE;
	rd = imp_rd(run);
	while (st == IMR_OK && rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK)
		st = imr_set_put(set, object, tlv.id, tlv.value, IMR_ORIGIN_FRESH);
	return st;
}

static enum imr_status put(struct imr_set *set, size_t limit, const struct imr_client_path *path,
	struct imp_span resources, enum imr_origin origin)
{
	struct tally t = tally_of(set, path->object);

	tally(&t, path->object, path->instance, resources);
	if (!fits(&t, limit))
		return IMR_E_SPACE;
	return imr_set_put(set, path->object, path->instance, resources, origin);
}

/* One resource of an instance that is there: the instance anew, composed in the free end of the
 * buffer. */
static enum imr_status put_resource(struct imr_set *set, size_t limit,
	const struct imr_client_path *path, const struct imr_at *at, struct imp_span resource)
{
	size_t room = at->resources.n + resource.n, size = set->size, n = 0;
	enum imr_origin origin = (enum imr_origin)set->origin[at->index];
	struct imp_rd rd = imp_rd(at->resources);
	bool placed = false;
	enum imr_status st;
	struct imp_tlv tlv;
	uint8_t *to;

	if (room > size - set->n)
		return IMR_E_SPACE;
	if (path->object == SECURITY && path->resource == SECRET_KEY)
		origin = IMR_ORIGIN_FRESH;
	set->size -= room;
	to = set->p + set->size;
	while (rd.st == IMP_OK && (rd.n || !placed)) {
		const uint8_t *from = rd.p;
		struct imp_span next = resource;

		if (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK && tlv.id != path->resource)
			next = imp_span(from, (size_t)(rd.p - from));
		else
			placed = true;
		memcpy(to + n, next.p, next.n);
		n += next.n;
	}
	st = put(set, limit < set->size ? limit : set->size, path, imp_span(to, n), origin);
	imp_wipe(to, room);
	set->size = size;
	return st;
}

/* Without the Object Instance TLV around it, if it is in one; a span without octets when that names
 * another instance, or is not alone. */
static struct imp_span unwrap(struct imp_span run, uint16_t instance)
{
	struct imp_rd rd = imp_rd(run);
	struct imp_tlv tlv;

	if (imp_tlv_next(&rd, &tlv) != IMP_OK)
		return imp_span(run.p, 0);
	if (tlv.kind != IMP_TLV_INSTANCE)
		return run;
	return imp_span(tlv.value.p, tlv.id == instance && rd.n == 0 ? tlv.value.n : 0);
}

/* The one resource that it is to be. */
static bool alone(struct imp_span run, uint16_t resource)
{
	struct imp_rd rd = imp_rd(run);
	struct imp_tlv tlv;

	return imp_tlv_next(&rd, &tlv) == IMP_OK && tlv.id == resource && rd.n == 0;
}

enum imr_status imr_edit_check(const struct imr_client_path *path, struct imp_span *tlv)
{
	struct imp_span run = *tlv;
	enum imr_level level = IMR_INSTANCE;

	if (path->instance != IMR_NO_ID) {
		run = unwrap(run, path->instance);
		level = IMR_RESOURCE;
	}
	if (run.n == 0 || !good(path->object, level, run) ||
		(path->resource != IMR_NO_ID && !alone(run, path->resource)))
		return IMR_E_DAMAGED;
	*tlv = run;
	return IMR_OK;
}

enum imr_status imr_edit_write(
	struct imr_set *set, size_t limit, const struct imr_client_path *path, struct imp_span tlv)
{
	enum imr_status st = imr_edit_check(path, &tlv);
	struct imr_at at;

	if (st != IMR_OK)
		return st;
	if (path->instance == IMR_NO_ID)
		return put_run(set, limit, path->object, tlv);
	if (path->resource != IMR_NO_ID && imr_set_find(set, path->object, path->instance, &at) &&
		imr_live(set, &at))
		return put_resource(set, limit, path, &at, tlv);
	return put(set, limit, path, tlv, IMR_ORIGIN_FRESH);
}

/* ---- Delete ---------------------------------------------------------------------------------- */

/* /3/0 is never meant (O5). */
static bool named(const struct imr_client_path *path, const struct imr_at *at)
{
	return at->object != DEVICE && (path->object == IMR_NO_ID || path->object == at->object) &&
	       (path->instance == IMR_NO_ID || path->instance == at->instance);
}

static void note(const uint16_t *ssids, unsigned n, uint16_t ssid, uint8_t *gone)
{
	for (unsigned i = 0; i < n; i++)
		if (ssids[i] == ssid)
			*gone |= (uint8_t)(1U << i);
}

enum imr_status imr_edit_delete(struct imr_set *set, const struct imr_client_path *path,
	const uint16_t *ssids, unsigned n, uint8_t *gone)
{
	uint16_t account = imr_account(set);
	enum imr_status st = IMR_OK;
	struct imr_at at;

	imr_set_start(&at);
	while (st == IMR_OK && imr_set_next(set, &at)) {
		uint16_t ssid = 0;
		struct imr_at other;

		if (!named(path, &at) || imr_belongs(set, account, &at))
			continue;
		if (at.object == SECURITY && !imr_bootstraps(&at) && imr_live(set, &at))
			ssid = imr_ssid(&at);
		imr_set_remove(set, &at);
		imr_set_start(&other);
		if (ssid == 0 || imr_server_next(set, &other, ssid))
			continue;
		note(ssids, n, ssid, gone);
		if (path->object == IMR_NO_ID)
			continue; /* the rest goes as well */
		st = imr_unbootstrap(set, ssid, false);
		imr_set_start(&at);
	}
	return st;
}

/* ---- pack ------------------------------------------------------------------------------------ */

enum imr_status imr_edit_pack(struct imr_set *set, size_t limit, struct imp_span ef)
{
	uint16_t account = imr_account(set);
	enum imr_status st = IMR_OK;
	struct imp_ef_object object;
	struct imp_rd rd;
	struct imr_at at;

	if (imp_ef_extent(ef) != ef.n || imr_payload(ef.p, ef.n, 0, NULL, NULL) != IMR_OK)
		return IMR_E_DAMAGED;
	rd = imp_rd(imp_span(ef.p + IMP_EF_HEADER, ef.n - IMP_EF_HEADER));
	while (rd.n && imp_ef_next(&rd, &object) == IMP_OK) {
		imr_set_start(&at);
		while (imr_set_next(set, &at))
			if (at.object == object.id && object.id != DEVICE &&
				!imr_belongs(set, account, &at))
				set->origin[at.index] = 0;
	}
	imr_set_sweep(set);
	rd = imp_rd(imp_span(ef.p + IMP_EF_HEADER, ef.n - IMP_EF_HEADER));
	while (st == IMR_OK && rd.n && imp_ef_next(&rd, &object) == IMP_OK)
		if (object.id != DEVICE)
			st = put_run(set, limit, object.id, object.instances);
	return st;
}
