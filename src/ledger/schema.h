/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables.  Every row belongs to a unit or a batch whose last event commits to it (chain.h), so
 * the file can be opened, copied and searched with any SQLite tool, but not changed unseen.
 */
#ifndef IMP_LEDGER_SCHEMA_H
#define IMP_LEDGER_SCHEMA_H

#include <stddef.h>

struct imp_schema_part {
	const char *type, *name; /* as in sqlite_schema */
	const char *sql;	 /* the same text there */
};

extern const struct imp_schema_part imp_schema[];
extern const size_t imp_schema_n;

#endif
