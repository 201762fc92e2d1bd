/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers, object links and object versions as text, the way SenML and JSON spell them. */
#ifndef IMP_MODEL_TEXT_H
#define IMP_MODEL_TEXT_H

#include "base/span.h"
#include "base/status.h"
#include "base/wr.h"

/* Take a decimal identifier off the front: 0..65534, no leading zero.  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_text_id(struct imp_span *text, uint16_t *out);
void imp_text_put_id(struct imp_wr *wr, uint16_t id);

/* "oid:iid"; null is "65535:65535".  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_text_link(
	struct imp_span text, uint16_t *object, uint16_t *instance);
void imp_text_put_link(struct imp_wr *wr, uint16_t object, uint16_t instance);

/* "M.m", each at most 255, M not 0.  IMP_E_FORMAT. */
IMP_MUST_CHECK enum imp_status imp_text_version(
	struct imp_span text, uint8_t *major, uint8_t *minor);
void imp_text_put_version(struct imp_wr *wr, uint8_t major, uint8_t minor);

#endif
