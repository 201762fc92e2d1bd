/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/objects.h"

#include <string.h>

#include "bootstrap/client_account.h"
#include "bootstrap/client_edit.h"
#include "bootstrap/client_path.h"
#include "codec/tlv.h"
#include "model/object.h"
#include "model/text.h"

#define SECURITY 0
#define SERVER 1
#define ACCESS_CONTROL 2
#define DEVICE 3
#define OSCORE 21
#define COSE 23

#define ACL 2
#define ACL_OWNER 3
#define RIGHT_READ 1U
#define RIGHT_WRITE 2U
#define RIGHT_EXECUTE 4U
#define RIGHTS_ALL 31U

#define OLD_TLV 1542
#define DEVICE_MAX 512 /* octets of /3/0: its texts are at most an endpoint name long */

/* ---- what may be done with a resource ---------------------------------------------------------
 */

enum operation { OP_R = 1, OP_W = 2, OP_E = 4 };

struct rule {
	uint16_t object, resource;
	uint8_t operations;
	bool mandatory;
};

/* Of /1 and /3 as the registry has them; what is not here is unknown. */
static const struct rule rules[] = {
	{ SERVER, 0, OP_R, true },
	{ SERVER, 1, OP_R | OP_W, true },
	{ SERVER, 2, OP_R | OP_W, false },
	{ SERVER, 3, OP_R | OP_W, false },
	{ SERVER, 4, OP_E, false },
	{ SERVER, 5, OP_R | OP_W, false },
	{ SERVER, 6, OP_R | OP_W, true },
	{ SERVER, 7, OP_R | OP_W, true },
	{ SERVER, 8, OP_E, true },
	{ SERVER, 9, OP_E, false },
	{ SERVER, 10, OP_R | OP_W, false },
	{ SERVER, 11, OP_R, false },
	{ SERVER, 12, OP_R, false },
	{ SERVER, 13, OP_R, false },
	{ SERVER, 14, OP_R | OP_W, false },
	{ SERVER, 15, OP_R, false },
	{ SERVER, 16, OP_R, false },
	{ SERVER, 17, OP_R | OP_W, false },
	{ SERVER, 18, OP_R | OP_W, false },
	{ SERVER, 19, OP_R | OP_W, false },
	{ SERVER, 20, OP_R | OP_W, false },
	{ SERVER, 21, OP_R | OP_W, false },
	{ SERVER, 22, OP_R | OP_W, false },
	{ SERVER, 23, OP_R | OP_W, false },
	{ SERVER, 24, OP_R | OP_W, false },
	{ SERVER, 25, OP_R | OP_W, false },
	{ SERVER, 26, OP_R | OP_W, false },
	{ SERVER, 27, OP_R | OP_W, false },
	{ ACCESS_CONTROL, 0, OP_R, true },
	{ ACCESS_CONTROL, 1, OP_R, true },
	{ ACCESS_CONTROL, 2, OP_R, false },
	{ ACCESS_CONTROL, 3, OP_R, true },
	{ DEVICE, 0, OP_R, false },
	{ DEVICE, 1, OP_R, false },
	{ DEVICE, 2, OP_R, false },
	{ DEVICE, 3, OP_R, false },
	{ DEVICE, 4, OP_E, true },
	{ DEVICE, 5, OP_E, false },
	{ DEVICE, 11, OP_R, true },
	{ DEVICE, 13, OP_R | OP_W, false },
	{ DEVICE, 16, OP_R, true },
};

static const struct rule *rule_of(uint16_t object, uint16_t resource)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].object == object && rules[i].resource == resource)
			return &rules[i];
	return NULL;
}

static bool may(uint16_t object, uint16_t resource, unsigned operation)
{
	const struct rule *rule = rule_of(object, resource);

	return rule && rule->operations & operation;
}

/* ---- access control ---------------------------------------------------------------------------
 */

static bool controlled(const struct imr_set *set)
{
	unsigned servers = 0, rows = 0;
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		servers += at.object == SERVER && imr_live(set, &at);
		rows += at.object == ACCESS_CONTROL && imr_live(set, &at);
	}
	return servers > 1 && rows != 0;
}

