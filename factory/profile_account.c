/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/profile_read.h"
#include "factory/suites.h"

#include <stdlib.h>
#include <string.h>

enum {
	BOOT = 1,
	SERVER = 2,
	BOTH = BOOT | SERVER,
};

#define MODE(security) (1U << IMP_SECURITY_##security)
#define ANY (MODE(PSK) | MODE(RPK) | MODE(X509) | MODE(NONE))
#define SECURE (MODE(PSK) | MODE(RPK) | MODE(X509))
#define ASYMMETRIC (MODE(RPK) | MODE(X509))

#define SECONDS \
	INT64_C(2147483647) /* 0/x/11, 0/x/12, 1/x/1..5 are signed 32 bits in many clients */
#define COUNT INT64_C(4294967295)

enum value { NUMBER, TRUTH, WORD, TEXT, FILE_NAME, ELSEWHERE };

static const struct imp_word roles[] = { { "bootstrap", BOOT }, { "server", SERVER }, { NULL, 0 } };
static const struct imp_word securities[] = {
	{ "psk", IMP_SECURITY_PSK },
	{ "rpk", IMP_SECURITY_RPK },
	{ "x509", IMP_SECURITY_X509 },
	{ "none", IMP_SECURITY_NONE },
	{ NULL, 0 },
};
static const struct imp_word matching_types[] = {
	{ "exact", 0 },
	{ "sha256", 1 },
	{ "sha384", 2 },
	{ "sha512", 3 },
	{ NULL, 0 },
};
static const struct imp_word usages[] = {
	{ "ca-constraint", 0 },
	{ "service-certificate", 1 },
	{ "trust-anchor", 2 },
	{ "domain-issued", 3 },
	{ NULL, 0 },
};
static const struct imp_word notification_modes[] = {
	{ "non-confirmable", 0 },
	{ "confirmable", 1 },
	{ NULL, 0 },
};
static const struct imp_word aeads[] = {
	{ "AES-CCM-16-64-128", 10 },
	{ "AES-CCM-16-128-128", 30 },
	{ NULL, 0 },
};
static const struct imp_word hmacs[] = {
	{ "HMAC-256/256", 5 },
	{ "HMAC-384/384", 6 },
	{ "HMAC-512/512", 7 },
	{ NULL, 0 },
};
static const struct imp_word salts[] = { { "none", 0 }, { "random", 1 }, { NULL, 0 } };

#define RAW(member) offsetof(struct imp_raw_account, member)
#define OUT(member) offsetof(struct imp_profile_account, member)

/* Every key of an account: how it is read, and where it applies.  Numbers, truths and words are
 * left at IMP_LEFT_OUT when the file leaves them out. */
