/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/devices.h"

#include "host/csv.h"
#include "host/file.h"
#include "host/text.h"
#include "host/textset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)1 << 30)

struct loader {
	struct imp_devices list;
	struct imp_problems *problems;
	bool skip_bad;
	size_t cap;
	size_t bad; /* rows */
	struct imp_textset serials, iccids;
};

static void loader_close(struct loader *l)
{
	imp_textset_free(&l->serials);
	imp_textset_free(&l->iccids);
	imp_devices_free(&l->list);
}

static enum imp_status no_memory(struct loader *l)
{
	imp_problem_status(l->problems, IMP_E_INTERNAL, l->list.path, 0, "out of memory");
	return IMP_E_INTERNAL;
}

/* The row stays out of the list; what that means is the caller's choice. */
static void bad_row(struct loader *l, unsigned line, const char *what)
{
	l->bad++;
	if (l->skip_bad)
		imp_problem_warning(l->problems, l->list.path, line, "", "row left out: %s", what);
	else
		imp_problem_error(l->problems, l->list.path, line, "", "%s", what);
}

static void bad_row_twice(
	struct loader *l, unsigned line, const char *column, const char *value, unsigned first)
{
	char what[192];

	(void)snprintf(what, sizeof what, "%s '%s' is in line %u already", column, value, first);
	bad_row(l, line, what);
}

static const char *const *copy_cells(struct loader *l, const struct imp_csv_row *row)
{
	char **cells = imp_arena_alloc(&l->list.arena, row->n * sizeof *cells);

	for (size_t i = 0; cells && i < row->n; i++) {
		cells[i] = imp_arena_text(
			&l->list.arena, (const char *)row->cells[i].p, row->cells[i].n);
		if (!cells[i])
			return NULL;
	}
	return (const char *const *)cells;
}

static enum imp_status take_header(void *ctx, const struct imp_csv_row *row)
{
	struct loader *l = ctx;

	l->list.columns = copy_cells(l, row);
	if (!l->list.columns)
		return no_memory(l);
	l->list.columns_n = row->n;
	l->list.serial = imp_devices_column(&l->list, "serial");
	l->list.iccid = imp_devices_column(&l->list, "iccid");
	if (l->list.serial != IMP_NO_COLUMN)
		return IMP_OK;
	imp_problem_error(l->problems, l->list.path, row->line, "",
		"no column 'serial' in the header (the first is '%s'; commas separate columns)",
		l->list.columns[0]);
	return IMP_E_FORMAT;
}

/* A serial names the files of its unit. */
static const char *serial_fault(struct imp_span serial)
{
	if (!serial.n)
		return "no serial";
	if (serial.n > IMP_SERIAL_MAX)
		return "serial longer than 64 octets";
	if (serial.p[0] == '.')
		return "serial begins with '.', it cannot name a file";
	if (memchr(serial.p, '/', serial.n))
		return "serial holds '/', it cannot name a file";
	return NULL;
}

static const char *iccid_fault(struct imp_span iccid)
{
	if (!iccid.n)
		return NULL;
	for (size_t i = 0; i < iccid.n; i++)
		if (iccid.p[i] < '0' || iccid.p[i] > '9')
			return "iccid holds something else than digits";
	return iccid.n < 18 || iccid.n > 20 ? "iccid has not 18 to 20 digits" : NULL;
}

/* The last digit of an ICCID is a check digit (ITU-T E.118); some issuers leave it out or wrong. */
static bool luhn_holds(const char *digits)
{
	unsigned sum = 0;
	size_t n = strlen(digits);

	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)(digits[n - 1 - i] - '0') * (i % 2 ? 2 : 1);

		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

static enum imp_status append(struct loader *l, const struct imp_device *device)
{
	if (l->list.n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct imp_device *v = realloc(l->list.v, cap * sizeof *v);

		if (!v)
			return no_memory(l);
		l->list.v = v;
		l->cap = cap;
	}
	l->list.v[l->list.n++] = *device;
	return IMP_OK;
}

