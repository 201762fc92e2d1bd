/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device list: CSV with a header line (RFC 4180, UTF-8).  Column `serial` is required, `iccid`
 * is known, any other column is usable in templates as {column}.  Cells are text without control
 * characters; a million rows load in a few seconds.
 */
#ifndef FACTORY_DEVICES_H
#define FACTORY_DEVICES_H

#include "base/diag.h"
#include "base/span.h"
#include "host/arena.h"
#include "host/problems.h"

#include <stdbool.h>

#define IMP_SERIAL_MAX 64 /* octets; a serial names a file */
#define IMP_COLUMNS_MAX 64
#define IMP_NO_COLUMN ((size_t)-1)

struct imp_device {
	unsigned line;		  /* in the file, from 1 */
	const char *const *cells; /* one per column, NUL-terminated, never NULL, may be "" */
};

struct imp_devices {
	const char *path; /* as given */
	const char *const *columns;
	size_t columns_n;
	size_t serial; /* index of the column */
	size_t iccid;  /* index, or IMP_NO_COLUMN */
	struct imp_device *v;
	size_t n;
	struct imp_arena arena; /* holds all of it */
};

/*
 * Load a list.  Every bad row is reported with its line: ragged, bad UTF-8, control characters, a
 * serial that is empty, too long or no file name, an ICCID that is not 18 to 20 digits, a serial or
 * ICCID that an earlier row has.
 *
 * skip_bad false: any bad row makes the list unusable, IMP_E_FORMAT.  skip_bad true: bad rows are
 * left out and reported as warnings.  Faults of the file itself (no header, no `serial`, a column
 * twice, quotes that do not close, no row at all) are IMP_E_FORMAT always; IMP_E_ABSENT, IMP_E_IO:
 * it cannot be read.  Every failure leaves at least one error in problems and *out empty.
 */
IMP_MUST_CHECK enum imp_status imp_devices_load(
	const char *path, bool skip_bad, struct imp_devices *out, struct imp_problems *problems);

/* The same from text in memory; path is only named. */
IMP_MUST_CHECK enum imp_status imp_devices_parse(struct imp_span text, const char *path,
	bool skip_bad, struct imp_devices *out, struct imp_problems *problems);

void imp_devices_free(struct imp_devices *devices); /* takes an empty one */
#define IMP_DEVICES __attribute__((cleanup(imp_devices_free))) struct imp_devices

/* Index of a column by its exact name, or IMP_NO_COLUMN. */
size_t imp_devices_column(const struct imp_devices *devices, const char *name);

static inline const char *imp_device_serial(const struct imp_devices *l, const struct imp_device *d)
{
	return d->cells[l->serial];
}

/* "" when the list or the row has none. */
static inline const char *imp_device_iccid(const struct imp_devices *l, const struct imp_device *d)
{
	return l->iccid == IMP_NO_COLUMN ? "" : d->cells[l->iccid];
}

#endif
