/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device_flash.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (2 * IMP_DEVICE_REGION)
#define UNIT 8
#define ERASED 0xFF

static int fail(struct imp_device_flash *f, int error)
{
	f->error = error;
	return -1;
}

static int read_at(void *ctx, uint32_t addr, void *to, size_t n)
{
	struct imp_device_flash *f = (struct imp_device_flash *)ctx;
	uint8_t *p = (uint8_t *)to;

	while (n) {
		ssize_t got = pread(f->fd, p, n, (off_t)addr);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(f, got < 0 ? errno : EIO);
		p += got;
		addr += (uint32_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int write_at(struct imp_device_flash *f, uint32_t addr, const void *from, size_t n)
{
	const uint8_t *p = (const uint8_t *)from;

	while (n) {
		ssize_t put = pwrite(f->fd, p, n, (off_t)addr);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(f, put < 0 ? errno : EIO);
		p += put;
		addr += (uint32_t)put;
		n -= (size_t)put;
	}
	return 0;
}

/* Aligned units that are erased; anything else is a fault of the caller's, and EPERM. */
static int program(void *ctx, uint32_t addr, const void *from, size_t n)
{
	struct imp_device_flash *f = (struct imp_device_flash *)ctx;
	uint8_t before[256];

	if (addr % UNIT || n % UNIT || addr > SIZE || n > SIZE - addr)
		return fail(f, EPERM);
	for (size_t at = 0; at < n; at += sizeof before) {
		size_t part = n - at < sizeof before ? n - at : sizeof before;

		if (read_at(f, addr + (uint32_t)at, before, part) != 0)
			return -1;
		for (size_t i = 0; i < part; i++)
			if (before[i] != ERASED)
				return fail(f, EPERM);
	}
	return write_at(f, addr, from, n);
}

static int erase(void *ctx, uint32_t addr)
{
	struct imp_device_flash *f = (struct imp_device_flash *)ctx;
	uint8_t blank[IMP_DEVICE_BLOCK];

	if (addr % IMP_DEVICE_BLOCK || addr >= SIZE)
		return fail(f, EPERM);
	memset(blank, ERASED, sizeof blank);
	return write_at(f, addr, blank, sizeof blank);
}

static int sync_all(void *ctx)
{
	struct imp_device_flash *f = (struct imp_device_flash *)ctx;

	return fdatasync(f->fd) == 0 ? 0 : fail(f, errno);
}

/* The size it must have; a new file gets it. */
static enum imp_status measure(const char *path, struct imp_device_flash *f, struct imp_diag *diag)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && st.st_size == 0) {
		for (uint32_t at = 0; at < SIZE; at += IMP_DEVICE_BLOCK)
			if (erase(f, at) != 0)
				return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(f->error));
		return IMP_OK;
	}
	if (S_ISREG(st.st_mode) && st.st_size == (off_t)SIZE)
		return IMP_OK;
	(void)imp_diag(diag, IMP_E_FORMAT,
		"%s: not the account store of a device, which has %u "
		"octets",
		path, SIZE);
	imp_diag_hint(diag, "name a file that does not exist, and it is made");
	return IMP_E_FORMAT;
}

/* The file's octets in memory, none of them when there is no file; -1 and errno. */
static int copy_of(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), to;
	uint8_t part[IMP_DEVICE_BLOCK];
	ssize_t n = 0;

	if (from < 0 && errno != ENOENT)
		return -1;
	to = memfd_create("store", MFD_CLOEXEC);
	for (size_t at = 0; from >= 0 && to >= 0 && at <= SIZE; at += (size_t)n) {
		n = read(from, part, sizeof part);
		if (n <= 0 || write(to, part, (size_t)n) != n)
			break;
	}
	imp_wipe(part, sizeof part);
	if (from >= 0)
		(void)close(from);
	return to;
}

enum imp_status imp_device_flash_open(
	const char *path, bool copy, struct imp_device_flash *out, struct imp_diag *diag)
{
	enum imp_status st;

	memset(out, 0, sizeof *out);
	out->flash = (struct imr_store_flash){ .region = { 0, IMP_DEVICE_REGION },
		.size = IMP_DEVICE_REGION,
		.block = IMP_DEVICE_BLOCK,
		.unit = UNIT,
		.ctx = out,
		.read = read_at,
		.prog = program,
		.erase = erase,
		.sync = sync_all };
	out->fd = copy ? copy_of(path) : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (out->fd < 0)
		return imp_diag(diag, errno == ENOENT ? IMP_E_ABSENT : IMP_E_IO, "%s: %s", path,
			strerror(errno));
	if (!copy && flock(out->fd, LOCK_EX | LOCK_NB) != 0) {
		st = imp_diag(diag, IMP_E_DENIED, "%s: another device runs on it", path);
		imp_diag_hint(diag, "one device has one store: give each its own file");
	} else {
		st = measure(path, out, diag);
	}
	if (st != IMP_OK)
		imp_device_flash_close(out);
	return st;
}

void imp_device_flash_close(struct imp_device_flash *f)
{
	if (!f->flash.ctx)
		return;
	if (f->fd >= 0)
		(void)close(f->fd);
	memset(f, 0, sizeof *f);
}
