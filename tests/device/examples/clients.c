/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the visitor to the objects of an LwM2M client: instances of Security (/0) and Server (/1) as
 * plain structures, which are then handed to the client of your choice (PORTING.md says which
 * member goes where).  Values are copied into one pool, because they are gone after the load.
 */
#include "imprint_reader.h"

#include <string.h>

#define INSTANCES 4
#define POOL 4096

struct octets {
	const uint8_t *p;
	size_t n;
};

struct security {
	uint16_t instance, ssid;
	bool bootstrap;
	int64_t mode, hold_off, account_timeout;
	struct octets uri, identity, server_key, key;
};

struct server {
	uint16_t instance, ssid;
	int64_t lifetime, min_period, max_period;
	bool storing;
	struct octets binding;
};

struct factory {
	struct security security[INSTANCES];
	struct server server[INSTANCES];
	unsigned securities, servers;
	uint8_t pool[POOL]; /* holds keys: wipe it when the client has them */
	size_t used;
};

int client_resource(void *ctx, const struct imr_resource *r);

static int keep(struct factory *f, struct octets *to, const struct imr_resource *r)
{
	if (r->length > sizeof f->pool - f->used)
		return 1;
	memcpy(f->pool + f->used, r->value, r->length);
	to->p = f->pool + f->used;
	to->n = r->length;
	f->used += r->length;
	return 0;
}

static int take_security(struct factory *f, struct security *s, const struct imr_resource *r)
{
	switch (r->resource) {
	case 0:
		return keep(f, &s->uri, r);
	case 1:
		s->bootstrap = imr_integer(r) != 0;
		return 0;
	case 2:
		s->mode = imr_integer(r);
		return 0;
	case 3:
		return keep(f, &s->identity, r);
	case 4:
		return keep(f, &s->server_key, r);
	case 5:
		return keep(f, &s->key, r);
	case 10:
		s->ssid = (uint16_t)imr_integer(r);
		return 0;
	case 11:
		s->hold_off = imr_integer(r);
		return 0;
	case 12:
		s->account_timeout = imr_integer(r);
		return 0;
	default:
		return 0;
	}
}

static int take_server(struct factory *f, struct server *s, const struct imr_resource *r)
{
	switch (r->resource) {
	case 0:
		s->ssid = (uint16_t)imr_integer(r);
		return 0;
	case 1:
		s->lifetime = imr_integer(r);
		return 0;
	case 2:
		s->min_period = imr_integer(r);
		return 0;
	case 3:
		s->max_period = imr_integer(r);
		return 0;
	case 6:
		s->storing = imr_integer(r) != 0;
		return 0;
	case 7:
		return keep(f, &s->binding, r);
	default:
		return 0;
	}
}

/* An imr_visit; ctx: struct factory, zeroed before.  All of an instance comes in one piece. */
int client_resource(void *ctx, const struct imr_resource *r)
{
	struct factory *f = (struct factory *)ctx;

	if (r->object == 0) {
		if (f->securities == 0 || f->security[f->securities - 1].instance != r->instance) {
			if (f->securities == INSTANCES)
				return 1;
			f->security[f->securities++].instance = r->instance;
		}
		return take_security(f, &f->security[f->securities - 1], r);
	}
	if (r->object == 1) {
		if (f->servers == 0 || f->server[f->servers - 1].instance != r->instance) {
			if (f->servers == INSTANCES)
				return 1;
			f->server[f->servers++].instance = r->instance;
		}
		return take_server(f, &f->server[f->servers - 1], r);
	}
	return 0;
}
