/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificate it is: host names and addresses (RFC 6125; ref lwm2m 2.4). */
#ifndef IMP_CRYPTO_HOST_CHECK_H
#define IMP_CRYPTO_HOST_CHECK_H

#include "base/span.h"
#include "base/status.h"

/*
 * Is the certificate (DER) one for this host, a name or the text of an address?  By its
 * subjectAltName; by its CN only when it has no name there.  A wildcard stands for one whole label.
 * IMP_E_MISMATCH: it is not; IMP_E_FORMAT: no certificate, or no host.
 */
IMP_MUST_CHECK enum imp_status imp_host_check(struct imp_span certificate, struct imp_span host);

#endif
