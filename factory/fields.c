/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fields.h"

#include <stdlib.h>
#include <string.h>

char *imp_fields_join(const char *const *cells, size_t n)
{
	size_t total = 1;
	char *out, *p;

	for (size_t i = 0; i < n; i++)
		total += strlen(cells[i]) + 1;
	out = malloc(total);
	if (!out)
		return NULL;
	p = out;
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(cells[i]);

		if (i)
			*p++ = IMP_FIELD_SEPARATOR;
		memcpy(p, cells[i], k);
		p += k;
	}
	*p = '\0';
	return out;
}

size_t imp_fields_split(char *text, const char **cells, size_t cap)
{
	size_t n = 0;

	for (char *p = text; p; n++) {
		char *next = strchr(p, IMP_FIELD_SEPARATOR);

		if (n == cap)
			return cap + 1;
		cells[n] = p;
		if (next)
			*next++ = '\0';
		p = next;
	}
	return n;
}
