/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ours: one at a time of a session, in blocks when they or their answers are long. */
#include "base/secret.h"
#include "link/coap_net.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

/* MAX_TRANSMIT_WAIT of CoAP in ACK_TIMEOUTs: (2^5 - 1) * 1.5, and a little. */
#define WAIT_PER_ACK 47U
/* A handshake gets four retransmissions of doubling waits, the first of a second: half of the same.
 */
#define HANDSHAKE_PER_ACK 16U
#define LOCATION_MAX 256

/* ---- exchanges ----------------------------------------------------------------------------------
 */

static struct imp_span keep(struct exchange *x, struct imp_span s)
{
	uint8_t *p = x->octets + x->octets_n;

	if (s.n)
		memcpy(p, s.p, s.n);
	x->octets_n += s.n;
	return imp_span(p, s.n);
}

static struct exchange *copy_request(const struct imp_request *in)
{
	struct exchange *x;
	size_t n = in->path.n + in->payload.n;

	if (in->query_n > IMP_QUERY_MAX)
		return NULL;
	for (size_t i = 0; i < in->query_n; i++)
		n += in->query[i].n;
	x = (struct exchange *)calloc(1, sizeof *x);
	if (x == NULL)
		return NULL;
	x->octets = (uint8_t *)malloc(n + 1);
	if (x->octets == NULL) {
		free(x);
		return NULL;
	}
	x->method = in->method;
	x->format = in->format;
	x->accept = in->accept;
	x->path = keep(x, in->path);
	x->payload = keep(x, in->payload);
	x->query_n = in->query_n;
	for (size_t i = 0; i < in->query_n; i++)
		x->query[i] = keep(x, in->query[i]);
	x->sent.szx = IMP_BLOCK_SZX;
	return x;
}

static void free_exchange(struct imp_net *net, struct exchange *x)
{
	imp_wipe(x->octets, x->octets_n); /* a Write carries keys */
	free(x->octets);
	imp_body_drop(&x->received, &net->pool);
	free(x);
}

/* ---- messages -----------------------------------------------------------------------------------
 */

static bool add_number(coap_pdu_t *pdu, uint16_t option, uint32_t v)
{
	uint8_t b[4];

	return coap_add_option(pdu, option, coap_encode_var_safe(b, sizeof b, v), b) > 0;
}

/* Segments of a path; "" has none. */
static bool add_path(coap_pdu_t *pdu, struct imp_span path)
{
	size_t at = 0;

	while (path.n && at <= path.n) {
		const uint8_t *p = path.p + at;
		const uint8_t *slash =
			at < path.n ? (const uint8_t *)memchr(p, '/', path.n - at) : NULL;
		size_t n = slash ? (size_t)(slash - p) : path.n - at;

		if (coap_add_option(pdu, COAP_OPTION_URI_PATH, n, p) == 0)
			return false;
		at += n + 1;
	}
	return true;
}

/* The next message of an exchange: a part of its payload, or the wish for a part of the answer. */
static bool add_content(coap_pdu_t *pdu, struct exchange *x, bool in_parts)
{
	struct imp_block next = { x->sent.num, false, x->sent.szx };
	bool asks = x->received.p != NULL;
	struct imp_span part = { NULL, 0 };
	bool ok = add_path(pdu, x->path);

	if (ok && !asks && x->format != IMP_FORMAT_NONE)
		ok = add_number(pdu, COAP_OPTION_CONTENT_FORMAT, x->format);
	for (size_t i = 0; ok && i < x->query_n; i++)
		ok = coap_add_option(pdu, COAP_OPTION_URI_QUERY, x->query[i].n, x->query[i].p) > 0;
	if (ok && x->accept != IMP_FORMAT_NONE)
		ok = add_number(pdu, COAP_OPTION_ACCEPT, x->accept);
	if (asks)
		return ok && add_number(pdu, COAP_OPTION_BLOCK2, imp_block_value(&next));
	if (imp_block_cut(x->payload, &x->sent, &part) != IMP_OK)
		return false;
	if (ok && in_parts)
		ok = add_number(pdu, COAP_OPTION_BLOCK1, imp_block_value(&x->sent));
	/* The length helps receivers that take parts for wholes without it. */
	if (ok && in_parts && x->sent.num == 0)
		ok = add_number(pdu, COAP_OPTION_SIZE1, (uint32_t)x->payload.n);
	return ok && (part.n == 0 || coap_add_data(pdu, part.n, part.p));
}

