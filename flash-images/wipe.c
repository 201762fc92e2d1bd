/* SPDX-License-Identifier: Apache-2.0 */
/* imprint image wipe: overwrite the keys of image files where they lie. */
#include "flash-images/commands.h"

#include "base/plural.h"
#include "cmd/detect.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64U << 20)

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Overwrite in place: a new file under the old name would leave the old octets on the disk. */
static enum imp_status overwrite(int fd, off_t size)
{
	uint8_t erased[65536];

	memset(erased, 0xFF, sizeof erased);
	for (off_t at = 0; at < size;) {
		size_t n = size - at < (off_t)sizeof erased ? (size_t)(size - at) : sizeof erased;
		ssize_t put = pwrite(fd, erased, n, at);

		if (put <= 0)
			return IMP_E_IO;
		at += put;
	}
	return fdatasync(fd) == 0 ? IMP_OK : IMP_E_IO;
}

/* A file that never held an image was named by mistake. */
static enum imp_status check_image(const char *path, struct imp_diag *diag)
{
	IMP_BLOB file = { NULL, 0 };
	enum imp_status st = imp_file_read(path, FILE_MAX, &file, diag);

	if (st != IMP_OK)
		return st;
	switch (imp_detect(imp_blob_span(&file))) {
	case IMP_FORMAT_BIN:
	case IMP_FORMAT_IHEX:
	case IMP_FORMAT_SLOT:
	case IMP_FORMAT_EF:
		break;
	case IMP_FORMAT_UNKNOWN:
	case IMP_FORMAT_SENML_CBOR:
	case IMP_FORMAT_SENML_JSON:
	case IMP_FORMAT_JSON:
	case IMP_FORMAT_CERTIFICATE:
	case IMP_FORMAT_LEDGER:
	default:
		(void)imp_diag(diag, IMP_E_FORMAT, "%s: not an image", path);
		imp_diag_hint(diag, "imprint inspect says what it is; shred -u removes any file");
		return IMP_E_FORMAT;
	}
	return IMP_OK;
}

/* One file as it is told. */
struct wiped {
	const char *path;
	off_t size;
	bool keep, dry_run;
};

static void fill(struct imp_json *j, const void *ctx)
{
	const struct wiped *w = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "file", w->path);
	imp_json_int(j, "bytes", w->size);
	imp_json_bool(j, "wiped", !w->dry_run);
	imp_json_bool(j, "removed", !w->dry_run && !w->keep);
	imp_json_object_end(j);
}

static enum imp_status tell(struct imp_env *env, const struct wiped *w)
{
	if (env->json)
		return imp_json_line(env, fill, w);
	if (w->dry_run)
		imp_out(env, "%s: %lld octets would be overwritten\n", w->path, (long long)w->size);
	else
		imp_out(env, "%s: wiped%s\n", w->path, w->keep ? "" : " and removed");
	return IMP_OK;
}

static enum imp_status wipe_one(struct imp_env *env, const char *path, bool keep)
{
	__attribute__((cleanup(close_fd))) int fd =
		open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat sb;
	enum imp_status st;

	if (fd < 0)
		return imp_diag(&env->diag, errno == ENOENT ? IMP_E_ABSENT : IMP_E_IO, "%s: %s",
			path, strerror(errno));
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode))
		return imp_diag(&env->diag, IMP_E_FORMAT, "%s: not a regular file", path);
	st = check_image(path, &env->diag);
	if (st != IMP_OK)
		return st;
	if (!env->dry_run && (overwrite(fd, sb.st_size) != IMP_OK || (!keep && unlink(path) != 0)))
		return imp_diag(&env->diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	return tell(env, &(struct wiped){ path, sb.st_size, keep, env->dry_run });
}

/* Keys that could be gone shall not stay because of another file: all are tried, the highest exit
 * code is the command's. */
static enum imp_status wipe_all(struct imp_env *env, const struct imp_args *args)
{
	enum imp_status worst = IMP_OK;
	size_t bad = 0;

	for (size_t i = 0; i < args->rest_n; i++) {
		enum imp_status st = wipe_one(env, args->rest[i], imp_flag(args, "keep"));

		if (st == IMP_OK)
			continue;
		if (args->rest_n > 1)
			fprintf(env->err, "imprint: %s\n", env->diag.text);
		if (imp_status_exit(st) > imp_status_exit(worst))
			worst = st;
		bad++;
	}
	if (bad && args->rest_n > 1)
		return imp_diag(&env->diag, worst, "%zu of %zu files %s not wiped", bad,
			args->rest_n, bad == 1 ? "was" : "were");
	return worst;
}

enum imp_status imp_image_wipe(struct imp_env *env, const struct imp_args *args)
{
	enum imp_status st = IMP_OK;

	if (!env->dry_run)
		st = imp_confirm(
			env, "overwrite the keys in %zu file%s", args->rest_n, imp_s(args->rest_n));
	return st == IMP_OK ? wipe_all(env, args) : st;
}
