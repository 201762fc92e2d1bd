/* SPDX-License-Identifier: Apache-2.0 */
/* The four functions that the reader takes from its device, plainly done: what they cost is in the
 * instruction counts. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int octet, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *to, const void *from, size_t n)
{
	const uint8_t *s = (const uint8_t *)from;

	for (uint8_t *d = (uint8_t *)to; n > 0; n--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	const uint8_t *s = (const uint8_t *)from;
	uint8_t *d = (uint8_t *)to;

	if (d < s)
		return memcpy(to, from, n);
	while (n-- > 0)
		d[n] = s[n];
	return to;
}

void *memset(void *to, int octet, size_t n)
{
	uint8_t *d = (uint8_t *)to;
	uint32_t word = (uint8_t)octet * 0x01010101U;

	for (; n > 0 && (uintptr_t)d % 4 != 0; n--)
		*d++ = (uint8_t)octet;
	for (; n >= 4; n -= 4, d += 4)
		*(uint32_t *)(void *)d = word;
	for (; n > 0; n--)
		*d++ = (uint8_t)octet;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
