/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects: what encodes is a DER name that OpenSSL reads, and any value survives its escapes. */
#include "crypto/cert_view.h"
#include "crypto/name.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static void encode(struct imp_span text)
{
	uint8_t der[IMP_NAME_MAX];
	struct imp_wr out = imp_wr(der, sizeof der);
	struct imp_diag diag;
	const uint8_t *p = der;
	X509_NAME *name;

	if (imp_name_encode(text, &out, &diag) != IMP_OK) {
		if (out.n)
			abort();
		return;
	}
	name = d2i_X509_NAME(NULL, &p, (long)out.n);
	if (!name || p != der + out.n)
		abort();
	X509_NAME_free(name);
}

static void escape(struct imp_span value)
{
	uint8_t text[512], der[IMP_NAME_MAX];
	struct imp_wr wr = imp_wr(text, sizeof text), out = imp_wr(der, sizeof der);
	struct imp_span cn;

	imp_wr_text(&wr, "CN=");
	imp_name_escape(value, &wr);
	if (wr.st != IMP_OK || imp_name_encode(imp_wr_span(&wr), &out, NULL) != IMP_OK)
		return;
	if (imp_name_common(imp_wr_span(&out), &cn) != IMP_OK || !imp_span_eq(cn, value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	encode(imp_span(data, size));
	escape(imp_span(data, size));
	return 0;
}