/* Seen before?  Then the row is bad and *twice set. */
static enum imp_status add_unique(struct loader *l, struct imp_textset *set, const char *column,
	const char *value, unsigned line, bool *twice)
{
	unsigned first = 0;

	if (imp_textset_add(set, imp_span_str(value), line, &first) != IMP_OK)
		return no_memory(l);
	if (first)
		bad_row_twice(l, line, column, value, first);
	*twice = first != 0;
	return IMP_OK;
}

static enum imp_status take_row(void *ctx, const struct imp_csv_row *row)
{
	struct loader *l = ctx;
	struct imp_device device = { .line = row->line };
	const char *fault = row->fault, *iccid;
	bool twice = false;
	enum imp_status st;

	if (!fault)
		fault = serial_fault(row->cells[l->list.serial]);
	if (!fault && l->list.iccid != IMP_NO_COLUMN)
		fault = iccid_fault(row->cells[l->list.iccid]);
	if (fault) {
		bad_row(l, row->line, fault);
		return IMP_OK;
	}
	device.cells = copy_cells(l, row);
	if (!device.cells)
		return no_memory(l);
	st = add_unique(
		l, &l->serials, "serial", imp_device_serial(&l->list, &device), row->line, &twice);
	iccid = imp_device_iccid(&l->list, &device);
	if (st == IMP_OK && !twice && iccid[0])
		st = add_unique(l, &l->iccids, "iccid", iccid, row->line, &twice);
	if (st != IMP_OK || twice)
		return st;
	if (iccid[0] && !luhn_holds(iccid))
		imp_problem_warning(l->problems, l->list.path, row->line, "",
			"the last digit of iccid '%s' is not its check digit", iccid);
	return append(l, &device);
}

enum imp_status imp_devices_parse(struct imp_span text, const char *path, bool skip_bad,
	struct imp_devices *out, struct imp_problems *problems)
{
	__attribute__((cleanup(loader_close))) struct loader l = { .problems = problems,
		.skip_bad = skip_bad };
	struct imp_csv_handler handler = { &l, take_header, take_row };
	enum imp_status st;

	*out = (struct imp_devices){ 0 };
	l.list.path = path;
	l.list.path = imp_arena_text(&l.list.arena, path, strlen(path));
	if (!l.list.path) {
		l.list.path = path;
		return no_memory(&l);
	}
	st = imp_csv_parse(text, path, &handler, problems);
	if (st == IMP_OK && !l.list.n && (skip_bad || !l.bad)) {
		imp_problem_error(problems, path, 0, "",
			l.bad ? "no good row is left" : "no device: the list has a header only");
		st = IMP_E_FORMAT;
	}
	if (st == IMP_OK && l.bad && !skip_bad)
		st = IMP_E_FORMAT;
	if (st != IMP_OK)
		return st;
	*out = l.list;
	l.list = (struct imp_devices){ 0 };
	return IMP_OK;
}

enum imp_status imp_devices_load(
	const char *path, bool skip_bad, struct imp_devices *out, struct imp_problems *problems)
{
	IMP_BLOB text = { NULL, 0 };
	struct imp_diag diag = { 0 };
	enum imp_status st = imp_file_read(path, LIST_MAX, &text, &diag);

	*out = (struct imp_devices){ 0 };
	if (st != IMP_OK) {
		imp_problem_diag(problems, path, 0, &diag);
		return st;
	}
	return imp_devices_parse(imp_blob_span(&text), path, skip_bad, out, problems);
}

void imp_devices_free(struct imp_devices *devices)
{
	free(devices->v);
	imp_arena_free(&devices->arena);
	*devices = (struct imp_devices){ 0 };
}

size_t imp_devices_column(const struct imp_devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->columns_n; i++)
		if (strcmp(devices->columns[i], name) == 0)
			return i;
	return IMP_NO_COLUMN;
}