static const struct row {
	const char *key;
	size_t from, to;
	int64_t min, max;
	const struct imp_word *words;
	enum value value;
	unsigned roles, modes;
	unsigned since; /* minor version of the enabler */
} rows[] = {
	{ "uri", RAW(uri), OUT(uri), 0, 0, NULL, TEXT, BOTH, ANY, 0 },
	{ "short-server-id", RAW(ssid), OUT(ssid), 1, 65534, NULL, NUMBER, SERVER, ANY, 0 },
	{ "hold-off", RAW(hold_off), OUT(hold_off), 0, SECONDS, NULL, NUMBER, BOOT, ANY, 0 },
	{ "account-timeout", RAW(account_timeout), OUT(account_timeout), 0, SECONDS, NULL, NUMBER,
		BOOT, ANY, 0 },
	{ "server-key", RAW(server_key), OUT(server_key), 0, 0, NULL, FILE_NAME, BOTH, ASYMMETRIC,
		0 },
	{ "matching-type", RAW(matching_type), OUT(matching_type), 0, 0, matching_types, WORD, BOTH,
		ASYMMETRIC, 1 },
	{ "certificate-usage", RAW(certificate_usage), OUT(certificate_usage), 0, 0, usages, WORD,
		BOTH, MODE(X509), 1 },
	{ "sni", RAW(sni), OUT(sni), 0, 0, NULL, TEXT, BOTH, SECURE, 1 },
	{ "ciphersuites", RAW(suites), 0, 0, 0, NULL, ELSEWHERE, BOTH, SECURE, 1 },
	{ "psk", RAW(psk), 0, 0, 0, NULL, ELSEWHERE, BOTH, MODE(PSK), 0 },
	{ "oscore", RAW(oscore), 0, 0, 0, NULL, ELSEWHERE, BOTH, ANY, 1 },
	{ "lifetime", RAW(lifetime), OUT(lifetime), 0, SECONDS, NULL, NUMBER, SERVER, ANY, 0 },
	{ "binding", RAW(binding), OUT(binding), 0, 0, NULL, TEXT, SERVER, ANY, 0 },
	{ "preferred-transport", RAW(preferred_transport), OUT(preferred_transport), 0, 0, NULL,
		TEXT, SERVER, ANY, 1 },
	{ "min-period", RAW(min_period), OUT(min_period), 0, SECONDS, NULL, NUMBER, SERVER, ANY,
		0 },
	{ "max-period", RAW(max_period), OUT(max_period), 0, SECONDS, NULL, NUMBER, SERVER, ANY,
		0 },
	{ "disable-timeout", RAW(disable_timeout), OUT(disable_timeout), 0, SECONDS, NULL, NUMBER,
		SERVER, ANY, 0 },
	{ "store-notifications", RAW(store_notifications), 0, 0, 0, NULL, ELSEWHERE, SERVER, ANY,
		0 },
	{ "registration-priority", RAW(registration_priority), OUT(registration_priority), 0, COUNT,
		NULL, NUMBER, SERVER, ANY, 1 },
	{ "initial-delay", RAW(initial_delay), OUT(initial_delay), 0, COUNT, NULL, NUMBER, SERVER,
		ANY, 1 },
	{ "failure-block", RAW(failure_block), OUT(failure_block), 0, 0, NULL, TRUTH, SERVER, ANY,
		1 },
	{ "bootstrap-on-failure", RAW(bootstrap_on_failure), OUT(bootstrap_on_failure), 0, 0, NULL,
		TRUTH, SERVER, ANY, 1 },
	{ "retry-count", RAW(retry_count), OUT(retry_count), 1, COUNT, NULL, NUMBER, SERVER, ANY,
		1 },
	{ "retry-timer", RAW(retry_timer), OUT(retry_timer), 0, COUNT, NULL, NUMBER, SERVER, ANY,
		1 },
	{ "sequence-delay", RAW(sequence_delay), OUT(sequence_delay), 0, COUNT, NULL, NUMBER,
		SERVER, ANY, 1 },
	{ "sequence-count", RAW(sequence_count), OUT(sequence_count), 1, COUNT, NULL, NUMBER,
		SERVER, ANY, 1 },
	{ "trigger", RAW(trigger), OUT(trigger), 0, 0, NULL, TRUTH, SERVER, ANY, 1 },
	{ "mute-send", RAW(mute_send), OUT(mute_send), 0, 0, NULL, TRUTH, SERVER, ANY, 1 },
	{ "notification-mode", RAW(notification_mode), OUT(notification_mode), 0, 0,
		notification_modes, WORD, SERVER, ANY, 2 },
};

const char *imp_security_name(enum imp_security security)
{
	for (const struct imp_word *w = securities; w->word; w++)
		if (w->value == (int64_t)security)
			return w->word;
	return "unknown";
}

static void read_row(struct imp_reading *r, const struct row *row, const char *text,
	struct imp_profile_account *a)
{
	char *to = (char *)a + row->to;
	int64_t number = IMP_LEFT_OUT;
	const char *copy = NULL;
	bool truth = false;

	switch (row->value) {
	case NUMBER:
		imp_read_number(r, row->key, text, row->min, row->max, &number);
		break;
	case TRUTH:
		imp_read_bool(r, row->key, text, &truth);
		if (text)
			number = truth;
		break;
	case WORD:
		(void)imp_read_word(r, row->key, text, row->words, &number);
		break;
	case TEXT:
		imp_read_text(r, row->key, text, &copy);
		memcpy(to, &copy, sizeof copy);
		return;
	case FILE_NAME:
		imp_read_path(r, row->key, text, &copy);
		memcpy(to, &copy, sizeof copy);
		return;
	case ELSEWHERE:
		return;
	}
	memcpy(to, &number, sizeof number);
}

/* A key that is given where it means nothing was meant for something else. */
static void check_place(
	struct imp_reading *r, const struct row *row, const struct imp_profile_account *a)
{
	const char *rule = "";

	if (!(row->roles & (a->bootstrap ? BOOT : SERVER))) {
		if (row->to == OUT(ssid))
			rule = "K3";
		imp_reading_error(r, row->key, rule, "a %s account has no such key",
			a->bootstrap ? "bootstrap" : "server");
	} else if (!(row->modes & (1U << a->security))) {
		imp_reading_error(r, row->key, "", "it has no meaning with security %s",
			imp_security_name(a->security));
	} else if (row->since > r->profile->enabler_minor) {
		imp_reading_error(r, row->key, "",
			"it exists since enabler 1.%u, the profile's target is 1.%u", row->since,
			r->profile->enabler_minor);
	}
}

static void read_suites(
	struct imp_reading *r, const struct imp_raw_account *raw, struct imp_profile_account *a)
{
	for (unsigned i = 0; i < raw->suites_n; i++) {
		if (imp_suite_parse(raw->suites[i], &a->suites[a->suites_n]) != IMP_OK) {
			imp_reading_error(r, "ciphersuites", "",
				"'%s' is neither a known IANA name nor 0x and four hexadecimal "
				"digits",
				raw->suites[i]);
			continue;
		}
		for (size_t j = 0; j < a->suites_n; j++)
			if (a->suites[j] == a->suites[a->suites_n])
				imp_reading_error(r, "ciphersuites", "", "'%s' is there twice",
					raw->suites[i]);
		a->suites_n++;
	}
}

