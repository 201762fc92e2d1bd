/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/host_check.h"

#include "crypto/load.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define HOST_MAX 255

enum imp_status imp_host_check(struct imp_span certificate, struct imp_span host)
{
	IMP_X509 x = imp_load_certificate(certificate);
	char name[HOST_MAX + 1];
	int found;

	ERR_clear_error();
	if (!x || host.n == 0 || host.n > HOST_MAX || memchr(host.p, 0, host.n))
		return IMP_E_FORMAT;
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	found = X509_check_ip_asc(x, name, 0);
	if (found == -2) /* not an address */
		found = X509_check_host(
			x, name, host.n, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
	ERR_clear_error();
	return found == 1 ? IMP_OK : IMP_E_MISMATCH;
}
