/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/device_rig.h"

#include "codec/ef.h"
#include "codec/slot.h"
#include "codec/tlv.h"
#include "model/set_form.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the log ----------------------------------------------------------------------------------
 */

static const char *const names[] = { "started", "card", "applied", "disabled", "deleted", "waiting",
	"holding", "registering", "registered", "refused", "updated", "lost", "left", "off",
	"bootstrapping", "written", "bootstrapped", "failed", "purged", "served", "untrusted",
	"listening", "reboot", "reset" };

static const char *const methods[] = { "", "GET", "POST", "PUT", "DELETE" };

static IMP_PRINTF(2, 3) void say(struct device_rig *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->log_n < sizeof r->log)
		r->log_n += (size_t)vsnprintf(r->log + r->log_n, sizeof r->log - r->log_n, fmt, ap);
	va_end(ap);
}

static void on_device(void *ctx, const struct imp_device_event *e)
{
	struct device_rig *r = ctx;
	char code[5];

	say(r, "%s", names[e->kind]);
	if (e->ssid)
		say(r, " %u", e->ssid);
	if (e->kind == IMP_DEVICE_WRITTEN || e->kind == IMP_DEVICE_SERVED)
		say(r, " %s /%s", methods[e->method], e->path);
	if (e->code)
		say(r, " %s", imp_coap_text(e->code, code));
	if (e->from)
		say(r, " %s", e->from);
	if (e->kind == IMP_DEVICE_APPLIED || e->kind == IMP_DEVICE_RESET)
		say(r, e->ok ? " ok" : " not");
	if (e->kind == IMP_DEVICE_WAITING || e->kind == IMP_DEVICE_HOLDING)
		say(r, " %u", e->seconds);
	if (e->kind == IMP_DEVICE_BOOTSTRAPPING && !e->uri)
		say(r, " unasked");
	if (e->result)
		say(r, "%s%s%s", e->result & IMR_CLIENT_REPLACED ? " +replaced" : "",
			e->result & IMR_CLIENT_PURGED ? " +purged" : "",
			e->result & IMR_CLIENT_CLOSING ? " +closing" : "");
	if (e->text)
		say(r, ": %s", e->text);
	say(r, "\n");
}

unsigned device_rig_said(const struct device_rig *r, const char *words)
{
	unsigned n = 0;

	for (const char *at = r->log; (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

/* ---- the bootstrap server ---------------------------------------------------------------------
 */

static enum imp_status bs_configure(void *ctx, struct imp_span endpoint,
	const struct imp_peer *peer, struct imp_set *set, struct imp_bs_policy *policy)
{
	struct device_rig *r = ctx;

	(void)peer;
	r->bs_requests++;
	if (r->bs_refuses || !imp_span_eq(endpoint, imp_span_str(DEVICE_RIG_EP)))
		return IMP_E_ABSENT;
	for (size_t i = 0; i < r->bs_set.n; i++)
		assert_int_equal(imp_set_put(set, &r->bs_set.v[i]), IMP_OK);
	*policy = r->bs_policy;
	return IMP_OK;
}

static void bs_event(void *ctx, const struct imp_bs_event *e)
{
	struct device_rig *r = ctx;

	r->bs_finished += e->kind == IMP_BS_FINISHED || e->kind == IMP_BS_PACKED;
	r->bs_failed += e->kind == IMP_BS_FAILED;
	if (e->kind == IMP_BS_FAILED)
		(void)snprintf(r->bs_text, sizeof r->bs_text, "%s", e->text);
}

static void bs_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct device_rig *r = ctx;

	imp_bs_server_request(r->bs, peer, in, out);
}

static void bs_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct device_rig *r = ctx;

	(void)request;
	imp_bs_server_answer(r->bs, session, in, IMP_NET_CLOSED);
}

static void bs_fails(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	struct device_rig *r = ctx;

	(void)request;
	imp_bs_server_answer(r->bs, session, NULL, why);
}

static void bs_closed(void *ctx, uint64_t session)
{
	struct device_rig *r = ctx;

	imp_bs_server_closed(r->bs, session);
}

/* "id-N": sixteen octets of N. */
static enum imp_status psk(void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	(void)ctx;
	if (identity.n != 6 || memcmp(identity.p, "id-", 3) != 0)
		return IMP_E_ABSENT;
	memset(key, identity.p[5], 16);
	*n = 16;
	return IMP_OK;
}

static bool judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	(void)ctx;
	(void)kind;
	return identity.n != 0;
}

