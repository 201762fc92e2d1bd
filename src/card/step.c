/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a plan: their commands, their text, their time. */
#include "card/plan.h"

#include "base/plural.h"
#include "codec/p15.h"

#include <stdio.h>

#define P1_BY_FID 0x00
#define P1_BY_AID 0x04
#define P1_BY_PATH_FROM_MF 0x08
#define P2_NO_DATA 0x0C
#define P2_RECORD_ABSOLUTE 0x04

static const struct {
	const char *name;
	uint8_t ins;
} kinds[IMP_STEP_KINDS] = {
	[IMP_STEP_VERIFY] = { "VERIFY", IMP_INS_VERIFY },
	[IMP_STEP_SELECT_APPLICATION] = { "SELECT", IMP_INS_SELECT },
	[IMP_STEP_SELECT] = { "SELECT", IMP_INS_SELECT },
	[IMP_STEP_CREATE] = { "CREATE FILE", IMP_INS_CREATE_FILE },
	[IMP_STEP_DELETE] = { "DELETE FILE", IMP_INS_DELETE_FILE },
	[IMP_STEP_UPDATE] = { "UPDATE BINARY", IMP_INS_UPDATE_BINARY },
	[IMP_STEP_COMPARE] = { "READ BINARY", IMP_INS_READ_BINARY },
	[IMP_STEP_UPDATE_RECORD] = { "UPDATE RECORD", IMP_INS_UPDATE_RECORD },
	[IMP_STEP_COMPARE_RECORD] = { "READ RECORD", IMP_INS_READ_RECORD },
};

const char *imp_step_name(enum imp_step_kind kind)
{
	return (unsigned)kind < IMP_STEP_KINDS ? kinds[kind].name : "?";
}

/* ---- commands ---- */

/* By FID below the application; only a path from the MF is walked as such. */
static void select_file(const struct imp_uicc_path *path, struct imp_apdu *apdu)
{
	bool from_mf = path->b[0] == IMP_FID_MF >> 8 && path->b[1] == (IMP_FID_MF & 0xFF);

	apdu->p1 = from_mf ? P1_BY_PATH_FROM_MF : P1_BY_FID;
	apdu->p2 = P2_NO_DATA;
	apdu->data =
		from_mf ? imp_span(path->b + 2, path->n - 2) : imp_span(path->b + path->n - 2, 2);
}

void imp_step_apdu(const struct imp_step *step, struct imp_apdu *apdu)
{
	*apdu = (struct imp_apdu){ .ins = kinds[step->kind].ins, .data = step->data };
	apdu->open = step->open;
	if (step->kind == IMP_STEP_COMPARE || step->kind == IMP_STEP_COMPARE_RECORD) {
		apdu->le = (uint16_t)step->data.n;
		apdu->data = imp_span(NULL, 0);
	}
	switch (step->kind) {
	case IMP_STEP_SELECT_APPLICATION:
		apdu->p1 = P1_BY_AID;
		apdu->p2 = P2_NO_DATA;
		apdu->data = imp_span(imp_p15_aid, IMP_P15_AID_SIZE);
		apdu->open = true;
		break;
	case IMP_STEP_SELECT:
		select_file(&step->path, apdu);
		apdu->open = true;
		break;
	case IMP_STEP_DELETE:
		apdu->data = imp_span(step->path.b + step->path.n - 2, 2);
		apdu->open = true;
		break;
	case IMP_STEP_COMPARE:
	case IMP_STEP_UPDATE:
		apdu->p1 = (uint8_t)(step->offset >> 8);
		apdu->p2 = (uint8_t)step->offset;
		break;
	case IMP_STEP_COMPARE_RECORD:
	case IMP_STEP_UPDATE_RECORD:
		apdu->p1 = step->record;
		apdu->p2 = IMP_SFI_DIR << 3 | P2_RECORD_ABSOLUTE;
		break;
	case IMP_STEP_CREATE:
	case IMP_STEP_VERIFY:
	case IMP_STEP_KINDS:
	default:
		break;
	}
}

