/* SPDX-License-Identifier: Apache-2.0 */
/* Image files: an area as raw octets (bin) or Intel HEX at the layout's base address. */
#ifndef IMP_FLASH_IMAGES_IMAGE_FILE_H
#define IMP_FLASH_IMAGES_IMAGE_FILE_H

#include "cmd/cmd.h"
#include "flash/image.h"
#include "host/file.h"

struct imp_env;

/* --encode: "bin", "ihex" or absent.  IMP_E_USAGE with a diagnosis. */
IMP_MUST_CHECK enum imp_status imp_encode_arg(
	struct imp_env *env, const struct imp_args *args, enum imp_encode *out);

/* --layout: loads it, prints every problem of the layout file. */
IMP_MUST_CHECK enum imp_status imp_layout_arg(
	struct imp_env *env, const struct imp_args *args, struct imp_layout *out);

/*
 * The area of a file: bin must have exactly the area's octets; Intel HEX may hold more around it
 * (merged firmware), octets that it does not mention are FF.  area->n is layout->size.
 */
IMP_MUST_CHECK enum imp_status imp_area_read(const char *path, const struct imp_layout *layout,
	struct imp_blob *area, enum imp_encode *encode, struct imp_diag *diag);

/* The diagnosis there is, with the file's name before it; returns st. */
enum imp_status imp_area_diag(struct imp_env *env, enum imp_status st, const char *path);

/* The same for an area that the reader cannot use: bad input.  (A readable one with another set is
 * a mismatch.) */
enum imp_status imp_area_damaged(struct imp_env *env, enum imp_status st, const char *path);

/* The same after imp_image_find(): bad input, unless the tag was what a slot lacked (a mismatch).
 */
enum imp_status imp_area_refused(
	struct imp_env *env, enum imp_status st, const char *path, const struct imr_report *report);

/* Write octets that belong at address base, 0600, by temporary name. */
IMP_MUST_CHECK enum imp_status imp_octets_write(const char *path, enum imp_encode encode,
	uint32_t base, struct imp_span octets, bool replace, struct imp_diag *diag);

#endif
