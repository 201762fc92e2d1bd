/* SPDX-License-Identifier: Apache-2.0 */
/* The file of one unit: an area with its payload, written, read back and verified. */
#ifndef IMP_FACTORY_UNIT_FILE_H
#define IMP_FACTORY_UNIT_FILE_H

#include "factory/group.h"

/* Buffers of one thread, reused from unit to unit. */
struct imp_unit_file;

/* tag_key: of the slots' authentication tags, empty for none; copied. */
IMP_MUST_CHECK enum imp_status imp_unit_file_open(const struct imp_layout *layout,
	enum imp_keys keys, const struct imp_secret *tag_key,
	const struct imp_group_options *options, struct imp_unit_file **out);
void imp_unit_file_close(struct imp_unit_file *file); /* wipes; takes NULL */

/*
 * Write the file of unit (unsynced), read it back from the medium and let the device's reader judge
 * it.  done->file must hold room for a name; done is filled but for unit and failure.  A file with
 * these very octets is left as it is.  IMP_E_DENIED: a file with other contents stands there and
 * force is not given.  IMP_E_MISMATCH: what was read back is not what was written.  IMP_E_IO: the
 * medium refused.
 */
struct imp_file_done {
	char name[IMP_UNIT_SERIAL_MAX + 8];
	char evidence[256]; /* JSON */
	uint64_t bytes;
	uint8_t sha256[IMP_SHA256];
};

IMP_MUST_CHECK enum imp_status imp_unit_file_write(struct imp_unit_file *file, const char *serial,
	struct imp_span payload, uint32_t generation, struct imp_file_done *done,
	struct imp_diag *diag);

#endif