static bool transmit(struct session *s, struct exchange *x)
{
	bool in_parts = x->payload.n > imp_block_size(&x->sent) || x->sent.num > 0;
	uint64_t wait = (uint64_t)s->net->options.ack_timeout_ms * WAIT_PER_ACK,
		 now = imp_coap_now_ms();
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, (coap_pdu_code_t)x->method,
		coap_new_message_id(s->coap), coap_session_max_pdu_size(s->coap));

	if (pdu == NULL)
		return false;
	(void)gnutls_rnd(GNUTLS_RND_NONCE, x->token, sizeof x->token);
	x->deadline_ms = wait + (s->established ? now : s->handshake_until_ms);
	if (!coap_add_token(pdu, sizeof x->token, x->token) || !add_content(pdu, x, in_parts)) {
		coap_delete_pdu(pdu);
		return false;
	}
	s->port->touched = true;
	return coap_send(s->coap, pdu) != COAP_INVALID_MID;
}

static void fail(struct session *s, enum imp_net_failure why)
{
	if (s->failed || s->lost || s->ended)
		return;
	s->failed = true;
	s->why = why;
	imp_coap_changed(s);
	imp_coap_wake(s->net);
}

/* ---- connections --------------------------------------------------------------------------------
 */

void imp_coap_free_wish(struct session *s)
{
	if (s->wish)
		imp_dtls_free(&s->wish->own);
	free(s->wish);
	s->wish = NULL;
}

/* The port that a client session belongs to. */
static enum imp_status choose_port(struct session *s)
{
	struct imp_net *net = s->net;
	bool shared =
		!s->secure || (s->wish->own.kind == IMP_PEER_PSK && s->wish->own.suites_n == 0);
	struct port **place = s->secure ? &net->psk : &net->plain;
	struct port *port;
	enum imp_status st = IMP_OK;

	if (shared && *place) {
		s->port = *place;
		return IMP_OK;
	}
	st = imp_coap_port(net, false, s->secure, &port, NULL);
	if (st != IMP_OK)
		return st;
	port->single = !shared;
	s->port = port;
	if (shared) {
		*place = port;
		return s->secure ? imp_dtls(NULL, &port->dtls, NULL) : IMP_OK;
	}
	port->dtls = s->wish->own;
	memset(&s->wish->own, 0, sizeof s->wish->own);
	return IMP_OK;
}

/* Resolve, and say hello. */
static enum imp_net_failure open_session(struct session *s)
{
	struct sockaddr_storage address;
	coap_address_t to;
	socklen_t n;

	if (imp_coap_resolve(&s->wish->uri, false, &address, &n, NULL) != IMP_OK ||
		n > sizeof to.addr || choose_port(s) != IMP_OK)
		return IMP_NET_REFUSED;
	coap_address_init(&to);
	memcpy(&to.addr, &address, n);
	to.size = n;
	imp_address_text(&to.addr.sa, n, s->address);
	if (s->secure)
		s->coap = imp_dtls_connect(
			s->port, s->port->single ? &s->port->dtls : &s->wish->own, &to);
	else
		s->coap = coap_new_client_session(s->port->coap, NULL, &to, COAP_PROTO_UDP);
	imp_coap_free_wish(s);
	if (s->coap == NULL)
		return s->secure ? IMP_NET_HANDSHAKE : IMP_NET_REFUSED;
	s->established = !s->secure;
	s->handshake_until_ms =
		imp_coap_now_ms() + s->net->options.ack_timeout_ms * HANDSHAKE_PER_ACK;
	imp_coap_set_timing(s);
	coap_session_set_app_data(s->coap, s);
	return IMP_NET_TIMEOUT;
}