/* ---- management servers -----------------------------------------------------------------------
 */

static void dm_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct device_rig_server *s = ctx;
	bool registers = in->method == IMP_POST && imp_span_eq(in->path, imp_span_str("rd"));

	if (registers && s->refuses)
		out->code = s->refuses;
	else
		imp_registrar_request(
			s->registrar, peer, in, out, (uint32_t)(s->rig->air.now_ms / 1000));
}

static void dm_event(void *ctx, enum imp_registrar_event event, const struct imp_registered *who)
{
	struct device_rig_server *s = ctx;

	assert_string_equal(who->endpoint, DEVICE_RIG_EP);
	s->registers += event == IMP_REGISTERED;
	s->updates += event == IMP_UPDATED;
	s->leavings += event == IMP_DEREGISTERED;
	s->expiries += event == IMP_EXPIRED;
}

static void dm_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct device_rig_server *s = ctx;

	(void)session;
	(void)request;
	s->code = in->code;
	s->body_n = in->payload.n < sizeof s->body - 1 ? in->payload.n : sizeof s->body - 1;
	if (s->body_n)
		memcpy(s->body, in->payload.p, s->body_n);
	s->body[s->body_n] = '\0';
}

static void dm_fails(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	(void)ctx;
	(void)session;
	(void)request;
	(void)why;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static void on_step(void *ctx)
{
	struct device_rig *r = ctx;
	struct imp_request out;
	uint64_t session, request;

	while (!r->bs_mute && imp_bs_server_next(r->bs, &session, &out))
		if (r->seam.send(r->bs_net, session, &out, &request) != IMP_OK)
			imp_bs_server_answer(r->bs, session, NULL, IMP_NET_CLOSED);
	for (int i = 0; i < 2; i++)
		imp_registrar_tick(r->server[i].registrar, (uint32_t)(r->air.now_ms / 1000));
}

static void open_net(struct device_rig *r, const struct imp_net_events *events,
	struct imp_net **net, char uri[64])
{
	unsigned port;

	assert_int_equal(r->seam.open(r->seam.ctx, events, NULL, net, NULL), IMP_OK);
	assert_int_equal(
		r->seam.listen(*net, "coaps://127.0.0.1:0", true, NULL, &port, NULL), IMP_OK);
	(void)snprintf(uri, 64, "coaps://127.0.0.1:%u", port);
}

static bool slot_open(void *ctx, struct imr_card *card, uint8_t id[static 10], uint8_t *id_n)
{
	struct device_rig *r = ctx;

	r->looks++;
	if (!r->card_id)
		return false;
	*card = r->card.imr;
	memset(id, 0x89, 10);
	id[0] = r->card_id;
	*id_n = 10;
	return true;
}

static void slot_close(void *ctx)
{
	(void)ctx;
}

void device_rig_init(struct device_rig *r, uint64_t seed)
{
	const struct imp_bs_server_seam bs = { r, bs_configure, bs_event };
	const struct imp_net_events bs_net = { r, bs_request, bs_response, bs_fails, bs_closed, psk,
		judge };

	memset(r, 0, sizeof *r);
	fake_air(&r->air, seed);
	r->air.on_step = on_step;
	r->air.on_step_ctx = r;
	fake_air_seam(&r->air, &r->seam);
	imp_set_init(&r->bs_set);
	r->bs_policy = (struct imp_bs_policy){ .discover = true, .format = IMP_FORMAT_TLV };
	assert_int_equal(imp_bs_server_open(&bs, &r->bs), IMP_OK);
	for (int i = 0; i < 2; i++) {
		struct device_rig_server *s = &r->server[i];
		const struct imp_registrar_seam seam = { s, NULL, dm_event };
		const struct imp_net_events events = { s, dm_request, dm_response, dm_fails, NULL,
			psk, judge };

		s->rig = r;
		assert_int_equal(imp_registrar_open(&seam, &s->registrar), IMP_OK);
		open_net(r, &events, &s->net, s->uri);
	}
	open_net(r, &bs_net, &r->bs_net, r->bs_uri);
	rig_init(&r->flash, 8);
	r->slot = (struct imp_device_slot){ r, slot_open, slot_close };
	r->options = (struct imp_device_options){ .endpoint = DEVICE_RIG_EP,
		.net = &r->seam,
		.clock = &r->air.clock,
		.store = &r->flash.nor.seam,
		.payload_max = RIG_BUFFER - IMR_STORE_BUFFER_EXTRA,
		.pct = IMP_FORMAT_NONE,
		.version = 1,
		.event = on_device,
		.event_ctx = r };
}

void device_rig_free(struct device_rig *r)
{
	device_rig_off(r);
	for (int i = 0; i < 2; i++)
		imp_registrar_close(r->server[i].registrar);
	imp_bs_server_close(r->bs);
	imp_set_free(&r->bs_set);
	fake_air_free(&r->air);
}

/* ---- configurations ---------------------------------------------------------------------------
 */

struct imr_set device_rig_set(void)
{
	static uint8_t octets[DEVICE_RIG_FILE];
	struct imr_set set = { .p = octets, .size = sizeof octets };

	imr_set_clear(&set);
	return set;
}

static void put(struct imr_set *set, uint16_t object, uint16_t instance, const struct imp_wr *wr)
{
	assert_int_equal(wr->st, IMP_OK);
	assert_int_equal(
		imr_set_put(set, object, instance, imp_wr_span(wr), IMR_ORIGIN_FACTORY), IMR_OK);
}

static void security(struct imp_wr *wr, const char *uri, bool bootstrap, const char *identity)
{
	char key[16];

	memset(key, identity[5], sizeof key);
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 0, imp_span_str(uri));
	imp_tlv_put_boolean(wr, IMP_TLV_RESOURCE, 1, bootstrap);
	imp_tlv_put_integer(wr, IMP_TLV_RESOURCE, 2, 0);
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 3, imp_span_str(identity));
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 5, imp_span(key, sizeof key));
}

