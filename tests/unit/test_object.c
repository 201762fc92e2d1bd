/* SPDX-License-Identifier: Apache-2.0 */
/* The object tables against the registry's XML files, and what the registry does not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/object.h"
#include "tests/fake/vec.h"

#define REGISTRY VEC_SHARED "registry/"

/* ---- just enough XML for these files ---- */

static char *load(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 17);

	assert_non_null(text);
	if (!f)
		fail_msg("%s is not there", path);
	assert_true(fread(text, 1, (1 << 17) - 1, f) > 0);
	fclose(f);
	return text;
}

/* Content of the first <tag> at or behind from, its runs of blanks made one; "" for an empty one.
 */
static const char *content(const char *from, const char *tag, char *out, size_t cap)
{
	char open[64];
	const char *p;
	size_t n = 0;

	snprintf(open, sizeof(open), "<%s>", tag);
	p = strstr(from, open);
	out[0] = '\0';
	for (p = p ? p + strlen(open) : ""; *p && *p != '<' && n + 1 < cap; p++) {
		bool blank = *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t';

		if (!blank)
			out[n++] = *p;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

static enum imp_type type_of(const char *name)
{
	static const struct {
		const char *name;
		enum imp_type type;
	} rows[] = {
		{ "", IMP_TYPE_NONE },
		{ "String", IMP_TYPE_STRING },
		{ "Integer", IMP_TYPE_INTEGER },
		{ "Unsigned Integer", IMP_TYPE_UNSIGNED },
		{ "Float", IMP_TYPE_FLOAT },
		{ "Boolean", IMP_TYPE_BOOLEAN },
		{ "Opaque", IMP_TYPE_OPAQUE },
		{ "Time", IMP_TYPE_TIME },
		{ "Objlnk", IMP_TYPE_OBJLNK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].type;
	fail_msg("type '%s'", name);
	return IMP_TYPE_NONE;
}

/* "0..255", "6", "16,32,48"; anything else says nothing. */
static void check_range(const struct imp_resource_def *r, const char *range)
{
	long long low, high;

	if (sscanf(range, "%lld..%lld", &low, &high) == 2) {
		assert_int_equal(r->min, low);
		assert_int_equal(r->max, high);
	} else if (strcmp(range, "16,32,48") == 0) {
		assert_int_equal(r->min, 16);
		assert_int_equal(r->max, 48);
	} else if (strcmp(range, "6") == 0) {
		assert_int_equal(r->min, 6);
		assert_int_equal(r->max, 6);
	} else if (r->type == IMP_TYPE_NONE || r->type == IMP_TYPE_BOOLEAN ||
		   r->type == IMP_TYPE_OBJLNK) {
		assert_int_equal(r->min, 0);
		assert_int_equal(r->max, 0);
	} else {
		assert_true(r->max == INT64_MAX);
		assert_true(r->min == 0 || r->type == IMP_TYPE_INTEGER || r->type == IMP_TYPE_TIME);
	}
}

/* Compare one <Item>; all of the resource but its version. */
static void check_item(uint16_t object, const char *item)
{
	uint16_t id = (uint16_t)strtoul(strchr(item, '"') + 1, NULL, 10);
	const struct imp_resource_def *r = imp_resource_def(object, id);
	char text[128];

	if (!r)
		fail_msg("/%u/x/%u is not in the table", object, id);
	assert_int_equal(r->id, id);
	assert_string_equal(r->name, content(item, "Name", text, sizeof(text)));
	assert_int_equal(r->multiple,
		strcmp(content(item, "MultipleInstances", text, sizeof(text)), "Multiple") == 0);
	assert_int_equal(r->mandatory,
		strcmp(content(item, "Mandatory", text, sizeof(text)), "Mandatory") == 0);
	assert_int_equal(r->type, type_of(content(item, "Type", text, sizeof(text))));
	check_range(r, content(item, "RangeEnumeration", text, sizeof(text)));
}

static void registry(void **state)
{
	static const uint16_t objects[] = { 0, 1, 2, 3, 9, 21 };

	(void)state;
	if (!vec_there(REGISTRY "0.xml"))
		return;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const struct imp_object_def *o = imp_object_def(objects[i]);
		char path[128], name[128];
		char *xml;
		size_t items = 0;

		snprintf(path, sizeof(path), REGISTRY "%u.xml", objects[i]);
		xml = load(path);
		assert_non_null(o);
		assert_string_equal(o->name, content(xml, "Name", name, sizeof(name)));
		assert_int_equal(o->multiple,
			strcmp(content(xml, "MultipleInstances", name, sizeof(name)), "Multiple") ==
				0);
		for (const char *p = strstr(xml, "<Item ID="); p; p = strstr(p + 1, "<Item ID=")) {
			check_item(objects[i], p);
			items++;
		}
		assert_int_equal(items, o->count);
		free(xml);
	}
}

/* A resource is in the files of its version and later, in none before. */
static void since(void **state)
{
	static const struct {
		uint16_t object;
		uint8_t major, minor;
	} files[] = { { 0, 1, 0 }, { 0, 1, 1 }, { 0, 1, 2 }, { 1, 1, 0 }, { 1, 1, 1 }, { 1, 1, 2 },
		{ 2, 1, 0 }, { 2, 1, 1 }, { 21, 1, 0 }, { 21, 1, 1 }, { 21, 2, 0 } };

	(void)state;
	if (!vec_there(REGISTRY "version_history"))
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct imp_object_def *o = imp_object_def(files[i].object);
		char path[128], item[32];
		char *xml;

		snprintf(path, sizeof(path), REGISTRY "version_history/%u-%u_%u.xml",
			files[i].object, files[i].major, files[i].minor);
		xml = load(path);
		for (size_t r = 0; r < o->count; r++) {
			const struct imp_resource_def *d = &o->resources[r];
			bool there = d->since_major < files[i].major ||
				     (d->since_major == files[i].major &&
					     d->since_minor <= files[i].minor);

			snprintf(item, sizeof(item), "<Item ID=\"%u\">", d->id);
			if ((strstr(xml, item) != NULL) != there)
				fail_msg("/%u/x/%u against %s", o->id, d->id, path);
		}
		free(xml);
	}
}

static void secrets(void **state)
{
	static const struct {
		uint16_t object, resource;
		bool secret;
	} rows[] = { { 0, 3, false }, { 0, 4, false }, { 0, 5, true }, { 0, 7, false },
		{ 0, 8, true }, { 9, 14, false }, { 9, 15, true }, { 21, 0, true },
		{ 21, 5, false }, { 23, 2, true }, { 23, 0, false } };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			imp_resource_def(rows[i].object, rows[i].resource)->secret, rows[i].secret);
	for (unsigned o = 0; o < 65536; o++) {
		const struct imp_object_def *def = imp_object_def((uint16_t)o);

		for (size_t r = 0; def && r < def->count; r++)
			n += def->resources[r].secret;
	}
	assert_int_equal(n, 5);
}

/* Dense from 0, so that the id is the index. */
static void dense(void **state)
{
	size_t objects = 0;

	(void)state;
	for (unsigned o = 0; o < 65536; o++) {
		const struct imp_object_def *def = imp_object_def((uint16_t)o);

		objects += def != NULL;
		for (size_t r = 0; def && r < def->count; r++)
			assert_int_equal(def->resources[r].id, r);
		if (def) {
			assert_int_equal(def->id, o);
			assert_null(imp_resource_def((uint16_t)o, (uint16_t)def->count));
		}
	}
	assert_int_equal(objects, 7);
	assert_null(imp_object_def(65535));
	assert_null(imp_resource_def(3441, 0));
	assert_null(imp_resource_def(0, 65535));
}

static void type_names(void **state)
{
	static const char *const names[] = { "none", "string", "integer", "unsigned", "float",
		"boolean", "opaque", "time", "objlnk", "unknown" };

	(void)state;
	for (unsigned t = 0; t < sizeof(names) / sizeof(names[0]); t++)
		assert_string_equal(imp_type_name((enum imp_type)t), names[t]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registry),
		cmocka_unit_test(since),
		cmocka_unit_test(secrets),
		cmocka_unit_test(dense),
		cmocka_unit_test(type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
