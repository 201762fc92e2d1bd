/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/server.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 200
#define BUCKETS 4096U /* chains stay short up to some ten thousand sessions */
#define PACK_MAX (2 * IMP_PAYLOAD_MAX)

enum stage {
	STAGE_DISCOVER, /* its answer leads to the steps */
	STAGE_STEPS,
};

struct session {
	/* Chains: of the same bucket by id, by endpoint; and of those with a request to send. */
	struct session *by_id, *by_endpoint, *ready;
	uint64_t id;
	uint8_t endpoint[IMP_ENDPOINT_MAX];
	size_t endpoint_n;
	struct imp_bs_policy policy;
	uint16_t format;
	enum stage stage;
	bool open;	     /* a request is on its way */
	struct imp_set *set; /* until the steps are made */
	struct imp_steps steps;
	size_t at; /* step that is next, or open */
	unsigned skipped;
};

struct imp_bs_server {
	struct imp_bs_server_seam seam;
	struct session *by_id[BUCKETS], *by_endpoint[BUCKETS];
	struct session *ready, **ready_end; /* first come, first served */
	size_t sessions_n;
	struct imp_links links; /* of the answer at hand */
	uint8_t pack[PACK_MAX]; /* the answer to a request for one */
};

enum imp_status imp_bs_server_open(
	const struct imp_bs_server_seam *seam, struct imp_bs_server **out)
{
	struct imp_bs_server *s = calloc(1, sizeof *s);

	if (!s)
		return IMP_E_INTERNAL;
	s->seam = *seam;
	s->ready_end = &s->ready;
	*out = s;
	return IMP_OK;
}

/* ---- sessions ---------------------------------------------------------------------------------
 */

static void set_drop(struct imp_set **set)
{
	if (*set)
		imp_set_free(*set);
	free(*set);
	*set = NULL;
}

static struct imp_set *set_new(void)
{
	struct imp_set *set = malloc(sizeof *set);

	if (set)
		imp_set_init(set);
	return set;
}

static struct imp_span endpoint_of(const struct session *session)
{
	return imp_span(session->endpoint, session->endpoint_n);
}

/* FNV-1a. */
static struct session **endpoint_bucket(struct imp_bs_server *s, struct imp_span endpoint)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < endpoint.n; i++)
		h = (h ^ endpoint.p[i]) * 16777619U;
	return &s->by_endpoint[h % BUCKETS];
}

static struct session **id_bucket(struct imp_bs_server *s, uint64_t id)
{
	return &s->by_id[(id ^ id >> 24 ^ id >> 48) % BUCKETS];
}

static struct session *find(struct imp_bs_server *s, uint64_t id)
{
	struct session *i = *id_bucket(s, id);

	while (i && i->id != id)
		i = i->by_id;
	return i;
}

static struct session *find_endpoint(struct imp_bs_server *s, struct imp_span endpoint)
{
	struct session *i = *endpoint_bucket(s, endpoint);

	while (i && !imp_span_eq(endpoint_of(i), endpoint))
		i = i->by_endpoint;
	return i;
}

/* Its next request can be sent. */
static void queue(struct imp_bs_server *s, struct session *session)
{
	session->ready = NULL;
	*s->ready_end = session;
	s->ready_end = &session->ready;
}

static void unqueue(struct imp_bs_server *s, const struct session *session)
{
	struct session **link = &s->ready;

	while (*link && *link != session)
		link = &(*link)->ready;
	if (!*link)
		return;
	*link = session->ready;
	if (s->ready_end == &session->ready)
		s->ready_end = link;
}

static void insert(struct imp_bs_server *s, struct session *session)
{
	struct session **id = id_bucket(s, session->id);
	struct session **endpoint = endpoint_bucket(s, endpoint_of(session));

	session->by_id = *id;
	*id = session;
	session->by_endpoint = *endpoint;
	*endpoint = session;
	s->sessions_n++;
	queue(s, session);
}

static void drop(struct imp_bs_server *s, struct session *gone)
{
	struct session **link = id_bucket(s, gone->id);

	while (*link != gone)
		link = &(*link)->by_id;
	*link = gone->by_id;
	link = endpoint_bucket(s, endpoint_of(gone));
	while (*link != gone)
		link = &(*link)->by_endpoint;
	*link = gone->by_endpoint;
	if (!gone->open)
		unqueue(s, gone);
	s->sessions_n--;
	set_drop(&gone->set);
	imp_steps_free(&gone->steps);
	free(gone);
}

void imp_bs_server_close(struct imp_bs_server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (s->by_id[i])
			drop(s, s->by_id[i]);
	imp_wipe(s->pack, sizeof s->pack);
	free(s);
}

