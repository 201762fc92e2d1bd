/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/profile_schema.h"

#include "factory/profile.h"

#include <cyaml/cyaml.h>

#define MUST CYAML_FLAG_POINTER
#define MAY (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, flags, struct type, member, 0, CYAML_UNLIMITED)
#define PART(key, flags, type, member, fields) \
	CYAML_FIELD_MAPPING_PTR(key, flags, struct type, member, fields)

static const cyaml_schema_field_t psk[] = {
	TEXT("identity", MAY, imp_raw_psk, identity),
	TEXT("length", MAY, imp_raw_psk, length),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t oscore[] = {
	TEXT("sender-id", MUST, imp_raw_oscore, sender_id),
	TEXT("recipient-id", MUST, imp_raw_oscore, recipient_id),
	TEXT("id-context", MAY, imp_raw_oscore, id_context),
	TEXT("aead", MAY, imp_raw_oscore, aead),
	TEXT("hmac", MAY, imp_raw_oscore, hmac),
	TEXT("salt", MAY, imp_raw_oscore, salt),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t suite = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED) };

static const cyaml_schema_field_t account[] = {
	TEXT("role", MUST, imp_raw_account, role),
	TEXT("uri", MUST, imp_raw_account, uri),
	TEXT("security", MUST, imp_raw_account, security),
	TEXT("short-server-id", MAY, imp_raw_account, ssid),
	TEXT("hold-off", MAY, imp_raw_account, hold_off),
	TEXT("account-timeout", MAY, imp_raw_account, account_timeout),
	TEXT("server-key", MAY, imp_raw_account, server_key),
	TEXT("matching-type", MAY, imp_raw_account, matching_type),
	TEXT("certificate-usage", MAY, imp_raw_account, certificate_usage),
	TEXT("sni", MAY, imp_raw_account, sni),
	CYAML_FIELD_SEQUENCE_COUNT("ciphersuites", MAY, struct imp_raw_account, suites, suites_n,
		&suite, 1, IMP_SUITES_MAX),
	PART("psk", MAY, imp_raw_account, psk, psk),
	PART("oscore", MAY, imp_raw_account, oscore, oscore),
	TEXT("lifetime", MAY, imp_raw_account, lifetime),
	TEXT("binding", MAY, imp_raw_account, binding),
	TEXT("preferred-transport", MAY, imp_raw_account, preferred_transport),
	TEXT("min-period", MAY, imp_raw_account, min_period),
	TEXT("max-period", MAY, imp_raw_account, max_period),
	TEXT("disable-timeout", MAY, imp_raw_account, disable_timeout),
	TEXT("store-notifications", MAY, imp_raw_account, store_notifications),
	TEXT("registration-priority", MAY, imp_raw_account, registration_priority),
	TEXT("initial-delay", MAY, imp_raw_account, initial_delay),
	TEXT("failure-block", MAY, imp_raw_account, failure_block),
	TEXT("bootstrap-on-failure", MAY, imp_raw_account, bootstrap_on_failure),
	TEXT("retry-count", MAY, imp_raw_account, retry_count),
	TEXT("retry-timer", MAY, imp_raw_account, retry_timer),
	TEXT("sequence-delay", MAY, imp_raw_account, sequence_delay),
	TEXT("sequence-count", MAY, imp_raw_account, sequence_count),
	TEXT("trigger", MAY, imp_raw_account, trigger),
	TEXT("mute-send", MAY, imp_raw_account, mute_send),
	TEXT("notification-mode", MAY, imp_raw_account, notification_mode),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t account_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct imp_raw_account, account) };

static const cyaml_schema_field_t access_control[] = {
	TEXT("object", MUST, imp_raw_access, object),
	TEXT("instance", MUST, imp_raw_access, instance),
	TEXT("owner", MUST, imp_raw_access, owner),
	CYAML_FIELD_IGNORE("acl", CYAML_FLAG_DEFAULT),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t access_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct imp_raw_access, access_control) };

static const cyaml_schema_field_t x509[] = {
	TEXT("ca", MUST, imp_raw_x509, ca),
	TEXT("ca-key", MUST, imp_raw_x509, ca_key),
	TEXT("subject", MAY, imp_raw_x509, subject),
	TEXT("validity-days", MAY, imp_raw_x509, validity_days),
	TEXT("backdate", MAY, imp_raw_x509, backdate),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t flash[] = {
	TEXT("layout", MUST, imp_raw_flash, layout),
	TEXT("encode", MAY, imp_raw_flash, encode),
	TEXT("tag-key", MAY, imp_raw_flash, tag_key),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t card[] = {
	TEXT("read-rule", MAY, imp_raw_card, read_rule),
	TEXT("opensc-compatible", MAY, imp_raw_card, opensc_compatible),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t targets[] = {
	PART("flash", MAY, imp_raw_targets, flash, flash),
	PART("card", MAY, imp_raw_targets, card, card),
	TEXT("server", MAY, imp_raw_targets, server),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t seal[] = {
	TEXT("certificate", MAY, imp_raw_seal, certificate),
	TEXT("station-key", MAY, imp_raw_seal, station_key),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t profile[] = {
	TEXT("product", MUST, imp_raw_profile, product),
	TEXT("endpoint", MUST, imp_raw_profile, endpoint),
	TEXT("keys", MUST, imp_raw_profile, keys),
	TEXT("enabler", MAY, imp_raw_profile, enabler),
	TEXT("object-versions", MAY, imp_raw_profile, object_versions),
	CYAML_FIELD_SEQUENCE_COUNT("accounts", MUST, struct imp_raw_profile, accounts, accounts_n,
		&account_entry, 1, IMP_ACCOUNTS_MAX),
	CYAML_FIELD_SEQUENCE_COUNT("access-control", MAY, struct imp_raw_profile, access, access_n,
		&access_entry, 1, IMP_ACCESS_MAX),
	PART("psk", MAY, imp_raw_profile, psk, psk),
	PART("x509", MAY, imp_raw_profile, x509, x509),
	PART("targets", MUST, imp_raw_profile, targets, targets),
	PART("seal", MAY, imp_raw_profile, seal, seal),
	CYAML_FIELD_END,
};

const struct cyaml_schema_value imp_profile_schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct imp_raw_profile, profile) };
