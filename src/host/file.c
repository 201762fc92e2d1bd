/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file.h"

#include "base/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void imp_blob_free(struct imp_blob *blob)
{
	if (blob->p)
		imp_wipe(blob->p, blob->n);
	free(blob->p);
	blob->p = NULL;
	blob->n = 0;
}

static void close_fd(const int *fd)
{
	if (*fd > STDERR_FILENO)
		(void)close(*fd);
}
#define FD __attribute__((cleanup(close_fd))) int

static enum imp_status open_for_reading(const char *path, int *fd, struct imp_diag *diag)
{
	if (strcmp(path, "-") == 0) {
		*fd = STDIN_FILENO;
		return IMP_OK;
	}
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return IMP_OK;
	return imp_diag(
		diag, errno == ENOENT ? IMP_E_ABSENT : IMP_E_IO, "%s: %s", path, strerror(errno));
}

/* Twice the room, the old block wiped: realloc() could leave a copy behind. */
static enum imp_status grow(struct imp_blob *blob, size_t *cap, struct imp_diag *diag)
{
	size_t bigger = *cap ? *cap * 2 : 4096;
	uint8_t *p = malloc(bigger);

	if (!p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (blob->n)
		memcpy(p, blob->p, blob->n);
	if (blob->p)
		imp_wipe(blob->p, blob->n);
	free(blob->p);
	blob->p = p;
	*cap = bigger;
	return IMP_OK;
}

enum imp_status imp_file_read(
	const char *path, size_t max, struct imp_blob *out, struct imp_diag *diag)
{
	IMP_BLOB blob = { NULL, 0 };
	FD fd = -1;
	size_t cap = 0;
	ssize_t got;
	enum imp_status st = open_for_reading(path, &fd, diag);

	if (st != IMP_OK)
		return st;
	do {
		if (blob.n == cap) {
			st = grow(&blob, &cap, diag);
			if (st != IMP_OK)
				return st;
		}
		got = read(fd, blob.p + blob.n, cap - blob.n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
		blob.n += (size_t)got;
		if (blob.n > max)
			return imp_diag(diag, IMP_E_SPACE, "%s: larger than %zu octets", path, max);
	} while (got != 0);
	*out = blob;
	blob.p = NULL;
	blob.n = 0;
	return IMP_OK;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static enum imp_status write_all(int fd, struct imp_span data)
{
	while (data.n) {
		ssize_t put = write(fd, data.p, data.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return IMP_E_IO;
		data.p += put;
		data.n -= (size_t)put;
	}
	return IMP_OK;
}

/* The temporary name of this process for name: hidden, so that a half-written file is never taken
 * for a result. */
static enum imp_status temporary_name(const char *name, char *out, size_t cap)
{
	int n = snprintf(out, cap, ".%s.%ld.tmp", name, (long)getpid());

	return n > 0 && (size_t)n < cap ? IMP_OK : IMP_E_SPACE;
}

/* "DIR/NAME", or NAME as it was given when it is in the folder at hand. */
static const char *shown(const char *dir, const char *name, char *out, size_t cap)
{
	bool here = strcmp(dir, ".") == 0;

	(void)snprintf(out, cap, "%s%s%s", here ? "" : dir, here ? "" : "/", name);
	return out;
}

/* Not every file system (NFS, 9p) knows how to rename without replacing: a second name does it. */
static int put_beside(int dirfd, const char *tmp, const char *name)
{
	if (renameat2(dirfd, tmp, dirfd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return linkat(dirfd, tmp, dirfd, name, 0) == 0 ? unlinkat(dirfd, tmp, 0) : -1;
}

/* A device, pipe or socket is meant to be written to, not to give its name to a file. */
static int put_over(int dirfd, const char *tmp, const char *name)
{
	struct stat sb;

	if (fstatat(dirfd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(sb.st_mode) &&
		!S_ISLNK(sb.st_mode)) {
		errno = S_ISDIR(sb.st_mode) ? EISDIR : ENOTSUP;
		return -1;
	}
	return renameat(dirfd, tmp, dirfd, name);
}

static int put_in_place(int dirfd, const char *tmp, const char *name, bool replace)
{
	return (replace ? put_over : put_beside)(dirfd, tmp, name);
}

static enum imp_status write_spans(int fd, const struct imp_span *v, size_t n)
{
	enum imp_status st = IMP_OK;

	errno = 0;
	for (size_t i = 0; st == IMP_OK && i < n; i++)
		st = write_all(fd, v[i]);
	return st;
}

static enum imp_status write_renamed(int dirfd, const char *dir, const char *name,
	const struct imp_span *v, size_t n, bool replace, bool sync, struct imp_diag *diag)
{
	char tmp[300], at[256];
	enum imp_status st = temporary_name(name, tmp, sizeof tmp);
	int fd, err = 0;

	if (st != IMP_OK)
		return imp_diag(diag, st, "%s: name too long", shown(dir, name, at, sizeof at));
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, tmp, 0) == 0) /* of a killed process */
		fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return imp_diag(diag, IMP_E_IO, "%s: cannot write here: %s", dir, strerror(errno));
	if (write_spans(fd, v, n) != IMP_OK || (sync && fdatasync(fd) != 0))
		err = errno ? errno : EIO;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && put_in_place(dirfd, tmp, name, replace) != 0)
		err = errno;
	if (!err)
		return IMP_OK;
	(void)unlinkat(dirfd, tmp, 0);
	if (err == EEXIST)
		return imp_diag(
			diag, IMP_E_DENIED, "%s: exists already", shown(dir, name, at, sizeof at));
	(void)imp_diag(diag, IMP_E_IO, "%s: %s", shown(dir, name, at, sizeof at),
		err == ENOTSUP ? "a device or pipe, not a file to replace" : strerror(err));
	if (err == ENOSPC || err == EDQUOT)
		imp_diag_hint(diag, "make room, then run the same command again");
	return IMP_E_IO;
}

enum imp_status imp_file_write_unsynced(int dirfd, const char *dir, const char *name,
	struct imp_span data, bool replace, struct imp_diag *diag)
{
	return write_renamed(dirfd, dir, name, &data, 1, replace, false, diag);
}

enum imp_status imp_file_sync_all(int dirfd, const char *dir, struct imp_diag *diag)
{
	if (syncfs(dirfd) != 0)
		return imp_diag(
			diag, IMP_E_IO, "%s: cannot make durable: %s", dir, strerror(errno));
	return IMP_OK;
}

/* Split path into a folder ("." when there is none) and a name. */
static enum imp_status split(const char *path, char *dir, size_t cap, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;

	*name = slash ? slash + 1 : path;
	if (n >= cap || !**name)
		return IMP_E_FORMAT;
	memcpy(dir, slash ? path : ".", n);
	dir[n] = '\0';
	if (slash == path)
		memcpy(dir, "/", 2);
	return IMP_OK;
}

enum imp_status imp_file_write_spans(
	const char *path, const struct imp_span *v, size_t n, bool replace, struct imp_diag *diag)
{
	char dir[4096];
	const char *name;
	FD dirfd = -1;
	enum imp_status st = split(path, dir, sizeof dir, &name);

	if (strcmp(path, "-") == 0)
		return imp_diag(diag, IMP_E_USAGE, "-: a file is written, not standard output");
	if (st != IMP_OK)
		return imp_diag(diag, st, "%s: not a file name", path);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return imp_diag(diag, errno == ENOENT ? IMP_E_ABSENT : IMP_E_IO, "%s: %s", dir,
			strerror(errno));
	st = write_renamed(dirfd, dir, name, v, n, replace, true, diag);
	if (st == IMP_OK && fsync(dirfd) != 0)
		return imp_diag(diag, IMP_E_IO, "%s: %s", dir, strerror(errno));
	return st;
}

enum imp_status imp_file_write(
	const char *path, struct imp_span data, bool replace, struct imp_diag *diag)
{
	return imp_file_write_spans(path, &data, 1, replace, diag);
}

/* ---- secrets and paths ------------------------------------------------------------------------
 */

static bool readable_by_others(const char *path)
{
	struct stat sb;

	return strcmp(path, "-") != 0 && stat(path, &sb) == 0 && S_ISREG(sb.st_mode) &&
	       (sb.st_mode & (S_IRGRP | S_IROTH));
}

/* Octets of an AES key: the last one may look like a newline, so the length decides. */
static bool is_raw_key(struct imp_span text)
{
	return text.n == 16 || text.n == 24 || text.n == 32;
}

static struct imp_span without_newline(struct imp_span text)
{
	if (!text.n || text.p[text.n - 1] != '\n')
		return text;
	text.n--;
	if (text.n && text.p[text.n - 1] == '\r')
		text.n--;
	return text;
}

static bool has_control(struct imp_span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7F)
			return true;
	return false;
}

enum imp_status imp_file_secret(
	const char *path, struct imp_secret *out, bool *loose, struct imp_diag *diag)
{
	static const char prefix[] = "hex:";
	IMP_BLOB blob = { NULL, 0 };
	IMP_SECRET secret = { { 0 }, 0 };
	struct imp_wr wr = imp_wr(secret.b, sizeof secret.b);
	enum imp_status st = imp_file_read(path, 2 * IMP_SECRET_MAX + 16, &blob, diag);
	struct imp_span text = imp_blob_span(&blob);
	bool raw;

	if (st != IMP_OK)
		return st;
	raw = is_raw_key(text) && !imp_span_starts(text, imp_span_str(prefix));
	if (!raw)
		text = without_newline(text);
	if (imp_span_starts(text, imp_span_str(prefix))) {
		st = imp_hex_get(&wr, imp_span(text.p + 4, text.n - 4));
		if (st != IMP_OK)
			return imp_diag(
				diag, IMP_E_FORMAT, "%s: not hexadecimal behind 'hex:'", path);
	} else if (!raw && has_control(text)) {
		imp_diag(diag, IMP_E_FORMAT, "%s: holds a control character", path);
		imp_diag_hint(diag, "take it out, or write the octets as hex: and hex digits");
		return IMP_E_FORMAT;
	} else {
		imp_wr_put(&wr, text);
	}
	if (wr.st != IMP_OK || wr.n == 0)
		return imp_diag(diag, IMP_E_FORMAT, "%s: holds %s", path,
			wr.n ? "more than a key" : "nothing");
	secret.n = wr.n;
	*out = secret;
	if (loose)
		*loose = readable_by_others(path);
	return IMP_OK;
}

enum imp_status imp_path_join(const char *base_dir, const char *path, char *out, size_t cap)
{
	int n;

	if (path[0] == '/' || !base_dir || !base_dir[0])
		n = snprintf(out, cap, "%s", path);
	else
		n = snprintf(out, cap, "%s/%s", base_dir, path);
	return n >= 0 && (size_t)n < cap ? IMP_OK : IMP_E_SPACE;
}