/* The entry for an SSID in the ACL of a row; false: there is none. */
static bool entry(const struct imr_at *row, uint16_t ssid, unsigned *rights)
{
	struct imp_rd rd = imp_rd(imr_at_resource(row, ACL));
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK) {
		if (tlv.id != ssid)
			continue;
		*rights = imr_natural(tlv.value) & RIGHTS_ALL;
		return true;
	}
	return false;
}

unsigned imp_objects_rights(
	const struct imr_set *set, uint16_t ssid, uint16_t object, uint16_t instance)
{
	struct imr_at at;
	unsigned rights = 0;

	if (!controlled(set))
		return RIGHTS_ALL;
	imr_set_start(&at);
	while (imr_set_next(set, &at)) {
		if (at.object != ACCESS_CONTROL || !imr_live(set, &at) ||
			imr_natural(imr_at_resource(&at, 0)) != object ||
			imr_natural(imr_at_resource(&at, 1)) != instance)
			continue;
		if (entry(&at, ssid, &rights))
			return rights;
		if (imr_natural(imr_at_resource(&at, ACL_OWNER)) == ssid)
			return RIGHTS_ALL;
		return entry(&at, 0, &rights) ? rights : 0;
	}
	return 0;
}

/* ---- instances --------------------------------------------------------------------------------
 */

struct view {
	struct imp_objects *o;
	const struct imr_set *set;
	uint16_t ssid;
	struct imr_client_path path;
};

/* Resources of /3/0, composed into wr. */
static void put_device(const struct imp_objects *o, struct imp_wr *wr)
{
	const struct imp_objects_device *d = o->device;
	const struct {
		uint16_t id;
		struct imp_span text;
	} texts[] = { { 0, d->manufacturer }, { 1, d->model }, { 2, d->serial },
		{ 3, d->firmware } };
	static const uint8_t no_error[] = { 0x41, 0x00, 0x00 };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].text.n)
			imp_tlv_put(wr, IMP_TLV_RESOURCE, texts[i].id, texts[i].text);
	imp_tlv_put(wr, IMP_TLV_MULTIPLE, 11, imp_span(no_error, sizeof no_error));
	imp_tlv_put_integer(wr, IMP_TLV_RESOURCE, 13, d->time);
	imp_tlv_put(wr, IMP_TLV_RESOURCE, 16, imp_span_str("U"));
}

/* What of the resources may be read, and is asked for. */
static void put_readable(
	uint16_t object, uint16_t resource, struct imp_span resources, struct imp_wr *wr)
{
	struct imp_rd rd = imp_rd(resources);
	struct imp_tlv tlv;

	while (rd.n) {
		const uint8_t *from = rd.p;

		if (imp_tlv_next(&rd, &tlv) != IMP_OK)
			return;
		if (may(object, tlv.id, OP_R) && (resource == IMR_NO_ID || resource == tlv.id))
			imp_wr_put(wr, imp_span(from, (size_t)(rd.p - from)));
	}
}

/* The next instance of the object that is meant; device: /3/0 has been given. */
static bool next_instance(const struct view *v, struct imr_at *at)
{
	while (imr_set_next(v->set, at))
		if (at->object == v->path.object && imr_live(v->set, at) &&
			(v->path.instance == IMR_NO_ID || v->path.instance == at->instance))
			return true;
	return false;
}

static bool exists(const struct view *v)
{
	struct imr_at at;

	if (v->path.object == DEVICE)
		return v->path.instance == 0 || v->path.instance == IMR_NO_ID;
	imr_set_start(&at);
	return next_instance(v, &at) || v->path.instance == IMR_NO_ID;
}

static unsigned rights(const struct view *v, uint16_t instance)
{
	return imp_objects_rights(v->set, v->ssid, v->path.object, instance);
}

/* ---- Read -------------------------------------------------------------------------------------
 */

/* What a Read has found. */
struct found {
	struct imp_wr wr;    /* Object Instance TLVs */
	unsigned seen, open; /* instances that there are, and those that may be read */
};

