/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/profile_read.h"

#include "host/file.h"
#include "host/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void imp_reading_enter(struct imp_reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->at, sizeof r->at, fmt, ap);
	va_end(ap);
}

unsigned imp_reading_line(const struct imp_reading *r, const char *key)
{
	char path[sizeof r->at + 64];

	(void)snprintf(path, sizeof path, "%s%s%s", r->at, r->at[0] ? "." : "", key);
	return imp_yaml_line(r->yaml, path);
}

/* "accounts[1].uri: " in front, so that one line in a list of many names its account. */
static void place(const struct imp_reading *r, const char *key, char *buf, size_t cap)
{
	(void)snprintf(buf, cap, "%s%s%s", r->at, r->at[0] && key[0] ? "." : "", key);
}

void imp_reading_error(
	struct imp_reading *r, const char *key, const char *rule, const char *fmt, ...)
{
	char at[128], text[384];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	place(r, key, at, sizeof at);
	imp_problem_error(r->problems, r->profile->path, imp_reading_line(r, key), rule, "%s%s%s",
		at, at[0] ? ": " : "", text);
}

void imp_reading_warning(
	struct imp_reading *r, const char *key, const char *rule, const char *fmt, ...)
{
	char at[128], text[384];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	place(r, key, at, sizeof at);
	imp_problem_warning(r->problems, r->profile->path, imp_reading_line(r, key), rule, "%s%s%s",
		at, at[0] ? ": " : "", text);
}

void imp_read_number(struct imp_reading *r, const char *key, const char *text, int64_t min,
	int64_t max, int64_t *out)
{
	uint64_t v;

	if (!text)
		return;
	if (imp_text_number(text, &v) != IMP_OK)
		imp_reading_error(r, key, "",
			"'%s' is not a number written with digits alone, without leading zero",
			text);
	else if (v > INT64_MAX || (int64_t)v < min || (int64_t)v > max)
		imp_reading_error(r, key, "", "%s is not within %lld..%lld", text, (long long)min,
			(long long)max);
	else
		*out = (int64_t)v;
}

void imp_read_bool(struct imp_reading *r, const char *key, const char *text, bool *out)
{
	if (text && imp_text_bool(text, out) != IMP_OK)
		imp_reading_error(r, key, "", "'%s' is neither true nor false", text);
}

void imp_read_text(struct imp_reading *r, const char *key, const char *text, const char **out)
{
	const char *copy;

	if (!text)
		return;
	copy = imp_arena_text(&r->profile->arena, text, strlen(text));
	if (copy)
		*out = copy;
	else
		imp_reading_error(r, key, "", "out of memory");
}

void imp_read_path(struct imp_reading *r, const char *key, const char *text, const char **out)
{
	char path[PATH_MAX];

	if (!text)
		return;
	if (imp_path_join(r->profile->dir, text, path, sizeof path) != IMP_OK)
		imp_reading_error(r, key, "", "the file name is too long");
	else
		imp_read_text(r, key, path, out);
}

void imp_read_template(
	struct imp_reading *r, const char *key, const char *text, struct imp_template *out)
{
	struct imp_diag diag = { .text = "" };

	if (text && imp_template_parse(text, &r->profile->arena, out, &diag) != IMP_OK)
		imp_reading_error(r, key, "", "%s", diag.text);
}

bool imp_read_word(struct imp_reading *r, const char *key, const char *text,
	const struct imp_word *words, int64_t *out)
{
	char all[192] = "";
	size_t used = 0;

	if (!text)
		return true;
	for (const struct imp_word *w = words; w->word; w++) {
		if (strcmp(w->word, text) == 0) {
			*out = w->value;
			return true;
		}
		if (used < sizeof all)
			used += (size_t)snprintf(
				all + used, sizeof all - used, "%s%s", used ? ", " : "", w->word);
	}
	imp_reading_error(r, key, "", "'%s' is none of %s", text, all);
	return false;
}
