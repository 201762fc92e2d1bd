/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/steps.h"

#include "base/secret.h"
#include "bootstrap/renumber.h"
#include "codec/tlv.h"
#include "model/set_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets are large: the configuration as the device gets it, and one instance of it. */
struct scratch {
	struct imp_set whole, one;
	uint8_t octets[IMP_PAYLOAD_MAX * 2]; /* SenML is longer than TLV */
};

void imp_steps_free(struct imp_steps *steps)
{
	if (steps->octets)
		imp_wipe(steps->octets, steps->octets_cap);
	free(steps->octets);
	free(steps->v);
	memset(steps, 0, sizeof *steps);
}

/* ---- growing ----------------------------------------------------------------------------------
 */

static bool reserve_octets(struct imp_steps *s, size_t n)
{
	size_t cap = s->octets_cap ? s->octets_cap : 1024;
	uint8_t *p;

	if (s->octets_cap - s->octets_n >= n)
		return true;
	while (cap - s->octets_n < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return false;
	if (s->octets_n) {
		memcpy(p, s->octets, s->octets_n);
		imp_wipe(s->octets, s->octets_n);
	}
	free(s->octets);
	s->octets = p;
	s->octets_cap = cap;
	return true;
}

static enum imp_status add(
	struct imp_steps *s, enum imp_method method, const char *path, struct imp_span payload)
{
	struct imp_step *step;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct imp_step *v = realloc(s->v, cap * sizeof *v);

		if (!v)
			return IMP_E_INTERNAL;
		s->v = v;
		s->cap = cap;
	}
	if (!reserve_octets(s, payload.n))
		return IMP_E_INTERNAL;
	step = &s->v[s->n++];
	*step = (struct imp_step){ .method = method, .at = s->octets_n, .n = payload.n };
	(void)snprintf(step->path, sizeof step->path, "%s", path);
	if (payload.n)
		memcpy(s->octets + s->octets_n, payload.p, payload.n);
	s->octets_n += payload.n;
	return IMP_OK;
}

/* ---- payloads ---------------------------------------------------------------------------------
 */

/* The resources alone: what a Write names by its path is not said again (T3). */
static enum imp_status put_tlv(const struct imp_set *one, uint16_t object, struct imp_wr *out)
{
	enum imp_status st = imp_set_to_tlv(one, object, out);
	struct imp_rd rd = imp_rd(imp_wr_span(out));
	struct imp_tlv tlv;

	if (st == IMP_OK)
		st = imp_tlv_next(&rd, &tlv);
	if (st != IMP_OK)
		return st;
	memmove(out->p, tlv.value.p, tlv.value.n);
	out->n = tlv.value.n;
	return IMP_OK;
}

static enum imp_status put_payload(
	const struct imp_set *one, uint16_t object, uint16_t format, struct imp_wr *out)
{
	enum imp_status st;

	switch (format) {
	case IMP_FORMAT_TLV:
		st = put_tlv(one, object, out);
		break;
	case IMP_FORMAT_SENML_CBOR:
		st = imp_set_to_senml_cbor(one, out);
		break;
	case IMP_FORMAT_SENML_JSON:
		st = imp_set_to_senml_json(one, out);
		break;
	default:
		return IMP_E_UNSUPPORTED;
	}
	return st == IMP_OK ? out->st : st;
}

static enum imp_status pick(
	const struct imp_set *whole, uint16_t object, uint16_t instance, struct imp_set *one)
{
	enum imp_status st = IMP_OK;

	imp_set_wipe(one);
	for (size_t i = 0; st == IMP_OK && i < whole->n; i++)
		if (whole->v[i].path.object == object && whole->v[i].path.instance == instance)
			st = imp_set_put(one, &whole->v[i]);
	return st;
}

/* ---- the steps --------------------------------------------------------------------------------
 */

static enum imp_status clear(
	struct imp_steps *s, const struct imp_set *set, enum imp_clearing clearing)
{
	static const uint16_t objects[] = { IMP_OBJ_SECURITY, IMP_OBJ_SERVER,
		IMP_OBJ_ACCESS_CONTROL, IMP_OBJ_OSCORE };
	enum imp_status st = IMP_OK;
	char path[8];

