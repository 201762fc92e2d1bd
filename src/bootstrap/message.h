/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP requests and responses (RFC 7252) as the LwM2M interfaces use them, without a transport:
 * whole bodies, block-wise transfer already put together.
 */
#ifndef IMP_BOOTSTRAP_MESSAGE_H
#define IMP_BOOTSTRAP_MESSAGE_H

#include "base/span.h"

#include <stdbool.h>

enum imp_method { IMP_GET = 1, IMP_POST, IMP_PUT, IMP_DELETE };

/* A response code as it stands in the message: class in three bits, detail in five. */
#define IMP_COAP(class, detail) ((uint8_t)((class) << 5 | (detail)))
#define IMP_COAP_CREATED IMP_COAP(2, 1)
#define IMP_COAP_DELETED IMP_COAP(2, 2)
#define IMP_COAP_CHANGED IMP_COAP(2, 4)
#define IMP_COAP_CONTENT IMP_COAP(2, 5)
#define IMP_COAP_BAD_REQUEST IMP_COAP(4, 0)
#define IMP_COAP_UNAUTHORIZED IMP_COAP(4, 1)
#define IMP_COAP_BAD_OPTION IMP_COAP(4, 2)
#define IMP_COAP_FORBIDDEN IMP_COAP(4, 3)
#define IMP_COAP_NOT_FOUND IMP_COAP(4, 4)
#define IMP_COAP_NOT_ALLOWED IMP_COAP(4, 5)
#define IMP_COAP_NOT_ACCEPTABLE IMP_COAP(4, 6)
#define IMP_COAP_INCOMPLETE IMP_COAP(4, 8)
#define IMP_COAP_TOO_LARGE IMP_COAP(4, 13)
#define IMP_COAP_UNSUPPORTED_FORMAT IMP_COAP(4, 15)
#define IMP_COAP_INTERNAL IMP_COAP(5, 0)
#define IMP_COAP_NOT_IMPLEMENTED IMP_COAP(5, 1)
#define IMP_COAP_UNAVAILABLE IMP_COAP(5, 3)

static inline bool imp_coap_success(uint8_t code)
{
	return code >> 5 == 2;
}

/* Content formats (Core TS 7.4 and the registry). */
#define IMP_FORMAT_TEXT 0
#define IMP_FORMAT_LINK 40
#define IMP_FORMAT_OCTETS 42
#define IMP_FORMAT_SENML_JSON 110
#define IMP_FORMAT_SENML_CBOR 112
#define IMP_FORMAT_TLV 11542
#define IMP_FORMAT_LWM2M_CBOR 11544
#define IMP_FORMAT_NONE 0xFFFF /* no option */

#define IMP_EXCHANGE_LIFETIME 247U /* seconds, with the defaults of CoAP */
#define IMP_ENDPOINT_MAX 128

/* Spans point into memory that lasts as long as the call that is given the message. */
struct imp_request {
	enum imp_method method;
	struct imp_span path; /* segments with '/' between them, none before: "0/1", "bs", "" */
	const struct imp_span *query; /* parameters, unescaped: "ep=x", "pct=112" */
	size_t query_n;
	uint16_t format; /* Content-Format, or IMP_FORMAT_NONE */
	uint16_t accept; /* Accept, or IMP_FORMAT_NONE */
	struct imp_span payload;
};

struct imp_response {
	uint8_t code;
	uint16_t format;
	struct imp_span payload;  /* diagnostic text with an error */
	struct imp_span location; /* Location-Path, as path; of 2.01 */
};

/* The value of parameter name; p is NULL when it is not there. */
struct imp_span imp_request_query(const struct imp_request *request, const char *name);

/* "4.06"; returns out. */
const char *imp_coap_text(uint8_t code, char out[static 5]);

#endif