static void put_instance(
	const struct view *v, uint16_t instance, struct imp_span resources, struct found *f)
{
	size_t half = v->o->out_size / 2;
	struct imp_wr run = imp_wr(v->o->out + half, half);

	f->seen++;
	if (!(rights(v, instance) & RIGHT_READ))
		return;
	f->open++;
	put_readable(v->path.object, v->path.resource, resources, &run);
	if (run.st != IMP_OK)
		imp_wr_fail(&f->wr, IMP_E_SPACE);
	imp_tlv_put(&f->wr, IMP_TLV_INSTANCE, instance, imp_wr_span(&run));
}

static void gather(const struct view *v, struct found *f)
{
	uint8_t octets[DEVICE_MAX];
	struct imp_wr device = imp_wr(octets, sizeof octets);
	struct imr_at at;

	if (v->path.object == DEVICE) {
		put_device(v->o, &device);
		put_instance(v, 0, imp_wr_span(&device), f);
		return;
	}
	imr_set_start(&at);
	while (next_instance(v, &at))
		put_instance(v, at.instance, at.resources, f);
}

/* What stands in the one Object Instance TLV. */
static struct imp_span content(struct imp_span run)
{
	struct imp_rd rd = imp_rd(run);
	struct imp_tlv tlv;

	return imp_tlv_next(&rd, &tlv) == IMP_OK ? tlv.value : imp_span(NULL, 0);
}

static void put_integer(struct imp_wr *wr, int64_t v)
{
	char digits[20];
	size_t n = sizeof digits;
	uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		digits[--n] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (v < 0)
		imp_wr_u8(wr, '-');
	imp_wr_put(wr, imp_span(digits + n, sizeof digits - n));
}

/* One single value as text/plain; false when it has no such form. */
static bool put_text(uint16_t object, const struct imp_tlv *tlv, struct imp_wr *wr)
{
	const struct imp_resource_def *def = imp_resource_def(object, tlv->id);
	uint16_t to[2];
	int64_t v = 0;
	uint64_t u;
	bool b;

	if (!def || tlv->kind != IMP_TLV_RESOURCE)
		return false;
	switch (def->type) {
	case IMP_TYPE_STRING:
		imp_wr_put(wr, tlv->value);
		return true;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		if (imp_tlv_integer(tlv->value, &v) != IMP_OK)
			return false;
		break;
	case IMP_TYPE_UNSIGNED:
		if (imp_tlv_unsigned(tlv->value, &u) != IMP_OK || u > INT64_MAX)
			return false;
		v = (int64_t)u;
		break;
	case IMP_TYPE_BOOLEAN:
		if (imp_tlv_boolean(tlv->value, &b) != IMP_OK)
			return false;
		v = b;
		break;
	case IMP_TYPE_OBJLNK:
		if (imp_tlv_link(tlv->value, &to[0], &to[1]) != IMP_OK)
			return false;
		imp_text_put_link(wr, to[0], to[1]);
		return true;
	case IMP_TYPE_NONE:
	case IMP_TYPE_FLOAT:
	case IMP_TYPE_OPAQUE:
	default:
		return false;
	}
	put_integer(wr, v);
	return true;
}

/* The one resource that was read, as text. */
static uint8_t read_text(const struct view *v, struct imp_span resource, struct imp_response *out)
{
	size_t half = v->o->out_size / 2;
	struct imp_wr wr = imp_wr(v->o->out + half, half);
	struct imp_rd rd = imp_rd(resource);
	struct imp_tlv tlv;

	if (imp_tlv_next(&rd, &tlv) != IMP_OK || !put_text(v->path.object, &tlv, &wr))
		return IMP_COAP_NOT_ACCEPTABLE;
	out->format = IMP_FORMAT_TEXT;
	out->payload = imp_wr_span(&wr);
	return wr.st == IMP_OK ? IMP_COAP_CONTENT : IMP_COAP_INTERNAL;
}

