/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/fake_net.h"

#include "base/secret.h"
#include "model/uri.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ACK_TIMEOUT_MS 2000
#define RETRANSMISSIONS 4
#define FLIGHTS 4
#define HANDSHAKE_MS 6000
#define BODY_MAX 65536
#define SETTLE_MS 3600000
#define QUERY_MAX 8
#define URI_MAX 300

/* ---- what there is ----------------------------------------------------------------------------
 */

struct listener {
	struct listener *next;
	unsigned port;
	bool secure, psk;
	struct credentials *own;
};

struct imp_net {
	struct imp_net *next;
	struct fake_air *air;
	struct imp_net_events events;
	struct imp_net_options options;
	struct listener *listeners;
	bool dead, serving;
	unsigned long told;
};

struct credentials {
	enum imp_peer_kind kind;
	struct imp_span identity, key; /* malloc'd */
};

enum pair_state { FRESH, GREETING, OPEN, FAILED };

/* One session with its two ends: [0] connected, [1] listens. */
struct fake_pair {
	struct fake_pair *next;
	struct imp_net *net[2];
	uint64_t id[2];
	bool open[2];
	struct imp_peer seen[2]; /* the peer as this end sees it; identities malloc'd */
	char address[2][32];
	enum pair_state state;
	bool secure;
	unsigned port; /* of the listener */
	struct credentials *own;
};

struct fake_exchange {
	struct fake_exchange *next;
	struct fake_pair *pair;
	int from; /* end that asks */
	uint64_t id;
	struct imp_request request;
	struct imp_span query[QUERY_MAX];
	struct imp_response answer;
	bool told, done;
	unsigned tries;
	uint64_t wait_ms;
};

enum what { HELLO, REQUEST, ANSWER, AGAIN, FAIL, CLOSE };

struct fake_event {
	struct fake_event *next;
	uint64_t due_ms, order;
	enum what what;
	struct fake_pair *pair;
	struct fake_exchange *exchange;
	int end;
	enum imp_net_failure why;
};

static void *make(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	assert(p);
	return p;
}

static struct imp_span copy(struct imp_span s)
{
	uint8_t *p = make(s.n);

	if (s.n)
		memcpy(p, s.p, s.n);
	return imp_span(p, s.n);
}

static void drop(struct imp_span *s)
{
	union {
		const uint8_t *in;
		void *out;
	} p = { .in = s->p };

	if (p.out)
		imp_wipe(p.out, s->n);
	free(p.out);
	*s = imp_span(NULL, 0);
}

/* ---- chance and time --------------------------------------------------------------------------
 */

static uint64_t chance(struct fake_air *air)
{
	uint64_t z = air->random += 0x9E3779B97F4A7C15U;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
	z = (z ^ z >> 27) * 0x94D049BB133111EBU;
	return z ^ z >> 31;
}

static bool happens(struct fake_air *air, unsigned per_mille)
{
	return chance(air) % 1000 < per_mille;
}

static uint64_t mono(void *ctx)
{
	const struct fake_air *air = (const struct fake_air *)ctx;

	return air->now_ms;
}

static int64_t wall(void *ctx)
{
	const struct fake_air *air = (const struct fake_air *)ctx;

	return 1800000000 + (int64_t)(air->now_ms / 1000);
}

static struct fake_event *plan(
	struct fake_air *air, uint64_t after_ms, enum what what, struct fake_pair *pair)
{
	struct fake_event *e = make(sizeof *e), **at = &air->events;

	e->due_ms = air->now_ms + after_ms;
	e->order = ++air->order;
	e->what = what;
	e->pair = pair;
	while (*at && (*at)->due_ms <= e->due_ms)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	return e;
}

