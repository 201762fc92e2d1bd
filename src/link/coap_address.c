/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COAP_PORT 5683
#define COAPS_PORT 5684
#define PORT_DIGITS 5
#define PORT_MAX 65535

static enum imp_status bad(struct imp_diag *diag, const char *text, const char *what)
{
	(void)imp_diag(diag, IMP_E_FORMAT, "'%s': %s", text, what);
	imp_diag_hint(diag, "write coap://HOST:PORT or coaps://HOST:PORT, an IPv6 address in []");
	return IMP_E_FORMAT;
}

/* Is it a literal address of this family? */
static bool is_address(int family, const char *host)
{
	uint8_t octets[sizeof(struct in6_addr)];

	return inet_pton(family, host, octets) == 1;
}

/* ":PORT" or nothing, up to end. */
static const char *read_port(const char *p, const char *end, bool any, struct imp_coap_uri *out)
{
	unsigned v = 0;

	if (p == end)
		return NULL;
	if (*p++ != ':')
		return "the host is not followed by a port or path";
	if (p == end)
		return NULL; /* RFC 3986: an empty port is the scheme's */
	if (end - p > PORT_DIGITS)
		return "the port is not a number from 1 to 65535";
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return "the port is not a number from 1 to 65535";
		v = 10 * v + (unsigned)(*p - '0');
	}
	if (v > PORT_MAX || (v == 0 && !any))
		return "the port is not a number from 1 to 65535";
	out->port = v;
	return NULL;
}

static const char *read_host(const char *p, size_t n, struct imp_coap_uri *out)
{
	if (n == 0 || n > IMP_HOST_MAX)
		return "the host is missing or too long";
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] == '@' || p[i] == '%' || p[i] == '[' || p[i] == ']')
			return "a character that no host has";
	memcpy(out->host, p, n);
	out->host[n] = '\0';
	return NULL;
}

static const char *read_authority(const char *p, size_t n, bool any, struct imp_coap_uri *out)
{
	const char *end = p + n, *host_end, *why;
	bool v6 = n && *p == '[';

	host_end = (const char *)memchr(p, v6 ? ']' : ':', n);
	if (v6 && host_end == NULL)
		return "an address with [ but without ]";
	if (host_end == NULL)
		host_end = end;
	p += v6;
	why = read_host(p, (size_t)(host_end - p), out);
	if (why)
		return why;
	if (v6 && !is_address(AF_INET6, out->host))
		return "not an IPv6 address between [ and ]";
	out->literal = v6 || is_address(AF_INET, out->host);
	return read_port(host_end + v6, end, any, out);
}

enum imp_status imp_coap_uri(
	const char *text, bool any, struct imp_coap_uri *out, struct imp_diag *diag)
{
	struct imp_coap_uri uri = { .port = COAP_PORT };
	const char *p = strstr(text, "://"), *why;
	size_t scheme_n = p ? (size_t)(p - text) : 0;

	if (scheme_n == strlen("coaps") && strncasecmp(text, "coaps", scheme_n) == 0) {
		uri.secure = true;
		uri.port = COAPS_PORT;
	} else if (scheme_n != strlen("coap") || strncasecmp(text, "coap", scheme_n) != 0) {
		return bad(diag, text, "neither coap:// nor coaps://");
	}
	p += strlen("://");
	why = read_authority(p, strcspn(p, "/?#"), any, &uri);
	if (why)
		return bad(diag, text, why);
	*out = uri;
	return IMP_OK;
}

enum imp_status imp_coap_resolve(const struct imp_coap_uri *uri, bool passive,
	struct sockaddr_storage *out, socklen_t *n, struct imp_diag *diag)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = (passive ? AI_PASSIVE : 0) | (uri->literal ? AI_NUMERICHOST : 0) };
	struct addrinfo *list;
	char service[8];
	int why;

	(void)snprintf(service, sizeof service, "%u", uri->port);
	why = getaddrinfo(uri->host, service, &hints, &list);
	if (why != 0) {
		(void)imp_diag(diag, IMP_E_ABSENT, "host '%s': %s", uri->host, gai_strerror(why));
		imp_diag_hint(diag, "write its address, or look at the name service");
		return IMP_E_ABSENT;
	}
	*n = list->ai_addrlen;
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return IMP_OK;
}

void imp_address_text(
	const struct sockaddr *address, socklen_t n, char out[static IMP_ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN + 2], port[8];
	bool v6 = address->sa_family == AF_INET6;

	if (getnameinfo(address, n, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		(void)snprintf(out, IMP_ADDRESS_TEXT, "unknown");
	else
		(void)snprintf(out, IMP_ADDRESS_TEXT, v6 ? "[%s]:%s" : "%s:%s", host, port);
}
