/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY PIN; TS 102 221 11.1.9, ref A.8. */
#include "applet-tools/softcard_core.h"

static struct sc_pin *find(struct imp_softcard *card, uint8_t ref)
{
	for (size_t i = 0; i < SC_PINS; i++)
		if (card->pins[i].ref == ref)
			return &card->pins[i];
	return NULL;
}

/* The try is taken before the comparison and given back after it, as a card that may lose power in
 * between must do. */
static unsigned attempt(struct imp_softcard *card, struct sc_pin *pin, const uint8_t *value)
{
	card->generation++;
	pin->tries--;
	pin->verified = false;
	if (!imp_secret_eq(pin->value, value, sizeof pin->value))
		return SW_TRIES | pin->tries;
	pin->tries = pin->max;
	pin->verified = true;
	return SW_OK;
}

unsigned imp_sc_verify(struct imp_softcard *card, const struct sc_apdu *c, struct imp_wr *out)
{
	struct sc_pin *pin = find(card, c->p2);

	(void)out;
	if (c->p1)
		return SW_P1P2;
	if (!pin)
		return SW_NO_REFERENCE;
	if (c->data.n == 0) {
		if (pin->tries == 0)
			return SW_BLOCKED;
		return pin->verified ? SW_OK : SW_TRIES | pin->tries;
	}
	if (c->data.n != sizeof pin->value)
		return SW_LENGTH;
	if (pin->tries == 0)
		return SW_BLOCKED;
	return attempt(card, pin, c->data.p);
}
