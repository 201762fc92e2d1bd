/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sw.h"

#define EXACT 0xFFFF
#define FAMILY 0xFF00

/* First fitting row counts: exact rows stand before their family. */
static const struct imp_sw table[] = {
	{ 0x9000, EXACT, IMP_SW_DONE, "done", "" },
	{ 0x9100, FAMILY, IMP_SW_DONE, "done, a proactive command is pending", "" },
	{ 0x9200, FAMILY, IMP_SW_DONE, "done, a transfer is pending", "" },
	{ 0x6100, FAMILY, IMP_SW_MORE, "answer waits to be taken", "" },
	{ 0x9F00, FAMILY, IMP_SW_MORE, "answer waits to be taken (2G)", "" },
	{ 0x6C00, FAMILY, IMP_SW_LENGTH, "wrong Le, the right one is in SW2", "" },
	{ 0x6200, EXACT, IMP_SW_NOTE, "no information given, memory unchanged", "" },
	{ 0x6281, EXACT, IMP_SW_ERROR, "returned data may be corrupted",
		"read again; replace the card when it stays" },
	{ 0x6282, EXACT, IMP_SW_END, "end of file or record reached", "" },
	{ 0x6283, EXACT, IMP_SW_DEACTIVATED, "selected file is deactivated",
		"have the issuer activate it" },
	{ 0x6284, EXACT, IMP_SW_DEACTIVATED, "selected file is deactivated or its FCP is malformed",
		"have the issuer activate it" },
	{ 0x6285, EXACT, IMP_SW_DEACTIVATED, "selected file is terminated",
		"this card cannot be used for it any more" },
	{ 0x62F1, EXACT, IMP_SW_ERROR, "more data available", "" },
	{ 0x62F3, EXACT, IMP_SW_ERROR, "more data available or expected", "" },
	{ 0x63F1, EXACT, IMP_SW_ERROR, "more data expected", "" },
	{ 0x6310, EXACT, IMP_SW_ERROR, "more data available", "" },
	{ 0x63C0, 0xFFF0, IMP_SW_TRIES, "tries left are in the last digit", "" },
	{ 0x6300, EXACT, IMP_SW_ERROR, "verification failed", "do not repeat it" },
	{ 0x6400, EXACT, IMP_SW_ERROR, "execution failed, memory unchanged", "" },
	{ 0x6500, EXACT, IMP_SW_ERROR, "execution failed, memory changed", "run card verify" },
	{ 0x6581, EXACT, IMP_SW_WORN, "memory failure",
		"the card is worn out: take another one and scrap this one" },
	{ 0x6700, FAMILY, IMP_SW_WRONG_LENGTH, "wrong length", "" },
	{ 0x6881, EXACT, IMP_SW_UNSUPPORTED, "logical channel not supported or not active", "" },
	{ 0x6882, EXACT, IMP_SW_UNSUPPORTED, "secure messaging not supported", "" },
	{ 0x6900, EXACT, IMP_SW_ERROR, "command not allowed", "" },
	{ 0x6981, EXACT, IMP_SW_ERROR, "command does not fit the structure of the file", "" },
	{ 0x6982, EXACT, IMP_SW_SECURITY, "security status not satisfied",
		"its access rule asks for a PIN or key that was not given" },
	{ 0x6983, EXACT, IMP_SW_BLOCKED, "PIN or key is blocked",
		"only the issuer can unblock it" },
	{ 0x6984, EXACT, IMP_SW_ERROR, "file is deactivated, or PIN or key is not usable", "" },
	{ 0x6985, EXACT, IMP_SW_ERROR, "conditions of use not satisfied", "" },
	{ 0x6986, EXACT, IMP_SW_ERROR, "command not allowed, no EF selected", "" },
	{ 0x6988, EXACT, IMP_SW_ERROR, "secure messaging data wrong", "" },
	{ 0x6989, EXACT, IMP_SW_ERROR, "secure messaging data missing", "" },
	{ 0x6999, EXACT, IMP_SW_ERROR, "application refused to be selected", "" },
	{ 0x6A80, EXACT, IMP_SW_ERROR, "wrong data", "" },
	{ 0x6A81, EXACT, IMP_SW_UNSUPPORTED, "function not supported", "" },
	{ 0x6A82, EXACT, IMP_SW_ABSENT, "file or application not found", "" },
	{ 0x6A83, EXACT, IMP_SW_ABSENT, "record not found", "" },
	{ 0x6A84, EXACT, IMP_SW_FULL, "not enough memory in the card",
		"delete files that are not needed, or take a larger card" },
	{ 0x6A86, EXACT, IMP_SW_ERROR, "wrong P1 P2", "" },
	{ 0x6A87, EXACT, IMP_SW_ERROR, "Lc does not fit P1 P2", "" },
	{ 0x6A88, EXACT, IMP_SW_ABSENT, "PIN or key reference not found", "" },
	{ 0x6A89, EXACT, IMP_SW_EXISTS, "file exists already", "" },
	{ 0x6A8A, EXACT, IMP_SW_EXISTS, "DF name exists already", "" },
	{ 0x6B00, FAMILY, IMP_SW_ERROR, "wrong P1 P2, or offset outside the file", "" },
	{ 0x6D00, FAMILY, IMP_SW_UNSUPPORTED, "instruction not supported", "" },
	{ 0x6E00, FAMILY, IMP_SW_UNSUPPORTED, "class not supported", "" },
	{ 0x6F00, FAMILY, IMP_SW_ERROR, "no diagnosis given", "run card verify" },
	{ 0x9300, EXACT, IMP_SW_BUSY, "busy with the toolkit", "try again later" },
	{ 0x9804, EXACT, IMP_SW_ERROR, "wrong PIN or access condition not fulfilled (2G)",
		"do not repeat it" },
	{ 0x9840, EXACT, IMP_SW_BLOCKED, "PIN is blocked (2G)", "only the issuer can unblock it" },
	{ 0x9850, EXACT, IMP_SW_ERROR, "increase cannot be performed", "" },
	{ 0, 0, IMP_SW_ERROR, "unknown status word", "" },
};

const struct imp_sw *imp_sw(uint16_t sw)
{
	const struct imp_sw *row = table;

	while ((sw & row->mask) != row->value)
		row++;
	return row;
}

bool imp_sw_ok(uint16_t sw)
{
	enum imp_sw_class klass = imp_sw_class(sw);

	return klass == IMP_SW_DONE || klass == IMP_SW_NOTE;
}

enum imp_status imp_sw_status(uint16_t sw)
{
	if (imp_sw_ok(sw))
		return IMP_OK;
	if (imp_sw_class(sw) == IMP_SW_ABSENT)
		return IMP_E_ABSENT;
	if (imp_sw_class(sw) == IMP_SW_BLOCKED)
		return IMP_E_DENIED;
	return IMP_E_REFUSED;
}

int imp_sw_tries(uint16_t sw)
{
	return (sw & 0xFFF0U) == 0x63C0U ? (int)(sw & 0x0FU) : -1;
}
