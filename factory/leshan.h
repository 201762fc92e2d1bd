/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential sets in the JSON of Eclipse Leshan's bootstrap server: the configuration that its REST
 * API takes for an endpoint (POST /api/bootstrap/ENDPOINT), and what it is to know of the device
 * itself (PUT /api/security/clients/).  Both hold secrets in clear.
 */
#ifndef IMP_FACTORY_LESHAN_H
#define IMP_FACTORY_LESHAN_H

#include "base/diag.h"
#include "bootstrap/steps.h"
#include "codec/json_dec.h"
#include "codec/json_enc.h"
#include "model/set.h"

/* A configuration as a member.  renumber: it is told to ask the device first where its bootstrap
 * account is, and to go around it. */
void imp_leshan_put(struct imp_json *j, const char *key, const struct imp_set *set,
	enum imp_clearing clearing, bool renumber);

/*
 * The first value from index *i on that this form has no word for (it is left out of it); *i is
 * then behind it.  NULL: none.
 */
const struct imp_value *imp_leshan_lacks(const struct imp_set *set, size_t *i);

/* What the device proves itself by, from an instance of /0; null for an account without security.
 * A PSK identity that is no text makes the writer fail with IMP_E_FORMAT. */
void imp_leshan_put_security(struct imp_json *j, const char *key, const char *endpoint,
	const struct imp_set *set, uint16_t account);

/* Where a reader of this form found fault. */
struct imp_leshan_fault {
	const uint8_t *at; /* in the text that is read */
	char text[160];	   /* "'uri': not a text" */
};

/*
 * A configuration whose opening brace was just read, into set (empty, initialised); unknown members
 * are refused, as Leshan does.  What is there by default only (null, "" and the like) is left out
 * of the set.  IMP_E_FORMAT or IMP_E_TRUNC with fault filled, set wiped; IMP_E_SPACE,
 * IMP_E_INTERNAL.
 */
IMP_MUST_CHECK enum imp_status imp_leshan_get(
	struct imp_json_rd *j, struct imp_set *set, struct imp_leshan_fault *fault);

/* Do both come out as the same configuration? */
bool imp_leshan_equal(const struct imp_set *a, const struct imp_set *b);

#endif
