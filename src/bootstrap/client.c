/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/client.h"

#include "base/wr.h"
#include "bootstrap/client_account.h"
#include "bootstrap/client_edit.h"
#include "bootstrap/client_path.h"
#include "bootstrap/discover.h"
#include "codec/slot.h"
#include "codec/tlv.h"
#include "reader/walk.h"

#define SERVER 1
#define ACCESS_CONTROL 2
#define DEVICE 3
#define OLD_TLV 1542 /* before it was registered; still met */

/* What fits into a record, and what the store needs beyond it. */
#define PAYLOAD_LIMIT (IMP_SLOT_PAYLOAD_MAX - IMR_STORE_TRAILER + IMR_STORE_BUFFER_EXTRA)

/* ---- beginning and end ----------------------------------------------------------------------- */

static enum imr_client_next fail(struct imr_client *c, enum imr_client_why why)
{
	imr_store_wipe(c->store);
	c->state = IMR_CLIENT_REST;
	c->why = why;
	return IMR_CLIENT_FAILED;
}

static enum imr_client_next fail_store(struct imr_client *c, enum imr_status st)
{
	c->store_status = st;
	return fail(c, IMR_CLIENT_STORE);
}

/* The free end of the buffer. */
static struct imp_wr tail(const struct imr_client *c)
{
	struct imr_set *set = &c->store->set;

	return imp_wr(set->p + set->n, set->size - set->n);
}

/* Octets that the configuration may come to. */
static size_t limit(const struct imr_client *c)
{
	const struct imr_store *s = c->store;
	size_t region = s->flash->size - IMR_STORE_REGION_EXTRA;
	size_t most = s->set.size < region ? s->set.size : region;

	if (most > PAYLOAD_LIMIT)
		most = PAYLOAD_LIMIT;
	return most > IMR_STORE_BUFFER_EXTRA ? most - IMR_STORE_BUFFER_EXTRA : 0;
}

/* The configuration as it was before, into the buffer. */
static enum imr_status load(struct imr_client *c)
{
	enum imr_status st = imr_store_read(c->store);
	struct imr_set *set = &c->store->set;
	struct imr_at at;

	if (st != IMR_OK)
		return st;
	c->account = imr_account(set);
	c->gone = 0;
	c->ssid_n = 0;
	imr_set_start(&at);
	while (c->ssid_n < IMR_SERVERS_MAX && imr_server_next(set, &at, 0))
		c->ssid[c->ssid_n++] = imr_ssid(&at);
	imr_mark_linked(set);
	return IMR_OK;
}

static enum imr_client_next ask(struct imr_client *c, bool pack, uint32_t now)
{
	enum imr_status st = load(c);
	struct imr_at at;
	struct imp_wr wr;

	if (st != IMR_OK)
		return fail_store(c, st);
	if (c->account == IMR_NO_ID || !imr_set_find(&c->store->set, 0, c->account, &at))
		return fail(c, IMR_CLIENT_NO_ACCOUNT);
	wr = tail(c);
	st = imr_client_compose(c, &at, pack, &wr);
	if (st != IMR_OK)
		return fail(c, st == IMR_E_SPACE ? IMR_CLIENT_SPACE : IMR_CLIENT_NO_ACCOUNT);
	c->state = pack ? IMR_CLIENT_PACK : IMR_CLIENT_ASKED;
	c->heard = now;
	return IMR_CLIENT_SEND;
}

enum imr_client_next imr_client_begin(struct imr_client *c, uint32_t now)
{
	return ask(c, c->config->pack, now);
}

void imr_client_open(struct imr_client *c)
{
	(void)imr_client_end(c);
	c->state = IMR_CLIENT_OPEN;
}

static bool running(const struct imr_client *c)
{
	return c->state == IMR_CLIENT_PACK || c->state == IMR_CLIENT_ASKED ||
	       c->state == IMR_CLIENT_ACTIVE;
}

