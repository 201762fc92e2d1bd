/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_net.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_BITS 24
#define SLOT_MASK ((1U << SLOT_BITS) - 1)
#define FIRST_SLOTS 16

/* ---- table --------------------------------------------------------------------------------------
 */

static bool more_slots(struct imp_net *net)
{
	size_t n = net->slots_n ? 2 * net->slots_n : FIRST_SLOTS;
	struct session **slots = NULL;

	if (n <= SLOT_MASK)
		slots = (struct session **)realloc(net->slots, n * sizeof(struct session *));
	if (slots == NULL)
		return false;
	memset(slots + net->slots_n, 0, (n - net->slots_n) * sizeof(struct session *));
	net->slots = slots;
	net->free_slot = net->slots_n;
	net->slots_n = n;
	return true;
}

struct session *imp_coap_new_session(struct imp_net *net)
{
	struct session *s;

	while (net->free_slot < net->slots_n && net->slots[net->free_slot])
		net->free_slot++;
	if (net->free_slot == net->slots_n && !more_slots(net))
		return NULL;
	s = (struct session *)calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->net = net;
	s->id = ++net->last_number << SLOT_BITS | net->free_slot;
	net->slots[net->free_slot] = s;
	return s;
}

struct session *imp_coap_find(const struct imp_net *net, uint64_t id)
{
	size_t slot = id & SLOT_MASK;
	struct session *s = slot < net->slots_n ? net->slots[slot] : NULL;

	return s && s->id == id && !s->lost && !s->ended ? s : NULL;
}

void imp_coap_set_timing(const struct session *s)
{
	unsigned ms = s->net->options.ack_timeout_ms;
	coap_fixed_point_t t = { (uint16_t)(ms / 1000), (uint16_t)(ms % 1000) };

	coap_session_set_ack_timeout(s->coap, t);
}

struct session *imp_coap_session_of(coap_session_t *coap)
{
	struct session *s = (struct session *)coap_session_get_app_data(coap);
	const coap_address_t *remote = coap_session_get_addr_remote(coap);
	struct port *port = (struct port *)coap_get_app_data(coap_session_get_context(coap));

	if (s)
		return s;
	s = imp_coap_new_session(port->net);
	if (s == NULL)
		return NULL;
	s->port = port;
	s->coap = coap;
	s->secure = port->secure;
	s->established = true; /* a message came */
	imp_address_text(&remote->addr.sa, remote->size, s->address);
	coap_session_set_app_data(coap, s);
	imp_coap_set_timing(s);
	return s;
}

void imp_coap_peer(const struct session *s, struct imp_peer *out)
{
	*out = (struct imp_peer){ .session = s->id, .address = s->address };
	imp_dtls_peer(s, &out->kind, &out->identity);
}

/* ---- the end of a session
 * ------------------------------------------------------------------------ */

void imp_coap_changed(struct session *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->next_changed = s->net->changed;
	s->net->changed = s;
}

void imp_coap_lose(struct session *s, enum imp_net_failure why)
{
	if (s->lost || s->ended)
		return;
	s->lost = true;
	s->why = why;
	imp_coap_changed(s);
}

/* libcoap's session goes: alert, queue, our references. */
static void part(struct session *s)
{
	coap_session_t *coap = s->coap;

	s->coap = NULL;
	if (coap == NULL)
		return;
	imp_dtls_wipe(coap);
	coap_session_set_app_data(coap, NULL);
	coap_session_disconnected(coap, COAP_NACK_NOT_DELIVERABLE);
	if (s->held)
		coap_session_release(coap);
	if (s->client)
		coap_session_release(coap);
	s->port->touched = true;
}

void imp_coap_forget(struct session *s)
{
	struct imp_net *net = s->net;
	size_t slot = s->id & SLOT_MASK;

	part(s);
	imp_dedup_free(&s->dedup);
	imp_body_drop(&s->upload, &net->pool);
	imp_body_drop(&s->download, &net->pool);
	imp_coap_free_wish(s);
	if (s->port && s->port->single)
		imp_coap_port_free(s->port);
	net->slots[slot] = NULL;
	if (slot < net->free_slot)
		net->free_slot = slot;
	free(s);
}

static void tell_end(struct session *s)
{
	struct imp_net *net = s->net;
	bool ended = s->ended;

	while (s->exchanges)
		imp_coap_fail_first(s, s->why);
	if (!ended) {
		net->told++;
		if (net->events.closed)
			net->events.closed(net->events.ctx, s->id);
	}
	imp_coap_forget(s);
}

void imp_coap_flush(struct imp_net *net)
{
	struct session *s;

	while ((s = net->changed) != NULL) {
		net->changed = s->next_changed;
		s->next_changed = NULL;
		if (s->lost || s->ended) {
			tell_end(s); /* stays queued: nobody may queue it again */
			continue;
		}
		s->queued = false;
		if (s->starts && !s->failed)
			imp_coap_start(s);
		s->starts = false;
		if (s->failed) {
			s->failed = false;
			imp_coap_fail_first(s, s->why);
		}
	}
}

void imp_coap_free_sessions(struct imp_net *net)
{
	memset(&net->events, 0, sizeof net->events);
	imp_dtls_enter();
	for (size_t i = 0; i < net->slots_n; i++) {
		struct session *s = net->slots[i];

		if (s == NULL)
			continue;
		s->ended = true;
		while (s->exchanges)
			imp_coap_fail_first(s, IMP_NET_CLOSED);
		imp_coap_forget(s);
	}
	imp_dtls_leave();
}

/* ---- what libcoap tells
 * --------------------------------------------------------------------------- */

/* Sessions come faster than they finish their handshakes: of those that did not, only the latest
 * keep their memory. */
static void mind_half_open(struct port *port, coap_session_t *coap)
{
	coap_session_t **place;

	if (port->half_open_n == 0)
		return;
	place = &port->half_open[port->half_open_at++ % port->half_open_n];
	if (*place && coap_session_get_state(*place) != COAP_SESSION_STATE_ESTABLISHED &&
		coap_session_get_app_data(*place) == NULL)
		coap_session_disconnected(*place, COAP_NACK_TLS_FAILED);
	*place = coap;
}

static void unmind(struct port *port, const coap_session_t *coap)
{
	for (size_t i = 0; i < port->half_open_n; i++)
		if (port->half_open[i] == coap)
			port->half_open[i] = NULL;
}

int imp_coap_on_event(coap_session_t *coap, coap_event_t event)
{
	struct session *s = (struct session *)coap_session_get_app_data(coap);
	struct port *port = (struct port *)coap_get_app_data(coap_session_get_context(coap));

	switch ((unsigned)event) {
	case COAP_EVENT_SERVER_SESSION_NEW:
		mind_half_open(port, coap);
		break;
	case COAP_EVENT_SERVER_SESSION_DEL:
		unmind(port, coap);
		imp_dtls_wipe(coap);
		if (s) {
			coap_session_set_app_data(coap, NULL);
			s->coap = NULL;
			imp_coap_lose(s, IMP_NET_CLOSED);
		}
		break;
	case COAP_EVENT_DTLS_CLOSED:
	case COAP_EVENT_DTLS_ERROR:
		if (s)
			imp_coap_lose(s, s->established ? IMP_NET_CLOSED : IMP_NET_HANDSHAKE);
		break;
	default:
		break;
	}
	return 0;
}
