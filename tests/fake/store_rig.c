/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/store_rig.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "codec/tlv.h"

#define SECRET 16

void rig_init(struct rig *rig, uint32_t unit)
{
	memset(rig, 0, sizeof(*rig));
	nor_init(&rig->nor, NOR_SIZE, RIG_BLOCK, unit);
	rig->nor.seam.region[1] = RIG_REGION;
	rig->nor.seam.size = RIG_REGION;
	rig->nor.seam.factory = RIG_FACTORY;
	rig->nor.seam.factory_size = NOR_SIZE - RIG_FACTORY;
}

enum imr_status rig_boot(struct rig *rig)
{
	rig->nor.boot++;
	memset(&rig->store, 0xA7, sizeof(rig->store));
	memset(rig->buffer, 0xA7, sizeof(rig->buffer));
	rig->store.flash = &rig->nor.seam;
	rig->store.set.p = rig->buffer;
	rig->store.set.size = sizeof(rig->buffer);
	return imr_store_open(&rig->store);
}

static void spell(const char *secret, bool lower, uint8_t octets[SECRET])
{
	for (size_t i = 0; i < SECRET; i++) {
		int c = secret[i % strlen(secret)];

		octets[i] = (uint8_t)(lower ? tolower(c) : toupper(c));
	}
}

static void put(struct imr_set *set, uint16_t object, uint16_t instance, const struct imp_wr *wr,
	enum imr_origin origin)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(imr_set_put(set, object, instance, imp_wr_span(wr), origin), IMR_OK);
}

static void put_oscore(
	struct imr_set *set, uint16_t instance, const char *secret, enum imr_origin origin)
{
	uint8_t octets[SECRET], out[64];
	struct imp_wr wr = imp_wr(out, sizeof(out));

	spell(secret, true, octets);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 0, imp_span(octets, SECRET));
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 1, imp_span("c", 1));
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 2, imp_span("s", 1));
	put(set, 21, instance, &wr, origin);
}

static void security(struct imp_wr *wr, bool bootstrap, const char *secret)
{
	uint8_t octets[SECRET];

	spell(secret, false, octets);
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 0, imp_span_str("coaps://a.example"));
	imp_tlv_put_boolean(wr, IMP_TLV_RESOURCE, 1, bootstrap);
	imp_tlv_put_integer(wr, IMP_TLV_RESOURCE, 2, 0);
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 3, imp_span_str("id"));
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 5, imp_span(octets, SECRET));
}

void rig_put_bootstrap(struct imr_set *set, uint16_t instance, const char *secret, uint32_t timeout,
	bool oscore, enum imr_origin origin)
{
	uint8_t out[128];
	struct imp_wr wr = imp_wr(out, sizeof(out));

	security(&wr, true, secret);
	if (timeout)
		imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 12, timeout);
	if (oscore)
		imp_tlv_put_link(&wr, IMP_TLV_RESOURCE, 17, 21, instance);
	put(set, 0, instance, &wr, origin);
	if (oscore)
		put_oscore(set, instance, secret, origin);
}

void rig_put_server(
	struct imr_set *set, uint16_t instance, const char *secret, enum imr_origin origin)
{
	uint8_t out[128];
	struct imp_wr wr = imp_wr(out, sizeof(out));

	security(&wr, false, secret);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 10, instance + 100);
	put(set, 0, instance, &wr, origin);
	wr = imp_wr(out, sizeof(out));
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, instance + 100);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, 300);
	put(set, 1, instance, &wr, origin);
}

bool rig_holds(const struct rig *rig, const char *secret)
{
	uint8_t upper[SECRET], lower[SECRET];

	spell(secret, false, upper);
	spell(secret, true, lower);
	return nor_holds(&rig->nor, upper, SECRET) || nor_holds(&rig->nor, lower, SECRET);
}

void rig_fill_factory(struct rig *rig, const char *secret)
{
	uint8_t *to = rig->nor.state.mem + RIG_FACTORY + RIG_BLOCK - SECRET / 2;

	spell(secret, false, to);
	for (size_t i = 0; rig->nor.inverts && i < SECRET; i++)
		to[i] ^= 0xFF;
	memset(rig->nor.state.used + RIG_FACTORY / rig->nor.unit, 1,
		(NOR_SIZE - RIG_FACTORY) / rig->nor.unit);
}

void rig_look(struct rig *rig, struct rig_view *view)
{
	enum imr_status st = rig_boot(rig);
	const struct imr_store *s = &rig->store;

	memset(view, 0, sizeof(*view));
	if (st != IMR_OK) {
		if (st != IMR_E_NONE && st != IMR_E_DAMAGED && st != IMR_E_IO)
			fail_msg("boot: %s", imr_status_text(st));
		view->st = IMR_E_NONE;
		return;
	}
	view->st = st;
	view->n = s->set.n;
	memcpy(view->octets, s->set.p, s->set.n);
	memcpy(view->origin, s->set.origin, sizeof(view->origin));
	view->card = s->card;
	view->keys = s->keys;
	view->flags = s->flags;
	view->remaining = s->remaining;
}

bool rig_same(const struct rig_view *a, const struct rig_view *b)
{
	return a->st == b->st && a->n == b->n && memcmp(a->octets, b->octets, a->n) == 0 &&
	       memcmp(a->origin, b->origin, sizeof(a->origin)) == 0 &&
	       memcmp(&a->card, &b->card, sizeof(a->card)) == 0 && a->keys == b->keys &&
	       a->flags == b->flags && a->remaining == b->remaining;
}
