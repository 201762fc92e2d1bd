/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap.h"

#include "link/coap_net.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX 65536
#define SESSIONS_MAX 16384
#define HANDSHAKES_MAX 1024
#define IDLE_S 300
#define ACK_TIMEOUT_MS 2000
#define BODIES_AT_ONCE 256 /* of the longest kind, before the pool is exhausted */
#define ROUNDS 64	   /* of a port before others have their turn */
#define LOOK_MS 500	   /* between looks at deadlines */
#define FLUSH_MS 100	   /* for what is left when a net closes */

uint64_t imp_coap_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

static void no_log(coap_log_t level, const char *text)
{
	(void)level;
	(void)text;
}

/* Libraries say nothing on standard error; what matters is told by events. */
static void start(void)
{
	coap_startup();
	coap_set_log_handler(no_log);
	coap_set_log_level(LOG_EMERG);
}

/* ---- ports --------------------------------------------------------------------------------------
 */

static bool add_handlers(coap_context_t *coap)
{
	static const coap_request_t methods[] = { COAP_REQUEST_GET, COAP_REQUEST_POST,
		COAP_REQUEST_DELETE, COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH };
	/* libcoap would answer the second by itself, and a DELETE without handler as well. */
	coap_resource_t *all[] = { coap_resource_unknown_init2(imp_coap_on_request, 0),
		coap_resource_init(coap_make_str_const(".well-known/core"), 0) };

	for (size_t i = 0; i < 2; i++) {
		if (all[i] == NULL)
			return false;
		for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
			coap_register_request_handler(all[i], methods[m], imp_coap_on_request);
		coap_register_request_handler(all[i], COAP_REQUEST_PUT, imp_coap_on_request);
		coap_add_resource(coap, all[i]);
	}
	return true;
}

static bool set_up(struct imp_net *net, struct port *port)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = port };

	port->coap = coap_new_context(NULL);
	if (port->coap == NULL || !add_handlers(port->coap))
		return false;
	coap_set_app_data(port->coap, port);
	coap_context_set_block_mode(port->coap, 0);
	coap_context_set_max_idle_sessions(port->coap, (unsigned)net->options.sessions_max);
	coap_context_set_max_handshake_sessions(port->coap, (unsigned)net->options.sessions_max);
	coap_context_set_session_timeout(port->coap, net->options.idle_s);
	coap_register_response_handler(port->coap, imp_coap_on_response);
	coap_register_nack_handler(port->coap, imp_coap_on_nack);
	coap_register_event_handler(port->coap, imp_coap_on_event);
	return epoll_ctl(net->epoll, EPOLL_CTL_ADD, coap_context_get_coap_fd(port->coap), &event) ==
	       0;
}

enum imp_status imp_coap_port(
	struct imp_net *net, bool server, bool secure, struct port **out, struct imp_diag *diag)
{
	struct port *port = (struct port *)calloc(1, sizeof *port);
	bool ok = port != NULL;

	if (ok) {
		port->net = net;
		port->server = server;
		port->secure = secure;
		port->half_open_n = server && secure ? net->options.handshakes_max : 0;
		port->half_open =
			(coap_session_t **)calloc(port->half_open_n + 1, sizeof(coap_session_t *));
		port->next = net->ports;
		net->ports = port;
		imp_dtls_enter();
		ok = port->half_open && set_up(net, port);
		imp_dtls_leave();
	}
	if (!ok) {
		if (port)
			imp_coap_port_free(port);
		(void)imp_diag(diag, IMP_E_IO, "no CoAP socket: %s", strerror(errno));
		return IMP_E_IO;
	}
	*out = port;
	return IMP_OK;
}

void imp_coap_port_free(struct port *port)
{
	struct port **at = &port->net->ports;

	while (*at != port)
		at = &(*at)->next;
	*at = port->next;
	if (port->coap) {
		(void)epoll_ctl(port->net->epoll, EPOLL_CTL_DEL,
			coap_context_get_coap_fd(port->coap), NULL);
		imp_dtls_enter();
		coap_free_context(port->coap);
		imp_dtls_leave();
	}
	imp_dtls_free(&port->dtls);
	free(port->half_open);
	free(port);
}

/* ---- open and close -----------------------------------------------------------------------------
 */

static void fill_options(struct imp_net_options *o)
{
	o->body_max = o->body_max ? o->body_max : BODY_MAX;
	o->sessions_max = o->sessions_max ? o->sessions_max : SESSIONS_MAX;
	o->handshakes_max = o->handshakes_max ? o->handshakes_max : HANDSHAKES_MAX;
	o->idle_s = o->idle_s ? o->idle_s : IDLE_S;
	o->ack_timeout_ms = o->ack_timeout_ms ? o->ack_timeout_ms : ACK_TIMEOUT_MS;
}

