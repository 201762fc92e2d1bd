/* SPDX-License-Identifier: Apache-2.0 */
/* A device's registrations: the machines, their sessions, and what the sequence is told. */
#include "cmd/device_parts.h"

#include <string.h>

static struct imp_device_link *find(struct imp_device *d, uint16_t ssid)
{
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		if (d->links[i].ssid == ssid)
			return &d->links[i];
	return NULL;
}

struct imp_device_link *imp_device_link_of(struct imp_device *d, uint16_t ssid)
{
	return ssid ? find(d, ssid) : NULL;
}

struct imp_device_link *imp_device_link(struct imp_device *d, uint64_t session)
{
	for (size_t i = 0; i < IMR_SERVERS_MAX; i++)
		if (session && d->links[i].session == session)
			return &d->links[i];
	return NULL;
}

static void event(const struct imp_device *d, const struct imp_device_link *link,
	enum imp_device_event_kind kind, const char *text)
{
	char path[64];

	imp_device_tell(d,
		(struct imp_device_event){ .kind = kind,
			.ssid = link->ssid,
			.code = imp_coap_success(link->registration.code) ? 0
									  : link->registration.code,
			.seconds = kind == IMP_DEVICE_OFF ? link->registration.terms.disable_timeout
							  : link->registration.terms.lifetime,
			.path = kind == IMP_DEVICE_REGISTERED
					? imp_device_path(imp_span(link->registration.location,
								  link->registration.location_n),
						  path)
					: NULL,
			.text = text });
}

/* ---- sending ----------------------------------------------------------------------------------
 */

static bool transmit(struct imp_device *d, struct imp_device_link *link, struct imp_diag *diag)
{
	char uri[IMP_DEVICE_URI] = "";
	bool begun = link->registration.state == IMP_REG_REGISTERING;

	if (!link->session && imr_store_read(&d->store) == IMR_OK) {
		link->session = imp_device_connect(d, link->registration.terms.security, uri, diag);
		imr_store_wipe(&d->store);
	}
	if (begun && uri[0])
		imp_device_tell(d,
			(struct imp_device_event){
				.kind = IMP_DEVICE_REGISTERING, .ssid = link->ssid, .uri = uri });
	return link->session && d->options.net->send(d->net, link->session,
					&link->registration.send, &link->request) == IMP_OK;
}

/* What the machine's word means for the sequence. */
static void conclude(struct imp_device *d, struct imp_device_link *link,
	enum imp_registration_state was, enum imp_registration_next next, const char *why)
{
	switch (next) {
	case IMP_REG_DONE:
		if (was == IMP_REG_LEAVING) {
			event(d, link, IMP_DEVICE_LEFT, NULL);
			break;
		}
		event(d, link, was == IMP_REG_UPDATING ? IMP_DEVICE_UPDATED : IMP_DEVICE_REGISTERED,
			NULL);
		link->again = true;
		d->bs_vain = 0;
		imp_device_push(d, (struct imr_event){ .kind = IMR_DONE });
		break;
	case IMP_REG_FAILED:
		event(d, link, was == IMP_REG_UPDATING ? IMP_DEVICE_LOST : IMP_DEVICE_REFUSED, why);
		imp_device_push(d, (struct imr_event){ .kind = IMR_FAILED });
		break;
	case IMP_REG_DUE:
		imp_device_push(d, (struct imr_event){ .kind = IMR_DUE, .ssid = link->ssid });
		break;
	case IMP_REG_LOST:
		imp_device_push(d, (struct imr_event){ .kind = IMR_LOST, .ssid = link->ssid });
		break;
	case IMP_REG_WAIT:
	case IMP_REG_SEND:
	default:
		break;
	}
}

/* Go on with what the machine says; a request that cannot be sent counts as one without answer. */
static void step(struct imp_device *d, struct imp_device_link *link,
	enum imp_registration_state was, enum imp_registration_next next, const char *why)
{
	struct imp_diag diag = { .status = IMP_OK };

	if (next != IMP_REG_SEND) {
		conclude(d, link, was, next, why);
		return;
	}
	was = link->registration.state;
	if (transmit(d, link, &diag))
		return;
	imp_device_end(d, &link->session);
	next = imp_registration_answer(&link->registration, NULL, imp_device_now(d));
	conclude(d, link, was, next, diag.text[0] ? diag.text : "no session");
	if (next == IMP_REG_WAIT && was == IMP_REG_REGISTERING)
		event(d, link, IMP_DEVICE_REFUSED, diag.text[0] ? diag.text : "no session");
}

