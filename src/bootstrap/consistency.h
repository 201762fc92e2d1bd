/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of the consistency rules (model/check.h) for a bootstrap client on a host. */
#ifndef IMP_BOOTSTRAP_CONSISTENCY_H
#define IMP_BOOTSTRAP_CONSISTENCY_H

#include "model/check.h"
#include "reader/ef_edit.h"

struct imp_consistency {
	/* Set by the caller. */
	const struct imp_keycheck *keys; /* NULL: keys are judged by form only */
	struct imp_span endpoint;	 /* empty: B14 is not judged */

	/* Of the last call; the rest is wiped at its end. */
	struct imp_findings findings;
	char text[480]; /* the errors in one line, "K5 /0/1: ..."; cut where it is full */

	struct imp_set set;
	uint8_t octets[IMP_PAYLOAD_MAX];
};

/* Before anything else; keys and endpoint are then to be set.  A hundred kilobytes: not for the
 * stack. */
void imp_consistency_init(struct imp_consistency *c);
void imp_consistency_free(struct imp_consistency *c);

/* `check` of struct imr_client_config; ctx is a struct imp_consistency. */
enum imr_status imp_consistency_check(
	void *ctx, const struct imr_set *candidate, uint16_t superseded, struct imp_span *findings);

#endif
