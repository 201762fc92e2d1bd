/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/registration.h"

#include <string.h>

#include "bootstrap/client_account.h"
#include "bootstrap/client_path.h"

#define SECURITY 0
#define SERVER 1
#define DEVICE 3
#define OSCORE 21
#define COSE 23
#define URI 0

/* ---- what the configuration says --------------------------------------------------------------
 */

static uint32_t number(const struct imr_at *at, uint16_t resource, uint32_t absent)
{
	struct imp_span value = imr_at_resource(at, resource);

	return value.p ? imr_natural(value) : absent;
}

static uint16_t security_of(const struct imr_set *set, uint16_t ssid)
{
	struct imr_at at;

	imr_set_start(&at);
	return imr_server_next(set, &at, ssid) ? at.instance : IMR_NO_ID;
}

bool imp_registration_terms(
	const struct imr_set *set, uint16_t ssid, struct imp_registration_terms *out)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object != SERVER || !imr_live(set, &at) || imr_ssid(&at) != ssid)
			continue;
		*out = (struct imp_registration_terms){ .ssid = ssid,
			.instance = at.instance,
			.security = security_of(set, ssid),
			.lifetime = number(&at, 1, 86400),
			.disable_timeout = number(&at, 5, 86400),
			.initial_delay = number(&at, 14, 0),
			.retry_count = number(&at, 17, 5),
			.retry_timer = number(&at, 18, 60),
			.sequence_delay = number(&at, 19, 86400),
			.sequence_count = number(&at, 20, 1) };
		return true;
	}
	return false;
}

static void put_link(struct imp_wr *out, uint16_t object, uint16_t instance)
{
	imp_wr_text(out, out->n ? ",</" : "</");
	imr_decimal(out, object);
	imp_wr_u8(out, '/');
	imr_decimal(out, instance);
	imp_wr_u8(out, '>');
}

void imp_registration_list(const struct imr_set *set, struct imp_wr *out)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (at.object != SECURITY && at.object != OSCORE && at.object != COSE &&
			at.object != DEVICE && imr_live(set, &at))
			put_link(out, at.object, at.instance);
	put_link(out, DEVICE, 0);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static unsigned hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16;
}

/* Percent-encoding resolved, but not into what would end a segment. */
static void put_decoded(struct imp_wr *wr, struct imp_span text)
{
	struct imp_rd rd = imp_rd(text);

	while (rd.n) {
		uint8_t c = imp_rd_u8(&rd);

		if (c == '%') {
			unsigned high = hex(imp_rd_u8(&rd)), low = hex(imp_rd_u8(&rd));

			c = (uint8_t)(high << 4 | low);
			if (rd.st != IMP_OK || high > 15 || low > 15 || c == '/' || c == 0)
				imp_wr_fail(wr, IMP_E_FORMAT);
		}
		imp_wr_u8(wr, c);
	}
}

/* The path of a URI, without slashes in front of it and behind it. */
static struct imp_span path_of(struct imp_span uri)
{
	size_t from = 0, to;
	unsigned slashes = 0;

	while (from < uri.n && slashes < 3 && uri.p[from] != '?' && uri.p[from] != '#')
		slashes += uri.p[from++] == '/';
	for (to = from; to < uri.n && uri.p[to] != '?' && uri.p[to] != '#';)
		to++;
	while (to > from && uri.p[to - 1] == '/')
		to--;
	return imp_span(uri.p + from, to - from);
}

/* "rd" behind the path of the server's URI. */
static void put_path(struct imp_registration *r, const struct imr_set *set)
{
	struct imp_wr wr = imp_wr(r->path, sizeof r->path);
	struct imp_span path = imp_span(NULL, 0);
	struct imr_at at;

	if (imr_set_find(set, SECURITY, r->terms.security, &at) && imr_at_resource(&at, URI).n)
		path = path_of(imr_at_resource(&at, URI));
	put_decoded(&wr, path);
	imp_wr_text(&wr, path.n ? "/rd" : "rd");
	r->path_n = wr.st == IMP_OK ? wr.n : 0;
}

static bool take(struct imp_registration *r, const struct imr_set *set, uint16_t ssid)
{
	struct imp_wr list = imp_wr(r->list, sizeof r->list);

	if (!imp_registration_terms(set, ssid, &r->terms) || r->terms.security == IMR_NO_ID)
		return false;
	put_path(r, set);
	imp_registration_list(set, &list);
	r->list_n = list.n;
	return list.st == IMP_OK && r->path_n != 0;
}

