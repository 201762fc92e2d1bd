/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile: what every device of a product gets.  Keys of the YAML file and their meaning:
 * factory/README.md.  A profile holds no secret, it names files.  What one device gets from it is a
 * plan (factory/plan.h).
 */
#ifndef FACTORY_PROFILE_H
#define FACTORY_PROFILE_H

#include "base/seam.h"
#include "base/span.h"
#include "factory/template.h"
#include "flash/image.h"
#include "model/set.h"

#define IMP_ACCOUNTS_MAX 16
#define IMP_SUITES_MAX 8
#define IMP_ACCESS_MAX 64
#define IMP_IDENTITY_MAX 128   /* octets of a PSK identity (B11) and of an endpoint name */
#define IMP_COMMON_NAME_MAX 64 /* octets of a certificate's CN, RFC 5280 ub-common-name */
#define IMP_OSCORE_ID_MAX 7    /* octets, default AEAD (ref lwm2m 2.6) */

/* Every number that a profile may leave out is -1 when it does; every path is joined with the
 * folder of the profile already; every text is NUL-terminated, valid UTF-8, NULL when left out. */
#define IMP_LEFT_OUT (-1)

enum imp_security { /* values of 0/x/2 */
	IMP_SECURITY_PSK = 0,
	IMP_SECURITY_RPK = 1,
	IMP_SECURITY_X509 = 2,
	IMP_SECURITY_NONE = 3,
};

/* A template whose expansion is text, or, when hex, the hexadecimal spelling of octets. */
struct imp_profile_octets {
	struct imp_template template; /* without the "hex:" in front */
	bool hex;
};

struct imp_profile_oscore {
	bool present;
	struct imp_profile_octets sender_id, recipient_id;
	struct imp_profile_octets id_context; /* template.source NULL: none */
	int64_t aead, hmac;		      /* COSE ids; -1: resource left out */
	bool random_salt;		      /* 8 random octets; else no salt */
};

struct imp_profile_account {
	unsigned index; /* place in the file's list, from 0 */
	unsigned line;
	bool bootstrap;
	enum imp_security security;
	const char *uri;
	int64_t ssid; /* 1..65534; -1 for the bootstrap account */

	/* /0 */
	int64_t hold_off;		 /* 11; bootstrap account only */
	int64_t account_timeout;	 /* 12; bootstrap account only */
	int64_t matching_type;		 /* 13 */
	const char *sni;		 /* 14 */
	int64_t certificate_usage;	 /* 15 */
	uint16_t suites[IMP_SUITES_MAX]; /* 16 */
	size_t suites_n;
	const char *server_key; /* 4, path: SPKI or certificate, PEM or DER; rpk and x509 only */

	/* psk only */
	struct imp_template identity;
	size_t psk_length; /* 16..64 */

	struct imp_profile_oscore oscore;

	/* /1; server accounts only */
	int64_t lifetime;
	int64_t min_period, max_period;
	int64_t disable_timeout;
	bool store_notifications;
	const char *binding;
	int64_t registration_priority;					  /* 13 */
	int64_t initial_delay;						  /* 14 */
	int64_t failure_block;						  /* 15: 0, 1 or -1 */
	int64_t bootstrap_on_failure;					  /* 16: 0, 1 or -1 */
	int64_t retry_count, retry_timer, sequence_delay, sequence_count; /* 17..20 */
	int64_t trigger;						  /* 21: 0, 1 or -1 */
	const char *preferred_transport;				  /* 22 */
	int64_t mute_send;						  /* 23: 0, 1 or -1 */
	int64_t notification_mode;					  /* 26: 0 or 1 */
};

struct imp_profile_acl {
	uint16_t ssid;	/* 0: default */
	uint8_t rights; /* bits 0 R, 1 W, 2 E, 3 D, 4 C */
};

struct imp_profile_access {
	unsigned index; /* place in the file's list, from 0 */
	unsigned line;
	uint16_t object;
	uint16_t instance; /* 65535: the object itself (Create) */
	uint16_t owner;	   /* short server id, 65535: bootstrap only */
	struct imp_profile_acl acl[IMP_ACCOUNTS_MAX + 1];
	size_t acl_n;
};

struct imp_profile_x509 {
	bool present;
	unsigned line;
	const char *ca, *ca_key; /* paths: certificate and private key, PEM or DER */
	struct imp_template subject;
	int64_t validity_days;
	int64_t backdate; /* seconds that notBefore lies before now */
};

enum imp_read_rule { IMP_READ_ALWAYS, IMP_READ_PIN };
enum imp_seal_kind { IMP_SEAL_NONE, IMP_SEAL_CERTIFICATE, IMP_SEAL_STATION_KEY };

struct imp_profile {
	const char *path; /* as given, for messages */
	const char *dir;  /* folder that relative paths belong to */
	const char *product;
	struct imp_template endpoint;
	enum imp_keys keys;
	uint8_t enabler_major, enabler_minor; /* target LwM2M version: 1.0, 1.1, 1.2 */
	bool explicit_versions;		      /* object versions in the payload */

	/* The bootstrap account, when there is one, comes first; then servers by ascending ssid. */
	struct imp_profile_account *accounts;
	size_t accounts_n;
	bool has_bootstrap; /* accounts[0] */

	struct imp_profile_access *access; /* by object, then instance */
	size_t access_n;

	struct imp_profile_x509 x509;

	struct {
		bool present;
		const char *layout_name; /* as the profile spells it */
		unsigned layout_line;
		struct imp_layout layout; /* loaded unless imp_profile_options.text_only */
		enum imp_encode encode;
		const char *tag_key; /* path: slots carry an authentication tag */
	} flash;
	struct {
		bool present;
		enum imp_read_rule read_rule;
		bool opensc_compatible;
	} card;

	bool server; /* written over the air alone: no medium, and no seal of its own */

	struct {
		enum imp_seal_kind kind; /* IMP_SEAL_NONE: server */
		const char *file;	 /* path */
		unsigned line;
	} seal;

	struct imp_arena arena; /* holds all of it */
};

struct imp_keycheck;

struct imp_profile_options {
	/* Judge the text alone: files that it names are neither looked for nor read. */
	bool text_only;
	const struct imp_clock *clock;	 /* for the CA's validity; NULL only with text_only */
	const struct imp_keycheck *keys; /* for the sample set; may be NULL */
};

/*
 * Load a profile and judge all of it: every finding at once, each with file and line.  IMP_OK: no
 * error (there may be warnings).  Every failure leaves at least one error in problems and *out
 * empty.
 */
IMP_MUST_CHECK enum imp_status imp_profile_load(const char *path,
	const struct imp_profile_options *options, struct imp_profile *out,
	struct imp_problems *problems);

/* The same from text in memory; path is only named, relative paths belong to dir. */
IMP_MUST_CHECK enum imp_status imp_profile_parse(struct imp_span text, const char *path,
	const char *dir, const struct imp_profile_options *options, struct imp_profile *out,
	struct imp_problems *problems);

void imp_profile_free(struct imp_profile *profile); /* takes an empty one */
#define IMP_PROFILE __attribute__((cleanup(imp_profile_free))) struct imp_profile

/* "psk", "rpk", "x509", "none" */
const char *imp_security_name(enum imp_security security);

#endif