size_t imp_bs_server_sessions(const struct imp_bs_server *s)
{
	return s->sessions_n;
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void tell(struct imp_bs_server *s, const struct session *session,
	enum imp_bs_event_kind kind, uint8_t code, const char *text)
{
	const struct imp_bs_event event = { .kind = kind,
		.session = session->id,
		.endpoint = endpoint_of(session),
		.path = "",
		.code = code,
		.skipped = session->skipped,
		.text = text,
		.note = &session->policy.note };

	s->seam.event(s->seam.ctx, &event);
}

/* Diagnostic text of a device: as much of it as is printable. */
static void copy_text(struct imp_span in, char out[static TEXT_MAX])
{
	size_t n = 0;

	for (; n < in.n && n + 1 < TEXT_MAX; n++)
		out[n] = in.p[n] >= 0x20 && in.p[n] < 0x7F ? (char)in.p[n] : '.';
	out[n] = '\0';
}

static void tell_step(
	struct imp_bs_server *s, const struct session *session, const struct imp_response *in)
{
	const struct imp_step *step = &session->steps.v[session->at];
	char text[TEXT_MAX] = "";
	struct imp_bs_event event = { .kind = IMP_BS_STEP,
		.session = session->id,
		.endpoint = endpoint_of(session),
		.method = step->method,
		.path = step->path,
		.code = in->code,
		.skipped = session->skipped,
		.text = text,
		.note = &session->policy.note };

	if (!imp_coap_success(in->code))
		copy_text(in->payload, text);
	s->seam.event(s->seam.ctx, &event);
}

static void refuse(struct imp_bs_server *s, const struct imp_peer *peer, struct imp_span endpoint,
	uint8_t code, const char *text, struct imp_response *out)
{
	const struct imp_bs_event event = { .kind = IMP_BS_REFUSED,
		.session = peer->session,
		.endpoint = endpoint,
		.path = "",
		.code = code,
		.text = text };

	out->code = code;
	out->format = IMP_FORMAT_NONE;
	out->payload = imp_span(NULL, 0);
	s->seam.event(s->seam.ctx, &event);
}

/* ---- a session begins -------------------------------------------------------------------------
 */

/* What the caller says of an endpoint, as a response code; 2.04: set and policy are filled. */
static uint8_t ask(struct imp_bs_server *s, const struct imp_peer *peer, struct imp_span endpoint,
	struct imp_set *set, struct imp_bs_policy *policy, const char **why)
{
	enum imp_status st = s->seam.configure(s->seam.ctx, endpoint, peer, set, policy);

	if (st == IMP_OK)
		return IMP_COAP_CHANGED;
	*why = st == IMP_E_ABSENT   ? "unknown endpoint"
	       : st == IMP_E_DENIED ? "the peer is another device"
				    : "no configuration can be given";
	return st == IMP_E_ABSENT || st == IMP_E_DENIED ? IMP_COAP_BAD_REQUEST : IMP_COAP_INTERNAL;
}

static enum imp_status make_steps(struct session *session, const struct imp_links *device)
{
	enum imp_status st = imp_steps_make(
		&session->steps, session->set, device, session->format, session->policy.clearing);

	set_drop(&session->set);
	session->stage = STAGE_STEPS;
	return st;
}

static void replaced(struct imp_bs_server *s, struct session *old)
{
	if (!old)
		return;
	tell(s, old, IMP_BS_REPLACED, 0, "");
	drop(s, old);
}

/* The newest of an endpoint wins, and so does the newest of a connection. */
static void replace(struct imp_bs_server *s, const struct imp_peer *peer, struct imp_span endpoint)
{
	replaced(s, find_endpoint(s, endpoint));
	replaced(s, find(s, peer->session));
}

/* set is taken over. */
static struct session *start(struct imp_bs_server *s, const struct imp_peer *peer,
	struct imp_span endpoint, struct imp_set *set, const struct imp_bs_policy *policy,
	uint16_t format)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session) {
		set_drop(&set);
		return NULL;
	}
	session->id = peer->session;
	memcpy(session->endpoint, endpoint.p, endpoint.n);
	session->endpoint_n = endpoint.n;
	session->policy = *policy;
	session->format = format;
	session->set = set;
	session->stage = STAGE_DISCOVER;
	if (!policy->discover && make_steps(session, NULL) != IMP_OK) {
		set_drop(&session->set);
		free(session);
		return NULL;
	}
	replace(s, peer, endpoint);
	insert(s, session);
	tell(s, session, IMP_BS_REQUESTED, 0, "");
	return session;
}

