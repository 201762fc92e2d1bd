/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

bool vec_there(const char *path)
{
	if (access(path, R_OK) == 0)
		return true;
	print_message("skipped: %s is not there\n", path);
	return false;
}

struct imp_span vec_copy(struct imp_span s)
{
	uint8_t *p;

	if (s.n == 0) /* a pointer that may not be read at all */
		return imp_span(NULL, 0);
	p = malloc(s.n);
	assert_non_null(p);
	memcpy(p, s.p, s.n);
	return imp_span(p, s.n);
}

void vec_free(struct imp_span s)
{
	void *p;

	memcpy(&p, &s.p, sizeof(p));
	free(p);
}

struct imp_span vec_hex(const char *path)
{
	FILE *f = fopen(path, "r");
	uint8_t *buf = malloc(1 << 17);
	struct imp_span exact;
	unsigned octet;
	size_t n = 0;

	assert_non_null(buf);
	if (!f)
		fail_msg("%s is not there", path);
	while (fscanf(f, "%2x", &octet) == 1 && n < 1 << 17)
		buf[n++] = (uint8_t)octet;
	assert_true(feof(f));
	fclose(f);
	exact = vec_copy(imp_span(buf, n));
	free(buf);
	return exact;
}

size_t vec_rows(const char *path, void (*row)(void *ctx, char *cell[8]), void *ctx)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	size_t n = 0;

	if (!f)
		fail_msg("%s is not there", path);
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		char *cell[8] = { line };
		int cells = 1;

		line[strcspn(line, "\n")] = '\0';
		for (char *p = line; *p && cells < 8; p++) {
			if (*p != '\t')
				continue;
			*p = '\0';
			cell[cells++] = p + 1;
		}
		row(ctx, cell);
		n++;
	}
	fclose(f);
	return n;
}

size_t vec_prefixes(struct imp_span s, vec_bad *bad, void *ctx)
{
	size_t count = 0;

	for (size_t n = 0; n < s.n; n++) {
		struct imp_span head = vec_copy(imp_span(s.p, n));

		count += bad(ctx, head);
		vec_free(head);
	}
	return count;
}

size_t vec_flips(struct imp_span s, vec_bad *bad, void *ctx)
{
	uint8_t *p = malloc(s.n ? s.n : 1);
	size_t count = 0;

	assert_non_null(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	for (size_t bit = 0; bit < 8 * s.n; bit++) {
		p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		count += bad(ctx, imp_span(p, s.n));
		p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	free(p);
	return count;
}
