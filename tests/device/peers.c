/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands for Anjay and Wakaama behind the examples: shows what they are given of a slot.
 *
 * use:  peers anjay|wakaama SLOT [N]       N: the client refuses the N-th instance
 */
#include "imprint_reader.h"

#include <anjay/security.h>
#include <anjay/server.h>
#include <liblwm2m.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum imr_status anjay_load(anjay_t *anjay, struct imr_config *config, struct imr_report *report);
enum imr_status wakaama_load(lwm2m_context_t *context, lwm2m_object_t *objects[2],
	struct imr_config *config, struct imr_report *report);

struct anjay_struct {
	char unused;
};

struct lwm2m_context {
	char unused;
};

static unsigned instances, refused;

static bool refuse(void)
{
	return ++instances == refused;
}

static void octets(const char *name, const uint8_t *p, size_t n)
{
	printf(" %s ", name);
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	if (n == 0)
		printf("-");
}

static void text(const char *name, const char *value)
{
	if (value)
		printf(" %s %s", name, value);
}

static void number(const char *name, const uint32_t *value)
{
	if (value)
		printf(" %s %u", name, (unsigned)*value);
}

/* ---- Anjay ---- */

int anjay_security_object_add_instance(
	anjay_t *anjay, const anjay_security_instance_t *instance, anjay_iid_t *inout_iid)
{
	(void)anjay;
	if (refuse())
		return -1;
	printf("/0/%u ssid %u", *inout_iid, instance->ssid);
	text("uri", instance->server_uri);
	printf(" bootstrap %d mode %d holdoff %d timeout %d", instance->bootstrap_server,
		(int)instance->security_mode, (int)instance->client_holdoff_s,
		(int)instance->bootstrap_timeout_s);
	octets("public", instance->public_cert_or_psk_identity,
		instance->public_cert_or_psk_identity_size);
	octets("secret", instance->private_cert_or_psk_key, instance->private_cert_or_psk_key_size);
	octets("server", instance->server_public_key, instance->server_public_key_size);
#ifdef ANJAY_WITH_LWM2M11
	if (instance->matching_type)
		printf(" matching %u", *instance->matching_type);
	text("sni", instance->server_name_indication);
	if (instance->certificate_usage)
		printf(" usage %u", *instance->certificate_usage);
	for (size_t i = 0; i < instance->ciphersuites.num_ids; i++)
		printf(" suite %u", (unsigned)instance->ciphersuites.ids[i]);
#endif
	printf("\n");
	return 0;
}

int anjay_server_object_add_instance(
	anjay_t *anjay, const anjay_server_instance_t *instance, anjay_iid_t *inout_iid)
{
	(void)anjay;
	if (refuse())
		return -1;
	printf("/1/%u ssid %u lifetime %d periods %d %d disable %d storing %d", *inout_iid,
		instance->ssid, (int)instance->lifetime, (int)instance->default_min_period,
		(int)instance->default_max_period, (int)instance->disable_timeout,
		instance->notification_storing);
	text("binding", instance->binding);
#ifdef ANJAY_WITH_LWM2M11
	if (instance->bootstrap_on_registration_failure)
		printf(" bootstrap %d", *instance->bootstrap_on_registration_failure);
	number("retries", instance->communication_retry_count);
	number("retry", instance->communication_retry_timer);
	number("sequences", instance->communication_sequence_retry_count);
	number("delay", instance->communication_sequence_delay_timer);
	if (instance->preferred_transport)
		printf(" transport %c", instance->preferred_transport);
	printf(" mute %d", instance->mute_send);
#else
	(void)number;
#endif
	printf("\n");
	return 0;
}

void anjay_security_object_purge(anjay_t *anjay)
{
	(void)anjay;
	printf("/0 purged\n");
}

void anjay_server_object_purge(anjay_t *anjay)
{
	(void)anjay;
	printf("/1 purged\n");
}

/* ---- Wakaama ---- */