/* The account's own part, else the profile's, else the defaults. */
static void read_psk(
	struct imp_reading *r, const struct imp_raw_account *raw, struct imp_profile_account *a)
{
	const struct imp_raw_psk *common = r->raw->psk;
	int64_t length = 16;

	imp_reading_enter(r, "%s", "");
	if (!common || !common->identity)
		imp_read_template(r, "psk", "{endpoint}", &a->identity);
	imp_reading_enter(r, "%s", "psk");
	if (common) {
		imp_read_template(r, "identity", common->identity, &a->identity);
		imp_read_number(r, "length", common->length, 16, 64, &length);
	}
	imp_reading_enter(r, "accounts[%u].psk", a->index);
	if (raw->psk) {
		imp_read_template(r, "identity", raw->psk->identity, &a->identity);
		imp_read_number(r, "length", raw->psk->length, 16, 64, &length);
	}
	a->psk_length = (size_t)length;
}

static void read_octets(
	struct imp_reading *r, const char *key, const char *text, struct imp_profile_octets *out)
{
	out->hex = text && strncmp(text, "hex:", 4) == 0;
	imp_read_template(r, key, text && out->hex ? text + 4 : text, &out->template);
}

static void read_oscore(
	struct imp_reading *r, const struct imp_raw_oscore *raw, struct imp_profile_account *a)
{
	struct imp_profile_oscore *o = &a->oscore;
	int64_t salt = 0;

	imp_reading_enter(r, "accounts[%u].oscore", a->index);
	o->present = true;
	read_octets(r, "sender-id", raw->sender_id, &o->sender_id);
	read_octets(r, "recipient-id", raw->recipient_id, &o->recipient_id);
	read_octets(r, "id-context", raw->id_context, &o->id_context);
	(void)imp_read_word(r, "aead", raw->aead, aeads, &o->aead);
	(void)imp_read_word(r, "hmac", raw->hmac, hmacs, &o->hmac);
	(void)imp_read_word(r, "salt", raw->salt, salts, &salt);
	o->random_salt = salt == 1;
}

/* False when role or security is not readable: then nothing else can be judged. */
static bool read_kind(
	struct imp_reading *r, const struct imp_raw_account *raw, struct imp_profile_account *a)
{
	int64_t role = SERVER, security = IMP_SECURITY_NONE;
	bool good = imp_read_word(r, "role", raw->role, roles, &role);

	good = imp_read_word(r, "security", raw->security, securities, &security) && good;
	a->bootstrap = role == BOOT;
	a->security = (enum imp_security)security;
	return good;
}

static void read_account(
	struct imp_reading *r, const struct imp_raw_account *raw, struct imp_profile_account *a)
{
	bool known;

	imp_reading_enter(r, "accounts[%u]", a->index);
	a->line = imp_reading_line(r, "");
	a->oscore.aead = a->oscore.hmac = IMP_LEFT_OUT;
	a->store_notifications = true;
	known = read_kind(r, raw, a);
	r->unknown_kind[a->index] = !known;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *text;

		memcpy(&text, (const char *)raw + rows[i].from, sizeof text);
		read_row(r, &rows[i], text, a);
		if (text && known)
			check_place(r, &rows[i], a);
	}
	imp_read_bool(r, "store-notifications", raw->store_notifications, &a->store_notifications);
	read_suites(r, raw, a);
	if (!a->bootstrap && a->lifetime == IMP_LEFT_OUT && !raw->lifetime)
		a->lifetime = 86400;
	if (!a->bootstrap && !raw->binding)
		a->binding = "U";
	if (a->security == IMP_SECURITY_PSK)
		read_psk(r, raw, a);
	if (raw->oscore)
		read_oscore(r, raw->oscore, a);
}

/* Bootstrap accounts first, then servers by short server id. */
static int by_number(const void *left, const void *right)
{
	const struct imp_profile_account *a = left, *b = right;

	if (a->bootstrap != b->bootstrap)
		return a->bootstrap ? -1 : 1;
	if (a->ssid != b->ssid)
		return a->ssid < b->ssid ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

void imp_read_accounts(struct imp_reading *r)
{
	struct imp_profile *p = r->profile;

	p->accounts = imp_arena_alloc(&p->arena, r->raw->accounts_n * sizeof *p->accounts);
	if (!p->accounts) {
		imp_reading_error(r, "accounts", "", "out of memory");
		return;
	}
	p->accounts_n = r->raw->accounts_n;
	for (unsigned i = 0; i < p->accounts_n; i++) {
		p->accounts[i].index = i;
		read_account(r, &r->raw->accounts[i], &p->accounts[i]);
	}
	imp_reading_enter(r, "%s", "");
	qsort(p->accounts, p->accounts_n, sizeof *p->accounts, by_number);
	p->has_bootstrap = p->accounts_n && p->accounts[0].bootstrap;
}