/* A message over the air: not at all, once, or twice; sooner or later. */
static void cast(struct fake_exchange *x, enum what what)
{
	struct fake_air *air = x->pair->net[x->from]->air;
	unsigned copies = 1;

	air->sent++;
	if (happens(air, air->loss)) {
		air->lost++;
		return;
	}
	if (happens(air, air->duplicate)) {
		air->duplicated++;
		copies = 2;
	}
	while (copies--) {
		uint64_t late = happens(air, air->reorder) ? 1 + chance(air) % 4000 : 0;

		plan(air, air->delay_ms + late, what, x->pair)->exchange = x;
	}
}

/* ---- exchanges --------------------------------------------------------------------------------
 */

static void end_exchange(struct fake_exchange *x)
{
	x->done = true;
	drop(&x->request.payload);
	drop(&x->request.path);
	for (size_t i = 0; i < x->request.query_n; i++)
		drop(&x->query[i]);
	x->request.query_n = 0;
}

static void tell_failed(struct fake_exchange *x, enum imp_net_failure why)
{
	struct imp_net *net = x->pair->net[x->from];

	if (x->done)
		return;
	end_exchange(x);
	if (net->dead)
		return;
	net->told++;
	net->events.failed(net->events.ctx, x->pair->id[x->from], x->id, why);
}

static void launch(struct fake_exchange *x)
{
	struct fake_air *air = x->pair->net[x->from]->air;

	if (x->wait_ms == 0) {
		unsigned base = x->pair->net[x->from]->options.ack_timeout_ms;

		base = base ? base : ACK_TIMEOUT_MS;
		x->wait_ms = base + chance(air) % (base / 2 + 1);
	}
	x->tries++;
	cast(x, REQUEST);
	plan(air, x->wait_ms, AGAIN, x->pair)->exchange = x;
	x->wait_ms *= 2;
}

static void again(struct fake_exchange *x)
{
	if (x->done)
		return;
	if (x->tries > RETRANSMISSIONS)
		tell_failed(x, IMP_NET_TIMEOUT);
	else
		launch(x);
}

static struct imp_response ask(struct imp_net *net, const struct imp_peer *peer,
	const struct imp_request *request, struct imp_response *out)
{
	size_t most = net->options.body_max ? net->options.body_max : BODY_MAX;

	*out = (struct imp_response){ .code = IMP_COAP_NOT_FOUND, .format = IMP_FORMAT_NONE };
	if (request->payload.n > most) {
		out->code = IMP_COAP_TOO_LARGE;
	} else {
		net->serving = true;
		net->events.request(net->events.ctx, peer, request, out);
		net->serving = false;
	}
	out->payload = copy(out->payload);
	out->location = copy(out->location);
	return *out;
}

static void deliver_request(struct fake_exchange *x)
{
	struct fake_pair *p = x->pair;
	int to = !x->from;
	struct imp_net *net = p->net[to];
	struct imp_response out;

	if (!p->open[to] || net->dead)
		return;
	if (!x->told && !x->done) {
		x->told = true;
		net->told++;
		x->answer = ask(net, &p->seen[to], &x->request, &out);
	}
	if (x->told)
		cast(x, ANSWER);
}

static void deliver_answer(struct fake_exchange *x)
{
	struct imp_net *net = x->pair->net[x->from];

	if (x->done || net->dead || !x->pair->open[x->from])
		return;
	end_exchange(x);
	net->told++;
	net->events.response(net->events.ctx, x->pair->id[x->from], x->id, &x->answer);
}

/* ---- sessions ---------------------------------------------------------------------------------
 */

static void fail_all(struct fake_air *air, const struct fake_pair *p, int end,
	enum imp_net_failure why, bool now)
{
	for (struct fake_exchange *x = air->exchanges; x; x = x->next) {
		if (x->pair != p || x->from != end || x->done)
			continue;
		if (now) {
			tell_failed(x, why);
		} else {
			struct fake_event *e = plan(air, 0, FAIL, x->pair);

			e->exchange = x;
			e->why = why;
		}
	}
}

