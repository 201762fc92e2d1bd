/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/authentic.h"

enum imr_status imr_load_authentic(const struct imr_config *config,
	const struct imr_authority *authority, struct imr_report *report)
{
	struct imr_config card = *config;
	enum imr_status st, flash;

	card.flash = NULL;
	st = imr_load(&card, report);
	if (st == IMR_OK || st == IMR_E_STOPPED || !config->flash)
		return st;
	/* As in imr_load(): a card that holds nothing says less than what flash has to say. */
	flash = imr_load_flash_authentic(config, authority, report);
	return flash == IMR_E_NONE ? st : flash;
}
