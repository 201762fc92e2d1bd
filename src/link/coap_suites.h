/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphersuites of 0/x/16 by their registered numbers, as GnuTLS wants to be told of them. */
#ifndef IMP_LINK_COAP_SUITES_H
#define IMP_LINK_COAP_SUITES_H

#include "base/diag.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_PRIORITY_MAX 1024

/*
 * A priority string that allows DTLS 1.2 and the parts of these suites; suites_n 0: all that
 * LwM2M peers use.  What it allows may be more than asked for (a cipher of one suite with the key
 * exchange of another): see imp_suite_allowed().  IMP_E_UNSUPPORTED: GnuTLS has none of them.
 */
IMP_MUST_CHECK enum imp_status imp_suites_priority(const uint16_t *suites, size_t suites_n,
	char out[static IMP_PRIORITY_MAX], struct imp_diag *diag);

/* Is what a session has negotiated one of these? */
bool imp_suite_allowed(gnutls_session_t session, const uint16_t *suites, size_t suites_n);

#endif
