/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/types.h"

#define LOWER 0x20

/* Letters by resource id, from 0 on. */
#define SECURITY "sbioooioosiiiisiIlIIIIiiiSlLiis"
#define SERVER "iiiixibsxxliiiibbiiiibsbLSii"
#define ACCESS_CONTROL "ppPp"
#define OSCORE "oooiioo" /* keys: String until 1.1, Opaque from 2.0 (D17) */

static const char letters[] = SECURITY SERVER ACCESS_CONTROL OSCORE;

/* Whose letters they are: to where a run of them reaches. */
static const struct {
	uint8_t object, end;
} runs[] = {
	{ 0, sizeof SECURITY - 1 },
	{ 1, sizeof SECURITY SERVER - 1 },
	{ 2, sizeof SECURITY SERVER ACCESS_CONTROL - 1 },
	{ 21, sizeof letters - 1 },
};

char imr_type(uint16_t object, uint16_t resource)
{
	unsigned first = 0;

	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		if (runs[i].object == object && first + resource < runs[i].end)
			return letters[first + resource];
		first = runs[i].end;
	}
	return '?';
}

bool imr_type_counts(char type, bool multiple)
{
	return type == '?' || multiple == !(type & LOWER);
}

bool imr_type_fits(char type, struct imp_span value)
{
	char shape = type | LOWER;

	if (shape == 's')
		return imp_span_utf8(value);
	if (shape == 'b')
		return value.n == 1 && value.p[0] <= 1;
	if (shape == 'l')
		return value.n == 4;
	if (shape == 'i' || shape == 'p') {
		if (value.n == 0 || value.n > 8 || (value.n & (value.n - 1)))
			return false;
		return shape == 'i' || value.p[0] < 0x80;
	}
	return shape != 'x';
}
