/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ef.h"

#define OBJECT_MIN 5 /* id, one octet of version, length */
#define NO_ID 0xFFFF

/* Two octets that are known to be there. */
static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

size_t imp_ef_extent(struct imp_span head)
{
	unsigned count, size;

	if (head.n < IMP_EF_HEADER)
		return 0;
	count = be16(head.p);
	size = be16(head.p + 2);
	/* An object takes five octets at least (D17, 8); without objects nothing is left to hold.
	 */
	if (size > IMP_EF_COLLECTION_MAX || size < count * OBJECT_MIN || (count == 0 && size != 0))
		return 0;
	return IMP_EF_HEADER + size;
}

enum imp_status imp_ef_open(struct imp_span file, struct imp_ef *ef)
{
	size_t extent = imp_ef_extent(file);

	if (file.n < IMP_EF_HEADER || extent > file.n)
		return IMP_E_TRUNC;
	if (extent == 0)
		return IMP_E_FORMAT;
	ef->count = (uint16_t)be16(file.p);
	ef->objects = imp_span(file.p + IMP_EF_HEADER, extent - IMP_EF_HEADER);
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
	if (rd->st == IMP_OK && o.id == NO_ID)
		rd->st = IMP_E_FORMAT;
	if (rd->st == IMP_OK)
		*object = o;
	return rd->st;
}
