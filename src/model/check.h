/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consistency rules K1-K15 (ref lwm2m 3.3) and key rules B1-B15 (2.5): the one checker behind
 * profile check, set check, image verify, card verify and inspect.  It reports every finding at
 * once and changes nothing; only K9 (advice on access control) waits until there is no error.
 * Beside the numbered rules it names F8 and F12 (attribute keys against 0/x/12), OSCORE (2.6), D17
 * (resource newer than the stated object version) and RANGE (value or length outside the object
 * table).
 */
#ifndef IMP_MODEL_CHECK_H
#define IMP_MODEL_CHECK_H

#include "model/set.h"

enum imp_severity { IMP_NOTE, IMP_WARNING, IMP_ERROR };

struct imp_finding {
	const char *rule; /* "K1", "B12", "OSCORE"; static text */
	enum imp_severity severity;
	struct imp_path where; /* IMP_NO_ID for the parts that do not apply */
	char text[192];
};

#define IMP_FINDINGS_MAX 64

struct imp_findings {
	struct imp_finding v[IMP_FINDINGS_MAX];
	size_t n; /* of v; further ones are only counted */
	size_t errors, warnings;
};

/* Seam: what needs elliptic curves.  src/crypto has the product's (imp_keycheck_openssl). */
struct imp_keycheck {
	void *ctx;
	/* key: PKCS#8 v1 or SEC1 in DER; pub: SubjectPublicKeyInfo, or a certificate in DER when
	 * certificate.  IMP_OK they belong together; IMP_E_MISMATCH they do not; IMP_E_FORMAT one
	 * of them does not parse; IMP_E_UNSUPPORTED a form that is refused (B1) or a curve below
	 * 255 bits (B3).  pub may be empty: then only the key itself is judged. */
	enum imp_status (*pair)(
		void *ctx, struct imp_span key, struct imp_span pub, bool certificate);
	/* The common name of a certificate, copied into cn (cap octets), length in *n; 0 when there
	 * is none.  IMP_E_FORMAT when it does not parse. */
	enum imp_status (*common_name)(
		void *ctx, struct imp_span certificate, char *cn, size_t cap, size_t *n);
	/* Does pub (SubjectPublicKeyInfo) or a certificate parse?  Statuses as pair. */
	enum imp_status (*public_key)(void *ctx, struct imp_span pub, bool certificate);
};

struct imp_check_options {
	const struct imp_keycheck *keys; /* NULL: B1, B13, B14 judged by form only */
	struct imp_span endpoint;	 /* empty: B14 not judged */
	bool final; /* the set a device ends with: K6 is a finding (not for factory or card, C2) */
};

/* Append to findings, which the caller has cleared.  options NULL: as if all of it were empty. */
void imp_check(const struct imp_set *set, const struct imp_check_options *options,
	struct imp_findings *findings);

/* Append one finding of the caller's own. */
void imp_findings_add(struct imp_findings *findings, const char *rule, enum imp_severity severity,
	struct imp_path where, const char *fmt, ...) IMP_PRINTF(5, 6);

/* "/0/1/5" and the like; returns buf. */
const char *imp_path_text(struct imp_path path, char buf[static 32]);

const char *imp_severity_name(enum imp_severity severity); /* "note", "warning", "error" */

#endif
