/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

#include "base/secret.h"
#include "reader/session.h"

#include <string.h>

enum imr_status imr_load(const struct imr_config *config, struct imr_report *report)
{
	enum imr_status st = IMR_E_NONE, flash = IMR_E_NONE;

	memset(report, 0, sizeof *report);
	report->card = IMR_E_NONE;
	report->slot[0] = IMR_E_NONE;
	report->slot[1] = IMR_E_NONE;
	if (config->card)
		st = imr_load_card(config, report);
	imp_wipe(config->buffer, config->size);
	if (st == IMR_OK || st == IMR_E_STOPPED)
		return st;
	/* A card that holds nothing says less than what flash has to say. */
	if (config->flash)
		flash = imr_load_flash(config, report);
	return flash == IMR_E_NONE ? st : flash;
}
