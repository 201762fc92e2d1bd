/* SPDX-License-Identifier: Apache-2.0 */
/* As much of Anjay as the example uses, so that it compiles without it: names and types only. */
#ifndef ANJAY_SECURITY_H
#define ANJAY_SECURITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct anjay_struct anjay_t;
typedef uint16_t anjay_ssid_t;
typedef uint16_t anjay_iid_t;
typedef enum {
	ANJAY_SECURITY_PSK,
	ANJAY_SECURITY_RPK,
	ANJAY_SECURITY_CERTIFICATE,
	ANJAY_SECURITY_NOSEC,
	ANJAY_SECURITY_EST,
} anjay_security_mode_t;

typedef struct {
	uint32_t *ids;
	size_t num_ids;
} avs_net_socket_tls_ciphersuites_t;

typedef struct {
	anjay_ssid_t ssid;
	const char *server_uri;
	bool bootstrap_server;
	anjay_security_mode_t security_mode;
	int32_t client_holdoff_s, bootstrap_timeout_s;
	const uint8_t *public_cert_or_psk_identity;
	size_t public_cert_or_psk_identity_size;
	const uint8_t *private_cert_or_psk_key;
	size_t private_cert_or_psk_key_size;
	const uint8_t *server_public_key;
	size_t server_public_key_size;
#ifdef ANJAY_WITH_LWM2M11
	const uint8_t *matching_type;
	const char *server_name_indication;
	const uint8_t *certificate_usage;
	avs_net_socket_tls_ciphersuites_t ciphersuites;
#endif
} anjay_security_instance_t;

int anjay_security_object_add_instance(
	anjay_t *anjay, const anjay_security_instance_t *instance, anjay_iid_t *inout_iid);
void anjay_security_object_purge(anjay_t *anjay);

#endif