static void tell_closed(
	struct fake_air *air, struct fake_pair *p, int end, enum imp_net_failure why)
{
	struct imp_net *net = p->net[end];

	if (!p->open[end])
		return;
	fail_all(air, p, end, why, true);
	if (!p->open[end])
		return; /* ended from inside */
	p->open[end] = false;
	if (net->dead)
		return;
	net->told++;
	if (net->events.closed)
		net->events.closed(net->events.ctx, p->id[end]);
}

static bool known(const struct imp_net *net, const struct credentials *own, uint64_t *late_ms)
{
	uint8_t key[64];
	size_t n = 0;
	bool ok;

	if (net->events.psk == NULL ||
		net->events.psk(net->events.ctx, own->identity, key, &n) != IMP_OK)
		return false;
	ok = n == own->key.n && imp_secret_eq(key, own->key.p, n);
	imp_wipe(key, sizeof key);
	if (!ok)
		*late_ms = HANDSHAKE_MS;
	return ok;
}

static bool accepts(const struct imp_net *net, const struct credentials *theirs)
{
	return net->events.judge &&
	       net->events.judge(net->events.ctx, theirs->kind, theirs->identity);
}

/* Would both ends agree? */
static bool agree(const struct fake_pair *p, const struct listener *l, uint64_t *late_ms)
{
	*late_ms = 0;
	if (p->own == NULL)
		return false;
	if (p->own->kind == IMP_PEER_PSK)
		return l->psk && known(p->net[1], p->own, late_ms);
	return l->own && l->own->kind == p->own->kind && accepts(p->net[0], l->own) &&
	       accepts(p->net[1], p->own);
}

static struct listener *find_listener(struct fake_air *air, unsigned port, struct imp_net **net)
{
	for (struct imp_net *n = air->nets; n; n = n->next)
		for (struct listener *l = n->dead ? NULL : n->listeners; l; l = l->next)
			if (l->port == port) {
				*net = n;
				return l;
			}
	return NULL;
}

/* How long the flights take with what gets lost; more than HANDSHAKE_MS: given up. */
static uint64_t flights_ms(struct fake_air *air)
{
	uint64_t ms = 0;

	for (int i = 0; i < FLIGHTS; i++) {
		ms += air->delay_ms;
		for (uint64_t wait = 1000; happens(air, air->loss) && ms <= HANDSHAKE_MS; wait *= 2)
			ms += wait;
	}
	return ms;
}

static void settle_ends(struct fake_pair *p, const struct listener *l)
{
	p->id[1] = ++p->net[1]->air->last_id;
	p->open[1] = true;
	(void)snprintf(p->address[1], sizeof p->address[1], "127.0.0.1:%u",
		(unsigned)(50000 + p->id[0] % 10000));
	p->seen[1] = (struct imp_peer){ .session = p->id[1], .address = p->address[1] };
	if (!p->secure)
		return;
	p->seen[1].kind = p->own->kind;
	p->seen[1].identity = copy(p->own->identity);
	p->seen[0].kind = p->own->kind;
	if (p->own->kind != IMP_PEER_PSK)
		p->seen[0].identity = copy(l->own->identity);
	else
		p->seen[0].identity = copy(p->own->identity);
}

/* The first request opens the session: HELLO comes when that has succeeded or not. */
static void greet(struct fake_pair *p)
{
	struct fake_air *air = p->net[0]->air;
	uint64_t ms = p->secure ? flights_ms(air) : 0;

	p->state = GREETING;
	plan(air, ms > HANDSHAKE_MS ? HANDSHAKE_MS : ms, HELLO, p)->why =
		ms > HANDSHAKE_MS ? IMP_NET_HANDSHAKE : IMP_NET_CLOSED;
}

