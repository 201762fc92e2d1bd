/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/boot_image.h"

#include "base/plural.h"
#include "cmd/env.h"
#include "cmd/layout_file.h"
#include "cmd/problems_report.h"

#include <inttypes.h>
#include <string.h>

#define ERASED 0xFF

static int read_image(void *ctx, uint32_t addr, void *to, size_t n)
{
	const struct imp_boot_image *boot = (const struct imp_boot_image *)ctx;
	uint8_t *out = (uint8_t *)to;

	for (size_t i = 0; i < n; i++) {
		uint32_t at = addr + (uint32_t)i - boot->base;

		out[i] = at < boot->image.n ? boot->image.p[at] : ERASED;
	}
	return 0;
}

/* ---- where the slots are
 * ------------------------------------------------------------------------- */

static enum imp_status by_layout(struct imp_env *env, const char *name, const char *path,
	bool absolute, struct imp_boot_image *boot)
{
	IMP_PROBLEMS problems = { 0 };
	struct imp_layout layout;
	enum imp_status st = imp_layout_load(name, NULL, "--layout", 0, &layout, &problems);
	enum imp_status shown = imp_problems_report(env, &problems);

	if (shown != IMP_OK || st != IMP_OK)
		return shown != IMP_OK ? shown : st;
	if (!absolute && boot->image.n != layout.size) {
		imp_diag(&env->diag, IMP_E_FORMAT,
			"%s: %zu octet%s, layout %s has an area of %" PRIu32, path, boot->image.n,
			imp_s(boot->image.n), layout.name, layout.size);
		imp_diag_hint(&env->diag, "give the layout that the image was made for");
		return IMP_E_FORMAT;
	}
	for (int i = 0; i < 2; i++)
		boot->flash.slot[i] = layout.slot[i] + (absolute ? layout.base : 0);
	boot->flash.size = layout.slot_size;
	return IMP_OK;
}

/* Up to two slots that are there; else the whole image is taken for one, blank or damaged. */
static enum imp_status by_search(struct imp_env *env, const char *path, struct imp_boot_image *boot)
{
	const struct imp_slots *slots = &boot->content.slots;
	uint32_t a = slots->n ? (uint32_t)slots->v[0].at : 0;
	uint32_t b = slots->n > 1 ? (uint32_t)slots->v[1].at : a;
	uint32_t end = (uint32_t)boot->image.n;

	if (slots->n > 2) {
		imp_diag(&env->diag, IMP_E_FORMAT, "%s: %zu slots in it", path, slots->n);
		imp_diag_hint(&env->diag, "--layout NAME says which two a device looks at");
		return IMP_E_FORMAT;
	}
	boot->flash.slot[0] = boot->base + a;
	boot->flash.slot[1] = boot->base + b;
	boot->flash.size = a == b ? end - a : b - a < end - b ? b - a : end - b;
	return IMP_OK;
}

/* ---- the file
 * ------------------------------------------------------------------------------------ */

/* May a device have this in its flash?  Anything but what is surely another kind of file; with a
 * layout the size alone decides: an area of zeros is an empty credential set as well. */
static bool flashable(enum imp_format format)
{
	return format == IMP_FORMAT_SLOT || format == IMP_FORMAT_BIN || format == IMP_FORMAT_IHEX ||
	       format == IMP_FORMAT_UNKNOWN;
}

enum imp_status imp_boot_image_load(
	struct imp_env *env, const struct imp_args *args, struct imp_boot_image *out)
{
	const struct imp_content_options options = { .from = IMP_FORMAT_UNKNOWN };
	const char *path = imp_arg(args, "flash"), *layout = imp_arg(args, "layout");
	enum imp_status st = imp_content_load(path, &options, &out->content, &env->diag);
	enum imp_format format = out->content.level[0].format;
	bool absolute = format == IMP_FORMAT_IHEX;
	const struct imp_blob *image = absolute ? &out->content.image : &out->content.file;

	if (st != IMP_OK && (!image->n || out->content.levels == 0))
		return st; /* not read at all, or no Intel HEX that spells anything */
	if (!layout && !flashable(format)) {
		imp_diag(&env->diag, IMP_E_FORMAT, "%s: %s, not a flash image", path,
			imp_format_name(format));
		imp_diag_hint(&env->diag, "imprint image build makes one from a set");
		return IMP_E_FORMAT;
	}
	memset(&env->diag, 0, sizeof(env->diag));
	out->image = imp_blob_span(image);
	out->base = absolute ? out->content.level[0].base : 0;
	out->flash.ctx = out;
	out->flash.read = read_image;
	return layout ? by_layout(env, layout, path, absolute, out) : by_search(env, path, out);
}

void imp_boot_image_free(struct imp_boot_image *image)
{
	imp_content_free(&image->content);
}
