/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_parts.h"

#include "base/secret.h"
#include "model/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER (2U * IMP_PAYLOAD_MAX)
#define ROUNDS 64 /* of events that lead to events, within one pump */

/* ---- small things -----------------------------------------------------------------------------
 */

uint32_t imp_device_now(const struct imp_device *d)
{
	const struct imp_clock *clock = d->options.clock;
	unsigned scale = d->options.time_scale ? d->options.time_scale : 1;

	return (uint32_t)((clock->mono_ms(clock->ctx) - d->begin_ms) * scale / 1000);
}

void imp_device_tell(const struct imp_device *d, struct imp_device_event event)
{
	if (d->options.event)
		d->options.event(d->options.event_ctx, &event);
}

void imp_device_push(struct imp_device *d, struct imr_event event)
{
	if (d->events_n < IMP_DEVICE_QUEUE)
		d->events[d->events_n++] = event;
}

const char *imp_device_path(struct imp_span path, char out[static 64])
{
	size_t n = path.n < 63 ? path.n : 63;

	for (size_t i = 0; i < n; i++)
		out[i] = path.p[i] > ' ' && path.p[i] < 0x7F ? (char)path.p[i] : '?';
	out[n] = '\0';
	return out;
}

const char *imp_device_failure(enum imp_net_failure why)
{
	switch (why) {
	case IMP_NET_TIMEOUT:
		return "no answer";
	case IMP_NET_REFUSED:
		return "nobody listens there";
	case IMP_NET_HANDSHAKE:
		return "handshake failed: wrong key, refused certificate or no common suite";
	case IMP_NET_MALFORMED:
		return "the answer cannot be read";
	case IMP_NET_CLOSED:
	default:
		return "the session was closed";
	}
}

uint64_t imp_device_connect(struct imp_device *d, uint16_t instance,
	char uri[static IMP_DEVICE_URI], struct imp_diag *diag)
{
	struct imp_device_account account;
	uint64_t session = 0;

	if (imp_device_account(&d->store.set, instance, &account, diag) == IMP_OK &&
		d->options.net->connect(d->net, account.uri,
			account.own.kind == IMP_PEER_NONE ? NULL : &account.own, &session,
			diag) != IMP_OK)
		session = 0;
	memcpy(uri, account.uri, IMP_DEVICE_URI);
	imp_device_trust_free(&d->trust);
	d->trust = account.trust;
	d->distrust = NULL;
	return session;
}

void imp_device_end(struct imp_device *d, uint64_t *session)
{
	if (*session)
		d->options.net->end(d->net, *session);
	*session = 0;
}

/* ---- what the net tells -----------------------------------------------------------------------
 */

static void queue_act(struct imp_device *d)
{
	if (d->objects.timed) {
		const struct imp_clock *clock = d->options.clock;

		d->time_offset = d->objects.time - clock->wall_s(clock->ctx);
	}
	if (d->objects.act != IMP_ACT_NONE && d->acts_n < IMP_DEVICE_QUEUE)
		d->acts[d->acts_n++] = (struct imp_device_act){ d->objects.act, d->objects.ssid };
}

static void serve(struct imp_device *d, const struct imp_device_link *link,
	const struct imp_request *in, struct imp_response *out)
{
	const struct imp_clock *clock = d->options.clock;
	char path[64];

	if (imp_device_bootstrapping(d)) {
		out->code = IMP_COAP_UNAVAILABLE;
	} else {
		d->texts.time = clock->wall_s(clock->ctx) + d->time_offset;
		d->objects.may_bootstrap =
			d->life.sequence.sources_tried && d->life.sequence.plan.account;
		imp_objects_request(&d->objects, link->ssid, in, out);
		queue_act(d);
	}
	imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_SERVED,
				   .ssid = link->ssid,
				   .method = in->method,
				   .path = imp_device_path(in->path, path),
				   .code = out->code });
}

static void on_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct imp_device *d = (struct imp_device *)ctx;
	const struct imp_device_link *link = imp_device_link(d, peer->session);

	if (link)
		serve(d, link, in, out);
	else
		imp_device_bootstrap_request(d, peer, in, out);
}

static void on_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct imp_device *d = (struct imp_device *)ctx;
	struct imp_device_link *link = imp_device_link(d, session);

	if (session == d->bs_session && request == d->bs_request)
		imp_device_bootstrap_answer(d, in, IMP_NET_CLOSED);
	else if (link && link->request == request)
		imp_device_link_answer(d, link, in, NULL);
}

