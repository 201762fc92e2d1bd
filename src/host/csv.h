/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV with a header line (RFC 4180), strictly: UTF-8 (a BOM is passed over), comma, LF or CRLF,
 * every row as wide as the header.  Cells hold no control characters, so a row is always one line,
 * and a fault in one does not spread to the next.
 */
#ifndef IMP_HOST_CSV_H
#define IMP_HOST_CSV_H

#include "base/span.h"
#include "host/problems.h"

#define IMP_CSV_COLUMNS_MAX 64

struct imp_csv_row {
	unsigned line; /* from 1 */
	size_t n;
	struct imp_span cells[IMP_CSV_COLUMNS_MAX]; /* valid during the call */
	/* NULL: a good row.  Else what is wrong with it; cells are then not to be used. */
	const char *fault;
};

struct imp_csv_handler {
	void *ctx;
	/* The header: names are there, unique and without fault.  Any status but IMP_OK stops. */
	enum imp_status (*header)(void *ctx, const struct imp_csv_row *row);
	/* One row, good or not.  Any status but IMP_OK stops. */
	enum imp_status (*row)(void *ctx, const struct imp_csv_row *row);
};

/* Walk text; a fault of the header is an error in problems and IMP_E_FORMAT, path is only named.
 * Else the first status of the handler that is not IMP_OK. */
IMP_MUST_CHECK enum imp_status imp_csv_parse(struct imp_span text, const char *path,
	const struct imp_csv_handler *handler, struct imp_problems *problems);

#endif
