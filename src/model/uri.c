/* SPDX-License-Identifier: Apache-2.0 */
#include "model/uri.h"

#include <string.h>
#include <strings.h>

#define MODE_NOSEC 3

static bool is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Does c occur in list?  (NUL does not.) */
static bool is_one_of(uint8_t c, const char *list)
{
	return c && strchr(list, c);
}

/* The octets in front of the first one that is in stop, taken off the front of *rest. */
static struct imp_span take_until(struct imp_span *rest, const char *stop)
{
	struct imp_span got = { rest->p, 0 };

	while (got.n < rest->n && !is_one_of(rest->p[got.n], stop))
		got.n++;
	*rest = imp_span(rest->p + got.n, rest->n - got.n);
	return got;
}

static bool all_uri_characters(struct imp_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) &&
			!is_one_of(s.p[i], "-._~:/?#[]@!$&'()*+,;=%"))
			return false;
	return true;
}

static bool good_scheme(struct imp_span s)
{
	if (s.n == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && !is_one_of(s.p[i], "+-."))
			return false;
	return true;
}

/* ":port" or nothing at all. */
static bool take_port(struct imp_span s, uint16_t *port)
{
	uint32_t v = 0;

	*port = 0;
	if (s.n == 0)
		return true;
	if (s.p[0] != ':' || s.n < 2 || s.n > 6)
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (v == 0 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* host[:port], where an IPv6 address stands in brackets. */
static bool take_authority(struct imp_span s, struct imp_uri *uri)
{
	if (s.n && s.p[0] == '[') {
		s = imp_span(s.p + 1, s.n - 1);
		uri->host = take_until(&s, "]");
		if (s.n == 0)
			return false;
		s = imp_span(s.p + 1, s.n - 1);
	} else {
		uri->host = take_until(&s, ":[]@");
	}
	return uri->host.n && take_port(s, &uri->port);
}

enum imp_status imp_uri(struct imp_span text, struct imp_uri *uri)
{
	static const struct imp_span separator = { (const uint8_t *)"://", 3 };
	struct imp_span rest = text;
	struct imp_uri u;

	if (text.n == 0 || text.n > IMP_URI_MAX || !all_uri_characters(text))
		return IMP_E_FORMAT;
	u.scheme = take_until(&rest, ":");
	if (!good_scheme(u.scheme) || !imp_span_starts(rest, separator))
		return IMP_E_FORMAT;
	rest = imp_span(rest.p + separator.n, rest.n - separator.n);
	if (!take_authority(take_until(&rest, "/?#"), &u))
		return IMP_E_FORMAT;
	*uri = u;
	return IMP_OK;
}

enum imp_uri_security imp_uri_security(const struct imp_uri *uri)
{
	const char *scheme = (const char *)uri->scheme.p;
	size_t n = uri->scheme.n;

	if (n < 4 || strncasecmp(scheme, "coap", 4) != 0)
		return IMP_URI_FOREIGN;
	if (n == 4 || scheme[4] == '+')
		return IMP_URI_PLAIN;
	if ((scheme[4] == 's' || scheme[4] == 'S') && (n == 5 || scheme[5] == '+'))
		return IMP_URI_SECURE;
	return IMP_URI_FOREIGN;
}

bool imp_uri_fits_mode(const struct imp_uri *uri, int64_t mode)
{
	enum imp_uri_security security = imp_uri_security(uri);

	return security == IMP_URI_FOREIGN || (security == IMP_URI_PLAIN) == (mode == MODE_NOSEC);
}