/* ---- text ---- */

const char *imp_step_text(const struct imp_step *step, char buf[static 96])
{
	const char *name = imp_step_name(step->kind);
	char pin[16];

	switch (step->kind) {
	case IMP_STEP_VERIFY:
		(void)snprintf(buf, 96, "%s %s", name, imp_pin_name(step->reference, pin));
		break;
	case IMP_STEP_SELECT_APPLICATION:
		(void)snprintf(buf, 96, "%s PKCS#15 application", name);
		break;
	case IMP_STEP_CREATE:
		(void)snprintf(buf, 96, "%s %04X, %u octet%s", name, step->fid,
			(unsigned)step->size, imp_s(step->size));
		break;
	case IMP_STEP_UPDATE:
	case IMP_STEP_COMPARE:
		(void)snprintf(buf, 96, "%s %04X at %u, %zu octet%s", name, step->fid, step->offset,
			step->data.n, imp_s(step->data.n));
		break;
	case IMP_STEP_UPDATE_RECORD:
	case IMP_STEP_COMPARE_RECORD:
		(void)snprintf(buf, 96, "%s %u of %04X, %zu octet%s", name, step->record, step->fid,
			step->data.n, imp_s(step->data.n));
		break;
	case IMP_STEP_SELECT:
	case IMP_STEP_DELETE:
	case IMP_STEP_KINDS:
	default:
		(void)snprintf(buf, 96, "%s %04X", name, step->fid);
		break;
	}
	return buf;
}

/* ---- time ---- */

#define CLOCK_HZ 4000000U
#define CHARACTER_ETU 12U
#define PAGE 64U
#define PAGE_US 4000U
#define COMMAND_US 2500U
#define CREATE_PAGES 3U
#define TA1_DEFAULT 0x11

/* Clock cycles per elementary time unit by TA1 (ISO 7816-3, tables 7 and 8). */
static unsigned cycles_per_etu(uint8_t ta1)
{
	static const uint16_t f[16] = { 372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024,
		1536, 2048, 0, 0 };
	static const uint8_t d[16] = { 0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0 };

	if (!f[ta1 >> 4] || !d[ta1 & 0x0F])
		return cycles_per_etu(TA1_DEFAULT);
	return (unsigned)f[ta1 >> 4] / (unsigned)d[ta1 & 0x0F];
}

/* TA1 is the third octet when T0 says that it is there. */
static uint8_t rate_of(struct imp_span atr)
{
	return atr.n > 2 && (atr.p[1] & 0x10) ? atr.p[2] : TA1_DEFAULT;
}

/* Characters of one command by T=0: header, procedure octet, data either way, SW. */
static unsigned characters(const struct imp_step *step)
{
	struct imp_apdu apdu;

	if (step->kind == IMP_STEP_VERIFY)
		return 8 + IMP_PIN_MAX;
	imp_step_apdu(step, &apdu);
	return 8U + (unsigned)apdu.data.n + apdu.le;
}

static unsigned pages(const struct imp_step *step)
{
	if (step->kind == IMP_STEP_CREATE || step->kind == IMP_STEP_DELETE)
		return CREATE_PAGES;
	if (step->kind == IMP_STEP_UPDATE || step->kind == IMP_STEP_UPDATE_RECORD)
		return ((unsigned)step->data.n + PAGE - 1) / PAGE;
	return 0;
}

unsigned imp_plan_estimate_ms(const struct imp_plan *plan, struct imp_span atr)
{
	uint64_t character_ns =
		(uint64_t)CHARACTER_ETU * cycles_per_etu(rate_of(atr)) * 1000000000U / CLOCK_HZ;
	uint64_t us = 0;

	for (size_t i = 0; i < plan->n; i++)
		us += characters(&plan->step[i]) * character_ns / 1000 + COMMAND_US +
		      (uint64_t)pages(&plan->step[i]) * PAGE_US;
	return (unsigned)(us / 1000);
}