static uint8_t read(const struct view *v, uint16_t accept, struct imp_response *out)
{
	const struct imr_client_formats *f = v->o->formats;
	struct found found = { .wr = imp_wr(v->o->out, v->o->out_size / 2) };
	struct imp_span tlv;

	if (v->path.resource != IMR_NO_ID && !may(v->path.object, v->path.resource, OP_R))
		return rule_of(v->path.object, v->path.resource) ? IMP_COAP_NOT_ALLOWED
								 : IMP_COAP_NOT_FOUND;
	gather(v, &found);
	if (found.wr.st != IMP_OK)
		return IMP_COAP_INTERNAL;
	if (found.seen && !found.open)
		return IMP_COAP_UNAUTHORIZED;
	tlv = imp_wr_span(&found.wr);
	if (v->path.resource != IMR_NO_ID && content(tlv).n == 0)
		return IMP_COAP_NOT_FOUND;
	if (accept == IMP_FORMAT_TEXT && v->path.resource != IMR_NO_ID)
		return read_text(v, content(tlv), out);
	if (accept != IMP_FORMAT_NONE && accept != IMP_FORMAT_TLV && accept != OLD_TLV) {
		if (!f || !f->encode || f->encode(f->ctx, accept, &v->path, tlv, &tlv) != IMR_OK)
			return IMP_COAP_NOT_ACCEPTABLE;
	} else if (v->path.instance != IMR_NO_ID) {
		tlv = content(tlv);
	}
	out->format = accept == IMP_FORMAT_NONE ? IMP_FORMAT_TLV : accept;
	out->payload = tlv;
	return IMP_COAP_CONTENT;
}

/* ---- Discover ---------------------------------------------------------------------------------
 */

static void put_link(struct imp_wr *out, uint16_t object, uint16_t instance, uint16_t resource)
{
	imp_wr_text(out, out->n ? ",</" : "</");
	imr_decimal(out, object);
	if (instance != IMR_NO_ID) {
		imp_wr_u8(out, '/');
		imr_decimal(out, instance);
	}
	if (resource != IMR_NO_ID) {
		imp_wr_u8(out, '/');
		imr_decimal(out, resource);
	}
	imp_wr_u8(out, '>');
}

/* Resources of the instance that are there, and those that can be executed. */
static void put_resources(
	const struct view *v, uint16_t instance, struct imp_span resources, struct imp_wr *out)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct imp_rd rd = imp_rd(resources);
		bool there = rules[i].operations == OP_E;
		struct imp_tlv tlv;

		if (rules[i].object != v->path.object ||
			(v->path.resource != IMR_NO_ID && v->path.resource != rules[i].resource))
			continue;
		while (!there && rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK)
			there = tlv.id == rules[i].resource;
		if (there)
			put_link(out, v->path.object, instance, rules[i].resource);
	}
}

static uint8_t discover(const struct view *v, struct imp_response *out)
{
	size_t half = v->o->out_size / 2;
	struct imp_wr wr = imp_wr(v->o->out, half);
	struct imp_wr device = imp_wr(v->o->out + half, half);
	struct imr_at at;

	if (v->path.instance == IMR_NO_ID)
		put_link(&wr, v->path.object, IMR_NO_ID, IMR_NO_ID);
	imr_set_start(&at);
	if (v->path.object == DEVICE) {
		put_device(v->o, &device);
		if (v->path.resource == IMR_NO_ID)
			put_link(&wr, DEVICE, 0, IMR_NO_ID);
		put_resources(v, 0, imp_wr_span(&device), &wr);
	}
	while (v->path.object != DEVICE && next_instance(v, &at)) {
		if (v->path.resource == IMR_NO_ID)
			put_link(&wr, at.object, at.instance, IMR_NO_ID);
		put_resources(v, at.instance, at.resources, &wr);
	}
	if (wr.st != IMP_OK)
		return IMP_COAP_INTERNAL;
	if (wr.n == 0)
		return IMP_COAP_NOT_FOUND;
	out->format = IMP_FORMAT_LINK;
	out->payload = imp_wr_span(&wr);
	return IMP_COAP_CONTENT;
}

/* ---- Write ------------------------------------------------------------------------------------
 */

static struct imp_tlv *find(struct imp_span run, uint16_t id, struct imp_tlv *tlv)
{
	struct imp_rd rd = imp_rd(run);

	while (rd.n && imp_tlv_next(&rd, tlv) == IMP_OK)
		if (tlv->id == id)
			return tlv;
	return NULL;
}