void imp_device_link_answer(struct imp_device *d, struct imp_device_link *link,
	const struct imp_response *in, const char *why)
{
	enum imp_registration_state was = link->registration.state;
	enum imp_registration_next next =
		imp_registration_answer(&link->registration, in, imp_device_now(d));

	link->request = 0;
	if (!in || was == IMP_REG_LEAVING || was == IMP_REG_DISABLING)
		imp_device_end(d, &link->session);
	if (was == IMP_REG_DISABLING)
		event(d, link, IMP_DEVICE_OFF, NULL);
	if (next == IMP_REG_WAIT && was == IMP_REG_REGISTERING)
		event(d, link, IMP_DEVICE_REFUSED, why); /* and another attempt follows */
	step(d, link, was, next, why);
}

/* ---- what the sequence wants ------------------------------------------------------------------
 */

static struct imp_device_link *place(struct imp_device *d, uint16_t ssid)
{
	struct imp_device_link *link = find(d, ssid);

	if (!link)
		link = find(d, 0);
	if (link && link->ssid == 0) {
		memset(link, 0, sizeof *link);
		link->ssid = ssid;
	}
	return link;
}

void imp_device_register(struct imp_device *d, uint16_t ssid)
{
	struct imp_device_link *link = place(d, ssid);
	enum imp_registration_next next = IMP_REG_FAILED;

	if (!link) {
		imp_device_push(d, (struct imr_event){ .kind = IMR_FAILED });
		return;
	}
	imp_device_end(d, &link->session);
	link->registration.endpoint = imp_span_str(d->endpoint);
	link->registration.version = d->options.version;
	if (imr_store_read(&d->store) == IMR_OK)
		next = imp_registration_register(
			&link->registration, &d->store.set, ssid, !link->again, imp_device_now(d));
	imr_store_wipe(&d->store);
	step(d, link, IMP_REG_REST, next, "its account is not complete");
}

void imp_device_renew(struct imp_device *d, uint16_t ssid)
{
	struct imp_device_link *link = find(d, ssid);
	enum imp_registration_next next = IMP_REG_FAILED;

	if (!link) {
		imp_device_push(d, (struct imr_event){ .kind = IMR_FAILED });
		return;
	}
	/* Disabled (1/x/4): nothing is said until its time is over, when LOST comes. */
	if (link->registration.state == IMP_REG_DISABLED ||
		link->registration.state == IMP_REG_DISABLING) {
		imp_device_push(d, (struct imr_event){ .kind = IMR_DONE });
		return;
	}
	if (imr_store_read(&d->store) == IMR_OK)
		next = imp_registration_update(
			&link->registration, &d->store.set, imp_device_now(d));
	imr_store_wipe(&d->store);
	step(d, link, IMP_REG_UPDATING, next, "its account is gone");
}

void imp_device_disable(struct imp_device *d, uint16_t ssid)
{
	struct imp_device_link *link = imp_device_link_of(d, ssid);

	if (!link || link->registration.state != IMP_REG_REGISTERED)
		return;
	step(d, link, IMP_REG_REGISTERED,
		imp_registration_disable(&link->registration, imp_device_now(d)), NULL);
}

void imp_device_link_tick(struct imp_device *d, struct imp_device_link *link)
{
	enum imp_registration_state was = link->registration.state;

	if (link->ssid)
		step(d, link, was, imp_registration_tick(&link->registration, imp_device_now(d)),
			NULL);
}

void imp_device_link_leave(struct imp_device *d, struct imp_device_link *link)
{
	if (link->ssid && link->registration.state == IMP_REG_REGISTERED)
		step(d, link, IMP_REG_LEAVING, imp_registration_leave(&link->registration), NULL);
	else if (link->registration.state != IMP_REG_DISABLING)
		link->registration.state = IMP_REG_REST;
}

void imp_device_links_prune(struct imp_device *d, bool all)
{
	const struct imr_plan *plan = &d->life.sequence.plan;

	for (size_t i = 0; i < IMR_SERVERS_MAX; i++) {
		bool kept = false;

		for (unsigned s = 0; s < plan->n; s++)
			kept = kept || plan->servers[s].ssid == d->links[i].ssid;
		if (kept && !all)
			continue;
		imp_device_end(d, &d->links[i].session);
		memset(&d->links[i], 0, sizeof d->links[i]);
	}
}