static enum imp_status check_client(
	const char *uri, const struct imp_credentials *own, bool secure, struct imp_diag *diag)
{
	if (secure != (own != NULL))
		return imp_diag(diag, IMP_E_USAGE,
			own ? "'%s': credentials, but not coaps"
			    : "'%s': coaps without credentials",
			uri);
	if (own && own->suites_n && !imp_dtls_hooked())
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"'%s': ciphersuites cannot be chosen in this program", uri);
	return IMP_OK;
}

enum imp_status imp_coap_connect(struct imp_net *net, const char *uri,
	const struct imp_credentials *own, uint64_t *session, struct imp_diag *diag)
{
	struct imp_coap_uri parsed;
	struct imp_dtls dtls = { .kind = IMP_PEER_NONE };
	struct session *s;
	enum imp_status st = imp_coap_uri(uri, false, &parsed, diag);

	if (st == IMP_OK)
		st = check_client(uri, own, parsed.secure, diag);
	if (st == IMP_OK && own)
		st = imp_dtls(own, &dtls, diag);
	if (st != IMP_OK)
		return st;
	s = imp_coap_new_session(net);
	if (s)
		s->wish = (struct wish *)malloc(sizeof *s->wish);
	if (s == NULL || s->wish == NULL) {
		imp_dtls_free(&dtls);
		if (s)
			imp_coap_forget(s);
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	}
	if (own && dtls.sni[0] == '\0' && !parsed.literal)
		memcpy(dtls.sni, parsed.host, sizeof dtls.sni);
	s->client = true;
	s->secure = parsed.secure;
	*s->wish = (struct wish){ parsed, dtls };
	*session = s->id;
	return IMP_OK;
}

/* ---- one after the other
 * -------------------------------------------------------------------------- */

void imp_coap_start(struct session *s)
{
	struct exchange *x = s->exchanges;

	if (x == NULL || s->lost || s->ended || s->failed)
		return;
	imp_dtls_enter();
	if (s->wish) {
		enum imp_net_failure why = open_session(s);

		if (s->coap == NULL) {
			imp_coap_lose(s, why);
			imp_coap_wake(s->net);
		}
	}
	if (s->coap && !transmit(s, x))
		fail(s, IMP_NET_CLOSED);
	imp_dtls_leave();
}

/* References keep libcoap from dropping a server's session as idle while we wait for an answer. */
static void hold(struct session *s)
{
	if (s->client || s->held || s->coap == NULL)
		return;
	(void)coap_session_reference(s->coap);
	s->held = true;
}

static void let_go(struct session *s)
{
	if (!s->held || s->coap == NULL || s->lost || s->ended)
		return; /* parting releases it */
	s->held = false;
	coap_session_release(s->coap);
}

static struct exchange *take_first(struct session *s)
{
	struct exchange *x = s->exchanges;

	s->exchanges = x->next;
	if (s->exchanges == NULL) {
		s->last_exchange = NULL;
		s->net->busy--;
		let_go(s);
	}
	return x;
}

enum imp_status imp_coap_send(
	struct imp_net *net, uint64_t session, const struct imp_request *in, uint64_t *request)
{
	struct session *s = imp_coap_find(net, session);
	struct exchange *x;

	if (s == NULL)
		return IMP_E_ABSENT;
	x = copy_request(in);
	if (x == NULL)
		return in->query_n > IMP_QUERY_MAX ? IMP_E_SPACE : IMP_E_INTERNAL;
	x->id = ++net->last_number;
	*request = x->id;
	if (s->exchanges) {
		s->last_exchange->next = x;
		s->last_exchange = x;
		return IMP_OK;
	}
	s->exchanges = s->last_exchange = x;
	net->busy++;
	hold(s);
	if (net->serving) {
		s->starts = true;
		imp_coap_changed(s);
		return IMP_OK;
	}
	imp_coap_start(s);
	imp_coap_wake(net);
	return IMP_OK;
}

void imp_coap_fail_first(struct session *s, enum imp_net_failure why)
{
	struct imp_net *net = s->net;
	struct exchange *x;

	if (s->exchanges == NULL)
		return;
	x = take_first(s);
	net->told++;
	if (net->events.failed)
		net->events.failed(net->events.ctx, s->id, x->id, why);
	free_exchange(net, x);
	imp_coap_start(s);
}

