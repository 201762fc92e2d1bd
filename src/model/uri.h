/* SPDX-License-Identifier: Apache-2.0 */
/* Server URIs: scheme://host[:port][/path] (RFC 7252, section 6; rules K7, K13). */
#ifndef IMP_MODEL_URI_H
#define IMP_MODEL_URI_H

#include "base/span.h"
#include "base/status.h"

#define IMP_URI_MAX 255

struct imp_uri {
	struct imp_span scheme, host; /* inside the input; host without the [] of an IPv6 address */
	uint16_t port;		      /* 0: none given */
};

/* IMP_E_FORMAT: no scheme or host, a character that may not stand in a URI, a port
 * outside 1..65535, more than IMP_URI_MAX octets. */
IMP_MUST_CHECK enum imp_status imp_uri(struct imp_span text, struct imp_uri *uri);

enum imp_uri_security {
	IMP_URI_FOREIGN, /* not a CoAP scheme: not judged (mqtt, http, ...) */
	IMP_URI_PLAIN,	 /* coap, coap+tcp, coap+ws, coap+sms, coap+nonip */
	IMP_URI_SECURE,	 /* coaps, ... */
};

/* Schemes are compared without regard to case. */
enum imp_uri_security imp_uri_security(const struct imp_uri *uri);

/* Does the scheme fit the security mode of 0/x/2 (K13)?  Secure with PSK, RPK, X.509, EST; plain
 * with NoSec; a foreign scheme always fits. */
bool imp_uri_fits_mode(const struct imp_uri *uri, int64_t mode);

#endif
