/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What card or flash hold, into the Security and Server objects of a Wakaama client, as if a
 * bootstrap server had written it: Wakaama's own TLV parser hands over each value as opaque, too.
 */
#include "imprint_reader.h"

#include <liblwm2m.h>

#define RESOURCES 24 /* of one instance */

/* A bit for each resource id that the objects of Wakaama's example client take.  They refuse the
 * whole instance for any other one; yours may take more. */
static const uint32_t known[2] = { 0x00001FFF, 0x009FE0EF };

struct feed {
	lwm2m_context_t *context;
	lwm2m_object_t **objects; /* Security, Server */
	uint16_t object, instance;
	lwm2m_data_t *data; /* RESOURCES of them */
	int n;
};

/* Sets config->visit and config->ctx.  objects: Security and Server, without instances. */
enum imr_status wakaama_load(lwm2m_context_t *context, lwm2m_object_t *objects[2],
	struct imr_config *config, struct imr_report *report);

/* lwm2m_data_free() leaves the keys where they were. */
static void drop(struct feed *f)
{
	for (int i = 0; i < f->n; i++) {
		volatile uint8_t *octet = f->data[i].value.asBuffer.buffer;

		for (size_t k = 0; k < f->data[i].value.asBuffer.length; k++)
			octet[k] = 0;
	}
	lwm2m_data_free(RESOURCES, f->data);
	f->data = NULL;
	f->n = 0;
}

/* Hand over the instance that was collected, under its id in the payload. */
static int create(struct feed *f)
{
	uint8_t result = COAP_201_CREATED;

	if (f->n > 0) {
		lwm2m_object_t *to = f->objects[f->object];

		result = to->createFunc(f->context, f->instance, f->n, f->data, to);
	}
	drop(f);
	return result != COAP_201_CREATED;
}

static int take(struct feed *f, const struct imr_resource *r)
{
	lwm2m_data_t *to;

	if (!f->data)
		f->data = lwm2m_data_new(RESOURCES);
	if (!f->data || f->n == RESOURCES)
		return 1; /* stops the load: IMR_E_STOPPED */
	to = &f->data[f->n];
	to->id = r->resource;
	lwm2m_data_encode_opaque(r->value, r->length, to);
	if (to->type != LWM2M_TYPE_OPAQUE)
		return 1;
	f->n++;
	return 0;
}

static int visit(void *ctx, const struct imr_resource *r)
{
	struct feed *f = (struct feed *)ctx;

	if (r->object != f->object || r->instance != f->instance) {
		if (create(f) != 0)
			return 1;
		f->object = r->object;
		f->instance = r->instance;
	}
	if (r->object > 1 || r->resource > 31 || (known[r->object] >> r->resource & 1) == 0)
		return 0; /* what is not known is passed over */
	return take(f, r);
}

enum imr_status wakaama_load(lwm2m_context_t *context, lwm2m_object_t *objects[2],
	struct imr_config *config, struct imr_report *report)
{
	struct feed f = { .context = context, .objects = objects };
	enum imr_status st;

	config->visit = visit;
	config->ctx = &f;
	st = imr_load(config, report);
	if (st == IMR_OK && create(&f) != 0)
		st = IMR_E_STOPPED;
	if (st != IMR_OK) {
		drop(&f);
		for (int i = 0; i < 2; i++)
			while (objects[i]->instanceList)
				objects[i]->deleteFunc(
					context, objects[i]->instanceList->id, objects[i]);
	}
	return st;
}
