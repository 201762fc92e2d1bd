/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What card or flash hold, into the Security and Server objects of Anjay.  One instance is
 * collected at a time; the objects copy what they are given.
 */
#include "imprint_reader.h"

#include <anjay/security.h>
#include <anjay/server.h>

#define POOL 4096 /* values of one instance: with certificates, the longest ones */
#define SUITES 16

struct feed {
	anjay_t *anjay;
	uint16_t object, instance; /* that is collected; object IMR_NO_ID: none yet */
	anjay_security_instance_t security;
	anjay_server_instance_t server;

	/* What the two point to. */
	uint8_t pool[POOL];
	size_t used;
#ifdef ANJAY_WITH_LWM2M11
	uint8_t matching_type, certificate_usage;
	bool bootstrap_on_failure;
	uint32_t retry[4], suites[SUITES];
#endif
};

/* Sets config->visit and config->ctx.  Both objects are installed, and empty. */
enum imr_status anjay_load(anjay_t *anjay, struct imr_config *config, struct imr_report *report);

static void wipe(void *p, size_t n)
{
	volatile uint8_t *octet = (volatile uint8_t *)p;

	while (n-- > 0)
		*octet++ = 0;
}

/* A negative number is Anjay's word for "not there". */
static int32_t seconds(const struct imr_resource *r)
{
	int64_t v = imr_integer(r);

	if (v < 0)
		return -1;
	return v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

/* The value is gone after the visit: a copy, with a NUL behind it for strings. */
static int keep(struct feed *f, const struct imr_resource *r, const uint8_t **to, const char **text,
	size_t *n)
{
	uint8_t *copy = f->pool + f->used;

	if (r->length >= sizeof f->pool - f->used)
		return 1; /* stops the load: IMR_E_STOPPED */
	for (size_t i = 0; i < r->length; i++)
		copy[i] = r->value[i];
	copy[r->length] = 0;
	f->used += r->length + 1;
	if (to)
		*to = copy;
	if (text)
		*text = (const char *)copy;
	if (n)
		*n = r->length;
	return 0;
}

#ifdef ANJAY_WITH_LWM2M11
static int security_1_1(struct feed *f, const struct imr_resource *r)
{
	anjay_security_instance_t *to = &f->security;

	switch (r->resource) {
	case 13:
		f->matching_type = (uint8_t)imr_unsigned(r);
		to->matching_type = &f->matching_type;
		return 0;
	case 14:
		return keep(f, r, NULL, &to->server_name_indication, NULL);
	case 15:
		f->certificate_usage = (uint8_t)imr_unsigned(r);
		to->certificate_usage = &f->certificate_usage;
		return 0;
	case 16: /* a multiple resource: once for each instance */
		if (to->ciphersuites.num_ids == SUITES)
			return 1;
		to->ciphersuites.ids = f->suites;
		f->suites[to->ciphersuites.num_ids++] = imr_unsigned(r);
		return 0;
	default:
		return 0; /* what is not known is passed over */
	}
}

static int server_1_1(struct feed *f, const struct imr_resource *r)
{
	anjay_server_instance_t *to = &f->server;

	if (r->resource >= 17 && r->resource <= 20)
		f->retry[r->resource - 17] = imr_unsigned(r);
	switch (r->resource) {
	case 16:
		f->bootstrap_on_failure = imr_integer(r) != 0;
		to->bootstrap_on_registration_failure = &f->bootstrap_on_failure;
		return 0;
	case 17:
		to->communication_retry_count = &f->retry[0];
		return 0;
	case 18:
		to->communication_retry_timer = &f->retry[1];
		return 0;
	case 19:
		to->communication_sequence_delay_timer = &f->retry[2];
		return 0;
	case 20:
		to->communication_sequence_retry_count = &f->retry[3];
		return 0;
	case 22:
		to->preferred_transport = r->length ? (char)r->value[0] : 0;
		return 0;
	case 23:
		to->mute_send = imr_integer(r) != 0;
		return 0;
	default:
		return 0;
	}
}
#else
static int security_1_1(struct feed *f, const struct imr_resource *r)
{
	(void)f;
	(void)r;
	return 0;
}

static int server_1_1(struct feed *f, const struct imr_resource *r)
{
	return security_1_1(f, r);
}
#endif

static int security(struct feed *f, const struct imr_resource *r)
{
	anjay_security_instance_t *to = &f->security;

	switch (r->resource) {
	case 0:
		return keep(f, r, NULL, &to->server_uri, NULL);
	case 1:
		to->bootstrap_server = imr_integer(r) != 0;
		return 0;
	case 2:
		to->security_mode = (anjay_security_mode_t)imr_integer(r);
		return 0;
	case 3:
		return keep(f, r, &to->public_cert_or_psk_identity, NULL,
			&to->public_cert_or_psk_identity_size);
	case 4:
		return keep(f, r, &to->server_public_key, NULL, &to->server_public_key_size);
	case 5:
		return keep(f, r, &to->private_cert_or_psk_key, NULL,
			&to->private_cert_or_psk_key_size);
	case 10:
		to->ssid = (anjay_ssid_t)imr_integer(r);
		return 0;
	case 11:
		to->client_holdoff_s = seconds(r);
		return 0;
	case 12:
		to->bootstrap_timeout_s = seconds(r);
		return 0;
	default:
		return security_1_1(f, r);
	}
}

static int server(struct feed *f, const struct imr_resource *r)
{
	anjay_server_instance_t *to = &f->server;

	switch (r->resource) {
	case 0:
		to->ssid = (anjay_ssid_t)imr_integer(r);
		return 0;
	case 1:
		to->lifetime = seconds(r);
		return 0;
	case 2:
		to->default_min_period = seconds(r);
		return 0;
	case 3:
		to->default_max_period = seconds(r);
		return 0;
	case 5:
		to->disable_timeout = seconds(r);
		return 0;
	case 6:
		to->notification_storing = imr_integer(r) != 0;
		return 0;
	case 7:
		return keep(f, r, NULL, &to->binding, NULL);
	default:
		return server_1_1(f, r);
	}
}

/* Hand over the instance that was collected, under its id in the payload. */
static int add(struct feed *f)
{
	anjay_iid_t iid = f->instance;

	if (f->object == 0)
		return anjay_security_object_add_instance(f->anjay, &f->security, &iid);
	if (f->object == 1)
		return anjay_server_object_add_instance(f->anjay, &f->server, &iid);
	return 0;
}

static void begin(struct feed *f, const struct imr_resource *r)
{
	anjay_t *anjay = f->anjay;

	wipe(f, sizeof *f);
	f->anjay = anjay;
	f->object = r->object;
	f->instance = r->instance;
	f->security.client_holdoff_s = -1;
	f->security.bootstrap_timeout_s = -1;
	f->server.default_min_period = -1;
	f->server.default_max_period = -1;
	f->server.disable_timeout = -1;
}

static int visit(void *ctx, const struct imr_resource *r)
{
	struct feed *f = (struct feed *)ctx;

	if (r->object != f->object || r->instance != f->instance) {
		if (add(f) != 0)
			return 1;
		begin(f, r);
	}
	if (r->object == 0)
		return security(f, r);
	if (r->object == 1)
		return server(f, r);
	return 0;
}

enum imr_status anjay_load(anjay_t *anjay, struct imr_config *config, struct imr_report *report)
{
	static struct feed f;
	enum imr_status st;

	f.anjay = anjay;
	f.object = IMR_NO_ID;
	config->visit = visit;
	config->ctx = &f;
	st = imr_load(config, report);
	if (st == IMR_OK && add(&f) != 0)
		st = IMR_E_STOPPED;
	if (st != IMR_OK) {
		anjay_security_object_purge(anjay);
		anjay_server_object_purge(anjay);
	}
	wipe(&f, sizeof f);
	return st;
}
