/* SPDX-License-Identifier: Apache-2.0 */
/* The flash of a device that boots, out of an image file. */
#ifndef IMP_CMD_BOOT_IMAGE_H
#define IMP_CMD_BOOT_IMAGE_H

#include "cmd/cmd.h"
#include "cmd/content.h"
#include "reader/imr.h"

struct imp_boot_image {
	struct imr_flash
		flash; /* addresses are those of the file: offsets in bin, absolute in hex */
	uint32_t base; /* address of the first octet of image */
	struct imp_span image; /* what lies beside it reads as erased */
	struct imp_content content;
};

/*
 * Take --flash FILE (bin or Intel HEX) and say where the slots are: by --layout, or without it
 * where slots are found.  IMP_E_FORMAT with a diagnosis when it cannot be a flash image, or when
 * more than two slots are in it and no layout says which.  A blank or damaged image is IMP_OK: that
 * is for the reader to judge.  imp_boot_image_free() in every case; out needs no preparation.
 */
IMP_MUST_CHECK enum imp_status imp_boot_image_load(
	struct imp_env *env, const struct imp_args *args, struct imp_boot_image *out);

void imp_boot_image_free(struct imp_boot_image *image);

#endif
