/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of resource values for objects 0, 1, 2 and 21, one letter each; upper case: a multiple
 * resource.
 *	o opaque	s string	i Integer, Unsigned, Time	b Boolean	l Objlnk
 *	p Integer that is never negative, so that FFFF for 65535 is an error (T8)
 *	x executable: no value		? not in the table: anything goes (T6)
 */
#ifndef IMR_TYPES_H
#define IMR_TYPES_H

#include "base/span.h"

char imr_type(uint16_t object, uint16_t resource);

/* Single or multiple as the letter says (T4)? */
bool imr_type_counts(char type, bool multiple);

/* Width and content as the letter says (T5, T7)? */
bool imr_type_fits(char type, struct imp_span value);

#endif
