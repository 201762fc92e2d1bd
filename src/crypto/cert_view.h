/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outline of a certificate as spans into its DER, by our own parse: what reading back and checking
 * thousands of certificates needs, at a thousandth of the cost of a full decoder.
 */
#ifndef IMP_CRYPTO_CERT_VIEW_H
#define IMP_CRYPTO_CERT_VIEW_H

#include "base/span.h"
#include "base/status.h"

/* Spans of whole elements, header included, unless said otherwise. */
struct imp_cert_view {
	struct imp_span tbs;	   /* what is signed */
	struct imp_span serial;	   /* content of the INTEGER */
	struct imp_span algorithm; /* the inner one; the outer one is the same */
	struct imp_span issuer, subject;
	struct imp_span validity;
	struct imp_span spki;
	struct imp_span extensions; /* content of [3]; empty when there are none */
	struct imp_span signature;  /* content of the BIT STRING, without its first octet */
};

/* Version 3, DER lengths, nothing behind it.  IMP_E_TRUNC, IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_cert_view(
	struct imp_span certificate, struct imp_cert_view *view);

/* The last CN of a name (a whole element); empty when there is none.  IMP_E_FORMAT, IMP_E_TRUNC. */
IMP_MUST_CHECK enum imp_status imp_name_common(struct imp_span name, struct imp_span *cn);

#endif
