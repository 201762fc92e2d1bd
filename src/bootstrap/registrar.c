/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/registrar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_registrar {
	struct imp_registrar_seam seam;
	struct imp_registered *v; /* heap; entries that are gone are used again */
	size_t n, cap;
	uint32_t last;
	char location[24];
};

enum imp_status imp_registrar_open(
	const struct imp_registrar_seam *seam, struct imp_registrar **out)
{
	struct imp_registrar *r = calloc(1, sizeof *r);

	if (!r)
		return IMP_E_INTERNAL;
	r->seam = *seam;
	*out = r;
	return IMP_OK;
}

void imp_registrar_close(struct imp_registrar *r)
{
	if (!r)
		return;
	free(r->v);
	free(r);
}

static void tell(
	struct imp_registrar *r, enum imp_registrar_event event, const struct imp_registered *who)
{
	if (r->seam.event)
		r->seam.event(r->seam.ctx, event, who);
}

/* ---- entries ----------------------------------------------------------------------------------
 */

static struct imp_registered *by_endpoint(const struct imp_registrar *r, struct imp_span endpoint)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].gone && imp_span_eq(imp_span_str(r->v[i].endpoint), endpoint))
			return &r->v[i];
	return NULL;
}

/* "rd/7" */
static struct imp_registered *by_path(const struct imp_registrar *r, struct imp_span path)
{
	for (size_t i = 0; i < r->n; i++) {
		char text[24];

		(void)snprintf(text, sizeof text, "rd/%u", r->v[i].location);
		if (!r->v[i].gone && imp_span_eq(imp_span_str(text), path))
			return &r->v[i];
	}
	return NULL;
}

static struct imp_registered *place(struct imp_registrar *r)
{
	struct imp_registered *v;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].gone)
			return &r->v[i];
	if (r->n < r->cap)
		return &r->v[r->n++];
	v = realloc(r->v, (r->cap ? 2 * r->cap : 8) * sizeof *v);
	if (!v)
		return NULL;
	r->v = v;
	r->cap = r->cap ? 2 * r->cap : 8;
	return &r->v[r->n++];
}

static void copy(char *to, size_t cap, struct imp_span from)
{
	size_t n = from.n < cap ? from.n : cap - 1;

	if (n)
		memcpy(to, from.p, n);
	to[n] = '\0';
}

/* lt=; false when it is no number. */
static bool lifetime(const struct imp_request *in, uint32_t *out)
{
	struct imp_span text = imp_request_query(in, "lt");
	uint64_t v = 0;

	if (!text.p)
		return true;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || v > UINT32_MAX)
			return false;
		v = 10 * v + (unsigned)(text.p[i] - '0');
	}
	if (v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static uint8_t enter(struct imp_registrar *r, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out, uint32_t now)
{
	struct imp_span endpoint = imp_request_query(in, "ep");
	uint32_t seconds = 86400;
	struct imp_registered *e;

	if (!endpoint.n || endpoint.n > IMP_ENDPOINT_MAX || memchr(endpoint.p, 0, endpoint.n) ||
		!lifetime(in, &seconds) || (in->payload.n && in->format != IMP_FORMAT_LINK))
		return IMP_COAP_BAD_REQUEST;
	if (r->seam.admit && !r->seam.admit(r->seam.ctx, endpoint, peer))
		return IMP_COAP_BAD_REQUEST;
	e = by_endpoint(r, endpoint);
	if (!e)
		e = place(r);
	if (!e)
		return IMP_COAP_UNAVAILABLE;
	*e = (struct imp_registered){ .lifetime = seconds,
		.location = ++r->last,
		.until = now + seconds,
		.session = peer->session };
	copy(e->endpoint, sizeof e->endpoint, endpoint);
	copy(e->list, sizeof e->list, in->payload);
	copy(e->version, sizeof e->version, imp_request_query(in, "lwm2m"));
	copy(e->binding, sizeof e->binding, imp_request_query(in, "b"));
	(void)snprintf(r->location, sizeof r->location, "rd/%u", e->location);
	out->location = imp_span_str(r->location);
	tell(r, IMP_REGISTERED, e);
	return IMP_COAP_CREATED;
}

static uint8_t update(struct imp_registrar *r, struct imp_registered *e,
	const struct imp_peer *peer, const struct imp_request *in, uint32_t now)
{
	if (r->seam.admit && !r->seam.admit(r->seam.ctx, imp_span_str(e->endpoint), peer))
		return IMP_COAP_BAD_REQUEST;
	if (!lifetime(in, &e->lifetime))
		return IMP_COAP_BAD_REQUEST;
	if (in->payload.n)
		copy(e->list, sizeof e->list, in->payload);
	e->until = now + e->lifetime;
	e->session = peer->session;
	e->updates++;
	tell(r, IMP_UPDATED, e);
	return IMP_COAP_CHANGED;
}

static void end(struct imp_registrar *r, struct imp_registered *e, enum imp_registrar_event event)
{
	e->gone = true;
	tell(r, event, e);
}

void imp_registrar_request(struct imp_registrar *r, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out, uint32_t now)
{
	struct imp_registered *e = by_path(r, in->path);

	*out = (struct imp_response){ .code = IMP_COAP_NOT_FOUND, .format = IMP_FORMAT_NONE };
	imp_registrar_tick(r, now);
	if (e && e->gone)
		return;
	if (in->method == IMP_POST && imp_span_eq(in->path, imp_span_str("rd"))) {
		out->code = enter(r, peer, in, out, now);
	} else if (e && in->method == IMP_POST) {
		out->code = update(r, e, peer, in, now);
	} else if (e && in->method == IMP_DELETE) {
		end(r, e, IMP_DEREGISTERED);
		out->code = IMP_COAP_DELETED;
	}
}

void imp_registrar_tick(struct imp_registrar *r, uint32_t now)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].gone && r->v[i].lifetime && (int32_t)(now - r->v[i].until) >= 0)
			end(r, &r->v[i], IMP_EXPIRED);
}

void imp_registrar_forget(struct imp_registrar *r, const char *endpoint)
{
	struct imp_registered *e = by_endpoint(r, imp_span_str(endpoint));

	if (e)
		e->gone = true;
}

const struct imp_registered *imp_registrar_find(const struct imp_registrar *r, const char *endpoint)
{
	return by_endpoint(r, imp_span_str(endpoint));
}

size_t imp_registrar_count(const struct imp_registrar *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += !r->v[i].gone;
	return n;
}
