/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a bootstrap server in words, and TLV as words. */
#ifndef BS_WORDS_H
#define BS_WORDS_H

#include "bootstrap/message.h"

#define WORDS_MAX 1024

struct words_message {
	struct imp_request request; /* method is the caller's */
	char path[64];
	char query_text[64];
	struct imp_span query[1];
	uint8_t *octets; /* of the payload, a block of exactly its size */
};

/*
 * "PATH WORD ...": the payload in TLV, in order:
 *	@3		an Object Instance; what follows belongs to it
 *	0i=5 1b=0 2s=text 3x=00FF 4l=21:0	a resource: integer, boolean, string, octets, link
 *	2m=7:15,8:1	a multiple resource of integers
 *	9f=300		octets, 300 of them
 *	hex:C002	as it is
 * link: Accept 40; acceptN; depth=1: a query; formatN: Content-Format, and what stands behind it is
 * payload as it is.
 */
void words_message(const char *text, struct words_message *m);
void words_free(struct words_message *m);

#endif