void device_rig_account(struct device_rig *r, struct imr_set *set, uint16_t instance, uint16_t ssid,
	const char *uri)
{
	uint8_t out[160];
	struct imp_wr wr = imp_wr(out, sizeof out);
	char identity[16];

	(void)snprintf(identity, sizeof identity, "id-%u", ssid);
	security(&wr, uri ? uri : r->server[(ssid - 1) % 2].uri, false, identity);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 10, ssid);
	put(set, 0, instance, &wr);
	wr = imp_wr(out, sizeof out);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, ssid);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, 300);
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 6, false);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 7, imp_span_str("U"));
	put(set, 1, instance, &wr);
}

void device_rig_bootstrap(struct device_rig *r, struct imr_set *set, uint16_t instance,
	unsigned timeout, unsigned hold_off)
{
	uint8_t out[160];
	struct imp_wr wr = imp_wr(out, sizeof out);

	security(&wr, r->bs_uri, true, "id-bs0");
	if (hold_off)
		imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 11, hold_off);
	if (timeout)
		imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 12, timeout);
	put(set, 0, instance, &wr);
}

void device_rig_number(
	struct imr_set *set, uint16_t object, uint16_t instance, uint16_t resource, int64_t v)
{
	uint8_t out[200];
	struct imp_wr wr = imp_wr(out, sizeof out);
	struct imp_rd rd;
	struct imp_tlv tlv;
	struct imr_at at;

	assert_true(imr_set_find(set, object, instance, &at));
	rd = imp_rd(at.resources);
	while (rd.n) {
		assert_int_equal(imp_tlv_next(&rd, &tlv), IMP_OK);
		if (tlv.id != resource)
			imp_tlv_put(&wr, tlv.kind, tlv.id, tlv.value);
	}
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, resource, v);
	put(set, object, instance, &wr);
}

void device_rig_row(struct imr_set *set, uint16_t instance, uint16_t object, uint16_t of,
	uint16_t ssid, unsigned rights, uint16_t ssid2, unsigned rights2, uint16_t owner)
{
	uint8_t out[64], acl[16];
	struct imp_wr wr = imp_wr(out, sizeof out), list = imp_wr(acl, sizeof acl);

	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, object);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, of);
	if (ssid)
		imp_tlv_put_integer(&list, IMP_TLV_RES_INSTANCE, ssid, rights);
	if (ssid2)
		imp_tlv_put_integer(&list, IMP_TLV_RES_INSTANCE, ssid2, rights2);
	imp_tlv_put(&wr, IMP_TLV_MULTIPLE, 2, imp_wr_span(&list));
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 3, owner);
	put(set, 2, instance, &wr);
}