static void hello(struct fake_event *e)
{
	struct fake_pair *p = e->pair;
	struct fake_air *air = p->net[0]->air;
	struct listener *l = find_listener(air, p->port, &p->net[1]);
	uint64_t late_ms = 0;

	if (!p->open[0])
		return;
	if (p->state == FAILED || e->why == IMP_NET_HANDSHAKE || l == NULL) {
		p->state = FAILED;
		tell_closed(air, p, 0, p->secure && l ? IMP_NET_HANDSHAKE : IMP_NET_REFUSED);
		return;
	}
	air->handshakes += p->secure;
	if (p->secure && !l->secure)
		late_ms = HANDSHAKE_MS;
	else if (p->secure == l->secure && (!p->secure || agree(p, l, &late_ms)))
		p->state = OPEN;
	if (p->state != OPEN) {
		p->state = FAILED;
		plan(air, late_ms, HELLO, p)->why = IMP_NET_HANDSHAKE;
		return;
	}
	settle_ends(p, l);
	for (struct fake_exchange *x = air->exchanges; x; x = x->next)
		if (x->pair == p && !x->done && x->tries == 0)
			launch(x);
}

/* ---- the clock runs ---------------------------------------------------------------------------
 */

static void step(struct fake_air *air)
{
	struct fake_event *e = air->events;

	air->events = e->next;
	air->now_ms = e->due_ms > air->now_ms ? e->due_ms : air->now_ms;
	switch (e->what) {
	case HELLO:
		hello(e);
		break;
	case REQUEST:
		deliver_request(e->exchange);
		break;
	case ANSWER:
		deliver_answer(e->exchange);
		break;
	case AGAIN:
		again(e->exchange);
		break;
	case FAIL:
		tell_failed(e->exchange, e->why);
		break;
	case CLOSE:
		tell_closed(air, e->pair, e->end, IMP_NET_CLOSED);
		break;
	}
	free(e);
	if (air->on_step)
		air->on_step(air->on_step_ctx);
}

/* Until `until`, or until net (when there is one) was told something. */
static void run(struct fake_air *air, uint64_t until, const struct imp_net *net)
{
	unsigned long told = net ? net->told : 0;

	while (air->events && air->events->due_ms <= until && (net == NULL || net->told == told))
		step(air);
	if (net && net->told != told)
		return;
	if (air->now_ms >= until)
		return;
	air->now_ms = until;
	if (air->on_step)
		air->on_step(air->on_step_ctx);
}

void fake_air_run(struct fake_air *air, uint64_t ms)
{
	run(air, air->now_ms + ms, NULL);
}

void fake_air_settle(struct fake_air *air)
{
	uint64_t until = air->now_ms + SETTLE_MS;

	while (air->events && air->events->due_ms <= until)
		step(air);
}

/* ---- the seam ---------------------------------------------------------------------------------
 */

static enum imp_status net_open(void *ctx, const struct imp_net_events *events,
	const struct imp_net_options *options, struct imp_net **out, struct imp_diag *diag)
{
	struct fake_air *air = (struct fake_air *)ctx;
	struct imp_net *net = make(sizeof *net);

	(void)diag;
	net->air = air;
	net->events = *events;
	if (options)
		net->options = *options;
	net->next = air->nets;
	air->nets = net;
	*out = net;
	return IMP_OK;
}

/* The scheme and port of a URI. */
static enum imp_status parse(
	const char *uri, bool *secure, unsigned *port, bool any, struct imp_diag *diag)
{
	char text[URI_MAX];
	size_t n = strlen(uri);
	struct imp_uri u;

	*port = 0;
	/* ":0" is no port of a URI, but one to listen at. */
	if (any && n > 2 && n < sizeof text && strcmp(uri + n - 2, ":0") == 0)
		n -= 2;
	else
		any = false;
	if (n >= sizeof text || imp_uri(imp_span(uri, n), &u) != IMP_OK)
		return imp_diag(diag, IMP_E_FORMAT, "'%s' is no server URI", uri);
	*secure = u.scheme.n == 5 && strncasecmp((const char *)u.scheme.p, "coaps", 5) == 0;
	if (!*secure && !(u.scheme.n == 4 && strncasecmp((const char *)u.scheme.p, "coap", 4) == 0))
		return imp_diag(diag, IMP_E_UNSUPPORTED, "'%s' is neither coap nor coaps", uri);
	if (!any)
		*port = u.port ? u.port : *secure ? 5684 : 5683;
	return IMP_OK;
}

