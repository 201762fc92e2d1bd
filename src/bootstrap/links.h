/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device says of itself in answer to Bootstrap-Discover (O2): CoRE Link Format (RFC 6690),
 * read tolerantly, since devices in the field differ.
 */
#ifndef IMP_BOOTSTRAP_LINKS_H
#define IMP_BOOTSTRAP_LINKS_H

#include "base/status.h"
#include "model/set.h"

#define IMP_LINKS_MAX 256

struct imp_link {
	uint16_t object;
	uint16_t instance; /* IMP_NO_ID: the object alone */
	int32_t ssid;	   /* -1: none is stated */
};

struct imp_links {
	struct imp_link v[IMP_LINKS_MAX]; /* as they came */
	size_t n;
};

/*
 * "</>;lwm2m=1.1,</0/0>;ssid=101,</0/1>,</3/0>" and the form of 1.0 whose first element is an
 * attribute without link.  Links that are no object or instance are passed over.  IMP_E_FORMAT: not
 * link format; IMP_E_SPACE: more than IMP_LINKS_MAX.  links is empty then.
 */
IMP_MUST_CHECK enum imp_status imp_links_read(struct imp_span text, struct imp_links *links);

/* The instance of /0 without ssid: the bootstrap account (F7a).  -1: there is none, or several. */
int32_t imp_links_account(const struct imp_links *links);

#endif