static void parameter(struct imp_registration *r, struct imp_wr *wr, size_t from)
{
	r->query[r->send.query_n++] = imp_span(wr->p + from, wr->n - from);
}

static void put_lifetime(struct imp_registration *r, struct imp_wr *wr)
{
	size_t from = wr->n;

	imp_wr_text(wr, "lt=");
	imr_decimal(wr, r->terms.lifetime);
	parameter(r, wr, from);
}

static void request(
	struct imp_registration *r, enum imp_method method, const char *path, size_t path_n)
{
	r->send = (struct imp_request){ .method = method,
		.path = imp_span(path, path_n),
		.query = r->query,
		.format = IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_NONE };
}

static void put_list(struct imp_registration *r)
{
	r->send.format = IMP_FORMAT_LINK;
	r->send.payload = imp_span(r->list, r->list_n);
}

static enum imp_registration_next ask(struct imp_registration *r)
{
	struct imp_wr wr = imp_wr(r->texts, sizeof r->texts);
	size_t from;

	request(r, IMP_POST, r->path, r->path_n);
	imp_wr_text(&wr, "ep=");
	imp_wr_put(&wr, r->endpoint);
	parameter(r, &wr, 0);
	put_lifetime(r, &wr);
	from = wr.n;
	imp_wr_text(&wr, "lwm2m=1.");
	imr_decimal(&wr, r->version);
	parameter(r, &wr, from);
	from = wr.n;
	imp_wr_text(&wr, "b=U");
	parameter(r, &wr, from);
	put_list(r);
	r->told_lifetime = r->terms.lifetime;
	r->told_n = r->list_n;
	r->state = IMP_REG_REGISTERING;
	if (wr.st != IMP_OK) {
		r->state = IMP_REG_REST;
		return IMP_REG_FAILED;
	}
	return IMP_REG_SEND;
}

static enum imp_registration_next delay(struct imp_registration *r, uint32_t seconds, uint32_t now)
{
	r->state = IMP_REG_DELAYED;
	r->deadline = now + (seconds > INT32_MAX ? INT32_MAX : seconds);
	return IMP_REG_WAIT;
}

enum imp_registration_next imp_registration_register(struct imp_registration *r,
	const struct imr_set *set, uint16_t ssid, bool first, uint32_t now)
{
	r->attempts = r->sequences = 0;
	r->location_n = 0;
	r->code = 0;
	r->state = IMP_REG_REST;
	if (!take(r, set, ssid))
		return IMP_REG_FAILED;
	if (first && r->terms.initial_delay)
		return delay(r, r->terms.initial_delay, now);
	return ask(r);
}

enum imp_registration_next imp_registration_update(
	struct imp_registration *r, const struct imr_set *set, uint32_t now)
{
	struct imp_wr wr = imp_wr(r->texts, sizeof r->texts);
	char before[IMP_REGISTRATION_LIST];
	bool registered = r->state == IMP_REG_REGISTERED;

	(void)now;
	memcpy(before, r->list, sizeof before);
	r->code = 0;
	if (!registered || !take(r, set, r->terms.ssid)) {
		r->state = IMP_REG_REST;
		return IMP_REG_FAILED;
	}
	request(r, IMP_POST, r->location, r->location_n);
	if (r->terms.lifetime != r->told_lifetime)
		put_lifetime(r, &wr);
	if (r->list_n != r->told_n || memcmp(before, r->list, r->list_n) != 0)
		put_list(r);
	r->told_lifetime = r->terms.lifetime;
	r->told_n = r->list_n;
	r->state = IMP_REG_UPDATING;
	return IMP_REG_SEND;
}

static bool leave(struct imp_registration *r)
{
	bool registered = r->state == IMP_REG_REGISTERED;

	r->code = 0;
	r->state = IMP_REG_REST;
	if (registered)
		request(r, IMP_DELETE, r->location, r->location_n);
	return registered;
}

enum imp_registration_next imp_registration_leave(struct imp_registration *r)
{
	if (!leave(r))
		return IMP_REG_DONE;
	r->state = IMP_REG_LEAVING;
	return IMP_REG_SEND;
}

