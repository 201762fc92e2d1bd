/* SPDX-License-Identifier: Apache-2.0 */
/* What card write and card wipe say: the plan before, the result after. */
#ifndef IMP_APPLET_TOOLS_CARD_REPORT_H
#define IMP_APPLET_TOOLS_CARD_REPORT_H

#include "applet-tools/card_use.h"
#include "card/writer.h"
#include "codec/json_enc.h"

/* result: "planned" (the steps are listed), "written", "already there", "wiped". */
IMP_MUST_CHECK enum imp_status card_report(struct imp_env *env, const struct card_use *use,
	const struct imp_writer *writer, const char *result);

/* "iccid", and of a card without one (null) "atr". */
void card_identity_json(struct imp_json *j, const struct imp_card_identity *card);

/* Writers are large: on the heap, wiped. */
struct imp_writer *card_writer_new(const struct card_use *use, bool force);
void card_writer_free(struct imp_writer **writer);
#define CARD_WRITER __attribute__((cleanup(card_writer_free))) struct imp_writer

#endif