enum imr_client_next imr_client_end(struct imr_client *c)
{
	if (running(c))
		return fail(c, IMR_CLIENT_LOST);
	c->state = IMR_CLIENT_REST;
	return IMR_CLIENT_WAIT;
}

uint32_t imr_client_due(const struct imr_client *c, uint32_t now)
{
	uint32_t passed = now - c->heard;

	if (!running(c))
		return UINT32_MAX;
	return passed < IMP_EXCHANGE_LIFETIME ? IMP_EXCHANGE_LIFETIME - passed : 0;
}

enum imr_client_next imr_client_tick(struct imr_client *c, uint32_t now)
{
	return imr_client_due(c, now) ? IMR_CLIENT_WAIT : fail(c, IMR_CLIENT_TIMEOUT);
}

/* ---- Finish ---------------------------------------------------------------------------------- */

/* What came with an account that was written anew under another SSID, or replaced (U1-U4). */
static enum imr_status drop_replaced(struct imr_client *c)
{
	enum imr_status st = IMR_OK;

	for (unsigned i = 0; st == IMR_OK && i < c->ssid_n; i++) {
		struct imr_at at;

		imr_set_start(&at);
		if (c->ssid[i] == 0 || imr_server_next(&c->store->set, &at, c->ssid[i]))
			continue;
		c->gone |= (uint8_t)(1U << i);
		st = imr_unbootstrap(&c->store->set, c->ssid[i], true);
	}
	return st;
}

/* What success will lead to; *superseded: the account that goes then. */
static unsigned foresee(const struct imr_client *c, uint8_t keys, uint16_t *superseded)
{
	const struct imr_set *set = &c->store->set;
	bool came = false, was = false;
	uint32_t timeout = 0;
	struct imr_at at;

	*superseded = IMR_NO_ID;
	imr_set_start(&at);
	while (imr_set_account(set, &at)) {
		if (!imr_live(set, &at))
			continue;
		if (set->origin[at.index] == IMR_ORIGIN_FRESH) {
			came = true;
			continue;
		}
		was = true;
		timeout = at.timeout;
		*superseded = at.instance;
	}
	if (!came || (keys != IMP_SLOT_KEYS_NON_PERSISTENT && timeout == 0))
		*superseded = IMR_NO_ID;
	if (came)
		return c->account != IMR_NO_ID ? IMR_CLIENT_REPLACED : 0U;
	return was && keys == IMP_SLOT_KEYS_NON_PERSISTENT && timeout <= 1 ? IMR_CLIENT_PURGED : 0U;
}

/* The mark of the account, as policy has it. */
static uint8_t keys_of(const struct imr_client *c)
{
	if (c->config->clean == IMR_CLEAN_SEED)
		return IMP_SLOT_KEYS_NON_PERSISTENT;
	return c->config->clean == IMR_CLEAN_TS ? IMP_SLOT_KEYS_PERSISTENT : c->store->keys;
}

static enum imr_status judge(
	const struct imr_client *c, uint16_t superseded, struct imp_span *findings)
{
	const struct imr_set *set = &c->store->set;
	enum imr_status st = IMR_OK;
	const char *why = NULL;

	if (c->config->check)
		st = c->config->check(c->config->check_ctx, set, superseded, findings);
	if (st != IMR_OK)
		return st;
	st = imr_consistent(set, superseded, &why);
	if (why)
		*findings = imp_span_str(why);
	return st;
}

static enum imr_client_next commit(struct imr_client *c, unsigned result)
{
	enum imr_status st;

	imr_drop_orphans(&c->store->set);
	st = imr_store_finish(c->store);
	if (st != IMR_OK && st != IMR_E_LEFT)
		return c->store->set.n ? IMR_CLIENT_WAIT : fail_store(c, st);
	if (st == IMR_E_LEFT)
		result |= IMR_CLIENT_LEFT;
	if (c->store->remaining)
		result |= IMR_CLIENT_CLOSING;
	c->result = (uint8_t)result;
	c->state = IMR_CLIENT_SUCCESS;
	return IMR_CLIENT_FINISHED;
}