static enum imp_status net_open(void *ctx, const struct imp_net_events *events,
	const struct imp_net_options *options, struct imp_net **out, struct imp_diag *diag)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct imp_net *net = (struct imp_net *)calloc(1, sizeof *net);
	struct epoll_event event = { .events = EPOLLIN };

	(void)ctx;
	(void)pthread_once(&once, start);
	if (net == NULL)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	net->events = *events;
	if (options)
		net->options = *options;
	fill_options(&net->options);
	net->pool.most = BODIES_AT_ONCE * net->options.body_max;
	net->epoll = epoll_create1(EPOLL_CLOEXEC);
	net->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (net->epoll < 0 || net->timer < 0 ||
		epoll_ctl(net->epoll, EPOLL_CTL_ADD, net->timer, &event) != 0) {
		(void)imp_diag(diag, IMP_E_IO, "no event queue: %s", strerror(errno));
		(void)close(net->epoll);
		(void)close(net->timer);
		free(net);
		return IMP_E_IO;
	}
	*out = net;
	return IMP_OK;
}

static void net_close(struct imp_net *net)
{
	if (net == NULL)
		return;
	imp_coap_free_sessions(net);
	while (net->ports)
		imp_coap_port_free(net->ports);
	(void)close(net->epoll);
	(void)close(net->timer);
	free(net->slots);
	free(net);
}

/* ---- listen -------------------------------------------------------------------------------------
 */

static bool to_coap(const struct sockaddr_storage *from, socklen_t n, coap_address_t *to)
{
	coap_address_init(to);
	if (n > sizeof to->addr)
		return false;
	memcpy(&to->addr, from, n);
	to->size = n;
	return true;
}

/* libcoap tells the port in the text of an endpoint alone: "127.0.0.1:5683 UDP". */
static unsigned port_of(const coap_endpoint_t *endpoint)
{
	const char *colon = strrchr(coap_endpoint_str(endpoint), ':');

	return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

static enum imp_status check_listen(const struct imp_coap_uri *uri, bool psk,
	const struct imp_credentials *own, const char *text, struct imp_diag *diag)
{
	bool keys = psk || own;

	if (uri->secure != keys)
		return imp_diag(diag, IMP_E_USAGE,
			keys ? "'%s': credentials, but not coaps"
			     : "'%s': coaps without credentials",
			text);
	if (own && own->kind != IMP_PEER_X509 && own->kind != IMP_PEER_RPK)
		return imp_diag(diag, IMP_E_USAGE,
			"'%s': a server's own credentials are a certificate or a raw public key",
			text);
	if (own && !imp_dtls_hooked() &&
		(own->suites_n || (own->kind == IMP_PEER_X509 && own->trust.n == 0)))
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"'%s': in this program a server needs a CA, and cannot choose ciphersuites",
			text);
	return IMP_OK;
}