static struct credentials *copy_credentials(const struct imp_credentials *c)
{
	struct credentials *own;

	if (c == NULL)
		return NULL;
	own = make(sizeof *own);
	own->kind = c->kind;
	own->identity = copy(c->identity);
	own->key = copy(c->key);
	return own;
}

static void free_credentials(struct credentials *own)
{
	if (own == NULL)
		return;
	drop(&own->identity);
	drop(&own->key);
	free(own);
}

static enum imp_status net_listen(struct imp_net *net, const char *uri, bool psk,
	const struct imp_credentials *own, unsigned *port, struct imp_diag *diag)
{
	struct imp_net *other;
	unsigned want;
	struct listener *l;
	bool secure;
	enum imp_status st = parse(uri, &secure, &want, true, diag);

	if (st != IMP_OK)
		return st;
	if (want == 0)
		want = ++net->air->last_port;
	if (find_listener(net->air, want, &other))
		return imp_diag(diag, IMP_E_IO, "port %u is in use", want);
	l = make(sizeof *l);
	l->port = want;
	l->secure = secure;
	l->psk = psk;
	l->own = copy_credentials(own);
	l->next = net->listeners;
	net->listeners = l;
	if (port)
		*port = want;
	return IMP_OK;
}

static enum imp_status net_connect(struct imp_net *net, const char *uri,
	const struct imp_credentials *own, uint64_t *session, struct imp_diag *diag)
{
	struct fake_pair *p;
	unsigned port;
	bool secure;
	enum imp_status st = parse(uri, &secure, &port, false, diag);

	if (st != IMP_OK)
		return st;
	if (secure == (own == NULL))
		return imp_diag(
			diag, IMP_E_USAGE, "credentials and scheme of '%s' do not fit", uri);
	if (own && own->kind == IMP_PEER_PSK && own->identity.n &&
		memchr(own->identity.p, 0, own->identity.n))
		return imp_diag(diag, IMP_E_UNSUPPORTED, "PSK identity with a NUL octet");
	p = make(sizeof *p);
	p->net[0] = net;
	p->id[0] = ++net->air->last_id;
	p->open[0] = true;
	p->secure = secure;
	p->port = port;
	p->own = copy_credentials(own);
	(void)snprintf(p->address[0], sizeof p->address[0], "127.0.0.1:%u", port);
	p->seen[0] = (struct imp_peer){ .session = p->id[0], .address = p->address[0] };
	p->next = net->air->pairs;
	net->air->pairs = p;
	*session = p->id[0];
	return IMP_OK;
}

/* The end of a session that this id of this net is; NULL: none, or closed. */
static struct fake_pair *find_pair(const struct imp_net *net, uint64_t session, int *end)
{
	for (struct fake_pair *p = net->air->pairs; p; p = p->next)
		for (*end = 0; *end < 2; ++*end)
			if (p->id[*end] == session && p->net[*end] == net && p->open[*end])
				return p;
	return NULL;
}

static enum imp_status net_send(
	struct imp_net *net, uint64_t session, const struct imp_request *in, uint64_t *request)
{
	struct fake_exchange *x, **at = &net->air->exchanges;
	int end;
	struct fake_pair *p = find_pair(net, session, &end);