/* WAIT: not consistent, and *findings says why; the configuration is still there to be mended. */
static enum imr_client_next finish(struct imr_client *c, struct imp_span *findings)
{
	uint8_t keys = keys_of(c), mark = c->store->keys;
	enum imr_client_next next;
	uint16_t superseded;
	unsigned result;

	*findings = imp_span(NULL, 0);
	if (drop_replaced(c) != IMR_OK)
		return fail(c, IMR_CLIENT_SPACE);
	result = foresee(c, keys, &superseded);
	if (judge(c, superseded, findings) != IMR_OK)
		return IMR_CLIENT_WAIT;
	c->store->keys = keys;
	next = commit(c, result);
	if (next == IMR_CLIENT_WAIT) {
		c->store->keys = mark;
		*findings = imp_span_str("K5: the bootstrap account is persistent");
	}
	return next;
}

/* ---- answers to own requests ----------------------------------------------------------------- */

static enum imr_status decode(const struct imr_client *c, uint16_t format,
	const struct imr_client_path *path, struct imp_span *payload)
{
	const struct imr_client_formats *f = c->config->formats;

	return f ? f->decode(f->ctx, format, path, *payload, payload) : IMR_E_NONE;
}

static enum imr_client_next take_pack(
	struct imr_client *c, const struct imp_response *in, uint32_t now)
{
	static const struct imr_client_path all = { IMR_NO_ID, IMR_NO_ID, IMR_NO_ID };
	struct imp_span payload = in->payload, findings;
	enum imr_client_next next = IMR_CLIENT_WAIT;

	if (in->code == IMP_COAP_CONTENT && decode(c, in->format, &all, &payload) == IMR_OK &&
		imr_edit_pack(&c->store->set, limit(c), payload) == IMR_OK)
		next = finish(c, &findings);
	return next == IMR_CLIENT_WAIT ? ask(c, false, now) : next;
}

enum imr_client_next imr_client_response(
	struct imr_client *c, const struct imp_response *in, uint32_t now)
{
	if (c->state == IMR_CLIENT_PACK)
		return take_pack(c, in, now);
	if (!running(c))
		return IMR_CLIENT_WAIT;
	if (!imp_coap_success(in->code)) {
		c->code = in->code;
		return fail(c, IMR_CLIENT_REFUSED);
	}
	c->state = IMR_CLIENT_ACTIVE;
	c->heard = now;
	return IMR_CLIENT_WAIT;
}

/* ---- requests of the server ------------------------------------------------------------------ */

static struct imr_discover links(const struct imr_client *c)
{
	static const uint16_t usual[] = { 2, 21 };
	struct imr_discover d = { &c->store->set, c->config->objects, c->config->objects_n,
		c->config->version, c->config->no_uri };

	if (!d.objects) {
		d.objects = usual;
		d.objects_n = sizeof usual / sizeof *usual;
	}
	return d;
}

static uint8_t discover(
	struct imr_client *c, const struct imr_client_path *path, struct imp_response *out)
{
	struct imr_discover d = links(c);
	struct imp_wr wr = tail(c);

	imr_discover(&d, path->object, &wr);
	if (wr.st != IMP_OK)
		return IMP_COAP_INTERNAL;
	out->format = IMP_FORMAT_LINK;
	out->payload = imp_span(wr.p, wr.n);
	return IMP_COAP_CONTENT;
}

/* Answers to what edits and converters return. */
static uint8_t code_of(enum imr_status st, uint8_t good, uint8_t unknown)
{
	switch ((unsigned)st) {
	case IMR_OK:
		return good;
	case IMR_E_NONE:
		return unknown;
	case IMR_E_SPACE:
		return IMP_COAP_TOO_LARGE;
	default:
		return IMP_COAP_BAD_REQUEST;
	}
}

