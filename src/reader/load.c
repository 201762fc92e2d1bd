/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

#include "base/secret.h"
#include "reader/session.h"

#include <string.h>

void imr_report(struct imr_report *report)
{
	memset(report, 0, sizeof *report);
	report->card = IMR_E_NONE;
	report->slot[0] = IMR_E_NONE;
	report->slot[1] = IMR_E_NONE;
}

enum imr_status imr_then_flash(
	const struct imr_config *config, enum imr_status st, struct imr_report *report)
{
	enum imr_status flash = IMR_E_NONE;

	imp_wipe(config->buffer, config->size);
	if (st == IMR_OK || st == IMR_E_STOPPED)
		return st;
	/* A card that holds nothing says less than what flash has to say. */
	if (config->flash)
		flash = imr_load_flash(config, report);
	return flash == IMR_E_NONE ? st : flash;
}

enum imr_status imr_load(const struct imr_config *config, struct imr_report *report)
{
	enum imr_status st = IMR_E_NONE;

	imr_report(report);
	if (config->card)
		st = imr_load_card(config, report);
	return imr_then_flash(config, st, report);
}