	if (clearing == IMP_CLEAR_ALL)
		return add(s, IMP_DELETE, "", imp_span(NULL, 0));
	if (clearing == IMP_CLEAR_NOTHING)
		return IMP_OK;
	for (size_t i = 0; st == IMP_OK && i < sizeof objects / sizeof *objects; i++) {
		if (imp_set_next_instance(set, objects[i], -1) < 0)
			continue;
		(void)snprintf(path, sizeof path, "%u", objects[i]);
		st = add(s, IMP_DELETE, path, imp_span(NULL, 0));
	}
	return st;
}

static enum imp_status write_instance(
	struct imp_steps *s, struct scratch *scratch, uint16_t object, uint16_t instance)
{
	struct imp_wr out = imp_wr(scratch->octets, sizeof scratch->octets);
	char path[24];
	enum imp_status st = pick(&scratch->whole, object, instance, &scratch->one);

	if (st == IMP_OK)
		st = put_payload(&scratch->one, object, s->format, &out);
	(void)snprintf(path, sizeof path, "%u/%u", object, instance);
	return st == IMP_OK ? add(s, IMP_PUT, path, imp_wr_span(&out)) : st;
}

static enum imp_status write_all(struct imp_steps *s, struct scratch *scratch)
{
	const struct imp_set *set = &scratch->whole;
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < set->n; i++) {
		const struct imp_path at = set->v[i].path;

		if (at.instance == IMP_NO_ID || (i && set->v[i - 1].path.object == at.object &&
							set->v[i - 1].path.instance == at.instance))
			continue;
		st = write_instance(s, scratch, at.object, at.instance);
	}
	return st;
}

static enum imp_status renumber(
	const struct imp_set *set, const struct imp_links *device, struct imp_set *to)
{
	static const struct imp_links unknown;

	return imp_renumber(set, device ? device : &unknown, to);
}

static struct scratch *scratch_new(void)
{
	struct scratch *s = malloc(sizeof *s);

	if (!s)
		return NULL;
	imp_set_init(&s->whole);
	imp_set_init(&s->one);
	return s;
}

static void scratch_free(struct scratch *s)
{
	imp_set_free(&s->whole);
	imp_set_free(&s->one);
	imp_wipe(s->octets, sizeof s->octets);
	free(s);
}

static enum imp_status make(
	struct imp_steps *steps, struct scratch *scratch, enum imp_clearing clearing)
{
	enum imp_status st = clear(steps, &scratch->whole, clearing);

	if (st == IMP_OK)
		st = write_all(steps, scratch);
	if (st == IMP_OK)
		st = add(steps, IMP_POST, "bs", imp_span(NULL, 0));
	if (st == IMP_OK)
		steps->v[steps->n - 1].finish = true;
	return st;
}

enum imp_status imp_steps_make(struct imp_steps *steps, const struct imp_set *set,
	const struct imp_links *device, uint16_t format, enum imp_clearing clearing)
{
	struct scratch *scratch = scratch_new();
	enum imp_status st;

	if (!scratch)
		return IMP_E_INTERNAL;
	imp_steps_free(steps);
	steps->format = format;
	st = renumber(set, device, &scratch->whole);
	if (st == IMP_OK)
		st = make(steps, scratch, clearing);
	scratch_free(scratch);
	if (st != IMP_OK)
		imp_steps_free(steps);
	return st;
}

enum imp_status imp_steps_pack(
	const struct imp_set *set, struct imp_span acc, uint16_t format, struct imp_wr *out)
{
	struct scratch *scratch = scratch_new();
	struct imp_links device;
	enum imp_status st;

	if (!scratch)
		return IMP_E_INTERNAL;
	st = imp_links_read(acc, &device);
	if (st == IMP_OK)
		st = renumber(set, &device, &scratch->whole);
	if (st == IMP_OK && format == IMP_FORMAT_SENML_CBOR)
		st = imp_set_to_senml_cbor(&scratch->whole, out);
	else if (st == IMP_OK && format == IMP_FORMAT_SENML_JSON)
		st = imp_set_to_senml_json(&scratch->whole, out);
	else if (st == IMP_OK)
		st = IMP_E_UNSUPPORTED;
	scratch_free(scratch);
	return st == IMP_OK ? out->st : st;
}
