/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/uri.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *head;
	bool secure, tcp;
} schemes[] = {
	{ "coap://", false, false },
	{ "coaps://", true, false },
	{ "coap+tcp://", false, true },
	{ "coaps+tcp://", true, true },
};

static bool in(char c, const char *set)
{
	return c && strchr(set, c);
}

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define ALNUM DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A port at p, up to '/', '?' or the end. */
static const char *port_fault(const char *p, const char **end)
{
	unsigned port = 0;
	size_t n = strspn(p, DIGITS);

	for (size_t i = 0; i < n && port <= 65535; i++)
		port = port * 10 + (unsigned)(p[i] - '0');
	*end = p + n;
	if (!n || p[0] == '0' || port > 65535)
		return "the port is not a number in 1..65535";
	return NULL;
}

static const char *host_fault(const char *p, const char **end, bool *literal)
{
	size_t n;

	if (*p == '[') {
		n = strspn(p + 1, HEX ":.");
		*end = p + n + 2;
		*literal = true;
		return n < 2 || p[n + 1] != ']' ? "the address in brackets is not IPv6" : NULL;
	}
	n = strspn(p, ALNUM "-._");
	*end = p + n;
	*literal = n == strspn(p, DIGITS ".");
	if (!n)
		return "no host behind the scheme";
	return p[0] == '.' || p[0] == '-' ? "the host begins with '.' or '-'" : NULL;
}

/* Path and query. */
static const char *rest_fault(const char *p)
{
	for (; *p; p++) {
		if (*p == '%' && (!in(p[1], HEX) || !in(p[2], HEX)))
			return "'%' is not followed by two hexadecimal digits";
		if (*p == '#')
			return "a fragment ('#') has no place in it";
		if (*p != '%' && !in(*p, ALNUM "-._~!$&'()*+,;=:@/?"))
			return "it holds a character that no URI may hold";
	}
	return NULL;
}

const char *imp_uri_fault(const char *text, struct imp_uri *out)
{
	struct imp_uri uri = { false };
	const char *p = NULL, *fault;

	if (strlen(text) > IMP_URI_MAX)
		return "longer than 255 octets";
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		if (strncmp(text, schemes[i].head, strlen(schemes[i].head)) != 0)
			continue;
		p = text + strlen(schemes[i].head);
		uri.secure = schemes[i].secure;
		uri.tcp = schemes[i].tcp;
	}
	if (!p)
		return "it does not begin with coap://, coaps://, coap+tcp:// or coaps+tcp://";
	fault = host_fault(p, &p, &uri.ip_literal);
	if (!fault && *p == ':')
		fault = port_fault(p + 1, &p);
	if (!fault && *p && !in(*p, "/?"))
		fault = "host and port are not followed by '/', '?' or the end";
	if (!fault)
		fault = rest_fault(p);
	if (!fault)
		*out = uri;
	return fault;
}
