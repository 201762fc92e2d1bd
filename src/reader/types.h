/* SPDX-License-Identifier: Apache-2.0 */
/* What the device knows of resources: number and shape of their values, for objects 0, 1, 2, 21. */
#ifndef IMR_TYPES_H
#define IMR_TYPES_H

#include "codec/tlv.h"

/*
 * May this TLV stand for, or in, this resource?  RESOURCE: the resource is a single one (T4) and
 * its value has the right width and content (T5, T7).  MULTIPLE: it is a multiple one.
 * RES_INSTANCE: the value is right.  Anything may in resources that are not in the table (T6).
 */
bool imr_type_fits(uint16_t object, uint16_t resource, const struct imp_tlv *tlv);

#endif
