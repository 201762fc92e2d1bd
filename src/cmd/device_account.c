/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_account.h"

#include "base/secret.h"
#include "codec/tlv.h"
#include "crypto/host_check.h"
#include "crypto/server_key.h"
#include "model/uri.h"

#include <stdlib.h>
#include <string.h>

#define MODE_PSK 0
#define MODE_RPK 1
#define MODE_X509 2
#define MODE_NOSEC 3

#define USAGE_DOMAIN_ISSUED 3
#define HASH_MAX 64

/* A number of one resource; absent when it is not there or not one. */
static uint64_t number(const struct imr_at *at, uint16_t resource, uint64_t absent)
{
	struct imp_span value = imr_at_resource(at, resource);
	uint64_t v = absent;

	if (value.p && imp_tlv_unsigned(value, &v) != IMP_OK)
		return absent;
	return v;
}

/* 0/x/16, in the order of preference that it has. */
static size_t suites_of(const struct imr_at *at, uint16_t out[static IMP_DEVICE_SUITES])
{
	struct imp_rd rd = imp_rd(imr_at_resource(at, 16));
	struct imp_tlv tlv;
	size_t n = 0;

	while (rd.n && n < IMP_DEVICE_SUITES && imp_tlv_next(&rd, &tlv) == IMP_OK) {
		uint64_t v;

		if (imp_tlv_unsigned(tlv.value, &v) == IMP_OK && v <= UINT16_MAX)
			out[n++] = (uint16_t)v;
	}
	return n;
}

static enum imp_status take_uri(
	const struct imr_at *at, struct imp_device_account *out, struct imp_diag *diag)
{
	struct imp_span text = imr_at_resource(at, 0), sni = imr_at_resource(at, 14), host;
	struct imp_uri uri;

	if (text.n >= sizeof out->uri || imp_uri(text, &uri) != IMP_OK)
		return imp_diag(diag, IMP_E_FORMAT, "/0/%u: not a server URI", at->instance);
	memcpy(out->uri, text.p, text.n);
	host = sni.n && sni.n < sizeof out->trust.host ? sni : uri.host;
	memcpy(out->trust.host, host.p, host.n);
	out->own.sni = sni;
	return IMP_OK;
}

static enum imp_status take_trust(
	const struct imr_at *at, struct imp_device_account *out, struct imp_diag *diag)
{
	struct imp_span expected = imr_at_resource(at, 4);
	uint64_t usage = number(at, 15, USAGE_DOMAIN_ISSUED), matching = number(at, 13, 0);
	struct imp_device_trust *t = &out->trust;

	t->kind = out->own.kind;
	if (t->kind != IMP_PEER_RPK && t->kind != IMP_PEER_X509)
		return IMP_OK;
	t->chained = t->kind == IMP_PEER_X509 && (usage == 0 || usage == 2);
	if (usage > USAGE_DOMAIN_ISSUED || matching > 3 || (t->chained && matching))
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"/0/%u: matching type %u with certificate usage %u is not supported",
			at->instance, (unsigned)matching, (unsigned)usage);
	t->matching = (uint8_t)matching;
	if (t->chained)
		out->own.trust = expected;
	t->expected = (uint8_t *)malloc(expected.n + 1);
	if (!t->expected)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (expected.n)
		memcpy(t->expected, expected.p, expected.n);
	t->expected_n = expected.n;
	return IMP_OK;
}

enum imp_status imp_device_account(const struct imr_set *set, uint16_t instance,
	struct imp_device_account *out, struct imp_diag *diag)
{
	static const enum imp_peer_kind kinds[] = { [MODE_PSK] = IMP_PEER_PSK,
		[MODE_RPK] = IMP_PEER_RPK,
		[MODE_X509] = IMP_PEER_X509,
		[MODE_NOSEC] = IMP_PEER_NONE };
	enum imp_status st;
	struct imr_at at;
	uint64_t mode;

	memset(out, 0, sizeof *out);
	if (!imr_set_find(set, 0, instance, &at))
		return imp_diag(diag, IMP_E_ABSENT, "/0/%u is not there", instance);
	mode = number(&at, 2, UINT64_MAX);
	if (mode >= sizeof kinds / sizeof *kinds)
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"/0/%u: its security mode is not PSK, RPK, X.509 or NoSec", instance);
	if (imr_at_resource(&at, 17).n && mode == MODE_NOSEC)
		return imp_diag(
			diag, IMP_E_UNSUPPORTED, "/0/%u: OSCORE is not supported", instance);
	out->own.kind = kinds[mode];
	st = take_uri(&at, out, diag);
	if (st != IMP_OK || mode == MODE_NOSEC)
		return st;
	out->own.identity = imr_at_resource(&at, 3);
	out->own.key = imr_at_resource(&at, 5);
	out->own.suites_n = suites_of(&at, out->suites);
	out->own.suites = out->own.suites_n ? out->suites : NULL;
	return take_trust(&at, out, diag);
}

/* Certificate or public key against 0/x/4, exact or as a hash of it. */
static bool matches(const struct imp_device_trust *t, struct imp_span identity)
{
	struct imp_span expected = imp_span(t->expected, t->expected_n);
	uint8_t hash[HASH_MAX];
	struct imp_wr wr = imp_wr(hash, sizeof hash);
	bool certificate;

	if (!expected.n)
		return false;
	if (t->matching == 0)
		return imp_span_eq(expected, identity);
	return imp_server_key(identity, t->matching, &wr, &certificate) == IMP_OK &&
	       imp_span_eq(expected, imp_wr_span(&wr));
}

bool imp_device_trusts(const struct imp_device_trust *t, enum imp_peer_kind kind,
	struct imp_span identity, const char **why)
{
	*why = NULL;
	if (kind != t->kind)
		*why = "the server shows another kind of credential";
	else if (t->chained && !imp_span_eq(imp_span(t->expected, t->expected_n), identity) &&
		 imp_host_check(identity, imp_span_str(t->host)) != IMP_OK)
		*why = "the server's certificate is for another host";
	else if (!t->chained && !matches(t, identity))
		*why = kind == IMP_PEER_RPK ? "the server's public key is not the one of 0/x/4"
					    : "the server's certificate is not the one of 0/x/4";
	return !*why;
}

void imp_device_trust_free(struct imp_device_trust *t)
{
	free(t->expected);
	t->expected = NULL;
	t->expected_n = 0;
}
