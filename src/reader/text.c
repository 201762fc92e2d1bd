/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/imr.h"

const char *imr_status_text(enum imr_status status)
{
	switch (status) {
	case IMR_OK:
		return "loaded";
	case IMR_E_NONE:
		return "nothing there";
	case IMR_E_DAMAGED:
		return "damaged";
	case IMR_E_NEWER:
		return "written in a newer format";
	case IMR_E_IO:
		return "input/output error";
	case IMR_E_SPACE:
		return "buffer too small";
	case IMR_E_REFUSED:
		return "refused by the card";
	case IMR_E_STOPPED:
		return "stopped by the visitor";
	case IMR_E_LIMIT:
		return "more commands than a sane card needs";
	case IMR_E_OLDER:
		return "good, but the other one is newer";
	case IMR_E_LEFT:
		return "done, but superseded keys are still to be erased";
	case IMR_E_RULE:
		return "breaks a rule of bootstrap information";
	case IMR_E_LAST:
		return "nothing would be left to bootstrap with";
	case IMR_E_FORGED:
		return "not genuine: its authentication tag is absent or wrong";
	case IMR_E_ROLLBACK:
		return "genuine, but older than the device takes";
	default:
		return "unknown status";
	}
}
