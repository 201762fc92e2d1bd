/* SPDX-License-Identifier: Apache-2.0 */
#include "host/csv.h"

#include "host/text.h"

#include <csv.h>
#include <string.h>

/* Longest line that is looked into; far above any device list's. */
#define LINE_MAX_OCTETS 65536U

struct reader {
	struct csv_parser parser;
	struct imp_csv_row row;
	/* The parser reuses its buffer from field to field; this one keeps the row together. */
	size_t used;
	uint8_t cells[LINE_MAX_OCTETS];
};

static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static enum imp_status parser_open(struct reader *r)
{
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return IMP_E_INTERNAL;
	csv_set_space_func(&r->parser, no_space);
	return IMP_OK;
}

static void reader_close(struct reader *r)
{
	csv_free(&r->parser);
}

static void take_cell(void *data, size_t n, void *ctx)
{
	struct reader *r = ctx;
	struct imp_span cell = imp_span(r->cells + r->used, n);

	if (r->row.n == IMP_CSV_COLUMNS_MAX) {
		r->row.fault = "more than 64 columns";
		return;
	}
	/* A cell is never longer than its line, so the buffer has room. */
	if (n)
		memcpy(r->cells + r->used, data, n);
	r->used += n;
	if (!imp_span_utf8(cell) && !r->row.fault)
		r->row.fault = memchr(cell.p, 0, n) ? "a NUL octet" : "not UTF-8";
	if (imp_text_has_control(cell) && !r->row.fault)
		r->row.fault = "a control character";
	r->row.cells[r->row.n++] = cell;
}

static void end_row(int c, void *ctx)
{
	(void)c;
	(void)ctx;
}

/* Split one line, without its end, into r->row. */
static enum imp_status split(struct reader *r, struct imp_span line)
{
	r->row.n = 0;
	r->row.fault = NULL;
	r->used = 0;
	if (!line.n) {
		r->row.fault = "a blank line";
		return IMP_OK;
	}
	if (line.n > LINE_MAX_OCTETS) {
		r->row.fault = "longer than 65536 octets";
		return IMP_OK;
	}
	if (memchr(line.p, '\r', line.n)) {
		r->row.fault = "a carriage return inside the line";
		return IMP_OK;
	}
	if (csv_parse(&r->parser, line.p, line.n, take_cell, end_row, r) == line.n &&
		csv_fini(&r->parser, take_cell, end_row, r) == 0)
		return IMP_OK;
	if (csv_error(&r->parser) != CSV_EPARSE)
		return IMP_E_SPACE;
	r->row.fault = "a quote that is not closed, or stands inside a cell without quotes";
	csv_free(&r->parser);
	return parser_open(r);
}

/* Take the next line, its LF or CRLF removed. */
static struct imp_span next_line(struct imp_span *text)
{
	const uint8_t *end = memchr(text->p, '\n', text->n);
	size_t n = end ? (size_t)(end - text->p) : text->n;
	struct imp_span line = imp_span(text->p, n);

	*text = imp_span(text->p + n + (end ? 1 : 0), text->n - n - (end ? 1 : 0));
	if (end && line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool blank_edge(struct imp_span cell)
{
	return cell.n && (cell.p[0] == ' ' || cell.p[cell.n - 1] == ' ');
}

static enum imp_status check_header(
	const struct imp_csv_row *row, const char *path, struct imp_problems *problems)
{
	size_t before = problems->errors;

	if (row->fault)
		imp_problem_error(problems, path, row->line, "", "the header line: %s", row->fault);
	for (size_t i = 0; i < row->n && !row->fault; i++) {
		struct imp_span name = row->cells[i];

		if (!name.n)
			imp_problem_error(problems, path, row->line, "",
				"column %zu has no name in the header", i + 1);
		else if (blank_edge(name))
			imp_problem_error(problems, path, row->line, "",
				"the name of column %zu begins or ends with a blank", i + 1);
		for (size_t j = 0; j < i && name.n; j++)
			if (imp_span_eq(row->cells[j], name))
				imp_problem_error(problems, path, row->line, "",
					"columns %zu and %zu are both named '%.*s'", j + 1, i + 1,
					(int)name.n, (const char *)name.p);
	}
	return problems->errors == before ? IMP_OK : IMP_E_FORMAT;
}

/* Faults of a good line that show only next to the header. */
static void check_row(struct imp_csv_row *row, size_t columns)
{
	if (row->fault)
		return;
	if (row->n < columns)
		row->fault = "fewer cells than the header";
	else if (row->n > columns)
		row->fault = "more cells than the header";
	for (size_t i = 0; i < row->n && !row->fault; i++)
		if (blank_edge(row->cells[i]))
			row->fault = "a cell that begins or ends with a blank";
}

enum imp_status imp_csv_parse(struct imp_span text, const char *path,
	const struct imp_csv_handler *handler, struct imp_problems *problems)
{
	static const uint8_t bom[] = { 0xEF, 0xBB, 0xBF };
	__attribute__((cleanup(reader_close))) struct reader r = { .used = 0 };
	enum imp_status st = parser_open(&r);
	size_t columns = 0;

	if (st != IMP_OK) {
		imp_problem_status(problems, IMP_E_INTERNAL, path, 0, "out of memory");
		return IMP_E_INTERNAL;
	}
	if (imp_span_starts(text, imp_span(bom, sizeof bom)))
		text = imp_span(text.p + sizeof bom, text.n - sizeof bom);
	if (!text.n) {
		imp_problem_error(problems, path, 0, "", "empty: a header line is needed");
		return IMP_E_FORMAT;
	}
	for (r.row.line = 1; text.n && st == IMP_OK; r.row.line++) {
		st = split(&r, next_line(&text));
		if (st != IMP_OK) {
			imp_problem_status(problems, st, path, r.row.line, "out of memory");
		} else if (!columns) {
			st = check_header(&r.row, path, problems);
			columns = r.row.n;
			if (st == IMP_OK)
				st = handler->header(handler->ctx, &r.row);
		} else {
			check_row(&r.row, columns);
			st = handler->row(handler->ctx, &r.row);
		}
	}
	return st;
}
