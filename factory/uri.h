/* SPDX-License-Identifier: Apache-2.0 */
/* Server URIs (0/x/0): what RFC 7252 and RFC 8323 allow of RFC 3986. */
#ifndef FACTORY_URI_H
#define FACTORY_URI_H

#include <stdbool.h>

#define IMP_URI_MAX 255 /* octets */

struct imp_uri {
	bool secure;	 /* coaps, coaps+tcp */
	bool tcp;	 /* coap+tcp, coaps+tcp */
	bool ip_literal; /* the host is an address */
};

/* NULL when text is a server URI, else what is wrong with it (static text; *out untouched). */
const char *imp_uri_fault(const char *text, struct imp_uri *out);

#endif
