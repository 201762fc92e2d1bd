/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32.h"

#ifdef IMP_SMALL /* a device: 80 octets less, three times slower */

#define POLYNOMIAL 0xEDB88320U

uint32_t imp_crc32(uint32_t crc, struct imp_span s)
{
	crc = ~crc;
	for (size_t i = 0; i < s.n; i++) {
		crc ^= s.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (POLYNOMIAL & (0U - (crc & 1)));
	}
	return ~crc;
}

#else

uint32_t imp_crc32(uint32_t crc, struct imp_span s)
{
	static const uint32_t nibble[16] = {
		0x00000000,
		0x1DB71064,
		0x3B6E20C8,
		0x26D930AC,
		0x76DC4190,
		0x6B6B51F4,
		0x4DB26158,
		0x5005713C,
		0xEDB88320,
		0xF00F9344,
		0xD6D6A3E8,
		0xCB61B38C,
		0x9B64C2B0,
		0x86D3D2D4,
		0xA00AE278,
		0xBDBDF21C,
	};

	crc = ~crc;
	for (size_t i = 0; i < s.n; i++) {
		crc ^= s.p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#endif