/* Every resource of the run is known and may be written: CHANGED, else why not. */
static uint8_t writable(uint16_t object, struct imp_span run)
{
	struct imp_rd rd = imp_rd(run);
	struct imp_tlv tlv;

	while (rd.n) {
		if (imp_tlv_next(&rd, &tlv) != IMP_OK)
			return IMP_COAP_BAD_REQUEST;
		if (!may(object, tlv.id, OP_W))
			return rule_of(object, tlv.id) ? IMP_COAP_NOT_ALLOWED : IMP_COAP_NOT_FOUND;
	}
	return IMP_COAP_CHANGED;
}

/* Does what is there stay?  replace: only what cannot be written, and what must be there. */
static bool stays(const struct rule *rule, bool replace)
{
	return !rule || !replace || rule->mandatory || !(rule->operations & OP_W);
}

/* The instance as it will be: what stays, with what is written in the place of it. */
static void compose(struct imp_span old, struct imp_span run, bool replace, struct imp_wr *wr)
{
	struct imp_rd rd = imp_rd(old);
	struct imp_tlv tlv, other;

	while (rd.n) {
		const uint8_t *from = rd.p;

		if (imp_tlv_next(&rd, &tlv) != IMP_OK) {
			imp_wr_fail(wr, IMP_E_FORMAT);
			return;
		}
		if (!find(run, tlv.id, &other) && stays(rule_of(SERVER, tlv.id), replace))
			imp_wr_put(wr, imp_span(from, (size_t)(rd.p - from)));
	}
	imp_wr_put(wr, run);
}

static uint8_t write_server(const struct view *v, struct imp_span run, bool replace)
{
	struct imr_store *store = v->o->store;
	struct imp_wr wr = imp_wr(v->o->out, v->o->out_size);
	enum imr_status st;
	struct imr_at at;

	if (!imr_set_find(v->set, SERVER, v->path.instance, &at))
		return IMP_COAP_NOT_FOUND;
	compose(at.resources, run, replace && v->path.resource == IMR_NO_ID, &wr);
	if (wr.st != IMP_OK || imr_set_put(&store->set, SERVER, v->path.instance, imp_wr_span(&wr),
				       (enum imr_origin)at.origin) != IMR_OK)
		return IMP_COAP_TOO_LARGE;
	if (!imr_set_find(v->set, SERVER, v->path.instance, &at))
		return IMP_COAP_INTERNAL;
	v->o->act = IMP_ACT_UPDATE;
	v->o->ssid = imr_ssid(&at);
	st = imr_store_apply(store);
	return st == IMR_OK || st == IMR_E_LEFT ? IMP_COAP_CHANGED : IMP_COAP_INTERNAL;
}

static uint8_t write_device(struct imp_objects *o, struct imp_span run)
{
	struct imp_tlv tlv;
	int64_t time;

	if (!find(run, 13, &tlv) || imp_tlv_integer(tlv.value, &time) != IMP_OK)
		return IMP_COAP_BAD_REQUEST;
	o->timed = true;
	o->time = time;
	return IMP_COAP_CHANGED;
}

static uint8_t write(const struct view *v, const struct imp_request *in)
{
	const struct imr_client_formats *f = v->o->formats;
	struct imp_span run = in->payload;
	enum imr_status st = IMR_OK;
	uint8_t code;

	if (v->path.instance == IMR_NO_ID || in->query_n || v->path.object == ACCESS_CONTROL)
		return IMP_COAP_NOT_ALLOWED; /* Create, Write-Attributes */
	if (v->path.resource != IMR_NO_ID && !may(v->path.object, v->path.resource, OP_W))
		return rule_of(v->path.object, v->path.resource) ? IMP_COAP_NOT_ALLOWED
								 : IMP_COAP_NOT_FOUND;
	if (in->format != IMP_FORMAT_TLV && in->format != OLD_TLV)
		st = f ? f->decode(f->ctx, in->format, &v->path, run, &run) : IMR_E_NONE;
	if (st == IMR_E_NONE)
		return IMP_COAP_UNSUPPORTED_FORMAT;
	if (st != IMR_OK || imr_edit_check(&v->path, &run) != IMR_OK)
		return st == IMR_E_SPACE ? IMP_COAP_TOO_LARGE : IMP_COAP_BAD_REQUEST;
	code = writable(v->path.object, run);
	if (code != IMP_COAP_CHANGED)
		return code;
	return v->path.object == DEVICE ? write_device(v->o, run)
					: write_server(v, run, in->method == IMP_PUT);
}

