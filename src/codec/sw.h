/* SPDX-License-Identifier: Apache-2.0 */
/* Status words: meaning, class and next step as one table (ref card A.10, B.5). */
#ifndef IMP_CODEC_SW_H
#define IMP_CODEC_SW_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum imp_sw_class {
	IMP_SW_DONE,	     /* 9000, 91xx, 92xx */
	IMP_SW_MORE,	     /* 61xx: GET RESPONSE */
	IMP_SW_LENGTH,	     /* 6Cxx: repeat with this Le */
	IMP_SW_END,	     /* 6282: end of file before Le, the data are valid */
	IMP_SW_NOTE,	     /* 6200: done, nothing to say */
	IMP_SW_TRIES,	     /* 63Cx: x tries left, or done after x retries */
	IMP_SW_DEACTIVATED,  /* 6283, 6284, 6285 */
	IMP_SW_SECURITY,     /* 6982 */
	IMP_SW_BLOCKED,	     /* 6983 */
	IMP_SW_ABSENT,	     /* 6A82, 6A83, 6A88 */
	IMP_SW_EXISTS,	     /* 6A89, 6A8A */
	IMP_SW_FULL,	     /* 6A84 */
	IMP_SW_WORN,	     /* 6581: memory failure */
	IMP_SW_UNSUPPORTED,  /* 6881, 6882, 6A81, 6D00, 6E00 */
	IMP_SW_WRONG_LENGTH, /* 67xx */
	IMP_SW_BUSY,	     /* 9300 */
	IMP_SW_ERROR,	     /* everything else */
};

struct imp_sw {
	uint16_t value, mask; /* a row fits when (sw & mask) == value */
	enum imp_sw_class klass;
	const char *text; /* what it means */
	const char *hint; /* what to do; "" when there is nothing to say */
};

/* The row of a status word; the catch-all row for one that the table does not know.  Never NULL. */
const struct imp_sw *imp_sw(uint16_t sw);

static inline enum imp_sw_class imp_sw_class(uint16_t sw)
{
	return imp_sw(sw)->klass;
}

/* The command was carried out: DONE or NOTE. */
bool imp_sw_ok(uint16_t sw);

/* What a function returns for a refusal with this status word: IMP_E_ABSENT for ABSENT,
 * IMP_E_DENIED for BLOCKED, IMP_E_REFUSED for the rest; IMP_OK when imp_sw_ok(). */
enum imp_status imp_sw_status(uint16_t sw);

/* x of 63Cx; -1 for any other status word. */
int imp_sw_tries(uint16_t sw);

#endif