static void on_failed(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	struct imp_device *d = (struct imp_device *)ctx;
	struct imp_device_link *link = imp_device_link(d, session);
	const char *text = d->distrust ? d->distrust : imp_device_failure(why);

	if (session == d->bs_session && request == d->bs_request)
		imp_device_bootstrap_answer(d, NULL, why);
	else if (link && link->request == request)
		imp_device_link_answer(d, link, NULL, text);
}

static void on_closed(void *ctx, uint64_t session)
{
	struct imp_device *d = (struct imp_device *)ctx;
	struct imp_device_link *link = imp_device_link(d, session);

	if (link)
		link->session = 0; /* the registration stays; an Update opens another one */
	if (session == d->bs_session)
		d->bs_session = 0; /* F3 will end it */
	if (session == d->bs_last)
		d->bs_last = 0;
}

static enum imp_status on_psk(
	void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	return imp_device_bootstrap_psk((struct imp_device *)ctx, identity, key, n);
}

static bool on_judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	struct imp_device *d = (struct imp_device *)ctx;
	bool trusted = imp_device_trusts(&d->trust, kind, identity, &d->distrust);

	if (!trusted)
		imp_device_tell(d, (struct imp_device_event){
					   .kind = IMP_DEVICE_UNTRUSTED, .text = d->distrust });
	return trusted;
}

/* ---- what the sequence wants ------------------------------------------------------------------
 */

static void on_done(void *ctx, const struct imr_action *action, bool ok)
{
	struct imp_device *d = (struct imp_device *)ctx;
	struct imp_device_event event = { .ok = ok, .kind = IMP_DEVICE_APPLIED };

	if (action->kind == IMR_CHECK_CARD) {
		event.kind = IMP_DEVICE_CARD;
		event.from = (const char *[]){ "none", "new", "same", "changed", "removed",
			"out of reach" }[d->life.change];
		if (!d->options.slot)
			return;
	} else if (action->kind == IMR_APPLY_CARD) {
		event.from = "card";
	} else if (action->kind == IMR_LOAD_FACTORY) {
		if (!d->options.factory)
			return;
		event.from = "factory";
		event.text = ok ? NULL : imr_status_text(d->life.report.slot[0]);
	} else {
		event.kind =
			action->kind == IMR_DISABLE_CARD ? IMP_DEVICE_DISABLED : IMP_DEVICE_DELETED;
	}
	imp_device_tell(d, event);
	if (d->net)
		imp_device_links_prune(d, false);
}

static void perform(struct imp_device *d, struct imr_action action)
{
	bool hold = d->life.sequence.state == IMR_SEQ_HOLD;

	switch (action.kind) {
	case IMR_WAIT:
		d->waiting = true;
		d->wake = imp_device_now(d) + action.seconds;
		imp_device_tell(d, (struct imp_device_event){
					   .kind = hold ? IMP_DEVICE_HOLDING : IMP_DEVICE_WAITING,
					   .seconds = action.seconds });
		break;
	case IMR_REGISTER:
		imp_device_register(d, action.ssid);
		break;
	case IMR_UPDATE:
		imp_device_renew(d, action.ssid);
		break;
	case IMR_BOOTSTRAP:
		imp_device_bootstrap(d);
		break;
	case IMR_NOTHING:
	case IMR_REFUSE:
	case IMR_CHECK_CARD:
	case IMR_APPLY_CARD:
	case IMR_DISABLE_CARD:
	case IMR_DELETE_CARD:
	case IMR_LOAD_FACTORY:
	default:
		break;
	}
}

static struct imr_action begin(struct imp_device *d)
{
	struct imr_action action;

	d->events_n = d->acts_n = 0;
	d->waiting = d->bs_again = false;
	imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_STARTED });
	action = imp_device_life_start(&d->life);
	d->told = imp_device_now(d);
	return action;
}

void imp_device_reboot(struct imp_device *d)
{
	(void)imr_client_end(&d->client);
	d->bs_end = (enum imr_client_next)0;
	imp_device_end(d, &d->bs_session);
	if (!d->bs_unasked)
		imp_device_end(d, &d->bs_last);
	imp_device_links_prune(d, true);
	perform(d, begin(d));
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

static void factory_reset(struct imp_device *d)
{
	enum imr_status st = imp_device_life_reset(&d->life);
	bool ok = st == IMR_OK || st == IMR_E_LEFT;

	imp_device_tell(
		d, (struct imp_device_event){ .kind = IMP_DEVICE_RESET,
			   .ok = ok,
			   .text = ok		      ? NULL
				   : st == IMR_E_LAST ? "nothing would be left to bootstrap with"
						      : imr_status_text(st) });
	if (ok)
		imp_device_reboot(d);
}

/* What management servers have asked for, now that they have their answers. */
static void act(struct imp_device *d)
{
	struct imp_device_act acts[IMP_DEVICE_QUEUE];
	size_t n = d->acts_n;

	memcpy(acts, d->acts, sizeof acts);
	d->acts_n = 0;
	for (size_t i = 0; i < n; i++) {
		switch (acts[i].act) {
		case IMP_ACT_UPDATE:
			imp_device_push(
				d, (struct imr_event){ .kind = IMR_DUE, .ssid = acts[i].ssid });
			break;
		case IMP_ACT_DISABLE:
			imp_device_disable(d, acts[i].ssid);
			break;
		case IMP_ACT_BOOTSTRAP:
			imp_device_push(d, (struct imr_event){ .kind = IMR_TRIGGER });
			break;
		case IMP_ACT_REBOOT:
			imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_REBOOT });
			imp_device_reboot(d);
			return;
		case IMP_ACT_RESET:
			factory_reset(d);
			return;
		case IMP_ACT_NONE:
		default:
			break;
		}
	}
}

