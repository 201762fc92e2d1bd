/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ef.h"

#define OBJECT_MIN 5 /* id, one octet of version, length */
#define NO_ID 0xFFFF

size_t imp_ef_extent(struct imp_span head)
{
	struct imp_rd rd = imp_rd(head);
	uint16_t count = imp_rd_be16(&rd);
	uint16_t size = imp_rd_be16(&rd);

	if (rd.st != IMP_OK || size > IMP_EF_COLLECTION_MAX)
		return 0;
	/* An object takes five octets at least (D17, 8); without objects nothing is left to hold.
	 */
	if (size < (uint32_t)count * OBJECT_MIN || (count == 0 && size != 0))
		return 0;
	return (size_t)IMP_EF_HEADER + size;
}

enum imp_status imp_ef_open(struct imp_span file, struct imp_ef *ef)
{
	struct imp_rd rd = imp_rd(file);
	size_t extent = imp_ef_extent(file);
	uint16_t count;

	if (file.n < IMP_EF_HEADER)
		return IMP_E_TRUNC;
	if (extent == 0)
		return IMP_E_FORMAT;
	if (extent > file.n)
		return IMP_E_TRUNC;
	count = imp_rd_be16(&rd);
	(void)imp_rd_be16(&rd);
	ef->count = count;
	ef->objects = imp_rd_take(&rd, extent - IMP_EF_HEADER);
	return IMP_OK;
}

enum imp_status imp_ef_next(struct imp_rd *rd, struct imp_ef_object *object)
{
	struct imp_ef_object o;

	o.id = imp_rd_be16(rd);
	o.major = imp_rd_u8(rd);
	o.explicit_version = o.major != 0;
	o.minor = o.explicit_version ? imp_rd_u8(rd) : 0;
	o.instances = imp_rd_take(rd, imp_rd_be16(rd));
	if (o.id == NO_ID)
		imp_rd_fail(rd, IMP_E_FORMAT);
	if (rd->st != IMP_OK)
		return rd->st;
	*object = o;
	return IMP_OK;
}
