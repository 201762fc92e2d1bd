/* SPDX-License-Identifier: Apache-2.0 */
#include "card/identity.h"

#include "base/hex.h"
#include "codec/sw.h"

#include <string.h>

/* Nothing that another try could change. */
static bool has_none(enum imp_status st, uint16_t sw)
{
	enum imp_sw_class class = imp_sw_class(sw);

	if (st == IMP_E_FORMAT)
		return true;
	return sw &&
	       (class == IMP_SW_ABSENT || class == IMP_SW_SECURITY || class == IMP_SW_UNSUPPORTED);
}

static void by_atr(struct imp_session *session, struct imp_card_identity *out)
{
	const struct imp_card *card = session->card;
	struct imp_wr atr = imp_wr(out->atr, sizeof out->atr);
	struct imp_wr name = imp_wr(out->name, sizeof out->name - 1);

	if (card->atr && card->atr(card->ctx, &atr) == IMP_OK && atr.st == IMP_OK)
		out->atr_n = atr.n;
	imp_wr_text(&name, out->atr_n ? "with ATR " : "without ICCID");
	imp_hex_put(&name, imp_span(out->atr, out->atr_n));
}

enum imp_status imp_card_identify(
	struct imp_session *session, struct imp_card_identity *out, struct imp_diag *diag)
{
	struct imp_diag why = { .status = IMP_OK };
	enum imp_status st;

	memset(out, 0, sizeof *out);
	st = imp_uicc_iccid(session, out->iccid, &why);
	if (st == IMP_OK) {
		memcpy(out->name, out->iccid, sizeof out->iccid);
		return IMP_OK;
	}
	if (!has_none(st, (uint16_t)why.sw)) {
		if (diag)
			*diag = why;
		return st;
	}
	by_atr(session, out);
	return IMP_OK;
}

bool imp_card_same(const struct imp_card_identity *a, const struct imp_card_identity *b)
{
	return strcmp(a->iccid, b->iccid) == 0 && a->atr_n == b->atr_n &&
	       memcmp(a->atr, b->atr, a->atr_n) == 0;
}