enum imp_status imp_bs_server_begin(
	struct imp_bs_server *s, const struct imp_peer *peer, struct imp_span endpoint)
{
	struct imp_bs_policy policy = { .format = IMP_FORMAT_TLV };
	struct imp_set *set = set_new();
	enum imp_status st;

	if (!set)
		return IMP_E_INTERNAL;
	if (endpoint.n == 0 || endpoint.n > IMP_ENDPOINT_MAX) {
		set_drop(&set);
		return IMP_E_ABSENT;
	}
	st = s->seam.configure(s->seam.ctx, endpoint, peer, set, &policy);
	if (st != IMP_OK) {
		set_drop(&set);
		return st;
	}
	return start(s, peer, endpoint, set, &policy, policy.format) ? IMP_OK : IMP_E_INTERNAL;
}

/* ---- requests of devices ----------------------------------------------------------------------
 */

static bool decimal(struct imp_span s, uint16_t *out)
{
	uint32_t v = 0;

	if (s.n == 0 || s.n > 5)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= UINT16_MAX;
}

static bool is_format(uint16_t format)
{
	return format == IMP_FORMAT_TLV || format == IMP_FORMAT_SENML_CBOR ||
	       format == IMP_FORMAT_SENML_JSON;
}

static void on_request(struct imp_bs_server *s, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_span endpoint, struct imp_response *out)
{
	struct imp_span pct = imp_request_query(in, "pct");
	struct imp_bs_policy policy = { .format = IMP_FORMAT_TLV };
	struct imp_set *set;
	uint16_t format = 0;
	const char *why = "";
	uint8_t code;

	if (pct.p && !decimal(pct, &format)) {
		refuse(s, peer, endpoint, IMP_COAP_BAD_REQUEST, "pct is no number", out);
		return;
	}
	if (pct.p && !is_format(format)) {
		refuse(s, peer, endpoint, IMP_COAP_UNSUPPORTED_FORMAT,
			"pct names a format that is not written here", out);
		return;
	}
	set = set_new();
	if (!set) {
		refuse(s, peer, endpoint, IMP_COAP_INTERNAL, "out of memory", out);
		return;
	}
	code = ask(s, peer, endpoint, set, &policy, &why);
	if (code != IMP_COAP_CHANGED) {
		set_drop(&set);
		refuse(s, peer, endpoint, code, why, out);
		return;
	}
	if (!start(s, peer, endpoint, set, &policy, pct.p ? format : policy.format)) {
		refuse(s, peer, endpoint, IMP_COAP_INTERNAL, "no steps can be made", out);
		return;
	}
	out->code = IMP_COAP_CHANGED;
}

/* IMP_COAP_CONTENT: *n octets of s->pack. */
static uint8_t make_pack(struct imp_bs_server *s, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_span endpoint, uint16_t format, size_t *n,
	struct imp_bs_note *note, const char **why)
{
	struct imp_bs_policy policy = { .format = IMP_FORMAT_SENML_CBOR };
	struct imp_wr wr = imp_wr(s->pack, sizeof s->pack);
	struct imp_set *set = set_new();
	uint8_t code;

	if (!set)
		return IMP_COAP_INTERNAL;
	code = ask(s, peer, endpoint, set, &policy, why);
	if (code == IMP_COAP_CHANGED && !policy.pack) {
		*why = "packs are not given out";
		code = IMP_COAP_NOT_ALLOWED;
	} else if (code == IMP_COAP_CHANGED) {
		code = imp_steps_pack(set, imp_request_query(in, "acc"), format, &wr) == IMP_OK
			       ? IMP_COAP_CONTENT
			       : IMP_COAP_BAD_REQUEST;
	}
	set_drop(&set);
	*note = policy.note;
	*n = wr.n;
	return code;
}

static void on_pack(struct imp_bs_server *s, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_span endpoint, struct imp_response *out)
{
	uint16_t format = in->accept == IMP_FORMAT_NONE ? IMP_FORMAT_SENML_CBOR : in->accept;
	struct imp_bs_event event = { .kind = IMP_BS_PACKED,
		.session = peer->session,
		.endpoint = endpoint,
		.path = "",
		.text = "" };
	const char *why = "the pack cannot be made";
	uint8_t code;
	struct imp_bs_note note = { 0 };
	size_t n = 0;

	if (format != IMP_FORMAT_SENML_CBOR && format != IMP_FORMAT_SENML_JSON) {
		refuse(s, peer, endpoint, IMP_COAP_NOT_ACCEPTABLE,
			"a pack is SenML CBOR or SenML JSON", out);
		return;
	}
	event.note = &note;
	code = make_pack(s, peer, in, endpoint, format, &n, &note, &why);
	if (code != IMP_COAP_CONTENT) {
		refuse(s, peer, endpoint, code, why, out);
		return;
	}
	out->code = event.code = code;
	out->format = format;
	out->payload = imp_span(s->pack, n);
	s->seam.event(s->seam.ctx, &event);
}