static void answer_first(struct session *s, const struct imp_response *in)
{
	struct imp_net *net = s->net;
	struct exchange *x = take_first(s);
	struct imp_response out = *in;

	if (x->received.p && imp_coap_success(in->code)) {
		out.payload = imp_span(x->received.p, x->received.n);
		out.format = x->answer_format;
	}
	net->told++;
	net->events.response(net->events.ctx, s->id, x->id, &out);
	free_exchange(net, x);
	imp_coap_start(s);
}

void imp_coap_look_at_clock(struct imp_net *net)
{
	uint64_t now = imp_coap_now_ms();

	for (size_t i = 0; i < net->slots_n; i++) {
		struct session *s = net->slots[i];

		if (s == NULL || s->starts || s->exchanges == NULL)
			continue;
		if (!s->established && s->handshake_until_ms <= now)
			imp_coap_lose(s, IMP_NET_HANDSHAKE);
		else if (s->exchanges->deadline_ms <= now)
			fail(s, IMP_NET_TIMEOUT);
	}
}

/* ---- answers ------------------------------------------------------------------------------------
 */

struct answer {
	struct imp_response response;
	struct imp_block block1, block2;
	bool has1, has2, bad;
	uint8_t location[LOCATION_MAX];
};

static uint32_t number(struct imp_span s)
{
	return s.n <= 4 ? coap_decode_var_bytes(s.p, s.n) : UINT32_MAX;
}

static void add_location(struct answer *a, struct imp_span segment)
{
	struct imp_span *l = &a->response.location;

	if (l->n + segment.n + 1 > sizeof a->location) {
		a->bad = true;
		return;
	}
	if (l->n)
		a->location[l->n++] = '/';
	if (segment.n)
		memcpy(a->location + l->n, segment.p, segment.n);
	l->n += segment.n;
	l->p = a->location;
}

static void read_block(struct imp_span option, struct imp_block *out, bool *has, bool *bad)
{
	*has = true;
	if (imp_block_read(option, out) != IMP_OK)
		*bad = true;
}

static void read_answer(const coap_pdu_t *in, struct answer *a)
{
	coap_opt_iterator_t it;
	const coap_opt_t *o;
	const uint8_t *data = NULL;
	size_t n = 0;

	memset(a, 0, sizeof *a);
	a->response.code = (uint8_t)coap_pdu_get_code(in);
	a->response.format = IMP_FORMAT_NONE;
	coap_option_iterator_init(in, &it, COAP_OPT_ALL);
	while ((o = coap_option_next(&it)) != NULL) {
		struct imp_span v = imp_span(coap_opt_value(o), coap_opt_length(o));

		if (it.number == COAP_OPTION_LOCATION_PATH)
			add_location(a, v);
		if (it.number == COAP_OPTION_CONTENT_FORMAT && number(v) < IMP_FORMAT_NONE)
			a->response.format = (uint16_t)number(v);
		if (it.number == COAP_OPTION_BLOCK1)
			read_block(v, &a->block1, &a->has1, &a->bad);
		if (it.number == COAP_OPTION_BLOCK2)
			read_block(v, &a->block2, &a->has2, &a->bad);
	}
	if (coap_get_data(in, &n, &data))
		a->response.payload = imp_span(data, n);
}

enum next { FINISH, SEND, SPOILT };

/* The peer has a part of our payload.  A smaller block that it asks for counts from here on. */
static enum next next_part(struct exchange *x, const struct answer *a)
{
	size_t at = imp_block_offset(&x->sent);

