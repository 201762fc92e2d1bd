/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/types.h"

/* Shapes of a value. */
enum {
	A, /* opaque */
	S, /* string */
	N, /* Integer, Unsigned, Time */
	P, /* Integer that is never negative: FFFF for 65535 is an error (T8) */
	B, /* Boolean */
	L, /* Objlnk */
	X, /* executable: no value */
	SHAPE = 7,
	M = 8, /* added for a multiple resource */
};

/* By resource id, from 0 on, object after object.  /21: String until 1.1, Opaque from 2.0 (D17). */
static const uint8_t types[] = {
	/* clang-format off */
	S, B, N, A, A, A, N, A, A, S, N, N, N, N, S, N,
	N + M, L, N + M, N + M, N + M, N + M, N, N, N, S + M, L, L + M, N, N, S,
	N, N, N, N, X, N, B, S, X, X, L, N, N, N, N, B,
	B, N, N, N, N, B, S, B, L + M, S + M, N, N,
	P, P, P + M, P,
	A, A, A, N, N, A, A,
	/* clang-format on */
};

/* Whose they are: to where the run of an object reaches. */
static const struct {
	uint8_t object, end;
} runs[] = { { 0, 31 }, { 1, 59 }, { 2, 63 }, { 21, sizeof types } };

/* Widths that a shape may have, as bits. */
#define WIDTHS_OF_NUMBER (1U << 1 | 1U << 2 | 1U << 4 | 1U << 8)

static const struct {
	uint16_t widths;
	uint8_t most; /* largest first octet */
} shapes[] = {
	[N] = { WIDTHS_OF_NUMBER, 0xFF },
	[P] = { WIDTHS_OF_NUMBER, 0x7F },
	[B] = { 1U << 1, 1 },
	[L] = { 1U << 4, 0xFF },
	[X] = { 0, 0 },
};

static bool value_fits(unsigned shape, const struct imp_span *value)
{
	if (shape == A)
		return true;
	if (shape == S)
		return imp_span_utf8(*value);
	return value->n <= 8 && shapes[shape].widths >> value->n & 1 &&
	       value->p[0] <= shapes[shape].most;
}

bool imr_type_fits(uint16_t object, uint16_t resource, const struct imp_tlv *tlv)
{
	unsigned at = resource;

	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		if (runs[i].object == object && at < runs[i].end) {
			unsigned type = types[at];

			if (tlv->kind == IMP_TLV_MULTIPLE)
				return type & M;
			if (tlv->kind == IMP_TLV_RESOURCE && type & M)
				return false;
			return value_fits(type & SHAPE, &tlv->value);
		}
		at = resource + runs[i].end;
	}
	return true;
}