void device_rig_factory(struct device_rig *r, const struct imr_set *set, bool persistent)
{
	struct nor *nor = &r->flash.nor;
	uint8_t *to = nor->state.mem + RIG_FACTORY;
	struct imp_slot slot = { .keys = persistent ? IMP_SLOT_KEYS_PERSISTENT
						    : IMP_SLOT_KEYS_NON_PERSISTENT,
		.form = IMP_SLOT_FORM_EF,
		.generation = 1,
		.length = (uint32_t)set->n };

	assert_true(set->n + IMP_SLOT_PAYLOAD_AT <= NOR_SIZE - RIG_FACTORY);
	memset(to, 0xFF, NOR_SIZE - RIG_FACTORY);
	imp_slot_put_header(&slot, imp_span(set->p, set->n), to);
	memcpy(to + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	memcpy(to + IMP_SLOT_PAYLOAD_AT, set->p, set->n);
	memset(nor->state.used + RIG_FACTORY / nor->unit, 1, (NOR_SIZE - RIG_FACTORY) / nor->unit);
	r->factory = (struct imr_flash){ .ctx = nor,
		.read = nor->seam.read,
		.slot = { RIG_FACTORY, RIG_FACTORY },
		.size = NOR_SIZE - RIG_FACTORY };
	r->options.factory = &r->factory;
}

void device_rig_card(struct device_rig *r, const struct imr_set *set, uint8_t id)
{
	r->options.slot = &r->slot;
	r->card_id = id;
	if (!id)
		return;
	memcpy(r->file, set->p, set->n);
	script_card(&r->card);
	script_card_standard(&r->card, imp_span(r->file, set->n));
}

void device_rig_gives(struct device_rig *r, const struct imr_set *set)
{
	struct imp_ef_extent extent;

	imp_set_wipe(&r->bs_set);
	assert_int_equal(
		imp_set_from_ef(&r->bs_set, imp_span(set->p, set->n), false, true, &extent),
		IMP_OK);
}

/* ---- life -------------------------------------------------------------------------------------
 */

void device_rig_on(struct device_rig *r)
{
	struct imp_diag diag = { .status = IMP_OK };

	device_rig_off(r);
	r->flash.nor.boot++;
	assert_int_equal(imp_device_open(&r->options, &r->device, &diag), IMP_OK);
	if (imp_device_start(r->device, &diag) != IMP_OK)
		fail_msg("%s", diag.text);
}

void device_rig_run(struct device_rig *r, unsigned seconds)
{
	uint64_t end = r->air.now_ms + 1000ULL * seconds;
	unsigned rounds = 0;

	imp_device_pump(r->device, 0);
	while (r->air.now_ms < end) {
		imp_device_pump(r->device, (unsigned)(end - r->air.now_ms));
		if (++rounds > 20000)
			fail_msg("it does not come to rest:\n%s", r->log);
	}
}

void device_rig_off(struct device_rig *r)
{
	if (!r->device)
		return;
	fake_net_kill(imp_device_net(r->device));
	imp_device_close(r->device);
	r->device = NULL;
}

uint8_t device_rig_ask(struct device_rig *r, unsigned server, enum imp_method method,
	const char *path, uint16_t format, struct imp_span payload)
{
	struct device_rig_server *s = &r->server[server];
	const struct imp_registered *who = imp_registrar_find(s->registrar, DEVICE_RIG_EP);
	struct imp_request request = { .method = method,
		.path = imp_span_str(path),
		.format = payload.n ? format : IMP_FORMAT_NONE,
		.accept = payload.n ? IMP_FORMAT_NONE : format,
		.payload = payload };
	uint64_t id;

	s->code = 0;
	s->body_n = 0;
	assert_non_null(who);
	assert_int_equal(r->seam.send(s->net, who->session, &request, &id), IMP_OK);
	for (unsigned i = 0; i < 50 && !s->code; i++)
		imp_device_pump(r->device, 10);
	return s->code;
}