/* ---- Execute ----------------------------------------------------------------------------------
 */

static uint8_t execute(const struct view *v)
{
	struct imp_objects *o = v->o;
	struct imr_at at;

	if (!may(v->path.object, v->path.resource, OP_E))
		return rule_of(v->path.object, v->path.resource) ? IMP_COAP_NOT_ALLOWED
								 : IMP_COAP_NOT_FOUND;
	if (v->path.object == DEVICE) {
		o->act = v->path.resource == 4 ? IMP_ACT_REBOOT : IMP_ACT_RESET;
		return IMP_COAP_CHANGED;
	}
	if (!imr_set_find(v->set, SERVER, v->path.instance, &at))
		return IMP_COAP_NOT_FOUND;
	if (v->path.resource == 9 && !o->may_bootstrap)
		return IMP_COAP_NOT_ALLOWED;
	o->ssid = imr_ssid(&at);
	o->act = v->path.resource == 8	 ? IMP_ACT_UPDATE
		 : v->path.resource == 4 ? IMP_ACT_DISABLE
					 : IMP_ACT_BOOTSTRAP;
	return IMP_COAP_CHANGED;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static bool hidden(uint16_t object)
{
	return object == SECURITY || object == OSCORE || object == COSE;
}

static uint8_t operate(const struct view *v, const struct imp_request *in, struct imp_response *out)
{
	unsigned have = RIGHTS_ALL;

	if (v->path.instance != IMR_NO_ID)
		have = rights(v, v->path.instance);
	switch (in->method) {
	case IMP_GET:
		if (in->accept == IMP_FORMAT_LINK)
			return discover(v, out);
		return have & RIGHT_READ ? read(v, in->accept, out) : IMP_COAP_UNAUTHORIZED;
	case IMP_PUT:
		return have & RIGHT_WRITE ? write(v, in) : IMP_COAP_UNAUTHORIZED;
	case IMP_POST:
		if (v->path.resource == IMR_NO_ID)
			return have & RIGHT_WRITE ? write(v, in) : IMP_COAP_UNAUTHORIZED;
		return have & RIGHT_EXECUTE ? execute(v) : IMP_COAP_UNAUTHORIZED;
	case IMP_DELETE:
	default:
		return IMP_COAP_NOT_ALLOWED;
	}
}

static uint8_t serve(struct imp_objects *o, uint16_t ssid, const struct imp_request *in,
	struct imp_response *out)
{
	struct view v = { .o = o, .set = &o->store->set, .ssid = ssid };
	enum imr_status st = imr_client_parse(in->path, &v.path);
	uint8_t code;

	if (st != IMR_OK)
		return st == IMR_E_NONE ? IMP_COAP_NOT_FOUND : IMP_COAP_BAD_REQUEST;
	if (v.path.object == IMR_NO_ID)
		return IMP_COAP_NOT_ALLOWED;
	if (hidden(v.path.object))
		return IMP_COAP_UNAUTHORIZED;
	if (v.path.object > DEVICE)
		return IMP_COAP_NOT_FOUND;
	if (imr_store_read(o->store) != IMR_OK)
		return IMP_COAP_INTERNAL;
	code = exists(&v) ? operate(&v, in, out) : IMP_COAP_NOT_FOUND;
	imr_store_wipe(o->store);
	return code;
}

void imp_objects_request(struct imp_objects *o, uint16_t ssid, const struct imp_request *in,
	struct imp_response *out)
{
	*out = (struct imp_response){ .format = IMP_FORMAT_NONE };
	o->act = IMP_ACT_NONE;
	o->ssid = 0;
	o->timed = false;
	out->code = serve(o, ssid, in, out);
	if (!imp_coap_success(out->code))
		o->act = IMP_ACT_NONE;
}