	if (p == NULL)
		return IMP_E_ABSENT;
	assert(in->query_n <= QUERY_MAX);
	x = make(sizeof *x);
	x->pair = p;
	x->from = end;
	x->id = ++net->air->last_id;
	x->request = *in;
	x->request.path = copy(in->path);
	x->request.payload = copy(in->payload);
	x->request.query = x->query;
	for (size_t i = 0; i < in->query_n; i++)
		x->query[i] = copy(in->query[i]);
	while (*at)
		at = &(*at)->next;
	*at = x;
	*request = x->id;
	if (p->state == FRESH)
		greet(p);
	else if (p->state == OPEN && net->serving)
		plan(net->air, 0, AGAIN, p)->exchange = x; /* behind the answer */
	else if (p->state == OPEN)
		launch(x);
	return IMP_OK;
}

/* What the peer learns of an end: by an alert, when there is DTLS. */
static void part(struct fake_pair *p, int end)
{
	struct fake_air *air = p->net[end]->air;

	p->open[end] = false;
	if (p->secure && p->state == OPEN && !happens(air, air->loss))
		plan(air, air->delay_ms, CLOSE, p)->end = !end;
}

static void net_end(struct imp_net *net, uint64_t session)
{
	int end;
	struct fake_pair *p = find_pair(net, session, &end);

	if (p == NULL)
		return;
	fail_all(net->air, p, end, IMP_NET_CLOSED, false);
	part(p, end);
}

static void net_poll(struct imp_net *net, unsigned ms)
{
	run(net->air, net->air->now_ms + ms, net);
}

static int net_fd(struct imp_net *net)
{
	(void)net;
	return -1;
}

static void free_listeners(struct imp_net *net)
{
	while (net->listeners) {
		struct listener *l = net->listeners;

		net->listeners = l->next;
		free_credentials(l->own);
		free(l);
	}
}

static void net_close(struct imp_net *net)
{
	if (net == NULL)
		return;
	for (struct fake_pair *p = net->air->pairs; p; p = p->next)
		for (int end = 0; end < 2; end++)
			if (p->net[end] == net && p->open[end] && !net->dead)
				part(p, end);
	net->dead = true; /* freed with the air: messages may be under way */
	free_listeners(net);
}

void fake_net_kill(struct imp_net *net)
{
	net->dead = true;
}

size_t fake_net_sessions(const struct imp_net *net)
{
	size_t n = 0;

	for (const struct fake_pair *p = net->air->pairs; p; p = p->next)
		for (int end = 0; end < 2; end++)
			n += p->net[end] == net && p->open[end];
	return n;
}

void fake_air_seam(struct fake_air *air, struct imp_net_seam *seam)
{
	*seam = (struct imp_net_seam){
		.ctx = air,
		.open = net_open,
		.listen = net_listen,
		.connect = net_connect,
		.send = net_send,
		.end = net_end,
		.poll = net_poll,
		.fd = net_fd,
		.close = net_close,
	};
}

void fake_air(struct fake_air *air, uint64_t seed)
{
	*air = (struct fake_air){
		.delay_ms = 1,
		.random = seed,
		.last_port = 40000,
		.clock = { .ctx = air, .mono_ms = mono, .wall_s = wall },
	};
}

static void free_pair(struct fake_pair *p)
{
	free_credentials(p->own);
	drop(&p->seen[0].identity);
	drop(&p->seen[1].identity);
	free(p);
}

static void free_exchange(struct fake_exchange *x)
{
	end_exchange(x);
	drop(&x->answer.payload);
	drop(&x->answer.location);
	free(x);
}

static void free_net(struct imp_net *net)
{
	free_listeners(net);
	free(net);
}

#define FREE_LIST(type, head, free_one)          \
	while (head) {                           \
		struct type *gone_##type = head; \
		(head) = gone_##type->next;      \
		free_one(gone_##type);           \
	}

void fake_air_free(struct fake_air *air)
{
	FREE_LIST(fake_event, air->events, free)
	FREE_LIST(fake_exchange, air->exchanges, free_exchange)
	FREE_LIST(fake_pair, air->pairs, free_pair)
	FREE_LIST(imp_net, air->nets, free_net)
}
