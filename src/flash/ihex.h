/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel HEX.  Written: records of 16 octets, upper case, CRLF, a type 04 record before the first
 * data and at every 64 KiB, the end record.  Read: LF or CRLF, either case, types 00 to 05. Refused
 * with the line's number: a bad sum, length or digit, an unknown type, octets given twice, text
 * behind the end record, no end record.
 */
#ifndef IMP_FLASH_IHEX_H
#define IMP_FLASH_IHEX_H

#include "base/diag.h"
#include "base/wr.h"

/* One data record at its absolute address.  A failure of it ends the reading. */
typedef enum imp_status imp_ihex_visit(void *ctx, uint32_t addr, struct imp_span data);

/* Check the whole text, then visit each record in file order; name stands before messages.
 * IMP_E_FORMAT, IMP_E_TRUNC (no end record): nothing was visited. */
IMP_MUST_CHECK enum imp_status imp_ihex_each(struct imp_span text, imp_ihex_visit *visit, void *ctx,
	const char *name, struct imp_diag *diag);

/* Into one buffer: *base is the lowest address, *n the octets up to the highest, gaps are FF.
 * IMP_E_SPACE when that is more than cap. */
IMP_MUST_CHECK enum imp_status imp_ihex_decode(struct imp_span text, uint8_t *buf, size_t cap,
	uint32_t *base, size_t *n, struct imp_diag *diag);

/* Where the processor starts: a record of type 03 (CS:IP) or 05 (linear); type 0: none. */
struct imp_ihex_start {
	uint8_t type;
	uint32_t address;
};

/* How many different ones a text that imp_ihex_each() took gives: 0, 1, or 2 for more; the first of
 * them in *out. */
unsigned imp_ihex_starts(struct imp_span text, struct imp_ihex_start *out);

/* A whole text.  Every octet of data, the ones that are FF too.  base + data.n must not pass 2^32.
 */
void imp_ihex_encode(struct imp_wr *wr, uint32_t base, struct imp_span data);

/* The same in parts: data as often as there are segments, then the start, if any, and the end. */
void imp_ihex_put_data(struct imp_wr *wr, uint32_t base, struct imp_span data);
void imp_ihex_put_end(struct imp_wr *wr, const struct imp_ihex_start *start); /* NULL: none */

#endif
