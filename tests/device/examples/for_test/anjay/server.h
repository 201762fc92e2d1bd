/* SPDX-License-Identifier: Apache-2.0 */
/* As security.h next to it. */
#ifndef ANJAY_SERVER_H
#define ANJAY_SERVER_H

#include "security.h"

typedef struct {
	anjay_ssid_t ssid;
	int32_t lifetime, default_min_period, default_max_period, disable_timeout;
	const char *binding;
	bool notification_storing;
#ifdef ANJAY_WITH_LWM2M11
	const bool *bootstrap_on_registration_failure;
	char preferred_transport;
	bool mute_send;
	const uint32_t *communication_retry_count, *communication_retry_timer;
	const uint32_t *communication_sequence_retry_count, *communication_sequence_delay_timer;
#endif
} anjay_server_instance_t;

int anjay_server_object_add_instance(
	anjay_t *anjay, const anjay_server_instance_t *instance, anjay_iid_t *inout_iid);
void anjay_server_object_purge(anjay_t *anjay);

#endif
