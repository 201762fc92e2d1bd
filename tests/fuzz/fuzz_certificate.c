/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys as strangers may hand them in: outline, texts, key checks. */
#include "crypto/cert_view.h"
#include "crypto/keycheck.h"
#include "crypto/server_key.h"
#include "crypto/x509_info.h"

#include <stdlib.h>

static bool inside(struct imp_span part, struct imp_span whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void outline(struct imp_span in)
{
	struct imp_cert_view view;
	struct imp_span cn;

	if (imp_cert_view(in, &view) != IMP_OK)
		return;
	if (!inside(view.tbs, in) || !inside(view.spki, view.tbs) || !inside(view.signature, in) ||
		!inside(view.subject, view.tbs) || !inside(view.extensions, view.tbs))
		abort();
	if (imp_name_common(view.subject, &cn) == IMP_OK && !inside(cn, view.subject))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_span in = imp_span(data, size);
	struct imp_x509_info info;
	uint8_t buf[4096];
	struct imp_wr out = imp_wr(buf, sizeof buf), hash = imp_wr(buf, sizeof buf);
	char cn[64];
	size_t n = 0;
	bool certificate;

	outline(in);
	(void)imp_x509_info(in, &info);
	(void)imp_server_key(in, 0, &out, &certificate);
	(void)imp_server_key(in, 1, &hash, &certificate);
	(void)imp_keycheck_openssl.pair(NULL, in, imp_span(NULL, 0), false);
	(void)imp_keycheck_openssl.pair(NULL, in, in, true);
	(void)imp_keycheck_openssl.public_key(NULL, in, false);
	if (imp_keycheck_openssl.common_name(NULL, in, cn, sizeof cn, &n) == IMP_OK &&
		n > sizeof cn)
		abort();
	return 0;
}