lwm2m_data_t *lwm2m_data_new(int size)
{
	return (lwm2m_data_t *)calloc((size_t)size, sizeof(lwm2m_data_t));
}

void lwm2m_data_free(int size, lwm2m_data_t *data)
{
	for (int i = 0; data && i < size; i++) {
		if (data[i].type != LWM2M_TYPE_OPAQUE)
			continue;
		for (size_t k = 0; k < data[i].value.asBuffer.length; k++)
			if (data[i].value.asBuffer.buffer[k] != 0)
				abort(); /* not wiped */
		free(data[i].value.asBuffer.buffer);
	}
	free(data);
}

void lwm2m_data_encode_opaque(const uint8_t *buffer, size_t length, lwm2m_data_t *data)
{
	data->value.asBuffer.buffer = (uint8_t *)malloc(length ? length : 1);
	if (!data->value.asBuffer.buffer)
		return;
	if (length)
		memcpy(data->value.asBuffer.buffer, buffer, length);
	data->value.asBuffer.length = length;
	data->type = LWM2M_TYPE_OPAQUE;
}

static uint8_t create(lwm2m_context_t *context, uint16_t instance, int count, lwm2m_data_t *data,
	lwm2m_object_t *object)
{
	lwm2m_list_t *made;

	(void)context;
	made = refuse() ? NULL : (lwm2m_list_t *)calloc(1, sizeof *made);
	if (!made)
		return 0x80;
	made->id = instance;
	made->next = object->instanceList;
	object->instanceList = made;
	printf("/%u/%u", object->objID, instance);
	for (int i = 0; i < count; i++) {
		char name[8];

		snprintf(name, sizeof name, "%u", data[i].id);
		octets(name, data[i].value.asBuffer.buffer, data[i].value.asBuffer.length);
	}
	printf("\n");
	return COAP_201_CREATED;
}

static uint8_t delete (lwm2m_context_t *context, uint16_t instance, lwm2m_object_t *object)
{
	lwm2m_list_t *first = object->instanceList;

	(void)context;
	if (!first || first->id != instance)
		abort();
	printf("/%u/%u deleted\n", object->objID, instance);
	object->instanceList = first->next;
	free(first);
	return 0x42;
}

/* ---- both ---- */

static int read_slot(void *ctx, uint32_t addr, void *to, size_t n)
{
	return fseek((FILE *)ctx, (long)addr, SEEK_SET) != 0 || fread(to, 1, n, (FILE *)ctx) != n;
}

static enum imr_status to_wakaama(struct imr_config *config, struct imr_report *report)
{
	lwm2m_object_t security = { .objID = 0, .createFunc = create, .deleteFunc = delete };
	lwm2m_object_t server = { .objID = 1, .createFunc = create, .deleteFunc = delete };
	lwm2m_object_t *objects[2] = { &security, &server };
	lwm2m_context_t context = { 0 };
	enum imr_status st = wakaama_load(&context, objects, config, report);

	for (int i = 0; i < 2; i++) {
		while (objects[i]->instanceList) {
			lwm2m_list_t *first = objects[i]->instanceList;

			objects[i]->instanceList = first->next;
			free(first);
		}
	}
	return st;
}

int main(int argc, char **argv)
{
	static uint8_t buffer[2048];
	FILE *f = argc > 2 ? fopen(argv[2], "rb") : NULL;
	const struct imr_flash flash = { .ctx = f, .read = read_slot, .size = 2048 };
	struct imr_config config = { .flash = &flash, .buffer = buffer, .size = sizeof buffer };
	struct imr_report report;
	anjay_t anjay = { 0 };
	enum imr_status st;

	if (!f)
		return 2;
	refused = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	if (strcmp(argv[1], "anjay") == 0)
		st = anjay_load(&anjay, &config, &report);
	else
		st = to_wakaama(&config, &report);
	printf("%s\n", imr_status_text(st));
	fclose(f);
	return st != IMR_OK;
}
