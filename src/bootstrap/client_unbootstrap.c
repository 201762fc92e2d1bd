/* SPDX-License-Identifier: Apache-2.0 */
/* What goes with an account (T 5.2.5, U1-U4). */
#include "bootstrap/client_account.h"

#include "base/secret.h"
#include "base/wr.h"
#include "codec/tlv.h"

#define SERVER 1
#define ACCESS_CONTROL 2
#define DEVICE 3

/* Resources of /2. */
#define OBJECT 0
#define INSTANCE 1
#define ACL 2
#define OWNER 3

#define RIGHT_WRITE 1 /* bits */
#define RIGHT_DELETE 3

/* What the access control of one instance says, seen from the account that goes. */
struct access {
	bool listed; /* it has an entry */
	bool owns;
	bool others; /* somebody else has rights */
	uint16_t heir;
};

static struct access judge(const struct imr_at *at, uint16_t ssid)
{
	struct access a = { .owns = imr_natural(imr_at_resource(at, OWNER)) == ssid,
		.heir = IMR_NO_ID };
	struct imp_rd rd = imp_rd(imr_at_resource(at, ACL));
	struct imp_tlv entry;
	unsigned best = 0;

	while (rd.n && imp_tlv_next(&rd, &entry) == IMP_OK) {
		uint32_t rights = imr_natural(entry.value);
		unsigned weight = 1 + (rights >> RIGHT_WRITE & 1) + (rights >> RIGHT_DELETE & 1);

		if (entry.id == ssid) {
			a.listed = true;
			continue;
		}
		if (rights)
			a.others = true;
		if (entry.id != 0 && weight > best) {
			best = weight;
			a.heir = entry.id;
		}
	}
	return a;
}

/* The ACL without the entry. */
static void put_acl(struct imp_wr *wr, struct imp_span acl, uint16_t ssid)
{
	struct imp_rd rd = imp_rd(acl);
	struct imp_span before = imp_span(rd.p, rd.n);
	const uint8_t *from = rd.p;
	struct imp_tlv entry;

	while (rd.n && imp_tlv_next(&rd, &entry) == IMP_OK) {
		if (entry.id == ssid) {
			before.n = (size_t)(from - acl.p);
			break;
		}
		from = rd.p;
	}
	imp_tlv_put_header(wr, IMP_TLV_MULTIPLE, ACL, before.n + rd.n);
	imp_wr_put(wr, before);
	imp_wr_put(wr, imp_span(rd.p, rd.n));
}

/* The instance of /2 anew, without the account: composed in the free end of the buffer. */
static enum imr_status rewrite(
	struct imr_set *set, const struct imr_at *at, uint16_t ssid, const struct access *a)
{
	size_t room = at->resources.n + 8, size = set->size;
	struct imp_rd rd = imp_rd(at->resources);
	enum imr_status st = IMR_E_SPACE;
	struct imp_wr wr;
	struct imp_tlv tlv;

	if (room > size - set->n)
		return IMR_E_SPACE;
	set->size -= room;
	wr = imp_wr(set->p + set->size, room);
	while (rd.n) {
		const uint8_t *from = rd.p;

		if (imp_tlv_next(&rd, &tlv) != IMP_OK)
			break;
		if (tlv.id == ACL)
			put_acl(&wr, tlv.value, ssid);
		else if (tlv.id == OWNER && a->owns)
			imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, OWNER, a->heir);
		else
			imp_wr_put(&wr, imp_span(from, (size_t)(rd.p - from)));
	}
	if (wr.st == IMP_OK)
		st = imr_set_put(set, ACCESS_CONTROL, at->instance, imp_wr_span(&wr),
			(enum imr_origin)set->origin[at->index]);
	imp_wipe(set->p + set->size, room);
	set->size = size;
	return st;
}

/* What only this account could reach.  /0, /3 and what belongs to the bootstrap account stay. */
static void remove_target(struct imr_set *set, const struct imr_at *at)
{
	uint32_t object = imr_natural(imr_at_resource(at, OBJECT));
	uint32_t instance = imr_natural(imr_at_resource(at, INSTANCE));
	struct imr_at target;

	if (object != 0 && object != DEVICE && object != ACCESS_CONTROL && object < IMR_NO_ID &&
		instance < IMR_NO_ID &&
		imr_set_find(set, (uint16_t)object, (uint16_t)instance, &target) &&
		!imr_belongs(set, imr_account(set), &target))
		imr_set_remove(set, &target);
}

/* The next instance of the object that is neither spared nor disabled. */
static bool next_of(const struct imr_set *set, struct imr_at *at, uint16_t object, bool spare)
{
	while (imr_set_next(set, at))
		if (at->object == object && imr_live(set, at) &&
			!(spare && set->origin[at->index] == IMR_ORIGIN_FRESH))
			return true;
	return false;
}

enum imr_status imr_unbootstrap(struct imr_set *set, uint16_t ssid, bool spare)
{
	enum imr_status st = IMR_OK;
	struct imr_at at;

	imr_set_start(&at);
	while (next_of(set, &at, SERVER, spare))
		if (imr_ssid(&at) == ssid)
			imr_set_remove(set, &at);
	/* Each change makes a judgement that does not come again, so starting anew comes to an end.
	 */
	imr_set_start(&at);
	while (st == IMR_OK && next_of(set, &at, ACCESS_CONTROL, spare)) {
		struct access a = judge(&at, ssid);

		if (a.owns && !a.others) {
			uint16_t instance = at.instance;

			remove_target(set, &at);
			if (imr_set_find(set, ACCESS_CONTROL, instance, &at))
				imr_set_remove(set, &at);
			imr_set_start(&at);
		} else if (a.owns || a.listed) {
			st = rewrite(set, &at, ssid, &a);
			imr_set_start(&at);
		}
	}
	return st;
}
