/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 of IEEE 802.3: reflected, polynomial EDB88320, of "123456789" CBF43926, of "" 0. */
#ifndef IMP_BASE_CRC32_H
#define IMP_BASE_CRC32_H

#include "base/span.h"

/* Continue crc (0 to begin) over s.  64 octets of table; none, and slower, with IMP_SMALL. */
uint32_t imp_crc32(uint32_t crc, struct imp_span s);

#endif