static void tick(struct imp_device *d)
{
	uint32_t now = imp_device_now(d);

	if (now != d->told && imp_device_life_elapsed(&d->life, now - d->told)) {
		imp_device_end(d, &d->bs_last);
		imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_PURGED });
	}
	d->told = now;
	if (d->waiting && (int32_t)(now - d->wake) >= 0) {
		d->waiting = false;
		imp_device_push(d, (struct imr_event){ .kind = IMR_TIMER });
	}
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		imp_device_link_tick(d, &d->links[i]);
}

static void settle(struct imp_device *d)
{
	for (unsigned i = 0; i < ROUNDS && d->events_n && !imp_device_bootstrapping(d); i++) {
		struct imr_event event = d->events[0];

		d->events_n--;
		memmove(d->events, d->events + 1, d->events_n * sizeof *d->events);
		perform(d, imp_device_life_event(&d->life, &event));
	}
}

/* While the client has the store, all else waits. */
static void round_of(struct imp_device *d)
{
	imp_device_bootstrap_round(d);
	if (imp_device_bootstrapping(d))
		return;
	act(d);
	tick(d);
	settle(d);
	if (d->bs_end)
		imp_device_bootstrap_round(d);
}

void imp_device_pump(struct imp_device *d, unsigned ms)
{
	unsigned due = imp_device_due(d);

	d->options.net->poll(d->net, due < ms ? due : ms);
	if (!d->leaving)
		round_of(d);
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t until(uint32_t at, uint32_t now)
{
	return (int32_t)(at - now) > 0 ? at - now : 0;
}

unsigned imp_device_due(struct imp_device *d)
{
	uint32_t now = imp_device_now(d), due = imr_client_due(&d->client, now);
	unsigned scale = d->options.time_scale ? d->options.time_scale : 1;

	if (d->leaving || !d->on)
		return UINT32_MAX;
	if (d->bs_end || d->acts_n)
		return 0;
	if (imp_device_bootstrapping(d))
		return due > UINT32_MAX / 1000 ? UINT32_MAX : due * 1000 / scale;
	if (d->events_n)
		return 0;
	if (d->bs_again)
		due = sooner(due, until(d->bs_at, now));
	if (d->waiting)
		due = sooner(due, until(d->wake, now));
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		if (d->links[i].ssid)
			due = sooner(due, imp_registration_due(&d->links[i].registration, now));
	if (d->store.remaining) {
		uint32_t left = until(d->store.remaining - d->store.unsaved, now - d->told);

		/* A purge that failed is tried again, but not at once. */
		due = sooner(due, left || now != d->told ? left : 1);
	}
	return due > UINT32_MAX / 1000 ? UINT32_MAX : due * 1000 / scale;
}

void imp_device_leave(struct imp_device *d)
{
	d->leaving = true;
	(void)imr_client_end(&d->client);
	imp_device_end(d, &d->bs_session);
	imp_device_end(d, &d->bs_last);
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		imp_device_link_leave(d, &d->links[i]);
}

bool imp_device_resting(const struct imp_device *d)
{
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		if (d->links[i].registration.state == IMP_REG_LEAVING)
			return false;
	return true;
}

/* ---- beginning and end ------------------------------------------------------------------------
 */

static void join(struct imp_device *d)
{
	const struct imp_device_options *o = &d->options;
	size_t set = (o->payload_max ? o->payload_max : IMP_PAYLOAD_MAX) + IMR_STORE_BUFFER_EXTRA;
	size_t file = set + IMR_CARD_ROOM;

	d->store.flash = o->store;
	d->store.set.p = d->memory;
	d->store.set.size = set;
	d->life = (struct imp_device_life){ .slot = o->slot,
		.factory = o->factory,
		.buffer = d->memory + set,
		.size = file,
		.store = &d->store,
		.done = on_done,
		.done_ctx = d };
	d->texts = (struct imp_objects_device){ .manufacturer = imp_span_str("imprint"),
		.model = imp_span_str("simulated device"),
		.serial = imp_span_str(d->endpoint),
		.firmware = imp_span_str(IMP_VERSION) };
	d->objects = (struct imp_objects){ .store = &d->store,
		.formats = o->formats,
		.device = &d->texts,
		.out = d->memory + set + file,
		.out_size = d->memory_n - set - file };
	d->client_config = (struct imr_client_config){ .endpoint = imp_span_str(d->endpoint),
		.pct = o->pct,
		.version = o->version,
		.pack = o->pack,
		.clean = o->clean,
		.formats = o->formats,
		.check = o->check,
		.check_ctx = o->check_ctx };
	d->client.store = &d->store;
	d->client.config = &d->client_config;
}

static enum imp_status open_net(struct imp_device *d, struct imp_diag *diag)
{
	const struct imp_net_events events = { .ctx = d,
		.request = on_request,
		.response = on_response,
		.failed = on_failed,
		.closed = on_closed,
		.psk = on_psk,
		.judge = on_judge };
	const struct imp_net_options limits = { .body_max = 2U * IMP_PAYLOAD_MAX,
		.sessions_max = 16,
		.handshakes_max = 8,
		.ack_timeout_ms = d->options.ack_timeout_ms };

	if (!d->options.net)
		return IMP_OK;
	return d->options.net->open(d->options.net->ctx, &events, &limits, &d->net, diag);
}

enum imp_status imp_device_open(
	const struct imp_device_options *options, struct imp_device **out, struct imp_diag *diag)
{
	size_t payload = options->payload_max ? options->payload_max : IMP_PAYLOAD_MAX;
	size_t answer = options->payload_max ? 2 * payload : ANSWER;
	struct imp_device *d;
	enum imp_status st;

	if (strlen(options->endpoint) > IMP_ENDPOINT_MAX || !options->endpoint[0])
		return imp_diag(diag, IMP_E_USAGE, "an endpoint name has 1 to %d characters",
			IMP_ENDPOINT_MAX);
	d = (struct imp_device *)calloc(1, sizeof *d);
	if (!d)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	d->options = *options;
	(void)snprintf(d->endpoint, sizeof d->endpoint, "%s", options->endpoint);
	d->begin_ms = options->clock->mono_ms(options->clock->ctx);
	d->memory_n = 2 * (payload + IMR_STORE_BUFFER_EXTRA) + IMR_CARD_ROOM + answer;
	d->memory = (uint8_t *)calloc(1, d->memory_n);
	if (!d->memory) {
		free(d);
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	}
	join(d);
	st = open_net(d, diag);
	if (st != IMP_OK) {
		imp_device_close(d);
		return st;
	}
	*out = d;
	return IMP_OK;
}

void imp_device_close(struct imp_device *d)
{
	if (!d)
		return;
	if (d->net)
		d->options.net->close(d->net);
	imp_device_trust_free(&d->trust);
	imp_wipe(d->memory, d->memory_n);
	free(d->memory);
	free(d);
}

struct imr_action imp_device_boot(struct imp_device *d)
{
	return begin(d);
}

enum imp_status imp_device_start(struct imp_device *d, struct imp_diag *diag)
{
	const char *uri = d->options.listen;
	unsigned port;

	if (uri) {
		enum imp_status st = d->options.net->listen(
			d->net, uri, strncmp(uri, "coaps:", 6) == 0, NULL, &port, diag);

		if (st != IMP_OK)
			return st;
		imp_device_tell(
			d, (struct imp_device_event){
				   .kind = IMP_DEVICE_LISTENING, .uri = uri, .port = port });
	}
	d->on = true;
	perform(d, begin(d));
	return IMP_OK;
}

void imp_device_update(struct imp_device *d, uint16_t ssid)
{
	imp_device_push(d, (struct imr_event){ .kind = IMR_DUE, .ssid = ssid });
}

const struct imr_plan *imp_device_plan(const struct imp_device *d)
{
	return &d->life.sequence.plan;
}

struct imr_store *imp_device_store(struct imp_device *d)
{
	return &d->store;
}

unsigned imp_device_registered(const struct imp_device *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		n += d->links[i].registration.state == IMP_REG_REGISTERED ||
		     d->links[i].registration.state == IMP_REG_UPDATING;
	return n;
}

unsigned imp_device_bootstraps(const struct imp_device *d)
{
	return d->bootstraps;
}

struct imp_net *imp_device_net(struct imp_device *d)
{
	return d->net;
}
