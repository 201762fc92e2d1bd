/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/unit_file.h"

#include "codec/json_enc.h"
#include "flash/ihex.h"
#include "flash/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct imp_unit_file {
	const struct imp_layout *layout;
	enum imp_keys keys;
	struct imp_cmac *cmac; /* NULL: slots without tag */
	const struct imp_group_options *options;
	uint8_t *area;		    /* layout->size octets */
	uint8_t *again;		    /* the same, read back */
	uint8_t *text, *text_again; /* Intel HEX of them; NULL for bin */
	size_t text_cap;
	uint8_t work[IMP_PAYLOAD_MAX];
};

/* Octets of the Intel HEX text of the whole area. */
static size_t text_size(const struct imp_layout *layout, const uint8_t *area)
{
	struct imp_wr count = imp_wr_count();

	imp_ihex_encode(&count, layout->base, imp_span(area, layout->size));
	return count.n;
}

static enum imp_status alloc(struct imp_unit_file *f)
{
	size_t n = f->layout->size;

	f->area = calloc(1, n);
	f->again = calloc(1, n);
	if (!f->area || !f->again)
		return IMP_E_INTERNAL;
	if (f->options->encode == IMP_ENCODE_BIN)
		return IMP_OK;
	f->text_cap = text_size(f->layout, f->area);
	f->text = calloc(1, f->text_cap);
	f->text_again = calloc(1, f->text_cap + 1);
	return f->text && f->text_again ? IMP_OK : IMP_E_INTERNAL;
}

enum imp_status imp_unit_file_open(const struct imp_layout *layout, enum imp_keys keys,
	const struct imp_secret *tag_key, const struct imp_group_options *options,
	struct imp_unit_file **out)
{
	struct imp_unit_file *f = calloc(1, sizeof *f);
	enum imp_status st;

	if (!f)
		return IMP_E_INTERNAL;
	f->layout = layout;
	f->keys = keys;
	f->options = options;
	st = alloc(f);
	if (st == IMP_OK && tag_key->n)
		st = imp_cmac_open(tag_key, &f->cmac);
	if (st != IMP_OK) {
		imp_unit_file_close(f);
		return st;
	}
	*out = f;
	return IMP_OK;
}

static void wipe_free(uint8_t *p, size_t n)
{
	if (p)
		imp_wipe(p, n);
	free(p);
}

void imp_unit_file_close(struct imp_unit_file *f)
{
	if (!f)
		return;
	wipe_free(f->area, f->layout->size);
	wipe_free(f->again, f->layout->size);
	wipe_free(f->text, f->text_cap);
	wipe_free(f->text_again, f->text_cap);
	imp_cmac_close(f->cmac);
	imp_wipe(f->work, sizeof f->work);
	free(f);
}

/* What goes into the file. */
static enum imp_status contents(struct imp_unit_file *f, struct imp_span *out)
{
	struct imp_wr wr;

	*out = imp_span(f->area, f->layout->size);
	if (f->options->encode == IMP_ENCODE_BIN)
		return IMP_OK;
	wr = imp_wr(f->text, f->text_cap);
	imp_ihex_encode(&wr, f->layout->base, *out);
	*out = imp_wr_span(&wr);
	return wr.st;
}

