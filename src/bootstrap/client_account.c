/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/client_account.h"

#include <string.h>

#include "codec/tlv.h"
#include "reader/walk.h"

#define SECURITY 0
#define SERVER 1
#define OSCORE 21 /* then 23 COSE */
#define MQTT 24

#define SERVER_SSID 0
#define SECURITY_SSID 10
#define OSCORE_LINK 17
#define MQTT_LINK 26
#define COSE_LINKS 27

uint32_t imr_natural(struct imp_span value)
{
	uint32_t v = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (v >> 24)
			return UINT32_MAX;
		v = v << 8 | value.p[i];
	}
	return v;
}

bool imr_live(const struct imr_set *set, const struct imr_at *at)
{
	return set->origin[at->index] != IMR_ORIGIN_DISABLED;
}

bool imr_bootstraps(const struct imr_at *at)
{
	struct imr_at copy = *at;

	return imr_at_account(&copy);
}

uint16_t imr_ssid(const struct imr_at *at)
{
	uint32_t v = imr_natural(
		imr_at_resource(at, at->object == SECURITY ? SECURITY_SSID : SERVER_SSID));

	return v < IMR_NO_ID ? (uint16_t)v : 0;
}

bool imr_server_next(const struct imr_set *set, struct imr_at *at, uint16_t ssid)
{
	while (imr_set_next(set, at))
		if (at->object == SECURITY && !imr_bootstraps(at) && imr_live(set, at) &&
			(ssid == 0 || imr_ssid(at) == ssid))
			return true;
	return false;
}

uint16_t imr_account(const struct imr_set *set)
{
	uint16_t account = IMR_NO_ID;
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_account(set, &at)) {
		if (!imr_live(set, &at))
			continue;
		if (set->origin[at.index] != IMR_ORIGIN_FRESH)
			return at.instance;
		if (account == IMR_NO_ID)
			account = at.instance;
	}
	return account;
}

/* A visitor that stops at a link to what ctx names. */
static int at_link(void *link, const struct imr_resource *r)
{
	return (r->resource == OSCORE_LINK || r->resource == MQTT_LINK ||
		       r->resource == COSE_LINKS) &&
	       r->length == 4 && memcmp(r->value, link, 4) == 0;
}

/* Does the Security instance link to it? */
static bool links(const struct imr_at *security, const struct imr_at *what)
{
	uint8_t link[4] = { 0, (uint8_t)what->object, (uint8_t)(what->instance >> 8),
		(uint8_t)what->instance };
	struct imr_walk walk = { .visit = at_link, .ctx = link };

	return what->object >= OSCORE && what->object <= MQTT &&
	       imr_walk(&walk, IMR_RESOURCE, security->resources) == IMR_E_STOPPED;
}

bool imr_belongs(const struct imr_set *set, uint16_t security, const struct imr_at *what)
{
	struct imr_at at;

	if (what->object == SECURITY)
		return what->instance == security;
	return imr_set_find(set, SECURITY, security, &at) && links(&at, what);
}

/* ---- keys that lose their account ------------------------------------------------------------ */

/* Changes the origin of keys that were linked: as far from every other origin as those are from
 * each other. */
#define LINKED 0x0F

static bool linked(const struct imr_set *set, const struct imr_at *what)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (at.object == SECURITY && links(&at, what))
			return true;
	return false;
}

void imr_mark_linked(struct imr_set *set)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (imr_live(set, &at) && linked(set, &at))
			set->origin[at.index] = (uint8_t)(at.origin ^ LINKED);
}

static bool marked(const struct imr_at *at)
{
	unsigned origin = at->origin ^ LINKED;

	return origin == IMR_ORIGIN_FACTORY || origin == IMR_ORIGIN_CARD ||
	       origin == IMR_ORIGIN_SERVER;
}

void imr_drop_orphans(struct imr_set *set)
{
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		if (marked(&at))
			set->origin[at.index] =
				linked(set, &at) ? (uint8_t)(at.origin ^ LINKED) : 0;
	imr_set_sweep(set);
}

/* ---- consistency ----------------------------------------------------------------------------- */

/* How many live instances of the object have this SSID?  Of /0 bootstrap accounts do not count. */
static unsigned count(const struct imr_set *set, uint16_t object, uint16_t ssid)
{
	unsigned n = 0;
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_next(set, &at))
		n += at.object == object && imr_live(set, &at) && imr_ssid(&at) == ssid &&
		     !imr_bootstraps(&at);
	return n;
}

/* What is wrong with a server account's SSID, seen from either of its instances? */
static const char *unpaired(const struct imr_set *set, const struct imr_at *at)
{
	uint16_t ssid = imr_ssid(at);

	if (ssid == 0)
		return at->object == SECURITY ? "K3: no legal 0/x/10" : "K2: no legal 1/x/0";
	if (count(set, at->object, ssid) != 1)
		return "K2: SSID twice";
	if (count(set, SECURITY + SERVER - at->object, ssid) != 1)
		return at->object == SECURITY ? "K1: 0/x without 1/x of its SSID"
					      : "K1: 1/x without 0/x of its SSID";
	return NULL;
}

static const char *incomplete(const struct imr_at *at)
{
	if (imr_at_resource(at, 0).n == 0)
		return "K7: no 0/x/0";
	if (imr_at_resource(at, 1).n == 0)
		return "K7: no 0/x/1";
	if (imr_at_resource(at, 2).n == 0)
		return "K7: no 0/x/2";
	return NULL;
}

enum imr_status imr_consistent(const struct imr_set *set, uint16_t superseded, const char **why)
{
	unsigned accounts = 0, servers = 0;
	const char *wrong = NULL;
	struct imr_at at;

	imr_set_start(&at);
	while (!wrong && imr_set_next(set, &at)) {
		if (at.object > SERVER || !imr_live(set, &at))
			continue;
		if (at.object == SECURITY) {
			if (at.instance == superseded && superseded != IMR_NO_ID)
				continue;
			wrong = incomplete(&at);
			if (imr_bootstraps(&at)) {
				accounts++;
				continue;
			}
		}
		servers++;
		if (!wrong)
			wrong = unpaired(set, &at);
	}
	if (!wrong && accounts > 1)
		wrong = "K5: two bootstrap accounts";
	if (!wrong && servers == 0)
		wrong = "K6: no server account";
	if (wrong) {
		*why = wrong;
		return IMR_E_RULE;
	}
	return IMR_OK;
}