static bool is_tlv(uint16_t format)
{
	return format == IMP_FORMAT_TLV || format == OLD_TLV;
}

/* Object Instance TLVs of what is read; *n is how many. */
static struct imp_wr gather(
	const struct imr_client *c, const struct imr_client_path *path, unsigned *n)
{
	const struct imr_set *set = &c->store->set;
	struct imp_wr wr = tail(c);
	struct imr_at at;

	*n = 0;
	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object != path->object || !imr_live(set, &at) ||
			(path->instance != IMR_NO_ID && path->instance != at.instance))
			continue;
		imp_tlv_put(&wr, IMP_TLV_INSTANCE, at.instance, at.resources);
		++*n;
	}
	return wr;
}

static uint8_t read(struct imr_client *c, const struct imr_client_path *path, uint16_t accept,
	struct imp_response *out)
{
	const struct imr_client_formats *f = c->config->formats;
	enum imr_status st = IMR_E_NONE;
	struct imp_span tlv;
	struct imr_at at;
	struct imp_wr wr;
	unsigned n;

	if ((path->object != SERVER && path->object != ACCESS_CONTROL) ||
		path->resource != IMR_NO_ID)
		return IMP_COAP_NOT_ALLOWED;
	wr = gather(c, path, &n);
	if (wr.st != IMP_OK)
		return IMP_COAP_INTERNAL;
	if (n == 0 && path->instance != IMR_NO_ID)
		return IMP_COAP_NOT_FOUND;
	tlv = imp_span(wr.p, wr.n);
	if (accept == IMP_FORMAT_NONE || is_tlv(accept)) {
		st = IMR_OK;
		if (path->instance != IMR_NO_ID &&
			imr_set_find(&c->store->set, path->object, path->instance, &at))
			tlv = at.resources;
	} else if (f && f->encode) {
		st = f->encode(f->ctx, accept, path, tlv, &tlv);
	}
	if (st == IMR_OK) {
		out->format = accept == IMP_FORMAT_NONE ? IMP_FORMAT_TLV : accept;
		out->payload = tlv;
	}
	return code_of(st, IMP_COAP_CONTENT, IMP_COAP_NOT_ACCEPTABLE);
}

/* /3 is the device's: each resource is handed over once all of them are good. */
static enum imr_status write_device(
	const struct imr_client *c, const struct imr_client_path *path, struct imp_span tlv)
{
	struct imr_walk walk = { .visit = c->config->device,
		.ctx = c->config->device_ctx,
		.at = { .object = DEVICE, .instance = 0 } };
	struct imr_client_path zero = { DEVICE, 0, path->resource };
	enum imr_status st = imr_edit_check(path, &tlv);

	if (st == IMR_OK && path->instance == IMR_NO_ID)
		st = imr_edit_check(&zero, &tlv);
	if (st == IMR_OK && imr_walk(&walk, IMR_RESOURCE, tlv) == IMR_E_STOPPED)
		st = IMR_E_DAMAGED;
	return st;
}

static uint8_t write(
	struct imr_client *c, const struct imr_client_path *path, const struct imp_request *in)
{
	struct imp_span payload = in->payload;
	enum imr_status st = IMR_OK;

	if (path->object == IMR_NO_ID)
		return IMP_COAP_NOT_ALLOWED;
	if (!is_tlv(in->format) && !(in->format == IMP_FORMAT_NONE && path->resource == IMR_NO_ID))
		st = decode(c, in->format, path, &payload);
	if (st == IMR_OK && path->object == DEVICE)
		st = write_device(c, path, payload);
	else if (st == IMR_OK)
		st = imr_edit_write(&c->store->set, limit(c), path, payload);
	return code_of(st, IMP_COAP_CHANGED, IMP_COAP_UNSUPPORTED_FORMAT);
}

static enum imr_client_next answer_finish(
	struct imr_client *c, const struct imp_request *in, struct imp_response *out)
{
	enum imr_client_next next;

