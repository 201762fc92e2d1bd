/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a profile as libcyaml fills it: texts only, NULL where a key is left out.  The order
 * of members follows factory/README.md.
 */
#ifndef FACTORY_PROFILE_SCHEMA_H
#define FACTORY_PROFILE_SCHEMA_H

struct imp_raw_psk {
	char *identity, *length;
};

struct imp_raw_oscore {
	char *sender_id, *recipient_id, *id_context, *aead, *hmac, *salt;
};

struct imp_raw_account {
	char *role, *uri, *security, *ssid;
	char *hold_off, *account_timeout;
	char *server_key, *matching_type, *certificate_usage, *sni;
	char **suites;
	unsigned suites_n;
	struct imp_raw_psk *psk;
	struct imp_raw_oscore *oscore;
	char *lifetime, *binding, *preferred_transport;
	char *min_period, *max_period, *disable_timeout, *store_notifications;
	char *registration_priority, *initial_delay, *failure_block, *bootstrap_on_failure;
	char *retry_count, *retry_timer, *sequence_delay, *sequence_count;
	char *trigger, *mute_send, *notification_mode;
};

struct imp_raw_access {
	char *object, *instance, *owner;
	/* acl has keys of its own: read from the nodes */
};

struct imp_raw_x509 {
	char *ca, *ca_key, *subject, *validity_days, *backdate;
};

struct imp_raw_flash {
	char *layout, *encode, *tag_key;
};

struct imp_raw_card {
	char *read_rule, *opensc_compatible;
};

struct imp_raw_targets {
	struct imp_raw_flash *flash;
	struct imp_raw_card *card;
	char *server;
};

struct imp_raw_seal {
	char *certificate, *station_key;
};

struct imp_raw_profile {
	char *product, *endpoint, *keys, *enabler, *object_versions;
	struct imp_raw_account *accounts;
	unsigned accounts_n;
	struct imp_raw_access *access;
	unsigned access_n;
	struct imp_raw_psk *psk;
	struct imp_raw_x509 *x509;
	struct imp_raw_targets *targets;
	struct imp_raw_seal *seal;
};

extern const struct cyaml_schema_value imp_profile_schema;

#endif