/* Exactly n octets of the file name into buf; IMP_E_MISMATCH when it has another length. */
static enum imp_status slurp(const struct imp_group_options *o, const char *name, uint8_t *buf,
	size_t n, struct imp_diag *diag)
{
	int fd = openat(o->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat sb;
	size_t got = 0;
	ssize_t k = 1;

	if (fd < 0)
		return imp_diag(diag, IMP_E_IO, "%s/%s: %s", o->dir, name, strerror(errno));
	if (fstat(fd, &sb) == 0 && (uint64_t)sb.st_size == n)
		while (got < n && (k = read(fd, buf + got, n - got)) > 0)
			got += (size_t)k;
	(void)close(fd);
	if (k < 0)
		return imp_diag(diag, IMP_E_IO, "%s/%s: %s", o->dir, name, strerror(errno));
	return got == n ? IMP_OK : IMP_E_MISMATCH;
}

/* A file that is there already: fine when it holds this, as after a run that was cut short. */
static enum imp_status keep_existing(
	struct imp_unit_file *f, const char *name, struct imp_span data, struct imp_diag *diag)
{
	uint8_t *buf = f->options->encode == IMP_ENCODE_BIN ? f->again : f->text_again;
	enum imp_status st = slurp(f->options, name, buf, data.n, diag);

	if (st == IMP_OK && imp_secret_eq(buf, data.p, data.n))
		return IMP_OK;
	if (st == IMP_E_IO)
		return st;
	(void)imp_diag(
		diag, IMP_E_DENIED, "%s/%s exists and holds something else", f->options->dir, name);
	imp_diag_hint(diag, "move it away, or overwrite it with --force");
	return IMP_E_DENIED;
}

/* A folder, link or pipe has the name: this unit's trouble, not that of the run. */
static bool is_no_file(const struct imp_group_options *o, const char *name)
{
	struct stat sb;

	return fstatat(o->dirfd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(sb.st_mode);
}

static enum imp_status put(
	struct imp_unit_file *f, const char *name, struct imp_span data, struct imp_diag *diag)
{
	enum imp_status st = imp_file_write_unsynced(
		f->options->dirfd, f->options->dir, name, data, f->options->force, diag);

	if (st != IMP_OK && is_no_file(f->options, name)) {
		(void)imp_diag(diag, IMP_E_DENIED, "%s/%s exists and is not a file",
			f->options->dir, name);
		imp_diag_hint(diag, "move it away");
		return IMP_E_DENIED;
	}
	return st == IMP_E_DENIED ? keep_existing(f, name, data, diag) : st;
}

static enum imp_status read_back(
	struct imp_unit_file *f, const char *name, size_t bytes, struct imp_diag *diag)
{
	bool bin = f->options->encode == IMP_ENCODE_BIN;
	uint32_t base = 0;
	size_t n = 0;
	enum imp_status st = slurp(f->options, name, bin ? f->again : f->text_again, bytes, diag);

	if (st == IMP_E_MISMATCH)
		return imp_diag(
			diag, st, "%s/%s: read back with another length", f->options->dir, name);
	if (st != IMP_OK || bin)
		return st;
	st = imp_ihex_decode(
		imp_span(f->text_again, bytes), f->again, f->layout->size, &base, &n, diag);
	if (st == IMP_OK && base == f->layout->base && n == f->layout->size)
		return IMP_OK;
	return imp_diag(
		diag, IMP_E_MISMATCH, "%s/%s: read back as other Intel HEX", f->options->dir, name);
}

static void describe(const struct imp_unit_file *f, struct imp_file_done *done, size_t payload,
	uint32_t generation)
{
	struct imp_wr wr = imp_wr(done->evidence, sizeof done->evidence - 1);
	struct imp_json j = imp_json(&wr);

	imp_json_object(&j, NULL);
	imp_json_str(&j, "reader", "ok");
	imp_json_str(&j, "slot", "A");
	imp_json_uint(&j, "generation", generation);
	imp_json_uint(&j, "payload", payload);
	if (f->cmac)
		imp_json_str(&j, "tag", "aes-cmac");
	imp_json_str(&j, "layout", f->layout->name);
	imp_json_str(&j, "form", f->options->encode == IMP_ENCODE_BIN ? "bin" : "ihex");
	imp_json_object_end(&j);
	done->evidence[wr.st == IMP_OK ? wr.n : 0] = '\0';
}

enum imp_status imp_unit_file_write(struct imp_unit_file *f, const char *serial,
	struct imp_span payload, uint32_t generation, struct imp_file_done *done,
	struct imp_diag *diag)
{
	struct imp_span data = { NULL, 0 };
	enum imp_status st;

	(void)snprintf(done->name, sizeof done->name, "%s.%s", serial,
		f->options->encode == IMP_ENCODE_BIN ? "bin" : "hex");
	st = imp_image_render(f->layout, payload, f->keys, generation, f->cmac, f->area, diag);
	if (st == IMP_OK)
		st = contents(f, &data);
	if (st == IMP_OK)
		st = put(f, done->name, data, diag);
	if (st == IMP_OK)
		st = read_back(f, done->name, data.n, diag);
	if (st == IMP_OK)
		st = imp_image_verify(f->layout, imp_span(f->again, f->layout->size), payload,
			f->keys, true, f->cmac, f->work, diag);
	if (st == IMP_OK)
		st = imp_sha256(data, done->sha256);
	if (st != IMP_OK)
		return st;
	done->bytes = data.n;
	describe(f, done, payload.n, generation);
	return IMP_OK;
}
