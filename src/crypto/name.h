/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names: the text form of RFC 4514 into DER. */
#ifndef IMP_CRYPTO_NAME_H
#define IMP_CRYPTO_NAME_H

#include "base/diag.h"
#include "base/wr.h"

#define IMP_NAME_MAX 768 /* DER of a name */

/*
 * "CN=meter-1,O=Example\, Inc.,C=SE" as a DER Name.  RFC 4514: the last part comes first in the
 * DER.  Strict: types CN, O, OU, C, ST, L, STREET, DC, UID, serialNumber, in either case; one value
 * per part; CN, C and serialNumber at most once; no blanks around , and =; escapes \, \+ \" \\ \<
 * \> \; \= \# \blank and \XX; no control characters; lengths by RFC 5280; C and serialNumber
 * PrintableString, DC IA5String, the rest UTF8String.  IMP_E_FORMAT with a diagnosis that quotes
 * the text; IMP_E_SPACE over IMP_NAME_MAX.  Nothing is appended on failure.
 */
IMP_MUST_CHECK enum imp_status imp_name_encode(
	struct imp_span text, struct imp_wr *out, struct imp_diag *diag);

/* Append a value with the escapes that keep it one value: for filling names from columns. */
void imp_name_escape(struct imp_span value, struct imp_wr *out);

#endif