	if (in->payload.n) {
		out->code = IMP_COAP_BAD_REQUEST;
		return IMR_CLIENT_WAIT;
	}
	next = finish(c, &out->payload);
	out->code = IMP_COAP_NOT_ACCEPTABLE;
	if (next == IMR_CLIENT_FINISHED)
		out->code = IMP_COAP_CHANGED;
	else if (next == IMR_CLIENT_FAILED)
		out->payload = imp_span_str("not stored");
	return next;
}

static enum imr_client_next operate(struct imr_client *c, const struct imr_client_path *path,
	const struct imp_request *in, struct imp_response *out)
{
	struct imr_discover d = links(c);
	enum imr_status st;

	if (path->object != IMR_NO_ID && !imr_discover_known(&d, path->object)) {
		out->code = in->method == IMP_DELETE ? IMP_COAP_DELETED : IMP_COAP_NOT_FOUND;
		return IMR_CLIENT_WAIT;
	}
	if (path->object == DEVICE && path->instance != IMR_NO_ID && path->instance != 0) {
		out->code = IMP_COAP_NOT_FOUND;
		return IMR_CLIENT_WAIT;
	}
	switch (in->method) {
	case IMP_GET:
		if (in->accept != IMP_FORMAT_LINK)
			out->code = read(c, path, in->accept, out);
		else if (path->instance != IMR_NO_ID || in->query_n)
			out->code = IMP_COAP_BAD_REQUEST;
		else
			out->code = discover(c, path, out);
		break;
	case IMP_PUT:
		out->code = write(c, path, in);
		break;
	case IMP_DELETE:
		if (path->resource != IMR_NO_ID) {
			out->code = IMP_COAP_BAD_REQUEST;
			break;
		}
		st = imr_edit_delete(&c->store->set, path, c->ssid, c->ssid_n, &c->gone);
		out->code = st == IMR_OK ? IMP_COAP_DELETED : IMP_COAP_INTERNAL;
		if (st != IMR_OK)
			return fail(c, IMR_CLIENT_SPACE);
		break;
	case IMP_POST:
	default:
		out->code = IMP_COAP_NOT_ALLOWED;
		break;
	}
	return IMR_CLIENT_WAIT;
}

static bool is_finish(const struct imp_request *in)
{
	return in->method == IMP_POST && imp_span_eq(in->path, imp_span("bs", 2));
}

enum imr_client_next imr_client_request(
	struct imr_client *c, const struct imp_request *in, struct imp_response *out, uint32_t now)
{
	struct imr_client_path path;
	enum imr_status st;

	*out = (struct imp_response){ .code = IMP_COAP_NOT_ALLOWED, .format = IMP_FORMAT_NONE };
	if (is_finish(in)) {
		if (c->state == IMR_CLIENT_SUCCESS)
			out->code = IMP_COAP_CHANGED;
		if (c->state != IMR_CLIENT_ASKED && c->state != IMR_CLIENT_ACTIVE)
			return IMR_CLIENT_WAIT;
		c->heard = now;
		return answer_finish(c, in, out);
	}
	if (c->state == IMR_CLIENT_OPEN && in->method != IMP_POST) {
		st = load(c);
		if (st != IMR_OK) {
			out->code = IMP_COAP_INTERNAL;
			return fail_store(c, st);
		}
		c->state = IMR_CLIENT_ACTIVE;
	}
	if (c->state != IMR_CLIENT_ASKED && c->state != IMR_CLIENT_ACTIVE)
		return IMR_CLIENT_WAIT;
	c->heard = now;
	st = imr_client_parse(in->path, &path);
	if (st != IMR_OK) {
		out->code = st == IMR_E_NONE ? IMP_COAP_NOT_FOUND : IMP_COAP_BAD_REQUEST;
		return IMR_CLIENT_WAIT;
	}
	return operate(c, &path, in, out);
}