	if (a->response.code == IMP_COAP_TOO_LARGE && a->has1 && x->sent.num == 0 &&
		a->block1.szx < x->sent.szx) {
		x->sent.szx = a->block1.szx;
		return SEND;
	}
	if (a->response.code != IMP_COAP(2, 31)) {
		if (!imp_coap_success(a->response.code))
			return FINISH;
		return SPOILT; /* it took a part for the whole */
	}
	if (!a->has1 || a->block1.num != x->sent.num)
		return SPOILT;
	at += imp_block_size(&x->sent);
	if (a->block1.szx < x->sent.szx)
		x->sent.szx = a->block1.szx;
	x->sent.num = (uint32_t)(at / imp_block_size(&x->sent));
	return x->sent.num <= IMP_BLOCK_NUM_MAX ? SEND : SPOILT;
}

static enum next take_part(struct session *s, struct exchange *x, const struct answer *a)
{
	if (x->received.p == NULL)
		x->answer_format = a->response.format;
	switch (imp_body_take(&x->received, &s->net->pool, &a->block2, a->response.payload,
		s->net->options.body_max)) {
	case IMP_BODY_DONE:
		return FINISH;
	case IMP_BODY_MORE:
		x->sent = (struct imp_block){ a->block2.num + 1, false, a->block2.szx };
		return SEND;
	case IMP_BODY_BAD:
	case IMP_BODY_GAP:
	case IMP_BODY_LARGE:
	case IMP_BODY_NO_ROOM:
	default:
		return SPOILT;
	}
}

static enum next judge_answer(struct session *s, struct exchange *x, const struct answer *a)
{
	if (a->bad)
		return SPOILT;
	if (x->received.p == NULL && x->sent.more)
		return next_part(x, a);
	if (a->response.code == IMP_COAP(2, 31))
		return SPOILT;
	if (a->has2 && imp_coap_success(a->response.code) &&
		(a->block2.more || a->block2.num || x->received.p))
		return take_part(s, x, a);
	return x->received.p && imp_coap_success(a->response.code) ? SPOILT : FINISH;
}

/* Is this message, or the one that it answers, the one that we wait for? */
static bool under_way(const struct session *s, const coap_pdu_t *pdu)
{
	const struct exchange *x = s->lost || s->ended || s->failed ? NULL : s->exchanges;
	coap_bin_const_t token = coap_pdu_get_token(pdu);

	return x && token.length == sizeof x->token &&
	       memcmp(token.s, x->token, sizeof x->token) == 0;
}

coap_response_t imp_coap_on_response(
	coap_session_t *coap, const coap_pdu_t *sent, const coap_pdu_t *in, coap_mid_t mid)
{
	struct session *s = (struct session *)coap_session_get_app_data(coap);
	struct exchange *x;
	struct answer a;

	(void)sent;
	(void)mid;
	if (s == NULL || !under_way(s, in))
		return COAP_RESPONSE_FAIL;
	x = s->exchanges;
	s->established = true;
	read_answer(in, &a);
	switch (judge_answer(s, x, &a)) {
	case FINISH:
		answer_first(s, &a.response);
		break;
	case SEND:
		if (!transmit(s, x))
			fail(s, IMP_NET_CLOSED);
		break;
	case SPOILT:
	default:
		fail(s, IMP_NET_MALFORMED);
		break;
	}
	return COAP_RESPONSE_OK;
}

void imp_coap_on_nack(
	coap_session_t *coap, const coap_pdu_t *sent, coap_nack_reason_t reason, coap_mid_t mid)
{
	struct session *s = (struct session *)coap_session_get_app_data(coap);

	(void)mid;
	if (s == NULL)
		return;
	switch (reason) {
	case COAP_NACK_TOO_MANY_RETRIES:
		if (under_way(s, sent))
			fail(s, IMP_NET_TIMEOUT);
		break;
	case COAP_NACK_RST:
		if (under_way(s, sent))
			fail(s, IMP_NET_REFUSED);
		break;
	case COAP_NACK_ICMP_ISSUE:
		imp_coap_lose(s, IMP_NET_REFUSED);
		s->why = IMP_NET_REFUSED; /* the end of DTLS has been told before its cause */
		break;
	case COAP_NACK_TLS_FAILED:
	case COAP_NACK_NOT_DELIVERABLE:
	default:
		imp_coap_lose(s, s->established ? IMP_NET_CLOSED : IMP_NET_HANDSHAKE);
		break;
	}
}
