/* SPDX-License-Identifier: Apache-2.0 */
#include "card/pin.h"

#include "codec/sw.h"

#include <stdio.h>
#include <string.h>

bool imp_pin_administrative(uint8_t reference)
{
	unsigned low = reference & 0x7FU;

	return low >= 0x0A && low <= 0x0E;
}

const char *imp_pin_name(uint8_t reference, char buf[static 16])
{
	unsigned number = (reference & 0x7FU) - 0x09U + (reference & 0x80U ? 5U : 0U);

	if (imp_pin_administrative(reference))
		(void)snprintf(buf, 16, "ADM%u", number);
	else
		(void)snprintf(buf, 16, "PIN %02X", reference);
	return buf;
}

static bool blocked(uint16_t sw)
{
	return imp_sw_class(sw) == IMP_SW_BLOCKED || imp_sw_tries(sw) == 0;
}

enum imp_status imp_pin_query(struct imp_session *session, uint8_t reference,
	struct imp_pin_state *state, struct imp_diag *diag)
{
	const struct imp_apdu apdu = { .ins = IMP_INS_VERIFY, .p2 = reference };
	uint16_t sw;
	enum imp_status st = imp_session_send(session, &apdu, NULL, &sw, diag);

	if (st != IMP_OK)
		return st;
	*state = (struct imp_pin_state){
		.sw = sw, .open = imp_sw_ok(sw), .blocked = blocked(sw), .tries = imp_sw_tries(sw)
	};
	return IMP_OK;
}

static enum imp_status denied_blocked(const char *name, uint16_t sw, struct imp_diag *diag)
{
	imp_diag(diag, IMP_E_DENIED, "%s is blocked (SW %04X)", name, sw);
	imp_diag_hint(diag, "only the issuer of the card can unblock it");
	if (diag)
		diag->sw = sw;
	return IMP_E_DENIED;
}

enum imp_status imp_pin_guard(
	const struct imp_pin *pin, const struct imp_pin_state *state, struct imp_diag *diag)
{
	int floor = imp_pin_administrative(pin->reference) ? IMP_ADM_FLOOR : IMP_PIN_FLOOR;
	char name[16];

	imp_pin_name(pin->reference, name);
	if (!pin->value || pin->value->n == 0 || pin->value->n > IMP_PIN_MAX)
		return imp_diag(diag, IMP_E_FORMAT, "%s must be 1 to %d octets", name, IMP_PIN_MAX);
	if (state->blocked)
		return denied_blocked(name, state->sw, diag);
	if (state->open || pin->force || state->tries > floor)
		return IMP_OK;
	if (state->tries >= 0)
		imp_diag(diag, IMP_E_DENIED, "%s has only %d %s left, it is not sent", name,
			state->tries, imp_tries(state->tries));
	else
		imp_diag(diag, IMP_E_DENIED,
			"the card does not say how many tries %s has left (SW %04X)", name,
			state->sw);
	imp_diag_hint(diag, "--force sends it all the same, once; a wrong one may end the card");
	if (diag)
		diag->sw = state->sw;
	return IMP_E_DENIED;
}

enum imp_status imp_pin_send(
	struct imp_session *session, const struct imp_pin *pin, struct imp_diag *diag)
{
	uint8_t padded[IMP_PIN_MAX];
	struct imp_apdu apdu = {
		.ins = IMP_INS_VERIFY, .p2 = pin->reference, .data = imp_span(padded, sizeof padded)
	};
	char name[16];
	uint16_t sw;
	enum imp_status st;

	memset(padded, 0xFF, sizeof padded);
	memcpy(padded, pin->value->b, pin->value->n);
	st = imp_session_send(session, &apdu, NULL, &sw, diag);
	imp_wipe(padded, sizeof padded);
	if (st != IMP_OK || imp_sw_ok(sw))
		return st;
	imp_pin_name(pin->reference, name);
	if (blocked(sw))
		return denied_blocked(name, sw, diag);
	if (imp_sw_tries(sw) < 0)
		return imp_session_refused(diag, sw, "VERIFY %s", name);
	imp_diag(diag, IMP_E_REFUSED, "%s is wrong (SW %04X), %d %s left", name, sw,
		imp_sw_tries(sw), imp_tries(imp_sw_tries(sw)));
	imp_diag_hint(diag, "do not repeat it: find the right value for this card first");
	if (diag)
		diag->sw = sw;
	return IMP_E_REFUSED;
}

enum imp_status imp_pin_verify(
	struct imp_session *session, const struct imp_pin *pin, struct imp_diag *diag)
{
	struct imp_pin_state state;
	enum imp_status st = imp_pin_query(session, pin->reference, &state, diag);

	if (st == IMP_OK)
		st = imp_pin_guard(pin, &state, diag);
	if (st == IMP_OK && !state.open)
		st = imp_pin_send(session, pin, diag);
	return st;
}
