/* SPDX-License-Identifier: Apache-2.0 */
#include "flash-images/commands.h"

#include "cmd/source.h"
#include "cmd/tag_key.h"

#define LAYOUT                                                                                \
	{                                                                                     \
		"layout", "NAME", "layout name (generic-64k, stm32-2k, nor-4k, ...) or file", \
			IMP_OPT_REQUIRED                                                      \
	}

static const struct imp_opt build_opts[] = {
	LAYOUT,
	{ "out", "FILE", "image file to write (mode 0600)", IMP_OPT_REQUIRED },
	{ "encode", "FORM", "bin (default) or ihex", 0 },
	{ "generation", "N", "generation of a fresh area (default 1)", 0 },
	{ "update", "FILE", "put the set into the unused slot of this image, one generation on",
		0 },
	IMP_TAG_KEY_OPT,
	{ "force", NULL, "replace an existing file", 0 },
	IMP_SOURCE_OPTS,
	IMP_OPT_END,
};

static const struct imp_opt inspect_opts[] = {
	{ "lenient", NULL, "accept what a strict reader refuses, and say so", 0 },
	{ "reveal-secrets", NULL, "show keys; only to a terminal or into a file of mode 0600", 0 },
	IMP_OPT_END,
};

static const struct imp_opt verify_opts[] = {
	LAYOUT,
	IMP_TAG_KEY_OPT,
	{ "fresh", NULL, "with a set: everything else in the area must be erased", 0 },
	IMP_SOURCE_OPTS,
	IMP_OPT_END,
};

static const struct imp_opt merge_opts[] = {
	{ "out", "FILE", "file to write (mode 0600)", IMP_OPT_REQUIRED },
	{ "encode", "FORM", "ihex (default, keeps gaps) or bin", 0 },
	{ "force", NULL, "replace an existing file", 0 },
	IMP_OPT_END,
};

static const struct imp_opt wipe_opts[] = {
	{ "keep", NULL, "keep the file, all octets FF", 0 },
	IMP_OPT_END,
};

#define MANY 4096

const struct imp_cmd imp_image_cmds[] = {
	{ "image", "build", "", "Write one credential set into a flash image", imp_image_build,
		build_opts, 0, 0,
		"imprint image build --set meter.ef --layout stm32-2k --out meter.bin" },
	{ "image", "inspect", "FILE...", "Show slots and contents of images", imp_image_inspect,
		inspect_opts, 1, MANY, "imprint image inspect meter.bin" },
	{ "image", "verify", "FILE...",
		"Read images with the device's reader and judge what they hold", imp_image_check,
		verify_opts, 1, MANY,
		"imprint image verify --layout stm32-2k --set meter.ef meter.bin" },
	{ "image", "merge", "FILE[@ADDR]...", "Join firmware and factory area into one file",
		imp_image_merge, merge_opts, 1, 16,
		"imprint image merge --out all.hex firmware.hex meter.bin@0x0803E000" },
	{ "image", "wipe", "FILE...", "Overwrite the keys in image files and remove them",
		imp_image_wipe, wipe_opts, 1, MANY, "imprint image wipe --yes meter.bin" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
