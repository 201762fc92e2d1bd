/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/layout_file.h"

#include "host/file.h"
#include "host/text.h"
#include "host/yaml.h"

#include <cyaml/cyaml.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYOUT_FILE_MAX ((size_t)64 << 10)

struct raw {
	char *description, *base, *size, *erase, *program, *slot_size;
	char **slots;
	unsigned slots_n;
};

static const cyaml_schema_value_t offset = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED) };

#define TEXT(key, flags, member) \
	CYAML_FIELD_STRING_PTR(key, flags, struct raw, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t fields[] = {
	TEXT("description", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, description),
	TEXT("base", CYAML_FLAG_POINTER, base),
	TEXT("size", CYAML_FLAG_POINTER, size),
	TEXT("erase", CYAML_FLAG_POINTER, erase),
	TEXT("program", CYAML_FLAG_POINTER, program),
	TEXT("slot-size", CYAML_FLAG_POINTER, slot_size),
	CYAML_FIELD_SEQUENCE_COUNT(
		"slots", CYAML_FLAG_POINTER, struct raw, slots, slots_n, &offset, 1, 2),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct raw, fields) };

static void read_number(const struct imp_yaml *y, const char *key, const char *text, uint32_t *out,
	struct imp_problems *problems)
{
	uint64_t v;

	if (imp_text_address(text, &v) != IMP_OK || v > UINT32_MAX)
		imp_problem_error(problems, y->file, imp_yaml_line(y, key), "",
			"%s: '%s' is no number in 0..0xFFFFFFFF, written with digits or as 0x...",
			key, text);
	else
		*out = (uint32_t)v;
}

/* "layouts/nor-4k.yaml" names the layout nor-4k. */
static void name_by_path(const char *path, char *name, size_t cap)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	size_t n = strlen(file);

	if (n > 5 && strcmp(file + n - 5, ".yaml") == 0)
		n -= 5;
	(void)snprintf(name, cap, "%.*s", (int)n, file);
}

enum imp_status imp_layout_parse(struct imp_span text, const char *path, struct imp_layout *out,
	struct imp_problems *problems)
{
	IMP_YAML y = { .file = NULL };
	struct imp_layout layout = { .base = 0 };
	struct imp_diag diag = { .text = "" };
	size_t errors_before = problems->errors;
	const struct raw *raw;
	enum imp_status st = imp_yaml_load(text, path, &schema, &y, problems);

	if (st != IMP_OK)
		return st;
	raw = y.data;
	name_by_path(path, layout.name, sizeof layout.name);
	read_number(&y, "base", raw->base, &layout.base, problems);
	read_number(&y, "size", raw->size, &layout.size, problems);
	read_number(&y, "erase", raw->erase, &layout.erase, problems);
	read_number(&y, "program", raw->program, &layout.program, problems);
	read_number(&y, "slot-size", raw->slot_size, &layout.slot_size, problems);
	read_number(&y, "slots[0]", raw->slots[0], &layout.slot[0], problems);
	layout.slot[1] = layout.slot[0];
	if (raw->slots_n == 2)
		read_number(&y, "slots[1]", raw->slots[1], &layout.slot[1], problems);
	if (problems->errors != errors_before)
		return IMP_E_FORMAT;
	st = imp_layout_check(&layout, &diag);
	if (st != IMP_OK) {
		imp_problem_diag(problems, path, 0, &diag);
		return st;
	}
	*out = layout;
	return IMP_OK;
}

/* ---- finding one ---- */

static bool is_path(const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

/* The folder of the running program. */
static bool program_dir(char *dir, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", dir, cap - 1);
	char *slash;

	if (n <= 0)
		return false;
	dir[n] = '\0';
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool readable(char *path, size_t cap, const char *dir, const char *below, const char *name)
{
	int n = snprintf(path, cap, "%s%s/%s.yaml", dir, below, name);

	return n > 0 && (size_t)n < cap && access(path, R_OK) == 0;
}

/* Next to the program's folder or above it: a tree that was installed elsewhere, or that was not
 * installed at all (build/imprint, build/asan/tests/unit/test_x). */
static bool find_near(const char *name, char *path, size_t cap)
{
	char dir[PATH_MAX];
	char *slash;

	if (!program_dir(dir, sizeof dir))
		return false;
	for (int up = 0; up < 5 && (slash = strrchr(dir, '/')); up++) {
		*slash = '\0';
		if (readable(path, cap, dir, "/share/imprint/layouts", name) ||
			readable(path, cap, dir, "/flash-images/layouts", name))
			return true;
	}
	return false;
}

/* What lies near the program belongs to it; the installed ones are for a program that was moved. */
static bool find_named(const char *name, char *path, size_t cap)
{
	return find_near(name, path, cap) || readable(path, cap, IMP_DATADIR, "/layouts", name);
}

static enum imp_status absent(const char *name, const char *file, unsigned line, const char *why,
	struct imp_problems *problems)
{
	imp_problem_error(problems, file, line, "", "layout '%s': %s", name, why);
	return IMP_E_FORMAT;
}

enum imp_status imp_layout_load(const char *name, const char *base_dir, const char *file,
	unsigned line, struct imp_layout *out, struct imp_problems *problems)
{
	char path[PATH_MAX];
	IMP_BLOB text = { NULL, 0 };
	struct imp_diag diag = { .text = "" };

	if (is_path(name)) {
		if (imp_path_join(base_dir ? base_dir : ".", name, path, sizeof path) != IMP_OK)
			return absent(name, file, line, "the path is too long", problems);
	} else if (!find_named(name, path, sizeof path)) {
		return absent(name, file, line,
			"there is none of this name; a file of your own is named with its path",
			problems);
	}
	if (imp_file_read(path, LAYOUT_FILE_MAX, &text, &diag) != IMP_OK)
		return absent(name, file, line, diag.text, problems);
	return imp_layout_parse(imp_blob_span(&text), path, out, problems);
}
