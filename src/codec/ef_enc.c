/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ef.h"

void imp_ef_put_header(struct imp_wr *wr, uint16_t count, uint16_t size)
{
	imp_wr_be16(wr, count);
	imp_wr_be16(wr, size);
}

void imp_ef_put_object_header(struct imp_wr *wr, const struct imp_ef_object *object, size_t n)
{
	/* Written out, a major version 0 would read as "implicit" (D17, 1). */
	if (object->explicit_version && object->major == 0)
		imp_wr_fail(wr, IMP_E_FORMAT);
	if (n > UINT16_MAX)
		imp_wr_fail(wr, IMP_E_SPACE);
	imp_wr_be16(wr, object->id);
	if (object->explicit_version) {
		imp_wr_u8(wr, object->major);
		imp_wr_u8(wr, object->minor);
	} else {
		imp_wr_u8(wr, 0);
	}
	imp_wr_be16(wr, (uint16_t)n);
}

void imp_ef_put_object(struct imp_wr *wr, const struct imp_ef_object *object)
{
	imp_ef_put_object_header(wr, object, object->instances.n);
	imp_wr_put(wr, object->instances);
}
