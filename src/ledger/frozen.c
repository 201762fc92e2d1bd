/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger on a medium or in a folder that cannot be written: an archive, somebody else's.  SQLite
 * wants to keep an index of the write-ahead log beside it even for reading.  When that log is gone
 * or empty, the file is the whole ledger, and is read as such.
 */
#include "ledger/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool may_write(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* The file and its folder. */
static bool writable(const struct imp_ledger *l)
{
	const char *name = strrchr(l->file, '/');
	char folder[4096];
	int n = snprintf(folder, sizeof folder, "%.*s", (int)(name - l->file + 1), l->file);

	return n > 0 && (size_t)n < sizeof folder && may_write(l->file) && may_write(folder);
}

/* Octets of the write-ahead log; 0 without one. */
static off_t log_size(const struct imp_ledger *l)
{
	char path[4200];
	struct stat sb;
	int n = snprintf(path, sizeof path, "%s-wal", l->file);

	return n > 0 && (size_t)n < sizeof path && stat(path, &sb) == 0 ? sb.st_size : 0;
}

enum imp_status imp_frozen_look(struct imp_ledger *l, struct imp_diag *diag)
{
	if (writable(l) || log_size(l) > 0)
		return IMP_OK;
	if (stat(l->file, &l->lay) != 0)
		return imp_diag(diag, IMP_E_IO, "%s: %s", l->path, strerror(errno));
	l->frozen = true;
	return IMP_OK;
}

char *imp_frozen_uri(const struct imp_ledger *l)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._";
	size_t cap = sizeof "file:?immutable=1" + 3 * strlen(l->file), at;
	char *uri = malloc(cap);

	if (!uri)
		return NULL;
	at = (size_t)snprintf(uri, cap, "file:");
	for (const char *c = l->file; *c; c++)
		at += (size_t)snprintf(
			uri + at, cap - at, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
	(void)snprintf(uri + at, cap - at, "?immutable=1");
	return uri;
}

enum imp_status imp_frozen_still(const struct imp_ledger *l, struct imp_diag *diag)
{
	struct stat now;

	if (!l->frozen)
		return IMP_OK;
	if (stat(l->file, &now) == 0 && now.st_ino == l->lay.st_ino &&
		now.st_size == l->lay.st_size && now.st_mtim.tv_sec == l->lay.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == l->lay.st_mtim.tv_nsec && log_size(l) == 0)
		return IMP_OK;
	imp_diag(diag, IMP_E_DENIED, "%s: somebody changed it while it was read", l->path);
	imp_diag_hint(diag, "run the same command again");
	return IMP_E_DENIED;
}

void imp_frozen_explain(const struct imp_ledger *l, struct imp_diag *diag)
{
	if (writable(l) || log_size(l) == 0)
		return;
	imp_diag(diag, IMP_E_IO,
		"%s: its last changes lie in %s-wal, and to read them something must be written "
		"here",
		l->path, l->path);
	imp_diag_hint(diag, "copy both files into a folder of your own and read the copy");
}
