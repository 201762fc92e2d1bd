/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks every budget of size.sh, to show that the measurement notices: code, static RAM, stack. */
#include "reader/imr.h"

enum imr_status wasteful(const struct imr_config *config, struct imr_report *report);

enum imr_status wasteful(const struct imr_config *config, struct imr_report *report)
{
	static struct imr_report kept;
	volatile unsigned char frame[600];

	frame[0] = 0;
	if (frame[0] == 0)
		kept.apdus++;
	if (imr_load(config, report) == IMR_OK)
		return IMR_OK;
	return imr_load_flash(config, &kept);
}
