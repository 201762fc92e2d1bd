/* SPDX-License-Identifier: Apache-2.0 */
#include "flash-images/image_file.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/layout_file.h"
#include "cmd/problems_report.h"
#include "flash/ihex.h"

#include <stdlib.h>
#include <string.h>

enum imp_status imp_encode_arg(
	struct imp_env *env, const struct imp_args *args, enum imp_encode *out)
{
	const char *text = imp_arg(args, "encode");

	if (!text)
		return IMP_OK;
	if (strcmp(text, "bin") == 0)
		*out = IMP_ENCODE_BIN;
	else if (strcmp(text, "ihex") == 0)
		*out = IMP_ENCODE_IHEX;
	else
		return imp_diag(&env->diag, IMP_E_USAGE, "--encode %s: bin or ihex", text);
	return IMP_OK;
}

enum imp_status imp_layout_arg(
	struct imp_env *env, const struct imp_args *args, struct imp_layout *out)
{
	IMP_PROBLEMS problems = { 0 };
	enum imp_status st =
		imp_layout_load(imp_arg(args, "layout"), NULL, "--layout", 0, out, &problems);
	enum imp_status shown = imp_problems_report(env, &problems);

	return shown != IMP_OK ? shown : st;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

struct window {
	const struct imp_layout *layout;
	uint8_t *area;
	bool touched;
};

/* The part of one record that lies in the area. */
static enum imp_status copy_record(void *ctx, uint32_t addr, struct imp_span data)
{
	struct window *w = ctx;
	uint64_t from = addr, to = from + data.n;
	uint64_t low = w->layout->base, high = low + w->layout->size;

	if (from < low)
		from = low;
	if (to > high)
		to = high;
	if (from >= to)
		return IMP_OK;
	memcpy(w->area + (from - low), data.p + (from - addr), to - from);
	w->touched = true;
	return IMP_OK;
}

static enum imp_status read_ihex(const char *path, struct imp_span text,
	const struct imp_layout *layout, struct imp_blob *area, struct imp_diag *diag)
{
	IMP_BLOB out = { malloc(layout->size), layout->size };
	struct window w = { layout, out.p, false };
	enum imp_status st;

	if (!out.p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	memset(out.p, 0xFF, out.n);
	st = imp_ihex_each(text, copy_record, &w, path, diag);
	if (st != IMP_OK)
		return st;
	if (!w.touched)
		return imp_diag(diag, IMP_E_FORMAT,
			"%s: holds nothing at 0x%08x, where layout %s has its area", path,
			layout->base, layout->name);
	*area = out;
	out.p = NULL;
	out.n = 0;
	return IMP_OK;
}

enum imp_status imp_area_read(const char *path, const struct imp_layout *layout,
	struct imp_blob *area, enum imp_encode *encode, struct imp_diag *diag)
{
	IMP_BLOB file = { NULL, 0 };
	enum imp_status st = imp_file_read(path, 8 * (size_t)IMP_AREA_MAX, &file, diag);

	if (st != IMP_OK)
		return st;
	if (file.n && file.p[0] == ':') {
		*encode = IMP_ENCODE_IHEX;
		return read_ihex(path, imp_blob_span(&file), layout, area, diag);
	}
	*encode = IMP_ENCODE_BIN;
	if (file.n != layout->size)
		return imp_diag(diag, file.n < layout->size ? IMP_E_TRUNC : IMP_E_FORMAT,
			"%s: %zu octet%s; layout %s has an area of %u", path, file.n, imp_s(file.n),
			layout->name, layout->size);
	*area = file;
	file = (struct imp_blob){ NULL, 0 };
	return IMP_OK;
}

enum imp_status imp_area_diag(struct imp_env *env, enum imp_status st, const char *path)
{
	struct imp_diag why = env->diag;

	return imp_diag(&env->diag, st, "%s: %s", path, why.text);
}

enum imp_status imp_area_damaged(struct imp_env *env, enum imp_status st, const char *path)
{
	if (st == IMP_E_MISMATCH || st == IMP_E_ABSENT)
		st = IMP_E_FORMAT;
	return imp_area_diag(env, st, path);
}

enum imp_status imp_area_refused(
	struct imp_env *env, enum imp_status st, const char *path, const struct imr_report *report)
{
	if (!imp_image_forged(report))
		return imp_area_damaged(env, st, path);
	st = imp_area_diag(env, st, path);
	imp_diag_hint(&env->diag,
		"it was made with another tag key or none, or changed afterwards; build it again");
	return st;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static enum imp_status write_ihex(const char *path, uint32_t base, struct imp_span octets,
	bool replace, struct imp_diag *diag)
{
	IMP_BLOB text = { NULL, 0 };
	struct imp_wr wr = imp_wr_count();

	imp_ihex_encode(&wr, base, octets);
	text.n = wr.n;
	text.p = malloc(text.n);
	if (!text.p)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(text.p, text.n);
	imp_ihex_encode(&wr, base, octets);
	return imp_file_write(path, imp_blob_span(&text), replace, diag);
}

enum imp_status imp_octets_write(const char *path, enum imp_encode encode, uint32_t base,
	struct imp_span octets, bool replace, struct imp_diag *diag)
{
	if (encode == IMP_ENCODE_IHEX)
		return write_ihex(path, base, octets, replace, diag);
	return imp_file_write(path, octets, replace, diag);
}