/* libcoap lets two share a port.  A bind of our own does not, and says why. */
static bool is_free(const struct sockaddr_storage *address, socklen_t n)
{
	const struct sockaddr *a = (const struct sockaddr *)address;
	int fd = socket(a->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), off = 0, why;
	bool ok;

	if (fd < 0)
		return false;
	if (a->sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	ok = bind(fd, a, n) == 0;
	why = errno;
	(void)close(fd);
	errno = why;
	return ok;
}

static enum imp_status net_listen(struct imp_net *net, const char *text, bool psk,
	const struct imp_credentials *own, unsigned *number, struct imp_diag *diag)
{
	struct sockaddr_storage address;
	coap_endpoint_t *endpoint = NULL;
	coap_address_t bind_to;
	struct imp_coap_uri uri;
	struct port *port = NULL;
	socklen_t n;
	enum imp_status st = imp_coap_uri(text, true, &uri, diag);

	if (st == IMP_OK)
		st = check_listen(&uri, psk, own, text, diag);
	if (st == IMP_OK)
		st = imp_coap_resolve(&uri, true, &address, &n, diag);
	if (st == IMP_OK)
		st = imp_coap_port(net, true, uri.secure, &port, diag);
	if (st != IMP_OK)
		return st;
	if (uri.secure)
		st = imp_dtls(own, &port->dtls, diag);
	if (st != IMP_OK) {
		imp_coap_port_free(port);
		return st;
	}
	imp_dtls_enter();
	errno = 0;
	if (is_free(&address, n) && to_coap(&address, n, &bind_to) &&
		(!uri.secure || imp_dtls_listen(port, psk)))
		endpoint = coap_new_endpoint(
			port->coap, &bind_to, uri.secure ? COAP_PROTO_DTLS : COAP_PROTO_UDP);
	imp_dtls_leave();
	if (endpoint == NULL) {
		(void)imp_diag(diag, IMP_E_IO, "cannot listen at '%s': %s", text,
			errno ? strerror(errno) : "refused");
		imp_diag_hint(diag, "another program may have the port; port 0 takes a free one");
		imp_coap_port_free(port);
		return IMP_E_IO;
	}
	if (number)
		*number = port_of(endpoint);
	return IMP_OK;
}

/* ---- poll ---------------------------------------------------------------------------------------
 */

static void arm(struct imp_net *net, unsigned when)
{
	struct itimerspec at = { .it_value = { 0, 0 } };

	if (net->armed == when)
		return;
	if (when != TIMER_OFF)
		at.it_value.tv_nsec = when == TIMER_NOW ? 1 : LOOK_MS * 1000000L;
	(void)timerfd_settime(net->timer, 0, &at, NULL);
	net->armed = when;
}

void imp_coap_wake(struct imp_net *net)
{
	if (!net->polling)
		arm(net, TIMER_NOW);
}

/* Let a port read what is there. */
static void pump(struct port *port)
{
	struct epoll_event events[COAP_MAX_EPOLL_EVENTS];
	int fd = coap_context_get_coap_fd(port->coap), n = 1;

	for (int round = 0; n > 0 && round < ROUNDS; round++) {
		n = epoll_wait(fd, events, COAP_MAX_EPOLL_EVENTS, 0);
		if (n > 0)
			coap_io_do_epoll(port->coap, events, (size_t)n);
	}
	port->touched = false;
}

/* Set the timers of ports that sent outside of their turn. */
static void settle(struct imp_net *net)
{
	coap_tick_t now;

	for (struct port *p = net->ports; p; p = p->next) {
		if (!p->touched)
			continue;
		p->touched = false;
		coap_ticks(&now);
		(void)coap_io_prepare_epoll(p->coap, now);
	}
}

static void look_at_clock(struct imp_net *net, uint64_t now)
{
	if (net->busy == 0 || now < net->next_look_ms)
		return;
	net->next_look_ms = now + LOOK_MS;
	imp_coap_look_at_clock(net);
}

/* What is marked is told; what that sends gets its timers. */
static void tell(struct imp_net *net)
{
	look_at_clock(net, imp_coap_now_ms());
	imp_coap_flush(net);
	settle(net);
}

/* A caller with a loop of its own looks at fd() only: it must wake for deadlines as well. */
static void set_timer(struct imp_net *net)
{
	arm(net, net->changed ? TIMER_NOW : net->busy ? TIMER_LATER : TIMER_OFF);
}

static void read_timer(struct imp_net *net)
{
	uint64_t count;

	(void)!read(net->timer, &count, sizeof count);
	net->armed = TIMER_OFF;
}

static void wait_and_pump(struct imp_net *net, int ms)
{
	struct epoll_event events[16];
	int n = epoll_wait(net->epoll, events, sizeof events / sizeof *events, ms);

	for (int i = 0; i < n; i++) {
		struct port *port = (struct port *)events[i].data.ptr;

		if (port)
			pump(port);
		else
			read_timer(net);
	}
}

static void net_poll(struct imp_net *net, unsigned ms)
{
	uint64_t now = imp_coap_now_ms(), end = now + ms;
	unsigned long told = net->told;

	imp_dtls_enter();
	net->polling = true;
	tell(net);
	do {
		uint64_t left = end > now ? end - now : 0;

		if (net->told != told)
			left = 0;
		if (net->busy && left > LOOK_MS)
			left = LOOK_MS;
		wait_and_pump(net, (int)left);
		tell(net);
		now = imp_coap_now_ms();
	} while (net->told == told && now < end);
	net->polling = false;
	set_timer(net);
	imp_dtls_leave();
}

static int net_fd(struct imp_net *net)
{
	return net->epoll;
}

static void net_end(struct imp_net *net, uint64_t id)
{
	struct session *s = imp_coap_find(net, id);

	if (s == NULL)
		return;
	s->ended = true;
	s->why = IMP_NET_CLOSED;
	imp_coap_changed(s);
	imp_coap_wake(net);
}

const struct imp_net_seam imp_coap_net = {
	.ctx = NULL,
	.open = net_open,
	.listen = net_listen,
	.connect = imp_coap_connect,
	.send = imp_coap_send,
	.end = net_end,
	.poll = net_poll,
	.fd = net_fd,
	.close = net_close,
};
