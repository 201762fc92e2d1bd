/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/known.h"

#include "base/crc32.h"
#include "codec/fcp.h"
#include "reader/session.h"

#include <string.h>

#define BY_SFI 0x8000U /* P1 P2 of READ BINARY (A.7, 1) */
#define SFI_MAX 30
#define NO_SFI 0xFF

/* Of the file whose FCP was just answered; where that does not say, the lower bits of the FID
 * (A.1).
 */
static uint8_t sfi_of(const struct imr_session *s)
{
	unsigned sfi = s->cmd[IMR_CMD_DATA + s->path_n - 1] & 0x1F;
	struct imp_span v;

	if (imp_der_get(&s->answer, IMP_FCP_SFI, &v))
		sfi = v.n ? v.p[0] >> 3 : 0;
	return s->answer.n && sfi - 1 < SFI_MAX ? (uint8_t)sfi : NO_SFI;
}

/* Asking for the PIN may have led to another directory: no SFI after it. */
static void open_file(struct imr_session *s, const struct imr_known *known, uint8_t *sfi)
{
	s->path_n = known->path_n;
	memcpy(s->cmd + IMR_CMD_DATA, known->path, sizeof known->path);
	s->by_sfi = 0;
	if (*sfi - 1U < SFI_MAX && !s->pin_tried) {
		s->by_sfi = (uint16_t)(BY_SFI | (unsigned)*sfi << 8);
		return;
	}
	imr_open(s);
	if (*sfi == 0)
		*sfi = sfi_of(s);
}

/* Did the SFI lead nowhere?  Then the path will. */
static bool without_sfi(struct imr_session *s, uint8_t *sfi)
{
	if (!s->by_sfi || (s->st != IMR_GOOD && !imr_forgive(s, s->sw)))
		return false;
	*sfi = NO_SFI;
	return true;
}

/* The payload that is known, if it is still there. */
static void again(struct imr_session *s, struct imr_known *known)
{
	uint8_t sfi = known->sfi;

	s->st = IMR_GOOD;
	imr_open_channel(s);
	if (s->st != IMR_GOOD)
		return;
	imr_select_application(s, IMR_NO_LE);
	do {
		open_file(s, known, &sfi);
		imr_read_payload(s, 0, UINT32_MAX);
	} while (imr_retry(s) || without_sfi(s, &sfi));
	if (imp_crc32(0, imp_span(s->buffer, s->at)) != known->crc)
		imr_fail(s, IMR_E_DAMAGED);
	imr_deliver(s);
	imr_close_channel(s);
	if (s->st == IMR_OK)
		known->sfi = sfi;
}

static void learn(const struct imr_session *s, struct imr_known *known)
{
	memset(known, 0, sizeof *known);
	if (s->part || !s->channel)
		return;
	known->crc = imp_crc32(0, imp_span(s->buffer, s->report->length));
	known->path_n = s->path_n;
	memcpy(known->path, s->cmd + IMR_CMD_DATA, sizeof known->path);
}

static enum imr_status load_card(
	const struct imr_config *config, struct imr_known *known, struct imr_report *report)
{
	struct imr_session s;

	imr_begin(&s, config, report);
	s.st = IMR_E_NONE;
	if (known->path_n - 2U <= IMR_PATH_MAX - 2)
		again(&s, known);
	if (s.st <= IMR_E_REFUSED) { /* all but OK, STOPPED, LIMIT */
		s.apdus_max = IMR_APDUS_MAX;
		s.by_sfi = 0;
		s.st = IMR_GOOD;
		imr_search(&s);
		if (s.st == IMR_OK)
			learn(&s, known);
	}
	return imr_end(&s);
}

enum imr_status imr_load_known(
	const struct imr_config *config, struct imr_known *known, struct imr_report *report)
{
	enum imr_status st = IMR_E_NONE;

	imr_report(report);
	if (config->card)
		st = load_card(config, known, report);
	return imr_then_flash(config, st, report);
}
