/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate says of itself, as text: for inspect, listings and checks. */
#ifndef IMP_CRYPTO_X509_INFO_H
#define IMP_CRYPTO_X509_INFO_H

#include "base/span.h"
#include "base/wr.h"

struct imp_x509_info {
	char subject[512]; /* RFC 4514, UTF-8 */
	char issuer[512];
	char common_name[256]; /* empty when there is none */
	char serial[64];       /* lower-case hex, no leading zero octet */
	char not_before[32];   /* "2026-01-31T00:00:00Z" */
	char not_after[32];
	int64_t not_before_s, not_after_s; /* seconds since 1970 */
	char key_type[16];		   /* "EC", "RSA", "ED25519", ... */
	char curve[32];			   /* "prime256v1"; empty when not EC */
	int key_bits;
	bool ca; /* basicConstraints CA:TRUE */
};

/*
 * certificate: DER, nothing behind it; or PEM, the first one in it.  IMP_E_FORMAT when it does not
 * parse; texts too long for their field are IMP_E_SPACE.
 */
IMP_MUST_CHECK enum imp_status imp_x509_info(
	struct imp_span certificate, struct imp_x509_info *info);

/* The SubjectPublicKeyInfo of a certificate, as in it.  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_x509_spki(struct imp_span certificate, struct imp_wr *out);

#endif