enum imp_registration_next imp_registration_disable(struct imp_registration *r, uint32_t now)
{
	uint32_t seconds = r->terms.disable_timeout;
	bool registered = leave(r);

	r->deadline = now + (seconds > INT32_MAX ? INT32_MAX : seconds);
	r->state = registered ? IMP_REG_DISABLING : IMP_REG_DISABLED;
	return registered ? IMP_REG_SEND : IMP_REG_WAIT;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static void registered(struct imp_registration *r, uint32_t now)
{
	uint32_t lifetime = r->terms.lifetime, in = lifetime / 2;

	if (lifetime > 2 * IMP_MAX_TRANSMIT_WAIT)
		in = lifetime - IMP_MAX_TRANSMIT_WAIT;
	if (in > INT32_MAX)
		in = INT32_MAX;
	r->state = IMP_REG_REGISTERED;
	r->deadline = now + (in ? in : 1);
}

static enum imp_registration_next again(struct imp_registration *r, uint32_t now)
{
	const struct imp_registration_terms *t = &r->terms;

	if (++r->attempts < t->retry_count) {
		unsigned doublings = r->attempts - 1 > 31 ? 31 : r->attempts - 1;
		uint64_t seconds = (uint64_t)t->retry_timer << doublings;

		return delay(r, seconds > INT32_MAX ? INT32_MAX : (uint32_t)seconds, now);
	}
	r->attempts = 0;
	if (++r->sequences < t->sequence_count && t->sequence_delay != UINT32_MAX)
		return delay(r, t->sequence_delay, now);
	r->state = IMP_REG_REST;
	return IMP_REG_FAILED;
}

static enum imp_registration_next answer_register(
	struct imp_registration *r, const struct imp_response *in, uint32_t now)
{
	if (in && in->code == IMP_COAP_CREATED && in->location.n &&
		in->location.n <= sizeof r->location) {
		memcpy(r->location, in->location.p, in->location.n);
		r->location_n = in->location.n;
		registered(r, now);
		return IMP_REG_DONE;
	}
	if (!in || in->code >> 5 == 5)
		return again(r, now);
	r->state = IMP_REG_REST;
	return IMP_REG_FAILED;
}

enum imp_registration_next imp_registration_answer(
	struct imp_registration *r, const struct imp_response *in, uint32_t now)
{
	enum imp_registration_state was = r->state;

	r->code = in ? in->code : 0;
	switch (was) {
	case IMP_REG_REGISTERING:
		return answer_register(r, in, now);
	case IMP_REG_UPDATING:
		if (in && imp_coap_success(in->code)) {
			registered(r, now);
			return IMP_REG_DONE;
		}
		r->state = IMP_REG_REST;
		return IMP_REG_FAILED;
	case IMP_REG_LEAVING:
		r->state = IMP_REG_REST;
		return IMP_REG_DONE;
	case IMP_REG_DISABLING:
		r->state = IMP_REG_DISABLED;
		return IMP_REG_WAIT;
	case IMP_REG_REST:
	case IMP_REG_DELAYED:
	case IMP_REG_REGISTERED:
	case IMP_REG_DISABLED:
	default:
		return IMP_REG_WAIT;
	}
}

/* ---- time -------------------------------------------------------------------------------------
 */

uint32_t imp_registration_due(const struct imp_registration *r, uint32_t now)
{
	int32_t left = (int32_t)(r->deadline - now);

	if (r->state != IMP_REG_DELAYED && r->state != IMP_REG_REGISTERED &&
		r->state != IMP_REG_DISABLED)
		return UINT32_MAX;
	if (r->state == IMP_REG_REGISTERED && r->terms.lifetime == 0)
		return UINT32_MAX;
	return left > 0 ? (uint32_t)left : 0;
}

enum imp_registration_next imp_registration_tick(struct imp_registration *r, uint32_t now)
{
	if (imp_registration_due(r, now))
		return IMP_REG_WAIT;
	if (r->state == IMP_REG_DELAYED)
		return ask(r);
	if (r->state == IMP_REG_DISABLED) {
		r->state = IMP_REG_REST;
		return IMP_REG_LOST;
	}
	r->deadline = now + 60; /* the device may be at something else now: say it again */
	return IMP_REG_DUE;
}
