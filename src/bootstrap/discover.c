/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/discover.h"

#include "bootstrap/client_account.h"
#include "bootstrap/client_path.h"
#include "codec/ef.h"

#define SECURITY 0
#define SERVER 1
#define DEVICE 3
#define URI 0

static void put_link(struct imp_wr *out, uint32_t object, uint32_t instance)
{
	imp_wr_text(out, "</");
	imr_decimal(out, object);
	if (instance != IMR_NO_ID) {
		imp_wr_u8(out, '/');
		imr_decimal(out, instance);
	}
	imp_wr_u8(out, '>');
}

/* Printable, and nothing that would end the quoted string. */
static bool quotable(struct imp_span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7F || text.p[i] == '"' || text.p[i] == '\\')
			return false;
	return text.n != 0;
}

/* SSID of the server account that the instance belongs to, 0: of none. */
static uint16_t ssid_of(const struct imr_set *set, const struct imr_at *what)
{
	struct imr_at at;

	if (what->object == SERVER)
		return imr_ssid(what);
	imr_set_start(&at);
	while (imr_server_next(set, &at, 0))
		if (imr_belongs(set, at.instance, what))
			return imr_ssid(&at);
	return 0;
}

static void put_instance(const struct imr_discover *d, const struct imr_at *at, struct imp_wr *out)
{
	uint16_t ssid = ssid_of(d->set, at);

	imp_wr_u8(out, ',');
	put_link(out, at->object, at->instance);
	if (ssid == 0)
		return;
	imp_wr_text(out, ";ssid=");
	imr_decimal(out, ssid);
	if (at->object == SECURITY && d->version > 0 && !d->no_uri &&
		quotable(imr_at_resource(at, URI))) {
		imp_wr_text(out, ";uri=\"");
		imp_wr_put(out, imr_at_resource(at, URI));
		imp_wr_u8(out, '"');
	}
}

/* The live instance of the object with the smallest identifier from `from` on. */
static bool lowest(const struct imr_set *set, uint16_t object, uint32_t from, struct imr_at *found)
{
	struct imr_at at;
	bool any = false;

	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object != object || at.instance < from || !imr_live(set, &at) ||
			(any && at.instance > found->instance))
			continue;
		*found = at;
		any = true;
	}
	return any;
}

/* An object says its version when it is not 1.0 and the configuration states it. */
static void put_version(const struct imr_discover *d, uint16_t id, struct imp_wr *out)
{
	struct imp_rd rd = imp_rd(imp_span(d->set->p + IMP_EF_HEADER, d->set->n - IMP_EF_HEADER));
	const char *quote = d->version ? "" : "\"";
	struct imp_ef_object object;

	while (rd.n && imp_ef_next(&rd, &object) == IMP_OK) {
		if (object.id != id || !object.explicit_version ||
			(object.major == 1 && object.minor == 0))
			continue;
		imp_wr_u8(out, ',');
		put_link(out, id, IMR_NO_ID);
		imp_wr_text(out, ";ver=");
		imp_wr_text(out, quote);
		imr_decimal(out, object.major);
		imp_wr_u8(out, '.');
		imr_decimal(out, object.minor);
		imp_wr_text(out, quote);
	}
}

static void put_object(const struct imr_discover *d, uint16_t object, struct imp_wr *out)
{
	uint32_t from = 0;
	struct imr_at at;

	put_version(d, object, out);
	while (lowest(d->set, object, from, &at)) {
		put_instance(d, &at, out);
		from = at.instance + 1U;
	}
	if (from == 0) {
		imp_wr_u8(out, ',');
		put_link(out, object, object == DEVICE ? 0 : IMR_NO_ID);
	}
}

/* The smallest object that the device has from `from` on; IMR_NO_ID: there is none. */
static uint32_t next_object(const struct imr_discover *d, uint32_t from)
{
	uint32_t best = from <= SERVER ? from : from <= DEVICE ? DEVICE : IMR_NO_ID;
	struct imr_at at;

	for (unsigned i = 0; i < d->objects_n; i++)
		if (d->objects[i] >= from && d->objects[i] < best)
			best = d->objects[i];
	imr_set_start(&at);
	while (imr_set_next(d->set, &at))
		if (at.object >= from && at.object < best && imr_live(d->set, &at))
			best = at.object;
	return best;
}

bool imr_discover_known(const struct imr_discover *d, uint16_t object)
{
	return object != IMR_NO_ID && next_object(d, object) == object;
}

void imr_discover(const struct imr_discover *d, uint16_t object, struct imp_wr *out)
{
	uint32_t from = 0;

	if (d->version == 0) {
		imp_wr_text(out, "lwm2m=\"1.0\"");
	} else {
		imp_wr_text(out, "</>;lwm2m=1.");
		imr_decimal(out, d->version);
	}
	if (object != IMR_NO_ID) {
		put_object(d, object, out);
		return;
	}
	while ((from = next_object(d, from)) != IMR_NO_ID)
		put_object(d, (uint16_t)from++, out);
}

void imr_discover_account(const struct imr_set *set, uint16_t account, struct imp_wr *out)
{
	struct imr_at at;
	bool first = true;

	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (!imr_belongs(set, account, &at))
			continue;
		if (!first)
			imp_wr_u8(out, ',');
		first = false;
		put_link(out, at.object, at.instance);
	}
}
