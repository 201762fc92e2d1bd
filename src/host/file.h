/* SPDX-License-Identifier: Apache-2.0 */
/* Files: read whole, written to a temporary name, synced, renamed; mode 0600. */
#ifndef IMP_HOST_FILE_H
#define IMP_HOST_FILE_H

#include "base/diag.h"
#include "base/secret.h"
#include "base/span.h"

#include <stdbool.h>

/* Octets on the heap; wiped when freed. */
struct imp_blob {
	uint8_t *p;
	size_t n;
};

void imp_blob_free(struct imp_blob *blob); /* wipes; takes an empty one */
#define IMP_BLOB __attribute__((cleanup(imp_blob_free))) struct imp_blob

static inline struct imp_span imp_blob_span(const struct imp_blob *b)
{
	return imp_span(b->p, b->n);
}

/* The whole file, at most max octets; path "-" is standard input.  IMP_E_ABSENT, IMP_E_IO,
 * IMP_E_SPACE with a diagnosis that names the path. */
IMP_MUST_CHECK enum imp_status imp_file_read(
	const char *path, size_t max, struct imp_blob *out, struct imp_diag *diag);

/*
 * Write the whole file: temporary name in the same folder (O_EXCL, 0600), write, fdatasync, rename,
 * sync of the folder.  replace false: whatever has the name is IMP_E_DENIED and stays.  replace
 * true: a file or link; a device, pipe or folder is IMP_E_IO and stays.  "-" is IMP_E_USAGE.  On
 * failure the old file is untouched and no temporary one is left.
 */
IMP_MUST_CHECK enum imp_status imp_file_write(
	const char *path, struct imp_span data, bool replace, struct imp_diag *diag);

/* The same, the spans one behind the other. */
IMP_MUST_CHECK enum imp_status imp_file_write_spans(
	const char *path, const struct imp_span *v, size_t n, bool replace, struct imp_diag *diag);

/* One span without any sync: for groups of files that one imp_file_sync_all() makes durable. */
IMP_MUST_CHECK enum imp_status imp_file_write_unsynced(int dirfd, const char *dir, const char *name,
	struct imp_span data, bool replace, struct imp_diag *diag);

/* Everything written below the file system of dirfd is durable on return. */
IMP_MUST_CHECK enum imp_status imp_file_sync_all(int dirfd, const char *dir, struct imp_diag *diag);

/*
 * A key or PIN file into a secret: the octets, or, when they start with "hex:", what the hex digits
 * spell; one trailing newline (LF or CR LF) ignored.  Exactly 16, 24 or 32 octets are a raw key and
 * taken whole.  In any other text a control character is refused: a card would count it as a wrong
 * PIN.  Warns through *loose when others may read the file.
 */
IMP_MUST_CHECK enum imp_status imp_file_secret(
	const char *path, struct imp_secret *out, bool *loose, struct imp_diag *diag);

/* base joined with path unless path is absolute; into out, IMP_E_SPACE when it does not fit. */
IMP_MUST_CHECK enum imp_status imp_path_join(
	const char *base_dir, const char *path, char *out, size_t cap);

#endif