void imp_bs_server_request(struct imp_bs_server *s, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out)
{
	struct imp_span endpoint = imp_request_query(in, "ep");
	bool pack = imp_span_eq(in->path, imp_span_str("bspack"));

	*out = (struct imp_response){ .code = IMP_COAP_NOT_FOUND, .format = IMP_FORMAT_NONE };
	if (!pack && !imp_span_eq(in->path, imp_span_str("bs")))
		return;
	if (in->method != (pack ? IMP_GET : IMP_POST)) {
		out->code = IMP_COAP_NOT_ALLOWED;
		return;
	}
	if (endpoint.n == 0 || endpoint.n > IMP_ENDPOINT_MAX || !imp_span_utf8(endpoint)) {
		refuse(s, peer, imp_span(NULL, 0), IMP_COAP_BAD_REQUEST,
			endpoint.n ? "ep is no endpoint name" : "no ep", out);
		return;
	}
	if (pack)
		on_pack(s, peer, in, endpoint, out);
	else
		on_request(s, peer, in, endpoint, out);
}

/* ---- requests to devices ----------------------------------------------------------------------
 */

static void fill_discover(struct imp_request *out)
{
	*out = (struct imp_request){ .method = IMP_GET,
		.path = imp_span_str(""),
		.format = IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_LINK };
}

static void fill_step(const struct imp_steps *steps, size_t at, struct imp_request *out)
{
	const struct imp_step *step = &steps->v[at];

	*out = (struct imp_request){ .method = step->method,
		.path = imp_span_str(step->path),
		.format = step->method == IMP_PUT ? steps->format : IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_NONE,
		.payload = imp_span(step->n ? steps->octets + step->at : NULL, step->n) };
}

bool imp_bs_server_next(struct imp_bs_server *s, uint64_t *session, struct imp_request *out)
{
	struct session *i = s->ready;

	if (!i)
		return false;
	unqueue(s, i);
	if (i->stage == STAGE_DISCOVER)
		fill_discover(out);
	else
		fill_step(&i->steps, i->at, out);
	i->open = true;
	*session = i->id;
	return true;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static void fail(struct imp_bs_server *s, struct session *session, uint8_t code, const char *text)
{
	tell(s, session, IMP_BS_FAILED, code, text);
	drop(s, session);
}

/* A device that does not know Discover gets the identifiers as they are. */
static void on_discovered(
	struct imp_bs_server *s, struct session *session, const struct imp_response *in)
{
	bool known =
		in->code == IMP_COAP_CONTENT && imp_links_read(in->payload, &s->links) == IMP_OK;

	if (make_steps(session, known ? &s->links : NULL) != IMP_OK)
		fail(s, session, 0, "no steps can be made");
	else
		queue(s, session);
}

static void on_finished(
	struct imp_bs_server *s, struct session *session, const struct imp_response *in)
{
	char text[TEXT_MAX];

	if (imp_coap_success(in->code)) {
		tell(s, session, IMP_BS_FINISHED, in->code, "");
		drop(s, session);
		return;
	}
	copy_text(in->payload, text);
	fail(s, session, in->code, text);
}

static void on_step(struct imp_bs_server *s, struct session *session, const struct imp_response *in)
{
	const struct imp_step *step = &session->steps.v[session->at];

	if (step->finish) {
		on_finished(s, session, in);
		return;
	}
	session->skipped += !imp_coap_success(in->code);
	tell_step(s, session, in);
	session->at++;
	queue(s, session);
}

void imp_bs_server_answer(struct imp_bs_server *s, uint64_t id, const struct imp_response *in,
	enum imp_net_failure why)
{
	static const char *const lost[] = {
		[IMP_NET_TIMEOUT] = "the device does not answer",
		[IMP_NET_REFUSED] = "the device refuses messages",
		[IMP_NET_HANDSHAKE] = "the handshake failed",
		[IMP_NET_CLOSED] = "the device has ended the session",
	};
	struct session *session = find(s, id);

	if (!session || !session->open)
		return;
	session->open = false;
	if (!in)
		fail(s, session, 0, lost[why]);
	else if (session->stage == STAGE_DISCOVER)
		on_discovered(s, session, in);
	else
		on_step(s, session, in);
}

void imp_bs_server_closed(struct imp_bs_server *s, uint64_t id)
{
	struct session *session = find(s, id);

	if (session)
		fail(s, session, 0, "the device has ended the session");
}
